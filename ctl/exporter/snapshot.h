/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon told at one moment. Its answers are kept as JSON, checked as far as others rely on it. */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "ctl/client.h"
#include "ctl/exporter/trace.h"
#include "ctl/fetch.h"

struct snapshot {
	bool is_up;
	char error[256]; /* why not, or what the daemon could not tell though it is up; one line, "" for
			    nothing */
	uint64_t taken_mono_ns;
	/* NULL where it is not up, or, but for the status, where the daemon has nothing of the kind or cannot
	 * tell. */
	struct json_object *status;   /* an object with the integers pid and started_mono_ns */
	struct json_object *ports;    /* objects in the order of their numbers, which begin at 1 */
	struct json_object *counters; /* as many objects, in the same order; values are not negative */
	struct json_object *log;      /* rows [number, mono_ns, level, text] */
	struct residences residences;
};

/* Leaves an empty one behind. */
void snapshot_clear(struct snapshot *snapshot);

/* How far the offsets of one daemon were followed. */
struct offsets_place {
	int64_t pid;
	uint64_t started_mono_ns, next;
};

/*
 * Asks for everything; residences are asked for only if `has_residences`. `incoming` becomes the offsets that
 * are new after `place`, which moves. 0, or -errno as client_receive(): the snapshot and `incoming` are
 * empty, `place` is where it was.
 */
int snapshot_take(struct client *client, bool has_residences, struct offsets_place *place,
		  struct trace *incoming, struct snapshot *ret_snapshot);
