// SPDX-License-Identifier: GPL-2.0-or-later
/* Rings of boundary clocks: the algorithm must cut them, and heal when they are cut. */
#include <math.h>

#include "tests/sim/topology.h"

#define N_RING 4

/* Clocks 0 to 3 in a ring by ports 0 and 1; the grandmaster, node 4, on port 2 of clock 0. */
static struct sim *ring(uint64_t seed, bool has_grandmaster)
{
	struct sim *sim = sim_new(seed);
	struct sim_link link = noisy_link();
	struct sim_node gm = noisy_grandmaster(99, 100);

	for (unsigned int i = 0; i < N_RING; i++) {
		struct sim_node node = noisy_clock(i + 1, 3);

		sim_add(sim, &node);
	}
	for (size_t i = 0; i < N_RING; i++)
		sim_connect(sim, i, 1, (i + 1) % N_RING, 0, &link);
	if (has_grandmaster)
		sim_connect(sim, sim_add(sim, &gm), 0, 0, 2, &link);
	sim_start(sim);
	return sim;
}

static uint64_t n_sent(struct sim *sim)
{
	uint64_t n = 0;

	for (size_t i = 0; i < N_RING; i++)
		n += sim_stats(sim, i).n_sent;
	return n;
}

static unsigned int n_state_changes(struct sim *sim)
{
	unsigned int n = 0;

	for (size_t i = 0; i < N_RING; i++)
		n += sim_stats(sim, i).n_state_changes;
	return n;
}

static void assert_near(struct sim *sim, double s, double limit_ns)
{
	sim_clear_stats(sim);
	sim_run_s(sim, s);
	for (size_t i = 0; i < N_RING; i++) {
		show(sim, "ring", i);
		assert_true(sim_stats(sim, i).max_abs_ns < limit_ns);
	}
}

static void a_ring_has_one_passive_port_and_is_quiet(void **state)
{
	struct sim *sim = ring(1, true);

	(void)state;
	sim_run_s(sim, 60);
	assert_int_equal(count_state(sim, N_RING, 2, BC_STATE_PASSIVE), 1);
	assert_int_equal(count_state(sim, N_RING, 3, BC_STATE_SLAVE), N_RING);
	assert_state(sim, 0, 2, BC_STATE_SLAVE);
	assert_near(sim, 100, 5000);
	assert_int_equal(n_state_changes(sim), 0);
	/* Four master ports of 8 Sync, 8 Follow_Up, 1 Announce; four slaves that ask once a second and are
	 * answered, one by the grandmaster. */
	assert_in_range(n_sent(sim), 100 * (4 * 17 + 4 + 3) * 8 / 10, 100 * (4 * 17 + 4 + 3) * 12 / 10);
	sim_free(sim);
}

static void every_clock_of_a_ring_takes_the_shorter_way(void **state)
{
	struct sim *sim = ring(2, true);
	static const uint16_t steps[N_RING] = {1, 2, 3, 2};

	(void)state;
	sim_run_s(sim, 60);
	for (size_t i = 0; i < N_RING; i++) {
		struct bc_status status;

		bc_engine_status(sim_engine(sim, i), &status);
		assert_int_equal(status.steps_removed, steps[i]);
	}
	sim_free(sim);
}

static void a_ring_that_is_cut_goes_on_and_healed_is_cut_again(void **state)
{
	struct sim *sim = ring(3, true);

	(void)state;
	sim_run_s(sim, 60);
	sim_set_link(sim, 0, false);
	sim_run_s(sim, 30);
	assert_int_equal(count_state(sim, N_RING, 2, BC_STATE_PASSIVE), 0);
	assert_int_equal(count_state(sim, N_RING, 3, BC_STATE_SLAVE), N_RING);
	assert_near(sim, 60, 10000);
	sim_set_link(sim, 0, true);
	sim_run_s(sim, 30);
	assert_int_equal(count_state(sim, N_RING, 2, BC_STATE_PASSIVE), 1);
	assert_near(sim, 60, 10000);
	assert_int_equal(n_state_changes(sim), 0);
	sim_free(sim);
}

static void a_ring_without_grandmaster_elects_one_of_its_own(void **state)
{
	struct sim *sim = ring(4, false);
	struct bc_status first, status;

	(void)state;
	sim_run_s(sim, 60);
	bc_engine_status(sim_engine(sim, 0), &first);
	for (size_t i = 0; i < N_RING; i++) {
		bc_engine_status(sim_engine(sim, i), &status);
		assert_memory_equal(status.grandmaster_identity, first.grandmaster_identity, 8);
		assert_true(fabs(sim_error_ns(sim, i) - sim_error_ns(sim, 0)) < 10000);
	}
	assert_int_equal(count_state(sim, N_RING, 2, BC_STATE_SLAVE), N_RING - 1);
	assert_int_equal(count_state(sim, N_RING, 2, BC_STATE_PASSIVE), 1);
	sim_clear_stats(sim);
	sim_run_s(sim, 60);
	assert_int_equal(n_state_changes(sim), 0);
	sim_free(sim);
}

/* The dead grandmaster's data must not go round and round: stepsRemoved would count to its limit. */
static void a_ring_forgets_a_dead_grandmaster_within_half_a_minute(void **state)
{
	struct sim *sim = ring(5, true);
	struct bc_status first, status;
	uint64_t n_before, n_after;

	(void)state;
	sim_run_s(sim, 60);
	sim_clear_stats(sim);
	sim_run_s(sim, 30);
	n_before = n_sent(sim);
	sim_set_alive(sim, N_RING, false);
	sim_clear_stats(sim);
	sim_run_s(sim, 30);
	n_after = n_sent(sim);
	assert_true(n_after < 2 * n_before);
	bc_engine_status(sim_engine(sim, 0), &first);
	for (size_t i = 0; i < N_RING; i++) {
		bc_engine_status(sim_engine(sim, i), &status);
		assert_memory_equal(status.grandmaster_identity, first.grandmaster_identity, 8);
		assert_int_equal(status.grandmaster_clock_quality.clock_class, 248);
	}
	sim_free(sim);
}

static void two_ports_of_one_clock_on_one_wire_make_no_storm(void **state)
{
	struct sim *sim = sim_new(6);
	struct sim_node gm = noisy_grandmaster(99, 100), node = noisy_clock(1, 3);
	struct sim_link link = noisy_link();

	(void)state;
	sim_add(sim, &node);
	sim_connect(sim, sim_add(sim, &gm), 0, 0, 0, &link);
	sim_connect(sim, 0, 1, 0, 2, &link);
	sim_start(sim);
	sim_run_s(sim, 30);
	assert_state(sim, 0, 0, BC_STATE_SLAVE);
	assert_state(sim, 0, 1, BC_STATE_MASTER);
	assert_state(sim, 0, 2, BC_STATE_PASSIVE);
	sim_clear_stats(sim);
	sim_run_s(sim, 100);
	assert_int_equal(sim_stats(sim, 0).n_state_changes, 0);
	assert_in_range(sim_stats(sim, 0).n_sent, 1700, 2000);
	assert_true(sim_stats(sim, 0).max_abs_ns < 2000);
	sim_free(sim);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ring_has_one_passive_port_and_is_quiet),
		cmocka_unit_test(every_clock_of_a_ring_takes_the_shorter_way),
		cmocka_unit_test(a_ring_that_is_cut_goes_on_and_healed_is_cut_again),
		cmocka_unit_test(a_ring_without_grandmaster_elects_one_of_its_own),
		cmocka_unit_test(a_ring_forgets_a_dead_grandmaster_within_half_a_minute),
		cmocka_unit_test(two_ports_of_one_clock_on_one_wire_make_no_storm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
