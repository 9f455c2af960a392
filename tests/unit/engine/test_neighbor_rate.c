// SPDX-License-Identifier: GPL-2.0-or-later
/* The estimate of a neighbour's rate: exact, and unmoved by what is no rate. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bc/engine/neighbor_rate.h"
#include "util/macros.h"

#define EPOCH_NS (1700000000LL * NSEC_PER_SEC)

static void assert_offset(const struct bc_neighbor_rate *rate, double offset, double tolerance)
{
	assert_true(rate->offset >= offset - tolerance);
	assert_true(rate->offset <= offset + tolerance);
}

/* Samples `from` to `to` of one a second, of a clock that is fast by `ppm`, each late by `late_ns`. */
static void feed(struct bc_neighbor_rate *rate, unsigned int from, unsigned int to, int64_t ppm,
		 int64_t step_ns, int64_t late_ns)
{
	for (unsigned int i = from; i < to; i++) {
		int64_t ns = i * NSEC_PER_SEC;

		bc_neighbor_rate_sample(rate, EPOCH_NS + step_ns + ns + ns / 1000000 * ppm,
					(uint64_t)(ns + late_ns));
	}
}

static void a_rate_is_known_from_the_fourth_sample_on(void **state)
{
	struct bc_neighbor_rate rate = {};

	(void)state;
	feed(&rate, 1, 4, 100, 0, 0);
	assert_true(rate.offset == 0.0);
	feed(&rate, 4, 5, 100, 0, 0);
	assert_offset(&rate, 100e-6, 1e-12);
	feed(&rate, 5, 100, 100, 0, 0);
	assert_offset(&rate, 100e-6, 1e-12);
}

static void a_rate_that_changes_is_followed(void **state)
{
	struct bc_neighbor_rate rate = {};

	(void)state;
	feed(&rate, 1, 30, 100, 0, 0);
	feed(&rate, 30, 46, 50, 30 * 50 * 1000, 0);
	assert_offset(&rate, 50e-6, 1e-12);
}

static void no_clock_is_500_ppm_off(void **state)
{
	struct bc_neighbor_rate rate = {};

	(void)state;
	feed(&rate, 1, 30, 499, 0, 0);
	assert_offset(&rate, 499e-6, 1e-12);
	bc_neighbor_rate_restart(&rate);
	feed(&rate, 30, 60, 510, 0, 0);
	assert_offset(&rate, 499e-6, 1e-12);
}

static void jitter_of_microseconds_is_parts_in_ten_million(void **state)
{
	struct bc_neighbor_rate rate = {};
	uint32_t random = 1;

	(void)state;
	for (unsigned int i = 1; i < 200; i++) {
		random = random * 1664525 + 1013904223;
		feed(&rate, i, i + 1, -20, 0, random >> 21); /* 0 to 2047 ns */
		if (i > 16)
			assert_offset(&rate, -20e-6, 0.2e-6);
	}
}

static void a_few_late_stamps_do_nothing(void **state)
{
	struct bc_neighbor_rate rate = {};

	(void)state;
	for (unsigned int i = 1; i < 100; i++) {
		int64_t late_ns = i % 10 == 0 ? 5 * NSEC_PER_MSEC : i % 10 == 5 ? 50000 : 0;

		feed(&rate, i, i + 1, 30, 0, late_ns);
		if (i > 16)
			assert_offset(&rate, 30e-6, 1e-9);
	}
	assert_int_equal(rate.n_samples, BC_NEIGHBOR_RATE_WINDOW);
}

static void a_step_is_no_rate(void **state)
{
	static const int64_t steps_ns[] = {NSEC_PER_MSEC, -37 * NSEC_PER_SEC, -EPOCH_NS, INT64_MAX / 4};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps_ns); i++) {
		struct bc_neighbor_rate rate = {};

		feed(&rate, 1, 30, 30, 0, 0);
		for (unsigned int n = 30; n < 60; n++) {
			feed(&rate, n, n + 1, 30, steps_ns[i], 0);
			assert_offset(&rate, 30e-6, 1e-12);
		}
		assert_int_equal(rate.n_samples, BC_NEIGHBOR_RATE_WINDOW);
	}
}

static void samples_close_together_or_backwards_are_not_taken(void **state)
{
	struct bc_neighbor_rate rate = {};

	(void)state;
	feed(&rate, 100, 120, 30, 0, 0);
	feed(&rate, 118, 119, 30, 0, 0);
	feed(&rate, 119, 120, 30, 5000, 0);
	assert_offset(&rate, 30e-6, 1e-12);
	bc_neighbor_rate_restart(&rate);
	for (unsigned int i = 0; i < 41; i++)
		bc_neighbor_rate_sample(&rate, EPOCH_NS + i * 10 * NSEC_PER_MSEC, i * 10 * NSEC_PER_MSEC);
	assert_int_equal(rate.n_samples, 5);
}

static void after_a_restart_the_offset_stays_until_there_is_another(void **state)
{
	struct bc_neighbor_rate rate = {};

	(void)state;
	feed(&rate, 1, 30, 30, 0, 0);
	bc_neighbor_rate_restart(&rate);
	feed(&rate, 1030, 1033, -30, 0, 0);
	assert_offset(&rate, 30e-6, 1e-12);
	feed(&rate, 1033, 1034, -30, 0, 0);
	assert_offset(&rate, -30e-6, 1e-12);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_rate_is_known_from_the_fourth_sample_on),
		cmocka_unit_test(a_rate_that_changes_is_followed),
		cmocka_unit_test(no_clock_is_500_ppm_off),
		cmocka_unit_test(jitter_of_microseconds_is_parts_in_ten_million),
		cmocka_unit_test(a_few_late_stamps_do_nothing),
		cmocka_unit_test(a_step_is_no_rate),
		cmocka_unit_test(samples_close_together_or_backwards_are_not_taken),
		cmocka_unit_test(after_a_restart_the_offset_stays_until_there_is_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
