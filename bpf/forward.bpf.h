/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the transparent clock carries multicast from port to port, and how it knows what a ring brings back: a
 * message that was seen within the last second. Also tells a monitor where a message came in.
 */
#pragma once

#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/ebc_abi.h"
#include "bpf/maps.bpf.h"
#include "bpf/parse.bpf.h"
#include "bpf/ptp_wire.h"
#include "bpf/receive.bpf.h"

/* Messages of the last second, by key with ifindex 0, so that a ring's copy is known when it comes. */
struct ebc_seen {
	__u64 tc_mono_ns;
	__u64 rx_mono_ns;
	__u32 ifindex;
	__u16 in_port_index;
	__u8 is_two_step;
	__u8 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, EBC_SEEN);
	__type(key, struct ebc_event_key);
	__type(value, struct ebc_seen);
} ebc_seen SEC(".maps");

/* By port_index: where the clones go. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EBC_MAX_PORTS);
	__type(key, __u32);
	__type(value, struct ebc_clone_target);
} ebc_clone_targets SEC(".maps");

static __always_inline void remember(const struct __sk_buff *skb, const struct ebc_port_conf *port,
				     const struct ebc_event_key *key, bool is_two_step, __u64 rx_mono_ns,
				     __u64 now_mono_ns)
{
	struct ebc_seen seen = {
		.tc_mono_ns = now_mono_ns,
		.rx_mono_ns = rx_mono_ns,
		.ifindex = skb->ifindex,
		.in_port_index = port->port_index,
		.is_two_step = is_two_step,
	};

	bpf_map_update_elem(&ebc_seen, key, &seen, BPF_ANY);
}

/*
 * A ring's copy: the same message came within the last second, by whatever port (also by the same one, when
 * two of ours lead to one network). Else it is remembered. If some other clock of the ring made two steps of
 * what went on here in one, the follower that it made is not to go on either.
 */
static __always_inline bool was_seen(const struct __sk_buff *skb, const struct ebc_port_conf *port,
				     const struct ebc_event_key *key, bool is_two_step, __u64 now_mono_ns)
{
	const struct ebc_seen *before = bpf_map_lookup_elem(&ebc_seen, key);
	struct ebc_event_key follower = *key;

	if (!before || now_mono_ns - before->tc_mono_ns >= EBC_FOLLOW_MAX_AGE_NS) {
		remember(skb, port, key, is_two_step, now_mono_ns, now_mono_ns);
		return false;
	}
	count(port->port_index, EBC_COUNTER_RX_DROPPED_SEEN);
	if (is_two_step && !before->is_two_step &&
	    (key->message_type == PTP_SYNC || key->message_type == PTP_PDELAY_RESP)) {
		follower.message_type =
			key->message_type == PTP_SYNC ? PTP_FOLLOW_UP : PTP_PDELAY_RESP_FOLLOW_UP;
		remember(skb, port, &follower, false, now_mono_ns, now_mono_ns);
	}
	return true;
}

/* 01-80-C2-00-00-0x: never forwarded by a bridge. */
static __always_inline bool is_link_local(const struct frame *frame)
{
	const __u16 *mac = (const __u16 *)frame->dst_mac;

	return frame->transport == EBC_TRANSPORT_IEEE_802_3 && mac[0] == bpf_htons(0x0180) &&
	       mac[1] == bpf_htons(0xC200) && (mac[2] & bpf_htons(0xFFF0)) == 0;
}

/* Whether the bridge carries the port's frames, and the program only adds to that: then rings are the affair
 * of the spanning tree, which sees a frame after us, and no frame is kept from it. */
static __always_inline bool is_bridged(const struct ebc_port_conf *port)
{
	return port->bridge_ifindex && port->forward != EBC_FORWARD_DIRECT;
}

/* Whether the program alone carries this frame to the other ports. */
static __always_inline bool is_carried(const struct ebc_port_conf *port, const struct frame *frame)
{
	return is_group_mac(frame->dst_mac) && !is_bridged(port) &&
	       (port->forward == EBC_FORWARD_AUTO || port->forward == EBC_FORWARD_DIRECT);
}

/* The port of this number, if a clone for it is due; else 0. */
static __always_inline __u32 clone_target(const struct __sk_buff *skb, const struct ebc_port_conf *port,
					  __u32 port_index, bool is_link_local_frame)
{
	const struct ebc_clone_target *target = bpf_map_lookup_elem(&ebc_clone_targets, &port_index);
	bool is_same_bridge;

	if (!target || target->ifindex == skb->ifindex)
		return 0;
	is_same_bridge = port->bridge_ifindex && port->bridge_ifindex == target->bridge_ifindex;
	if (port->forward == EBC_FORWARD_DIRECT ||
	    (port->forward == EBC_FORWARD_AUTO && (!is_same_bridge || is_link_local_frame)) ||
	    (port->forward == EBC_FORWARD_BRIDGE && is_same_bridge && is_link_local_frame))
		return target->ifindex;
	return 0;
}

/*
 * The loops over ports are functions of their own, which the verifier looks at once, and not once for each
 * way that leads to them.
 */
__noinline int ebc_is_any_clone_due(struct __sk_buff *skb, __u32 is_link_local_frame)
{
	const struct ebc_port_conf *port = port_get(skb);
	const struct ebc_ctl *ctl = ctl_get();

	if (!port || !ctl)
		return 0;
	for (__u32 i = 0; i < EBC_MAX_PORTS && i < ctl->n_ports; i++)
		if (clone_target(skb, port, i, is_link_local_frame))
			return 1;
	return 0;
}

__noinline int ebc_clone_to_ports(struct __sk_buff *skb, __u32 is_link_local_frame)
{
	const struct ebc_port_conf *port = port_get(skb);
	const struct ebc_ctl *ctl = ctl_get();

	if (!port || !ctl)
		return 0;
	for (__u32 i = 0; i < EBC_MAX_PORTS && i < ctl->n_ports; i++) {
		__u32 ifindex = clone_target(skb, port, i, is_link_local_frame);

		if (ifindex)
			count(port->port_index, bpf_clone_redirect(skb, ifindex, 0) == 0
							? EBC_COUNTER_RX_CLONED
							: EBC_COUNTER_RX_CLONE_FAILED);
	}
	return 0;
}

/*
 * Carries the frame to the ports that the stack does not reach. What the program carries alone was looked for
 * in ebc_seen before; here it is done for what a bridge carries too. The verdict for the frame itself.
 */
static __always_inline int forward(struct __sk_buff *skb, const struct ebc_ctl *ctl,
				   const struct ebc_port_conf *port, const struct frame *frame,
				   const struct ebc_event_key *key, bool is_two_step, __u64 now_mono_ns)
{
	bool is_link_local_frame = is_link_local(frame);

	/* Without ports: a predecessor's programs carry on until ours may. */
	if (!is_group_mac(frame->dst_mac) || port->forward == EBC_FORWARD_NONE || !ctl->n_ports)
		return TC_ACT_UNSPEC;
	if (is_bridged(port)) {
		if (!ebc_is_any_clone_due(skb, is_link_local_frame))
			return TC_ACT_UNSPEC;
		if (was_seen(skb, port, key, is_two_step, now_mono_ns))
			return is_link_local_frame ? ebc_consume_verdict : TC_ACT_UNSPEC;
	}
	ebc_clone_to_ports(skb, is_link_local_frame);
	/* The bridge would flood it once more; what is link-local, if its group_fwd_mask says so. */
	return port->bridge_ifindex && (port->forward == EBC_FORWARD_DIRECT || is_link_local_frame)
		       ? ebc_consume_verdict
		       : TC_ACT_UNSPEC;
}
