// SPDX-License-Identifier: GPL-2.0-or-later
/* The questions of one round, and what is made sure of in the answers. */
#include "ctl/exporter/snapshot.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/macros.h"

/* However fast they come: more messages than these have no sense as one answer. */
#define MESSAGES_MAX 1024
#define LOG_ROWS_MAX 512

static void cleanup_json(struct json_object **object)
{
	json_object_put(*object);
}

void snapshot_clear(struct snapshot *snapshot)
{
	json_object_put(snapshot->status);
	json_object_put(snapshot->ports);
	json_object_put(snapshot->counters);
	json_object_put(snapshot->log);
	residences_free(&snapshot->residences);
	*snapshot = (struct snapshot){};
}

static bool get_u64(struct json_object *object, const char *name, uint64_t *ret_value)
{
	return json_get_u64(json_object_object_get(object, name), ret_value);
}

static struct json_object *new_request(const char *name)
{
	struct json_object *request = json_object_new_object();

	json_object_object_add(request, "request", json_object_new_string(name));
	return request;
}

/* Takes a member of an answer; false: it makes no sense. */
typedef bool (*take_fn)(void *to, struct json_object *member);

/* One answer of several messages, up to its end, which the caller puts. */
static int walk(struct client *client, struct json_object *request, const char *member_name, take_fn take,
		void *to, struct json_object **ret_end)
{
	client_ask(client, request);
	for (int n = 0; n < MESSAGES_MAX; n++) {
		_cleanup_(cleanup_json) struct json_object *answer = NULL;
		struct json_object *member;
		int r = client_receive(client, &answer);

		if (r < 0)
			return r;
		if (json_object_object_get_ex(answer, "end", NULL)) {
			*ret_end = TAKE_PTR(answer);
			return 0;
		}
		if (json_object_object_get_ex(answer, "fields", NULL))
			continue;
		if (!json_object_object_get_ex(answer, member_name, &member) || !take(to, member))
			return client_complain(client);
	}
	return client_complain(client);
}

static int take_status(struct client *client, struct json_object **ret_status)
{
	_cleanup_(cleanup_json) struct json_object *answer = NULL;
	struct json_object *status;
	uint64_t number;
	int r;

	client_ask(client, new_request("status"));
	r = client_receive(client, &answer);
	if (r < 0)
		return r;
	status = json_object_object_get(answer, "status");
	if (!json_object_is_type(status, json_type_object) || !get_u64(status, "pid", &number) ||
	    !get_u64(status, "started_mono_ns", &number))
		return client_complain(client);
	*ret_status = json_object_get(status);
	return 0;
}

/* A port's number is its place, so that no two are one. */
static bool take_numbered(void *to, struct json_object *member)
{
	struct json_object *array = to;
	uint64_t number;

	if (!json_object_is_type(member, json_type_object) || !get_u64(member, "number", &number) ||
	    number != json_object_array_length(array) + 1 || number > EBC_MAX_PORTS ||
	    !json_object_is_type(json_object_object_get(member, "name"), json_type_string))
		return false;
	return json_object_array_add(array, json_object_get(member)) == 0;
}

static bool take_counters(void *to, struct json_object *member)
{
	struct json_object *counters;
	uint64_t value;

	if (!json_object_is_type(member, json_type_object))
		return false;
	counters = json_object_object_get(member, "counters");
	if (!json_object_is_type(counters, json_type_object))
		return false;
	json_object_object_foreach(counters, name, counter)
	{
		if (!*name || !json_get_u64(counter, &value))
			return false;
	}
	return take_numbered(to, member);
}

static bool take_log_row(struct json_object *array, struct json_object *row)
{
	if (!json_object_is_type(row, json_type_array) || json_object_array_length(row) != 4 ||
	    json_object_array_length(array) == LOG_ROWS_MAX)
		return false;
	return json_object_array_add(array, json_object_get(row)) == 0;
}

static bool take_log(void *to, struct json_object *rows)
{
	if (!json_object_is_type(rows, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(rows); i++)
		if (!take_log_row(to, json_object_array_get_idx(rows, i)))
			return false;
	return true;
}

/* What a daemon says that has nothing of the kind: another clock than that, or an older version. */
static bool has_nothing(const struct client *client)
{
	static const char *const words[] = {"nothing is measured", "no residence is measured",
					    "is older and cannot tell"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(client_error(client), words[i]))
			return true;
	return false;
}

/* After an error of the daemon (-EPROTO) all else is asked for nevertheless, and what it says is kept. */
static int go_on(const struct client *client, int r, struct snapshot *snapshot)
{
	if (r != -EPROTO)
		return r;
	if (!has_nothing(client))
		snprintf(snapshot->error, sizeof(snapshot->error), "%s", client_error(client));
	return 0;
}

static int take_list(struct client *client, const char *request, const char *member, take_fn take,
		     struct json_object **ret_list, struct snapshot *snapshot)
{
	_cleanup_(cleanup_json) struct json_object *list = json_object_new_array(), *end = NULL;
	int r = walk(client, new_request(request), member, take, list, &end);

	if (r == 0)
		*ret_list = TAKE_PTR(list);
	return go_on(client, r, snapshot);
}

static bool get_i64(struct json_object *value, int64_t *ret_value)
{
	if (!json_object_is_type(value, json_type_int))
		return false;
	*ret_value = json_object_get_int64(value);
	return true;
}

static bool get_number(struct json_object *value, double *ret_value)
{
	if (!json_object_is_type(value, json_type_int) && !json_object_is_type(value, json_type_double))
		return false;
	*ret_value = json_object_get_double(value);
	return isfinite(*ret_value);
}

static bool take_offset(struct trace *trace, struct json_object *row)
{
	struct trace_row taken = {};
	uint64_t port, servo_state;

	if (!json_object_is_type(row, json_type_array) || json_object_array_length(row) != 7 ||
	    !json_get_u64(json_object_array_get_idx(row, 1), &taken.mono_ns) ||
	    !json_get_u64(json_object_array_get_idx(row, 2), &port) || port > EBC_MAX_PORTS ||
	    !get_i64(json_object_array_get_idx(row, 3), &taken.offset_ns) ||
	    !get_number(json_object_array_get_idx(row, 4), &taken.frequency_ppb) ||
	    !json_get_u64(json_object_array_get_idx(row, 6), &servo_state) || servo_state > 3)
		return false;
	taken.has_path_delay = get_i64(json_object_array_get_idx(row, 5), &taken.path_delay_ns);
	taken.port = (uint8_t)port;
	taken.servo_state = (uint8_t)servo_state;
	trace_add(trace, &taken);
	return true;
}

static bool take_offsets(void *to, struct json_object *rows)
{
	if (!json_object_is_type(rows, json_type_array))
		return false;
	for (size_t i = 0; i < json_object_array_length(rows); i++)
		if (!take_offset(to, json_object_array_get_idx(rows, i)))
			return false;
	return true;
}

static int follow_offsets(struct client *client, struct offsets_place *place, struct trace *incoming)
{
	_cleanup_(cleanup_json) struct json_object *end = NULL;
	struct json_object *request = new_request("offsets");
	int r;

	json_object_object_add(request, "since", json_object_new_uint64(place->next));
	r = walk(client, request, "offsets", take_offsets, incoming, &end);
	if (r < 0)
		return r;
	return get_u64(end, "next", &place->next) ? 0 : client_complain(client);
}

/* Another daemon numbers its offsets anew. */
static void find_place(struct json_object *status, struct offsets_place *place)
{
	int64_t pid = json_object_get_int64(json_object_object_get(status, "pid"));
	uint64_t started_mono_ns = json_object_get_uint64(json_object_object_get(status, "started_mono_ns"));

	if (pid != place->pid || started_mono_ns != place->started_mono_ns)
		*place = (struct offsets_place){.pid = pid, .started_mono_ns = started_mono_ns};
}

static int take_rest(struct client *client, bool has_residences, struct offsets_place *place,
		     struct trace *incoming, struct snapshot *snapshot)
{
	static const struct residence_filter all = {};
	int r = take_list(client, "port_status", "port", take_numbered, &snapshot->ports, snapshot);

	if (r == 0)
		r = take_list(client, "stats", "stats", take_counters, &snapshot->counters, snapshot);
	if (r == 0)
		r = take_list(client, "log", "log", take_log, &snapshot->log, snapshot);
	if (r == 0)
		r = go_on(client, follow_offsets(client, place, incoming), snapshot);
	if (r == 0 && has_residences)
		r = go_on(client, fetch_residences(client, &all, &snapshot->residences), snapshot);
	return r;
}

int snapshot_take(struct client *client, bool has_residences, struct offsets_place *place,
		  struct trace *incoming, struct snapshot *ret_snapshot)
{
	_cleanup_(snapshot_clear) struct snapshot snapshot = {.is_up = true};
	struct offsets_place reached = *place;
	int r = take_status(client, &snapshot.status);

	if (r < 0)
		return r;
	find_place(snapshot.status, &reached);
	incoming->n = 0;
	r = take_rest(client, has_residences, &reached, incoming, &snapshot);
	if (r < 0) {
		incoming->n = 0;
		return r;
	}
	*place = reached;
	*ret_snapshot = snapshot;
	snapshot = (struct snapshot){};
	return 0;
}
