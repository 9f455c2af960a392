// SPDX-License-Identifier: GPL-2.0-or-later
/* What holds for every controller: configuration, states, limits, and input that makes no sense. */
#include <errno.h>
#include <string.h>

#include "tests/unit/servo/ideal.h"

#include "util/macros.h"

static const enum bc_servo_type types[] = {BC_SERVO_PI, BC_SERVO_LINREG, BC_SERVO_NULLF, BC_SERVO_KALMAN};

static void a_configuration_that_makes_no_sense_is_refused(void **state)
{
	const struct bc_servo_config bad[] = {
		{.type = (enum bc_servo_type)9}, {.step_threshold_s = -1},
		{.first_step_threshold_s = NAN}, {.max_frequency_ppb = INFINITY},
		{.offset_threshold_ns = -1},	 {.num_offset_values = -1},
		{.pi_proportional_scale = -0.1}, {.pi_integral_exponent = NAN},
	};
	const struct bc_servo_config good = {};
	struct bc_servo *servo = NULL;

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(bc_servo_new(&bad[i], 0, &servo), -EINVAL);
	assert_int_equal(bc_servo_new(&good, NAN, &servo), -EINVAL);
	assert_null(servo);
	bc_servo_free(NULL);
}

static void the_frequency_handed_in_is_kept_until_there_is_a_better_one(void **state)
{
	static const enum bc_servo_type steering[] = {BC_SERVO_PI, BC_SERVO_LINREG, BC_SERVO_KALMAN};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(steering); i++) {
		const struct bc_servo_config config = {.type = steering[i], .max_frequency_ppb = 1000};
		struct bc_servo *servo;
		enum bc_servo_state s;

		assert_int_equal(bc_servo_new(&config, 700, &servo), 0);
		assert_true(bc_servo_frequency_ppb(servo) == 700);
		assert_true(bc_servo_sample(servo, 5, 1000, 1, &s) == 700);
		assert_int_equal(s, BC_SERVO_UNLOCKED);
		bc_servo_free(servo);
		/* Not even that may exceed the limit. */
		assert_int_equal(bc_servo_new(&config, -7000, &servo), 0);
		assert_true(bc_servo_frequency_ppb(servo) == -1000);
		bc_servo_free(servo);
	}
}

static void nullf_steps_at_first_and_leaves_the_frequency_alone(void **state)
{
	const struct bc_servo_config config = {.type = BC_SERVO_NULLF, .first_step_threshold_s = 0.00002};
	struct ideal i = ideal_new(config, 1);

	(void)state;
	ideal_sample(&i, 1, 30000);
	assert_int_equal(i.state, BC_SERVO_JUMP);
	ideal_sample(&i, 1, 30000);
	assert_int_equal(i.state, BC_SERVO_LOCKED);
	assert_true(i.command_ppb == 0);
	bc_servo_free(i.servo);
}

static void locked_becomes_stable_after_so_many_small_offsets_in_a_row(void **state)
{
	const struct bc_servo_config config = {
		.type = BC_SERVO_NULLF,
		.offset_threshold_ns = 100,
		.num_offset_values = 3,
	};
	struct ideal i = ideal_new(config, 1);
	static const double offsets[] = {99, -99, 100, 99, -99, 0, 50, -100, 1};
	static const bool is_stable[] = {0, 0, 0, 0, 0, 1, 1, 0, 0};

	(void)state;
	for (unsigned int n = 0; n < ARRAY_SIZE(offsets); n++) {
		ideal_sample(&i, 1, offsets[n]);
		assert_int_equal(i.state, is_stable[n] ? BC_SERVO_LOCKED_STABLE : BC_SERVO_LOCKED);
	}
	bc_servo_free(i.servo);
}

static void without_a_threshold_locked_never_becomes_stable(void **state)
{
	const struct bc_servo_config config = {.type = BC_SERVO_NULLF, .num_offset_values = 1};
	struct ideal i = ideal_new(config, 1);

	(void)state;
	for (int n = 0; n < 50; n++) {
		ideal_sample(&i, 1, 0);
		assert_int_equal(i.state, BC_SERVO_LOCKED);
	}
	bc_servo_free(i.servo);
}

static void after_a_reset_the_first_step_threshold_no_longer_steps(void **state)
{
	(void)state;
	for (unsigned int t = 0; t < ARRAY_SIZE(types); t++) {
		const struct bc_servo_config config = {
			.type = types[t],
			.first_step_threshold_s = 0.00002,
			.max_frequency_ppb = 1e6,
		};
		struct ideal i = ideal_new(config, 1);

		i.error_ns = 1e6;
		ideal_run(&i, 1, 30);
		assert_int_equal(i.jumps, 1);
		bc_servo_reset(i.servo);
		i.error_ns += 1e6;
		ideal_run(&i, 1, 30);
		assert_int_equal(i.jumps, 1);
		bc_servo_free(i.servo);
	}
}

static uint64_t random_u64(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* Offsets of every size, times that stand still, leap by decades or run backwards, absurd weights. */
static void no_input_makes_the_result_infinite_or_exceed_the_limit(void **state)
{
	static const double weights[] = {1, 0.5, 1e-300, 0, -1, NAN, INFINITY, 2};
	uint64_t seed = 3;

	(void)state;
	for (unsigned int n = 0; n < 8 * ARRAY_SIZE(types); n++) {
		const struct bc_servo_config config = {
			.type = types[n % ARRAY_SIZE(types)],
			.step_threshold_s = n & 4 ? 0.5 : 0,
			.first_step_threshold_s = n & 8 ? 0.00002 : 0,
			.max_frequency_ppb = n & 16 ? 500000 : 0,
		};
		double max_ppb = n & 16 ? 500000 : 900000000;
		struct bc_servo *servo;
		uint64_t mono_ns = random_u64(&seed);

		assert_int_equal(bc_servo_new(&config, 1e300, &servo), 0);
		for (int i = 0; i < 3000; i++) {
			enum bc_servo_state s = (enum bc_servo_state)77;
			int64_t offset_ns = (int64_t)random_u64(&seed) >> (random_u64(&seed) % 64);
			double ppb;

			mono_ns += random_u64(&seed) >> (random_u64(&seed) % 64);
			if (random_u64(&seed) % 50 == 0)
				bc_servo_set_interval(servo, ldexp(1, (int)(random_u64(&seed) % 40) - 20));
			if (random_u64(&seed) % 50 == 0)
				bc_servo_set_interval(servo, -0.0);
			if (random_u64(&seed) % 100 == 0)
				bc_servo_reset(servo);
			ppb = bc_servo_sample(servo, offset_ns, mono_ns, weights[random_u64(&seed) % 8], &s);
			assert_in_range(s, BC_SERVO_UNLOCKED, BC_SERVO_LOCKED_STABLE);
			assert_true(isfinite(ppb) && fabs(ppb) <= max_ppb);
			assert_true(isfinite(bc_servo_frequency_ppb(servo)));
			assert_true(fabs(bc_servo_frequency_ppb(servo)) <= max_ppb);
		}
		bc_servo_free(servo);
	}
}

static void a_clock_146_years_away_is_stepped_to_the_nanosecond(void **state)
{
	static const enum bc_servo_type steering[] = {BC_SERVO_LINREG, BC_SERVO_KALMAN};

	(void)state;
	for (unsigned int t = 0; t < ARRAY_SIZE(steering); t++) {
		const struct bc_servo_config config = {
			.type = steering[t],
			.first_step_threshold_s = 0.00002,
			.max_frequency_ppb = 500000,
		};
		struct bc_servo *servo;
		/* As integers: a double near 2^62 counts by 512. */
		int64_t offset_ns = 1LL << 62;
		uint64_t mono_ns = 1000;
		double ppb = 0;
		enum bc_servo_state s;

		assert_int_equal(bc_servo_new(&config, 0, &servo), 0);
		bc_servo_set_interval(servo, 0.125);
		for (int n = 0; n < 200; n++) {
			ppb = bc_servo_sample(servo, offset_ns, mono_ns, 1, &s);
			if (s == BC_SERVO_JUMP)
				offset_ns = 0;
			mono_ns += 125000000;
			offset_ns += llround((20000 - ppb) * 0.125);
		}
		assert_true(offset_ns > -20 && offset_ns < 20);
		bc_servo_free(servo);
	}
}

static void uptime_of_decades_does_not_matter(void **state)
{
	(void)state;
	for (unsigned int t = 0; t < ARRAY_SIZE(types); t++) {
		const struct bc_servo_config config = {
			.type = types[t],
			.first_step_threshold_s = 0.00002,
			.max_frequency_ppb = 500000,
		};
		struct ideal young = ideal_new(config, 1), old = ideal_new(config, 1);

		young.drift_ppb = old.drift_ppb = 12345;
		young.error_ns = old.error_ns = 1e6;
		/* 100 years, beyond every power of two that a product could wrap at. */
		old.mono_ns += 100ULL * 365 * 86400 * NSEC_PER_SEC;
		for (int n = 0; n < 300; n++) {
			ideal_sample(&young, 1, 0);
			ideal_sample(&old, 1, 0);
			assert_int_equal(young.state, old.state);
			assert_true(young.command_ppb == old.command_ppb);
		}
		bc_servo_free(young.servo);
		bc_servo_free(old.servo);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_configuration_that_makes_no_sense_is_refused),
		cmocka_unit_test(the_frequency_handed_in_is_kept_until_there_is_a_better_one),
		cmocka_unit_test(nullf_steps_at_first_and_leaves_the_frequency_alone),
		cmocka_unit_test(locked_becomes_stable_after_so_many_small_offsets_in_a_row),
		cmocka_unit_test(without_a_threshold_locked_never_becomes_stable),
		cmocka_unit_test(after_a_reset_the_first_step_threshold_no_longer_steps),
		cmocka_unit_test(no_input_makes_the_result_infinite_or_exceed_the_limit),
		cmocka_unit_test(a_clock_146_years_away_is_stepped_to_the_nanosecond),
		cmocka_unit_test(uptime_of_decades_does_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
