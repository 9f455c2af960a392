/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One-step Sync of the daemon's own: originTimestamp is written as the frame passes tc egress, from the
 * clock that the daemon publishes in the control block. What lies between tc egress and the wire comes
 * with the frame, in correctionField.
 */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/ebc_abi.h"
#include "bpf/message.bpf.h"
#include "bpf/parse.bpf.h"
#include "bpf/ptp_wire.h"

#define NSEC_PER_SEC 1000000000ULL

/* The last octets of the header and originTimestamp behind them (13.3.1, 13.6.1): a multiple of four octets,
 * as checksums want it. */
struct sync_tail {
	__u8 control_field;
	__s8 log_message_interval;
	__be16 seconds_high_be16;
	__be32 seconds_low_be32;
	__be32 nanoseconds_be32;
};
_Static_assert(sizeof(struct sync_tail) == 12, "sync_tail layout");

struct published_clock {
	__u64 ref_mono_ns;
	__s64 ref_ptp_ns;
	__s64 rate_q62;
	__u32 ref_frac;
};

/* False: no clock, or the daemon is changing it. */
static __always_inline bool published_clock_read(struct ebc_ctl *ctl, struct published_clock *ret)
{
	/* Atomic operations that return something are full barriers. */
	__u32 seq = __sync_fetch_and_or(&ctl->clock_seq, 0);

	ret->ref_mono_ns = ctl->clock_ref_mono_ns;
	ret->ref_ptp_ns = ctl->clock_ref_ptp_ns;
	ret->rate_q62 = ctl->clock_rate_q62;
	ret->ref_frac = ctl->clock_ref_frac;
	return seq != 0 && (seq & 1) == 0 && __sync_fetch_and_or(&ctl->clock_seq, 0) == seq;
}

/*
 * PTP time at mono_ns, exact to the 2^-32 ns that the clock has: elapsed * rate is 128 bits wide, of which
 * bits 62 and up are nanoseconds.
 */
static __always_inline __s64 published_clock_ptp_ns(const struct published_clock *clock, __u64 mono_ns,
						    __u32 *ret_frac)
{
	__s64 elapsed_ns = (__s64)(mono_ns - clock->ref_mono_ns);
	__u64 a = elapsed_ns < 0 ? -(__u64)elapsed_ns : (__u64)elapsed_ns;
	__u64 b = clock->rate_q62 < 0 ? -(__u64)clock->rate_q62 : (__u64)clock->rate_q62;
	__u64 a_low = (__u32)a, a_high = a >> 32, b_low = (__u32)b, b_high = b >> 32;
	__u64 middle = (a_low * b_low >> 32) + (__u32)(a_low * b_high) + (__u32)(a_high * b_low);
	__u64 high = a_high * b_high + (a_low * b_high >> 32) + (a_high * b_low >> 32) + (middle >> 32);
	__u64 low = middle << 32 | (__u32)(a_low * b_low), frac;

	if ((elapsed_ns ^ clock->rate_q62) < 0) {
		low = -low;
		high = ~high + (low == 0);
	}
	frac = (__u32)(low >> 30) + (__u64)clock->ref_frac;
	*ret_frac = frac;
	return clock->ref_ptp_ns + elapsed_ns + (__s64)(high << 2 | low >> 62) + (__s64)(frac >> 32);
}

static __always_inline bool set_correction(struct __sk_buff *skb, const struct frame *frame,
					   const struct ptp_header *header, __u64 correction_sns)
{
	__be64 from = header->correction_be64, to = bpf_cpu_to_be64(correction_sns);

	return rewrite(skb, frame, offsetof(struct ptp_header, correction_be64), (__be32 *)&from,
		       (__be32 *)&to, sizeof(to)) == 0;
}

/*
 * Writes PTP time plus correctionField, to the nearest nanosecond, into originTimestamp, and 0 into
 * correctionField: that first, so that the time is taken as late as can be, with all the code that still runs
 * in the caches. False: no time was written, since there is no clock, or not a time that PTP can tell.
 */
static __always_inline bool write_departure(struct __sk_buff *skb, struct ebc_ctl *ctl,
					    const struct frame *frame, const struct ptp_header *header,
					    struct ebc_tx_record *record)
{
	__s64 allowance_sns = (__s64)bpf_be64_to_cpu(header->correction_be64), ptp_ns;
	__u32 offset = PTP_HEADER_LEN - 2, frac;
	struct published_clock clock;
	struct sync_tail from, to;
	__u64 seconds, now_mono_ns;

	if (bpf_skb_load_bytes(skb, frame->ptp_offset + offset, &from, sizeof(from)) ||
	    !set_correction(skb, frame, header, 0) || !published_clock_read(ctl, &clock))
		return false;
	now_mono_ns = bpf_ktime_get_ns();
	ptp_ns = published_clock_ptp_ns(&clock, now_mono_ns, &frac);
	ptp_ns += (allowance_sns + (frac >> 16) + 0x8000) >> 16;
	if (ptp_ns < 0)
		return false;
	seconds = (__u64)ptp_ns / NSEC_PER_SEC;
	to = (struct sync_tail){
		.control_field = from.control_field,
		.log_message_interval = from.log_message_interval,
		.seconds_high_be16 = bpf_htons(seconds >> 32),
		.seconds_low_be32 = bpf_htonl((__u32)seconds),
		.nanoseconds_be32 = bpf_htonl((__u32)((__u64)ptp_ns - seconds * NSEC_PER_SEC)),
	};
	if (rewrite(skb, frame, offset, (__be32 *)&from, (__be32 *)&to, sizeof(to)))
		return false;
	record->tc_mono_ns = now_mono_ns;
	record->is_one_step = 1;
	return true;
}

static __always_inline bool is_one_step_sync(const struct ptp_header *header)
{
	return (header->major_sdo_id_message_type & 0x0F) == PTP_SYNC &&
	       !(header->flags_be16 & bpf_htons(PTP_FLAG_TWO_STEP));
}

/*
 * A one-step Sync of the daemon's own, which is in a slot already: it gets its time, of which the record then
 * tells, or becomes a two-step one, to which the daemon makes a Follow_Up.
 */
static __always_inline void settle_one_step(struct __sk_buff *skb, struct ebc_ctl *ctl,
					    const struct frame *frame, const struct ptp_header *header,
					    struct ebc_tx_record *record)
{
	if (!write_departure(skb, ctl, frame, header, record))
		set_two_step(skb, frame);
}
