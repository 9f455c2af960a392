/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Histogram and complementary distribution of residences as a picture, drawn by gnuplot. */
#pragma once

#include <stddef.h>

#include "ctl/fetch.h"

/* Curves of one picture; of more residences those with most messages are drawn. */
#define PLOT_CURVES_MAX 8

/*
 * Whether plot_write() could do its work: gnuplot runs and `path` may be written. Changes nothing. 0, or
 * -errno with words for it in `reason`.
 */
int plot_check(const char *path, char *reason, size_t reason_size);
/*
 * Writes an SVG. 0, or -errno with words for it in `reason`: what cannot be written, or that gnuplot is
 * missing or failed; a file that was there is then as it was.
 */
int plot_write(const struct residences *residences, const char *path, char *reason, size_t reason_size);
