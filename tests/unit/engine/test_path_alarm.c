// SPDX-License-Identifier: GPL-2.0-or-later
/* Alarms of a path's delay: in time where something changes, silent where nothing does. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bc/engine/path_alarm.h"
#include "util/macros.h"

#define DELAY_NS 50000.0

static struct bc_path_alarm alarm_state;
static double now_s;
static uint64_t seed;
static unsigned int n_events[4];
static double last_change;

static double uniform(void)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (double)(seed >> 11) * 0x1p-53;
}

/* Two-sided, of that standard deviation. */
static double noise(double sigma_ns)
{
	double sum = 0;

	for (int i = 0; i < 12; i++)
		sum += uniform();
	return (sum - 6.0) * sigma_ns;
}

static int setup(void **state)
{
	(void)state;
	bc_path_alarm_reset(&alarm_state);
	now_s = 100;
	seed = 1;
	for (size_t i = 0; i < ARRAY_SIZE(n_events); i++)
		n_events[i] = 0;
	return 0;
}

static enum bc_path_event sample(double delay_ns, double interval_s)
{
	enum bc_path_event event;

	now_s += interval_s;
	event = bc_path_alarm_sample(&alarm_state, llround(delay_ns), (uint64_t)(now_s * 1e9), &last_change);
	n_events[event]++;
	return event;
}

static void run(double delay_ns, double slope_ns_per_s, double sigma_ns, double rate, double seconds)
{
	for (double t = 0; t < seconds; t += 1.0 / rate)
		sample(delay_ns + slope_ns_per_s * t + noise(sigma_ns), 1.0 / rate);
}

static void a_jump_of_ten_microseconds_is_told_within_a_second(void **state)
{
	static const double jumps_ns[] = {10000, -10000};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(jumps_ns); i++) {
		double begin_s;

		setup(state);
		run(DELAY_NS, 0, 300, 8, 60);
		assert_int_equal(n_events[BC_PATH_JUMPED] + n_events[BC_PATH_DRIFTS], 0);
		begin_s = now_s;
		while (sample(DELAY_NS + jumps_ns[i] + noise(300), 0.125) == BC_PATH_SAME)
			assert_true(now_s - begin_s < 1.0);
		assert_int_equal(n_events[BC_PATH_JUMPED], 1);
		assert_true(fabs(last_change - jumps_ns[i]) < 1000);
		assert_true(now_s - begin_s <= 1.0);
		/* Once, and what is usual is the new delay from now on. */
		run(DELAY_NS + jumps_ns[i], 0, 300, 8, 120);
		assert_int_equal(n_events[BC_PATH_JUMPED], 1);
		assert_int_equal(n_events[BC_PATH_DRIFTS], 0);
	}
}

static void a_drift_of_a_microsecond_a_second_is_told_once_within_45_s(void **state)
{
	static const double rates[] = {1, 8, 32};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		double sign = i % 2 ? -1.0 : 1.0;

		setup(state);
		run(DELAY_NS, 0, 300, rates[i], 60);
		assert_int_equal(n_events[BC_PATH_JUMPED] + n_events[BC_PATH_DRIFTS], 0);
		run(DELAY_NS, sign * 1000, 300, rates[i], 45);
		assert_int_equal(n_events[BC_PATH_DRIFTS], 1);
		run(DELAY_NS + sign * 45000, sign * 1000, 300, rates[i], 60);
		assert_int_equal(n_events[BC_PATH_DRIFTS], 1);
		assert_int_equal(n_events[BC_PATH_STEADY], 0);
		run(DELAY_NS + sign * 105000, 0, 300, rates[i], 60);
		assert_int_equal(n_events[BC_PATH_STEADY], 1);
	}
}

static void bursts_and_single_late_frames_are_no_alarm(void **state)
{
	(void)state;
	for (int i = 0; i < 20000; i++) {
		double late_ns = i % 7 == 0 ? 30000 * uniform() : i % 100 < 2 ? 200000 : 0;

		sample(DELAY_NS + noise(500) + late_ns, 0.125);
	}
	assert_int_equal(n_events[BC_PATH_JUMPED], 0);
	assert_int_equal(n_events[BC_PATH_DRIFTS], 0);
}

static void on_a_noisy_path_what_is_within_the_noise_is_no_alarm(void **state)
{
	(void)state;
	run(10 * DELAY_NS, 0, 20000, 8, 3600);
	assert_int_equal(n_events[BC_PATH_JUMPED], 0);
	assert_int_equal(n_events[BC_PATH_DRIFTS], 0);
}

static void a_slow_drift_is_followed_in_silence(void **state)
{
	(void)state;
	run(DELAY_NS, 50, 300, 8, 3600);
	assert_int_equal(n_events[BC_PATH_JUMPED], 0);
	assert_int_equal(n_events[BC_PATH_DRIFTS], 0);
}

static void after_a_long_silence_nothing_is_compared_with_before(void **state)
{
	(void)state;
	run(DELAY_NS, 0, 300, 8, 60);
	now_s += 100;
	run(DELAY_NS + 50000, 0, 300, 8, 60);
	assert_int_equal(n_events[BC_PATH_JUMPED], 0);
	assert_int_equal(n_events[BC_PATH_DRIFTS], 0);
}

static void times_that_run_backwards_are_left_out(void **state)
{
	(void)state;
	run(DELAY_NS, 0, 300, 8, 60);
	for (int i = 0; i < 100; i++) {
		now_s -= 0.2;
		assert_int_equal(sample(1e9, 0.1), BC_PATH_SAME);
	}
}

#define T(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_jump_of_ten_microseconds_is_told_within_a_second),
		T(a_drift_of_a_microsecond_a_second_is_told_once_within_45_s),
		T(bursts_and_single_late_frames_are_no_alarm),
		T(on_a_noisy_path_what_is_within_the_noise_is_no_alarm),
		T(a_slow_drift_is_followed_in_silence),
		T(after_a_long_silence_nothing_is_compared_with_before),
		T(times_that_run_backwards_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
