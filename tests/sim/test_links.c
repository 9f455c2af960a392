// SPDX-License-Identifier: GPL-2.0-or-later
/* Links that are lossy, asymmetric, double or reorder; grandmasters that die and return. */
#include <math.h>

#include "tests/sim/topology.h"

static void thirty_percent_loss_costs_accuracy_and_no_lock(void **state)
{
	struct sim *sim = chain(1, 3);

	(void)state;
	sim_run_s(sim, 60);
	sim_link_of(sim, 0)->loss = 0.3;
	sim_link_of(sim, 1)->loss = 0.3;
	sim_clear_stats(sim);
	sim_run_s(sim, 600);
	show(sim, "30 % loss, first", 1);
	show(sim, "30 % loss, second", 2);
	/* Three Announces in a row are lost every 40 s or so: the port is then master for a while. */
	for (size_t i = 1; i < 3; i++)
		assert_true(sim_stats(sim, i).max_abs_ns < 10000);
	sim_link_of(sim, 0)->loss = sim_link_of(sim, 1)->loss = 0;
	sim_run_s(sim, 20);
	assert_state(sim, 1, 0, BC_STATE_SLAVE);
	assert_state(sim, 2, 0, BC_STATE_SLAVE);
	sim_free(sim);
}

static void duplicates_and_reordered_frames_do_no_harm(void **state)
{
	struct sim *sim = chain(2, 2);
	struct sim_link *link;

	(void)state;
	sim_run_s(sim, 60);
	link = sim_link_of(sim, 0);
	link->duplication = 0.2;
	link->reorder = 0.1;
	link->reorder_ns = 50 * NSEC_PER_USEC;
	sim_clear_stats(sim);
	sim_run_s(sim, 600);
	show(sim, "duplicates, reordering", 1);
	assert_int_equal(sim_stats(sim, 1).n_state_changes, 0);
	assert_true(sim_stats(sim, 1).rms_ns < 3000);
	sim_free(sim);
}

/* Mean error of a clock behind an asymmetric link. */
static double mean_error_ns(int64_t out_ns, int64_t back_ns, int64_t delay_asymmetry_ns)
{
	struct sim *sim = sim_new(3);
	struct sim_node gm = noisy_grandmaster(1, 100), node = noisy_clock(2, 1);
	struct sim_link link = noisy_link();
	double mean_ns;

	link.delay_ns[0] = out_ns;
	link.delay_ns[1] = back_ns;
	node.port.delay_asymmetry_ns = delay_asymmetry_ns;
	sim_add(sim, &gm);
	sim_add(sim, &node);
	sim_connect(sim, 0, 0, 1, 0, &link);
	sim_start(sim);
	sim_run_s(sim, 60);
	sim_clear_stats(sim);
	sim_run_s(sim, 300);
	show(sim, delay_asymmetry_ns ? "asymmetry, told" : "asymmetry, not told", 1);
	mean_ns = sim_stats(sim, 1).mean_ns;
	sim_free(sim);
	return mean_ns;
}

static void an_asymmetry_shows_as_half_of_it_and_delay_asymmetry_removes_it(void **state)
{
	(void)state;
	assert_true(fabs(mean_error_ns(2000, 2000, 0)) < 60);
	assert_true(fabs(mean_error_ns(12000, 2000, 0) + 5000) < 60);
	assert_true(fabs(mean_error_ns(2000, 12000, 0) - 5000) < 60);
	assert_true(fabs(mean_error_ns(12000, 2000, 5000)) < 60);
	assert_true(fabs(mean_error_ns(2000, 12000, -5000)) < 60);
}

/* Two grandmasters (1 the better) and clock 0, with a client behind it. */
static struct sim *failover_net(uint64_t seed)
{
	struct sim *sim = sim_new(seed);
	struct sim_node bc = noisy_clock(10, 3), oc = noisy_clock(11, 1), gm1 = noisy_grandmaster(1, 100),
			gm2 = noisy_grandmaster(2, 110);
	struct sim_link link = noisy_link();

	sim_add(sim, &bc);
	sim_add(sim, &gm1);
	sim_add(sim, &gm2);
	sim_add(sim, &oc);
	sim_connect(sim, 1, 0, 0, 0, &link);
	sim_connect(sim, 2, 0, 0, 1, &link);
	sim_connect(sim, 0, 2, 3, 0, &link);
	sim_start(sim);
	return sim;
}

static void a_second_grandmaster_takes_over_within_five_seconds_without_a_step(void **state)
{
	struct sim *sim = failover_net(5);

	(void)state;
	sim_run_s(sim, 100);
	assert_state(sim, 0, 0, BC_STATE_SLAVE);
	assert_state(sim, 2, 0, BC_STATE_PASSIVE);
	sim_clear_stats(sim);
	sim_set_alive(sim, 1, false);
	sim_run_s(sim, 5);
	assert_true(sim_state(sim, 0, 1) == BC_STATE_SLAVE || sim_state(sim, 0, 1) == BC_STATE_UNCALIBRATED);
	sim_run_s(sim, 60);
	assert_state(sim, 0, 1, BC_STATE_SLAVE);
	show(sim, "failover, boundary clock", 0);
	show(sim, "failover, client", 3);
	assert_true(sim_stats(sim, 0).max_abs_ns < 3000);
	assert_true(sim_stats(sim, 3).max_abs_ns < 5000);
	sim_free(sim);
}

static void a_better_grandmaster_that_returns_is_followed_again_without_a_step(void **state)
{
	struct sim *sim = failover_net(6);

	(void)state;
	sim_run_s(sim, 100);
	sim_set_alive(sim, 1, false);
	sim_run_s(sim, 60);
	sim_clear_stats(sim);
	sim_set_alive(sim, 1, true);
	sim_run_s(sim, 60);
	assert_state(sim, 0, 0, BC_STATE_SLAVE);
	show(sim, "return, boundary clock", 0);
	assert_true(sim_stats(sim, 0).max_abs_ns < 3000);
	assert_true(sim_stats(sim, 3).max_abs_ns < 5000);
	sim_free(sim);
}

static void without_any_grandmaster_the_clock_holds_over(void **state)
{
	struct sim *sim = failover_net(7);
	struct bc_status status;

	(void)state;
	sim_run_s(sim, 300);
	sim_clear_stats(sim);
	sim_set_alive(sim, 1, false);
	sim_set_alive(sim, 2, false);
	sim_run_s(sim, 60);
	show(sim, "holdover of 60 s", 0);
	bc_engine_status(sim_engine(sim, 3), &status);
	assert_int_equal(status.grandmaster_clock_quality.clock_class, 248);
	assert_state(sim, 3, 0, BC_STATE_SLAVE);
	/* A frequency error of 20 ppb and a wander of 1 ppb in a second's square root: 60 s of both. */
	assert_true(sim_stats(sim, 0).max_abs_ns < 60 * 20 + 60 * 3 * 8);
	sim_free(sim);
}

static void a_best_master_that_flaps_at_1_hz_does_not_shake_the_clock(void **state)
{
	struct sim *sim = failover_net(8);

	(void)state;
	sim_run_s(sim, 100);
	sim_clear_stats(sim);
	for (int i = 0; i < 60; i++) {
		sim_set_alive(sim, 1, i % 2);
		sim_run_s(sim, 1);
	}
	show(sim, "flapping grandmaster", 0);
	assert_true(sim_stats(sim, 0).max_abs_ns < 5000);
	sim_free(sim);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(thirty_percent_loss_costs_accuracy_and_no_lock),
		cmocka_unit_test(duplicates_and_reordered_frames_do_no_harm),
		cmocka_unit_test(an_asymmetry_shows_as_half_of_it_and_delay_asymmetry_removes_it),
		cmocka_unit_test(a_second_grandmaster_takes_over_within_five_seconds_without_a_step),
		cmocka_unit_test(a_better_grandmaster_that_returns_is_followed_again_without_a_step),
		cmocka_unit_test(without_any_grandmaster_the_clock_holds_over),
		cmocka_unit_test(a_best_master_that_flaps_at_1_hz_does_not_shake_the_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
