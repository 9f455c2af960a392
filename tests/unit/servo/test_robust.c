// SPDX-License-Identifier: GPL-2.0-or-later
/* Robust estimates, and the algebra of the three-state filter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>

#include "bc/servo/kalman.h"
#include "bc/servo/noise.h"
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
	struct bc_kalman k = {.phase_ns = 10,
			      .frequency_ppb = 300,
			      .delay_ns = 700,
			      .p = {{1, 0, 0.25}, {0, 4, 0.125}, {0.25, 0.125, 3}}};
	const struct bc_kalman_noise noise = {0.5, 6, 2};

	(void)state;
	bc_kalman_predict(&k, &noise, 2, 250);
	assert_near(k.phase_ns, 110, 1e-9);
	assert_near(k.frequency_ppb, 300, 0);
	assert_near(k.delay_ns, 700, 0);
	/* 1 + 4 * 2^2 + 6 * 2^3 / 3 + 0.5 * 2; 4 * 2 + 6 * 2^2 / 2; 4 + 6 * 2 */
	assert_near(k.p[0][0], 34, 1e-9);
	assert_near(k.p[0][1], 20, 1e-9);
	assert_near(k.p[1][1], 16, 1e-9);
	/* 0.25 + 2 * 0.125; unchanged; 3 + 2 * 2 */
	assert_near(k.p[0][2], 0.5, 1e-9);
	assert_near(k.p[1][2], 0.125, 1e-9);
	assert_near(k.p[2][2], 7, 1e-9);
}

static void an_update_shares_the_innovation_by_covariance(void **state)
{
	struct bc_kalman k = {.p = {{3, 1, 0}, {1, 2, 0}, {0, 0, 1e-9}}};

	(void)state;
	bc_kalman_update(&k, BC_KALMAN_FORWARD, 8, 1);
	assert_near(k.phase_ns, 6, 1e-6);
	assert_near(k.frequency_ppb, 2, 1e-6);
	assert_near(k.delay_ns, 0, 1e-6);
	assert_near(k.p[0][0], 0.75, 1e-6);
	assert_near(k.p[0][1], 0.25, 1e-6);
	assert_near(k.p[1][1], 1.75, 1e-6);
}

static void both_directions_together_tell_phase_and_delay(void **state)
{
	struct bc_kalman k = {.p = {{1e9, 0, 0}, {0, 1, 0}, {0, 0, 1e9}}};
	double variance_ns2;

	(void)state;
	/* Phase 300, delay 5000. */
	for (int i = 0; i < 2; i++) {
		enum bc_kalman_direction direction = i == 0 ? BC_KALMAN_FORWARD : BC_KALMAN_BACK;
		double measured_ns = i == 0 ? 5300 : 4700;

		bc_kalman_update(&k, direction,
				 measured_ns - bc_kalman_expected_ns(&k, direction, &variance_ns2), 100);
	}
	assert_near(k.phase_ns, 300, 1e-3);
	assert_near(k.delay_ns, 5000, 1e-3);
	assert_near(k.p[0][0], 50, 1e-3);
	assert_near(k.p[2][2], 50, 1e-3);
	assert_near(k.p[0][2], 0, 1e-3);
	assert_near(bc_kalman_expected_ns(&k, BC_KALMAN_BACK, &variance_ns2), 4700, 1e-3);
	assert_near(variance_ns2, 100, 1e-3);
}

/* P - P h h' P / (h' P h + R), the short form, which is as good where numbers are harmless. */
static void an_update_of_the_covariance_is_the_textbooks(void **state)
{
	struct bc_kalman k = {.p = {{400, 30, -50}, {30, 90, 10}, {-50, 10, 250}}};
	const struct bc_kalman_noise noise = {1, 30, 2};

	(void)state;
	for (int n = 0; n < 50; n++) {
		enum bc_kalman_direction direction = n % 3 ? BC_KALMAN_FORWARD : BC_KALMAN_BACK;
		double sign = direction == BC_KALMAN_FORWARD ? 1 : -1, variance_ns2 = 100 + 40 * n;
		struct bc_kalman before;
		double ph[3], total = variance_ns2;

		bc_kalman_predict(&k, &noise, 0.125, 0);
		before = k;
		for (int i = 0; i < 3; i++)
			ph[i] = sign * k.p[i][0] + k.p[i][2];
		total += sign * ph[0] + ph[2];
		bc_kalman_update(&k, direction, 10, variance_ns2);
		for (int i = 0; i < 3; i++)
			for (int j = 0; j < 3; j++)
				assert_near(k.p[i][j], before.p[i][j] - ph[i] * ph[j] / total, 1e-6);
		assert_near(k.frequency_ppb - before.frequency_ppb, ph[1] * 10 / total, 1e-9);
	}
}

static void the_covariance_stays_positive_over_centuries_and_many_updates(void **state)
{
	struct bc_kalman k = {.p = {{1e4, 0, 0}, {0, 1e6, 0}, {0, 0, 1e7}}};
	const struct bc_kalman_noise noise = {1, 300, 25};

	(void)state;
	for (int i = 0; i < 20000; i++) {
		double variance_ns2 = i % 7 == 0 ? 1e-3 : 1e5;

		bc_kalman_predict(&k, &noise, i % 1000 == 999 ? 3e9 : 0.125, 0);
		bc_kalman_update(&k, i % 3 ? BC_KALMAN_FORWARD : BC_KALMAN_BACK, i % 11 - 5, variance_ns2);
		for (int j = 0; j < 3; j++) {
			assert_true(isfinite(k.p[j][j]) && k.p[j][j] > 0);
			for (int l = 0; l < j; l++) {
				assert_true(k.p[j][l] == k.p[l][j]);
				assert_true(fabs(k.p[j][l]) <= sqrt(k.p[j][j]) * sqrt(k.p[l][l]));
			}
		}
	}
	assert_true(isfinite(k.phase_ns) && isfinite(k.frequency_ppb) && isfinite(k.delay_ns));
}

static void noise_is_learnt_from_the_core_and_not_from_the_tail(void **state)
{
	struct bc_noise noise;

	(void)state;
	bc_noise_start(&noise, 300);
	assert_near(noise.sigma_ns, 300, 0);
	/* +-50 in turn, a lag that grows, and a tail: the change from one to the next is 100. */
	for (int i = 0; i < 200; i++)
		bc_noise_add(&noise, (i % 2 ? 50 : -50) + i + (i % 10 == 9 ? 1e6 : 0));
	assert_near(noise.sigma_ns, 1.4826 * 100 / sqrt(2), 5);
	bc_noise_start(&noise, 0);
	for (int i = 0; i < 200; i++)
		bc_noise_add(&noise, 0);
	assert_true(noise.sigma_ns > 0);
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
		cmocka_unit_test(both_directions_together_tell_phase_and_delay),
		cmocka_unit_test(an_update_of_the_covariance_is_the_textbooks),
		cmocka_unit_test(noise_is_learnt_from_the_core_and_not_from_the_tail),
		cmocka_unit_test(the_covariance_stays_positive_over_centuries_and_many_updates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
