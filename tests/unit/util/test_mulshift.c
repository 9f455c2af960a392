// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mul_shift_s64 against the compiler's 128-bit arithmetic: edges, random operands, and intervals of
 * decades, well beyond the 208 days after which a 64-bit product would wrap.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "util/macros.h"
#include "util/mulshift.h"

#define YEAR_NS (365 * 24 * 3600 * NSEC_PER_SEC)

static void products_of_small_numbers_are_exact(void **state)
{
	(void)state;
	assert_int_equal(mul_shift_s64(6, 7, 0), 42);
	assert_int_equal(mul_shift_s64(-6, 7, 0), -42);
	assert_int_equal(mul_shift_s64(-6, -7, 0), 42);
	assert_int_equal(mul_shift_s64(0, INT64_MIN, 0), 0);
	assert_int_equal(mul_shift_s64(1, INT64_MIN, 0), INT64_MIN);
	assert_int_equal(mul_shift_s64(6, 7, 2), 10);
}

static void negative_results_round_down(void **state)
{
	(void)state;
	assert_int_equal(mul_shift_s64(-1, 1, 1), -1);
	assert_int_equal(mul_shift_s64(-3, 1, 1), -2);
	assert_int_equal(mul_shift_s64(-4, 1, 1), -2);
	assert_int_equal(mul_shift_s64(-1, 1, 64), -1);
	assert_int_equal(mul_shift_s64(-1, 1, 127), -1);
	assert_int_equal(mul_shift_s64(1, 1, 127), 0);
}

static void the_largest_operands_are_exact(void **state)
{
	(void)state;
	assert_int_equal(mul_shift_s64(INT64_MIN, INT64_MIN, 64), 1LL << 62);
	assert_int_equal(mul_shift_s64(INT64_MIN, INT64_MIN, 126), 1);
	assert_int_equal(mul_shift_s64(INT64_MIN, INT64_MIN, 127), 0);
	assert_int_equal(mul_shift_s64(INT64_MAX, INT64_MAX, 64), (1LL << 62) - 1);
	assert_int_equal(mul_shift_s64(INT64_MIN, INT64_MAX, 63), -INT64_MAX);
	assert_int_equal(mul_shift_s64(INT64_MIN, INT64_MAX, 64), -(1LL << 62));
	assert_int_equal(mul_shift_s64(INT64_MIN, 1, 0), INT64_MIN);
}

static void a_rate_of_one_returns_an_interval_of_292_years_unchanged(void **state)
{
	(void)state;
	assert_int_equal(mul_shift_s64(INT64_MAX, 1LL << 62, 62), INT64_MAX);
	assert_int_equal(mul_shift_s64(-INT64_MAX, 1LL << 62, 62), -INT64_MAX);
}

static void half_a_ppm_over_decades_is_the_right_number_of_nanoseconds(void **state)
{
	(void)state;
	/* 2^-21 of an interval, as a rate with 62 fractional bits. */
	for (int64_t years = 1; years <= 290; years++)
		assert_int_equal(mul_shift_s64(years * YEAR_NS, 1LL << 41, 62), years * YEAR_NS >> 21);
}

#ifdef __SIZEOF_INT128__
static uint64_t random_u64(uint64_t *seed)
{
	uint64_t z = *seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static void assert_as_wide(int64_t a, int64_t b, unsigned int shift)
{
	__int128 wide = ((__int128)a * b) >> shift;

	/* What does not fit is the caller's fault. */
	if (wide >= INT64_MIN && wide <= INT64_MAX)
		assert_int_equal(mul_shift_s64(a, b, shift), (int64_t)wide);
}

static void every_pair_of_edges_agrees_with_128_bits_at_every_shift(void **state)
{
	static const int64_t edges[] = {
		0,
		1,
		-1,
		2,
		-2,
		3,
		INT32_MAX,
		INT32_MIN,
		1LL << 31,
		1LL << 32,
		UINT32_MAX,
		-(1LL << 32),
		(1LL << 32) + 1,
		1LL << 41,
		1LL << 53,
		1LL << 62,
		-(1LL << 62),
		INT64_MAX,
		INT64_MIN,
		INT64_MIN + 1,
		-INT64_MAX + 1,
		INT64_MAX - 1,
	};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(edges); i++) {
		for (unsigned int j = 0; j < ARRAY_SIZE(edges); j++) {
			for (unsigned int shift = 0; shift <= 127; shift++)
				assert_as_wide(edges[i], edges[j], shift);
		}
	}
}

static void random_operands_of_every_size_agree_with_128_bits(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int i = 0; i < 300000; i++) {
		int64_t a = (int64_t)random_u64(&seed) >> (random_u64(&seed) % 64);
		int64_t b = (int64_t)random_u64(&seed) >> (random_u64(&seed) % 64);

		assert_as_wide(a, b, (unsigned int)(random_u64(&seed) % 128));
	}
}

static void intervals_of_decades_scaled_by_rates_agree_with_128_bits(void **state)
{
	uint64_t seed = 2;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		int64_t interval_ns = (int64_t)(random_u64(&seed) % (100 * (uint64_t)YEAR_NS));
		/* Within 1000 ppm of a rate, 62 fractional bits. */
		int64_t rate_q62 = (int64_t)(random_u64(&seed) % (2ULL << 52)) - (1LL << 52);

		assert_as_wide(interval_ns, rate_q62, 62);
		assert_as_wide(-interval_ns, rate_q62, 62);
	}
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(products_of_small_numbers_are_exact),
		cmocka_unit_test(negative_results_round_down),
		cmocka_unit_test(the_largest_operands_are_exact),
		cmocka_unit_test(a_rate_of_one_returns_an_interval_of_292_years_unchanged),
		cmocka_unit_test(half_a_ppm_over_decades_is_the_right_number_of_nanoseconds),
#ifdef __SIZEOF_INT128__
		cmocka_unit_test(every_pair_of_edges_agrees_with_128_bits_at_every_shift),
		cmocka_unit_test(random_operands_of_every_size_agree_with_128_bits),
		cmocka_unit_test(intervals_of_decades_scaled_by_rates_agree_with_128_bits),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
