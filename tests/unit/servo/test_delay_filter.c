// SPDX-License-Identifier: GPL-2.0-or-later
/* Moving median and mean of path delays: small windows by hand, extremes, and a naive model. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "bc/servo/servo.h"
#include "util/macros.h"

static struct bc_delay_filter *new_filter(enum bc_delay_filter_type type, unsigned int length)
{
	struct bc_delay_filter *f = NULL;

	assert_int_equal(bc_delay_filter_new(type, length, &f), 0);
	return f;
}

static void a_bad_type_or_length_is_refused_and_nothing_is_returned(void **state)
{
	struct bc_delay_filter *f = NULL;

	(void)state;
	assert_int_equal(bc_delay_filter_new(BC_DELAY_FILTER_MOVING_MEDIAN, 0, &f), -EINVAL);
	assert_int_equal(
		bc_delay_filter_new(BC_DELAY_FILTER_MOVING_MEDIAN, BC_DELAY_FILTER_MAX_LENGTH + 1, &f),
		-EINVAL);
	assert_int_equal(bc_delay_filter_new((enum bc_delay_filter_type)7, 10, &f), -EINVAL);
	assert_null(f);
	bc_delay_filter_free(NULL);
}

static void median_is_of_as_many_samples_as_there_are(void **state)
{
	static const int64_t in[] = {10, 30, 20, 1000000, 40, 50};
	static const int64_t out[] = {10, 20, 20, 25, 30, 40};
	struct bc_delay_filter *f = new_filter(BC_DELAY_FILTER_MOVING_MEDIAN, 5);

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(in); i++)
		assert_int_equal(bc_delay_filter_sample(f, in[i]), out[i]);
	bc_delay_filter_free(f);
}

static void a_copy_goes_on_as_the_original(void **state)
{
	static const int64_t in[] = {10, -30, 20, 1000000, 40, -50, 7, INT64_MAX, INT64_MIN, 3, 3, 8};

	(void)state;
	for (int type = BC_DELAY_FILTER_MOVING_AVERAGE; type <= BC_DELAY_FILTER_MOVING_MEDIAN; type++) {
		for (unsigned int n = 0; n < 9; n++) {
			struct bc_delay_filter *f = new_filter((enum bc_delay_filter_type)type, 5);
			struct bc_delay_filter *copy = new_filter((enum bc_delay_filter_type)type, 5);

			for (unsigned int i = 0; i < n; i++)
				bc_delay_filter_sample(f, in[i]);
			bc_delay_filter_copy(copy, f);
			for (unsigned int i = 0; i < ARRAY_SIZE(in); i++)
				assert_true(bc_delay_filter_sample(copy, in[i]) ==
					    bc_delay_filter_sample(f, in[i]));
			bc_delay_filter_free(copy);
			bc_delay_filter_free(f);
		}
	}
}

static void mean_is_of_as_many_samples_as_there_are(void **state)
{
	struct bc_delay_filter *f = new_filter(BC_DELAY_FILTER_MOVING_AVERAGE, 3);

	(void)state;
	assert_int_equal(bc_delay_filter_sample(f, 9), 9);
	assert_int_equal(bc_delay_filter_sample(f, 11), 10);
	assert_int_equal(bc_delay_filter_sample(f, 100), 40);
	assert_int_equal(bc_delay_filter_sample(f, -111), 0);
	assert_int_equal(bc_delay_filter_sample(f, 8), -1);
	bc_delay_filter_free(f);
}

static void one_spike_does_not_move_the_median(void **state)
{
	struct bc_delay_filter *f = new_filter(BC_DELAY_FILTER_MOVING_MEDIAN, 10);

	(void)state;
	for (int i = 0; i < 10; i++)
		bc_delay_filter_sample(f, 25000);
	assert_int_equal(bc_delay_filter_sample(f, INT64_MAX), 25000);
	assert_int_equal(bc_delay_filter_sample(f, INT64_MIN), 25000);
	bc_delay_filter_free(f);
}

static void extreme_values_do_not_overflow(void **state)
{
	struct bc_delay_filter *median = new_filter(BC_DELAY_FILTER_MOVING_MEDIAN, 4);
	struct bc_delay_filter *mean = new_filter(BC_DELAY_FILTER_MOVING_AVERAGE, 4);

	(void)state;
	for (int i = 0; i < 9; i++) {
		assert_int_equal(bc_delay_filter_sample(median, INT64_MAX), INT64_MAX);
		assert_int_equal(bc_delay_filter_sample(mean, INT64_MAX), INT64_MAX);
	}
	for (int i = 0; i < 9; i++) {
		bc_delay_filter_sample(median, INT64_MIN);
		bc_delay_filter_sample(mean, INT64_MIN);
	}
	assert_int_equal(bc_delay_filter_sample(median, INT64_MIN), INT64_MIN);
	assert_int_equal(bc_delay_filter_sample(mean, INT64_MIN), INT64_MIN);
	bc_delay_filter_sample(median, INT64_MAX);
	bc_delay_filter_sample(mean, INT64_MAX);
	assert_int_equal(bc_delay_filter_sample(median, INT64_MAX), -1);
	assert_int_equal(bc_delay_filter_sample(mean, INT64_MAX), -1);
	bc_delay_filter_free(median);
	bc_delay_filter_free(mean);
}

static void reset_forgets_all_samples(void **state)
{
	(void)state;
	for (int type = 0; type <= 1; type++) {
		struct bc_delay_filter *f = new_filter((enum bc_delay_filter_type)type, 10);

		for (int i = 0; i < 15; i++)
			bc_delay_filter_sample(f, 1000000 + i);
		bc_delay_filter_reset(f);
		assert_int_equal(bc_delay_filter_sample(f, -5), -5);
		assert_int_equal(bc_delay_filter_sample(f, -7), -6);
		bc_delay_filter_free(f);
	}
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void both_agree_with_a_naive_model_over_random_samples(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (unsigned int length = 1; length <= 12; length++) {
		struct bc_delay_filter *median = new_filter(BC_DELAY_FILTER_MOVING_MEDIAN, length);
		struct bc_delay_filter *mean = new_filter(BC_DELAY_FILTER_MOVING_AVERAGE, length);
		int64_t window[12], sorted[12];

		for (unsigned int i = 0; i < 500; i++) {
			unsigned int n = MIN(i + 1, length);
			int64_t sum = 0, middle;

			seed = seed * 1664525 + 1013904223;
			window[i % length] = (int64_t)(seed >> 24) - 100;
			for (unsigned int j = 0; j < n; j++)
				sum += window[j];
			memcpy(sorted, window, sizeof(sorted));
			qsort(sorted, n, sizeof(sorted[0]), compare);
			middle = sorted[n / 2];
			if (n % 2 == 0)
				middle = sorted[n / 2 - 1] + (sorted[n / 2] - sorted[n / 2 - 1]) / 2;
			assert_int_equal(bc_delay_filter_sample(median, window[i % length]), middle);
			assert_int_equal(bc_delay_filter_sample(mean, window[i % length]),
					 sum / (int)n - (sum % (int)n < 0));
		}
		bc_delay_filter_free(median);
		bc_delay_filter_free(mean);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_type_or_length_is_refused_and_nothing_is_returned),
		cmocka_unit_test(median_is_of_as_many_samples_as_there_are),
		cmocka_unit_test(a_copy_goes_on_as_the_original),
		cmocka_unit_test(mean_is_of_as_many_samples_as_there_are),
		cmocka_unit_test(one_spike_does_not_move_the_median),
		cmocka_unit_test(extreme_values_do_not_overflow),
		cmocka_unit_test(reset_forgets_all_samples),
		cmocka_unit_test(both_agree_with_a_naive_model_over_random_samples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
