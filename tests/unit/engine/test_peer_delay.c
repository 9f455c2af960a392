// SPDX-License-Identifier: GPL-2.0-or-later
/* The initiator of peer delay: what it sends, what it measures, and when it forgets. */
#include "tests/unit/engine/peer_bench.h"

#include <errno.h>
#include <stdlib.h>

#define COUNT(b, id) bench_count(b, BC_PEER_DELAY_COUNTER_##id)

static struct bench new_bench(void)
{
	struct bc_peer_delay_config config = bench_config();
	struct bench b;

	bench_init(&b, &config);
	return b;
}

static void a_bad_configuration_is_refused(void **state)
{
	struct bc_peer_delay_config config = bench_config();
	struct bc_peer_delay *pd = NULL;

	(void)state;
	config.identity.port_number = 0;
	assert_int_equal(bc_peer_delay_new(&config, &pd), -EINVAL);
	config = bench_config();
	config.sdo_id = 0x1000;
	assert_int_equal(bc_peer_delay_new(&config, &pd), -EINVAL);
	config = bench_config();
	config.delay_filter_length = 0;
	assert_int_equal(bc_peer_delay_new(&config, &pd), -EINVAL);
	config = bench_config();
	config.delay_asymmetry_ns = 1LL << 31;
	assert_int_equal(bc_peer_delay_new(&config, &pd), -EINVAL);
	assert_null(pd);
	bc_peer_delay_free(NULL);
}

static void nothing_is_sent_or_taken_in_before_the_link_is_up(void **state)
{
	struct bc_peer_delay_config config = bench_config();
	struct bc_msg req = {.type = PTP_PDELAY_REQ, .source = bench_neighbor};
	struct bench b = {.config = config, .now_mono_ns = BENCH_START_MONO_NS};
	struct bc_action action;

	(void)state;
	assert_int_equal(bc_peer_delay_new(&config, &b.pd), 0);
	assert_true(bc_peer_delay_next_deadline_mono_ns(b.pd) == UINT64_MAX);
	bc_peer_delay_handle_timer(b.pd, b.now_mono_ns);
	bench_receive(&b, &req, b.now_mono_ns);
	assert_false(bc_peer_delay_pop_action(b.pd, &action));
	assert_int_equal(COUNT(&b, NO_LINK), 1);
	bench_done(&b);
}

static void requests_leave_each_interval_and_the_first_one_is_spread(void **state)
{
	static const int8_t log_intervals[] = {-3, 0, 3, 127, -128};
	static const int64_t intervals_ns[] = {125 * NSEC_PER_MSEC, NSEC_PER_SEC, 8 * NSEC_PER_SEC,
					       32768 * NSEC_PER_SEC, NSEC_PER_SEC / 128};
	uint64_t first_mono_ns[2] = {};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(log_intervals); i++) {
		struct bc_peer_delay_config config = bench_config();
		struct bench b;
		uint64_t last;

		config.log_min_pdelay_req_interval = log_intervals[i];
		bench_init(&b, &config);
		bench_next_request(&b);
		assert_true(b.now_mono_ns - BENCH_START_MONO_NS <
			    (uint64_t)MIN(intervals_ns[i], NSEC_PER_SEC));
		for (unsigned int n = 0; n < 5; n++) {
			last = b.now_mono_ns;
			bench_next_request(&b);
			assert_ns_equal(b.now_mono_ns - last, intervals_ns[i]);
		}
		assert_int_equal(COUNT(&b, TX_REQ), 6);
		bench_done(&b);
	}
	for (size_t i = 0; i < 2; i++) {
		struct bc_peer_delay_config config = bench_config();
		struct bench b;

		config.identity.port_number += (uint16_t)i;
		bench_init(&b, &config);
		bench_next_request(&b);
		first_mono_ns[i] = b.now_mono_ns;
		bench_done(&b);
	}
	assert_true(first_mono_ns[0] != first_mono_ns[1]);
}

static void what_a_halt_missed_is_not_sent_late(void **state)
{
	struct bench b = new_bench();
	struct bc_action action;

	(void)state;
	bench_next_request(&b);
	b.now_mono_ns += 10 * NSEC_PER_SEC + 1;
	bc_peer_delay_handle_timer(b.pd, b.now_mono_ns);
	assert_true(bc_peer_delay_pop_action(b.pd, &action));
	assert_false(bench_run(&b, b.now_mono_ns + NSEC_PER_SEC - 1, &action));
	assert_true(bench_run(&b, b.now_mono_ns + 1, &action));
	bench_done(&b);
}

static void a_request_says_whose_it_is_and_takes_the_asymmetry_off(void **state)
{
	struct bc_peer_delay_config config = bench_config();
	struct bc_msg msg;
	struct bench b;

	(void)state;
	config.sdo_id = 0x123;
	config.delay_asymmetry_ns = 700;
	bench_init(&b, &config);
	msg = bench_next_request(&b);
	assert_int_equal(msg.sdo_id, 0x123);
	assert_int_equal(msg.domain_number, 5);
	assert_int_equal(msg.minor_version, 1);
	assert_int_equal(msg.flags, 0);
	assert_int_equal(msg.log_message_interval, 0x7f);
	assert_ns_equal(msg.correction_sns, -700 * 65536);
	assert_ns_equal(msg.timestamp_ns, 0);
	assert_true(bc_port_identity_equal(&msg.source, &bench_own));
	bench_done(&b);
}

static void a_two_step_answer_gives_the_exact_delay(void **state)
{
	struct bench_answer a = bench_answer(1234, 98765);
	struct bench b = new_bench();

	(void)state;
	assert_false(bench_status(&b).is_valid);
	bench_exchange(&b, &a);
	assert_true(bench_status(&b).is_valid);
	assert_ns_equal(bench_status(&b).mean_link_delay_ns, 1234);
	assert_true(bench_is_neighbor(&b, &bench_neighbor));
	assert_int_equal(COUNT(&b, RX_RESP), 1);
	assert_int_equal(COUNT(&b, RX_RESP_FOLLOW_UP), 1);
	bench_done(&b);
}

static void a_one_step_answer_gives_the_exact_delay(void **state)
{
	struct bench_answer a = bench_answer(1234, 98765);
	struct bench b = new_bench();

	(void)state;
	a.is_one_step = true;
	bench_exchange(&b, &a);
	assert_true(bench_status(&b).is_valid);
	assert_ns_equal(bench_status(&b).mean_link_delay_ns, 1234);
	/* It says nothing of its clock. */
	for (unsigned int i = 0; i < 20; i++)
		bench_exchange(&b, &a);
	assert_true(bench_status(&b).neighbor_rate_offset == 0.0);
	bench_done(&b);
}

static void a_two_step_answer_without_time_stamps_gives_the_exact_delay(void **state)
{
	struct bench_answer a = bench_answer(777, 5000);
	struct bench b = new_bench();

	(void)state;
	a.has_no_time = true;
	for (unsigned int i = 0; i < 20; i++)
		bench_exchange(&b, &a);
	assert_ns_equal(bench_status(&b).mean_link_delay_ns, 777);
	assert_true(bench_status(&b).neighbor_rate_offset == 0.0);
	bench_done(&b);
}

/* Residence on the way back in the answer, on the way out in what follows it. */
static void residence_in_both_corrections_is_taken_out(void **state)
{
	struct bench_answer a = bench_answer(500, 40000);
	struct bench b = new_bench();

	(void)state;
	a.delay_out_ns += 3000;
	a.delay_back_ns += 2001;
	a.follow_up_correction_sns = 3000 * 65536;
	a.resp_correction_sns = 2001 * 65536;
	bench_exchange(&b, &a);
	assert_ns_equal(bench_status(&b).mean_link_delay_ns, 500);
	a.is_one_step = true;
	a.resp_correction_sns = 5001 * 65536;
	bench_exchange(&b, &a);
	assert_ns_equal(bench_status(&b).mean_link_delay_ns, 500);
	bench_done(&b);
}

static void fractions_of_a_nanosecond_are_rounded_at_the_end(void **state)
{
	struct bench_answer a = bench_answer(500, 40000);
	struct bench b = new_bench();

	(void)state;
	/* 500 - (0.5 + 0.5) / 2 = 499.5, and one 2^-16 ns less. */
	a.resp_correction_sns = a.follow_up_correction_sns = 32768;
	bench_exchange(&b, &a);
	assert_ns_equal(bench_status(&b).mean_link_delay_ns, 500);
	a.resp_correction_sns += 2;
	bench_exchange(&b, &a);
	assert_ns_equal(bench_status(&b).mean_link_delay_ns, 499);
	bench_done(&b);
}

static void the_mean_does_not_depend_on_the_asymmetry(void **state)
{
	struct bc_peer_delay_config config = bench_config();
	struct bench_answer a = bench_answer(1000, 40000);
	struct bench b;

	(void)state;
	config.delay_asymmetry_ns = 300;
	bench_init(&b, &config);
	a.delay_back_ns += 300;
	a.delay_out_ns -= 300;
	a.follow_up_correction_sns = -300 * 65536; /* the request's, as the neighbour has to */
	bench_exchange(&b, &a);
	assert_ns_equal(bench_status(&b).mean_link_delay_ns, 1000);
	bench_done(&b);
}

static void latencies_are_between_stamps_and_wire(void **state)
{
	struct bc_peer_delay_config config = bench_config();
	struct bench_answer a = bench_answer(1000, 40000);
	struct bench b;

	(void)state;
	config.ingress_latency_ns = 150;
	config.egress_latency_ns = 50;
	bench_init(&b, &config);
	bench_exchange(&b, &a);
	assert_ns_equal(bench_status(&b).mean_link_delay_ns, 900);
	bench_done(&b);
}

static void the_parts_of_an_exchange_may_come_in_any_order(void **state)
{
	static const char orders[][4] = {"SRF", "SFR", "RSF", "RFS", "FSR", "FRS"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		struct bench_answer a = bench_answer(1234, 5000);
		struct bench b = new_bench();

		bench_next_request(&b);
		bench_answer_messages(&b, &a);
		for (const char *step = orders[i]; *step; step++) {
			bench_settle(&b);
			assert_false(bench_status(&b).is_valid);
			if (*step == 'S')
				bench_stamp_request(&b, &a);
			else
				bench_receive(&b, *step == 'R' ? &a.resp : &a.follow_up, a.t4_mono_ns);
		}
		bench_settle(&b);
		assert_true(bench_status(&b).is_valid);
		assert_ns_equal(bench_status(&b).mean_link_delay_ns, 1234);
		bench_done(&b);
	}
}

static void a_one_step_answer_may_come_before_the_stamp(void **state)
{
	struct bench_answer a = bench_answer(1234, 5000);
	struct bench b = new_bench();

	(void)state;
	a.is_one_step = true;
	bench_next_request(&b);
	bench_answer_messages(&b, &a);
	bench_deliver(&b, &a);
	/* One step it is, so this is nobody's. */
	a.follow_up.correction_sns = 99 * 65536;
	a.follow_up.timestamp_ns = 99;
	bench_receive(&b, &a.follow_up, a.t4_mono_ns);
	bench_stamp_request(&b, &a);
	bench_settle(&b);
	assert_ns_equal(bench_status(&b).mean_link_delay_ns, 1234);
	bench_done(&b);
}

static void sequence_numbers_wrap_and_nothing_is_lost(void **state)
{
	struct bc_peer_delay_config config = bench_config();
	struct bench_answer a = bench_answer(1234, 5000);
	struct bench b;

	(void)state;
	config.log_min_pdelay_req_interval = -7;
	bench_init(&b, &config);
	for (unsigned int i = 0; i < 65535; i++)
		bench_next_request(&b);
	assert_int_equal(b.sequence_id, 65534);
	assert_false(bench_status(&b).is_valid);
	for (unsigned int i = 0; i < 4; i++) {
		bench_next_request(&b);
		bench_answer_messages(&b, &a);
		bench_stamp_request(&b, &a);
		bench_deliver(&b, &a);
	}
	assert_int_equal(b.sequence_id, 2);
	assert_true(bench_status(&b).is_valid);
	assert_int_equal(COUNT(&b, UNMATCHED), 0);
	assert_int_equal(COUNT(&b, LOST) + COUNT(&b, STAMP_MISSING), 65535);
	bench_done(&b);
}

static void a_delay_beyond_the_thresholds_is_measured_but_not_valid(void **state)
{
	struct bench_answer a = bench_answer(801, 5000);
	struct bc_peer_delay_config config = bench_config();
	struct bench b;

	(void)state;
	config.neighbor_prop_delay_thresh_ns = 800;
	config.min_neighbor_prop_delay_ns = -50;
	bench_init(&b, &config);
	bench_exchange(&b, &a);
	assert_false(bench_status(&b).is_valid);
	assert_ns_equal(bench_status(&b).mean_link_delay_ns, 801);
	assert_int_equal(COUNT(&b, OUT_OF_RANGE), 1);
	a = bench_answer(800, 5000);
	bench_exchange(&b, &a);
	assert_true(bench_status(&b).is_valid);
	a.resp_correction_sns = 2 * 850 * 65536;
	bench_exchange(&b, &a);
	assert_true(bench_status(&b).is_valid);
	a.resp_correction_sns = 2 * 851 * 65536;
	bench_exchange(&b, &a);
	assert_false(bench_status(&b).is_valid);
	assert_int_equal(COUNT(&b, OUT_OF_RANGE), 2);
	bench_done(&b);
}

static void the_delay_is_filtered(void **state)
{
	static const int64_t delays_ns[] = {1000, 1010, 900000, 1020, 990};
	static const int64_t medians_ns[] = {1000, 1005, 1010, 1015, 1010};
	struct bc_peer_delay_config config = bench_config();
	struct bench b;

	(void)state;
	config.delay_filter_length = 5;
	config.neighbor_prop_delay_thresh_ns = 2000;
	bench_init(&b, &config);
	for (size_t i = 0; i < ARRAY_SIZE(delays_ns); i++) {
		struct bench_answer a = bench_answer(delays_ns[i], 5000);

		bench_exchange(&b, &a);
		assert_ns_equal(bench_status(&b).mean_link_delay_ns, medians_ns[i]);
		assert_true(bench_status(&b).is_valid); /* the one that is far off says nothing */
	}
	bench_done(&b);
}

static void more_lost_responses_than_allowed_end_validity_until_the_next_one(void **state)
{
	struct bench_answer a = bench_answer(1234, 5000);
	struct bench b = new_bench();

	(void)state;
	bench_exchange(&b, &a);
	for (unsigned int lost = 0; lost < 4; lost++) {
		assert_true(bench_status(&b).is_valid);
		bench_next_request(&b);
		bench_answer_messages(&b, &a);
		bench_stamp_request(&b, &a);
		if (lost % 2) /* half an answer is none */
			bench_receive(&b, &a.resp, a.t4_mono_ns);
		assert_int_equal(COUNT(&b, LOST), lost);
	}
	assert_true(bench_status(&b).is_valid);
	bench_exchange(&b, &a);
	assert_int_equal(COUNT(&b, LOST), 4);
	assert_true(bench_status(&b).is_valid);
	for (unsigned int i = 0; i < 5; i++) {
		bench_next_request(&b);
		bench_answer_messages(&b, &a);
		bench_stamp_request(&b, &a);
	}
	assert_false(bench_status(&b).is_valid);
	assert_ns_equal(bench_status(&b).mean_link_delay_ns, 1234);
	bench_exchange(&b, &a);
	assert_true(bench_status(&b).is_valid);
	bench_done(&b);
}

static void a_missing_stamp_costs_one_measurement(void **state)
{
	struct bench_answer a = bench_answer(1234, 5000);
	struct bench b = new_bench();

	(void)state;
	bench_exchange(&b, &a);
	bench_next_request(&b);
	bench_answer_messages(&b, &a);
	bench_deliver(&b, &a);
	bench_next_request(&b);
	assert_int_equal(COUNT(&b, STAMP_MISSING), 1);
	assert_int_equal(COUNT(&b, LOST), 0);
	/* It comes after all, when another request is under way. */
	b.sequence_id--;
	bench_stamp_request(&b, &a);
	b.sequence_id++;
	assert_int_equal(COUNT(&b, STAMP_UNMATCHED), 1);
	bench_answer_messages(&b, &a);
	bench_stamp_request(&b, &a);
	bench_stamp_request(&b, &a);
	assert_int_equal(COUNT(&b, STAMP_UNMATCHED), 2);
	bench_deliver(&b, &a);
	bench_settle(&b);
	assert_true(bench_status(&b).is_valid);
	bench_done(&b);
}

static void another_neighbor_is_measured_anew(void **state)
{
	struct bc_peer_delay_config config = bench_config();
	struct bench_answer a = bench_answer(1000, 5000), other = bench_answer(4000, 9000);
	struct bench b;

	(void)state;
	config.delay_filter_length = 10;
	bench_init(&b, &config);
	a.rate_offset = 50e-6;
	other.source = bench_stranger;
	for (unsigned int i = 0; i < 10; i++)
		bench_exchange(&b, &a);
	assert_true(bench_status(&b).neighbor_rate_offset > 49e-6);
	bench_exchange(&b, &other);
	assert_ns_equal(bench_status(&b).mean_link_delay_ns, 4000);
	assert_true(bench_status(&b).neighbor_rate_offset == 0.0);
	assert_true(bench_is_neighbor(&b, &bench_stranger));
	bench_done(&b);
}

/* 100 ppm of a stay of 10 ms are a microsecond, half of which would be in the delay. */
static void the_rate_of_the_neighbor_scales_its_stay(void **state)
{
	static const double offsets[] = {100e-6, -100e-6};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		struct bench_answer a = bench_answer(1234, 10 * NSEC_PER_MSEC);
		struct bench b = new_bench();

		a.rate_offset = offsets[i];
		bench_exchange(&b, &a);
		assert_true(llabs(bench_status(&b).mean_link_delay_ns - 1234) >= 499);
		for (unsigned int n = 0; n < 10; n++)
			bench_exchange(&b, &a);
		assert_true(bench_status(&b).neighbor_rate_offset > offsets[i] - 1e-9);
		assert_true(bench_status(&b).neighbor_rate_offset < offsets[i] + 1e-9);
		assert_true(llabs(bench_status(&b).mean_link_delay_ns - 1234) <= 1);
		bench_done(&b);
	}
}

/* Which says the time only in every third answer. */
static void the_rate_of_a_neighbor_that_seldom_tells_its_time_is_known(void **state)
{
	struct bench b = new_bench();

	(void)state;
	for (unsigned int n = 0; n < 30; n++) {
		struct bench_answer a = bench_answer(1234, 10000);

		a.rate_offset = 100e-6;
		a.is_one_step = n % 3 == 0;
		a.has_no_time = n % 3 == 1;
		bench_exchange(&b, &a);
	}
	assert_true(bench_status(&b).neighbor_rate_offset > 99e-6);
	bench_done(&b);
}

/* It was set a little, unseen: neither one step nor another rate. */
static void a_step_during_a_silence_is_no_rate(void **state)
{
	struct bench_answer a = bench_answer(1234, 10000);
	struct bench b = new_bench();

	(void)state;
	a.rate_offset = 30e-6;
	for (unsigned int n = 0; n < 20; n++)
		bench_exchange(&b, &a);
	for (unsigned int n = 0; n < 20; n++)
		bench_next_request(&b);
	a.step_ns = 400 * NSEC_PER_USEC;
	for (unsigned int n = 0; n < 20; n++) {
		bench_exchange(&b, &a);
		assert_true(bench_status(&b).neighbor_rate_offset > 29e-6);
		assert_true(bench_status(&b).neighbor_rate_offset < 31e-6);
	}
	bench_done(&b);
}

static void corrections_belong_to_the_rate(void **state)
{
	struct bench b = new_bench();

	(void)state;
	for (unsigned int n = 0; n < 20; n++) {
		struct bench_answer a = bench_answer(1234, 10000);

		/* Residence that grows by 50 us each second. */
		a.delay_back_ns += n * 50000;
		a.resp_correction_sns = n * 50000LL * 65536;
		bench_exchange(&b, &a);
		assert_ns_equal(bench_status(&b).mean_link_delay_ns, 1234);
	}
	assert_true(bench_status(&b).neighbor_rate_offset < 1e-9);
	assert_true(bench_status(&b).neighbor_rate_offset > -1e-9);
	bench_done(&b);
}

static void a_link_that_went_down_is_forgotten(void **state)
{
	struct bc_peer_delay_config config = bench_config();
	struct bench_answer a = bench_answer(1000, 5000), other = bench_answer(3000, 5000);
	struct bc_peer_delay_status status;
	struct bc_action action;
	struct bench b;

	(void)state;
	config.delay_filter_length = 10;
	bench_init(&b, &config);
	other.source = (struct ptp_port_identity){}; /* as good as any */
	a.rate_offset = 50e-6;
	for (unsigned int i = 0; i < 10; i++)
		bench_exchange(&b, &a);
	bench_next_request(&b);
	bench_answer_messages(&b, &a);
	bc_peer_delay_handle_timer(b.pd, b.now_mono_ns + NSEC_PER_SEC); /* a request that nobody takes */
	bc_peer_delay_handle_link(b.pd, BC_LINK_DOWN, b.now_mono_ns);
	status = bench_status(&b);
	assert_false(status.is_valid);
	assert_ns_equal(status.mean_link_delay_ns, 0);
	assert_true(status.neighbor_rate_offset == 0.0);
	assert_int_equal(status.neighbor.port_number, 0);
	assert_false(bc_peer_delay_pop_action(b.pd, &action));
	assert_true(bc_peer_delay_next_deadline_mono_ns(b.pd) == UINT64_MAX);
	bench_stamp_request(&b, &a);
	assert_int_equal(COUNT(&b, STAMP_UNMATCHED), 1);

	bc_peer_delay_handle_link(b.pd, BC_LINK_UP, b.now_mono_ns);
	bc_peer_delay_handle_link(b.pd, BC_LINK_UP, b.now_mono_ns);
	bench_deliver(&b, &a);
	assert_int_equal(COUNT(&b, UNMATCHED), 2);
	bench_exchange(&b, &other);
	assert_ns_equal(bench_status(&b).mean_link_delay_ns, 3000);
	bench_done(&b);
}

static void every_counter_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < BC_PEER_DELAY_COUNTER_MAX; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(bc_peer_delay_counter_name(i), bc_peer_delay_counter_name(j));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_configuration_is_refused),
		cmocka_unit_test(nothing_is_sent_or_taken_in_before_the_link_is_up),
		cmocka_unit_test(requests_leave_each_interval_and_the_first_one_is_spread),
		cmocka_unit_test(what_a_halt_missed_is_not_sent_late),
		cmocka_unit_test(a_request_says_whose_it_is_and_takes_the_asymmetry_off),
		cmocka_unit_test(a_two_step_answer_gives_the_exact_delay),
		cmocka_unit_test(a_one_step_answer_gives_the_exact_delay),
		cmocka_unit_test(a_two_step_answer_without_time_stamps_gives_the_exact_delay),
		cmocka_unit_test(residence_in_both_corrections_is_taken_out),
		cmocka_unit_test(fractions_of_a_nanosecond_are_rounded_at_the_end),
		cmocka_unit_test(the_mean_does_not_depend_on_the_asymmetry),
		cmocka_unit_test(latencies_are_between_stamps_and_wire),
		cmocka_unit_test(the_parts_of_an_exchange_may_come_in_any_order),
		cmocka_unit_test(a_one_step_answer_may_come_before_the_stamp),
		cmocka_unit_test(sequence_numbers_wrap_and_nothing_is_lost),
		cmocka_unit_test(a_delay_beyond_the_thresholds_is_measured_but_not_valid),
		cmocka_unit_test(the_delay_is_filtered),
		cmocka_unit_test(more_lost_responses_than_allowed_end_validity_until_the_next_one),
		cmocka_unit_test(a_missing_stamp_costs_one_measurement),
		cmocka_unit_test(another_neighbor_is_measured_anew),
		cmocka_unit_test(the_rate_of_the_neighbor_scales_its_stay),
		cmocka_unit_test(the_rate_of_a_neighbor_that_seldom_tells_its_time_is_known),
		cmocka_unit_test(a_step_during_a_silence_is_no_rate),
		cmocka_unit_test(corrections_belong_to_the_rate),
		cmocka_unit_test(a_link_that_went_down_is_forgotten),
		cmocka_unit_test(every_counter_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
