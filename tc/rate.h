/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rate of one clock over another from pairs of their times: a line through a window of samples that
 * single wild ones do not move. The samples of a quarter of a second are reduced to the mean of their
 * middle half, and the line is fitted to 64 of these at most: first Theil's incomplete method (the median of
 * the slopes between the two halves; Indagationes Mathematicae 12, 1950), then from there Huber's M-estimator
 * (Annals of Mathematical Statistics 35, 1964) by weighted least squares. Nothing is allocated. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define TCLK_RATE_WINDOW 64u
#define TCLK_RATE_SLOT	 32u
#define TCLK_RATE_MAX	 500e-6

/* That at `stamp_mono_ns` the other clock was at stamp_mono_ns + offset_ns + fraction_ns. */
struct tclk_rate_sample {
	uint64_t stamp_mono_ns;
	int64_t offset_ns; /* may wrap */
	double fraction_ns;
};

/* What the other clock's offset is, in ns, at a time after the anchor's: value_ns more than the anchor's, and
 * slope more with every nanosecond. */
struct tclk_rate_line {
	struct tclk_rate_sample anchor;
	double value_ns, slope;
	double spread_ns; /* standard deviation of the residuals, as far as they are normal */
};

struct tclk_rate_estimate {
	bool is_valid;
	double rate_offset, deviation;
	uint64_t stamp_mono_ns; /* of the last sample in it */
};

/* Zero: empty. */
struct tclk_rate {
	struct tclk_rate_sample slot[TCLK_RATE_SLOT];
	unsigned int num_slot;
	struct tclk_rate_sample window[TCLK_RATE_WINDOW]; /* oldest first */
	unsigned int num_window;

	bool has_last, has_line;
	struct tclk_rate_sample last; /* accepted */
	struct tclk_rate_line line;

	unsigned int num_strange, num_agreeing; /* refused in a row, and the last of them that agree */
	double strange_ns;			/* how far the last one was off */

	struct tclk_rate_estimate estimate;
	bool is_estimate_foreign; /* of another clock than the samples */
};

/* Another clock: forgets the samples, but not the estimate, since that clock's rate is nearer than none. */
void tclk_rate_restart(struct tclk_rate *rate);
/* False: refused as an outlier. Several that agree are the other clock's step, which restarts the window. */
bool tclk_rate_add(struct tclk_rate *rate, const struct tclk_rate_sample *sample);
