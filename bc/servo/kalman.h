/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A three-state Kalman filter: phase and frequency of the free-running clock against its master, with white
 * noise and random walk of frequency as process noise (Zucca and Tavella, "The clock model and its
 * relationship with the Allan and related variances", IEEE TUFFC 52, 2005), and the path's delay, a slow
 * random walk. Each direction is measured by itself: what comes from the master took delay + phase, what goes
 * there delay - phase.
 */
#pragma once

struct bc_kalman {
	double phase_ns;      /* of the corrected clock, ahead of the master */
	double frequency_ppb; /* of the free-running clock, ahead of the master */
	double delay_ns;      /* mean of both directions */
	double p[3][3];	      /* covariance, in that order; symmetric */
};

/* Process noise: variance that one second adds. */
struct bc_kalman_noise {
	double phase_ns2_per_s;
	double frequency_ppb2_per_s;
	double delay_ns2_per_s;
};

/* Of a measurement: receive stamp less transmit stamp, one on the local clock and one on the master's. */
enum bc_kalman_direction {
	BC_KALMAN_FORWARD, /* from the master: delay + phase */
	BC_KALMAN_BACK,	   /* to the master: delay - phase */
};

/* Over elapsed_s (>= 0) the clock ran slower by correction_ppb. */
void bc_kalman_predict(struct bc_kalman *k, const struct bc_kalman_noise *noise, double elapsed_s,
		       double correction_ppb);
/* What a measurement in that direction is expected to be, and the variance of that expectation. */
double bc_kalman_expected_ns(const struct bc_kalman *k, enum bc_kalman_direction direction,
			     double *ret_variance_ns2);
/* innovation_ns: measured less expected; variance_ns2 (> 0): of the measurement. */
void bc_kalman_update(struct bc_kalman *k, enum bc_kalman_direction direction, double innovation_ns,
		      double variance_ns2);
