// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests whose answers are told further on mostly as they are. */
#include "ctl/query.h"

#include <errno.h>
#include <string.h>

#include "bpf/ebc_abi.h"
#include "ctl/fetch.h"
#include "ctl/tool.h"
#include "ctl/value.h"
#include "util/cleanup.h"

/* The member of an answer that is an object, taken out of it; else NULL. */
static struct json_object *take_object(struct json_object *answer, const char *name)
{
	struct json_object *member = value_get(answer, name);

	return json_object_is_type(member, json_type_object) ? json_object_get(member) : NULL;
}

int query_status(struct client *client, struct json_object **ret_status)
{
	_cleanup_(tool_cleanup_json) struct json_object *answer = NULL, *status = NULL;
	int r;

	client_ask(client, client_request("status"));
	r = client_receive(client, &answer);
	if (r < 0)
		return r;
	status = take_object(answer, "status");
	if (!status)
		return client_complain(client);
	*ret_status = TAKE_PTR(status);
	return 0;
}

/* 1: the last one was received. */
static int receive_port(struct client *client, const char *member, struct json_object *list)
{
	_cleanup_(tool_cleanup_json) struct json_object *answer = NULL;
	struct json_object *port;
	int r = client_receive(client, &answer);

	if (r < 0)
		return r;
	if (value_get(answer, "end"))
		return 1;
	port = take_object(answer, member);
	if (!port || value_length(list) == EBC_MAX_PORTS) {
		json_object_put(port);
		return client_complain(client);
	}
	json_object_array_add(list, port);
	return 0;
}

static int query_each_port(struct client *client, const char *name, const char *member,
			   struct json_object **ret_list)
{
	_cleanup_(tool_cleanup_json) struct json_object *list = json_object_new_array();
	int r;

	client_ask(client, client_request(name));
	do {
		r = receive_port(client, member, list);
	} while (r == 0);
	if (r < 0)
		return r;
	*ret_list = TAKE_PTR(list);
	return 0;
}

int query_ports(struct client *client, struct json_object **ret_ports)
{
	return query_each_port(client, "port_status", "port", ret_ports);
}

int query_stats(struct client *client, struct json_object **ret_stats)
{
	return query_each_port(client, "stats", "stats", ret_stats);
}

static bool has_fields(struct json_object *told, const struct query_table *table)
{
	if (value_length(told) < table->n_fields)
		return false;
	for (size_t i = 0; i < table->n_fields; i++) {
		struct json_object *name = json_object_array_get_idx(told, i);

		if (!json_object_is_type(name, json_type_string) ||
		    strcmp(json_object_get_string(name), table->fields[i]) != 0)
			return false;
	}
	return true;
}

static bool add_rows(struct json_object *told, const struct query_table *table, size_t *n_left,
		     struct json_object *rows)
{
	size_t n = value_length(told);

	if (n > *n_left)
		return false;
	for (size_t i = 0; i < n; i++) {
		struct json_object *row = json_object_array_get_idx(told, i);

		if (value_length(row) < table->n_fields)
			return false;
		json_object_array_add(rows, json_object_get(row));
	}
	*n_left -= n;
	return true;
}

/* 1: the end. */
static int receive_rows(struct client *client, const struct query_table *table, size_t *n_left,
			uint64_t *next, uint64_t *lost, struct json_object *rows)
{
	_cleanup_(tool_cleanup_json) struct json_object *answer = NULL;
	struct json_object *member;
	uint64_t n_lost;
	int r = client_receive(client, &answer);

	if (r < 0)
		return r;
	member = value_get(answer, table->member);
	/* A message without rows would be one of any number. */
	if (member)
		return value_length(member) && add_rows(member, table, n_left, rows)
			       ? 0
			       : client_complain(client);
	if (!value_get(answer, "end"))
		return client_complain(client);
	if (next && (!json_get_u64(value_get(answer, "next"), next) ||
		     !json_get_u64(value_get(answer, "lost"), &n_lost)))
		return client_complain(client);
	if (next)
		*lost += n_lost;
	return 1;
}

int query_rows(struct client *client, const struct query_table *table, uint64_t *next, uint64_t *lost,
	       struct json_object *rows)
{
	_cleanup_(tool_cleanup_json) struct json_object *first = NULL;
	struct json_object *asked = client_request(table->request);
	size_t n_left = table->rows_max;
	int r;

	if (next)
		json_object_object_add(asked, "since", json_object_new_uint64(*next));
	client_ask(client, asked);
	r = client_receive(client, &first);
	if (r < 0)
		return r;
	if (!has_fields(value_get(first, "fields"), table))
		return client_complain(client);
	do {
		r = receive_rows(client, table, &n_left, next, lost, rows);
	} while (r == 0);
	return r < 0 ? r : 0;
}
