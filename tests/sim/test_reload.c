// SPDX-License-Identifier: GPL-2.0-or-later
/* A clock that is configured anew while others follow it: an engine takes the place of another, after a gap.
 */
#include <math.h>

#include "tests/sim/topology.h"

#define N_CLOCKS 4 /* node 0 is the grandmaster, each other follows the one before it */
#define BOX	 1
#define SETTLE_S 120.0
/* Longer than stopping and starting takes, shorter than any timeout. */
#define GAP_S 0.4

struct lab {
	struct sim *sim;
	double usual_ns[N_CLOCKS]; /* the largest error of each clock in a quiet while */
};

static void start(struct lab *lab, uint64_t seed)
{
	lab->sim = chain(seed, N_CLOCKS);
	sim_run_s(lab->sim, SETTLE_S);
	sim_clear_stats(lab->sim);
	sim_run_s(lab->sim, SETTLE_S);
	for (size_t i = 0; i < N_CLOCKS; i++)
		lab->usual_ns[i] = sim_stats(lab->sim, i).max_abs_ns;
	sim_clear_stats(lab->sim);
}

static struct sim_node box(void)
{
	return noisy_clock(BOX + 1, 2);
}

static void reload(struct lab *lab, size_t node, const struct sim_node *config)
{
	sim_set_alive(lab->sim, node, false);
	sim_run_s(lab->sim, GAP_S);
	sim_succeed(lab->sim, node, config);
	sim_set_alive(lab->sim, node, true);
}

static void assert_nobody_behind_noticed(struct lab *lab)
{
	for (size_t i = BOX + 1; i < N_CLOCKS; i++)
		assert_int_equal(sim_stats(lab->sim, i).n_state_changes, 0);
	for (size_t i = BOX; i < N_CLOCKS; i++) {
		show(lab->sim, "since the reload", i);
		if (sim_stats(lab->sim, i).max_abs_ns > 3 * lab->usual_ns[i] + 1000)
			fail_msg("clock %zu: %.0f ns off, usually %.0f", i, sim_stats(lab->sim, i).max_abs_ns,
				 lab->usual_ns[i]);
	}
}

static void a_boundary_clock_goes_on_at_once_and_nobody_behind_it_notices(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct sim_node config = box();
		struct lab lab;

		start(&lab, seed);
		config.engine.servo.offset_threshold_ns = 100;
		config.engine.servo.num_offset_values = 10;
		reload(&lab, BOX, &config);
		/* It serves before it has heard a single Announce. */
		sim_run_s(lab.sim, 0.2);
		assert_state(lab.sim, BOX, 0, BC_STATE_UNCALIBRATED);
		assert_state(lab.sim, BOX, 1, BC_STATE_MASTER);
		assert_true(sim_stats(lab.sim, BOX).n_sent > 2);
		sim_run_s(lab.sim, 60);
		assert_state(lab.sim, BOX, 0, BC_STATE_SLAVE);
		assert_nobody_behind_noticed(&lab);
		sim_free(lab.sim);
	}
}

static void a_grandmaster_goes_on_at_once(void **state)
{
	struct sim_node config = noisy_grandmaster(1, 100);
	struct bc_status status;
	struct lab lab;

	(void)state;
	start(&lab, 11);
	config.engine.priority2 = 100;
	reload(&lab, 0, &config);
	sim_run_s(lab.sim, 60);
	assert_state(lab.sim, 0, 0, BC_STATE_GRAND_MASTER);
	assert_int_equal(sim_stats(lab.sim, BOX).n_state_changes, 0);
	bc_engine_status(sim_engine(lab.sim, BOX), &status);
	assert_int_equal(status.grandmaster_priority2, 100);
	assert_nobody_behind_noticed(&lab);
	sim_free(lab.sim);
}

/* From then on it is the better clock; its time is that of the one it followed. */
static void one_that_becomes_the_grandmaster_by_it_keeps_the_time_it_had(void **state)
{
	struct sim_node config = box();
	struct bc_status status;
	struct lab lab;

	(void)state;
	start(&lab, 12);
	config.engine.priority1 = 1;
	reload(&lab, BOX, &config);
	sim_run_s(lab.sim, 30);
	assert_state(lab.sim, BOX, 1, BC_STATE_GRAND_MASTER);
	bc_engine_status(sim_engine(lab.sim, BOX), &status);
	assert_int_equal(status.time_flags, PTP_FLAG_PTP_TIMESCALE);
	/* Wander, of half a minute. */
	assert_true(fabs(sim_error_ns(lab.sim, BOX)) < 20000);
	sim_free(lab.sim);
}

/* Nobody that was known there is believed for it. */
static void one_that_is_moved_to_another_domain_keeps_its_time_and_listens_first(void **state)
{
	struct sim_node config = box();
	struct lab lab;

	(void)state;
	start(&lab, 13);
	config.engine.domain_number = 7;
	reload(&lab, BOX, &config);
	sim_run_s(lab.sim, 0.2);
	assert_state(lab.sim, BOX, 0, BC_STATE_LISTENING);
	assert_state(lab.sim, BOX, 1, BC_STATE_LISTENING);
	assert_true(fabs(sim_error_ns(lab.sim, BOX)) < 3 * lab.usual_ns[BOX] + 1000);
	sim_free(lab.sim);
}

static void a_master_that_is_no_longer_acceptable_is_not_followed_any_more(void **state)
{
	struct sim_node config = box();
	struct lab lab;

	(void)state;
	start(&lab, 14);
	config.port.n_acceptable_masters = 1; /* nobody's identity */
	reload(&lab, BOX, &config);
	sim_run_s(lab.sim, 0.2);
	assert_state(lab.sim, BOX, 0, BC_STATE_LISTENING);
	sim_run_s(lab.sim, 10);
	assert_state(lab.sim, BOX, 0, BC_STATE_GRAND_MASTER);
	sim_free(lab.sim);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_boundary_clock_goes_on_at_once_and_nobody_behind_it_notices),
		cmocka_unit_test(a_grandmaster_goes_on_at_once),
		cmocka_unit_test(one_that_becomes_the_grandmaster_by_it_keeps_the_time_it_had),
		cmocka_unit_test(one_that_is_moved_to_another_domain_keeps_its_time_and_listens_first),
		cmocka_unit_test(a_master_that_is_no_longer_acceptable_is_not_followed_any_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
