/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers of many messages, which are made one after the other as the client reads: nothing is made in
 * advance, and between two of them everything may have changed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bc/daemon/control.h"
#include "bc/daemon/control_json.h"

enum control_walk_kind {
	CONTROL_WALK_NONE,
	CONTROL_WALK_RESIDENCE,
	CONTROL_WALK_PORTS,
	CONTROL_WALK_STATS,
	CONTROL_WALK_OFFSETS,
	CONTROL_WALK_LOG,
	CONTROL_WALK_STAMPS,
};

/* All zero: none. */
struct control_walk {
	enum control_walk_kind kind;
	bool has_begun; /* the message of fields is made */
	size_t n;	/* residences, or ports, that were told */
	uint64_t last;	/* number of the last row that was told, or before the first */
	uint64_t until; /* ... and of the last that will be */
	uint64_t n_lost;
	bool has_residence;
	struct ebc_residence_key residence;
	struct ebc_stamp_position stamps;
};

/* `since`: the number of the last row that the client knows (OFFSETS, LOG). */
void control_walk_begin(struct control_walk *walk, enum control_walk_kind kind,
			const struct control_sources *sources, uint64_t since);
/* The next message; the walk is none any more after the last. NULL: no memory. */
struct control_message *control_walk_next(struct control_walk *walk, const struct control_sources *sources);
/* Residences were cleared: of a walk over them the end comes next. */
void control_walk_cut(struct control_walk *walk);
