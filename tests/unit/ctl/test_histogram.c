// SPDX-License-Identifier: GPL-2.0-or-later
/* What histograms say of times that are known, and the sums of squares on their way as text. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/histogram.h"
#include "tests/unit/ctl/stub_loader.h"
#include "util/decimal128.h"
#include "util/macros.h"

#define TIMES_MAX 20000

static const unsigned int asked[] = {1, 100, 2500, 5000, 9000, 9900, 9990, 10000};

static struct ebc_histogram histogram;
static uint64_t times_ns[TIMES_MAX];
static uint64_t random_state;

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static int reset(void **state)
{
	(void)state;
	random_state = 88172645463325252ULL;
	histogram = (struct ebc_histogram){};
	return 0;
}

static void buckets_are_the_inverse_of_the_formula(void **state)
{
	uint64_t expected_lower = 0;

	(void)state;
	for (size_t i = 0; i < EBC_HISTOGRAM_BUCKETS; i++) {
		uint64_t lower, upper;

		histogram_bucket_range(i, &lower, &upper);
		assert_int_equal(lower, expected_lower);
		assert_true(upper > lower);
		assert_int_equal(stub_bucket(lower), i);
		assert_int_equal(stub_bucket(upper - 1), i);
		expected_lower = upper;
	}
	assert_int_equal(expected_lower, 1ULL << 36);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double width_at(uint64_t ns)
{
	uint64_t lower, upper;

	histogram_bucket_range(stub_bucket(ns), &lower, &upper);
	return (double)(upper - lower);
}

static void check_quantiles(size_t n)
{
	qsort(times_ns, n, sizeof(times_ns[0]), compare);
	for (size_t i = 0; i < ARRAY_SIZE(asked); i++) {
		size_t rank = (n * asked[i] + 9999) / 10000;
		uint64_t exact = times_ns[MAX(rank, 1) - 1];
		double told = histogram_quantile_ns(&histogram, asked[i]);

		assert_true(fabs(told - (double)exact) < width_at(exact));
		assert_true(told >= (double)times_ns[0] && told <= (double)times_ns[n - 1]);
	}
}

static void try_times(size_t n, uint64_t (*make)(void))
{
	histogram = (struct ebc_histogram){};
	for (size_t i = 0; i < n; i++) {
		times_ns[i] = make();
		stub_histogram_add(&histogram, times_ns[i]);
	}
	check_quantiles(n);
}

static uint64_t below_sixteen(void)
{
	return next_random() % 16;
}

static uint64_t always_the_same(void)
{
	return 12345;
}

static uint64_t exponential(void)
{
	return (uint64_t)(-20000 * log(((double)(next_random() >> 11) + 0.5) / 9007199254740992.0));
}

static uint64_t of_any_size(void)
{
	return next_random() >> (28 + next_random() % 36);
}

static uint64_t fast_or_slow(void)
{
	return next_random() % 10 ? 800 + next_random() % 50 : 4000000000ULL - next_random() % 1000000;
}

static void quantiles_are_right_to_a_bucket(void **state)
{
	static uint64_t (*const makers[])(void) = {below_sixteen, always_the_same, exponential, of_any_size,
						   fast_or_slow};
	static const size_t sizes[] = {1, 2, 3, 10, 999, 1000, 1001, TIMES_MAX};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(makers); i++)
		for (size_t k = 0; k < ARRAY_SIZE(sizes); k++)
			try_times(sizes[k], makers[i]);
}

static void quantiles_are_interpolated_within_a_bucket(void **state)
{
	(void)state;
	/* All of one bucket, 1024 to 1087. */
	for (uint64_t ns = 1024; ns < 1088; ns++)
		stub_histogram_add(&histogram, ns);
	for (unsigned int per_10000 = 500; per_10000 < 10000; per_10000 += 500) {
		double exact = 1023 + ceil(64 * per_10000 / 10000.0);

		assert_true(fabs(histogram_quantile_ns(&histogram, per_10000) - exact) <= 1);
	}
}

static void small_times_are_exact(void **state)
{
	(void)state;
	for (uint64_t ns = 0; ns < 32; ns++)
		stub_histogram_add(&histogram, ns);
	assert_true(histogram_quantile_ns(&histogram, 5000) == 15);
	assert_true(histogram_quantile_ns(&histogram, 2500) == 7);
}

static void mean_and_deviation_are_those_of_the_times(void **state)
{
	double mean = 0, squares = 0;

	(void)state;
	for (size_t i = 0; i < TIMES_MAX; i++) {
		times_ns[i] = 4000000000ULL + next_random() % 100000;
		mean += (double)times_ns[i] / TIMES_MAX;
		stub_histogram_add(&histogram, times_ns[i]);
	}
	for (size_t i = 0; i < TIMES_MAX; i++)
		squares += ((double)times_ns[i] - mean) * ((double)times_ns[i] - mean);
	assert_true(histogram.sum_squares_high > 0);
	assert_true(fabs(histogram_mean_ns(&histogram) / mean - 1) < 1e-12);
	assert_true(fabs(histogram_sd_ns(&histogram) / sqrt(squares / (TIMES_MAX - 1)) - 1) < 1e-3);
}

static void nothing_measured_has_no_figures(void **state)
{
	(void)state;
	assert_true(isnan(histogram_quantile_ns(&histogram, 5000)));
	assert_true(isnan(histogram_mean_ns(&histogram)));
	stub_histogram_add(&histogram, 7);
	assert_true(histogram_mean_ns(&histogram) == 7);
	assert_true(isnan(histogram_sd_ns(&histogram)));
}

static void what_came_since_is_the_difference(void **state)
{
	struct ebc_histogram earlier, late = {}, since;

	(void)state;
	for (size_t i = 0; i < 5000; i++)
		stub_histogram_add(&histogram, 3000000000ULL + exponential());
	earlier = histogram;
	for (size_t i = 0; i < 5000; i++) {
		uint64_t ns = 3000001000ULL + exponential() / 2;

		stub_histogram_add(&histogram, ns);
		stub_histogram_add(&late, ns);
	}
	histogram_since(&histogram, &earlier, &since);
	assert_int_equal(since.count, late.count);
	assert_int_equal(since.sum_ns, late.sum_ns);
	assert_int_equal(since.sum_squares_low, late.sum_squares_low);
	assert_int_equal(since.sum_squares_high, late.sum_squares_high);
	assert_memory_equal(since.bucket, late.bucket, sizeof(late.bucket));
	assert_int_equal(stub_bucket(since.min_ns), stub_bucket(late.min_ns));
	assert_int_equal(stub_bucket(since.max_ns), stub_bucket(late.max_ns));
	assert_true(since.min_ns <= late.min_ns && since.max_ns >= late.max_ns);
}

static void new_extremes_are_known_exactly(void **state)
{
	struct ebc_histogram earlier, since;

	(void)state;
	stub_histogram_add(&histogram, 100001);
	earlier = histogram;
	stub_histogram_add(&histogram, 50001);
	stub_histogram_add(&histogram, 900001);
	histogram_since(&histogram, &earlier, &since);
	assert_int_equal(since.min_ns, 50001);
	assert_int_equal(since.max_ns, 900001);
}

static void the_sum_of_squares_borrows_from_its_upper_half(void **state)
{
	struct ebc_histogram earlier, since;

	(void)state;
	stub_histogram_add(&histogram, 3000000000);
	stub_histogram_add(&histogram, 3000000000);
	earlier = histogram;
	stub_histogram_add(&histogram, 3000000000);
	assert_true(histogram.sum_squares_high == 1 && earlier.sum_squares_high == 0);
	histogram_since(&histogram, &earlier, &since);
	assert_int_equal(since.sum_squares_high, 0);
	assert_int_equal(since.sum_squares_low, 9000000000000000000ULL);
}

static void add_times(struct ebc_histogram *h, size_t n, uint64_t ns)
{
	for (size_t i = 0; i < n; i++)
		stub_histogram_add(h, ns);
}

/* Each by one field alone: the others are above what they were. */
static void what_falls_was_cleared(void **state)
{
	struct ebc_histogram other_bucket = {}, less = {}, below = {}, earlier = {};

	(void)state;
	add_times(&earlier, 3, 10000000);
	assert_false(histogram_was_cleared(&earlier, &earlier));
	histogram = earlier;
	add_times(&histogram, 1, 0);
	assert_false(histogram_was_cleared(&histogram, &earlier));
	histogram.count = 2;
	assert_true(histogram_was_cleared(&histogram, &earlier));
	add_times(&other_bucket, 4, 20000000);
	assert_true(histogram_was_cleared(&other_bucket, &earlier));

	/* In the same bucket. */
	add_times(&less, 3, 9999999);
	assert_int_equal(stub_bucket(9999999), stub_bucket(10000000));
	assert_true(histogram_was_cleared(&less, &earlier));
	less.sum_ns = earlier.sum_ns;
	assert_true(histogram_was_cleared(&less, &earlier));
	less.sum_squares_high = earlier.sum_squares_high + 1;
	assert_false(histogram_was_cleared(&less, &earlier));
	less.sum_ns--;
	assert_true(histogram_was_cleared(&less, &earlier));

	below = earlier;
	earlier.sum_squares_high = 1;
	assert_true(histogram_was_cleared(&below, &earlier));
}

static void numbers_of_128_bits_survive_as_text(void **state)
{
	static const struct {
		uint64_t high, low;
		const char *text;
	} known[] = {
		{0, 0, "0"},
		{0, 10, "10"},
		{0, UINT64_MAX, "18446744073709551615"},
		{1, 0, "18446744073709551616"},
		{0x123456789ABCDEF0, 0x0FEDCBA987654321, "24197857203266734864629346612071973665"},
		{UINT64_MAX, UINT64_MAX, "340282366920938463463374607431768211455"},
	};
	char text[EBC_DECIMAL128_SIZE];
	uint64_t high, low;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		ebc_decimal128_format(known[i].high, known[i].low, text);
		assert_string_equal(text, known[i].text);
		assert_true(ebc_decimal128_parse(text, &high, &low));
		assert_int_equal(high, known[i].high);
		assert_int_equal(low, known[i].low);
	}
}

static void what_is_no_number_of_128_bits_is_refused(void **state)
{
	static const char *const wrong[] = {"",
					    "-1",
					    "12a",
					    " 1",
					    "1.0",
					    "0x10",
					    "340282366920938463463374607431768211456",
					    "3402823669209384634633746074317682114550"};
	uint64_t high = 7, low = 8;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(ebc_decimal128_parse(wrong[i], &high, &low));
	assert_int_equal(high, 7);
	assert_int_equal(low, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(buckets_are_the_inverse_of_the_formula, reset),
		cmocka_unit_test_setup(quantiles_are_right_to_a_bucket, reset),
		cmocka_unit_test_setup(quantiles_are_interpolated_within_a_bucket, reset),
		cmocka_unit_test_setup(small_times_are_exact, reset),
		cmocka_unit_test_setup(mean_and_deviation_are_those_of_the_times, reset),
		cmocka_unit_test_setup(nothing_measured_has_no_figures, reset),
		cmocka_unit_test_setup(what_came_since_is_the_difference, reset),
		cmocka_unit_test_setup(new_extremes_are_known_exactly, reset),
		cmocka_unit_test_setup(the_sum_of_squares_borrows_from_its_upper_half, reset),
		cmocka_unit_test_setup(what_falls_was_cleared, reset),
		cmocka_unit_test(numbers_of_128_bits_survive_as_text),
		cmocka_unit_test(what_is_no_number_of_128_bits_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
