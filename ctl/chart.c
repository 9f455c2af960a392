// SPDX-License-Identifier: GPL-2.0-or-later
/* Each measurement is a dot; characters hold several. */
#include "ctl/chart.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/words.h"
#include "util/cleanup.h"
#include "util/macros.h"

/* Dots that one character has, and its bits for them: of braille as Unicode counts them. */
struct font {
	int across, down;
	uint8_t bit[4][2];
};

static const struct font braille = {2, 4, {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}};
static const struct font ascii = {1, 2, {{0x01}, {0x02}}};

struct canvas {
	const struct chart *chart;
	const struct font *font;
	int columns, lines; /* of the plot alone */
	double low_ns, high_ns;
	size_t n_beyond;
	uint8_t *cells;
};

static bool is_shown(const struct chart *chart, const struct offset *o)
{
	return o->mono_ns >= chart->begin_mono_ns && o->mono_ns <= chart->end_mono_ns;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The next round number that is not below. */
static double round_up(double ns)
{
	static const double steps[] = {1, 1.5, 2, 3, 4, 5, 6, 8, 10};
	double decade;

	if (ns <= 10)
		return 10;
	decade = pow(10, floor(log10(ns)));
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++)
		if (steps[i] * decade >= ns * (1 - 1e-9))
			return steps[i] * decade;
	return 10 * decade;
}

/* The edge that shows all but single ones: `ends` are the most extreme value and the one of every hundred. */
static double edge(double extreme_ns, double hundredth_ns)
{
	if (extreme_ns <= 0)
		return 0;
	return round_up(extreme_ns <= 4 * hundredth_ns ? extreme_ns : 1.5 * fmax(hundredth_ns, 0));
}

/* Those that are shown, or those of them in lock. */
static size_t collect(const struct offsets *offsets, const struct chart *chart, bool wants_locked,
		      double *values)
{
	size_t n = 0;

	for (size_t i = 0; i < offsets->n; i++) {
		const struct offset *o = &offsets->list[i];

		if (is_shown(chart, o) && (!wants_locked || o->servo_state >= OFFSET_LOCKED))
			values[n++] = (double)o->offset_ns;
	}
	return n;
}

void chart_range(const struct offsets *offsets, const struct chart *chart, double *ret_low_ns,
		 double *ret_high_ns)
{
	_cleanup_free_ double *values = calloc(offsets->n + 1, sizeof(*values));
	size_t n, hundredth;

	*ret_low_ns = -10;
	*ret_high_ns = 10;
	if (!values)
		return;
	n = collect(offsets, chart, true, values);
	if (n == 0)
		n = collect(offsets, chart, false, values);
	if (n == 0)
		return;
	qsort(values, n, sizeof(*values), compare);
	hundredth = n / 50;
	*ret_low_ns = -edge(-values[0], -values[hundredth]);
	*ret_high_ns = edge(values[n - 1], values[n - 1 - hundredth]);
	if (*ret_low_ns == 0 && *ret_high_ns == 0)
		*ret_high_ns = 10;
}

/* 0 at the top, of `n` rows. */
static int row_of(const struct canvas *canvas, double ns, int n)
{
	double share = (canvas->high_ns - ns) / (canvas->high_ns - canvas->low_ns);

	return CLAMP((int)lrint(CLAMP(share, 0.0, 1.0) * (n - 1)), 0, n - 1);
}

static void put_dot(struct canvas *canvas, const struct offset *o)
{
	const struct chart *chart = canvas->chart;
	const struct font *font = canvas->font;
	double share = (double)(o->mono_ns - chart->begin_mono_ns) /
		       (double)(chart->end_mono_ns - chart->begin_mono_ns);
	int dots = canvas->columns * font->across;
	int x = CLAMP((int)(share * dots), 0, dots - 1);
	int y = row_of(canvas, (double)o->offset_ns, canvas->lines * font->down);

	canvas->n_beyond += (double)o->offset_ns < canvas->low_ns || (double)o->offset_ns > canvas->high_ns;
	canvas->cells[y / font->down * canvas->columns + x / font->across] |=
		font->bit[y % font->down][x % font->across];
}

static void put_cell(uint8_t bits, bool has_utf8, bool is_zero, FILE *to)
{
	if (bits == 0 && is_zero)
		fputs(has_utf8 ? "\u2508" : "-", to);
	else if (bits == 0)
		putc(' ', to);
	else if (has_utf8)
		fprintf(to, "\xe2%c%c", 0xa0 + (bits >> 6), 0x80 + (bits & 0x3f));
	else
		putc(" '.:"[bits & 3], to);
}

static void put_scale(const struct canvas *canvas, int line, int zero_line, FILE *to)
{
	char text[WORDS_SIZE] = "";

	if (line == zero_line)
		strcpy(text, "0");
	else if (line == 0)
		words_ns(canvas->high_ns, text);
	else if (line == canvas->lines - 1)
		words_ns(canvas->low_ns, text);
	fprintf(to, "%*s %s", CHART_SCALE_COLUMNS - 2, text,
		canvas->chart->has_utf8 ? (*text ? "\u2524" : "\u2502") : (*text ? "+" : "|"));
}

static void put_axis(const struct canvas *canvas, FILE *to)
{
	const struct chart *chart = canvas->chart;
	char age[WORDS_SIZE], begin[WORDS_SIZE + 8], middle[64] = "";
	int blanks;

	words_age(chart->end_mono_ns - chart->begin_mono_ns, age);
	snprintf(begin, sizeof(begin), "%s ago", age);
	if (canvas->n_beyond)
		snprintf(middle, sizeof(middle), "(%zu beyond the scale)", canvas->n_beyond);
	blanks = canvas->columns - (int)strlen(begin) - (int)strlen(middle) - 3;
	fprintf(to, "%*s%s%*s%s%*snow\n", CHART_SCALE_COLUMNS, "", begin, MAX(blanks / 2, 1), "", middle,
		MAX(blanks - blanks / 2, 1), "");
}

int chart_print(const struct offsets *offsets, const struct chart *chart, FILE *to)
{
	_cleanup_free_ uint8_t *cells = NULL;
	struct canvas canvas = {.chart = chart,
				.font = chart->has_utf8 ? &braille : &ascii,
				.columns = CLAMP(chart->columns, 20, 1000) - CHART_SCALE_COLUMNS,
				.lines = CLAMP(chart->lines, 4, 1000) - CHART_AXIS_LINES};
	int zero_line;

	cells = canvas.cells = calloc((size_t)(canvas.columns * canvas.lines), 1);
	if (!cells)
		return -ENOMEM;
	chart_range(offsets, chart, &canvas.low_ns, &canvas.high_ns);
	for (size_t i = 0; i < offsets->n; i++)
		if (is_shown(chart, &offsets->list[i]))
			put_dot(&canvas, &offsets->list[i]);
	zero_line = row_of(&canvas, 0, canvas.lines);
	for (int line = 0; line < canvas.lines; line++) {
		put_scale(&canvas, line, zero_line, to);
		for (int column = 0; column < canvas.columns; column++)
			put_cell(cells[line * canvas.columns + column], chart->has_utf8, line == zero_line,
				 to);
		putc('\n', to);
	}
	put_axis(&canvas, to);
	return 0;
}
