// SPDX-License-Identifier: GPL-2.0-or-later
/* The regression controller: start, steering and steps with a noiseless clock. */
#include "tests/unit/servo/ideal.h"

static const struct bc_servo_config linreg_config = {
	.type = BC_SERVO_LINREG,
	.first_step_threshold_s = 0.00002,
	.max_frequency_ppb = 500000,
};

static void four_samples_give_the_frequency_and_the_step(void **state)
{
	struct ideal i = ideal_new(linreg_config, 0.125);

	(void)state;
	i.drift_ppb = -35000;
	i.error_ns = 100e6;
	for (int n = 0; n < 3; n++) {
		ideal_sample(&i, 0.125, 0);
		assert_int_equal(i.state, BC_SERVO_UNLOCKED);
	}
	ideal_sample(&i, 0.125, 0);
	assert_int_equal(i.state, BC_SERVO_JUMP);
	assert_true(fabs(i.command_ppb + 35000) < 50);
	ideal_run(&i, 0.125, 2);
	assert_true(fabs(i.error_ns) < 5);
	assert_int_equal(i.jumps, 1);
	bc_servo_free(i.servo);
}

static void an_offset_below_the_threshold_is_slewed_away(void **state)
{
	struct ideal i = ideal_new(linreg_config, 0.125);

	(void)state;
	i.drift_ppb = 1000;
	i.error_ns = 15000;
	ideal_run(&i, 0.125, 2);
	assert_int_equal(i.jumps, 0);
	assert_true(fabs(i.error_ns) < 5);
	bc_servo_free(i.servo);
}

static void a_step_of_the_master_beyond_the_threshold_is_stepped_once(void **state)
{
	struct bc_servo_config config = linreg_config;
	struct ideal i;

	(void)state;
	config.step_threshold_s = 0.001;
	i = ideal_new(config, 0.125);
	i.drift_ppb = 20000;
	ideal_run(&i, 0.125, 20);
	i.error_ns += 5e6;
	ideal_sample(&i, 0.125, 0);
	assert_int_equal(i.state, BC_SERVO_UNLOCKED);
	ideal_run(&i, 0.125, 2);
	assert_int_equal(i.jumps, 1);
	assert_true(fabs(i.error_ns) < 5);
	bc_servo_free(i.servo);
}

static void frequency_for_holdover_is_the_slope_alone(void **state)
{
	struct ideal i = ideal_new(linreg_config, 0.125);

	(void)state;
	i.drift_ppb = 12345;
	ideal_run(&i, 0.125, 20);
	i.error_ns += 300;
	ideal_sample(&i, 0.125, 0);
	assert_true(fabs(i.command_ppb - 12345) > 100);
	bc_servo_reset(i.servo);
	assert_true(fabs(bc_servo_frequency_ppb(i.servo) - 12345) < 1000);
	bc_servo_free(i.servo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(four_samples_give_the_frequency_and_the_step),
		cmocka_unit_test(an_offset_below_the_threshold_is_slewed_away),
		cmocka_unit_test(a_step_of_the_master_beyond_the_threshold_is_stepped_once),
		cmocka_unit_test(frequency_for_holdover_is_the_slope_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
