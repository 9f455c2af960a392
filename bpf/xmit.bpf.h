/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transmit stamp: taken after the qdisc, around the driver, and reported after the driver took the
 * frame, because waking the daemon in between would delay the very frame. Needs kernel BTF, hence in
 * objects of their own. Runs for every frame of the host: one load and one comparison decide for nearly
 * all of them.
 */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/ebc_abi.h"
#include "bpf/maps.bpf.h"

#define TX_MARK_MASK	 0xFFFF0000
#define VLAN_TAG_OCTETS	 4
#define NET_XMIT_SUCCESS 0x00
#define NET_XMIT_CN	 0x02
#define NET_XMIT_MASK	 0x0F

/* The little that is read of the kernel's structures, found by name when the object is loaded. */
struct ns_common {
	unsigned int inum;
} __attribute__((preserve_access_index));

struct net {
	struct ns_common ns;
} __attribute__((preserve_access_index));

typedef struct {
	struct net *net;
} __attribute__((preserve_access_index)) possible_net_t;

struct net_device {
	int ifindex;
	possible_net_t nd_net;
} __attribute__((preserve_access_index));

struct sk_buff {
	unsigned int len;
	__u32 hash;
} __attribute__((preserve_access_index));

/* The frame that the driver has in hand on this CPU. */
struct in_driver {
	__u64 skb;	     /* only compared; 0: none */
	__u64 start_mono_ns; /* net_dev_start_xmit */
	__u32 slot_index;
	__u32 hash;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct in_driver);
} ebc_in_driver SEC(".maps");

const volatile __u32 ebc_tx_mark = 0;
/* Stamp halfway through the driver, not at its beginning. */
const volatile bool ebc_tx_halfway = true;

/* The device below the port that hands the frame to the wire, in the daemon's own namespace. */
static __always_inline bool is_last_device(const struct net_device *dev, const struct ebc_tx_slot *slot)
{
	struct ebc_tx_dev_key key = {.lowest_ifindex = dev->ifindex, .port_ifindex = slot->record.ifindex};
	const struct ebc_ctl *ctl = ctl_get();

	return ctl && dev->nd_net.net->ns.inum == ctl->netns_inum && bpf_map_lookup_elem(&ebc_tx_devs, &key);
}

SEC("tp_btf/net_dev_start_xmit")
int BPF_PROG(ebc_start_xmit, const struct sk_buff *skb, const struct net_device *dev)
{
	__u32 hash = skb->hash, index, zero = 0;
	const struct ebc_tx_slot *slot;
	struct in_driver *in_driver;

	if ((hash & TX_MARK_MASK) != ebc_tx_mark)
		return 0;
	index = hash % EBC_TX_SLOTS;
	slot = bpf_map_lookup_elem(&ebc_tx_slots, &index);
	/* A hash that looks like a mark by chance belongs to a frame of another length, mostly. */
	if (!slot || slot->hash != hash ||
	    (skb->len != slot->len && skb->len != slot->len + VLAN_TAG_OCTETS &&
	     skb->len != slot->len + 2 * VLAN_TAG_OCTETS))
		return 0;
	in_driver = bpf_map_lookup_elem(&ebc_in_driver, &zero);
	if (!in_driver || !is_last_device(dev, slot))
		return 0;
	in_driver->skb = (__u64)skb;
	in_driver->slot_index = index;
	in_driver->hash = hash;
	in_driver->start_mono_ns = bpf_ktime_get_ns(); /* last: the nearest to the wire */
	return 0;
}

/*
 * Mostly this runs inside the daemon's own send: it is awake, and looks into the ring before it sleeps. An
 * interrupt to wake it would only be in the way. (A daemon in a PID namespace does not know its number
 * here; it is woken each time.)
 */
static __always_inline __u64 wake_flag(const struct ebc_ctl *ctl)
{
	if (ctl && ctl->is_sending && bpf_get_current_pid_tgid() >> 32 == ctl->daemon_tgid)
		return BPF_RB_NO_WAKEUP;
	return BPF_RB_FORCE_WAKEUP;
}

/* A marked frame that the driver took. */
struct departure {
	__u64 start_mono_ns; /* net_dev_start_xmit */
	__u64 stamp_mono_ns; /* the transmit stamp */
	__u64 driver_ns;     /* from the start to net_dev_xmit; 0: not measured */
};

/*
 * For the net_dev_xmit tracepoint: the slot of the frame that the driver was given last on this CPU,
 * disarmed, if it took it. `skb` may be freed by now; `rc`, the driver's answer, says what became of it.
 */
static __always_inline struct ebc_tx_slot *departed(const struct sk_buff *skb, int rc, struct departure *ret)
{
	struct in_driver *in_driver;
	struct ebc_tx_slot *slot;
	__u32 zero = 0, index;

	in_driver = bpf_map_lookup_elem(&ebc_in_driver, &zero);
	if (!in_driver || in_driver->skb != (__u64)skb)
		return NULL;
	in_driver->skb = 0;
	ret->start_mono_ns = ret->stamp_mono_ns = in_driver->start_mono_ns;
	ret->driver_ns = 0;
	/*
	 * The frame leaves somewhere in the driver, which takes longer the colder the caches are: with sparse
	 * traffic two microseconds, and as much again now and then. Halfway is nearest to it, and errs on
	 * neither side; the daemon makes more of both ends where the stamp is its own (bc/daemon/tx_stamp.h).
	 */
	if (ebc_tx_halfway) {
		ret->driver_ns = bpf_ktime_get_ns() - ret->start_mono_ns;
		ret->stamp_mono_ns += ret->driver_ns / 2;
	}
	if (rc > NET_XMIT_MASK) /* not taken: it stays armed and comes again */
		return NULL;
	index = in_driver->slot_index;
	slot = bpf_map_lookup_elem(&ebc_tx_slots, &index);
	if (!slot || slot->hash != in_driver->hash)
		return NULL;
	slot->hash = 0;
	return rc == NET_XMIT_SUCCESS || rc == NET_XMIT_CN ? slot : NULL;
}

/* An event frame of the daemon's own left. */
static __always_inline void report_own(struct ebc_tx_slot *slot, const struct departure *departure)
{
	struct ebc_tx_record record = slot->record;
	const struct ebc_ctl *ctl = ctl_get();

	record.stamp_mono_ns = departure->stamp_mono_ns;
	record.driver_ns = departure->driver_ns > 0xFFFFFFFF ? 0xFFFFFFFF : departure->driver_ns;
	if (bpf_ringbuf_output(&ebc_tx_ring, &record, sizeof(record), wake_flag(ctl))) {
		count(record.port_index, EBC_COUNTER_TX_STAMP_RING_FULL);
		return;
	}
	count(record.port_index, EBC_COUNTER_TX_STAMP);
	if (ctl && ctl->publish_stamps)
		publish_stamp(record.ifindex, EBC_DIRECTION_TX, record.message_type, record.domain_number,
			      slot->source_port_identity, record.sequence_id, record.stamp_mono_ns,
			      record.stamp_source);
}
