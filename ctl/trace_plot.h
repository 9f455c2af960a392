/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Offset over time and its complementary distribution as a picture, drawn by gnuplot. */
#pragma once

#include <stddef.h>

#include "ctl/offsets.h"

/* As picture_write(); -ENODATA where there is nothing to draw. */
int trace_plot_write(const struct offsets *offsets, const char *path, char *reason, size_t reason_size);
