// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prediction and update of the two-state filter. The update is written in the form that keeps the
 * covariance positive; sizes are limited so that centuries of silence stay finite.
 */
#include "bc/servo/kalman.h"

#include <math.h>

#define PHASE_VARIANCE_MAX_NS2	    1e40
#define FREQUENCY_VARIANCE_MAX_PPB2 1e18

static void limit_covariance(struct bc_kalman *k)
{
	double p01_max;

	k->p00 = fmin(fmax(k->p00, 1e-6), PHASE_VARIANCE_MAX_NS2);
	k->p11 = fmin(fmax(k->p11, 1e-9), FREQUENCY_VARIANCE_MAX_PPB2);
	p01_max = 0.9999 * sqrt(k->p00) * sqrt(k->p11);
	k->p01 = fmin(fmax(k->p01, -p01_max), p01_max);
}

void bc_kalman_predict(struct bc_kalman *k, const struct bc_kalman_noise *noise, double elapsed_s,
		       double correction_ppb)
{
	double dt = elapsed_s, q = noise->frequency_ppb2_per_s;

	k->phase_ns += (k->frequency_ppb - correction_ppb) * dt;
	k->p00 += dt * (2.0 * k->p01 + dt * k->p11) + q * dt * dt * dt / 3.0 + noise->phase_ns2_per_s * dt;
	k->p01 += dt * k->p11 + q * dt * dt / 2.0;
	k->p11 += q * dt;
	limit_covariance(k);
}

void bc_kalman_update(struct bc_kalman *k, double innovation_ns, double variance_ns2)
{
	double total = k->p00 + variance_ns2;
	double gain_phase = k->p00 / total, gain_frequency = k->p01 / total;

	k->phase_ns += gain_phase * innovation_ns;
	k->frequency_ppb += gain_frequency * innovation_ns;
	k->p11 -= gain_frequency * k->p01;
	k->p01 *= variance_ns2 / total;
	k->p00 *= variance_ns2 / total;
	limit_covariance(k);
}
