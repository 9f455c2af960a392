// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How good the controllers are, in the seeded simulation: true time error with an oscillator 35 ppm
 * off that wanders by 100 ppb over 100 s, and stamps with heavy one-sided tails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/servo/servo_sim.h"

#define NUM_SEEDS 8

struct average {
	double sd_ns, abs_p99_ns, mean_ns, frequency_sd_ppb;
	double worst_settled_s;
	unsigned int steps, unlocked_after_lock;
};

static struct average run(struct servo_sim sim, enum bc_servo_type type)
{
	struct average a = {};

	for (sim.seed = 1; sim.seed <= NUM_SEEDS; sim.seed++) {
		struct servo_sim_result r = servo_sim_run(&sim, type);

		a.sd_ns += r.sd_ns / NUM_SEEDS;
		a.abs_p99_ns += r.abs_p99_ns / NUM_SEEDS;
		a.mean_ns += r.mean_ns / NUM_SEEDS;
		a.frequency_sd_ppb += r.frequency_sd_ppb / NUM_SEEDS;
		a.worst_settled_s = r.settled_s > a.worst_settled_s ? r.settled_s : a.worst_settled_s;
		a.steps += r.steps;
		a.unlocked_after_lock += r.unlocked_after_lock;
	}
	print_message(
		"type %d: mean %.0f sd %.0f p99 %.0f ns, frequency sd %.0f ppb, settled within %.1f s\n",
		type, a.mean_ns, a.sd_ns, a.abs_p99_ns, a.frequency_sd_ppb, a.worst_settled_s);
	return a;
}

static void kalman_halves_the_deviation_of_linreg_and_quarters_that_of_pi(void **state)
{
	struct servo_sim sim = servo_sim_defaults();
	struct average pi = run(sim, BC_SERVO_PI), linreg = run(sim, BC_SERVO_LINREG);
	struct average kalman = run(sim, BC_SERVO_KALMAN);

	(void)state;
	assert_true(kalman.sd_ns <= linreg.sd_ns / 2);
	assert_true(kalman.sd_ns <= pi.sd_ns / 4);
	assert_true(kalman.abs_p99_ns <= linreg.abs_p99_ns / 2);
	assert_true(kalman.abs_p99_ns <= pi.abs_p99_ns / 2);
	assert_true(kalman.frequency_sd_ppb <= linreg.frequency_sd_ppb);
}

static void kalman_is_within_a_microsecond_after_three_seconds_for_good(void **state)
{
	struct servo_sim sim = servo_sim_defaults();
	struct average kalman = run(sim, BC_SERVO_KALMAN);

	(void)state;
	assert_true(kalman.worst_settled_s <= 3);
	assert_int_equal(kalman.steps, NUM_SEEDS);
	assert_int_equal(kalman.unlocked_after_lock, 0);
}

static void linreg_behaves_as_the_one_it_is_modelled_on(void **state)
{
	struct servo_sim sim = servo_sim_defaults();
	struct average linreg;

	(void)state;
	/* Measured of ptp4l's: sd 117 to 165 ns, mean within 100 ns. */
	linreg = run(sim, BC_SERVO_LINREG);
	assert_true(linreg.sd_ns > 60 && linreg.sd_ns < 250);
	assert_true(linreg.mean_ns > -150 && linreg.mean_ns < 150);
}

static void pi_needs_its_half_minute_to_settle(void **state)
{
	struct servo_sim sim = servo_sim_defaults();
	struct average pi = run(sim, BC_SERVO_PI);

	(void)state;
	/* 0.016 / ki at 8 Sync/s is 36.8 s. */
	assert_true(pi.worst_settled_s > 36 && pi.worst_settled_s < 45);
}

static void kalman_is_better_than_linreg_for_other_noises_and_wanders(void **state)
{
	static const struct {
		double interval_s, wander_ppb, noise_ns, tail_probability, tail_ns, loss;
	} cases[] = {
		{0.125, 0, 350, 0.001, 8000, 0},	{0.125, 500, 350, 0.001, 8000, 0},
		{0.125, 100, 50, 0.001, 8000, 0},	{0.125, 100, 350, 0.02, 20000, 0},
		{0.125, 100, 350, 0.001, 8000, 0.3},	{0.0625, 100, 350, 0.005, 8000, 0},
		{0.0078125, 100, 350, 0.001, 8000, 0},	{1, 100, 350, 0.005, 8000, 0},
		{0.125, 100, 3000, 0.05, 100000, 0.05},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct servo_sim sim = servo_sim_defaults();
		struct average linreg, kalman;

		sim.interval_s = cases[i].interval_s;
		sim.wander_ppb = cases[i].wander_ppb;
		sim.noise_ns = cases[i].noise_ns;
		sim.tail_probability = cases[i].tail_probability;
		sim.tail_ns = cases[i].tail_ns;
		sim.loss_probability = cases[i].loss;
		linreg = run(sim, BC_SERVO_LINREG);
		kalman = run(sim, BC_SERVO_KALMAN);
		assert_true(kalman.sd_ns <= 0.9 * linreg.sd_ns);
		assert_true(kalman.abs_p99_ns <= 0.9 * linreg.abs_p99_ns);
		assert_int_equal(kalman.steps, NUM_SEEDS);
	}
}

static void a_step_of_the_master_is_over_after_three_seconds(void **state)
{
	struct servo_sim sim = servo_sim_defaults();
	struct average kalman;

	(void)state;
	sim.master_step_s = 30;
	sim.master_step_ns = 50000;
	kalman = run(sim, BC_SERVO_KALMAN);
	assert_int_equal(kalman.steps, NUM_SEEDS);
	assert_true(kalman.worst_settled_s <= 33);

	sim.master_step_ns = 1e9;
	sim.step_threshold_s = 0.001;
	kalman = run(sim, BC_SERVO_KALMAN);
	assert_int_equal(kalman.steps, 2 * NUM_SEEDS);
	assert_true(kalman.worst_settled_s <= 33);
	assert_int_equal(kalman.unlocked_after_lock, 0);
}

static void the_same_seed_gives_the_same_result(void **state)
{
	struct servo_sim sim = servo_sim_defaults();

	(void)state;
	assert_true(servo_sim_run(&sim, BC_SERVO_KALMAN).sd_ns == servo_sim_run(&sim, BC_SERVO_KALMAN).sd_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kalman_halves_the_deviation_of_linreg_and_quarters_that_of_pi),
		cmocka_unit_test(kalman_is_within_a_microsecond_after_three_seconds_for_good),
		cmocka_unit_test(linreg_behaves_as_the_one_it_is_modelled_on),
		cmocka_unit_test(pi_needs_its_half_minute_to_settle),
		cmocka_unit_test(kalman_is_better_than_linreg_for_other_noises_and_wanders),
		cmocka_unit_test(a_step_of_the_master_is_over_after_three_seconds),
		cmocka_unit_test(the_same_seed_gives_the_same_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
