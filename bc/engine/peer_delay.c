// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Peer delay. As initiator one request is under way at a time; what answers it comes in any order, and counts
 * only when no second neighbour answered too. As responder the last requests are kept in a ring until
 * the stamp of their answer comes, and a while longer to know duplicates.
 */
#include "bc/engine/peer_delay.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bc/engine/engine_private.h"
#include "bc/engine/neighbor_rate.h"

#define MAX_ACTIONS	32
#define MAX_RX_REQUESTS 16
/* The first request after the link came up is spread over at most this. */
#define FIRST_SPREAD_MAX_NS NSEC_PER_SEC
/* A complete answer waits so long for a second one, which would spoil it. */
#define SETTLE_MAX_NS (50 * NSEC_PER_MSEC)
/* A longer way there and back, or stay at the neighbour, is nonsense. */
#define SPAN_MAX_NS NSEC_PER_SEC
/* Larger than any delayAsymmetry, which comes back in it. */
#define CORRECTION_MAX_SNS ((4 * NSEC_PER_SEC) << 16)
/* So many requests in a row with one answer: there is one neighbour again. */
#define SOLE_ANSWERS_TO_CLEAR 3
/* Without a measurement for longer, the neighbour's clock may have been anything. */
#define RATE_GAP_REQUESTS 8

enum request_state {
	REQUEST_NONE, /* none sent since the link came up */
	REQUEST_OPEN,
	REQUEST_SETTLING, /* answered; taken unless a second answer comes */
	REQUEST_MEASURED,
	REQUEST_REFUSED,
	REQUEST_AMBIGUOUS, /* several neighbours answered */
};

/* Our last Pdelay_Req and what came of it. */
struct tx_request {
	enum request_state state;
	uint16_t sequence_id;
	bool has_t1, has_responder, has_resp, has_follow_up, is_two_step;
	struct ptp_port_identity responder;
	uint64_t t1_mono_ns, t4_mono_ns;
	int64_t t2_ns, t3_ns; /* of the neighbour's clock */
	int64_t resp_correction_sns, follow_up_correction_sns;
	uint64_t settle_deadline;
};

/* A neighbour's Pdelay_Req. */
struct rx_request {
	bool is_used, is_waiting; /* for the stamp of our Pdelay_Resp */
	bool is_unicast;
	uint8_t domain_number;
	uint16_t sdo_id, sequence_id;
	struct ptp_port_identity source;
	struct bc_address address;
	int64_t correction_sns;
	uint64_t t2_mono_ns, received_mono_ns;
};

/* All that a link that went down takes along. */
struct link_data {
	bool is_up;
	uint64_t request_deadline;
	struct tx_request request;
	struct rx_request rx_requests[MAX_RX_REQUESTS]; /* ring */
	size_t next_rx_request;
	struct bc_neighbor_rate rate;

	bool has_delay, is_within_thresholds, has_rate;
	int64_t mean_link_delay_ns, last_delay_ns;
	uint64_t n_measured, last_mono_ns;
	struct ptp_port_identity neighbor;
	unsigned int n_unmeasured; /* requests since the last measurement */
	bool has_several_responders;
	unsigned int n_sole_answers; /* requests since several neighbours answered one */

	struct bc_action actions[MAX_ACTIONS]; /* ring */
	size_t n_actions, first_action;
};

struct bc_peer_delay {
	struct bc_peer_delay_config config;
	uint64_t random;
	uint16_t sequence_id;
	struct bc_delay_filter *filter;
	uint64_t counters[BC_PEER_DELAY_COUNTER_MAX];
	struct link_data link;
};

static void count(struct bc_peer_delay *pd, enum bc_peer_delay_counter counter)
{
	pd->counters[counter]++;
}

const char *bc_peer_delay_counter_name(enum bc_peer_delay_counter counter)
{
	static const char *const names[] = {
#define X(id, name) [BC_PEER_DELAY_COUNTER_##id] = name,
		BC_PEER_DELAY_COUNTERS(X)
#undef X
	};

	return (size_t)counter < ARRAY_SIZE(names) ? names[counter] : "unknown";
}

static bool is_32_bits(int64_t ns)
{
	return ns >= INT32_MIN && ns <= INT32_MAX;
}

int bc_peer_delay_new(const struct bc_peer_delay_config *config, struct bc_peer_delay **ret_peer_delay)
{
	struct bc_peer_delay *pd;
	int r;

	if (config->identity.port_number == 0 || config->sdo_id > 0xfff || config->minor_version > 0xf ||
	    !is_32_bits(config->ingress_latency_ns) || !is_32_bits(config->egress_latency_ns) ||
	    !is_32_bits(config->delay_asymmetry_ns))
		return -EINVAL;
	pd = calloc(1, sizeof(*pd));
	if (!pd)
		return -ENOMEM;
	r = bc_delay_filter_new(config->delay_filter, config->delay_filter_length, &pd->filter);
	if (r < 0) {
		free(pd);
		return r;
	}
	pd->config = *config;
	/* Ports of a clock share its seed, and still are not to ask all at once. */
	pd->random = config->seed + config->identity.port_number;
	*ret_peer_delay = pd;
	return 0;
}

void bc_peer_delay_free(struct bc_peer_delay *peer_delay)
{
	if (!peer_delay)
		return;
	bc_delay_filter_free(peer_delay->filter);
	free(peer_delay);
}

/* splitmix64 (Steele, Lea, Flood 2014): spreads messages in time, protects nothing. */
static uint64_t random_below(struct bc_peer_delay *pd, uint64_t below)
{
	uint64_t x = pd->random += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return (x ^ x >> 31) % below;
}

static uint64_t interval_ns(const struct bc_peer_delay *pd)
{
	return bc_interval_ns(pd->config.log_min_pdelay_req_interval);
}

/* Multicast unless `unicast_to`. */
static bool queue(struct bc_peer_delay *pd, const struct bc_msg *msg, const struct bc_address *unicast_to)
{
	struct link_data *link = &pd->link;
	struct bc_action *action;

	if (link->n_actions == MAX_ACTIONS) {
		count(pd, BC_PEER_DELAY_COUNTER_ACTION_LOST);
		return false;
	}
	action = &link->actions[(link->first_action + link->n_actions++) % MAX_ACTIONS];
	memset(action, 0, sizeof(*action));
	action->type = BC_ACTION_SEND;
	action->port = pd->config.identity.port_number - 1u;
	action->send.is_event = PTP_IS_EVENT(msg->type);
	action->send.message_type = msg->type;
	action->send.sequence_id = msg->sequence_id;
	if (unicast_to) {
		action->send.is_unicast = true;
		action->send.destination = *unicast_to;
	}
	action->send.len = (uint8_t)bc_msg_write(msg, action->send.message);
	return true;
}

bool bc_peer_delay_pop_action(struct bc_peer_delay *peer_delay, struct bc_action *ret_action)
{
	struct link_data *link = &peer_delay->link;

	if (link->n_actions == 0)
		return false;
	*ret_action = link->actions[link->first_action];
	link->first_action = (link->first_action + 1) % MAX_ACTIONS;
	link->n_actions--;
	return true;
}

/* --- initiator --- */

static void forget_neighbor(struct bc_peer_delay *pd)
{
	bc_delay_filter_reset(pd->filter);
	pd->link.rate = (struct bc_neighbor_rate){};
	pd->link.has_rate = false;
}

static bool is_within(int64_t value, int64_t limit)
{
	return value >= -limit && value <= limit;
}

/* How long our request stayed at the neighbour and on the way, in its clock. False: cannot be. */
static bool turnaround_sns(const struct bc_peer_delay *pd, int64_t *ret_sns)
{
	const struct tx_request *request = &pd->link.request;
	int64_t stay_ns = 0, correction_sns = request->resp_correction_sns, sns;

	if (!is_within(request->resp_correction_sns, CORRECTION_MAX_SNS) ||
	    !is_within(request->follow_up_correction_sns, CORRECTION_MAX_SNS))
		return false;
	/* With one step the stay is in the correctionField. */
	if (request->is_two_step) {
		stay_ns = request->t3_ns - request->t2_ns;
		correction_sns += request->follow_up_correction_sns;
	}
	if (!is_within(stay_ns, SPAN_MAX_NS))
		return false;
	/* 11.6.4: our request's correctionField, which comes back here, had the asymmetry taken off. */
	sns = (stay_ns + pd->config.delay_asymmetry_ns) * (1 << 16) + correction_sns;
	if (!is_within(sns, SPAN_MAX_NS << 16))
		return false;
	*ret_sns = sns;
	return true;
}

/* A neighbour that tells only how long it took, in a correctionField, leaves its time stamps 0. */
static bool has_neighbor_time(const struct tx_request *request)
{
	return request->is_two_step && request->t2_ns != 0 && request->t3_ns != 0;
}

static bool is_within_thresholds(const struct bc_peer_delay *pd)
{
	return pd->link.mean_link_delay_ns <= pd->config.neighbor_prop_delay_thresh_ns &&
	       pd->link.mean_link_delay_ns >= pd->config.min_neighbor_prop_delay_ns;
}

static void use_delay(struct bc_peer_delay *pd, int64_t delay_ns)
{
	struct link_data *link = &pd->link;

	link->mean_link_delay_ns = bc_delay_filter_sample(pd->filter, delay_ns);
	link->last_delay_ns = delay_ns;
	link->last_mono_ns = link->request.t4_mono_ns;
	link->n_measured++;
	link->has_delay = true;
	link->n_unmeasured = 0;
	link->is_within_thresholds = is_within_thresholds(pd);
	if (!link->is_within_thresholds)
		count(pd, BC_PEER_DELAY_COUNTER_OUT_OF_RANGE);
}

/* 11.4.3: half of what is left of the way there and back without the stay at the neighbour. */
static void measure(struct bc_peer_delay *pd)
{
	struct link_data *link = &pd->link;
	struct tx_request *request = &link->request;
	int64_t span_ns = (int64_t)(request->t4_mono_ns - request->t1_mono_ns), stay_sns;

	request->settle_deadline = NEVER;
	if (span_ns < 0 || span_ns > SPAN_MAX_NS || !turnaround_sns(pd, &stay_sns)) {
		request->state = REQUEST_REFUSED;
		count(pd, BC_PEER_DELAY_COUNTER_OUT_OF_RANGE);
		return;
	}
	request->state = REQUEST_MEASURED;
	if (!link->has_delay || !bc_port_identity_equal(&link->neighbor, &request->responder))
		forget_neighbor(pd);
	link->neighbor = request->responder;

	if (link->n_unmeasured > RATE_GAP_REQUESTS)
		bc_neighbor_rate_restart(&link->rate);
	if (has_neighbor_time(request))
		bc_neighbor_rate_sample(&link->rate, request->t2_ns + (stay_sns >> 16), request->t4_mono_ns);
	link->has_rate |= link->rate.n_samples >= BC_NEIGHBOR_RATE_SAMPLES_MIN;
	stay_sns -= llround((double)stay_sns * link->rate.offset / (1.0 + link->rate.offset));
	use_delay(pd, ((span_ns << 16) - stay_sns + (1 << 16)) >> 17);
}

/* The last request is over: what did not come is lost. */
static void close_request(struct bc_peer_delay *pd)
{
	struct link_data *link = &pd->link;
	struct tx_request *request = &link->request;

	if (request->state == REQUEST_NONE)
		return;
	if (request->state == REQUEST_SETTLING)
		measure(pd);
	if (request->state == REQUEST_OPEN)
		count(pd, request->has_t1 ? BC_PEER_DELAY_COUNTER_LOST : BC_PEER_DELAY_COUNTER_STAMP_MISSING);
	if (request->state != REQUEST_MEASURED && link->n_unmeasured < UINT32_MAX)
		link->n_unmeasured++;
	if (request->has_responder && request->state != REQUEST_AMBIGUOUS && link->has_several_responders &&
	    ++link->n_sole_answers >= SOLE_ANSWERS_TO_CLEAR)
		link->has_several_responders = false;
}

static void send_request(struct bc_peer_delay *pd)
{
	const struct bc_peer_delay_config *config = &pd->config;
	const struct bc_msg msg = {
		.type = PTP_PDELAY_REQ,
		.minor_version = config->minor_version,
		.sdo_id = config->sdo_id,
		.domain_number = config->domain_number,
		.correction_sns = -config->delay_asymmetry_ns * (1 << 16),
		.source = config->identity,
		.sequence_id = pd->sequence_id,
		.log_message_interval = 0x7f,
	};

	close_request(pd);
	pd->link.request = (struct tx_request){.settle_deadline = NEVER};
	if (!queue(pd, &msg, NULL))
		return;
	pd->link.request.state = REQUEST_OPEN;
	pd->link.request.sequence_id = pd->sequence_id++;
	count(pd, BC_PEER_DELAY_COUNTER_TX_REQ);
}

static void settle_if_complete(struct bc_peer_delay *pd, uint64_t now_mono_ns)
{
	struct tx_request *request = &pd->link.request;

	if (request->state != REQUEST_OPEN || !request->has_t1 || !request->has_resp ||
	    (request->is_two_step && !request->has_follow_up))
		return;
	request->state = REQUEST_SETTLING;
	request->settle_deadline = now_mono_ns + MIN(interval_ns(pd) / 2, (uint64_t)SETTLE_MAX_NS);
}

/* Another neighbour answered the same request: which one is at the other end cannot be told. */
static bool is_sole_responder(struct bc_peer_delay *pd, const struct ptp_port_identity *source)
{
	struct link_data *link = &pd->link;
	struct tx_request *request = &link->request;

	if (!request->has_responder) {
		request->has_responder = true;
		request->responder = *source;
	}
	if (bc_port_identity_equal(&request->responder, source))
		return true;
	if (request->state != REQUEST_AMBIGUOUS)
		count(pd, BC_PEER_DELAY_COUNTER_SEVERAL_RESPONDERS);
	request->state = REQUEST_AMBIGUOUS;
	request->settle_deadline = NEVER;
	link->has_several_responders = true;
	link->n_sole_answers = 0;
	return false;
}

/* True: it belongs to the open request. */
static bool is_awaited(struct bc_peer_delay *pd, const struct bc_msg *msg)
{
	struct tx_request *request = &pd->link.request;

	if (msg->domain_number != pd->config.domain_number ||
	    !bc_port_identity_equal(&msg->requesting, &pd->config.identity)) {
		count(pd, BC_PEER_DELAY_COUNTER_IGNORED);
		return false;
	}
	if (request->state == REQUEST_NONE || msg->sequence_id != request->sequence_id) {
		count(pd, BC_PEER_DELAY_COUNTER_UNMATCHED);
		return false;
	}
	if (!is_sole_responder(pd, &msg->source) || request->state == REQUEST_AMBIGUOUS)
		return false;
	if (request->state != REQUEST_OPEN ||
	    (msg->type == PTP_PDELAY_RESP ? request->has_resp : request->has_follow_up)) {
		count(pd, BC_PEER_DELAY_COUNTER_UNMATCHED);
		return false;
	}
	return true;
}

static void receive_resp(struct bc_peer_delay *pd, const struct bc_msg *msg, const struct bc_rx *rx,
			 uint64_t now_mono_ns)
{
	struct tx_request *request = &pd->link.request;

	if (!is_awaited(pd, msg))
		return;
	request->has_resp = true;
	request->t4_mono_ns = rx->stamp_mono_ns - (uint64_t)pd->config.ingress_latency_ns;
	request->resp_correction_sns = msg->correction_sns;
	request->is_two_step = msg->flags & PTP_FLAG_TWO_STEP;
	request->t2_ns = msg->timestamp_ns;
	settle_if_complete(pd, now_mono_ns);
}

static void receive_resp_follow_up(struct bc_peer_delay *pd, const struct bc_msg *msg, uint64_t now_mono_ns)
{
	struct tx_request *request = &pd->link.request;

	if (!is_awaited(pd, msg))
		return;
	request->has_follow_up = true;
	request->t3_ns = msg->timestamp_ns;
	request->follow_up_correction_sns = msg->correction_sns;
	settle_if_complete(pd, now_mono_ns);
}

/* --- responder --- */

/* What both messages of our answer have in common. */
static struct bc_msg answer_to(const struct bc_peer_delay *pd, const struct rx_request *request, uint8_t type,
			       uint64_t stamp_mono_ns)
{
	return (struct bc_msg){
		.type = type,
		.minor_version = pd->config.minor_version,
		.sdo_id = request->sdo_id,
		.domain_number = request->domain_number,
		.flags = request->is_unicast ? PTP_FLAG_UNICAST : 0,
		.source = pd->config.identity,
		.sequence_id = request->sequence_id,
		.log_message_interval = 0x7f,
		.timestamp_ns = (int64_t)stamp_mono_ns,
		.requesting = request->source,
	};
}

static bool queue_answer(struct bc_peer_delay *pd, const struct rx_request *request, const struct bc_msg *msg)
{
	return queue(pd, msg, request->is_unicast ? &request->address : NULL);
}

static bool is_duplicate(const struct bc_peer_delay *pd, const struct bc_msg *msg, uint64_t now_mono_ns)
{
	for (size_t i = 0; i < MAX_RX_REQUESTS; i++) {
		const struct rx_request *known = &pd->link.rx_requests[i];

		if (known->is_used && known->sequence_id == msg->sequence_id &&
		    known->domain_number == msg->domain_number &&
		    bc_port_identity_equal(&known->source, &msg->source) &&
		    now_mono_ns - known->received_mono_ns < BC_PENDING_MAX_AGE_NS)
			return true;
	}
	return false;
}

static void receive_req(struct bc_peer_delay *pd, const struct bc_msg *msg, const struct bc_rx *rx,
			uint64_t now_mono_ns)
{
	const struct rx_request request = {
		.is_used = true,
		.is_waiting = true,
		.is_unicast = msg->flags & PTP_FLAG_UNICAST,
		.domain_number = msg->domain_number,
		.sdo_id = msg->sdo_id,
		.sequence_id = msg->sequence_id,
		.source = msg->source,
		.address = rx->source,
		.correction_sns = msg->correction_sns,
		.t2_mono_ns = rx->stamp_mono_ns - (uint64_t)pd->config.ingress_latency_ns,
		.received_mono_ns = now_mono_ns,
	};
	struct rx_request *slot = &pd->link.rx_requests[pd->link.next_rx_request];
	struct bc_msg resp = answer_to(pd, &request, PTP_PDELAY_RESP, request.t2_mono_ns);

	if (is_duplicate(pd, msg, now_mono_ns)) {
		count(pd, BC_PEER_DELAY_COUNTER_DUPLICATE);
		return;
	}
	resp.flags |= PTP_FLAG_TWO_STEP;
	if (!queue_answer(pd, &request, &resp))
		return;
	count(pd, BC_PEER_DELAY_COUNTER_TX_RESP);
	if (slot->is_waiting)
		count(pd, BC_PEER_DELAY_COUNTER_EVICTED);
	*slot = request;
	pd->link.next_rx_request = (pd->link.next_rx_request + 1) % MAX_RX_REQUESTS;
}

/*
 * The oldest request with this sequenceId that waits, and came before its answer left: two neighbours may
 * use the same one, and frames leave in order. NULL: none.
 */
static struct rx_request *waiting_for(struct bc_peer_delay *pd, uint16_t sequence_id, uint64_t t3_mono_ns)
{
	for (size_t i = 0; i < MAX_RX_REQUESTS; i++) {
		struct rx_request *request =
			&pd->link.rx_requests[(pd->link.next_rx_request + i) % MAX_RX_REQUESTS];

		if (request->is_waiting && request->sequence_id == sequence_id &&
		    (int64_t)(t3_mono_ns - request->t2_mono_ns) >= 0)
			return request;
	}
	return NULL;
}

static bool resp_left(struct bc_peer_delay *pd, uint16_t sequence_id, uint64_t t3_mono_ns)
{
	struct rx_request *request = waiting_for(pd, sequence_id, t3_mono_ns);
	struct bc_msg follow_up;

	if (!request)
		return false;
	request->is_waiting = false;
	/* 11.4.2: the request's correctionField goes back with the second message. */
	follow_up = answer_to(pd, request, PTP_PDELAY_RESP_FOLLOW_UP, t3_mono_ns);
	follow_up.correction_sns = request->correction_sns;
	if (queue_answer(pd, request, &follow_up))
		count(pd, BC_PEER_DELAY_COUNTER_TX_RESP_FOLLOW_UP);
	return true;
}

static void expire_rx_requests(struct bc_peer_delay *pd, uint64_t now_mono_ns)
{
	for (size_t i = 0; i < MAX_RX_REQUESTS; i++) {
		struct rx_request *request = &pd->link.rx_requests[i];

		if (!request->is_waiting || now_mono_ns - request->received_mono_ns < BC_PENDING_MAX_AGE_NS)
			continue;
		request->is_waiting = false;
		count(pd, BC_PEER_DELAY_COUNTER_STAMP_MISSING);
	}
}

/* --- a predecessor --- */

static bool measures_the_same(const struct bc_peer_delay_config *a, const struct bc_peer_delay_config *b)
{
	return a->transport == b->transport && a->stamping == b->stamping &&
	       a->ingress_latency_ns == b->ingress_latency_ns &&
	       a->egress_latency_ns == b->egress_latency_ns &&
	       a->delay_asymmetry_ns == b->delay_asymmetry_ns && a->delay_filter == b->delay_filter &&
	       a->delay_filter_length == b->delay_filter_length && a->is_silent == b->is_silent;
}

void bc_peer_delay_inherit(struct bc_peer_delay *peer_delay, const struct bc_peer_delay *old)
{
	struct link_data *link = &peer_delay->link;

	peer_delay->sequence_id = old->sequence_id;
	if (!measures_the_same(&peer_delay->config, &old->config))
		return;
	*link = old->link;
	link->is_up = false;
	/* What was under way is lost. */
	link->request = (struct tx_request){};
	memset(link->rx_requests, 0, sizeof(link->rx_requests));
	link->n_actions = 0;
	link->is_within_thresholds = is_within_thresholds(peer_delay);
	bc_delay_filter_copy(peer_delay->filter, old->filter);
}

/* --- inputs --- */

/* Refuses, and counts, what is none of our business whatever its type. */
static bool is_acceptable(struct bc_peer_delay *pd, const struct bc_msg *msg, const struct bc_rx *rx,
			  uint64_t now_mono_ns)
{
	enum bc_peer_delay_counter reason;

	if (!pd->link.is_up)
		reason = BC_PEER_DELAY_COUNTER_NO_LINK;
	else if (rx->transport != pd->config.transport || msg->sdo_id != pd->config.sdo_id)
		reason = BC_PEER_DELAY_COUNTER_IGNORED;
	else if (bc_port_identity_equal(&msg->source, &pd->config.identity))
		reason = BC_PEER_DELAY_COUNTER_OWN;
	else if (PTP_IS_EVENT(msg->type) && !rx->has_stamp)
		reason = BC_PEER_DELAY_COUNTER_NO_STAMP;
	else if (rx->has_stamp && (int64_t)(now_mono_ns - rx->stamp_mono_ns) > NSEC_PER_SEC)
		reason = BC_PEER_DELAY_COUNTER_STALE;
	else
		return true;
	count(pd, reason);
	return false;
}

void bc_peer_delay_handle_rx(struct bc_peer_delay *peer_delay, const struct bc_rx *rx, uint64_t now_mono_ns)
{
	struct bc_msg msg;

	if (bc_msg_parse(rx->message, rx->len, &msg) != BC_MSG_OK) {
		count(peer_delay, BC_PEER_DELAY_COUNTER_REFUSED);
		return;
	}
	if (!is_acceptable(peer_delay, &msg, rx, now_mono_ns))
		return;

	switch (msg.type) {
	case PTP_PDELAY_REQ:
		count(peer_delay, BC_PEER_DELAY_COUNTER_RX_REQ);
		receive_req(peer_delay, &msg, rx, now_mono_ns);
		break;
	case PTP_PDELAY_RESP:
		count(peer_delay, BC_PEER_DELAY_COUNTER_RX_RESP);
		receive_resp(peer_delay, &msg, rx, now_mono_ns);
		break;
	case PTP_PDELAY_RESP_FOLLOW_UP:
		count(peer_delay, BC_PEER_DELAY_COUNTER_RX_RESP_FOLLOW_UP);
		receive_resp_follow_up(peer_delay, &msg, now_mono_ns);
		break;
	default:
		count(peer_delay, BC_PEER_DELAY_COUNTER_IGNORED);
		break;
	}
}

static bool req_left(struct bc_peer_delay *pd, uint16_t sequence_id, uint64_t t1_mono_ns,
		     uint64_t now_mono_ns)
{
	struct tx_request *request = &pd->link.request;

	if (request->state == REQUEST_NONE || request->has_t1 || request->sequence_id != sequence_id)
		return false;
	request->has_t1 = true;
	request->t1_mono_ns = t1_mono_ns;
	settle_if_complete(pd, now_mono_ns);
	return true;
}

void bc_peer_delay_handle_tx_stamp(struct bc_peer_delay *peer_delay, uint8_t message_type,
				   uint16_t sequence_id, uint64_t stamp_mono_ns, uint64_t now_mono_ns)
{
	bool is_known = false;

	stamp_mono_ns += (uint64_t)peer_delay->config.egress_latency_ns;
	if (message_type == PTP_PDELAY_REQ)
		is_known = req_left(peer_delay, sequence_id, stamp_mono_ns, now_mono_ns);
	else if (message_type == PTP_PDELAY_RESP)
		is_known = resp_left(peer_delay, sequence_id, stamp_mono_ns);
	if (!is_known)
		count(peer_delay, BC_PEER_DELAY_COUNTER_STAMP_UNMATCHED);
}

void bc_peer_delay_handle_timer(struct bc_peer_delay *peer_delay, uint64_t now_mono_ns)
{
	struct link_data *link = &peer_delay->link;

	if (!link->is_up)
		return;
	expire_rx_requests(peer_delay, now_mono_ns);
	if (now_mono_ns >= link->request.settle_deadline)
		measure(peer_delay);
	if (now_mono_ns < link->request_deadline)
		return;
	send_request(peer_delay);
	link->request_deadline += interval_ns(peer_delay);
	if (link->request_deadline <= now_mono_ns) /* what was missed is not sent late */
		link->request_deadline = now_mono_ns + interval_ns(peer_delay);
}

void bc_peer_delay_handle_link(struct bc_peer_delay *peer_delay, enum bc_link_state state,
			       uint64_t now_mono_ns)
{
	bool is_up = state == BC_LINK_UP;
	struct link_data *link = &peer_delay->link;
	uint64_t spread_ns = MIN(interval_ns(peer_delay), (uint64_t)FIRST_SPREAD_MAX_NS);

	if (!is_up)
		memset(link, 0, sizeof(*link));
	if (!is_up || link->is_up)
		return;
	link->is_up = true;
	link->request.settle_deadline = NEVER;
	link->request_deadline =
		peer_delay->config.is_silent ? NEVER : now_mono_ns + random_below(peer_delay, spread_ns);
}

void bc_peer_delay_set_corrections(struct bc_peer_delay *peer_delay, int64_t ingress_latency_ns,
				   int64_t egress_latency_ns, int64_t delay_asymmetry_ns)
{
	peer_delay->config.ingress_latency_ns = ingress_latency_ns;
	peer_delay->config.egress_latency_ns = egress_latency_ns;
	peer_delay->config.delay_asymmetry_ns = delay_asymmetry_ns;
}

void bc_peer_delay_set_threshold(struct bc_peer_delay *peer_delay, int64_t neighbor_prop_delay_thresh_ns)
{
	peer_delay->config.neighbor_prop_delay_thresh_ns = neighbor_prop_delay_thresh_ns;
}

void bc_peer_delay_set_interval(struct bc_peer_delay *peer_delay, int8_t log_interval)
{
	peer_delay->config.log_min_pdelay_req_interval = log_interval;
}

uint64_t bc_peer_delay_next_deadline_mono_ns(const struct bc_peer_delay *peer_delay)
{
	const struct link_data *link = &peer_delay->link;
	uint64_t next;

	if (!link->is_up)
		return NEVER;
	next = MIN(link->request_deadline, link->request.settle_deadline);
	for (size_t i = 0; i < MAX_RX_REQUESTS; i++)
		if (link->rx_requests[i].is_waiting)
			next = MIN(next, link->rx_requests[i].received_mono_ns + BC_PENDING_MAX_AGE_NS);
	return next;
}

void bc_peer_delay_status(const struct bc_peer_delay *peer_delay, struct bc_peer_delay_status *ret_status)
{
	const struct link_data *link = &peer_delay->link;
	bool is_missing = link->n_unmeasured > peer_delay->config.allowed_lost_responses ||
			  (link->has_delay && !link->is_within_thresholds);

	*ret_status = (struct bc_peer_delay_status){
		.is_valid = link->has_delay && !is_missing,
		.is_missing = is_missing,
		.has_several_responders = link->has_several_responders,
		.mean_link_delay_ns = link->mean_link_delay_ns,
		.neighbor = link->neighbor,
		.neighbor_rate_offset = link->rate.offset,
		.has_neighbor_rate = link->has_rate,
		.is_within_thresholds = link->has_delay && link->is_within_thresholds,
		.n_measured = link->n_measured,
		.last_delay_ns = link->last_delay_ns,
		.last_mono_ns = link->last_mono_ns,
	};
}

uint64_t bc_peer_delay_count(const struct bc_peer_delay *peer_delay, enum bc_peer_delay_counter counter)
{
	return peer_delay->counters[counter];
}
