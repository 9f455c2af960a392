/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Histogram and complementary distribution of residences as a picture, drawn by gnuplot. */
#pragma once

#include <stddef.h>

#include "ctl/fetch.h"

/* Curves of one picture; of more residences those with most messages are drawn. */
#define PLOT_CURVES_MAX 8

/*
 * Writes an SVG. 0, or -errno with words for it in `reason`: what cannot be written, or that gnuplot is
 * missing or failed; the file is then removed.
 */
int plot_write(const struct residences *residences, const char *path, char *reason, size_t reason_size);
