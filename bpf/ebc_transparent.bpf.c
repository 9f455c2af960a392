/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tc programs of a transparent clock's port, and of a monitor's, which measures and changes nothing.
 * Ingress stamps event messages, corrects answers by what their requests met in a queue, and carries
 * multicast to the ports that no bridge reaches; egress adds the residence to event messages, and what the
 * queue added to the messages that follow them. Both touch only __sk_buff, so that they load on kernels
 * without BTF, and leave every other frame to the filters of others (TC_ACT_UNSPEC).
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdbool.h>
#include <stddef.h>
#include <bpf/bpf_helpers.h>

#include "bpf/ebc_abi.h"
#include "bpf/forward.bpf.h"
#include "bpf/maps.bpf.h"
#include "bpf/message.bpf.h"
#include "bpf/parse.bpf.h"
#include "bpf/ptp_wire.h"
#include "bpf/receive.bpf.h"
#include "bpf/residence.bpf.h"
#include "bpf/transmit.bpf.h"

#define HELD_FRAME_MAX 512 /* the longest that the daemon holds */
/* Copies are not worth waking the daemon, so that half a second of them must leave room in the ring. */
#define OBSERVED_PER_S 1000
#define OBSERVED_BURST 256

const volatile bool ebc_is_monitor = false;
static __u32 rx_frames;

/* An event message between tc ingress and tc egress. */
struct ebc_rx_slot {
	__u32 hash; /* the mark in skb->hash */
	__u16 in_port_index;
	__u8 pad[2];
	__u64 rx_mono_ns;
	__s64 add_sns; /* link delay, asymmetry, ingress latency */
	struct ebc_event_key key;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, EBC_RX_SLOTS);
	__type(key, __u32);
	__type(value, struct ebc_rx_slot);
} ebc_rx_slots SEC(".maps");

/* A PTP message as both programs look at it. */
struct look {
	struct frame frame;
	struct ptp_header header;
	__u8 message_type;
	__u16 message_len;
};

static __always_inline bool has_lease(const struct ebc_ctl *ctl, __u64 now_mono_ns)
{
	return ctl->lease_until_mono_ns > now_mono_ns;
}

static __always_inline bool is_in_domain(const struct ebc_ctl *ctl, const struct ptp_header *header)
{
	return header_sdo_id(header) == ctl->sdo_id && header->domain_number == ctl->domain_number;
}

/*
 * Whether it is ours to correct and carry: else it is left to the bridge, or to an instance of its own.
 * Global, so that the verifier looks at it once and not on each of the many ways that lead here, of which
 * there is a limit.
 */
__noinline int ebc_is_ours(__u32 sdo_id, __u32 domain_number)
{
	const struct ebc_ctl *ctl = ctl_get();
	bool is_own;

	if (!ctl)
		return 0;
	is_own = sdo_id == ctl->sdo_id && domain_number == ctl->domain_number;
	return ctl->has_all_domains ? !(is_own && ctl->leaves_own_domain) : is_own;
}

/* Copies the frame for the daemon. Wakes nobody: where that matters, something else does. */
static __always_inline bool copy_to_daemon(struct __sk_buff *skb, const struct look *look,
					   const struct ebc_port_conf *port, enum ebc_rx_reason reason,
					   __u64 stamp_mono_ns, __u8 stamp_source, __u64 now_mono_ns,
					   __u64 wake_flag)
{
	struct ebc_rx_record head = record_head(skb, &look->frame, reason);

	head.tc_mono_ns = now_mono_ns;
	head.stamp_mono_ns = stamp_mono_ns;
	head.stamp_source = stamp_source;
	head.port_index = port->port_index;
	if (skb->len <= EBC_RX_FRAME_SMALL)
		return record_frame(skb, &head, EBC_RX_FRAME_SMALL, wake_flag) == RECORDED;
	return skb->len <= HELD_FRAME_MAX && record_frame(skb, &head, HELD_FRAME_MAX, wake_flag) == RECORDED;
}

/* --- ingress --- */

static __always_inline __s64 ingress_correction_sns(const struct ebc_port_conf *port, __u8 message_type)
{
	__s64 add_sns = (__s64)port->ingress_latency_ns << 16;

	if (message_type == PTP_SYNC)
		add_sns += port->link_delay_sns;
	if (message_type == PTP_SYNC || message_type == PTP_PDELAY_RESP)
		add_sns += port->delay_asymmetry_sns;
	return add_sns;
}

static __always_inline void mark_for_egress(struct __sk_buff *skb, const struct ebc_port_conf *port,
					    const struct ebc_event_key *key, __u64 rx_mono_ns)
{
	__u32 frame_number = __sync_fetch_and_add(&rx_frames, 1) & 0xFFFF,
	      index = frame_number % EBC_RX_SLOTS;
	struct ebc_rx_slot *slot = bpf_map_lookup_elem(&ebc_rx_slots, &index);

	if (!slot)
		return;
	slot->hash = ebc_rx_mark | frame_number;
	slot->in_port_index = port->port_index;
	slot->rx_mono_ns = rx_mono_ns;
	slot->add_sns = ingress_correction_sns(port, key->message_type);
	slot->key = *key;
	bpf_set_hash(skb, slot->hash);
}

/* An answer comes back to where its request left: what the request met in the queue is added here. */
static __always_inline void correct_answer(struct __sk_buff *skb, const struct ebc_ctl *ctl,
					   const struct ebc_port_conf *port, const struct look *look,
					   const struct ebc_event_key *answer, __u64 now_mono_ns)
{
	struct ebc_departure *departure;
	struct ebc_event_key key = *answer;

	key.message_type = look->message_type == PTP_DELAY_RESP ? PTP_DELAY_REQ : PTP_PDELAY_REQ;
	key.ifindex = skb->ifindex;
	__builtin_memcpy(key.source_port_identity, answer->requesting_port_identity,
			 sizeof(key.source_port_identity));
	__builtin_memset(key.requesting_port_identity, 0, sizeof(key.requesting_port_identity));
	departure = departure_find(&key, now_mono_ns);
	if (!departure || !departure->left) {
		count(port->port_index, EBC_COUNTER_RX_ANSWER_UNMATCHED);
		return;
	}
	departure->is_answered = 1;
	count(port->port_index,
	      add_correction(skb, &look->frame, &look->header, scale_residence(departure->left - 1, ctl))
		      ? EBC_COUNTER_RX_ANSWER_CORRECTED
		      : EBC_COUNTER_TX_RANGE);
}

/* Whether correctionField may be changed; if not, the reason is counted. */
static __always_inline bool is_correctable(struct __sk_buff *skb, const struct ebc_ctl *ctl,
					   const struct ebc_port_conf *port, const struct look *look)
{
	__u32 len = body_len(look->message_type);
	enum tlvs tlvs;

	if (!len || look->message_len < len) {
		count(port->port_index, EBC_COUNTER_RX_PASSED_TYPE);
		return false;
	}
	if (look->message_len == len)
		return true;
	tlvs = look_at_tlvs(skb, &look->frame, len, look->message_len);
	if (tlvs == TLVS_MALFORMED) {
		count(port->port_index, EBC_COUNTER_RX_PASSED_TLV);
		return false;
	}
	if (tlvs == TLVS_AUTHENTICATION && !ctl->is_auth_mutable) {
		count(port->port_index, EBC_COUNTER_RX_PASSED_AUTH);
		return false;
	}
	return true;
}

static __always_inline bool is_peer_delay(__u8 message_type)
{
	return message_type == PTP_PDELAY_REQ || message_type == PTP_PDELAY_RESP ||
	       message_type == PTP_PDELAY_RESP_FOLLOW_UP;
}

/* What a P2P_TC does not forward; UNSPEC: go on. */
static __always_inline int end_here(struct __sk_buff *skb, const struct ebc_ctl *ctl,
				    const struct ebc_port_conf *port, const struct look *look,
				    __u64 rx_mono_ns, __u8 stamp_source, __u64 now_mono_ns)
{
	bool is_peer = is_peer_delay(look->message_type);

	if (!is_peer && look->message_type != PTP_DELAY_REQ && look->message_type != PTP_DELAY_RESP)
		return TC_ACT_UNSPEC;
	/* Peer delay is of one link, whoever lives; that of a VLAN on it is nobody's. */
	if (!is_peer || look->frame.is_tagged || !has_lease(ctl, now_mono_ns))
		count(port->port_index, EBC_COUNTER_RX_DROPPED_DELAY);
	else if (!is_within_rate(ctl, port->port_index, now_mono_ns))
		count(port->port_index, EBC_COUNTER_RX_DROPPED_RATE);
	else if (skb->len > HELD_FRAME_MAX)
		count(port->port_index, EBC_COUNTER_RX_DROPPED_LONG);
	else if (copy_to_daemon(skb, look, port, EBC_RX_PEER_DELAY, rx_mono_ns, stamp_source, now_mono_ns,
				BPF_RB_FORCE_WAKEUP)) /* copies that wake nobody may lie before it */
		count(port->port_index,
		      PTP_IS_EVENT(look->message_type) ? EBC_COUNTER_RX_EVENT : EBC_COUNTER_RX_GENERAL);
	else
		count(port->port_index, EBC_COUNTER_RX_DROPPED_RING_FULL);
	return ebc_consume_verdict;
}

static __always_inline void observe(struct __sk_buff *skb, const struct ebc_ctl *ctl,
				    const struct ebc_port_conf *port, const struct look *look,
				    __u64 rx_mono_ns, __u8 stamp_source, __u64 now_mono_ns)
{
	if (!ctl->observes || !has_lease(ctl, now_mono_ns) || !is_in_domain(ctl, &look->header) ||
	    (look->message_type != PTP_SYNC && look->message_type != PTP_FOLLOW_UP &&
	     look->message_type != PTP_ANNOUNCE) ||
	    !is_bucket_open(EBC_MAX_PORTS + port->port_index, OBSERVED_PER_S, OBSERVED_BURST, now_mono_ns))
		return;
	if (copy_to_daemon(skb, look, port, EBC_RX_OBSERVED, rx_mono_ns, stamp_source, now_mono_ns,
			   BPF_RB_NO_WAKEUP))
		count(port->port_index, EBC_COUNTER_RX_OBSERVED);
}

/* A PTPv2 message that is ours to forward. */
static __always_inline int enter(struct __sk_buff *skb, const struct ebc_ctl *ctl,
				 const struct ebc_port_conf *port, const struct look *look, __u64 now_mono_ns)
{
	bool is_answer = look->message_type == PTP_DELAY_RESP || look->message_type == PTP_PDELAY_RESP;
	bool is_event = PTP_IS_EVENT(look->message_type), can_change;
	bool is_two_step = look->header.flags_be16 & bpf_htons(PTP_FLAG_TWO_STEP);
	struct ebc_event_key key;
	__u8 stamp_source = EBC_STAMP_NONE;
	__u64 rx_mono_ns = now_mono_ns;
	int verdict;

	/* The offset of skb->tstamp is the daemon's to watch. */
	if (has_lease(ctl, now_mono_ns))
		stamp_source = receive_stamp(skb, ctl, now_mono_ns, &rx_mono_ns);
	if (stamp_source == EBC_STAMP_NONE) {
		stamp_source = EBC_STAMP_TC;
		if (is_event)
			count(port->port_index, EBC_COUNTER_RX_STAMP_REPLACED);
	}
	event_key(skb, &look->frame, &look->header, &key);
	if (ebc_is_monitor && is_event)
		remember(skb, port, &key, is_two_step, rx_mono_ns, now_mono_ns);
	else if (!ebc_is_monitor && is_carried(port, &look->frame) &&
		 was_seen(skb, port, &key, is_two_step, now_mono_ns))
		return ebc_consume_verdict;
	if (ctl->is_p2p) {
		verdict = end_here(skb, ctl, port, look, rx_mono_ns, stamp_source, now_mono_ns);
		if (verdict != TC_ACT_UNSPEC)
			return verdict;
	}
	if (!ebc_is_monitor && ctl->priority)
		skb->priority = ctl->priority;
	if (is_event || (is_answer && !ebc_is_monitor)) {
		can_change = is_correctable(skb, ctl, port, look);
		if (is_event && (can_change || ebc_is_monitor))
			mark_for_egress(skb, port, &key, rx_mono_ns);
		if (is_answer && can_change && !ebc_is_monitor)
			correct_answer(skb, ctl, port, look, &key, now_mono_ns);
		if (is_event && ctl->publish_stamps)
			publish_stamp(skb->ifindex, EBC_DIRECTION_RX, look->message_type, key.domain_number,
				      key.source_port_identity, key.sequence_id, rx_mono_ns, stamp_source);
	}
	verdict = forward(skb, ctl, port, &look->frame, &key, is_two_step, now_mono_ns);
	/* Last: what is carried has left by now. */
	observe(skb, ctl, port, look, rx_mono_ns, stamp_source, now_mono_ns);
	return verdict;
}

/* A frame that must not leak onward; a monitor lets it pass. */
static __always_inline int refuse(const struct ebc_port_conf *port, enum ebc_counter reason)
{
	if (ebc_is_monitor)
		return pass(port, EBC_COUNTER_RX_PASSED_TYPE);
	count(port->port_index, reason);
	return ebc_consume_verdict;
}

SEC("tc")
int ebc_ingress(struct __sk_buff *skb)
{
	const struct ebc_port_conf *port;
	const struct ebc_ctl *ctl;
	enum frame_kind kind;
	struct look look = {};
	__u64 now_mono_ns;

	kind = parse_frame(skb, &look.frame);
	if (kind == FRAME_OTHER)
		return TC_ACT_UNSPEC;
	now_mono_ns = bpf_ktime_get_ns();
	port = port_get(skb);
	ctl = ctl_get();
	if (!port || !ctl)
		return TC_ACT_UNSPEC;
	if (!has_lease(ctl, now_mono_ns) && !ctl->corrects_without_lease)
		return pass(port, EBC_COUNTER_RX_PASSED_LEASE);
	if (bpf_skb_load_bytes(skb, 0, look.frame.dst_mac, sizeof(look.frame.dst_mac)))
		return TC_ACT_UNSPEC;
	/* Perhaps not even PTP: left to the stack, as PTPv1 is. */
	if (kind == FRAME_FRAGMENT)
		return pass(port, EBC_COUNTER_RX_PASSED_FRAGMENT);
	if (look.frame.ptp_len >= 2 && bpf_skb_load_bytes(skb, look.frame.ptp_offset, &look.header, 2) == 0 &&
	    (look.header.minor_version_version & 0x0F) != PTP_VERSION)
		return pass(port, EBC_COUNTER_RX_PASSED_VERSION);
	/* Too short even for its header: whose it is cannot be told, and it must not leak onward. */
	if (look.frame.ptp_len < PTP_HEADER_LEN ||
	    bpf_skb_load_bytes(skb, look.frame.ptp_offset, &look.header, sizeof(look.header)))
		return refuse(port, EBC_COUNTER_RX_DROPPED_SHORT);
	look.message_type = look.header.major_sdo_id_message_type & 0x0F;
	look.message_len = bpf_ntohs(look.header.message_length_be16);
	if (!ebc_is_ours(header_sdo_id(&look.header), look.header.domain_number))
		return pass(port, EBC_COUNTER_RX_PASSED_DOMAIN);
	if (look.message_len < PTP_HEADER_LEN || look.message_len > look.frame.ptp_len)
		return refuse(port, EBC_COUNTER_RX_DROPPED_LENGTH);
	return enter(skb, ctl, port, &look, now_mono_ns);
}

/* --- egress --- */

/* Where an event message came in. */
struct passage {
	__u64 rx_mono_ns;
	__s64 add_sns;
	__u32 in_port_index;
};

static __always_inline bool find_passage(const struct __sk_buff *skb, const struct ebc_event_key *key,
					 __u64 now_mono_ns, struct passage *ret)
{
	__u32 hash = skb->hash, index = hash % EBC_RX_SLOTS;
	const struct ebc_rx_slot *slot = bpf_map_lookup_elem(&ebc_rx_slots, &index);
	const struct ebc_seen *seen;

	if (slot && (hash & 0xFFFF0000) == ebc_rx_mark && slot->hash == hash &&
	    is_same_message(&slot->key, key)) {
		ret->rx_mono_ns = slot->rx_mono_ns;
		ret->add_sns = slot->add_sns;
		ret->in_port_index = slot->in_port_index;
		return true;
	}
	/* A monitor also knows messages that some program took in and sent out again. */
	if (!ebc_is_monitor)
		return false;
	seen = bpf_map_lookup_elem(&ebc_seen, key);
	if (!seen || seen->ifindex == skb->ifindex || now_mono_ns - seen->tc_mono_ns > EBC_FOLLOW_MAX_AGE_NS)
		return false;
	ret->rx_mono_ns = seen->rx_mono_ns;
	ret->add_sns = 0;
	ret->in_port_index = seen->in_port_index;
	return true;
}

static __always_inline __u32 median_ns(const __u32 *values, __u32 n)
{
	__u32 median = 0;

#pragma unroll
	for (__u32 i = 0; i < EBC_QUEUE_RECENT; i++) {
		__u32 below = 0;

#pragma unroll
		for (__u32 j = 0; j < EBC_QUEUE_RECENT; j++)
			below += j < n && (values[j] < values[i] || (values[j] == values[i] && j < i));
		if (i < n && below == n / 2)
			median = values[i];
	}
	return median;
}

#define QUEUE_UNKNOWN (~0ULL)
#define QUEUE_IS_LONG (1ULL << 32)

/* What the port's queue lately added, ns, with QUEUE_IS_LONG; or QUEUE_UNKNOWN. Verified by itself. */
__noinline __u64 ebc_expected_queue(__u32 port_index, __u64 now_mono_ns)
{
	const struct ebc_queue *queue = bpf_map_lookup_elem(&ebc_queues, &port_index);
	__u32 n;

	if (!queue || !queue->n || now_mono_ns - queue->last_mono_ns > EBC_QUEUE_RECENT_AGE_NS)
		return QUEUE_UNKNOWN;
	n = queue->n < EBC_QUEUE_RECENT ? queue->n : EBC_QUEUE_RECENT;
	return median_ns(queue->to_stamp_ns, n) |
	       (median_ns(queue->to_start_ns, n) >= EBC_ONE_STEP_QUEUE_NS ? QUEUE_IS_LONG : 0);
}

/*
 * An event message that nothing follows: handed to the daemon for a follower of its own, or kept with what
 * the queue will probably add. True: converted.
 */
static __always_inline bool settle_one_step(struct __sk_buff *skb, const struct ebc_ctl *ctl,
					    const struct ebc_port_conf *port, const struct look *look,
					    __u64 now_mono_ns, __s64 *correction_sns)
{
	__u64 expected = ebc_expected_queue(port->port_index, now_mono_ns);

	/* Unknown is as good as long. */
	if (ctl->one_step != EBC_ONE_STEP_KEEP &&
	    (ctl->one_step == EBC_ONE_STEP_CONVERT || expected >= QUEUE_IS_LONG) &&
	    has_lease(ctl, now_mono_ns) && ctl->tx_stamp_source != EBC_STAMP_TC &&
	    look_at_tlvs(skb, &look->frame, body_len(look->message_type), look->message_len) !=
		    TLVS_AUTHENTICATION &&
	    copy_to_daemon(skb, look, port, EBC_RX_CONVERTED, now_mono_ns, EBC_STAMP_TC, now_mono_ns,
			   BPF_RB_NO_WAKEUP)) {
		count(port->port_index, EBC_COUNTER_TX_ONE_STEP_CONVERTED);
		return true;
	}
	if (expected != QUEUE_UNKNOWN)
		*correction_sns += scale_residence((__u32)expected, ctl);
	count(port->port_index, EBC_COUNTER_TX_ONE_STEP_KEPT);
	return false;
}

/* The tracepoint is to tell when the frame leaves. */
static __always_inline void mark_forwarded(struct __sk_buff *skb, const struct ebc_ctl *ctl,
					   const struct ebc_port_conf *port, const struct ebc_event_key *key,
					   const struct passage *passage, enum ebc_follower follower,
					   __u64 now_mono_ns)
{
	struct ebc_tx_slot *slot = tx_slot_take(skb);

	if (!slot)
		return;
	slot->record = (struct ebc_tx_record){
		.tc_mono_ns = now_mono_ns,
		.ifindex = skb->ifindex,
		.port_index = port->port_index,
		.stamp_source = ctl->tx_stamp_source,
	};
	slot->is_forwarded = 1;
	slot->follower = follower;
	slot->in_port_index = passage->in_port_index;
	slot->key = *key;
	slot->rx_mono_ns = passage->rx_mono_ns;
	if (!ebc_is_monitor && departure_begin(key, now_mono_ns))
		count(port->port_index, EBC_COUNTER_TX_DEPARTURE_EVICTED);
	bpf_set_hash(skb, slot->hash);
}

static __always_inline int forward_event(struct __sk_buff *skb, const struct ebc_ctl *ctl,
					 const struct ebc_port_conf *port, const struct look *look,
					 __u64 now_mono_ns)
{
	bool is_request = look->message_type == PTP_DELAY_REQ || look->message_type == PTP_PDELAY_REQ;
	bool is_two_step = look->header.flags_be16 & bpf_htons(PTP_FLAG_TWO_STEP);
	enum ebc_follower follower = EBC_FOLLOWER_NONE;
	struct passage passage;
	struct ebc_event_key key;
	__u64 residence_ns;
	__s64 add_sns;

	event_key(skb, &look->frame, &look->header, &key);
	if (!find_passage(skb, &key, now_mono_ns, &passage)) {
		count(port->port_index, EBC_COUNTER_TX_UNMARKED);
		return TC_ACT_UNSPEC;
	}
	residence_ns = now_mono_ns - passage.rx_mono_ns;
	if (residence_ns > EBC_RESIDENCE_MAX_NS) {
		count(port->port_index, EBC_COUNTER_TX_RANGE);
		return TC_ACT_UNSPEC;
	}
	key.ifindex = skb->ifindex;
	if (!ebc_is_monitor) {
		add_sns = scale_residence(residence_ns, ctl) + passage.add_sns +
			  ((__s64)port->egress_latency_ns << 16) -
			  (is_request ? port->delay_asymmetry_sns : 0);
		if (!is_in_range(&look->header, add_sns)) {
			count(port->port_index, EBC_COUNTER_TX_RANGE);
			return TC_ACT_UNSPEC;
		}
		if (!is_request && is_two_step)
			follower = EBC_FOLLOWER_COMES;
		else if (!is_request && settle_one_step(skb, ctl, port, look, now_mono_ns, &add_sns))
			follower = EBC_FOLLOWER_HELD;
		if (!add_correction(skb, &look->frame, &look->header, add_sns)) {
			count(port->port_index, EBC_COUNTER_TX_RANGE);
			return TC_ACT_UNSPEC;
		}
		if (follower == EBC_FOLLOWER_HELD)
			set_two_step(skb, &look->frame);
		count(port->port_index, EBC_COUNTER_TX_CORRECTED);
	}
	if (ctl->tx_stamp_source == EBC_STAMP_TC)
		record_residence(ctl, &key, passage.in_port_index, port->port_index, passage.rx_mono_ns,
				 now_mono_ns, EBC_QUEUED_UNKNOWN);
	else
		mark_forwarded(skb, ctl, port, &key, &passage, follower, now_mono_ns);
	return TC_ACT_UNSPEC;
}

/*
 * The event message has not left: the daemon takes the follower and sends it later. The mark comes before
 * the second look; see forwarded_left(), which does the same the other way round.
 */
static __always_inline int park(struct __sk_buff *skb, const struct ebc_ctl *ctl,
				const struct ebc_port_conf *port, const struct look *look,
				const struct ebc_event_key *key, struct ebc_departure *departure,
				__u64 now_mono_ns)
{
	__u64 left;

	if (!has_lease(ctl, now_mono_ns)) {
		count(port->port_index, EBC_COUNTER_TX_FOLLOWER_NO_LEASE);
		return TC_ACT_UNSPEC;
	}
	if (!copy_to_daemon(skb, look, port, EBC_RX_PARKED, now_mono_ns, EBC_STAMP_TC, now_mono_ns,
			    BPF_RB_NO_WAKEUP)) {
		count(port->port_index, EBC_COUNTER_TX_FOLLOWER_NOT_HELD);
		return TC_ACT_UNSPEC;
	}
	count(port->port_index, EBC_COUNTER_TX_FOLLOWER_PARKED);
	__sync_fetch_and_or(&departure->is_parked, 1);
	left = __sync_fetch_and_or(&departure->left, 0);
	if (left)
		departure_tell(ctl, port->port_index, key, departure->tc_mono_ns, left - 1);
	return ebc_consume_verdict;
}

static __always_inline int forward_follower(struct __sk_buff *skb, const struct ebc_ctl *ctl,
					    const struct ebc_port_conf *port, const struct look *look,
					    __u64 now_mono_ns)
{
	struct ebc_departure *departure;
	struct ebc_event_key key;

	if (!is_correctable(skb, ctl, port, look))
		return TC_ACT_UNSPEC;
	event_key(skb, &look->frame, &look->header, &key);
	key.message_type = look->message_type == PTP_FOLLOW_UP ? PTP_SYNC : PTP_PDELAY_RESP;
	key.ifindex = skb->ifindex;
	departure = departure_find(&key, now_mono_ns);
	if (!departure) {
		count(port->port_index, EBC_COUNTER_TX_FOLLOWER_UNMATCHED);
		return TC_ACT_UNSPEC;
	}
	if (!departure->left)
		return park(skb, ctl, port, look, &key, departure, now_mono_ns);
	departure->is_answered = 1;
	count(port->port_index,
	      add_correction(skb, &look->frame, &look->header, scale_residence(departure->left - 1, ctl))
		      ? EBC_COUNTER_TX_FOLLOWER_CORRECTED
		      : EBC_COUNTER_TX_RANGE);
	return TC_ACT_UNSPEC;
}

/* The daemon's own frames are complete; its event frames want a stamp. */
static __always_inline bool is_own_frame(struct __sk_buff *skb, const struct ebc_ctl *ctl)
{
	__u64 cookie = bpf_get_socket_cookie(skb);

	return cookie && cookie == ctl->tx_socket_cookie;
}

static __always_inline int leave(struct __sk_buff *skb, const struct ebc_ctl *ctl,
				 const struct ebc_port_conf *port, const struct look *look, __u64 now_mono_ns)
{
	switch (look->message_type) {
	case PTP_SYNC:
	case PTP_DELAY_REQ:
	case PTP_PDELAY_REQ:
	case PTP_PDELAY_RESP:
		return forward_event(skb, ctl, port, look, now_mono_ns);
	case PTP_FOLLOW_UP:
	case PTP_PDELAY_RESP_FOLLOW_UP:
		return ebc_is_monitor ? TC_ACT_UNSPEC : forward_follower(skb, ctl, port, look, now_mono_ns);
	case PTP_ANNOUNCE:
		if (!ebc_is_monitor && ctl->counts_steps && is_correctable(skb, ctl, port, look) &&
		    look_at_tlvs(skb, &look->frame, body_len(PTP_ANNOUNCE), look->message_len) !=
			    TLVS_AUTHENTICATION) /* whatever is mutable there, this is not */
			add_step(skb, &look->frame);
		return TC_ACT_UNSPEC;
	default:
		return TC_ACT_UNSPEC;
	}
}

SEC("tc")
int ebc_egress(struct __sk_buff *skb)
{
	const struct ebc_port_conf *port;
	struct ebc_event_key key;
	const struct ebc_ctl *ctl;
	struct look look = {};
	__u64 now_mono_ns;

	if (parse_frame(skb, &look.frame) != FRAME_PTP)
		return TC_ACT_UNSPEC;
	now_mono_ns = bpf_ktime_get_ns();
	port = port_get(skb);
	ctl = ctl_get();
	if (!port || !ctl || look.frame.ptp_len < PTP_HEADER_LEN ||
	    bpf_skb_load_bytes(skb, look.frame.ptp_offset, &look.header, sizeof(look.header)) ||
	    (look.header.minor_version_version & 0x0F) != PTP_VERSION)
		return TC_ACT_UNSPEC;
	if (is_own_frame(skb, ctl)) {
		/* Made here, so never seen to come in: a ring must not bring it back as something new. */
		if (!ebc_is_monitor) {
			event_key(skb, &look.frame, &look.header, &key);
			remember(skb, port, &key, false, now_mono_ns, now_mono_ns);
		}
		own_frame(skb, ctl, port, &look.header);
		return TC_ACT_UNSPEC;
	}
	if (!has_lease(ctl, now_mono_ns) && !ctl->corrects_without_lease)
		return TC_ACT_UNSPEC;
	if (!ebc_is_ours(header_sdo_id(&look.header), look.header.domain_number))
		return TC_ACT_UNSPEC;
	look.message_type = look.header.major_sdo_id_message_type & 0x0F;
	look.message_len = bpf_ntohs(look.header.message_length_be16);
	if (look.message_len < PTP_HEADER_LEN || look.message_len > look.frame.ptp_len)
		return TC_ACT_UNSPEC;
	/* Here once more: routing chooses a priority of its own. */
	if (!ebc_is_monitor && ctl->priority)
		skb->priority = ctl->priority;
	return leave(skb, ctl, port, &look, now_mono_ns);
}

char ebc_license[] SEC("license") = "GPL";
