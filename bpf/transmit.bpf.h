/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the egress programs share: the daemon's own event frames, and the mark that the tracepoint knows. */
#pragma once

#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stddef.h>
#include <bpf/bpf_helpers.h>

#include "bpf/ebc_abi.h"
#include "bpf/maps.bpf.h"
#include "bpf/ptp_wire.h"

/* Upper half of the marks in skb->hash, from the loader. In the upper half, so that all marked frames
 * go to the same transmit queue of a device that spreads by hash. */
const volatile __u32 ebc_tx_mark = 0;

static __u32 tx_frames;

/* The frame leaves only now, but nothing later will stamp it. The daemon drains the ring after send(). */
static __always_inline void report_at_tc(const struct ebc_tx_record *record, const struct ptp_header *header,
					 const struct ebc_ctl *ctl)
{
	if (bpf_ringbuf_output(&ebc_tx_ring, (void *)record, sizeof(*record), BPF_RB_NO_WAKEUP)) {
		count(record->port_index, EBC_COUNTER_TX_STAMP_RING_FULL);
		return;
	}
	count(record->port_index, EBC_COUNTER_TX_STAMP);
	if (ctl->publish_stamps)
		publish_stamp(record->ifindex, EBC_DIRECTION_TX, record->message_type, record->domain_number,
			      header->source_port_identity, record->sequence_id, record->stamp_mono_ns,
			      record->stamp_source);
}

/*
 * The next slot, marked as this frame's; the caller fills in the rest and then sets skb->hash to slot->hash.
 * A frame that has not left when its slot comes round again is not stamped.
 */
static __always_inline struct ebc_tx_slot *tx_slot_take(const struct __sk_buff *skb)
{
	__u32 frame_number = __sync_fetch_and_add(&tx_frames, 1) & 0xFFFF,
	      index = frame_number % EBC_TX_SLOTS;
	struct ebc_tx_slot *slot = bpf_map_lookup_elem(&ebc_tx_slots, &index);

	if (!slot)
		return NULL;
	slot->hash = ebc_tx_mark | frame_number;
	slot->len = skb->len;
	return slot;
}

/*
 * Remembers the frame in a slot and marks it for the tracepoint. The mark is the L4 hash: unlike
 * skb->tc_index it survives the filters of others and qdiscs, and stacked devices hand it on.
 * NULL: no slot of its own.
 */
static __always_inline struct ebc_tx_slot *mark_for_tracepoint(struct __sk_buff *skb,
							       const struct ebc_tx_record *record,
							       const struct ptp_header *header)
{
	__u32 hash = skb->hash, index = hash % EBC_TX_SLOTS;
	struct ebc_tx_slot *slot = bpf_map_lookup_elem(&ebc_tx_slots, &index);

	/* Marked already, by a port that is stacked on this one: the frame is that port's. */
	if (slot && slot->hash && slot->hash == hash)
		return NULL;
	slot = tx_slot_take(skb);
	if (!slot)
		return NULL;
	slot->record = *record;
	slot->is_forwarded = 0;
	__builtin_memcpy(slot->source_port_identity, header->source_port_identity,
			 sizeof(slot->source_port_identity));
	bpf_set_hash(skb, slot->hash);
	return slot;
}

/* Its transmit stamp is reported here or, where the frame is in a slot now, by the tracepoint. */
static __always_inline struct ebc_tx_slot *own_frame(struct __sk_buff *skb, const struct ebc_ctl *ctl,
						     const struct ebc_port_conf *port,
						     const struct ptp_header *header)
{
	__u8 message_type = header->major_sdo_id_message_type & 0x0F;
	struct ebc_tx_record record = {
		.tc_mono_ns = bpf_ktime_get_ns(),
		.ifindex = skb->ifindex,
		.port_index = port->port_index,
		.sequence_id = bpf_ntohs(header->sequence_id_be16),
		.message_type = message_type,
		.domain_number = header->domain_number,
		.stamp_source = ctl->tx_stamp_source,
	};

	if (!PTP_IS_EVENT(message_type))
		return NULL;
	count(port->port_index, EBC_COUNTER_TX_EVENT);
	if (ctl->tx_stamp_source == EBC_STAMP_XMIT || ctl->tx_stamp_source == EBC_STAMP_START_XMIT)
		return mark_for_tracepoint(skb, &record, header);
	if (ctl->tx_stamp_source == EBC_STAMP_TC) {
		record.stamp_mono_ns = record.tc_mono_ns;
		report_at_tc(&record, header, ctl);
	}
	return NULL;
}
