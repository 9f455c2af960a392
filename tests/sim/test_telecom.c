// SPDX-License-Identifier: GPL-2.0-or-later
/* Rings of telecom boundary clocks: what local priorities do, also those that nobody should set, and path
 * trace. */
#include <math.h>
#include <string.h>

#include "tests/sim/topology.h"

#define N_RING	  4
#define FIRST_GM  N_RING
#define SECOND_GM (N_RING + 1)

static struct sim_node telecom(struct sim_node node)
{
	node.engine.is_telecom = true;
	node.engine.local_priority = node.port.local_priority = 128;
	return node;
}

/*
 * Clocks 0 to 3 in a ring, port 1 of each to port 0 of the next; a grandmaster on port 2 of clock 0 and an
 * equal one on port 2 of clock 2. `local_priority` is that of port 0 of every clock, and so of the way round.
 */
static struct sim *ring(uint64_t seed, uint8_t local_priority, bool is_path_traced)
{
	struct sim *sim = sim_new(seed);
	struct sim_link link = noisy_link();

	for (unsigned int i = 0; i < N_RING; i++) {
		struct sim_node node = telecom(noisy_clock(i + 1, 3));

		node.port.is_path_traced = is_path_traced;
		node.local_priority = local_priority;
		sim_add(sim, &node);
	}
	for (size_t i = 0; i < N_RING; i++)
		sim_connect(sim, i, 1, (i + 1) % N_RING, 0, &link);
	for (unsigned int i = 0; i < 2; i++) {
		struct sim_node gm = telecom(noisy_grandmaster(90 + i, 128));

		gm.port.is_path_traced = is_path_traced;
		sim_connect(sim, sim_add(sim, &gm), 0, 2 * i, 2, &link);
	}
	sim_start(sim);
	return sim;
}

static bool follows(struct sim *sim, size_t node, size_t gm)
{
	struct bc_status own, master;

	bc_engine_status(sim_engine(sim, node), &own);
	bc_engine_status(sim_engine(sim, gm), &master);
	return memcmp(own.grandmaster_identity, master.grandmaster_identity, PTP_CLOCK_IDENTITY_LEN) == 0;
}

static double worst_error_ns(struct sim *sim)
{
	double worst_ns = 0;

	for (size_t i = 0; i < N_RING; i++)
		worst_ns = fmax(worst_ns, sim_stats(sim, i).max_abs_ns);
	return worst_ns;
}

static unsigned int n_state_changes(struct sim *sim)
{
	unsigned int n = 0;

	for (size_t i = 0; i < N_RING; i++)
		n += sim_stats(sim, i).n_state_changes;
	return n;
}

static void each_clock_takes_the_nearer_of_two_active_grandmasters(void **state)
{
	struct sim *sim = ring(11, 128, false);

	(void)state;
	sim_run_s(sim, 60);
	assert_true(follows(sim, 0, FIRST_GM));
	assert_true(follows(sim, 2, SECOND_GM));
	assert_state(sim, FIRST_GM, 0, BC_STATE_GRAND_MASTER);
	assert_state(sim, SECOND_GM, 0, BC_STATE_GRAND_MASTER);
	assert_int_equal(count_state(sim, N_RING, 3, BC_STATE_SLAVE), N_RING);
	sim_clear_stats(sim);
	sim_run_s(sim, 60);
	assert_int_equal(n_state_changes(sim), 0);
	assert_true(worst_error_ns(sim) < 5000);
	sim_free(sim);
}

static void the_other_grandmaster_takes_over_all(void **state)
{
	struct sim *sim = ring(12, 128, false);

	(void)state;
	sim_run_s(sim, 60);
	sim_set_alive(sim, FIRST_GM, false);
	sim_clear_stats(sim);
	sim_run_s(sim, 30);
	for (size_t i = 0; i < N_RING; i++)
		assert_true(follows(sim, i, SECOND_GM));
	assert_true(worst_error_ns(sim) < 50000);
	sim_free(sim);
}

/* Every clock prefers the one before it, also those that have a grandmaster of their own. */
static void path_trace_cuts_the_loop_that_local_priorities_make(void **state)
{
	struct sim *sim = ring(13, 100, true);

	(void)state;
	sim_run_s(sim, 90);
	sim_clear_stats(sim);
	sim_run_s(sim, 60);
	assert_true(follows(sim, 0, FIRST_GM) || follows(sim, 0, SECOND_GM));
	assert_int_equal(count_state(sim, N_RING, 3, BC_STATE_SLAVE), N_RING);
	assert_int_equal(n_state_changes(sim), 0);
	assert_true(worst_error_ns(sim) < 10000);
	sim_free(sim);
}

/* The same without it, so that the test above tells something: the ring follows itself, and leaves the time.
 */
static void without_path_trace_the_ring_does_not_come_to_rest(void **state)
{
	struct sim *sim = ring(13, 100, false);

	(void)state;
	sim_run_s(sim, 90);
	sim_clear_stats(sim);
	sim_run_s(sim, 60);
	assert_int_not_equal(n_state_changes(sim), 0);
	sim_free(sim);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_clock_takes_the_nearer_of_two_active_grandmasters),
		cmocka_unit_test(the_other_grandmaster_takes_over_all),
		cmocka_unit_test(path_trace_cuts_the_loop_that_local_priorities_make),
		cmocka_unit_test(without_path_trace_the_ring_does_not_come_to_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
