/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A two-state Kalman filter of an oscillator: phase and frequency of the free-running clock against
 * its master, with white noise and random walk of frequency as process noise (Zucca and Tavella, "The
 * clock model and its relationship with the Allan and related variances", IEEE TUFFC 52, 2005).
 */
#pragma once

struct bc_kalman {
	double phase_ns;      /* of the corrected clock, ahead of the master */
	double frequency_ppb; /* of the free-running clock, ahead of the master */
	/* Covariance: phase, phase-frequency, frequency. */
	double p00, p01, p11;
};

/* Process noise: variance that one second adds. */
struct bc_kalman_noise {
	double phase_ns2_per_s;
	double frequency_ppb2_per_s;
};

/* Over elapsed_s (>= 0) the clock ran slower by correction_ppb. */
void bc_kalman_predict(struct bc_kalman *k, const struct bc_kalman_noise *noise, double elapsed_s,
		       double correction_ppb);
/* innovation_ns: measured phase minus phase_ns; variance_ns2 (> 0): of the measurement. */
void bc_kalman_update(struct bc_kalman *k, double innovation_ns, double variance_ns2);
