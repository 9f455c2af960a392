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
#include "bpf/parse.bpf.h"
#include "bpf/ptp_wire.h"

/* tcx takes any verdict but pass, drop and redirect for "next program": there it must be a drop. */
const volatile __u32 ebc_consume_verdict = TC_ACT_STOLEN;
/* Upper half of the marks in skb->hash, from the loader. In the upper half, so that all marked frames
 * go to the same transmit queue of a device that spreads by hash. */
const volatile __u32 ebc_tx_mark = 0;

/* Only the daemon's single thread sends, so this needs no atomics. */
static __u32 tx_frames;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, EBC_MAX_PORTS);
	__type(key, __u32);
	__type(value, struct ebc_port_conf);
} ebc_ports SEC(".maps");

/* By port_index: the time at which the port's bucket is full again. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EBC_MAX_PORTS);
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

static __always_inline __u16 header_sdo_id(const struct ptp_header *header)
{
	return (__u16)(header->major_sdo_id_message_type >> 4) << 8 | header->minor_sdo_id;
}

/*
 * A token bucket kept as one number. Two CPUs that receive on one port may overwrite each other's
 * update; then a few frames more get in, which is not worth a lock.
 */
static __always_inline bool is_within_rate(const struct ebc_ctl *ctl, __u32 port_index, __u64 now_mono_ns)
{
	__u64 *full_mono_ns, full, interval_ns;

	if (!ctl->rx_rate_per_s)
		return true;
	full_mono_ns = bpf_map_lookup_elem(&ebc_buckets, &port_index);
	if (!full_mono_ns)
		return false;
	interval_ns = 1000000000ULL / ctl->rx_rate_per_s;
	full = *full_mono_ns > now_mono_ns ? *full_mono_ns : now_mono_ns;
	full += interval_ns;
	if (full - now_mono_ns > interval_ns * ctl->rx_burst)
		return false;
	*full_mono_ns = full;
	return true;
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

/* Reserves, fills and submits a record of constant capacity. */
static __always_inline enum ebc_counter record_frame(struct __sk_buff *skb, const struct ebc_rx_record *head,
						     const __u32 capacity, bool is_event)
{
	__u64 len = head->frame_len;
	struct ebc_rx_record *record = bpf_ringbuf_reserve(&ebc_rx_ring, sizeof(*record) + capacity, 0);

	if (!record)
		return EBC_COUNTER_RX_DROPPED_RING_FULL;
	*record = *head;
	/* The verifier must see both bounds on the register that the helper gets; merged into one comparison,
	 * as the compiler likes to have them, older verifiers do not. */
	asm volatile("" : "+r"(len));
	if (len < PTP_HEADER_LEN)
		goto discard;
	asm volatile("" : "+r"(len));
	if (len > capacity || bpf_skb_load_bytes(skb, 0, record->frame, len))
		goto discard;
	bpf_ringbuf_submit(record, 0);
	return is_event ? EBC_COUNTER_RX_EVENT : EBC_COUNTER_RX_GENERAL;
discard:
	bpf_ringbuf_discard(record, 0);
	return EBC_COUNTER_RX_DROPPED_LENGTH;
}

/* A frame that is the clock's: into the ring, or lost and counted; consumed in either case. */
static __always_inline int consume(struct __sk_buff *skb, const struct ebc_ctl *ctl,
				   const struct ebc_port_conf *port, const struct frame *frame,
				   const struct ptp_header *header, __u64 now_mono_ns)
{
	__u8 message_type = header->major_sdo_id_message_type & 0x0F;
	__u16 message_len = bpf_ntohs(header->message_length_be16);
	bool is_event = PTP_IS_EVENT(message_type);
	struct ebc_rx_record head = {
		.tc_mono_ns = now_mono_ns,
		.ifindex = skb->ifindex,
		.port_index = port->port_index,
		.frame_len = skb->len,
		.ptp_offset = frame->ptp_offset,
		.ptp_len = frame->ptp_len,
		.transport = frame->transport,
	};
	enum ebc_counter result;

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

	head.stamp_source = receive_stamp(skb, ctl, now_mono_ns, &head.stamp_mono_ns);
	if (head.stamp_source == EBC_STAMP_NONE) {
		head.stamp_source = EBC_STAMP_TC;
		if (is_event)
			count(port->port_index, EBC_COUNTER_RX_STAMP_REPLACED);
	}
	if (skb->len <= EBC_RX_FRAME_SMALL)
		result = record_frame(skb, &head, EBC_RX_FRAME_SMALL, is_event);
	else
		result = record_frame(skb, &head, EBC_RX_FRAME_LARGE, is_event);
	count(port->port_index, result);
	if (ctl->publish_stamps && is_event)
		publish_stamp(head.ifindex, EBC_DIRECTION_RX, message_type, header->domain_number,
			      header->source_port_identity, bpf_ntohs(header->sequence_id_be16),
			      head.stamp_mono_ns, head.stamp_source);
	return ebc_consume_verdict;
}

static __always_inline int pass(const struct ebc_port_conf *port, enum ebc_counter reason)
{
	count(port->port_index, reason);
	return TC_ACT_UNSPEC;
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
 * Remembers the frame in a slot and marks it for the tracepoint. The mark is the L4 hash: unlike
 * skb->tc_index it survives the filters of others and qdiscs, and stacked devices hand it on.
 */
static __always_inline void mark_for_tracepoint(struct __sk_buff *skb, const struct ebc_tx_record *record,
						const struct ptp_header *header)
{
	__u32 hash = skb->hash, index = hash % EBC_TX_SLOTS, frame_number;
	struct ebc_tx_slot *slot = bpf_map_lookup_elem(&ebc_tx_slots, &index);

	/* Marked already, by a port that is stacked on this one: the frame is that port's. */
	if (slot && slot->hash && slot->hash == hash)
		return;
	frame_number = tx_frames++ & 0xFFFF;
	index = frame_number % EBC_TX_SLOTS;
	slot = bpf_map_lookup_elem(&ebc_tx_slots, &index);
	if (!slot)
		return;
	slot->hash = ebc_tx_mark | frame_number;
	slot->len = skb->len;
	slot->record = *record;
	__builtin_memcpy(slot->source_port_identity, header->source_port_identity,
			 sizeof(slot->source_port_identity));
	bpf_set_hash(skb, slot->hash);
}

static __always_inline int own_frame(struct __sk_buff *skb, const struct ebc_ctl *ctl,
				     const struct ebc_port_conf *port, const struct ptp_header *header)
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
		return TC_ACT_UNSPEC;
	count(port->port_index, EBC_COUNTER_TX_EVENT);
	if (ctl->tx_stamp_source == EBC_STAMP_XMIT || ctl->tx_stamp_source == EBC_STAMP_START_XMIT) {
		mark_for_tracepoint(skb, &record, header);
	} else if (ctl->tx_stamp_source == EBC_STAMP_TC) {
		record.stamp_mono_ns = record.tc_mono_ns;
		report_at_tc(&record, header, ctl);
	}
	return TC_ACT_UNSPEC;
}

SEC("tc")
int ebc_egress(struct __sk_buff *skb)
{
	const struct ebc_port_conf *port;
	struct ptp_header header;
	struct frame frame = {};
	const struct ebc_ctl *ctl;
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
	if (cookie && cookie == ctl->tx_socket_cookie)
		return own_frame(skb, ctl, port, &header);
	if (is_group_mac(frame.dst_mac) && ctl->lease_until_mono_ns > bpf_ktime_get_ns()) {
		count(port->port_index, EBC_COUNTER_TX_DROPPED_FOREIGN);
		return TC_ACT_SHOT;
	}
	return TC_ACT_UNSPEC;
}

char ebc_license[] SEC("license") = "GPL";
