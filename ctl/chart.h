/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plot of offsets over time in characters. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "ctl/offsets.h"

/* Columns of the scale at the left, and lines of the axis below. */
#define CHART_SCALE_COLUMNS 10
#define CHART_AXIS_LINES    1

struct chart {
	int columns, lines; /* of all, scale and axis included; at least 20 and 4, at most 1000 each */
	bool has_utf8;	    /* dots of braille, eight a character; else ASCII, two */
	uint64_t begin_mono_ns, end_mono_ns; /* what is shown, begin < end; end is the right edge */
};

/*
 * The range from `*ret_low_ns` <= 0 to `*ret_high_ns` >= 0 that shows the offsets of that time (of those in
 * lock, if any is), except single ones that would make a line of the others: round numbers, and at least 10
 * ns.
 */
void chart_range(const struct offsets *offsets, const struct chart *chart, double *ret_low_ns,
		 double *ret_high_ns);
/* What lies beyond the range stands at its edge and is counted below. 0 or -ENOMEM. */
int chart_print(const struct offsets *offsets, const struct chart *chart, FILE *to);
