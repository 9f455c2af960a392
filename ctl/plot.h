/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Histogram and complementary distribution of residences as a picture, drawn by gnuplot. */
#pragma once

#include <stddef.h>

#include "ctl/fetch.h"
#include "ctl/picture.h"

/* Curves of one picture; of more residences those with most messages are drawn. */
#define PLOT_CURVES_MAX PICTURE_STYLES

/* As picture_write(); -ENODATA where there is nothing to draw. */
int plot_write(const struct residences *residences, const char *path, char *reason, size_t reason_size);
