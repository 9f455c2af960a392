// SPDX-License-Identifier: GPL-2.0-or-later
/* The responder of peer delay, and two of them at the ends of a cable. */
#include "tests/unit/engine/peer_bench.h"

#include <stdlib.h>

#define COUNT(b, id) bench_count(b, BC_PEER_DELAY_COUNTER_##id)

/* Requests rarely, so that the test has the next minutes for itself. */
static struct bench new_bench(void)
{
	struct bc_peer_delay_config config = bench_config();
	struct bench b;

	config.log_min_pdelay_req_interval = 15;
	config.sdo_id = 0x102;
	bench_init(&b, &config);
	bench_next_request(&b);
	return b;
}

static struct bc_msg request_of(const struct ptp_port_identity *source, uint16_t sequence_id)
{
	return (struct bc_msg){
		.type = PTP_PDELAY_REQ,
		.minor_version = 1,
		.sdo_id = 0x102,
		.domain_number = 77,
		.correction_sns = -0x123456789LL,
		.source = *source,
		.sequence_id = sequence_id,
		.log_message_interval = 0x7f,
	};
}

/* The next message, which is the answer to `request`. */
static struct bc_msg next_answer(struct bench *b, const struct bc_msg *request, uint8_t type)
{
	struct bc_action action;
	struct bc_msg msg;

	assert_true(bc_peer_delay_pop_action(b->pd, &action));
	assert_int_equal(action.send.is_event, type == PTP_PDELAY_RESP);
	assert_int_equal(action.send.is_unicast, !!(request->flags & PTP_FLAG_UNICAST));
	assert_int_equal(action.port, 2);
	if (action.send.is_unicast)
		assert_int_equal(action.send.destination.mac[5], 7);
	msg = bench_sent(&action);
	assert_int_equal(msg.type, type);
	assert_int_equal(msg.sequence_id, request->sequence_id);
	assert_int_equal(msg.domain_number, request->domain_number);
	assert_int_equal(msg.sdo_id, request->sdo_id);
	assert_int_equal(msg.log_message_interval, 0x7f);
	assert_true(bc_port_identity_equal(&msg.requesting, &request->source));
	assert_true(bc_port_identity_equal(&msg.source, &bench_own));
	assert_int_equal(msg.flags & PTP_FLAG_UNICAST, request->flags & PTP_FLAG_UNICAST);
	assert_int_equal(!!(msg.flags & PTP_FLAG_TWO_STEP), type == PTP_PDELAY_RESP);
	return msg;
}

static void resp_left(struct bench *b, uint16_t sequence_id, uint64_t stamp_mono_ns)
{
	bc_peer_delay_handle_tx_stamp(b->pd, PTP_PDELAY_RESP, sequence_id, stamp_mono_ns, b->now_mono_ns);
}

static void assert_nothing_sent(struct bench *b)
{
	struct bc_action action;

	assert_false(bc_peer_delay_pop_action(b->pd, &action));
}

static void a_request_is_answered_at_once_and_followed_when_the_stamp_is_there(void **state)
{
	struct bc_msg req = request_of(&bench_neighbor, 65535), msg;
	struct bench b = new_bench();
	uint64_t t2_mono_ns = b.now_mono_ns - 500;

	(void)state;
	bench_receive(&b, &req, t2_mono_ns);
	msg = next_answer(&b, &req, PTP_PDELAY_RESP);
	assert_ns_equal(msg.timestamp_ns, t2_mono_ns);
	assert_ns_equal(msg.correction_sns, 0);
	assert_nothing_sent(&b);
	resp_left(&b, 65535, t2_mono_ns + 7777);
	msg = next_answer(&b, &req, PTP_PDELAY_RESP_FOLLOW_UP);
	assert_ns_equal(msg.timestamp_ns, t2_mono_ns + 7777);
	assert_ns_equal(msg.correction_sns, req.correction_sns);
	assert_nothing_sent(&b);
	/* Only once. */
	resp_left(&b, 65535, t2_mono_ns + 7777);
	assert_nothing_sent(&b);
	assert_int_equal(COUNT(&b, STAMP_UNMATCHED), 1);
	assert_int_equal(COUNT(&b, TX_RESP), 1);
	assert_int_equal(COUNT(&b, TX_RESP_FOLLOW_UP), 1);
	bench_done(&b);
}

static void latencies_are_in_both_stamps(void **state)
{
	struct bc_peer_delay_config config = bench_config();
	struct bc_msg req = request_of(&bench_neighbor, 1), msg;
	struct bench b;

	(void)state;
	config.sdo_id = 0x102;
	config.ingress_latency_ns = 30;
	config.egress_latency_ns = 200;
	bench_init(&b, &config);
	bench_receive(&b, &req, b.now_mono_ns);
	msg = next_answer(&b, &req, PTP_PDELAY_RESP);
	assert_ns_equal(msg.timestamp_ns, b.now_mono_ns - 30);
	resp_left(&b, 1, b.now_mono_ns + 1000);
	msg = next_answer(&b, &req, PTP_PDELAY_RESP_FOLLOW_UP);
	assert_ns_equal(msg.timestamp_ns, b.now_mono_ns + 1200);
	bench_done(&b);
}

static void a_unicast_request_is_answered_in_unicast(void **state)
{
	struct bc_msg req = request_of(&bench_neighbor, 9);
	struct bench b = new_bench();

	(void)state;
	req.flags = PTP_FLAG_UNICAST;
	bench_receive(&b, &req, b.now_mono_ns);
	next_answer(&b, &req, PTP_PDELAY_RESP);
	resp_left(&b, 9, b.now_mono_ns + 10);
	next_answer(&b, &req, PTP_PDELAY_RESP_FOLLOW_UP);
	bench_done(&b);
}

static void a_request_of_another_sdo_is_not_answered(void **state)
{
	struct bc_msg req = request_of(&bench_neighbor, 9);
	struct bench b = new_bench();

	(void)state;
	req.sdo_id = 0x103;
	bench_receive(&b, &req, b.now_mono_ns);
	assert_nothing_sent(&b);
	assert_int_equal(COUNT(&b, IGNORED), 1);
	bench_done(&b);
}

static void a_duplicate_is_not_answered(void **state)
{
	struct bc_msg req = request_of(&bench_neighbor, 9), other;
	struct bench b = new_bench();

	(void)state;
	bench_receive(&b, &req, b.now_mono_ns);
	next_answer(&b, &req, PTP_PDELAY_RESP);
	bench_receive(&b, &req, b.now_mono_ns + 1);
	resp_left(&b, 9, b.now_mono_ns + 10);
	next_answer(&b, &req, PTP_PDELAY_RESP_FOLLOW_UP);
	bench_receive(&b, &req, b.now_mono_ns + NSEC_PER_SEC - 2);
	assert_nothing_sent(&b);
	assert_int_equal(COUNT(&b, DUPLICATE), 2);
	/* Another domain, another port and, after a while, the same once more are other requests. */
	other = req;
	other.domain_number++;
	bench_receive(&b, &other, b.now_mono_ns);
	next_answer(&b, &other, PTP_PDELAY_RESP);
	other = request_of(&bench_stranger, 9);
	bench_receive(&b, &other, b.now_mono_ns);
	next_answer(&b, &other, PTP_PDELAY_RESP);
	bench_receive(&b, &req, b.now_mono_ns + 1);
	next_answer(&b, &req, PTP_PDELAY_RESP);
	bench_done(&b);
}

static void two_requesters_are_both_answered_also_with_one_sequence_number(void **state)
{
	struct bc_msg one = request_of(&bench_neighbor, 9), two = request_of(&bench_stranger, 9), msg;
	struct bench b = new_bench();

	(void)state;
	/* So that some of the pairs lie across the end of the ring. */
	bench_receive(&b, &two, b.now_mono_ns);
	next_answer(&b, &two, PTP_PDELAY_RESP);
	resp_left(&b, 9, b.now_mono_ns + 10);
	next_answer(&b, &two, PTP_PDELAY_RESP_FOLLOW_UP);
	one.sequence_id = ++two.sequence_id;
	two.correction_sns = 42;
	for (unsigned int i = 0; i < 50; i++) {
		bench_receive(&b, &one, b.now_mono_ns);
		bench_receive(&b, &two, b.now_mono_ns + 5);
		next_answer(&b, &one, PTP_PDELAY_RESP);
		next_answer(&b, &two, PTP_PDELAY_RESP);
		resp_left(&b, one.sequence_id, b.now_mono_ns + 10);
		resp_left(&b, one.sequence_id, b.now_mono_ns + 20);
		msg = next_answer(&b, &one, PTP_PDELAY_RESP_FOLLOW_UP);
		assert_ns_equal(msg.timestamp_ns, b.now_mono_ns + 10);
		msg = next_answer(&b, &two, PTP_PDELAY_RESP_FOLLOW_UP);
		assert_ns_equal(msg.timestamp_ns, b.now_mono_ns + 20);
		assert_ns_equal(msg.correction_sns, 42);
		one.sequence_id = ++two.sequence_id;
		b.now_mono_ns += NSEC_PER_SEC / 128;
	}
	assert_int_equal(COUNT(&b, DUPLICATE) + COUNT(&b, EVICTED) + COUNT(&b, STAMP_MISSING), 0);
	bench_done(&b);
}

static void a_stamp_from_before_a_request_is_not_its_own(void **state)
{
	struct bc_msg req = request_of(&bench_neighbor, 9);
	struct bench b = new_bench();

	(void)state;
	bench_receive(&b, &req, b.now_mono_ns);
	next_answer(&b, &req, PTP_PDELAY_RESP);
	resp_left(&b, 9, b.now_mono_ns - 1);
	assert_nothing_sent(&b);
	bc_peer_delay_handle_tx_stamp(b.pd, PTP_SYNC, 9, b.now_mono_ns, b.now_mono_ns);
	assert_nothing_sent(&b);
	assert_int_equal(COUNT(&b, STAMP_UNMATCHED), 2);
	resp_left(&b, 9, b.now_mono_ns);
	next_answer(&b, &req, PTP_PDELAY_RESP_FOLLOW_UP);
	bench_done(&b);
}

static void the_oldest_of_too_many_requests_gives_way(void **state)
{
	struct bench b = new_bench();
	struct bc_msg req;

	(void)state;
	for (uint16_t i = 0; i < 20; i++) {
		req = request_of(&bench_neighbor, i);
		bench_receive(&b, &req, b.now_mono_ns);
		next_answer(&b, &req, PTP_PDELAY_RESP);
		assert_int_equal(COUNT(&b, EVICTED), i < 16 ? 0 : i - 15);
	}
	for (uint16_t i = 0; i < 20; i++) {
		resp_left(&b, i, b.now_mono_ns + 1);
		req = request_of(&bench_neighbor, i);
		if (i >= 4)
			next_answer(&b, &req, PTP_PDELAY_RESP_FOLLOW_UP);
		assert_nothing_sent(&b);
	}
	assert_int_equal(COUNT(&b, STAMP_UNMATCHED), 4);
	bench_done(&b);
}

static void actions_that_nobody_takes_are_bounded(void **state)
{
	struct bench b = new_bench();
	struct bc_action action;
	unsigned int n = 0;

	(void)state;
	for (uint16_t i = 0; i < 1000; i++) {
		struct bc_msg req = request_of(&bench_neighbor, i);

		bench_receive(&b, &req, b.now_mono_ns);
	}
	while (bc_peer_delay_pop_action(b.pd, &action))
		n++;
	assert_int_equal(n, COUNT(&b, TX_RESP));
	assert_int_equal(n + COUNT(&b, ACTION_LOST), 1000);
	assert_true(n <= 64);
	bench_done(&b);
}

static void stamps_that_never_come_expire(void **state)
{
	struct bc_msg req = request_of(&bench_neighbor, 9);
	struct bench b = new_bench();
	struct bc_action action;

	(void)state;
	bench_receive(&b, &req, b.now_mono_ns);
	next_answer(&b, &req, PTP_PDELAY_RESP);
	assert_false(bench_run(&b, b.now_mono_ns + NSEC_PER_SEC - 1, &action));
	assert_int_equal(COUNT(&b, STAMP_MISSING), 0);
	assert_ns_equal(bc_peer_delay_next_deadline_mono_ns(b.pd), b.now_mono_ns + 1);
	assert_false(bench_run(&b, b.now_mono_ns + 1, &action));
	assert_int_equal(COUNT(&b, STAMP_MISSING), 1);
	resp_left(&b, 9, b.now_mono_ns);
	assert_nothing_sent(&b);
	assert_int_equal(COUNT(&b, STAMP_UNMATCHED), 1);
	bench_done(&b);
}

static void requests_of_a_link_that_went_down_are_forgotten(void **state)
{
	struct bc_msg req = request_of(&bench_neighbor, 9);
	struct bench b = new_bench();

	(void)state;
	bench_receive(&b, &req, b.now_mono_ns);
	bc_peer_delay_handle_link(b.pd, BC_LINK_DOWN, b.now_mono_ns);
	resp_left(&b, 9, b.now_mono_ns);
	assert_nothing_sent(&b);
	bc_peer_delay_handle_link(b.pd, BC_LINK_UP, b.now_mono_ns);
	bench_receive(&b, &req, b.now_mono_ns);
	next_answer(&b, &req, PTP_PDELAY_RESP);
	assert_int_equal(COUNT(&b, DUPLICATE), 0);
	bench_done(&b);
}

/* --- two at the ends of a cable --- */

#define CABLE_EVENTS 64

/* What is under way: a message on the cable, or a stamp on its way to its sender. */
struct event {
	bool is_used, is_stamp;
	unsigned int to;
	int64_t at_ns;	 /* when it is there */
	int64_t sent_ns; /* when it left */
	struct bc_msg msg;
};

struct cable {
	struct end {
		struct bc_peer_delay *pd;
		int64_t epoch_ns, rate_ppm; /* of its clock */
		int64_t delay_to_other_ns, stamp_delay_ns, residence_ns;
	} ends[2];
	struct event events[CABLE_EVENTS];
	int64_t now_ns;
};

static uint64_t end_mono_ns(const struct end *end, int64_t true_ns)
{
	return (uint64_t)(end->epoch_ns + true_ns + true_ns / 1000000 * end->rate_ppm +
			  true_ns % 1000000 * end->rate_ppm / 1000000);
}

/* The first time at which its clock shows at least that. */
static int64_t true_ns_of(const struct end *end, uint64_t mono_ns)
{
	int64_t local_ns = (int64_t)mono_ns - end->epoch_ns;
	int64_t true_ns = local_ns - local_ns / (1000000 + end->rate_ppm) * end->rate_ppm - 1000;

	while (end_mono_ns(end, true_ns) < mono_ns)
		true_ns++;
	return true_ns;
}

static void cable_add(struct cable *c, const struct event *event)
{
	for (size_t i = 0; i < CABLE_EVENTS; i++) {
		if (c->events[i].is_used)
			continue;
		c->events[i] = *event;
		return;
	}
	fail();
}

/* A message takes 3 us to leave; what it waits beyond that in a box on the way is in its correctionField. */
static void cable_send(struct cable *c, unsigned int from)
{
	struct end *end = &c->ends[from];
	struct bc_action action;

	while (bc_peer_delay_pop_action(end->pd, &action)) {
		struct event event = {.is_used = true, .to = !from, .sent_ns = c->now_ns + 3000};

		event.msg = bench_sent(&action);
		event.at_ns = event.sent_ns + end->delay_to_other_ns;
		if (action.send.is_event) {
			event.at_ns += end->residence_ns;
			event.msg.correction_sns += end->residence_ns << 16;
		}
		cable_add(c, &event);
		if (!action.send.is_event)
			continue;
		event.is_stamp = true;
		event.to = from;
		event.at_ns = event.sent_ns + end->stamp_delay_ns;
		cable_add(c, &event);
	}
}

static void cable_deliver(struct cable *c, struct event *event)
{
	struct end *end = &c->ends[event->to];
	uint64_t now_mono_ns = end_mono_ns(end, event->at_ns);
	uint8_t message[BC_MSG_TX_MAX];
	const struct bc_rx rx = {
		.message = message,
		.len = bc_msg_write(&event->msg, message),
		.has_stamp = PTP_IS_EVENT(event->msg.type),
		.stamp_mono_ns = now_mono_ns,
		.transport = EBC_TRANSPORT_IEEE_802_3,
	};

	event->is_used = false;
	if (event->is_stamp)
		bc_peer_delay_handle_tx_stamp(end->pd, event->msg.type, event->msg.sequence_id,
					      end_mono_ns(end, event->sent_ns), now_mono_ns);
	else
		bc_peer_delay_handle_rx(end->pd, &rx, now_mono_ns);
}

/* One step: the earliest of deliveries and deadlines. */
static void cable_step(struct cable *c)
{
	struct event *next = NULL;
	int64_t next_ns = INT64_MAX;
	unsigned int timer = 2;

	for (size_t i = 0; i < CABLE_EVENTS; i++) {
		if (!c->events[i].is_used || c->events[i].at_ns >= next_ns)
			continue;
		next = &c->events[i];
		next_ns = next->at_ns;
	}
	for (unsigned int i = 0; i < 2; i++) {
		int64_t at_ns = true_ns_of(&c->ends[i], bc_peer_delay_next_deadline_mono_ns(c->ends[i].pd));

		if (at_ns >= next_ns)
			continue;
		timer = i;
		next_ns = at_ns;
	}
	c->now_ns = MAX(c->now_ns, next_ns);
	if (timer < 2)
		bc_peer_delay_handle_timer(c->ends[timer].pd, end_mono_ns(&c->ends[timer], c->now_ns));
	else
		cable_deliver(c, next);
	cable_send(c, 0);
	cable_send(c, 1);
}

static void cable_run(struct cable *c, int64_t for_ns)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct bc_peer_delay_config config = bench_config();

		config.identity = i ? bench_neighbor : bench_own;
		config.delay_filter_length = 10;
		assert_int_equal(bc_peer_delay_new(&config, &c->ends[i].pd), 0);
		bc_peer_delay_handle_link(c->ends[i].pd, BC_LINK_UP, end_mono_ns(&c->ends[i], 0));
	}
	while (c->now_ns < for_ns)
		cable_step(c);
}

static void assert_cable_is_known(const struct cable *c, int64_t delay_ns)
{
	for (unsigned int i = 0; i < 2; i++) {
		const struct end *end = &c->ends[i], *other = &c->ends[!i];
		double offset = (1e6 + (double)other->rate_ppm) / (1e6 + (double)end->rate_ppm) - 1.0;
		struct bc_peer_delay_status status;

		bc_peer_delay_status(end->pd, &status);
		assert_true(status.is_valid);
		assert_false(status.has_several_responders);
		assert_true(bc_port_identity_equal(&status.neighbor, i ? &bench_own : &bench_neighbor));
		assert_true(llabs(status.mean_link_delay_ns - delay_ns) <= 2);
		assert_true(status.neighbor_rate_offset > offset - 5e-9);
		assert_true(status.neighbor_rate_offset < offset + 5e-9);
		for (int counter = BC_PEER_DELAY_COUNTER_REFUSED; counter < BC_PEER_DELAY_COUNTER_MAX;
		     counter++)
			assert_int_equal(bc_peer_delay_count(end->pd, counter), 0);
	}
}

static void cable_done(struct cable *c)
{
	bc_peer_delay_free(c->ends[0].pd);
	bc_peer_delay_free(c->ends[1].pd);
}

static void two_ends_of_a_cable_find_its_delay(void **state)
{
	struct cable c = {.ends = {{.epoch_ns = 77 * NSEC_PER_SEC,
				    .rate_ppm = 80,
				    .delay_to_other_ns = 5000,
				    .stamp_delay_ns = 2 * NSEC_PER_MSEC},
				   {.epoch_ns = 123456 * NSEC_PER_SEC,
				    .rate_ppm = -60,
				    .delay_to_other_ns = 5000,
				    .stamp_delay_ns = 20000}}};

	(void)state;
	cable_run(&c, 30 * NSEC_PER_SEC);
	assert_cable_is_known(&c, 5000);
	cable_done(&c);
}

/* 3 ms in a box on each way, measured at the true rate: 0.2 us each at 70 ppm. */
static void residence_on_the_cable_is_taken_out(void **state)
{
	struct cable c = {.ends = {{.epoch_ns = 77 * NSEC_PER_SEC,
				    .rate_ppm = 0,
				    .delay_to_other_ns = 4000,
				    .stamp_delay_ns = 5000,
				    .residence_ns = 3 * NSEC_PER_MSEC},
				   {.epoch_ns = 99 * NSEC_PER_SEC,
				    .rate_ppm = 0,
				    .delay_to_other_ns = 6000,
				    .stamp_delay_ns = 5000,
				    .residence_ns = 1 * NSEC_PER_MSEC}}};

	(void)state;
	cable_run(&c, 30 * NSEC_PER_SEC);
	assert_cable_is_known(&c, 5000);
	cable_done(&c);
}

/* Stays and stamps so late that the neighbour's rate, ignored, would be 0.7 us of the delay. */
static void answers_that_wait_for_long_do_no_harm(void **state)
{
	struct cable c = {.ends = {{.epoch_ns = 77 * NSEC_PER_SEC,
				    .rate_ppm = 70,
				    .delay_to_other_ns = 5000,
				    .stamp_delay_ns = 300 * NSEC_PER_MSEC,
				    .residence_ns = 0},
				   {.epoch_ns = 99 * NSEC_PER_SEC,
				    .rate_ppm = -70,
				    .delay_to_other_ns = 5000,
				    .stamp_delay_ns = 400 * NSEC_PER_MSEC,
				    .residence_ns = 0}}};

	(void)state;
	cable_run(&c, 30 * NSEC_PER_SEC);
	assert_cable_is_known(&c, 5000);
	cable_done(&c);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_answered_at_once_and_followed_when_the_stamp_is_there),
		cmocka_unit_test(latencies_are_in_both_stamps),
		cmocka_unit_test(a_unicast_request_is_answered_in_unicast),
		cmocka_unit_test(a_request_of_another_sdo_is_not_answered),
		cmocka_unit_test(a_duplicate_is_not_answered),
		cmocka_unit_test(two_requesters_are_both_answered_also_with_one_sequence_number),
		cmocka_unit_test(a_stamp_from_before_a_request_is_not_its_own),
		cmocka_unit_test(the_oldest_of_too_many_requests_gives_way),
		cmocka_unit_test(actions_that_nobody_takes_are_bounded),
		cmocka_unit_test(stamps_that_never_come_expire),
		cmocka_unit_test(requests_of_a_link_that_went_down_are_forgotten),
		cmocka_unit_test(two_ends_of_a_cable_find_its_delay),
		cmocka_unit_test(residence_on_the_cable_is_taken_out),
		cmocka_unit_test(answers_that_wait_for_long_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
