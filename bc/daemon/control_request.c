// SPDX-License-Identifier: GPL-2.0-or-later
/* What the requests of the control socket mean, and which answers begin with them. */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "bc/daemon/control_message.h"
#include "bc/daemon/control_private.h"
#include "bc/daemon/control_report.h"
#include "util/cleanup.h"
#include "util/macros.h"

#define MALFORMED "malformed request"

static void answer_clear(struct control *control, struct control_client *client)
{
	if (!client->is_privileged) {
		control_client_push(client, control_message_error("not permitted"));
		return;
	}
	if (ebc_loader_clear_residences(control->sources.loader) < 0) {
		control_client_push(client, control_message_error("residences cannot be cleared"));
		return;
	}
	/* Who is on his walk has nothing more to see. */
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		control_walk_cut(&control->clients[i].walk);
	control_client_push(client, control_message_end());
}

/* True when the member is missing or a boolean. */
static bool get_boolean(struct json_object *request, const char *name, bool *ret_value)
{
	struct json_object *member;

	*ret_value = false;
	if (!json_object_object_get_ex(request, name, &member))
		return true;
	*ret_value = json_object_get_boolean(member);
	return json_object_is_type(member, json_type_boolean);
}

/* The same for a number that is not negative; missing: 0. */
static bool get_number(struct json_object *request, const char *name, uint64_t *ret_value)
{
	struct json_object *member;

	*ret_value = 0;
	if (!json_object_object_get_ex(request, name, &member))
		return true;
	if (!json_object_is_type(member, json_type_int) || json_object_get_int64(member) < 0)
		return false;
	*ret_value = json_object_get_uint64(member);
	return true;
}

static void refuse(struct control_client *client, const char *error)
{
	control_client_push(client, control_message_error(error));
}

static void begin_walk(struct control *control, struct control_client *client, enum control_walk_kind kind,
		       uint64_t since)
{
	control_walk_begin(&client->walk, kind, &control->sources, since);
}

static void answer_ports(struct control *control, struct control_client *client, struct json_object *request)
{
	(void)request;
	control_client_push(client, control_message_ports(&control->sources));
}

static void answer_status(struct control *control, struct control_client *client, struct json_object *request)
{
	(void)request;
	control_client_push(client, control_report_status(&control->sources));
}

static void answer_port_status(struct control *control, struct control_client *client,
			       struct json_object *request)
{
	(void)request;
	begin_walk(control, client, CONTROL_WALK_PORTS, 0);
}

static void answer_stats(struct control *control, struct control_client *client, struct json_object *request)
{
	(void)request;
	begin_walk(control, client, CONTROL_WALK_STATS, 0);
}

static void answer_offsets(struct control *control, struct control_client *client,
			   struct json_object *request)
{
	uint64_t since;

	if (!get_number(request, "since", &since))
		refuse(client, MALFORMED);
	else if (!control->sources.history)
		refuse(client, "nothing is measured: this clock follows nobody");
	else
		begin_walk(control, client, CONTROL_WALK_OFFSETS, since);
}

static void answer_log(struct control *control, struct control_client *client, struct json_object *request)
{
	uint64_t since;

	if (!get_number(request, "since", &since))
		refuse(client, MALFORMED);
	else
		begin_walk(control, client, CONTROL_WALK_LOG, since);
}

static void answer_stamps(struct control *control, struct control_client *client, struct json_object *request)
{
	char error[96];

	(void)request;
	if (control->sources.stamps_loader) {
		begin_walk(control, client, CONTROL_WALK_STAMPS, 0);
		return;
	}
	snprintf(error, sizeof(error), "no stamps are published: %s", control->sources.no_stamps_reason);
	refuse(client, error);
}

static bool has_residence(const struct control *control, struct control_client *client)
{
	if (!control->sources.loader)
		refuse(client, "no residence is measured: this clock runs without BPF programs");
	return control->sources.loader;
}

static void answer_residence(struct control *control, struct control_client *client,
			     struct json_object *request)
{
	bool clear;

	if (!has_residence(control, client))
		return;
	if (!get_boolean(request, "clear", &clear))
		refuse(client, MALFORMED);
	else if (clear)
		answer_clear(control, client);
	else
		begin_walk(control, client, CONTROL_WALK_RESIDENCE, 0);
}

static void answer_samples(struct control *control, struct control_client *client,
			   struct json_object *request)
{
	bool on;

	if (!has_residence(control, client))
		return;
	if (!get_boolean(request, "on", &on))
		refuse(client, MALFORMED);
	else if (on)
		control_samples_start(control, client);
	else
		control_samples_end(control, client);
}

static void cleanup_json(struct json_object **object)
{
	json_object_put(*object);
}

static void cleanup_tokener(struct json_tokener **tokener)
{
	if (*tokener)
		json_tokener_free(*tokener);
}

/* NULL unless the text is one JSON value and nothing else. */
static struct json_object *parse(const char *text, size_t len)
{
	_cleanup_(cleanup_tokener) struct json_tokener *tokener = json_tokener_new_ex(4);
	struct json_object *value;

	if (!tokener)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	value = json_tokener_parse_ex(tokener, text, (int)len);
	if (json_tokener_get_error(tokener) == json_tokener_success &&
	    json_tokener_get_parse_end(tokener) == len)
		return value;
	json_object_put(value);
	return NULL;
}

void control_request_answer(struct control *control, struct control_client *client, const char *text,
			    size_t len)
{
	static const struct {
		const char *name;
		void (*answer)(struct control *control, struct control_client *client,
			       struct json_object *request);
	} requests[] = {
		{"ports", answer_ports},
		{"status", answer_status},
		{"port_status", answer_port_status},
		{"stats", answer_stats},
		{"offsets", answer_offsets},
		{"log", answer_log},
		{"stamps", answer_stamps},
		{"residence", answer_residence},
		{"samples", answer_samples},
	};
	_cleanup_(cleanup_json) struct json_object *request = parse(text, len);
	struct json_object *member;

	if (!json_object_is_type(request, json_type_object) ||
	    !json_object_object_get_ex(request, "request", &member) ||
	    !json_object_is_type(member, json_type_string)) {
		refuse(client, MALFORMED);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		if (strcmp(json_object_get_string(member), requests[i].name) != 0)
			continue;
		requests[i].answer(control, client, request);
		return;
	}
	refuse(client, "unknown request");
}
