/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A peer delay mechanism on a bench: virtual time, and a neighbour whose every field the test chooses. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "bc/engine/peer_delay.h"
#include "util/macros.h"

/* The neighbour's time at the bench's start; the bench's own is 1000 s. */
#define BENCH_EPOCH_NS	      (1700000000LL * NSEC_PER_SEC)
#define BENCH_START_MONO_NS   (uint64_t)(1000 * NSEC_PER_SEC)
#define assert_ns_equal(a, b) assert_true((int64_t)(a) == (int64_t)(b))

struct bench {
	struct bc_peer_delay_config config;
	struct bc_peer_delay *pd;
	uint64_t now_mono_ns;
	uint16_t sequence_id; /* of the last Pdelay_Req */
};

/* A neighbour's way of answering: when, and with what in its messages. */
struct bench_answer {
	struct ptp_port_identity source;
	int64_t delay_out_ns, stay_ns, delay_back_ns; /* true ones */
	int64_t step_ns;			      /* of its clock */
	double rate_offset;			      /* of its clock */
	bool is_one_step, has_no_time;
	int64_t resp_correction_sns, follow_up_correction_sns;
	/* Filled by bench_answer_messages(). */
	struct bc_msg resp, follow_up;
	uint64_t t1_mono_ns, t4_mono_ns;
};

static const struct ptp_port_identity bench_own = {{1, 2, 3, 0xff, 0xfe, 4, 5, 6}, 3};
static const struct ptp_port_identity bench_neighbor = {{0xa, 0xb, 0xc, 0xff, 0xfe, 0xd, 0xe, 0xf}, 1};
static const struct ptp_port_identity bench_stranger = {{0xa, 0xb, 0xc, 0xff, 0xfe, 0xd, 0xe, 0xf}, 2};

static inline struct bc_peer_delay_config bench_config(void)
{
	return (struct bc_peer_delay_config){
		.identity = bench_own,
		.minor_version = 1,
		.domain_number = 5,
		.transport = EBC_TRANSPORT_IEEE_802_3,
		.neighbor_prop_delay_thresh_ns = 20 * NSEC_PER_MSEC,
		.min_neighbor_prop_delay_ns = -20 * NSEC_PER_MSEC,
		.allowed_lost_responses = 3,
		.delay_filter = BC_DELAY_FILTER_MOVING_MEDIAN,
		.delay_filter_length = 1,
		.seed = 1,
	};
}

static inline void bench_init(struct bench *b, const struct bc_peer_delay_config *config)
{
	*b = (struct bench){.config = *config, .now_mono_ns = BENCH_START_MONO_NS};
	assert_int_equal(bc_peer_delay_new(config, &b->pd), 0);
	bc_peer_delay_handle_link(b->pd, BC_LINK_UP, b->now_mono_ns);
}

static inline void bench_done(struct bench *b)
{
	bc_peer_delay_free(b->pd);
}

static inline uint64_t bench_count(const struct bench *b, enum bc_peer_delay_counter counter)
{
	return bc_peer_delay_count(b->pd, counter);
}

static inline struct bc_peer_delay_status bench_status(const struct bench *b)
{
	struct bc_peer_delay_status status;

	bc_peer_delay_status(b->pd, &status);
	return status;
}

static inline bool bench_is_neighbor(const struct bench *b, const struct ptp_port_identity *identity)
{
	struct bc_peer_delay_status status = bench_status(b);

	return bc_port_identity_equal(&status.neighbor, identity);
}

/* Time passes, each deadline kept to the nanosecond; stops when something is to be sent. */
static inline bool bench_run(struct bench *b, uint64_t until_mono_ns, struct bc_action *ret_action)
{
	for (;;) {
		uint64_t next = bc_peer_delay_next_deadline_mono_ns(b->pd);

		if (bc_peer_delay_pop_action(b->pd, ret_action))
			return true;
		if (next > until_mono_ns)
			break;
		b->now_mono_ns = MAX(b->now_mono_ns, next);
		bc_peer_delay_handle_timer(b->pd, b->now_mono_ns);
	}
	b->now_mono_ns = MAX(b->now_mono_ns, until_mono_ns);
	return false;
}

/* What waited to be taken is taken. Nothing may be sent meanwhile. */
static inline void bench_settle(struct bench *b)
{
	struct bc_action action;

	assert_false(bench_run(b, b->now_mono_ns + 100 * NSEC_PER_MSEC, &action));
}

static inline struct bc_msg bench_sent(const struct bc_action *action)
{
	struct bc_msg msg;

	assert_int_equal(action->type, BC_ACTION_SEND);
	assert_int_equal(bc_msg_parse(action->send.message, action->send.len, &msg), BC_MSG_OK);
	assert_int_equal(msg.type, action->send.message_type);
	assert_int_equal(msg.sequence_id, action->send.sequence_id);
	return msg;
}

/* On to the next Pdelay_Req. */
static inline struct bc_msg bench_next_request(struct bench *b)
{
	struct bc_action action;
	struct bc_msg msg;

	assert_true(bench_run(b, b->now_mono_ns + 40000 * NSEC_PER_SEC, &action));
	msg = bench_sent(&action);
	assert_int_equal(msg.type, PTP_PDELAY_REQ);
	assert_int_equal(action.port, b->config.identity.port_number - 1);
	assert_true(action.send.is_event);
	assert_false(action.send.is_unicast);
	b->sequence_id = msg.sequence_id;
	return msg;
}

static inline void bench_receive(struct bench *b, const struct bc_msg *msg, uint64_t stamp_mono_ns)
{
	uint8_t message[BC_MSG_TX_MAX];
	const struct bc_rx rx = {
		.message = message,
		.len = bc_msg_write(msg, message),
		.has_stamp = PTP_IS_EVENT(msg->type),
		.stamp_mono_ns = stamp_mono_ns,
		.transport = b->config.transport,
		.source = {.mac = {2, 0, 0, 0, 0, 7}},
	};

	if ((int64_t)(stamp_mono_ns - b->now_mono_ns) > 0)
		b->now_mono_ns = stamp_mono_ns;
	bc_peer_delay_handle_rx(b->pd, &rx, b->now_mono_ns);
}

static inline struct bench_answer bench_answer(int64_t delay_ns, int64_t stay_ns)
{
	return (struct bench_answer){.source = bench_neighbor,
				     .delay_out_ns = delay_ns,
				     .delay_back_ns = delay_ns,
				     .stay_ns = stay_ns};
}

/* The neighbour's clock at a time of the bench. */
static inline int64_t bench_neighbor_ns(const struct bench_answer *a, uint64_t mono_ns)
{
	int64_t ns = (int64_t)(mono_ns - BENCH_START_MONO_NS);

	return BENCH_EPOCH_NS + a->step_ns + ns + (int64_t)((double)ns * a->rate_offset);
}

/* The answer to the last Pdelay_Req, which leaves a microsecond from now. */
static inline void bench_answer_messages(struct bench *b, struct bench_answer *a)
{
	struct bc_msg msg = {
		.minor_version = 1,
		.sdo_id = b->config.sdo_id,
		.domain_number = b->config.domain_number,
		.source = a->source,
		.sequence_id = b->sequence_id,
		.log_message_interval = 0x7f,
		.requesting = b->config.identity,
	};
	uint64_t t2_mono_ns, t3_mono_ns;

	a->t1_mono_ns = b->now_mono_ns + 1000;
	t2_mono_ns = a->t1_mono_ns + (uint64_t)a->delay_out_ns;
	t3_mono_ns = t2_mono_ns + (uint64_t)a->stay_ns;
	a->t4_mono_ns = t3_mono_ns + (uint64_t)a->delay_back_ns;
	a->resp = a->follow_up = msg;
	a->resp.type = PTP_PDELAY_RESP;
	a->resp.flags = a->is_one_step ? 0 : PTP_FLAG_TWO_STEP;
	a->resp.correction_sns = a->resp_correction_sns;
	a->follow_up.type = PTP_PDELAY_RESP_FOLLOW_UP;
	a->follow_up.correction_sns = a->follow_up_correction_sns;
	if (a->is_one_step) {
		a->resp.correction_sns += a->stay_ns << 16;
	} else if (a->has_no_time) {
		a->follow_up.correction_sns += a->stay_ns << 16;
	} else {
		a->resp.timestamp_ns = bench_neighbor_ns(a, t2_mono_ns);
		a->follow_up.timestamp_ns = bench_neighbor_ns(a, t3_mono_ns);
	}
}

static inline void bench_stamp_request(struct bench *b, const struct bench_answer *a)
{
	bc_peer_delay_handle_tx_stamp(b->pd, PTP_PDELAY_REQ, b->sequence_id, a->t1_mono_ns, b->now_mono_ns);
}

/* The messages of a neighbour in the usual order, without the request's own stamp. */
static inline void bench_deliver(struct bench *b, const struct bench_answer *a)
{
	bench_receive(b, &a->resp, a->t4_mono_ns);
	if (!a->is_one_step)
		bench_receive(b, &a->follow_up, a->t4_mono_ns);
}

/* A whole exchange, stamp first. */
static inline void bench_exchange(struct bench *b, struct bench_answer *a)
{
	bench_next_request(b);
	bench_answer_messages(b, a);
	bench_stamp_request(b, a);
	bench_deliver(b, a);
	bench_settle(b);
}
