/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tc programs of a boundary-clock port. Ingress stamps the PTP frames that are the clock's and
 * moves them into the receive ring; egress marks the clock's own event frames for the transmit stamp
 * and stops what others multicast into the clock's domain. Both touch only __sk_buff, so that they
 * load on kernels without BTF, and leave every other frame to the filters of others (TC_ACT_UNSPEC).
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "bpf/ebc_abi.h"
#include "bpf/maps.bpf.h"
#include "bpf/one_step.bpf.h"
#include "bpf/parse.bpf.h"
#include "bpf/ptp_wire.h"
#include "bpf/receive.bpf.h"
#include "bpf/transmit.bpf.h"

/* Both at even addresses. */
static __always_inline bool is_same_mac(const __u8 *a, const __u8 *b)
{
	const __u16 *x = (const __u16 *)a, *y = (const __u16 *)b;

	return x[0] == y[0] && x[1] == y[1] && x[2] == y[2];
}

static __always_inline bool is_own_ipv4(const struct frame *frame, const struct ebc_port_conf *port)
{
	if (!frame->dst_ip[0]) /* unused entries are zero */
		return false;
#pragma unroll
	for (int i = 0; i < EBC_PORT_ADDRESSES; i++)
		if (frame->dst_ip[0] == port->ipv4_be32[i])
			return true;
	return false;
}

static __always_inline bool is_own_ipv6(const struct frame *frame, const struct ebc_port_conf *port)
{
	if (!(frame->dst_ip[0] | frame->dst_ip[1] | frame->dst_ip[2] | frame->dst_ip[3]))
		return false;
#pragma unroll
	for (int i = 0; i < EBC_PORT_ADDRESSES; i++) {
		const __u32 *own = (const __u32 *)port->ipv6[i];

		if (frame->dst_ip[0] == own[0] && frame->dst_ip[1] == own[1] && frame->dst_ip[2] == own[2] &&
		    frame->dst_ip[3] == own[3])
			return true;
	}
	return false;
}

/* Multicast, or to this port or the bridge that it is a member of. */
static __always_inline bool is_for_clock(const struct frame *frame, const struct ebc_port_conf *port)
{
	if (!is_group_mac(frame->dst_mac) && !is_same_mac(frame->dst_mac, port->mac) &&
	    !is_same_mac(frame->dst_mac, port->bridge_mac))
		return false;
	if (frame->transport == EBC_TRANSPORT_UDP_IPV4)
		return (frame->dst_ip[0] & bpf_htonl(0xF0000000)) == bpf_htonl(0xE0000000) ||
		       is_own_ipv4(frame, port);
	if (frame->transport == EBC_TRANSPORT_UDP_IPV6)
		return (frame->dst_ip[0] & bpf_htonl(0xFF000000)) == bpf_htonl(0xFF000000) ||
		       is_own_ipv6(frame, port);
	return true;
}

/* A frame that is the clock's: into the ring, or lost and counted; consumed in either case. */
static __always_inline int consume(struct __sk_buff *skb, const struct ebc_ctl *ctl,
				   const struct ebc_port_conf *port, const struct frame *frame,
				   const struct ptp_header *header, __u64 now_mono_ns)
{
	__u8 message_type = header->major_sdo_id_message_type & 0x0F;
	__u16 message_len = bpf_ntohs(header->message_length_be16);
	bool is_event = PTP_IS_EVENT(message_type);
	struct ebc_rx_record head = record_head(skb, frame, EBC_RX_CONSUMED);
	enum recorded result;

	if (message_len < PTP_HEADER_LEN || message_len > frame->ptp_len) {
		count(port->port_index, EBC_COUNTER_RX_DROPPED_LENGTH);
		return ebc_consume_verdict;
	}
	if (skb->len > EBC_RX_FRAME_LARGE) {
		count(port->port_index, EBC_COUNTER_RX_DROPPED_LONG);
		return ebc_consume_verdict;
	}
	if (!is_within_rate(ctl, port->port_index, now_mono_ns)) {
		count(port->port_index, EBC_COUNTER_RX_DROPPED_RATE);
		return ebc_consume_verdict;
	}

	head.tc_mono_ns = now_mono_ns;
	head.port_index = port->port_index;
	head.stamp_source = receive_stamp(skb, ctl, now_mono_ns, &head.stamp_mono_ns);
	if (head.stamp_source == EBC_STAMP_NONE) {
		head.stamp_source = EBC_STAMP_TC;
		if (is_event)
			count(port->port_index, EBC_COUNTER_RX_STAMP_REPLACED);
	}
	result = skb->len <= EBC_RX_FRAME_SMALL ? record_frame(skb, &head, EBC_RX_FRAME_SMALL, 0)
						: record_frame(skb, &head, EBC_RX_FRAME_LARGE, 0);
	count(port->port_index, result == RECORD_NO_ROOM    ? EBC_COUNTER_RX_DROPPED_RING_FULL
				: result == RECORD_TOO_LONG ? EBC_COUNTER_RX_DROPPED_LENGTH
				: is_event		    ? EBC_COUNTER_RX_EVENT
							    : EBC_COUNTER_RX_GENERAL);
	if (ctl->publish_stamps && is_event)
		publish_stamp(head.ifindex, EBC_DIRECTION_RX, message_type, header->domain_number,
			      header->source_port_identity, bpf_ntohs(header->sequence_id_be16),
			      head.stamp_mono_ns, head.stamp_source);
	return ebc_consume_verdict;
}

SEC("tc")
int ebc_ingress(struct __sk_buff *skb)
{
	struct ptp_header header = {};
	const struct ebc_port_conf *port;
	const struct ebc_ctl *ctl;
	enum frame_kind kind;
	struct frame frame = {};
	__u64 now_mono_ns;

	kind = parse_frame(skb, &frame);
	if (kind == FRAME_OTHER)
		return TC_ACT_UNSPEC;
	now_mono_ns = bpf_ktime_get_ns();
	port = port_get(skb);
	ctl = ctl_get();
	if (!port || !ctl)
		return TC_ACT_UNSPEC;
	if (kind == FRAME_FRAGMENT)
		return pass(port, EBC_COUNTER_RX_PASSED_FRAGMENT);
	if (ctl->lease_until_mono_ns <= now_mono_ns)
		return pass(port, EBC_COUNTER_RX_PASSED_LEASE);

	/* Whose it is, before what is wrong with it: only the clock's own frames may be dropped. */
	if (frame.is_tagged)
		return pass(port, EBC_COUNTER_RX_PASSED_VLAN);
	if (bpf_skb_load_bytes(skb, 0, frame.dst_mac, sizeof(frame.dst_mac)) || !is_for_clock(&frame, port))
		return pass(port, EBC_COUNTER_RX_PASSED_UNICAST);
	if (frame.ptp_len >= 2 && bpf_skb_load_bytes(skb, frame.ptp_offset, &header, 2) == 0 &&
	    (header.minor_version_version & 0x0F) != PTP_VERSION)
		return pass(port, EBC_COUNTER_RX_PASSED_VERSION);
	if (frame.ptp_len < PTP_HEADER_LEN ||
	    bpf_skb_load_bytes(skb, frame.ptp_offset, &header, sizeof(header))) {
		count(port->port_index, EBC_COUNTER_RX_DROPPED_SHORT);
		return ebc_consume_verdict;
	}
	if (header_sdo_id(&header) != ctl->sdo_id)
		return pass(port, EBC_COUNTER_RX_PASSED_SDO);
	if (header.domain_number != ctl->domain_number)
		return pass(port, EBC_COUNTER_RX_PASSED_DOMAIN);
	return consume(skb, ctl, port, &frame, &header, now_mono_ns);
}

SEC("tc")
int ebc_egress(struct __sk_buff *skb)
{
	const struct ebc_port_conf *port;
	struct ptp_header header;
	struct frame frame = {};
	struct ebc_tx_slot *slot;
	struct ebc_ctl *ctl;
	__u64 cookie;

	if (parse_frame(skb, &frame) != FRAME_PTP)
		return TC_ACT_UNSPEC;
	port = port_get(skb);
	ctl = ctl_get();
	/* Tagged: of a VLAN device above, which may be a port with programs of its own. */
	if (!port || !ctl || frame.is_tagged || frame.ptp_len < PTP_HEADER_LEN)
		return TC_ACT_UNSPEC;
	if (bpf_skb_load_bytes(skb, 0, frame.dst_mac, sizeof(frame.dst_mac)) ||
	    bpf_skb_load_bytes(skb, frame.ptp_offset, &header, sizeof(header)))
		return TC_ACT_UNSPEC;
	if ((header.minor_version_version & 0x0F) != PTP_VERSION || header_sdo_id(&header) != ctl->sdo_id ||
	    header.domain_number != ctl->domain_number)
		return TC_ACT_UNSPEC;

	cookie = bpf_get_socket_cookie(skb);
	if (cookie && cookie == ctl->tx_socket_cookie) {
		slot = own_frame(skb, ctl, port, &header);
		if (slot && is_one_step_sync(&header))
			settle_one_step(skb, ctl, &frame, &header, &slot->record);
		return TC_ACT_UNSPEC;
	}
	if (is_group_mac(frame.dst_mac) && ctl->lease_until_mono_ns > bpf_ktime_get_ns()) {
		count(port->port_index, EBC_COUNTER_TX_DROPPED_FOREIGN);
		return TC_ACT_SHOT;
	}
	return TC_ACT_UNSPEC;
}

char ebc_license[] SEC("license") = "GPL";
