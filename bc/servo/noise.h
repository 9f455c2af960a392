/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How noisy measurements are, learnt from them: the median change from one innovation to the next is that of
 * their core, whatever the tail does and however the filter lags.
 */
#pragma once

#include "bc/servo/robust.h"

#define BC_NOISE_WINDOW BC_ROBUST_MAX

struct bc_noise {
	double sigma_ns; /* standard deviation of the core, never 0 */
	double guess_ns;
	double changes_ns[BC_NOISE_WINDOW];
	unsigned int n_changes, next_change;
	double last_innovation_ns;
};

/* Forgets what was learnt; the guess counts for as much as a few measurements. */
void bc_noise_start(struct bc_noise *noise, double guess_ns);
void bc_noise_add(struct bc_noise *noise, double innovation_ns);
