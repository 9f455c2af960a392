/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text in aligned columns, with colours where there is a terminal that wants them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum colour {
	COLOUR_NONE,
	COLOUR_GOOD,
	COLOUR_WARN,
	COLOUR_BAD,
	COLOUR_FAINT,
	COLOUR_BOLD,
};

/* Whether colours go to the standard output: it is a terminal, and NO_COLOR (no-color.org) is not set. */
bool colours_wanted(void);
/* Prints the text, coloured if `is_coloured`. */
void colour_put(const char *text, enum colour colour, bool is_coloured, FILE *to);

#define GRID_CELL_SIZE 128

struct grid;

/* One column for each heading, which begins with '>' if it is aligned to the right. NULL: no memory. */
struct grid *grid_new(size_t n_columns, const char *const *headings);
/* Accepts NULL. */
void grid_free(struct grid *grid);
void grid_cleanup(struct grid **grid);
/* The next cell, row by row; cut at GRID_CELL_SIZE. Ignored once memory is out. */
void grid_add(struct grid *grid, enum colour colour, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Columns in which every cell is "-" or empty are left out if `hides_empty`. */
void grid_print(const struct grid *grid, bool is_coloured, bool hides_empty, FILE *to);
