// SPDX-License-Identifier: GPL-2.0-or-later
/* Peer delay that a predecessor measured: what of it holds on, and for whom. */
#include <stdlib.h>

#include "bc/engine/engine_private.h"
#include "bc/engine/link_delay.h"
#include "tests/unit/engine/peer_bench.h"
#include "tests/unit/engine/succeed.h"

#define DELAY_NS 4000
#define STAY_NS	 100000
#define RATE	 20e-6
#define N	 20

/* --- the mechanism by itself --- */

static struct bc_peer_delay_config config;
static struct bench old, new;
static struct bench_answer neighbor;

static int setup(void **state)
{
	(void)state;
	config = bench_config();
	config.delay_filter_length = 3;
	neighbor = bench_answer(DELAY_NS, STAY_NS);
	neighbor.rate_offset = RATE;
	bench_init(&old, &config);
	for (int i = 0; i < N; i++)
		bench_exchange(&old, &neighbor);
	new = (struct bench){.config = config, .now_mono_ns = old.now_mono_ns};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	bench_done(&new);
	bench_done(&old);
	return 0;
}

static void succeed_bench(void)
{
	assert_int_equal(bc_peer_delay_new(&config, &new.pd), 0);
	bc_peer_delay_inherit(new.pd, old.pd);
}

static void report(enum bc_link_state state)
{
	bc_peer_delay_handle_link(new.pd, state, new.now_mono_ns);
}

static void what_was_measured_is_known_before_any_answer(void **state)
{
	struct bc_peer_delay_status status;

	(void)state;
	succeed_bench();
	report(BC_LINK_UP);
	status = bench_status(&new);
	assert_true(status.is_valid);
	assert_true(llabs(status.mean_link_delay_ns - DELAY_NS) < 5);
	assert_true(status.has_neighbor_rate);
	assert_true(status.neighbor_rate_offset > 0.99 * RATE && status.neighbor_rate_offset < 1.01 * RATE);
	assert_true(bench_is_neighbor(&new, &bench_neighbor));
	assert_int_equal(status.n_measured, N);
}

/* The median of three: two of the old ones outvote a new one. */
static void the_filter_goes_on(void **state)
{
	(void)state;
	succeed_bench();
	report(BC_LINK_UP);
	neighbor.delay_out_ns = neighbor.delay_back_ns = 9000;
	bench_exchange(&new, &neighbor);
	assert_true(llabs(bench_status(&new).mean_link_delay_ns - DELAY_NS) < 5);
	assert_true(llabs(bench_status(&new).last_delay_ns - 9000) < 5);
	bench_exchange(&new, &neighbor);
	assert_true(llabs(bench_status(&new).mean_link_delay_ns - 9000) < 5);
}

static void sequence_numbers_go_on_and_what_was_under_way_is_not_missed(void **state)
{
	struct bc_msg req = {.type = PTP_PDELAY_REQ, .domain_number = 5, .source = bench_neighbor};
	struct bc_action action;
	uint16_t last;

	(void)state;
	/* A request of ours, and one of the neighbour's whose answer is not taken yet. */
	last = bench_next_request(&old).sequence_id;
	bench_receive(&old, &req, old.now_mono_ns);
	succeed_bench();
	report(BC_LINK_UP);
	assert_false(bc_peer_delay_pop_action(new.pd, &action));
	assert_int_equal(bench_next_request(&new).sequence_id, (uint16_t)(last + 1));
	bench_next_request(&new);
	assert_int_equal(bench_count(&new, BC_PEER_DELAY_COUNTER_STAMP_MISSING),
			 1); /* of the first of these */
}

static void a_link_that_is_down_in_the_end_takes_it_along(void **state)
{
	(void)state;
	succeed_bench();
	report(BC_LINK_DOWN);
	report(BC_LINK_UP);
	assert_false(bench_status(&new).is_valid);
	assert_int_equal(bench_status(&new).n_measured, 0);
}

static void it_is_not_up_before_it_is_reported(void **state)
{
	(void)state;
	succeed_bench();
	assert_true(bc_peer_delay_next_deadline_mono_ns(new.pd) == UINT64_MAX);
}

static void the_new_thresholds_hold(void **state)
{
	(void)state;
	config.neighbor_prop_delay_thresh_ns = DELAY_NS / 2;
	succeed_bench();
	report(BC_LINK_UP);
	assert_false(bench_status(&new).is_valid);
	assert_true(bench_status(&new).is_missing);
}

static void change_ingress(void)
{
	config.ingress_latency_ns = 1;
}
static void change_egress(void)
{
	config.egress_latency_ns = 1;
}
static void change_asymmetry(void)
{
	config.delay_asymmetry_ns = 1;
}
static void change_stamping(void)
{
	config.stamping = 1;
}
static void change_transport(void)
{
	config.transport = EBC_TRANSPORT_UDP_IPV4;
}
static void change_filter(void)
{
	config.delay_filter = BC_DELAY_FILTER_MOVING_AVERAGE;
}
static void change_filter_length(void)
{
	config.delay_filter_length = 4;
}
static void change_silence(void)
{
	config.is_silent = true;
}

static void measured_otherwise_it_says_nothing(void **state)
{
	static void (*const changes[])(void) = {
		change_stamping,  change_ingress, change_egress,	change_asymmetry,
		change_transport, change_filter,  change_filter_length, change_silence,
	};

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		changes[i]();
		succeed_bench();
		report(BC_LINK_UP);
		if (bench_status(&new).n_measured != 0)
			fail_msg("change %zu", i);
		teardown(state);
		setup(state);
	}
	succeed_bench();
}

/* --- a port's --- */

static struct rig rig;

/* Measured by port 0 of the engine on the bench, without a neighbour that would have to answer. */
static void start_engine(enum bc_delay_mechanism mechanism)
{
	rig_init(&rig, 1);
	rig.ports[0].delay_mechanism = mechanism;
	rig.ports[0].delay_filter_length = 3;
	rig.ports[0].log_min_pdelay_req_interval = 0;
	rig.ports[0].neighbor_prop_delay_thresh_ns = 20 * NSEC_PER_MSEC;
	rig.ports[0].min_neighbor_prop_delay_ns = -20 * NSEC_PER_MSEC;
	rig.ports[0].allowed_lost_responses = 3;
	rig.ports[0].follow_up_info = true;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
}

static struct bc_msg answer_to_request(uint8_t type, int64_t ns)
{
	const struct bc_msg *request = &rig.port[0].last_sent[PTP_PDELAY_REQ];

	return (struct bc_msg){
		.type = type,
		.minor_version = 1,
		.flags = type == PTP_PDELAY_RESP ? PTP_FLAG_TWO_STEP : 0,
		.source = bench_neighbor,
		.sequence_id = request->sequence_id,
		.requesting = request->source,
		.log_message_interval = 0x7f,
		.timestamp_ns = ns,
	};
}

static void answer_requests(int n)
{
	for (int i = 0; i < n; i++) {
		unsigned int n_sent = rig.port[0].n_sent[PTP_PDELAY_REQ];
		struct bc_msg resp, follow_up;
		uint64_t t2_mono_ns;

		while (rig.port[0].n_sent[PTP_PDELAY_REQ] == n_sent)
			rig_run_ns(&rig, NSEC_PER_MSEC);
		t2_mono_ns = rig.port[0].last_sent_mono_ns[PTP_PDELAY_REQ] + DELAY_NS;
		resp = answer_to_request(PTP_PDELAY_RESP, RIG_EPOCH_PTP_NS + (int64_t)t2_mono_ns);
		follow_up = answer_to_request(PTP_PDELAY_RESP_FOLLOW_UP,
					      RIG_EPOCH_PTP_NS + (int64_t)t2_mono_ns + STAY_NS);
		rig_inject_stamped(&rig, 0, &resp, t2_mono_ns + STAY_NS + DELAY_NS);
		rig_inject(&rig, 0, &follow_up);
		rig_run_ns(&rig, 100 * NSEC_PER_MSEC);
	}
}

static struct bc_link_delay_status link_status(void)
{
	struct bc_link_delay_status status;

	bc_engine_link_delay(rig.engine, 0, &status);
	return status;
}

static void a_neighbour_that_was_capable_is_and_its_announces_still_count(void **state)
{
	(void)state;
	start_engine(BC_DELAY_P2P);
	answer_requests(8);
	assert_true(link_status().is_capable);
	rig_master(&rig, 0, 0);
	rig_run_s(&rig, 2);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_UNCALIBRATED);
	replace(&rig);
	assert_true(link_status().is_capable);
	assert_true(link_status().peer.is_valid);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_UNCALIBRATED);
	rig_stop(&rig);
}

static void what_is_usual_of_the_path_is_known_and_nothing_is_counted_twice(void **state)
{
	struct bc_path_alarm alarm;

	(void)state;
	start_engine(BC_DELAY_P2P);
	answer_requests(8);
	alarm = rig.engine->ports[0].path_alarm;
	assert_int_equal(alarm.n_samples, 8);
	replace(&rig);
	rig_run_ns(&rig, 2 * NSEC_PER_SEC);
	assert_int_equal(rig.engine->ports[0].path_alarm.n_samples, 8);
	/* Measured otherwise, another delay is no alarm. */
	rig.ports[0].ingress_latency_ns = 100;
	replace(&rig);
	assert_int_equal(rig.engine->ports[0].path_alarm.n_samples, 0);
	answer_requests(2);
	rig.ports[0].stamping = 1;
	replace(&rig);
	assert_int_equal(rig.engine->ports[0].path_alarm.n_samples, 0);
	assert_int_equal(link_status().peer.n_measured, 0);
	rig_stop(&rig);
}

static void an_automatic_port_keeps_its_mechanism_and_its_bar(void **state)
{
	struct bc_msg request = {.type = PTP_PDELAY_REQ, .minor_version = 1, .source = bench_neighbor};

	(void)state;
	start_engine(BC_DELAY_AUTO);
	rig_inject(&rig, 0, &request);
	/* Nobody has had time to answer yet. */
	replace(&rig);
	rig_run_ns(&rig, NSEC_PER_MSEC);
	assert_int_equal(link_status().mechanism, BC_DELAY_P2P);
	answer_requests(3);
	replace(&rig);
	assert_int_equal(link_status().mechanism, BC_DELAY_P2P);
	assert_true(link_status().peer.is_valid);
	rig_run_s(&rig, 3);
	assert_int_equal(link_status().mechanism, BC_DELAY_P2P);
	/* Nobody answers any more: it goes back, and is not so soon peer to peer again. */
	rig_run_s(&rig, 15);
	assert_int_equal(link_status().mechanism, BC_DELAY_E2E);
	replace(&rig);
	request.sequence_id++;
	rig_inject(&rig, 0, &request);
	assert_int_equal(link_status().mechanism, BC_DELAY_E2E);
	rig_stop(&rig);
}

static void another_mechanism_begins_anew(void **state)
{
	(void)state;
	start_engine(BC_DELAY_AUTO);
	answer_requests(0);
	rig.ports[0].delay_mechanism = BC_DELAY_P2P;
	replace(&rig);
	assert_int_equal(link_status().mechanism, BC_DELAY_P2P);
	answer_requests(3);
	assert_true(link_status().peer.is_valid);
	rig.ports[0].delay_mechanism = BC_DELAY_AUTO;
	replace(&rig);
	assert_int_equal(link_status().mechanism, BC_DELAY_E2E);
	rig.ports[0].delay_mechanism = BC_DELAY_E2E;
	replace(&rig);
	assert_int_equal(link_status().mechanism, BC_DELAY_E2E);
	rig_stop(&rig);
}

#define B(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		B(what_was_measured_is_known_before_any_answer),
		B(the_filter_goes_on),
		B(sequence_numbers_go_on_and_what_was_under_way_is_not_missed),
		B(a_link_that_is_down_in_the_end_takes_it_along),
		B(it_is_not_up_before_it_is_reported),
		B(the_new_thresholds_hold),
		B(measured_otherwise_it_says_nothing),
		cmocka_unit_test(a_neighbour_that_was_capable_is_and_its_announces_still_count),
		cmocka_unit_test(what_is_usual_of_the_path_is_known_and_nothing_is_counted_twice),
		cmocka_unit_test(an_automatic_port_keeps_its_mechanism_and_its_bar),
		cmocka_unit_test(another_mechanism_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
