// SPDX-License-Identifier: GPL-2.0-or-later
/* Many ports, many seconds: a star, what a simulated second costs, and memory that does not grow. */
#include <stdlib.h>
#include <time.h>

#include "tests/sim/topology.h"

#define N_LEAVES 64

/* The linker leads every allocation of this program here (--wrap). */
static uint64_t n_allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

void *__wrap_malloc(size_t size)
{
	n_allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	n_allocations++;
	return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	n_allocations++;
	return __real_realloc(p, size);
}

/* Node 0: a clock of 65 ports; node 1: the grandmaster; then the leaves. */
static struct sim *star(uint64_t seed)
{
	struct sim *sim = sim_new(seed);
	struct sim_node hub = noisy_clock(1, N_LEAVES + 1), gm = noisy_grandmaster(2, 100);
	struct sim_link link = noisy_link();

	sim_add(sim, &hub);
	sim_connect(sim, sim_add(sim, &gm), 0, 0, 0, &link);
	for (unsigned int i = 0; i < N_LEAVES; i++) {
		struct sim_node leaf = noisy_clock(100 + i, 1);

		sim_connect(sim, 0, i + 1, sim_add(sim, &leaf), 0, &link);
	}
	sim_start(sim);
	return sim;
}

static void a_star_of_64_ports_serves_every_leaf(void **state)
{
	struct sim *sim = star(64);
	uint64_t n_lost = 0;

	(void)state;
	sim_run_s(sim, 60);
	sim_clear_stats(sim);
	sim_run_s(sim, 60);
	show(sim, "hub", 0);
	show(sim, "leaf", 2);
	for (size_t i = 0; i < N_LEAVES; i++) {
		assert_state(sim, 0, i + 1, BC_STATE_MASTER);
		assert_state(sim, i + 2, 0, BC_STATE_SLAVE);
		assert_true(sim_stats(sim, i + 2).max_abs_ns < 3000);
		n_lost += bc_engine_counters(sim_engine(sim, 0), i + 1)->value[BC_COUNTER_TX_ACTION_LOST];
	}
	assert_int_equal(n_lost, 0);
	sim_free(sim);
}

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void a_thousand_seconds_of_three_clocks_are_cheap(void **state)
{
	struct sim *sim = chain(3, 3);
	double from_s, used_s;

	(void)state;
	sim_run_s(sim, 10);
	from_s = cpu_s();
	sim_run_s(sim, 5000);
	used_s = cpu_s() - from_s;
	print_message("%.0f simulated seconds of three clocks per CPU second, %.0f events\n", 5000.0 / used_s,
		      (double)sim_n_events(sim));
	assert_state(sim, 2, 0, BC_STATE_SLAVE);
	sim_free(sim);
}

static void creating_an_engine_allocates_and_is_counted(void **state)
{
	uint64_t n_before = n_allocations;
	struct sim *sim = chain(4, 3);

	(void)state;
	assert_true(n_allocations > n_before + 3);
	sim_free(sim);
}

static void nothing_is_allocated_while_clocks_run_fail_and_recover(void **state)
{
	struct sim *sim = star(65);
	uint64_t n_before = n_allocations;

	(void)state;
	sim_run_s(sim, 30);
	sim_set_link(sim, 3, false);
	sim_link_of(sim, 4)->loss = 0.3;
	sim_link_of(sim, 5)->duplication = 0.3;
	sim_run_s(sim, 10);
	sim_set_link(sim, 3, true);
	sim_set_alive(sim, 1, false);
	sim_run_s(sim, 30);
	sim_set_alive(sim, 1, true);
	sim_run_s(sim, 30);
	assert_true(n_allocations == n_before);
	sim_free(sim);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_star_of_64_ports_serves_every_leaf),
		cmocka_unit_test(a_thousand_seconds_of_three_clocks_are_cheap),
		cmocka_unit_test(creating_an_engine_allocates_and_is_counted),
		cmocka_unit_test(nothing_is_allocated_while_clocks_run_fail_and_recover),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
