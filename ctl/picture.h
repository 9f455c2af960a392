/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pictures drawn by gnuplot: an SVG that comes near its file only when it is whole. What is common to all is
 * here, what is drawn is written by the caller.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Colours and dashes of so many curves, "linestyle 1" to "linestyle 8". */
#define PICTURE_STYLES 8

typedef void (*picture_script_fn)(const void *context, FILE *to);

/*
 * Whether picture_write() could do its work: gnuplot runs and `path` may be written. Changes nothing. 0, or
 * -errno with words for it in `reason`.
 */
int picture_check(const char *path, char *reason, size_t reason_size);
/*
 * `write_script` writes what gnuplot is to do, with the data inside. 0, or -errno with words for it in
 * `reason`: what cannot be written, or that gnuplot is missing or failed; a file that was there is then as it
 * was.
 */
int picture_write(picture_script_fn write_script, const void *context, const char *path, char *reason,
		  size_t reason_size);

/* The beginning of a script: terminal, size, frame, grid, margins at both sides, and the styles. */
void picture_begin(int width, int height, FILE *to);

/* Range, with room at both ends, and tics of a logarithmic axis ("x" or "y"), whose values are above 0. */
void picture_log_axis(const char *axis, double min, double max, bool has_labels, FILE *to);
/* Text inside single quotes: names of interfaces may hold nearly anything, also what gnuplot would run. */
void picture_put_name(const char *name, FILE *to);
