// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Grandmasters that are lost, return, flap or are replaced, before a chain of four clocks: when every clock
 * knows, how far each is from true time meanwhile, and that none is moved at once by more than its error.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/topology.h"

#define FIRST		  1 /* node and identity of the first clock of the chain; node 0 is the grandmaster */
#define N_CHAIN		  4
#define SECOND		  (FIRST + N_CHAIN) /* node of the other grandmaster */
#define GM_ID		  200
#define SECOND_ID	  201
#define SAMPLE_S	  0.05
#define SETTLE_S	  60.0
#define QUIET_S		  300.0
#define N_QUIET		  6000 /* samples of QUIET_S */
#define N_SEEDS		  3
#define OUTAGE_S	  120.0
#define RECEIPT_TIMEOUT_S 4.1 /* three intervals and a random one */

struct lab {
	struct sim *sim;
	double bound_ns[N_CHAIN]; /* B: 1.5 times the p99.9 of the error without faults */
	double worst_ns[N_CHAIN]; /* since watch_from() */
	double move_ns[N_CHAIN];  /* the largest change of an error within a sample */
	double last_ns[N_CHAIN];
};

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void watch_from(struct lab *lab)
{
	for (size_t i = 0; i < N_CHAIN; i++) {
		lab->worst_ns[i] = lab->move_ns[i] = 0;
		lab->last_ns[i] = sim_error_ns(lab->sim, FIRST + i);
	}
}

static void watch(struct lab *lab, double s)
{
	for (double t = 0; t < s - SAMPLE_S / 2; t += SAMPLE_S) {
		sim_run_s(lab->sim, SAMPLE_S);
		for (size_t i = 0; i < N_CHAIN; i++) {
			double error_ns = sim_error_ns(lab->sim, FIRST + i);

			lab->worst_ns[i] = fmax(lab->worst_ns[i], fabs(error_ns));
			lab->move_ns[i] = fmax(lab->move_ns[i], fabs(error_ns - lab->last_ns[i]));
			lab->last_ns[i] = error_ns;
		}
	}
}

static void find_bounds(struct lab *lab)
{
	static double errors_ns[N_CHAIN][N_QUIET];

	for (size_t n = 0; n < N_QUIET; n++) {
		sim_run_s(lab->sim, SAMPLE_S);
		for (size_t i = 0; i < N_CHAIN; i++)
			errors_ns[i][n] = fabs(sim_error_ns(lab->sim, FIRST + i));
	}
	for (size_t i = 0; i < N_CHAIN; i++) {
		qsort(errors_ns[i], N_QUIET, sizeof(errors_ns[i][0]), by_size);
		lab->bound_ns[i] = 1.5 * errors_ns[i][N_QUIET * 999 / 1000];
	}
}

static struct sim_node boundary_clock(unsigned int id, size_t n_ports, int8_t log_announce_interval)
{
	struct sim_node node = noisy_clock(id, n_ports);

	node.port.log_announce_interval = log_announce_interval;
	node.engine.holdover = (struct bc_holdover_config){
		.rows = {{0, 135, false, 0}, {60 * (uint64_t)NSEC_PER_SEC, 165, false, 0}}, .n_rows = 2};
	node.engine.step_guard.limit_ns = 1000 * NSEC_PER_SEC;
	return node;
}

/* Grandmaster, chain, and on the second port of the first clock another grandmaster, equal but for its
 * identity and `second_offset_ns` of time. */
static void start(struct lab *lab, uint64_t seed, bool has_second, int64_t second_offset_ns,
		  int8_t log_announce_interval)
{
	struct sim_node gm = noisy_grandmaster(GM_ID, 100);
	struct sim_link link = noisy_link();

	lab->sim = sim_new(seed);
	gm.port.log_announce_interval = log_announce_interval;
	sim_add(lab->sim, &gm);
	for (size_t i = 0; i < N_CHAIN; i++) {
		struct sim_node node = boundary_clock((unsigned int)(FIRST + i), 3, log_announce_interval);

		sim_add(lab->sim, &node);
		sim_connect(lab->sim, i, i == 0 ? 0 : 1, i + 1, 0, &link);
	}
	if (has_second) {
		struct sim_node second = noisy_grandmaster(SECOND_ID, 100);

		second.port.log_announce_interval = log_announce_interval;
		second.offset_ns = second_offset_ns;
		sim_add(lab->sim, &second);
		sim_connect(lab->sim, SECOND, 0, FIRST, 2, &link);
	}
	sim_start(lab->sim);
	sim_run_s(lab->sim, SETTLE_S);
	find_bounds(lab);
	watch_from(lab);
}

static bool has_grandmaster(struct lab *lab, size_t node, unsigned int id)
{
	struct bc_status status;

	bc_engine_status(sim_engine(lab->sim, node), &status);
	return status.grandmaster_identity[7] == id;
}

/* Seconds until that clock has that grandmaster. */
static double wait_for(struct lab *lab, size_t node, unsigned int id, double limit_s)
{
	double waited_s = 0;

	while (!has_grandmaster(lab, node, id)) {
		watch(lab, SAMPLE_S);
		waited_s += SAMPLE_S;
		if (waited_s > limit_s)
			fail_msg("node %zu does not have grandmaster %u after %.1f s", node, id, waited_s);
	}
	return waited_s;
}

/* By the first clock's own word, so long after the grandmaster was killed. */
static double expected_error_ns(struct lab *lab, double outage_s)
{
	struct bc_holdover_status status;

	bc_engine_holdover(sim_engine(lab->sim, FIRST), 0, &status);
	bc_engine_holdover(sim_engine(lab->sim, FIRST), status.in_step_mono_ns + (uint64_t)(outage_s * 1e9),
			   &status);
	assert_true(status.expected_error_ns > 0);
	return (double)status.expected_error_ns;
}

static void print_watched(const struct lab *lab, const char *name)
{
	for (size_t i = 0; i < N_CHAIN; i++)
		print_message("%s, clock %zu: B %.0f ns, worst %.0f ns, largest move in 50 ms %.0f ns\n",
			      name, i, lab->bound_ns[i], lab->worst_ns[i], lab->move_ns[i]);
}

/* No clock further off than that many B and what is given beside, or moved by more than that at once. */
static void assert_within(const struct lab *lab, double n_bounds, double more_ns)
{
	for (size_t i = 0; i < N_CHAIN; i++) {
		double limit_ns = n_bounds * lab->bound_ns[i] + more_ns;

		if (lab->worst_ns[i] > limit_ns || lab->move_ns[i] > limit_ns)
			fail_msg("clock %zu: worst %.0f ns, largest move %.0f ns, not below %.0f ns", i,
				 lab->worst_ns[i], lab->move_ns[i], limit_ns);
	}
}

static void assert_class(struct lab *lab, uint8_t clock_class, uint16_t first_steps)
{
	for (size_t i = 0; i < N_CHAIN; i++) {
		struct bc_status status;

		bc_engine_status(sim_engine(lab->sim, FIRST + i), &status);
		assert_int_equal(status.grandmaster_clock_quality.clock_class, clock_class);
		assert_int_equal(status.steps_removed, first_steps + i);
	}
}

/* Every clock has the first one for its grandmaster then, whose class is degraded on its timetable. */
static void a_killed_grandmaster_means_holdover_that_the_whole_chain_knows_of_at_once(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
		struct lab lab;
		double lost_s, told_s;

		start(&lab, seed, false, 0, 0);
		sim_set_alive(lab.sim, 0, false);
		lost_s = wait_for(&lab, FIRST, FIRST, RECEIPT_TIMEOUT_S);
		told_s = wait_for(&lab, FIRST + N_CHAIN - 1, FIRST, 1);
		assert_class(&lab, 135, 0);
		watch(&lab, OUTAGE_S - lost_s - told_s);
		assert_class(&lab, 165, 0);
		print_message("lost after %.2f s, last clock told %.2f s later; expected error %.0f ns\n",
			      lost_s, told_s, expected_error_ns(&lab, OUTAGE_S));
		print_watched(&lab, "without a master");
		assert_within(&lab, 1, expected_error_ns(&lab, OUTAGE_S));
		sim_free(lab.sim);
	}
}

static void one_that_returns_is_slewed_to_and_no_time_jumps_by_more_than_the_error_of_holdover(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
		struct lab lab;
		double held_ns;

		start(&lab, seed + 100, false, 0, 0);
		sim_set_alive(lab.sim, 0, false);
		sim_run_s(lab.sim, OUTAGE_S);
		held_ns = fabs(sim_error_ns(lab.sim, FIRST));
		watch_from(&lab);
		sim_set_alive(lab.sim, 0, true);
		wait_for(&lab, FIRST + N_CHAIN - 1, GM_ID, 5);
		watch(&lab, 30);
		print_message("error of holdover %.0f ns\n", held_ns);
		print_watched(&lab, "return");
		assert_within(&lab, 1, held_ns);
		watch_from(&lab);
		watch(&lab, 30);
		assert_within(&lab, 1.5, 0);
		sim_free(lab.sim);
	}
}

static void a_second_grandmaster_takes_over_within_five_seconds(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
		struct lab lab;

		start(&lab, seed + 200, true, 0, 0);
		assert_true(has_grandmaster(&lab, FIRST + N_CHAIN - 1, GM_ID));
		sim_set_alive(lab.sim, 0, false);
		wait_for(&lab, FIRST, SECOND_ID, 5);
		wait_for(&lab, FIRST + N_CHAIN - 1, SECOND_ID, 1);
		watch(&lab, 30);
		assert_class(&lab, 6, 1);
		print_watched(&lab, "failover");
		assert_within(&lab, 1.5, 0);
		sim_free(lab.sim);
	}
}

/* What the two differ by is slewed away: through no time that lies outside, and by no step of a clock. */
static void what_a_second_grandmaster_differs_by_is_slewed_away(void **state)
{
	static const int64_t offsets_ns[] = {500 * NSEC_PER_USEC, -500 * NSEC_PER_USEC, 20 * NSEC_PER_MSEC};

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(offsets_ns); k++) {
		double size_ns = fabs((double)offsets_ns[k]);
		struct lab lab;

		start(&lab, k + 300, true, offsets_ns[k], 0);
		sim_set_alive(lab.sim, 0, false);
		wait_for(&lab, FIRST + N_CHAIN - 1, SECOND_ID, 5);
		watch(&lab, 30);
		print_watched(&lab, "another time");
		for (size_t i = 0; i < N_CHAIN; i++) {
			assert_true(lab.move_ns[i] < 0.25 * size_ns);
			assert_true(lab.worst_ns[i] < size_ns + 3 * lab.bound_ns[i]);
			assert_true(fabs(sim_error_ns(lab.sim, FIRST + i) - (double)offsets_ns[k]) <
				    2 * lab.bound_ns[i]);
		}
		sim_free(lab.sim);
	}
}

static void one_that_is_seconds_away_is_stepped_to_once_by_every_clock(void **state)
{
	static const int64_t offsets_ns[] = {NSEC_PER_SEC, 37 * NSEC_PER_SEC, -37 * NSEC_PER_SEC};

	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(offsets_ns); k++) {
		double size_ns = fabs((double)offsets_ns[k]);
		struct lab lab;

		start(&lab, k + 500, true, offsets_ns[k], 0);
		sim_set_alive(lab.sim, 0, false);
		wait_for(&lab, FIRST + N_CHAIN - 1, SECOND_ID, 5);
		watch(&lab, 30);
		print_watched(&lab, "seconds away");
		for (size_t i = 0; i < N_CHAIN; i++) {
			/* The path's delay, which is not known yet, is slewed away. */
			assert_true(fabs(lab.move_ns[i] - size_ns) < 10 * NSEC_PER_USEC);
			assert_true(lab.worst_ns[i] < size_ns + 10 * NSEC_PER_USEC);
			assert_true(fabs(sim_error_ns(lab.sim, FIRST + i) - (double)offsets_ns[k]) <
				    2 * lab.bound_ns[i]);
		}
		sim_free(lab.sim);
	}
}

/* The step guard of the first clock keeps it from all of them; and a good one is taken as soon as it is
 * there. */
static void one_that_is_a_year_away_is_left_and_the_chain_holds_its_time(void **state)
{
	struct lab lab;
	double expected_ns;

	(void)state;
	start(&lab, 600, true, 365 * 86400 * NSEC_PER_SEC, 0);
	sim_set_alive(lab.sim, 0, false);
	wait_for(&lab, FIRST, SECOND_ID, 5);
	wait_for(&lab, FIRST, FIRST, 2);
	wait_for(&lab, FIRST + N_CHAIN - 1, FIRST, 1);
	watch(&lab, OUTAGE_S);
	expected_ns = expected_error_ns(&lab, OUTAGE_S + 10);
	print_watched(&lab, "a year away");
	assert_within(&lab, 1, expected_ns);
	sim_set_alive(lab.sim, 0, true);
	wait_for(&lab, FIRST + N_CHAIN - 1, GM_ID, 5);
	watch(&lab, 30);
	assert_within(&lab, 1, expected_ns);
	watch_from(&lab);
	watch(&lab, 30);
	assert_within(&lab, 1.5, 0);
	sim_free(lab.sim);
}

static void one_that_flaps_at_1_hz_is_left_alone_after_a_few_times_and_shakes_nobody(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= N_SEEDS; seed++) {
		unsigned int n_changes = 0, now = GM_ID;
		struct lab lab;

		/* With eight Announces a second half a second of silence is enough to be lost. */
		start(&lab, seed + 400, true, 0, -3);
		for (unsigned int i = 0; i < 240; i++) {
			sim_set_alive(lab.sim, 0, i % 2);
			watch(&lab, 0.5);
			if (has_grandmaster(&lab, FIRST, now))
				continue;
			now = now == GM_ID ? SECOND_ID : GM_ID;
			n_changes++;
		}
		print_message("%u changes of master\n", n_changes);
		print_watched(&lab, "flapping");
		assert_in_range(n_changes, 5, 20);
		assert_within(&lab, 2, 0);
		sim_free(lab.sim);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_killed_grandmaster_means_holdover_that_the_whole_chain_knows_of_at_once),
		cmocka_unit_test(
			one_that_returns_is_slewed_to_and_no_time_jumps_by_more_than_the_error_of_holdover),
		cmocka_unit_test(a_second_grandmaster_takes_over_within_five_seconds),
		cmocka_unit_test(what_a_second_grandmaster_differs_by_is_slewed_away),
		cmocka_unit_test(one_that_is_seconds_away_is_stepped_to_once_by_every_clock),
		cmocka_unit_test(one_that_is_a_year_away_is_left_and_the_chain_holds_its_time),
		cmocka_unit_test(one_that_flaps_at_1_hz_is_left_alone_after_a_few_times_and_shakes_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
