// SPDX-License-Identifier: GPL-2.0-or-later
/* Robust estimates, and the algebra of the two-state filter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

#include "bc/servo/kalman.h"
#include "bc/servo/robust.h"
#include "util/macros.h"

static void assert_near(double a, double b, double tolerance)
{
	if (!(fabs(a - b) <= tolerance))
		fail_msg("%g is not within %g of %g", a, tolerance, b);
}

static void median_of_odd_and_even_numbers_of_values(void **state)
{
	double odd[] = {5, 1, 9}, even[] = {4, 1, 3, 100}, one[] = {7};

	(void)state;
	assert_near(bc_robust_median(odd, 3), 5, 0);
	assert_near(bc_robust_median(even, 4), 3.5, 0);
	assert_near(bc_robust_median(one, 1), 7, 0);
}

static void spread_ignores_a_minority_of_wild_values(void **state)
{
	double v[] = {-1, 1, -1, 1, 1e9, -1, 1};

	(void)state;
	assert_near(bc_robust_spread(v, ARRAY_SIZE(v), 0), 1.4826, 1e-9);
}

static void the_line_goes_through_exact_points(void **state)
{
	double t[] = {-3, -2, -1, 0}, v[] = {1, 3, 5, 7};
	struct bc_robust_line line = bc_robust_fit(t, v, 4);

	(void)state;
	assert_near(line.value, 7, 1e-12);
	assert_near(line.slope, 2, 1e-12);
	assert_near(line.spread, 0, 1e-12);
}

static void the_line_stands_up_to_four_outliers_of_ten(void **state)
{
	double t[10], v[10];
	struct bc_robust_line line;

	(void)state;
	for (int i = 0; i < 10; i++) {
		t[i] = i;
		v[i] = 100 - 3 * i;
	}
	v[1] = 1e6;
	v[4] = 2e6;
	v[8] = 1e5;
	v[9] = 3e6;
	line = bc_robust_fit(t, v, 10);
	assert_near(line.value, 100, 1e-6);
	assert_near(line.slope, -3, 1e-6);
}

static void points_at_one_time_give_a_level_line(void **state)
{
	double t[] = {1, 1, 1}, v[] = {1, 2, 3};
	struct bc_robust_line line = bc_robust_fit(t, v, 3);

	(void)state;
	assert_near(line.value, 2, 0);
	assert_near(line.slope, 0, 0);
}

static void the_filter_predicts_phase_from_frequency_less_correction(void **state)
{
	struct bc_kalman k = {.phase_ns = 10, .frequency_ppb = 300, .p00 = 1, .p11 = 4};
	const struct bc_kalman_noise noise = {0.5, 6};

	(void)state;
	bc_kalman_predict(&k, &noise, 2, 250);
	assert_near(k.phase_ns, 110, 1e-9);
	assert_near(k.frequency_ppb, 300, 0);
	/* 1 + 4 * 2^2 + 6 * 2^3 / 3 + 0.5 * 2; 4 * 2 + 6 * 2^2 / 2; 4 + 6 * 2 */
	assert_near(k.p00, 34, 1e-9);
	assert_near(k.p01, 20, 1e-9);
	assert_near(k.p11, 16, 1e-9);
}

static void an_update_shares_the_innovation_by_covariance(void **state)
{
	struct bc_kalman k = {.phase_ns = 0, .frequency_ppb = 0, .p00 = 3, .p01 = 1, .p11 = 2};

	(void)state;
	bc_kalman_update(&k, 8, 1);
	assert_near(k.phase_ns, 6, 1e-12);
	assert_near(k.frequency_ppb, 2, 1e-12);
	assert_near(k.p00, 0.75, 1e-12);
	assert_near(k.p01, 0.25, 1e-12);
	assert_near(k.p11, 1.75, 1e-12);
}

static void the_covariance_stays_positive_over_centuries_and_many_updates(void **state)
{
	struct bc_kalman k = {.p00 = 1e4, .p11 = 1e6};
	const struct bc_kalman_noise noise = {1, 300};

	(void)state;
	for (int i = 0; i < 20000; i++) {
		bc_kalman_predict(&k, &noise, i % 1000 == 999 ? 3e10 : 0.0078125, 0);
		bc_kalman_update(&k, i % 2 ? 1e3 : -1e3, 16);
		assert_true(isfinite(k.phase_ns) && isfinite(k.frequency_ppb));
		assert_true(k.p00 > 0 && k.p11 > 0 && k.p01 * k.p01 < k.p00 * k.p11);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(median_of_odd_and_even_numbers_of_values),
		cmocka_unit_test(spread_ignores_a_minority_of_wild_values),
		cmocka_unit_test(the_line_goes_through_exact_points),
		cmocka_unit_test(the_line_stands_up_to_four_outliers_of_ten),
		cmocka_unit_test(points_at_one_time_give_a_level_line),
		cmocka_unit_test(the_filter_predicts_phase_from_frequency_less_correction),
		cmocka_unit_test(an_update_shares_the_innovation_by_covariance),
		cmocka_unit_test(the_covariance_stays_positive_over_centuries_and_many_updates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
