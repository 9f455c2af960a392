/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transmit stamps of a transparent clock and of a monitor: of forwarded event messages, whose wait in
 * the queue is kept for the message that follows, and of the daemon's own.
 */
#include "bpf/residence.bpf.h"
#include "bpf/xmit.bpf.h"

static __always_inline void queue_add(__u32 port_index, __u64 to_start_ns, __u64 to_stamp_ns,
				      __u64 now_mono_ns)
{
	struct ebc_queue *queue = bpf_map_lookup_elem(&ebc_queues, &port_index);
	__u32 at;

	if (!queue)
		return;
	at = queue->n % EBC_QUEUE_RECENT;
	queue->to_start_ns[at] = to_start_ns < 0xFFFFFFFF ? to_start_ns : 0xFFFFFFFF;
	queue->to_stamp_ns[at] = to_stamp_ns < 0xFFFFFFFF ? to_stamp_ns : 0xFFFFFFFF;
	queue->n++;
	queue->last_mono_ns = now_mono_ns;
}

static __always_inline void forwarded_left(const struct ebc_tx_slot *slot, const struct departure *departure)
{
	__u64 tc_mono_ns = slot->record.tc_mono_ns, queued_ns = departure->stamp_mono_ns - tc_mono_ns;
	const struct ebc_ctl *ctl = ctl_get();
	bool is_awaited = slot->follower == EBC_FOLLOWER_HELD;
	struct ebc_departure *entry;

	if (!ctl || queued_ns > EBC_RESIDENCE_MAX_NS)
		return;
	entry = departure_find(&slot->key, departure->stamp_mono_ns);
	if (entry && entry->tc_mono_ns == tc_mono_ns) {
		/* With a full barrier, as at the other side (park): one of the two sees what the other did.
		 */
		__sync_lock_test_and_set(&entry->left, queued_ns + 1);
		is_awaited |= __sync_fetch_and_or(&entry->is_parked, 0) != 0;
	} else {
		/* Its place went to another message meanwhile: perhaps after the follower was parked. */
		is_awaited |= slot->follower == EBC_FOLLOWER_COMES;
	}
	if (is_awaited)
		departure_tell(ctl, slot->record.port_index, &slot->key, tc_mono_ns, queued_ns);
	count(slot->record.port_index, EBC_COUNTER_TX_STAMP);
	queue_add(slot->record.port_index, departure->start_mono_ns - tc_mono_ns, queued_ns,
		  departure->stamp_mono_ns);
	record_residence(ctl, &slot->key, slot->in_port_index, slot->record.port_index, slot->rx_mono_ns,
			 tc_mono_ns, queued_ns);
	if (ctl->publish_stamps)
		publish_stamp(slot->record.ifindex, EBC_DIRECTION_TX, slot->key.message_type,
			      slot->key.domain_number, slot->key.source_port_identity, slot->key.sequence_id,
			      departure->stamp_mono_ns, slot->record.stamp_source);
}

SEC("tp_btf/net_dev_xmit")
int BPF_PROG(ebc_xmit, struct sk_buff *skb, int rc)
{
	struct departure departure;
	struct ebc_tx_slot *slot = departed(skb, rc, &departure);

	if (!slot)
		return 0;
	if (slot->is_forwarded)
		forwarded_left(slot, &departure);
	else
		report_own(slot, &departure);
	return 0;
}

char ebc_license[] SEC("license") = "GPL";
