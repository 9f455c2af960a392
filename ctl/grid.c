// SPDX-License-Identifier: GPL-2.0-or-later
/* Cells are collected first, so that columns are as wide as they must be. */
#include "ctl/grid.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/macros.h"

struct cell {
	enum colour colour;
	char text[GRID_CELL_SIZE];
};

struct grid {
	size_t n_columns, n, n_allocated;
	const char *const *headings;
	struct cell *cells;
};

bool colours_wanted(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	return !(no_color && *no_color) && isatty(STDOUT_FILENO) &&
	       !(terminal && strcmp(terminal, "dumb") == 0);
}

void colour_put(const char *text, enum colour colour, bool is_coloured, FILE *to)
{
	static const char *const codes[] = {
		[COLOUR_NONE] = "",  [COLOUR_GOOD] = "32", [COLOUR_WARN] = "33",
		[COLOUR_BAD] = "31", [COLOUR_FAINT] = "2", [COLOUR_BOLD] = "1",
	};

	if (is_coloured && colour != COLOUR_NONE)
		fprintf(to, "\033[%sm%s\033[m", codes[colour], text);
	else
		fputs(text, to);
}

struct grid *grid_new(size_t n_columns, const char *const *headings)
{
	struct grid *grid = calloc(1, sizeof(*grid));

	if (!grid)
		return NULL;
	grid->n_columns = n_columns;
	grid->headings = headings;
	return grid;
}

void grid_free(struct grid *grid)
{
	if (!grid)
		return;
	free(grid->cells);
	free(grid);
}

void grid_cleanup(struct grid **grid)
{
	grid_free(*grid);
}

void grid_add(struct grid *grid, enum colour colour, const char *format, ...)
{
	struct cell *cell;
	va_list arguments;

	if (grid->n == grid->n_allocated) {
		size_t n = grid->n_allocated ? 2 * grid->n_allocated : 256;
		struct cell *cells = reallocarray(grid->cells, n, sizeof(*cells));

		if (!cells)
			return;
		grid->cells = cells;
		grid->n_allocated = n;
	}
	cell = &grid->cells[grid->n++];
	cell->colour = colour;
	va_start(arguments, format);
	vsnprintf(cell->text, sizeof(cell->text), format, arguments);
	va_end(arguments);
}

static bool is_empty(const struct grid *grid, size_t column)
{
	for (size_t i = column; i < grid->n; i += grid->n_columns)
		if (grid->cells[i].text[0] && strcmp(grid->cells[i].text, "-") != 0)
			return false;
	return true;
}

static bool is_right(const struct grid *grid, size_t column)
{
	return grid->headings[column][0] == '>';
}

static const char *heading(const struct grid *grid, size_t column)
{
	return grid->headings[column] + is_right(grid, column);
}

static int width_of(const struct grid *grid, size_t column)
{
	size_t width = strlen(heading(grid, column));

	for (size_t i = column; i < grid->n; i += grid->n_columns)
		width = MAX(width, strlen(grid->cells[i].text));
	return (int)width;
}

/* Blanks are owed until something follows them. */
static void put_cell(const char *text, enum colour colour, bool is_right, int width, int *owed,
		     bool is_coloured, FILE *to)
{
	int blanks = width - (int)strlen(text);

	if (is_right)
		*owed += blanks;
	if (*text) {
		fprintf(to, "%*s", *owed, "");
		*owed = 0;
		colour_put(text, colour, is_coloured, to);
	}
	*owed += is_right ? 2 : blanks + 2;
}

void grid_print(const struct grid *grid, bool is_coloured, bool hides_empty, FILE *to)
{
	_cleanup_free_ size_t *shown = calloc(grid->n_columns, sizeof(*shown));
	_cleanup_free_ int *widths = calloc(grid->n_columns, sizeof(*widths));
	size_t n_shown = 0;
	int owed = 0;

	if (!shown || !widths)
		return;
	for (size_t i = 0; i < grid->n_columns; i++) {
		if (hides_empty && is_empty(grid, i))
			continue;
		widths[n_shown] = width_of(grid, i);
		shown[n_shown++] = i;
	}
	for (size_t i = 0; i < n_shown; i++)
		put_cell(heading(grid, shown[i]), COLOUR_BOLD, is_right(grid, shown[i]), widths[i], &owed,
			 is_coloured, to);
	putc('\n', to);
	for (size_t row = 0; row + grid->n_columns <= grid->n; row += grid->n_columns) {
		owed = 0;
		for (size_t i = 0; i < n_shown; i++) {
			const struct cell *cell = &grid->cells[row + shown[i]];

			put_cell(cell->text, cell->colour, is_right(grid, shown[i]), widths[i], &owed,
				 is_coloured, to);
		}
		putc('\n', to);
	}
}
