// SPDX-License-Identifier: GPL-2.0-or-later
/* The neighbour's rate: the median of the slopes between samples half a window apart. */
#include "bc/engine/neighbor_rate.h"

#include <math.h>
#include <string.h>

#include "util/macros.h"

/* Samples closer than this tell more of jitter than of the rate. */
#define SPACING_NS (100 * NSEC_PER_MSEC)
/* Beyond what IEEE 1588 allows any clock, and some. */
#define OFFSET_MAX 500e-6
/* By so much a rate that is known may change within a sample. */
#define WANDER_MAX 20e-6
/* What jitter may add before a sample does not fit the last one. */
#define MISFIT_SLACK_NS (100.0 * NSEC_PER_USEC)

void bc_neighbor_rate_restart(struct bc_neighbor_rate *rate)
{
	rate->n_samples = 0;
	rate->has_misfit = false;
}

/* By how much more the neighbour's clock advanced than ours. */
static int64_t gain_ns(const struct bc_neighbor_rate_sample *from, const struct bc_neighbor_rate_sample *to)
{
	return to->origin_ns - from->origin_ns - (int64_t)(to->arrival_mono_ns - from->arrival_mono_ns);
}

static double elapsed_ns(const struct bc_neighbor_rate_sample *from, const struct bc_neighbor_rate_sample *to)
{
	return (double)(int64_t)(to->arrival_mono_ns - from->arrival_mono_ns);
}

static double median_slope(const struct bc_neighbor_rate *rate)
{
	const struct bc_neighbor_rate_sample *s = rate->samples;
	unsigned int half = rate->n_samples / 2, n = rate->n_samples - half;
	double slopes[BC_NEIGHBOR_RATE_WINDOW];

	for (unsigned int i = 0; i < n; i++) {
		double slope = (double)gain_ns(&s[i], &s[i + half]) / elapsed_ns(&s[i], &s[i + half]);
		unsigned int at = i;

		for (; at > 0 && slopes[at - 1] > slope; at--)
			slopes[at] = slopes[at - 1];
		slopes[at] = slope;
	}
	return (slopes[(n - 1) / 2] + slopes[n / 2]) / 2;
}

static void append(struct bc_neighbor_rate *rate, const struct bc_neighbor_rate_sample *sample)
{
	if (rate->n_samples == BC_NEIGHBOR_RATE_WINDOW) {
		rate->n_samples--;
		memmove(&rate->samples[0], &rate->samples[1], rate->n_samples * sizeof(rate->samples[0]));
	}
	rate->samples[rate->n_samples++] = *sample;
}

/* Whether the neighbour's clock advanced as the samples so far make one expect. */
static bool fits(const struct bc_neighbor_rate *rate, const struct bc_neighbor_rate_sample *sample)
{
	const struct bc_neighbor_rate_sample *last = &rate->samples[rate->n_samples - 1];
	bool is_known = rate->n_samples >= BC_NEIGHBOR_RATE_SAMPLES_MIN;
	double elapsed = elapsed_ns(last, sample), expected = is_known ? rate->offset * elapsed : 0.0;

	return fabs((double)gain_ns(last, sample) - expected) <=
	       elapsed * (is_known ? WANDER_MAX : OFFSET_MAX) + MISFIT_SLACK_NS;
}

void bc_neighbor_rate_sample(struct bc_neighbor_rate *rate, int64_t origin_ns, uint64_t arrival_mono_ns)
{
	const struct bc_neighbor_rate_sample sample = {.origin_ns = origin_ns,
						       .arrival_mono_ns = arrival_mono_ns};
	double slope;

	if (rate->n_samples > 0) {
		if (elapsed_ns(&rate->samples[rate->n_samples - 1], &sample) < SPACING_NS)
			return;
		/* One that does not fit was late; when the next one does not either, the clock stepped. */
		if (!fits(rate, &sample)) {
			if (!rate->has_misfit) {
				rate->has_misfit = true;
				return;
			}
			bc_neighbor_rate_restart(rate);
		}
	}
	rate->has_misfit = false;
	append(rate, &sample);
	if (rate->n_samples < BC_NEIGHBOR_RATE_SAMPLES_MIN)
		return;
	slope = median_slope(rate);
	if (fabs(slope) <= OFFSET_MAX)
		rate->offset = slope;
}
