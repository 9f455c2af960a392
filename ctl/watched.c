// SPDX-License-Identifier: GPL-2.0-or-later
/* One look after the other; what belongs to a daemon that is gone is not mixed with its successor's. */
#include "ctl/watched.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/fetch.h"
#include "ctl/pause.h"
#include "ctl/query.h"
#include "ctl/tool.h"
#include "util/cleanup.h"
#include "util/macros.h"

static const char *const log_fields[] = {"number", "mono_ns", "level", "text"};
static const struct query_table log_table = {"log", "log", ARRAY_SIZE(log_fields), log_fields, 1024};

static void replace(struct json_object **place, struct json_object *by)
{
	json_object_put(*place);
	*place = by;
}

static bool is_same_daemon(struct json_object *a, struct json_object *b)
{
	return json_object_equal(value_get(a, "started_mono_ns"), value_get(b, "started_mono_ns")) &&
	       json_object_equal(value_get(a, "pid"), value_get(b, "pid"));
}

/*
 * One that only loaded its configuration again still has the log of before, also under the same numbers;
 * another has it not, under whatever numbers and maybe the same process id. Only the time tells them apart.
 */
static void begin_log_anew(struct watched *watched, uint64_t now_mono_ns)
{
	int64_t last_mono_ns = watched->n_log ? watched->log[watched->n_log - 1].mono_ns : 0;

	watched->log_next = 0;
	watched->log_known_mono_ns =
		last_mono_ns > 0 && (uint64_t)last_mono_ns > now_mono_ns ? 0 : last_mono_ns;
}

/* `now_mono_ns` is the new one's: of another time namespace, or a container that was moved, the old times
 * mean nothing. */
static void begin_anew(struct watched *watched, uint64_t now_mono_ns)
{
	struct offsets *offsets = &watched->offsets;

	if (offsets->n && offsets->list[offsets->n - 1].mono_ns > now_mono_ns)
		offsets->n = 0;
	watched->offsets.next = 0;
	begin_log_anew(watched, now_mono_ns);
	replace(&watched->stats, NULL);
}

static int update_status(struct watched *watched)
{
	struct json_object *status;
	int r = query_status(watched->client, &status);

	if (r < 0)
		return r;
	if (!json_get_u64(value_get(status, "now_mono_ns"), &watched->now_mono_ns))
		watched->now_mono_ns = now_mono_ns();
	if (watched->status && !is_same_daemon(status, watched->status))
		begin_anew(watched, watched->now_mono_ns);
	replace(&watched->status, status);
	return 0;
}

static int update_ports(struct watched *watched)
{
	struct json_object *ports;
	int r = query_ports(watched->client, &ports);

	if (r == 0)
		replace(&watched->ports, ports);
	return r;
}

static int update_stats(struct watched *watched)
{
	struct json_object *stats;
	uint64_t mono_ns = now_mono_ns();
	int r = query_stats(watched->client, &stats);

	if (r < 0)
		return r;
	replace(&watched->earlier_stats, watched->stats);
	watched->stats = stats;
	watched->stats_s = (double)(mono_ns - watched->stats_mono_ns) / NSEC_PER_SEC;
	watched->stats_mono_ns = mono_ns;
	return 0;
}

/* A clock that follows nobody measures none. */
static int update_offsets(struct watched *watched)
{
	size_t n = watched->offsets.n;
	int r = offsets_fetch(watched->client, &watched->offsets);

	watched->n_new_offsets = watched->offsets.n - n;
	offsets_keep(&watched->offsets, WATCHED_OFFSETS);
	return r == -EPROTO ? 0 : r;
}

/* False if it is known. */
static bool add_log_line(struct watched *watched, struct json_object *row)
{
	struct json_object *text = json_object_array_get_idx(row, 3);
	struct log_line *line;
	int64_t mono_ns = 0;

	if (value_is_s64(json_object_array_get_idx(row, 1), &mono_ns) &&
	    mono_ns <= watched->log_known_mono_ns)
		return false;
	if (watched->n_log == WATCHED_LOG_LINES)
		memmove(&watched->log[0], &watched->log[1], --watched->n_log * sizeof(watched->log[0]));
	line = &watched->log[watched->n_log++];
	*line = (struct log_line){.mono_ns = mono_ns};
	value_is_s64(json_object_array_get_idx(row, 2), &line->level);
	value_printable(json_object_is_type(text, json_type_string) ? json_object_get_string(text) : "",
			line->text);
	return true;
}

static int update_log(struct watched *watched)
{
	_cleanup_(tool_cleanup_json) struct json_object *rows = json_object_new_array();
	uint64_t n_lost = 0;
	int r = query_rows(watched->client, &log_table, &watched->log_next, &n_lost, rows);

	if (r < 0)
		return r == -EPROTO ? 0 : r;
	for (size_t i = 0; i < value_length(rows); i++)
		watched->n_new_log += add_log_line(watched, json_object_array_get_idx(rows, i));
	watched->n_new_log = MIN(watched->n_new_log, watched->n_log);
	return 0;
}

static int look(struct watched *watched)
{
	int (*const updates[])(struct watched *) = {update_status, update_ports, update_stats, update_offsets,
						    update_log};
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(updates); i++) {
		r = updates[i](watched);
		if (r < 0)
			return r;
	}
	return 0;
}

static void note_gone(struct watched *watched, const char *reason)
{
	if (watched->gone_mono_ns == 0)
		watched->gone_mono_ns = now_mono_ns();
	snprintf(watched->reason, sizeof(watched->reason), "%s", reason);
	client_free(watched->client);
	watched->client = NULL;
}

int watched_update(struct watched *watched)
{
	int r;

	watched->n_new_offsets = watched->n_new_log = 0;
	if (!watched->client) {
		r = client_new(watched->socket_path, &watched->client);
		if (r < 0) {
			note_gone(watched,
				  r == -ENOENT || r == -ECONNREFUSED ? "nobody listens" : strerror(-r));
			return r;
		}
	}
	r = look(watched);
	if (r < 0)
		note_gone(watched, r == -ENOMEM ? "out of memory" : client_error(watched->client));
	else
		watched->gone_mono_ns = 0;
	return r;
}

void watched_free(struct watched *watched)
{
	json_object_put(watched->status);
	json_object_put(watched->ports);
	json_object_put(watched->stats);
	json_object_put(watched->earlier_stats);
	offsets_free(&watched->offsets);
	client_free(watched->client);
}
