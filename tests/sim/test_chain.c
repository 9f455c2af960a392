// SPDX-License-Identifier: GPL-2.0-or-later
/* Clocks in a row: how fast they settle, how near they stay, and that a seed decides everything. */
#include <math.h>

#include "tests/sim/topology.h"

/* Two stamps and a link: what one Sync alone is wrong by. */
static double sync_noise_ns(void)
{
	return sqrt(2.0 * STAMP_NOISE_NS * STAMP_NOISE_NS + LINK_JITTER_NS * LINK_JITTER_NS);
}

static void three_clocks_settle_and_stay_within_the_noise(void **state)
{
	struct sim *sim = chain(1, 3);

	(void)state;
	sim_run_s(sim, 40);
	assert_state(sim, 0, 0, BC_STATE_GRAND_MASTER);
	assert_state(sim, 1, 0, BC_STATE_SLAVE);
	assert_state(sim, 1, 1, BC_STATE_MASTER);
	assert_state(sim, 2, 0, BC_STATE_SLAVE);
	sim_clear_stats(sim);
	sim_run_s(sim, 600);
	show(sim, "boundary clock", 1);
	show(sim, "clock behind it", 2);
	for (size_t i = 1; i < 3; i++) {
		struct sim_stats s = sim_stats(sim, i);

		assert_true(s.n == 12000);
		assert_true(s.rms_ns < sync_noise_ns());
		assert_true(s.max_abs_ns < 4 * sync_noise_ns());
		assert_int_equal(s.n_state_changes, 0);
	}
	sim_free(sim);
}

static void the_first_clock_is_within_a_microsecond_after_five_seconds_of_sync(void **state)
{
	unsigned int n_near = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct sim *sim = chain(seed, 2);

		while (sim_state(sim, 1, 0) != BC_STATE_UNCALIBRATED)
			sim_run_s(sim, 0.1);
		sim_run_s(sim, 5);
		n_near += fabs(sim_error_ns(sim, 1)) < 1000;
		sim_free(sim);
	}
	print_message("%u of 50 within 1 us\n", n_near);
	assert_true(n_near >= 49);
}

static void run_hops(struct sim *sim, double settle_s)
{
	sim_run_s(sim, settle_s);
	sim_clear_stats(sim);
	sim_run_s(sim, 600);
	for (size_t i = 1; i < 17; i += 5)
		show(sim, "hop", i);
	assert_state(sim, 16, 0, BC_STATE_SLAVE);
	assert_int_equal(sim_stats(sim, 16).n_state_changes, 0);
}

/* The textbook loop is damped well: noises of independent hops add up by their squares. */
static void over_sixteen_hops_of_pi_servos_the_noise_adds_up_and_does_not_multiply(void **state)
{
	struct sim *sim = chain_of(16, 17, BC_SERVO_PI);

	(void)state;
	run_hops(sim, 1000);
	assert_true(sim_stats(sim, 16).rms_ns < 1.5 * sqrt(16.0) * sim_stats(sim, 1).rms_ns);
	sim_free(sim);
}

/* A quick filter lets a little more through than it gets at the slow end: bounded hop by hop. */
static void over_sixteen_hops_of_the_default_servo_no_hop_doubles_the_noise(void **state)
{
	struct sim *sim = chain(16, 17);

	(void)state;
	run_hops(sim, 200);
	for (size_t i = 2; i < 17; i++)
		assert_true(sim_stats(sim, i).rms_ns < 2.0 * sim_stats(sim, i - 1).rms_ns);
	sim_free(sim);
}

/* While the first ones are set by 100 ms, those behind see a master that jumps, also while they measure its
 * rate. */
static void a_long_chain_that_starts_all_at_once_is_right_at_last(void **state)
{
	double worst_ns = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct sim *sim = chain(seed, 17);

		sim_run_s(sim, 120);
		for (size_t i = 1; i < 17; i++)
			worst_ns = fmax(worst_ns, fabs(sim_error_ns(sim, i)));
		sim_free(sim);
	}
	print_message("at most %.0f ns wrong\n", worst_ns);
	assert_true(worst_ns < 5000);
}

static uint64_t trace_of(uint64_t seed, uint64_t *ret_n_events)
{
	struct sim *sim = chain(seed, 4);
	uint64_t trace;

	sim_link_of(sim, 0)->loss = 0.1;
	sim_link_of(sim, 1)->duplication = 0.1;
	sim_link_of(sim, 2)->reorder = 0.1;
	sim_link_of(sim, 2)->reorder_ns = 200 * NSEC_PER_USEC;
	sim_run_s(sim, 60);
	trace = sim_trace(sim);
	*ret_n_events = sim_n_events(sim);
	sim_free(sim);
	return trace;
}

static void the_same_seed_gives_the_same_trace_and_another_another(void **state)
{
	uint64_t n1, n2, n3;

	(void)state;
	assert_true(trace_of(7, &n1) == trace_of(7, &n2));
	assert_true(n1 == n2);
	assert_true(trace_of(7, &n1) != trace_of(8, &n3));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_clocks_settle_and_stay_within_the_noise),
		cmocka_unit_test(the_first_clock_is_within_a_microsecond_after_five_seconds_of_sync),
		cmocka_unit_test(over_sixteen_hops_of_pi_servos_the_noise_adds_up_and_does_not_multiply),
		cmocka_unit_test(over_sixteen_hops_of_the_default_servo_no_hop_doubles_the_noise),
		cmocka_unit_test(a_long_chain_that_starts_all_at_once_is_right_at_last),
		cmocka_unit_test(the_same_seed_gives_the_same_trace_and_another_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
