// SPDX-License-Identifier: GPL-2.0-or-later
/* The stream of samples. */
#include "ctl/raw.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "ctl/pause.h"
#include "ctl/table.h"
#include "ctl/tool.h"
#include "util/cleanup.h"

#define IDENTITY_SIZE 32

/* The order in which the daemon sends them. */
enum {
	FIELD_RX_MONO_NS,
	FIELD_INGRESS,
	FIELD_EGRESS,
	FIELD_TYPE,
	FIELD_DOMAIN,
	FIELD_SDO_ID,
	FIELD_SOURCE_PORT_IDENTITY,
	FIELD_SEQUENCE_ID,
	FIELD_BEFORE_NS,
	FIELD_QUEUED_NS,
	FIELD_MAX,
};

struct stream {
	struct client *client;
	const struct box *box;
	const struct residence_filter *filter;
	FILE *to;
	struct raw_result result;
	bool has_ended;
};

static void ask_for_samples(struct client *client, bool on)
{
	struct json_object *request = client_request("samples");

	json_object_object_add(request, "on", json_object_new_boolean(on));
	client_ask(client, request);
}

static void name_of(const struct names *names, const char *prefix, uint64_t index, char ret_name[32])
{
	if (index < names->n)
		snprintf(ret_name, 32, "%s", names->name[index]);
	else
		snprintf(ret_name, 32, "%s-%" PRIu64, prefix, index);
}

/* Only what an identity is made of, so that it can stand in a line as it is. */
static bool get_identity(struct json_object *value, char ret_text[IDENTITY_SIZE])
{
	const char *text = json_object_get_string(value);

	if (!json_object_is_type(value, json_type_string) || strlen(text) >= IDENTITY_SIZE ||
	    strspn(text, "0123456789abcdef.-") != strlen(text))
		return false;
	strcpy(ret_text, text);
	return true;
}

static bool write_row(struct stream *stream, struct json_object *row)
{
	char ingress[32], egress[32], type[32], identity[IDENTITY_SIZE];
	uint64_t field[FIELD_MAX] = {};
	bool has_queued;

	if (!json_object_is_type(row, json_type_array) || json_object_array_length(row) != FIELD_MAX)
		return false;
	has_queued = json_object_array_get_idx(row, FIELD_QUEUED_NS) != NULL;
	for (size_t i = 0; i < FIELD_MAX; i++)
		if (i != FIELD_SOURCE_PORT_IDENTITY && (i != FIELD_QUEUED_NS || has_queued) &&
		    !json_get_u64(json_object_array_get_idx(row, i), &field[i]))
			return false;
	if (!get_identity(json_object_array_get_idx(row, FIELD_SOURCE_PORT_IDENTITY), identity))
		return false;
	name_of(&stream->box->ports, "port", field[FIELD_INGRESS], ingress);
	name_of(&stream->box->ports, "port", field[FIELD_EGRESS], egress);
	name_of(&stream->box->message_types, "type", field[FIELD_TYPE], type);
	if (!filter_matches(stream->filter, ingress, egress, type))
		return true;
	fprintf(stream->to, "%" PRIu64 ",", field[FIELD_RX_MONO_NS]);
	csv_put_name(ingress, stream->to);
	putc(',', stream->to);
	csv_put_name(egress, stream->to);
	putc(',', stream->to);
	csv_put_name(type, stream->to);
	fprintf(stream->to, ",%" PRIu64 ",%" PRIu64 ",%s,%" PRIu64 ",%" PRIu64, field[FIELD_DOMAIN],
		field[FIELD_SDO_ID], identity, field[FIELD_SEQUENCE_ID], field[FIELD_BEFORE_NS]);
	if (has_queued)
		fprintf(stream->to, ",%" PRIu64 ",%" PRIu64 "\n", field[FIELD_QUEUED_NS],
			field[FIELD_BEFORE_NS] + field[FIELD_QUEUED_NS]);
	else
		fputs(",,\n", stream->to);
	stream->result.n_written++;
	return true;
}

static int write_rows(struct stream *stream, struct json_object *rows)
{
	if (!json_object_is_type(rows, json_type_array))
		return client_complain(stream->client);
	for (size_t i = 0; i < json_object_array_length(rows); i++)
		if (!write_row(stream, json_object_array_get_idx(rows, i)))
			return client_complain(stream->client);
	/* Somebody may be looking on. */
	return fflush(stream->to) < 0 ? -EIO : 0;
}

static int receive(struct stream *stream)
{
	_cleanup_(tool_cleanup_json) struct json_object *answer = NULL;
	struct json_object *member;
	uint64_t lost;
	int r = client_receive(stream->client, &answer);

	if (r < 0)
		return r;
	if (json_object_object_get_ex(answer, "samples", &member))
		return write_rows(stream, member);
	if (json_object_object_get_ex(answer, "lost", &member)) {
		if (!json_get_u64(member, &lost))
			return client_complain(stream->client);
		/* The end tells the sum, a message in between what is new. */
		stream->has_ended = json_object_object_get_ex(answer, "end", NULL);
		stream->result.n_lost = stream->has_ended ? lost : stream->result.n_lost + lost;
	}
	return 0;
}

static int run(struct stream *stream, uint64_t until_mono_ns)
{
	enum pause_end end;
	int r;

	while ((end = pause_until(until_mono_ns, client_fd(stream->client))) == PAUSE_READABLE) {
		r = receive(stream);
		if (r < 0)
			return r;
	}
	ask_for_samples(stream->client, false);
	while (!stream->has_ended) {
		r = receive(stream);
		if (r < 0)
			return r;
	}
	return 0;
}

int raw_run(struct client *client, const struct box *box, const struct residence_filter *filter,
	    uint64_t until_mono_ns, FILE *to, struct raw_result *ret_result)
{
	struct stream stream = {.client = client, .box = box, .filter = filter, .to = to};
	int r;

	fputs("rx_mono_ns,ingress,egress,type,domain,sdo_id,source_port_identity,sequence_id,before_ns,"
	      "queued_ns,"
	      "residence_ns\n",
	      to);
	ask_for_samples(client, true);
	r = fflush(to) < 0 ? -EIO : run(&stream, until_mono_ns);
	*ret_result = stream.result;
	return r;
}
