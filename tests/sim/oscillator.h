/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An oscillator whose frequency walks at random and swings, and the random numbers of the simulation. */
#pragma once

#include <stdint.h>

struct sim_random {
	uint64_t state;
};

uint64_t sim_random_u64(struct sim_random *random);
/* In [0, 1). */
double sim_random_unit(struct sim_random *random);
/* Mean 0, standard deviation 1, within 6. */
double sim_random_gaussian(struct sim_random *random);
double sim_random_exponential(struct sim_random *random);

/*
 * Monotonic time as straight pieces of one second each. The rate of a piece is that of the walk and of the
 * sine in the middle of the piece. Zero what is not wanted, set the rest, and then start it.
 */
struct sim_oscillator {
	int64_t ref_true_ns, ref_mono_ns;
	double ref_frac_ns;
	double rate_ppb, wander_ppb;		    /* of the walk: now, and its deviation after a second */
	double sine_ppb, sine_period_s, sine_turns; /* amplitude; 0: none; turns since a rising zero */
	double piece_ppb;			    /* in force */
	double kernel_ppb;			    /* of it: by which somebody runs the clock faster */
	struct sim_random random;
};

/* Draws the phase of the sine, if there is one. */
void sim_oscillator_start(struct sim_oscillator *oscillator);
int64_t sim_oscillator_mono_ns(struct sim_oscillator *oscillator, int64_t true_ns);
/* When the present piece leads to mono_ns, rounded up. */
int64_t sim_oscillator_true_ns(const struct sim_oscillator *oscillator, int64_t mono_ns);
/* From true_ns on, which no later call goes back behind, somebody runs the clock faster by this. */
void sim_oscillator_steer(struct sim_oscillator *oscillator, int64_t true_ns, double kernel_ppb);
