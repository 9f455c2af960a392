// SPDX-License-Identifier: GPL-2.0-or-later
/* The PI controller: gains, start-up and thresholds, against numbers worked out by hand. */
#include "tests/unit/servo/ideal.h"

static const struct bc_servo_config pi_config = {
	.type = BC_SERVO_PI,
	.first_step_threshold_s = 0.00002,
	.max_frequency_ppb = 500000,
};

static void assert_near(double a, double b, double tolerance)
{
	if (!(fabs(a - b) <= tolerance))
		fail_msg("%g is not within %g of %g", a, tolerance, b);
}

/* Brings a servo to LOCKED with a drift of 0; ki of at least 0.001 locks in 16 s. */
static struct ideal locked(struct bc_servo_config config, double interval_s)
{
	struct ideal i = ideal_new(config, interval_s);

	ideal_sample(&i, 1, 0);
	ideal_sample(&i, 1000, 0);
	assert_int_equal(i.state, BC_SERVO_LOCKED);
	return i;
}

static void software_gains_at_one_second_are_a_tenth_and_a_thousandth(void **state)
{
	struct ideal i = locked(pi_config, 1);

	(void)state;
	ideal_sample(&i, 1, 1000);
	assert_near(i.command_ppb, 101, 1e-9);
	/* The clock has lost 101 ns since; at an offset of 0 the integral's 1 ppb is left. */
	ideal_sample(&i, 1, 101);
	assert_near(i.command_ppb, 1, 1e-9);
	assert_near(bc_servo_frequency_ppb(i.servo), 1, 1e-9);
	bc_servo_free(i.servo);
}

static void gains_follow_the_interval_by_their_exponents(void **state)
{
	struct ideal i = locked(pi_config, 0.125);

	(void)state;
	ideal_sample(&i, 0.125, 1000);
	assert_near(i.command_ppb, 1000 * (0.1 * pow(0.125, -0.3) + 0.001 * pow(0.125, 0.4)), 1e-6);
	bc_servo_free(i.servo);
}

static void gains_are_limited_by_norm_max_over_the_interval(void **state)
{
	struct bc_servo_config config = pi_config;
	struct ideal i;

	(void)state;
	config.pi_proportional_scale = 100;
	config.pi_integral_scale = 100;
	i = locked(config, 2);
	ideal_sample(&i, 2, 1000);
	assert_near(i.command_ppb, 1000 * (0.7 / 2 + 0.3 / 2), 1e-6);
	bc_servo_free(i.servo);
}

static void constant_gains_do_not_depend_on_the_interval(void **state)
{
	struct bc_servo_config config = pi_config;

	(void)state;
	config.pi_proportional_const = 0.5;
	config.pi_integral_const = 0.25;
	for (double interval_s = 0.125; interval_s < 10; interval_s *= 2) {
		struct ideal i = locked(config, interval_s);

		ideal_sample(&i, interval_s, 1000);
		assert_near(i.command_ppb, 750, 1e-9);
		bc_servo_free(i.servo);
	}
}

static void the_weight_scales_both_terms(void **state)
{
	struct ideal i = locked(pi_config, 1);
	enum bc_servo_state s;

	(void)state;
	assert_near(bc_servo_sample(i.servo, 1000, i.mono_ns + 1000000000, 0.5, &s), 50.5, 1e-9);
	bc_servo_free(i.servo);
}

static void frequency_is_estimated_over_sixteen_seconds_at_one_sync_a_second(void **state)
{
	struct ideal i = ideal_new(pi_config, 1);
	unsigned int n = 0;

	(void)state;
	i.drift_ppb = 35000;
	do {
		ideal_sample(&i, 1, 0);
		n++;
	} while (i.state == BC_SERVO_UNLOCKED && n < 100);
	/* 0.016 / ki = 16 s, between the first and the 17th sample. */
	assert_int_equal(n, 17);
	assert_int_equal(i.state, BC_SERVO_JUMP);
	assert_near(i.command_ppb, 35000, 1);
	bc_servo_free(i.servo);
}

static void a_first_offset_within_the_threshold_locks_without_a_step(void **state)
{
	struct ideal i = ideal_new(pi_config, 1);

	(void)state;
	ideal_sample(&i, 1, 19000);
	ideal_sample(&i, 20, 19000);
	assert_int_equal(i.state, BC_SERVO_LOCKED);
	bc_servo_free(i.servo);
}

static void after_the_first_update_only_step_threshold_steps(void **state)
{
	struct bc_servo_config config = pi_config;
	struct ideal i = locked(config, 1);

	(void)state;
	ideal_sample(&i, 1, 1e9);
	assert_int_equal(i.state, BC_SERVO_LOCKED);
	bc_servo_free(i.servo);

	config.step_threshold_s = 0.001;
	i = locked(config, 1);
	ideal_sample(&i, 1, 0.9e6);
	assert_int_equal(i.state, BC_SERVO_LOCKED);
	i.error_ns += 20e6;
	ideal_sample(&i, 1, 0);
	assert_int_equal(i.state, BC_SERVO_UNLOCKED);
	ideal_run(&i, 1, 18);
	assert_int_equal(i.jumps, 1);
	assert_int_equal(i.state, BC_SERVO_LOCKED);
	bc_servo_free(i.servo);
}

static void at_the_limit_the_integral_stands_still(void **state)
{
	struct bc_servo_config config = pi_config;
	struct ideal i;

	(void)state;
	config.max_frequency_ppb = 1000;
	i = locked(config, 1);
	for (int n = 0; n < 100; n++) {
		ideal_sample(&i, 1, 1e9);
		assert_near(i.command_ppb, 1000, 0);
	}
	assert_near(bc_servo_frequency_ppb(i.servo), 0, 0);
	bc_servo_free(i.servo);
}

static void time_that_stands_still_starts_the_estimate_again(void **state)
{
	struct ideal i = ideal_new(pi_config, 1);

	(void)state;
	ideal_sample(&i, 1, 0);
	ideal_sample(&i, 0, 0);
	assert_int_equal(i.state, BC_SERVO_UNLOCKED);
	ideal_sample(&i, 100, 0);
	assert_int_equal(i.state, BC_SERVO_UNLOCKED);
	ideal_sample(&i, 100, 0);
	assert_int_equal(i.state, BC_SERVO_LOCKED);
	bc_servo_free(i.servo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(software_gains_at_one_second_are_a_tenth_and_a_thousandth),
		cmocka_unit_test(gains_follow_the_interval_by_their_exponents),
		cmocka_unit_test(gains_are_limited_by_norm_max_over_the_interval),
		cmocka_unit_test(constant_gains_do_not_depend_on_the_interval),
		cmocka_unit_test(the_weight_scales_both_terms),
		cmocka_unit_test(frequency_is_estimated_over_sixteen_seconds_at_one_sync_a_second),
		cmocka_unit_test(a_first_offset_within_the_threshold_locks_without_a_step),
		cmocka_unit_test(after_the_first_update_only_step_threshold_steps),
		cmocka_unit_test(at_the_limit_the_integral_stands_still),
		cmocka_unit_test(time_that_stands_still_starts_the_estimate_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
