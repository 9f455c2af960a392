// SPDX-License-Identifier: GPL-2.0-or-later
/* The affine clock: exact over decades, at any rate, and without a step where the rate changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bc/engine/local_clock.h"
#include "util/macros.h"

#define YEAR_NS	     (365 * 86400 * NSEC_PER_SEC)
#define EPOCH_PTP_NS (1700000000 * NSEC_PER_SEC)

static void a_clock_at_rate_zero_keeps_its_distance_for_a_century(void **state)
{
	struct bc_local_clock clock;

	(void)state;
	bc_local_clock_init(&clock, 123, EPOCH_PTP_NS);
	for (int64_t years = 0; years <= 100; years++)
		assert_true(bc_local_clock_ptp_ns(&clock, 123 + (uint64_t)(years * YEAR_NS)) ==
			    EPOCH_PTP_NS + years * YEAR_NS);
}

static void a_time_before_the_reference_converts_too(void **state)
{
	struct bc_local_clock clock;

	(void)state;
	bc_local_clock_init(&clock, 1000 * NSEC_PER_SEC, EPOCH_PTP_NS);
	bc_local_clock_set_rate(&clock, 1000 * NSEC_PER_SEC, 1e6);
	assert_true(llabs(bc_local_clock_ptp_ns(&clock, 0) -
			  (EPOCH_PTP_NS - 1000 * NSEC_PER_SEC - NSEC_PER_SEC)) <= 1);
	assert_true(llabs(bc_local_clock_ptp_ns(&clock, 2000 * NSEC_PER_SEC) -
			  (EPOCH_PTP_NS + 1000 * NSEC_PER_SEC + NSEC_PER_SEC)) <= 1);
}

/* 10^9 ppb are the double of real time: the error of a rate given as a double is relative, 2^-53. */
static void any_rate_is_right_over_forty_years(void **state)
{
	static const double rates_ppb[] = {-9e8, -5e8, -1e5, -1, -0.001, 0.001, 1, 1e5, 5e8, 9e8};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rates_ppb); i++) {
		struct bc_local_clock clock;

		bc_local_clock_init(&clock, 77, EPOCH_PTP_NS);
		bc_local_clock_set_rate(&clock, 77, rates_ppb[i]);
		assert_true(llabs((int64_t)((bc_local_clock_rate_ppb(&clock) - rates_ppb[i]) * 1e9)) <= 200);
		for (int64_t years = 1; years <= 40; years++) {
			long double elapsed = (long double)years * YEAR_NS;
			long double expected = elapsed * (1.0L + (long double)rates_ppb[i] * 1e-9L);
			int64_t ptp_ns = bc_local_clock_ptp_ns(&clock, 77 + (uint64_t)(years * YEAR_NS)) -
					 EPOCH_PTP_NS;

			/* A part in 2^52 of the interval. */
			assert_true(llabs(ptp_ns - (int64_t)expected) <= 2 + years * YEAR_NS / (1LL << 52));
		}
	}
}

static void a_change_of_rate_makes_no_step(void **state)
{
	struct bc_local_clock clock;
	uint64_t mono_ns = 40ULL * (uint64_t)YEAR_NS + 3;
	unsigned int random = 1;

	(void)state;
	bc_local_clock_init(&clock, 0, EPOCH_PTP_NS);
	for (int i = 0; i < 100000; i++) {
		int64_t before_ns;

		random = random * 1664525u + 1013904223u;
		mono_ns += random >> 2;
		before_ns = bc_local_clock_ptp_ns(&clock, mono_ns);
		bc_local_clock_set_rate(&clock, mono_ns, (double)(int)random * 0.4);
		assert_true(bc_local_clock_ptp_ns(&clock, mono_ns) == before_ns);
	}
}

/* A servo sets the rate many times a second for years: what is cut off below a nanosecond must not add up. */
static void rounding_does_not_accumulate_over_a_million_changes(void **state)
{
	struct bc_local_clock clock;
	uint64_t mono_ns = 0;
	double expected_ns = 0;

	(void)state;
	bc_local_clock_init(&clock, 0, 0);
	for (int i = 0; i < 1000000; i++) {
		double rate_ppb = 10.5 + (i % 7) * 0.25;

		bc_local_clock_set_rate(&clock, mono_ns, rate_ppb);
		mono_ns += 62500000;
		expected_ns += rate_ppb * 0.0625;
	}
	assert_true(llabs(bc_local_clock_ptp_ns(&clock, mono_ns) - (int64_t)mono_ns - (int64_t)expected_ns) <=
		    2);
}

static void time_never_runs_backwards_at_a_rate_above_minus_one(void **state)
{
	struct bc_local_clock clock;
	int64_t last_ns;

	(void)state;
	bc_local_clock_init(&clock, 0, EPOCH_PTP_NS);
	bc_local_clock_set_rate(&clock, 0, -9e8);
	last_ns = bc_local_clock_ptp_ns(&clock, 0);
	for (uint64_t mono_ns = 1; mono_ns < 100000; mono_ns++) {
		int64_t now_ns = bc_local_clock_ptp_ns(&clock, mono_ns);

		assert_true(now_ns >= last_ns);
		last_ns = now_ns;
	}
}

static void a_step_moves_the_time_and_nothing_else(void **state)
{
	struct bc_local_clock clock;
	int64_t before_ns;

	(void)state;
	bc_local_clock_init(&clock, 5, EPOCH_PTP_NS);
	bc_local_clock_set_rate(&clock, 5, 12345.678);
	before_ns = bc_local_clock_ptp_ns(&clock, 999999);
	bc_local_clock_step(&clock, -37 * NSEC_PER_SEC);
	assert_true(bc_local_clock_ptp_ns(&clock, 999999) == before_ns - 37 * NSEC_PER_SEC);
	assert_true(bc_local_clock_rate_ppb(&clock) > 12345.67 && bc_local_clock_rate_ppb(&clock) < 12345.68);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clock_at_rate_zero_keeps_its_distance_for_a_century),
		cmocka_unit_test(a_time_before_the_reference_converts_too),
		cmocka_unit_test(any_rate_is_right_over_forty_years),
		cmocka_unit_test(a_change_of_rate_makes_no_step),
		cmocka_unit_test(rounding_does_not_accumulate_over_a_million_changes),
		cmocka_unit_test(time_never_runs_backwards_at_a_rate_above_minus_one),
		cmocka_unit_test(a_step_moves_the_time_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
