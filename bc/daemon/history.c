// SPDX-License-Identifier: GPL-2.0-or-later
/* A ring of rows. */
#include "bc/daemon/history.h"

#include <math.h>
#include <stdlib.h>

#include "util/macros.h"

struct history {
	uint64_t begin, last;		       /* the number before the first there was, and the newest */
	struct history_row rows[HISTORY_ROWS]; /* by number modulo this */
};

struct history *history_new(uint64_t last)
{
	struct history *history = calloc(1, sizeof(*history));

	if (history)
		history->begin = history->last = last;
	return history;
}

void history_free(struct history *history)
{
	free(history);
}

void history_add(struct history *history, const struct history_row *row)
{
	history->rows[++history->last % HISTORY_ROWS] = *row;
}

uint64_t history_last(const struct history *history)
{
	return history->last;
}

uint64_t history_first(const struct history *history)
{
	return history->last - MIN(history->last - history->begin, HISTORY_ROWS) + 1;
}

const struct history_row *history_get(const struct history *history, uint64_t number)
{
	return &history->rows[number % HISTORY_ROWS];
}

/* A stamp may lie a moment ahead of a now that was read before it. */
static uint64_t age_ns(const struct history_row *row, uint64_t now_mono_ns)
{
	return now_mono_ns - MIN(row->mono_ns, now_mono_ns);
}

struct history_summary history_summarize(const struct history *history, uint64_t since, uint64_t now_mono_ns,
					 uint64_t span_ns)
{
	struct history_summary summary = {};
	uint64_t first = MAX(history_first(history), since + 1);
	const struct history_row *last;
	double squares = 0;

	if (history->last < first)
		return summary;
	last = history_get(history, history->last);
	for (uint64_t number = history->last; number >= first; number--) {
		const struct history_row *row = history_get(history, number);
		int64_t magnitude_ns = row->offset_ns < 0 ? -row->offset_ns : row->offset_ns;

		if (number != history->last && age_ns(row, now_mono_ns) > span_ns)
			break;
		summary.n++;
		summary.max_ns = MAX(summary.max_ns, magnitude_ns);
		squares += (double)row->offset_ns * (double)row->offset_ns;
	}
	summary.rms_ns = sqrt(squares / (double)summary.n);
	summary.last_ns = last->offset_ns;
	summary.last_mono_ns = last->mono_ns;
	summary.path_delay_ns = last->path_delay_ns;
	summary.frequency_ppb = last->frequency_ppb;
	return summary;
}
