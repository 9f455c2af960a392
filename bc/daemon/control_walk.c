// SPDX-License-Identifier: GPL-2.0-or-later
/* See control_walk.h. */
#include "bc/daemon/control_walk.h"

#include "bc/daemon/control_message.h"
#include "bc/daemon/control_report.h"
#include "bc/daemon/control_rows.h"
#include "util/macros.h"

void control_walk_begin(struct control_walk *walk, enum control_walk_kind kind,
			const struct control_sources *sources, uint64_t since)
{
	uint64_t until = kind == CONTROL_WALK_OFFSETS ? history_last(sources->history)
			 : kind == CONTROL_WALK_LOG   ? sources->log->last
						      : 0;

	/* A number that was not given out yet is an earlier daemon's. */
	*walk = (struct control_walk){.kind = kind, .until = until, .last = since <= until ? since : 0};
}

void control_walk_cut(struct control_walk *walk)
{
	if (walk->kind == CONTROL_WALK_RESIDENCE)
		walk->n = EBC_RESIDENCES;
}

static struct control_message *over(struct control_walk *walk, struct control_message *message)
{
	walk->kind = CONTROL_WALK_NONE;
	return message;
}

static struct control_message *next_residence(struct control_walk *walk,
					      const struct control_sources *sources)
{
	struct ebc_residence residence;
	int r = 0;

	/* Where a key vanished meanwhile the map begins anew: there is an end also then. */
	if (walk->n++ < EBC_RESIDENCES)
		r = ebc_loader_next_residence(sources->loader, &walk->has_residence, &walk->residence,
					      &residence);
	if (r > 0)
		return control_message_residence(sources, &walk->residence, &residence);
	return over(walk, r < 0 ? control_message_error("residences cannot be read") : control_message_end());
}

static struct control_message *next_port(struct control_walk *walk, const struct control_sources *sources)
{
	size_t port = walk->n++;

	if (port >= sources->n_ports)
		return over(walk, control_message_end());
	return walk->kind == CONTROL_WALK_PORTS ? control_report_port(sources, port)
						: control_report_stats(sources, port);
}

/*
 * The rows that come next: their number, at most `max`, and the first of them. Those that the ring no longer
 * has (`first_kept` is its oldest) are lost.
 */
static size_t take_rows(struct control_walk *walk, uint64_t first_kept, size_t max, uint64_t *ret_first)
{
	uint64_t kept = MIN(first_kept - 1, walk->until);
	size_t n;

	if (walk->last < kept) {
		walk->n_lost += kept - walk->last;
		walk->last = kept;
	}
	n = (size_t)MIN(walk->until - walk->last, max);
	*ret_first = walk->last + 1;
	walk->last += n;
	return n;
}

static struct control_message *rows_over(struct control_walk *walk)
{
	return over(walk, control_message_rows_end(walk->until, walk->n_lost));
}

static struct control_message *next_offsets(struct control_walk *walk, const struct control_sources *sources)
{
	uint64_t first;
	size_t n;

	if (!walk->has_begun) {
		walk->has_begun = true;
		return control_rows_offset_fields();
	}
	n = take_rows(walk, history_first(sources->history), CONTROL_ROWS_MAX, &first);
	return n ? control_rows_offsets(sources->history, first, n) : rows_over(walk);
}

static struct control_message *next_log(struct control_walk *walk, const struct control_sources *sources)
{
	uint64_t first;
	size_t n;

	if (!walk->has_begun) {
		walk->has_begun = true;
		return control_rows_log_fields();
	}
	n = take_rows(walk, log_ring_first(sources->log), CONTROL_LOG_ROWS_MAX, &first);
	return n ? control_rows_log(sources->log, first, n) : rows_over(walk);
}

static struct control_message *next_stamps(struct control_walk *walk, const struct control_sources *sources)
{
	struct ebc_stamp_key keys[CONTROL_ROWS_MAX];
	struct ebc_stamp_value values[CONTROL_ROWS_MAX];
	int n;

	if (!walk->has_begun) {
		walk->has_begun = true;
		return control_rows_stamp_fields();
	}
	n = ebc_loader_read_stamps(sources->stamps_loader, &walk->stamps, keys, values, CONTROL_ROWS_MAX);
	if (n > 0)
		return control_rows_stamps(sources, keys, values, (size_t)n);
	return over(walk, n < 0 ? control_message_error("stamps cannot be read") : control_message_end());
}

struct control_message *control_walk_next(struct control_walk *walk, const struct control_sources *sources)
{
	switch (walk->kind) {
	case CONTROL_WALK_RESIDENCE:
		return next_residence(walk, sources);
	case CONTROL_WALK_PORTS:
	case CONTROL_WALK_STATS:
		return next_port(walk, sources);
	case CONTROL_WALK_OFFSETS:
		return next_offsets(walk, sources);
	case CONTROL_WALK_LOG:
		return next_log(walk, sources);
	case CONTROL_WALK_STAMPS:
		return next_stamps(walk, sources);
	case CONTROL_WALK_NONE:
		break;
	}
	return NULL;
}
