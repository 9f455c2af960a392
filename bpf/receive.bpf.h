/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the ingress programs share: the ports, the receive stamp, the limit of what reaches the daemon, and
 * the ring that takes it there.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

#include "bpf/ebc_abi.h"
#include "bpf/maps.bpf.h"
#include "bpf/parse.bpf.h"
#include "bpf/ptp_wire.h"

/* tcx takes any verdict but pass, drop and redirect for "next program": there it must be a drop. */
const volatile __u32 ebc_consume_verdict = TC_ACT_STOLEN;
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EBC_MAX_PORTS);
	__type(key, __u32);
	__type(value, struct ebc_port_conf);
} ebc_ports SEC(".maps");

/* By port_index, and again for copies: the time at which the bucket is full again. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * EBC_MAX_PORTS);
	__type(key, __u32);
	__type(value, __u64);
} ebc_buckets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 262144); /* the loader sets its own */
} ebc_rx_ring SEC(".maps");

static __always_inline struct ebc_port_conf *port_get(struct __sk_buff *skb)
{
	__u32 ifindex = skb->ifindex;

	return bpf_map_lookup_elem(&ebc_ports, &ifindex);
}

static __always_inline __u16 header_sdo_id(const struct ptp_header *header)
{
	return (__u16)(header->major_sdo_id_message_type >> 4) << 8 | header->minor_sdo_id;
}

/*
 * A token bucket kept as one number. Two CPUs that receive on one port may overwrite each other's
 * update; then a few frames more get in, which is not worth a lock.
 */
static __always_inline bool is_bucket_open(__u32 bucket, __u64 rate_per_s, __u64 burst, __u64 now_mono_ns)
{
	__u64 *full_mono_ns = bpf_map_lookup_elem(&ebc_buckets, &bucket), full, interval_ns;

	if (!full_mono_ns)
		return false;
	interval_ns = 1000000000ULL / rate_per_s;
	full = *full_mono_ns > now_mono_ns ? *full_mono_ns : now_mono_ns;
	full += interval_ns;
	if (full - now_mono_ns > interval_ns * burst)
		return false;
	*full_mono_ns = full;
	return true;
}

static __always_inline bool is_within_rate(const struct ebc_ctl *ctl, __u32 port_index, __u64 now_mono_ns)
{
	return !ctl->rx_rate_per_s ||
	       is_bucket_open(port_index, ctl->rx_rate_per_s, ctl->rx_burst, now_mono_ns);
}

/* When the frame came, by the best clock there is. Returns the source; NONE: not usable. */
static __always_inline __u8 receive_stamp(struct __sk_buff *skb, const struct ebc_ctl *ctl, __u64 now_mono_ns,
					  __u64 *ret_stamp_mono_ns)
{
	__u64 skb_real_ns, age_ns;

	*ret_stamp_mono_ns = now_mono_ns;
	if (ctl->rx_stamp_source != EBC_STAMP_SKB)
		return EBC_STAMP_TC;
	skb_real_ns = skb->tstamp;
	age_ns = now_mono_ns - (skb_real_ns - (__u64)ctl->real_minus_mono_ns);
	if (!skb_real_ns || age_ns > EBC_RX_STAMP_MAX_AGE_NS) /* unsigned: a future stamp is very old */
		return EBC_STAMP_NONE;
	*ret_stamp_mono_ns = now_mono_ns - age_ns;
	return EBC_STAMP_SKB;
}

/* What a record says of the frame itself; the caller adds stamps and port_index. */
static __always_inline struct ebc_rx_record record_head(const struct __sk_buff *skb,
							const struct frame *frame, enum ebc_rx_reason reason)
{
	struct ebc_rx_record head = {
		.ifindex = skb->ifindex,
		.frame_len = skb->len,
		.ptp_offset = frame->ptp_offset,
		.ptp_len = frame->ptp_len,
		.transport = frame->transport,
		.reason = reason,
	};

	if (skb->vlan_present) {
		head.has_vlan = 1;
		head.vlan_tci = skb->vlan_tci;
		head.vlan_ethertype_be16 = skb->vlan_proto;
	}
	return head;
}

enum recorded {
	RECORDED,
	RECORD_NO_ROOM,
	RECORD_TOO_LONG,
};

/* Reserves, fills and submits a record of constant capacity. */
static __always_inline enum recorded record_frame(struct __sk_buff *skb, const struct ebc_rx_record *head,
						  const __u32 capacity, __u64 wake_flag)
{
	__u64 len = head->frame_len;
	struct ebc_rx_record *record = bpf_ringbuf_reserve(&ebc_rx_ring, sizeof(*record) + capacity, 0);

	if (!record)
		return RECORD_NO_ROOM;
	*record = *head;
	/* The verifier must see both bounds on the register that the helper gets; merged into one comparison,
	 * as the compiler likes to have them, older verifiers do not. */
	asm volatile("" : "+r"(len));
	if (len < PTP_HEADER_LEN)
		goto discard;
	asm volatile("" : "+r"(len));
	if (len > capacity || bpf_skb_load_bytes(skb, 0, record->frame, len))
		goto discard;
	bpf_ringbuf_submit(record, wake_flag);
	return RECORDED;
discard:
	bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
	return RECORD_TOO_LONG;
}

static __always_inline int pass(const struct ebc_port_conf *port, enum ebc_counter reason)
{
	count(port->port_index, reason);
	return TC_ACT_UNSPEC;
}
