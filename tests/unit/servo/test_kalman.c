// SPDX-License-Identifier: GPL-2.0-or-later
/* The default controller: start, outliers, steps, gaps and change of master with a noiseless clock. */
#include "tests/unit/servo/ideal.h"

static const struct bc_servo_config kalman_config = {
	.type = BC_SERVO_KALMAN,
	.first_step_threshold_s = 0.00002,
	.max_frequency_ppb = 500000,
};

static struct ideal settled(struct bc_servo_config config, double interval_s)
{
	struct ideal i = ideal_new(config, interval_s);

	i.drift_ppb = 35000;
	i.error_ns = 100e6;
	ideal_run(&i, interval_s, 200 * interval_s);
	assert_int_equal(i.state, BC_SERVO_LOCKED);
	assert_true(fabs(i.error_ns) < 5);
	i.jumps = 0;
	return i;
}

static void four_samples_give_the_frequency_and_the_step(void **state)
{
	struct ideal i = ideal_new(kalman_config, 0.125);

	(void)state;
	i.drift_ppb = -35000;
	i.error_ns = 100e6;
	for (int n = 0; n < 3; n++) {
		ideal_sample(&i, 0.125, 0);
		assert_int_equal(i.state, BC_SERVO_UNLOCKED);
		assert_true(i.command_ppb == 0);
	}
	ideal_sample(&i, 0.125, 0);
	assert_int_equal(i.state, BC_SERVO_JUMP);
	assert_true(fabs(i.command_ppb + 35000) < 50);
	ideal_run(&i, 0.125, 2);
	assert_int_equal(i.jumps, 1);
	assert_true(fabs(i.error_ns) < 5);
	bc_servo_free(i.servo);
}

static void a_wild_sample_at_the_start_spoils_neither_frequency_nor_phase(void **state)
{
	(void)state;
	for (int wild = 0; wild < 4; wild++) {
		struct ideal i = ideal_new(kalman_config, 0.125);

		i.drift_ppb = 35000;
		i.error_ns = 100e6;
		for (int n = 0; n < 4; n++)
			ideal_sample(&i, 0.125, n == wild ? 50000 : 0);
		assert_true(fabs(i.command_ppb - 35000 - i.error_ns / 0.25) < 1000);
		ideal_run(&i, 0.125, 4);
		assert_true(fabs(i.error_ns) < 50);
		bc_servo_free(i.servo);
	}
}

static void every_interval_from_a_128th_of_a_second_to_16_seconds_locks(void **state)
{
	(void)state;
	for (int log_interval = -7; log_interval <= 4; log_interval++) {
		struct ideal i = settled(kalman_config, ldexp(1, log_interval));

		assert_true(fabs(bc_servo_frequency_ppb(i.servo) - 35000) < 5);
		bc_servo_free(i.servo);
	}
}

static void irregular_and_missing_samples_do_not_disturb_the_lock(void **state)
{
	struct ideal i = settled(kalman_config, 0.125);
	uint32_t seed = 1;

	(void)state;
	for (int n = 0; n < 1000; n++) {
		seed = seed * 1664525 + 1013904223;
		ideal_sample(&i, 0.001 + (seed >> 16) / 65536.0, 0);
		assert_true(fabs(i.error_ns) < 20);
	}
	bc_servo_free(i.servo);
}

static void outliers_alone_do_not_move_the_clock(void **state)
{
	struct ideal i = settled(kalman_config, 0.125);

	(void)state;
	for (int n = 0; n < 200; n++) {
		ideal_sample(&i, 0.125, n % 5 == 0 ? 20000 : 0);
		assert_true(fabs(i.error_ns) < 20);
	}
	/* Five in a row, as when a path delay jumps and its filter has not noticed. */
	for (int n = 0; n < 5; n++)
		ideal_sample(&i, 0.125, 10000);
	assert_true(fabs(i.error_ns) < 20);
	assert_int_equal(i.jumps, 0);
	bc_servo_free(i.servo);
}

static void a_step_of_the_master_is_slewed_when_steps_are_forbidden(void **state)
{
	struct ideal i = settled(kalman_config, 0.125);

	(void)state;
	i.error_ns += 50000;
	for (int n = 0; n < 40; n++) {
		ideal_sample(&i, 0.125, 0);
		assert_int_equal(i.state, BC_SERVO_LOCKED);
		assert_true(fabs(i.command_ppb) <= 500000);
	}
	assert_true(fabs(i.error_ns) < 20);
	assert_true(fabs(bc_servo_frequency_ppb(i.servo) - 35000) < 50);
	bc_servo_free(i.servo);
}

static void a_step_of_the_master_beyond_the_threshold_is_stepped_once(void **state)
{
	struct bc_servo_config config = kalman_config;
	struct ideal i;
	unsigned int n = 0;

	(void)state;
	config.step_threshold_s = 0.001;
	i = settled(config, 0.125);
	i.error_ns -= 1e9;
	do {
		ideal_sample(&i, 0.125, 0);
		n++;
	} while (i.jumps == 0 && n < 100);
	assert_in_range(n, 2, 8);
	ideal_run(&i, 0.125, 4);
	assert_int_equal(i.jumps, 1);
	assert_true(fabs(i.error_ns) < 20);
	bc_servo_free(i.servo);
}

static void one_wild_sample_beyond_the_threshold_steps_nothing(void **state)
{
	struct bc_servo_config config = kalman_config;
	struct ideal i;

	(void)state;
	config.step_threshold_s = 0.001;
	i = settled(config, 0.125);
	ideal_sample(&i, 0.125, 1e9);
	assert_int_equal(i.state, BC_SERVO_LOCKED);
	ideal_run(&i, 0.125, 4);
	assert_int_equal(i.jumps, 0);
	assert_true(fabs(i.error_ns) < 20);
	bc_servo_free(i.servo);
}

static void a_large_offset_is_slewed_within_max_frequency_and_does_not_overshoot(void **state)
{
	struct bc_servo_config config = kalman_config;
	struct ideal i;

	(void)state;
	config.first_step_threshold_s = 0;
	i = ideal_new(config, 0.125);
	i.drift_ppb = 35000;
	i.error_ns = 5e6;
	for (int n = 0; n < 160; n++) {
		ideal_sample(&i, 0.125, 0);
		assert_true(fabs(i.command_ppb) <= 500000);
		assert_true(i.error_ns > -500);
	}
	assert_int_equal(i.jumps, 0);
	assert_true(fabs(i.error_ns) < 20);
	bc_servo_free(i.servo);
}

static void reset_keeps_the_frequency_and_finds_the_new_phase(void **state)
{
	struct ideal i = settled(kalman_config, 0.125);

	(void)state;
	i.error_ns += 5000;
	bc_servo_reset(i.servo);
	assert_true(fabs(bc_servo_frequency_ppb(i.servo) - 35000) < 5);
	i.command_ppb = bc_servo_frequency_ppb(i.servo);
	ideal_sample(&i, 0.125, 0);
	assert_int_equal(i.state, BC_SERVO_UNLOCKED);
	assert_true(fabs(i.command_ppb - 35000) < 5);
	ideal_run(&i, 0.125, 4);
	assert_int_equal(i.jumps, 0);
	assert_int_equal(i.state, BC_SERVO_LOCKED);
	assert_true(fabs(i.error_ns) < 20);
	bc_servo_free(i.servo);
}

static void a_master_of_another_frequency_is_followed_after_reset(void **state)
{
	struct ideal i = settled(kalman_config, 0.125);

	(void)state;
	i.drift_ppb = -80000;
	bc_servo_reset(i.servo);
	ideal_run(&i, 0.125, 5);
	assert_true(fabs(bc_servo_frequency_ppb(i.servo) + 80000) < 50);
	assert_true(fabs(i.error_ns) < 50);
	bc_servo_free(i.servo);
}

static void a_change_of_frequency_without_warning_is_followed(void **state)
{
	struct ideal i = settled(kalman_config, 0.125);

	(void)state;
	i.drift_ppb += 20000;
	ideal_run(&i, 0.125, 8);
	assert_true(fabs(bc_servo_frequency_ppb(i.servo) - 55000) < 100);
	assert_true(fabs(i.error_ns) < 100);
	bc_servo_free(i.servo);
}

static void a_day_of_silence_is_survived(void **state)
{
	struct ideal i = settled(kalman_config, 0.125);

	(void)state;
	i.drift_ppb += 10;
	ideal_sample(&i, 86400, 0);
	ideal_run(&i, 0.125, 20);
	assert_true(fabs(i.error_ns) < 50);
	assert_true(fabs(bc_servo_frequency_ppb(i.servo) - 35010) < 20);
	bc_servo_free(i.servo);
}

static void a_repeated_or_older_stamp_changes_nothing(void **state)
{
	struct ideal i = settled(kalman_config, 0.125);
	double before_ppb = i.command_ppb;

	(void)state;
	assert_true(bc_servo_sample(i.servo, 5000, i.mono_ns, 1, &i.state) == before_ppb);
	assert_true(bc_servo_sample(i.servo, 5000, i.mono_ns - 1000000, 1, &i.state) == before_ppb);
	assert_int_equal(i.state, BC_SERVO_LOCKED);
	bc_servo_free(i.servo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(four_samples_give_the_frequency_and_the_step),
		cmocka_unit_test(a_wild_sample_at_the_start_spoils_neither_frequency_nor_phase),
		cmocka_unit_test(every_interval_from_a_128th_of_a_second_to_16_seconds_locks),
		cmocka_unit_test(irregular_and_missing_samples_do_not_disturb_the_lock),
		cmocka_unit_test(outliers_alone_do_not_move_the_clock),
		cmocka_unit_test(a_step_of_the_master_is_slewed_when_steps_are_forbidden),
		cmocka_unit_test(a_step_of_the_master_beyond_the_threshold_is_stepped_once),
		cmocka_unit_test(one_wild_sample_beyond_the_threshold_steps_nothing),
		cmocka_unit_test(a_large_offset_is_slewed_within_max_frequency_and_does_not_overshoot),
		cmocka_unit_test(reset_keeps_the_frequency_and_finds_the_new_phase),
		cmocka_unit_test(a_master_of_another_frequency_is_followed_after_reset),
		cmocka_unit_test(a_change_of_frequency_without_warning_is_followed),
		cmocka_unit_test(a_day_of_silence_is_survived),
		cmocka_unit_test(a_repeated_or_older_stamp_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
