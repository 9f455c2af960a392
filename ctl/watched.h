/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `watch` knows of a daemon, kept up to date also over the daemon's end and return. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ctl/offsets.h"
#include "ctl/value.h"

/* Of the log and the offsets so many are kept. */
#define WATCHED_LOG_LINES 256 /* as many as the daemon has */
#define WATCHED_OFFSETS	  8192

struct log_line {
	int64_t mono_ns, level; /* as of syslog */
	char text[VALUE_TEXT_SIZE];
};

struct watched {
	const char *socket_path;
	struct client *client; /* NULL: there is none now */
	uint64_t gone_mono_ns; /* since when, and ... */
	char reason[128];      /* ... why not */

	struct json_object *status, *ports, *stats, *earlier_stats; /* the last that was told, or NULL */
	uint64_t now_mono_ns;					    /* the daemon's clock when it told */
	uint64_t stats_mono_ns;					    /* our clock when it did */
	double stats_s;						    /* from earlier_stats to stats */

	struct offsets offsets;
	size_t n_new_offsets;

	uint64_t log_next;
	int64_t log_known_mono_ns; /* up to here a daemon that started anew tells nothing new */
	size_t n_log, n_new_log;   /* the newest are the new ones */
	struct log_line log[WATCHED_LOG_LINES];
};

/* Looks once. The same as the client's calls return; the connection is gone then, and looked for next time.
 */
int watched_update(struct watched *watched);
void watched_free(struct watched *watched);
