// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prediction and update of the filter. The update is written in the form that keeps the covariance positive
 * (Joseph's); sizes are limited so that centuries of silence stay finite.
 */
#include "bc/servo/kalman.h"

#include <math.h>
#include <string.h>

#define N 3

static const double variance_min[N] = {1e-6, 1e-9, 1e-9};
static const double variance_max[N] = {1e40, 1e18, 1e30};
#define CORRELATION_MAX 0.999999999

static void limit_covariance(struct bc_kalman *k)
{
	for (int i = 0; i < N; i++)
		k->p[i][i] = fmin(fmax(k->p[i][i], variance_min[i]), variance_max[i]);
	for (int i = 0; i < N; i++) {
		for (int j = i + 1; j < N; j++) {
			double max = CORRELATION_MAX * sqrt(k->p[i][i]) * sqrt(k->p[j][j]);

			k->p[i][j] = k->p[j][i] = fmin(fmax((k->p[i][j] + k->p[j][i]) / 2, -max), max);
		}
	}
}

void bc_kalman_predict(struct bc_kalman *k, const struct bc_kalman_noise *noise, double elapsed_s,
		       double correction_ppb)
{
	double dt = elapsed_s, q = noise->frequency_ppb2_per_s;

	k->phase_ns += (k->frequency_ppb - correction_ppb) * dt;
	k->p[0][0] += dt * (2.0 * k->p[0][1] + dt * k->p[1][1]) + q * dt * dt * dt / 3.0 +
		      noise->phase_ns2_per_s * dt;
	k->p[0][1] += dt * k->p[1][1] + q * dt * dt / 2.0;
	k->p[0][2] += dt * k->p[1][2];
	k->p[1][1] += q * dt;
	k->p[2][2] += noise->delay_ns2_per_s * dt;
	k->p[1][0] = k->p[0][1];
	k->p[2][0] = k->p[0][2];
	limit_covariance(k);
}

static double sign_of(enum bc_kalman_direction direction)
{
	return direction == BC_KALMAN_FORWARD ? 1.0 : -1.0;
}

double bc_kalman_expected_ns(const struct bc_kalman *k, enum bc_kalman_direction direction,
			     double *ret_variance_ns2)
{
	double sign = sign_of(direction);

	*ret_variance_ns2 = k->p[0][0] + k->p[2][2] + 2.0 * sign * k->p[0][2];
	return k->delay_ns + sign * k->phase_ns;
}

void bc_kalman_update(struct bc_kalman *k, enum bc_kalman_direction direction, double innovation_ns,
		      double variance_ns2)
{
	const double h[N] = {sign_of(direction), 0.0, 1.0};
	double ph[N], gain[N], keep[N][N], half[N][N], total = variance_ns2;

	for (int i = 0; i < N; i++) {
		ph[i] = k->p[i][0] * h[0] + k->p[i][2] * h[2];
		total += h[i] * ph[i];
	}
	for (int i = 0; i < N; i++)
		gain[i] = ph[i] / total;
	k->phase_ns += gain[0] * innovation_ns;
	k->frequency_ppb += gain[1] * innovation_ns;
	k->delay_ns += gain[2] * innovation_ns;

	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++)
			keep[i][j] = (i == j) - gain[i] * h[j];
	memset(half, 0, sizeof(half));
	for (int i = 0; i < N; i++)
		for (int j = 0; j < N; j++)
			for (int l = 0; l < N; l++)
				half[i][j] += keep[i][l] * k->p[l][j];
	for (int i = 0; i < N; i++) {
		for (int j = 0; j < N; j++) {
			double sum = gain[i] * gain[j] * variance_ns2;

			for (int l = 0; l < N; l++)
				sum += half[i][l] * keep[j][l];
			k->p[i][j] = sum;
		}
	}
	limit_covariance(k);
}
