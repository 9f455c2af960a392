/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the egress and ingress programs read of a PTP message and write into it. Offsets are from the PTP
 * header (IEEE 1588-2019 13.3.1, 13.5 to 13.11, 14.1).
 */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/ebc_abi.h"
#include "bpf/parse.bpf.h"
#include "bpf/ptp_wire.h"

#define REQUESTING_OFFSET    44 /* requestingPortIdentity of Delay_Resp, Pdelay_Resp, its follower */
#define TARGET_OFFSET	     34 /* targetPortIdentity of Signaling and Management */
#define STEPS_REMOVED_OFFSET 61
#define TLV_AUTHENTICATION   0x8009
#define TLVS_MAX	     8

/* Octets of a message without TLVs; 0: a reserved type, or one whose length does not matter here. */
static __always_inline __u32 body_len(__u8 message_type)
{
	switch (message_type) {
	case PTP_SYNC:
	case PTP_DELAY_REQ:
	case PTP_FOLLOW_UP:
		return 44;
	case PTP_PDELAY_REQ:
	case PTP_PDELAY_RESP:
	case PTP_PDELAY_RESP_FOLLOW_UP:
	case PTP_DELAY_RESP:
		return 54;
	case PTP_ANNOUNCE:
		return 64;
	default:
		return 0;
	}
}

enum tlvs {
	TLVS_PLAIN,
	TLVS_AUTHENTICATION,
	TLVS_MALFORMED, /* do not fit the message, or more than are followed */
};

static __always_inline enum tlvs look_at_tlvs(struct __sk_buff *skb, const struct frame *frame, __u32 offset,
					      __u32 message_len)
{
	struct {
		__be16 type_be16;
		__be16 length_be16;
	} tlv;

	for (int i = 0; i < TLVS_MAX; i++) {
		if (offset == message_len)
			return TLVS_PLAIN;
		if (offset + sizeof(tlv) > message_len ||
		    bpf_skb_load_bytes(skb, frame->ptp_offset + offset, &tlv, sizeof(tlv)))
			return TLVS_MALFORMED;
		if (tlv.type_be16 == bpf_htons(TLV_AUTHENTICATION))
			return TLVS_AUTHENTICATION;
		offset += sizeof(tlv) + bpf_ntohs(tlv.length_be16);
	}
	return offset == message_len ? TLVS_PLAIN : TLVS_MALFORMED;
}

/* With ifindex 0, and without what a message is too short for. */
static __always_inline void event_key(struct __sk_buff *skb, const struct frame *frame,
				      const struct ptp_header *header, struct ebc_event_key *ret_key)
{
	__u8 message_type = header->major_sdo_id_message_type & 0x0F;
	__u32 offset;

	__builtin_memset(ret_key, 0, sizeof(*ret_key));
	ret_key->message_type = message_type;
	ret_key->domain_number = header->domain_number;
	ret_key->sequence_id = bpf_ntohs(header->sequence_id_be16);
	ret_key->sdo_id = (__u16)(header->major_sdo_id_message_type >> 4) << 8 | header->minor_sdo_id;
	__builtin_memcpy(ret_key->source_port_identity, header->source_port_identity,
			 sizeof(ret_key->source_port_identity));
	switch (message_type) {
	case PTP_DELAY_RESP:
	case PTP_PDELAY_RESP:
	case PTP_PDELAY_RESP_FOLLOW_UP:
		offset = REQUESTING_OFFSET;
		break;
	case PTP_SIGNALING:
	case PTP_MANAGEMENT:
		offset = TARGET_OFFSET;
		break;
	default:
		return;
	}
	if (frame->ptp_len >= offset + sizeof(ret_key->requesting_port_identity))
		bpf_skb_load_bytes(skb, frame->ptp_offset + offset, ret_key->requesting_port_identity,
				   sizeof(ret_key->requesting_port_identity));
}

/*
 * Replaces octets of the message, an even number at an even offset, and keeps the UDP checksum right: one of
 * zero over IPv4 stays, and the kernel leaves a partial one, which covers only the pseudo-header, alone.
 */
static __always_inline int rewrite(struct __sk_buff *skb, const struct frame *frame, __u32 offset,
				   __be32 *from, __be32 *to, const __u32 len)
{
	__u32 checksum_offset = frame->ptp_offset - 2;
	__be16 checksum = 0;
	__s64 difference;

	if (frame->transport != EBC_TRANSPORT_IEEE_802_3 &&
	    bpf_skb_load_bytes(skb, checksum_offset, &checksum, sizeof(checksum)))
		return -1;
	difference = bpf_csum_diff(from, len, to, len, 0);
	/* A whole checksum takes up the change; without one skb->csum must hear of it. */
	if (bpf_skb_store_bytes(skb, frame->ptp_offset + offset, to, len,
				checksum ? 0 : BPF_F_RECOMPUTE_CSUM))
		return -1;
	return checksum ? bpf_l4_csum_replace(skb, checksum_offset, 0, difference, BPF_F_MARK_MANGLED_0) : 0;
}

/* Whether the sum stays in the field's range; the greatest value says that it did not before (13.3.2.9). */
static __always_inline bool is_in_range(const struct ptp_header *header, __s64 add_sns)
{
	/* Without sign, where the language defines what happens beyond the range. */
	__u64 before = bpf_be64_to_cpu(header->correction_be64), after = before + (__u64)add_sns;

	return before != 0x7FFFFFFFFFFFFFFF && ((before ^ after) & ((__u64)add_sns ^ after)) >> 63 == 0;
}

/* Adds to correctionField. False: out of range, nothing is changed. */
static __always_inline bool add_correction(struct __sk_buff *skb, const struct frame *frame,
					   const struct ptp_header *header, __s64 add_sns)
{
	__be64 from = header->correction_be64, to = bpf_cpu_to_be64(bpf_be64_to_cpu(from) + (__u64)add_sns);

	return is_in_range(header, add_sns) &&
	       rewrite(skb, frame, offsetof(struct ptp_header, correction_be64), (__be32 *)&from,
		       (__be32 *)&to, sizeof(to)) == 0;
}

static __always_inline bool set_two_step(struct __sk_buff *skb, const struct frame *frame)
{
	/* flagField with its neighbours, four octets: bpf_csum_diff wants so. */
	__u32 offset = offsetof(struct ptp_header, domain_number);
	__be32 from, to;

	if (bpf_skb_load_bytes(skb, frame->ptp_offset + offset, &from, sizeof(from)))
		return false;
	to = from | bpf_htonl(PTP_FLAG_TWO_STEP);
	return rewrite(skb, frame, offset, &from, &to, sizeof(to)) == 0;
}

/* stepsRemoved of an Announce, one more; 0xFFFF stays. */
static __always_inline bool add_step(struct __sk_buff *skb, const struct frame *frame)
{
	__u32 offset = STEPS_REMOVED_OFFSET - 1; /* even, with a neighbour on either side */
	__u8 from[4], to[4];
	__u16 steps;

	if (bpf_skb_load_bytes(skb, frame->ptp_offset + offset, from, sizeof(from)))
		return false;
	steps = (__u16)from[1] << 8 | from[2];
	if (steps == 0xFFFF)
		return true;
	steps++;
	__builtin_memcpy(to, from, sizeof(to));
	to[1] = steps >> 8;
	to[2] = steps;
	return rewrite(skb, frame, offset, (__be32 *)from, (__be32 *)to, sizeof(to)) == 0;
}
