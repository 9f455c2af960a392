// SPDX-License-Identifier: GPL-2.0-or-later
/* Oscillators and random numbers; all double arithmetic is on intervals of a second or so. */
#include "tests/sim/oscillator.h"

#include <math.h>

#define PIECE_NS 1000000000LL

/* splitmix64 */
uint64_t sim_random_u64(struct sim_random *random)
{
	uint64_t x = random->state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

double sim_random_unit(struct sim_random *random)
{
	return (double)(sim_random_u64(random) >> 11) * 0x1p-53;
}

double sim_random_gaussian(struct sim_random *random)
{
	double sum = -6.0;

	for (int i = 0; i < 6; i++) {
		uint64_t x = sim_random_u64(random);

		sum += (double)(uint32_t)x * 0x1p-32 + (double)(x >> 32) * 0x1p-32;
	}
	return sum;
}

double sim_random_exponential(struct sim_random *random)
{
	return -log(1.0 - sim_random_unit(random));
}

static double elapsed_ns(const struct sim_oscillator *o, int64_t true_ns)
{
	return (double)(true_ns - o->ref_true_ns) * (1.0 + o->piece_ppb * 1e-9) + o->ref_frac_ns;
}

static void begin_piece(struct sim_oscillator *o)
{
	double turns_a_piece;

	o->piece_ppb = o->rate_ppb + o->kernel_ppb;
	if (o->sine_ppb <= 0)
		return;
	turns_a_piece = PIECE_NS * 1e-9 / o->sine_period_s;
	o->piece_ppb += o->sine_ppb * sin(2 * M_PI * (o->sine_turns + turns_a_piece / 2));
	o->sine_turns = fmod(o->sine_turns + turns_a_piece, 1.0);
}

void sim_oscillator_start(struct sim_oscillator *o)
{
	if (o->sine_ppb > 0)
		o->sine_turns = sim_random_unit(&o->random);
	begin_piece(o);
}

int64_t sim_oscillator_mono_ns(struct sim_oscillator *o, int64_t true_ns)
{
	while (true_ns - o->ref_true_ns >= PIECE_NS) {
		double elapsed = elapsed_ns(o, o->ref_true_ns + PIECE_NS);
		int64_t whole = (int64_t)floor(elapsed);

		o->ref_true_ns += PIECE_NS;
		o->ref_mono_ns += whole;
		o->ref_frac_ns = elapsed - (double)whole;
		if (o->wander_ppb > 0)
			o->rate_ppb += o->wander_ppb * sim_random_gaussian(&o->random);
		begin_piece(o);
	}
	return o->ref_mono_ns + (int64_t)floor(elapsed_ns(o, true_ns));
}

int64_t sim_oscillator_true_ns(const struct sim_oscillator *o, int64_t mono_ns)
{
	double mono = (double)(mono_ns - o->ref_mono_ns) - o->ref_frac_ns;

	return o->ref_true_ns + (int64_t)ceil(mono / (1.0 + o->piece_ppb * 1e-9));
}

void sim_oscillator_steer(struct sim_oscillator *o, int64_t true_ns, double kernel_ppb)
{
	double elapsed, whole;

	sim_oscillator_mono_ns(o, true_ns);
	elapsed = elapsed_ns(o, true_ns);
	whole = floor(elapsed);
	o->ref_true_ns = true_ns;
	o->ref_mono_ns += (int64_t)whole;
	o->ref_frac_ns = elapsed - whole;
	o->piece_ppb += kernel_ppb - o->kernel_ppb;
	o->kernel_ppb = kernel_ppb;
}
