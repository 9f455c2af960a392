// SPDX-License-Identifier: GPL-2.0-or-later
/* The noise of one kind of measurement. */
#include "bc/servo/noise.h"

#include <math.h>

#include "util/macros.h"

/* What the guess weighs, and the least ever assumed. */
#define GUESS_SAMPLES 8.0
#define SIGMA_MIN_NS  4.0

void bc_noise_start(struct bc_noise *noise, double guess_ns)
{
	*noise = (struct bc_noise){.guess_ns = fmax(guess_ns, SIGMA_MIN_NS)};
	noise->sigma_ns = noise->guess_ns;
}

void bc_noise_add(struct bc_noise *noise, double innovation_ns)
{
	double sigma_ns, n;

	noise->changes_ns[noise->next_change] = (innovation_ns - noise->last_innovation_ns) / M_SQRT2;
	noise->last_innovation_ns = innovation_ns;
	noise->next_change = (noise->next_change + 1) % BC_NOISE_WINDOW;
	noise->n_changes = MIN(noise->n_changes + 1, BC_NOISE_WINDOW);

	sigma_ns = bc_robust_spread(noise->changes_ns, noise->n_changes, 0);
	if (noise->n_changes < BC_NOISE_WINDOW) {
		n = noise->n_changes;
		sigma_ns = (sigma_ns * n + noise->guess_ns * GUESS_SAMPLES) / (n + GUESS_SAMPLES);
	}
	noise->sigma_ns = fmax(sigma_ns, SIGMA_MIN_NS);
}
