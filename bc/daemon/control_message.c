// SPDX-License-Identifier: GPL-2.0-or-later
/* What the control socket says, as JSON. */
#include "bc/daemon/control_message.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/ptp_wire.h"
#include "util/cleanup.h"
#include "util/decimal128.h"
#include "util/macros.h"

static const char *const message_types[] = {
	[PTP_SYNC] = "sync",
	[PTP_DELAY_REQ] = "delay_req",
	[PTP_PDELAY_REQ] = "pdelay_req",
	[PTP_PDELAY_RESP] = "pdelay_resp",
};

static const char *const sample_fields[] = {
	"rx_mono_ns",		"ingress",     "egress",    "type",	 "domain", "sdo_id",
	"source_port_identity", "sequence_id", "before_ns", "queued_ns",
};

struct control_message *control_message_ref(struct control_message *message)
{
	message->refs++;
	return message;
}

void control_message_unref(struct control_message *message)
{
	if (message && --message->refs == 0)
		free(message);
}

/* Takes the object. */
static struct control_message *seal(struct json_object *object)
{
	struct control_message *message = NULL;
	const char *text;
	size_t len;

	text = json_object_to_json_string_length(object, JSON_C_TO_STRING_PLAIN, &len);
	if (text)
		message = malloc(sizeof(*message) + len);
	if (message) {
		message->refs = 1;
		message->len = len;
		memcpy(message->text, text, len);
	}
	json_object_put(object);
	return message;
}

static struct json_object *array_of_strings(const char *const *strings, size_t n)
{
	struct json_object *array = json_object_new_array_ext((int)n);

	for (size_t i = 0; i < n; i++)
		json_object_array_add(array, json_object_new_string(strings[i]));
	return array;
}

static struct control_message *with_one(const char *name, struct json_object *value)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, name, value);
	return seal(object);
}

struct control_message *control_message_error(const char *error)
{
	return with_one("error", json_object_new_string(error));
}

struct control_message *control_message_end(void)
{
	return with_one("end", json_object_new_boolean(true));
}

struct control_message *control_message_ports(const struct control_sources *sources)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "clock_type", json_object_new_string(sources->clock_type));
	json_object_object_add(object, "ports", array_of_strings(sources->port_names, sources->n_ports));
	json_object_object_add(object, "message_types",
			       array_of_strings(message_types, ARRAY_SIZE(message_types)));
	return seal(object);
}

/* Programs that a predecessor left may know ports that are no longer configured. */
static struct json_object *port_name(const struct control_sources *sources, uint16_t port_index)
{
	char text[16];

	if (port_index < sources->n_ports)
		return json_object_new_string(sources->port_names[port_index]);
	snprintf(text, sizeof(text), "port-%u", port_index + 1U);
	return json_object_new_string(text);
}

static struct json_object *type_name(uint8_t message_type)
{
	char text[16];

	if (message_type < ARRAY_SIZE(message_types))
		return json_object_new_string(message_types[message_type]);
	snprintf(text, sizeof(text), "type-%u", message_type);
	return json_object_new_string(text);
}

static struct json_object *histogram(const struct ebc_histogram *h)
{
	struct json_object *object = json_object_new_object(), *buckets = json_object_new_array();
	char sum_squares[EBC_DECIMAL128_SIZE];

	ebc_decimal128_format(h->sum_squares_high, h->sum_squares_low, sum_squares);
	for (size_t i = 0; i < EBC_HISTOGRAM_BUCKETS; i++) {
		struct json_object *pair;

		if (!h->bucket[i])
			continue;
		pair = json_object_new_array_ext(2);
		json_object_array_add(pair, json_object_new_int((int32_t)i));
		json_object_array_add(pair, json_object_new_uint64(h->bucket[i]));
		json_object_array_add(buckets, pair);
	}
	json_object_object_add(object, "count", json_object_new_uint64(h->count));
	json_object_object_add(object, "sum_ns", json_object_new_uint64(h->sum_ns));
	json_object_object_add(object, "sum_squares", json_object_new_string(sum_squares));
	json_object_object_add(object, "min_ns", json_object_new_uint64(h->min_ns));
	json_object_object_add(object, "max_ns", json_object_new_uint64(h->max_ns));
	json_object_object_add(object, "buckets", buckets);
	return object;
}

struct control_message *control_message_residence(const struct control_sources *sources,
						  const struct ebc_residence_key *key,
						  const struct ebc_residence *residence)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "ingress", port_name(sources, key->in_port_index));
	json_object_object_add(object, "egress", port_name(sources, key->out_port_index));
	json_object_object_add(object, "type", type_name(key->message_type));
	json_object_object_add(object, "total", histogram(&residence->total));
	json_object_object_add(object, "before", histogram(&residence->before));
	json_object_object_add(object, "queued", histogram(&residence->queued));
	return with_one("residence", object);
}

struct control_message *control_message_samples_begin(void)
{
	return with_one("fields", array_of_strings(sample_fields, ARRAY_SIZE(sample_fields)));
}

/* As ptp4l writes it: 001122.fffe.334455-1. */
static struct json_object *port_identity(const uint8_t id[10])
{
	char text[32];

	snprintf(text, sizeof(text), "%02x%02x%02x.%02x%02x.%02x%02x%02x-%u", id[0], id[1], id[2], id[3],
		 id[4], id[5], id[6], id[7], (unsigned int)id[8] << 8 | id[9]);
	return json_object_new_string(text);
}

static struct json_object *sample_row(const struct ebc_sample *s)
{
	struct json_object *row = json_object_new_array_ext(ARRAY_SIZE(sample_fields));

	json_object_array_add(row, json_object_new_uint64(s->rx_mono_ns));
	json_object_array_add(row, json_object_new_int(s->in_port_index));
	json_object_array_add(row, json_object_new_int(s->out_port_index));
	json_object_array_add(row, json_object_new_int(s->message_type));
	json_object_array_add(row, json_object_new_int(s->domain_number));
	json_object_array_add(row, json_object_new_int(s->sdo_id));
	json_object_array_add(row, port_identity(s->source_port_identity));
	json_object_array_add(row, json_object_new_int(s->sequence_id));
	json_object_array_add(row, json_object_new_int64(s->before_ns));
	json_object_array_add(row, s->queued_ns == EBC_QUEUED_UNKNOWN ? NULL
								      : json_object_new_int64(s->queued_ns));
	return row;
}

struct control_message *control_message_samples(const struct ebc_sample *samples, size_t n)
{
	struct json_object *rows = json_object_new_array_ext((int)n);

	for (size_t i = 0; i < n; i++)
		json_object_array_add(rows, sample_row(&samples[i]));
	return with_one("samples", rows);
}

struct control_message *control_message_samples_lost(uint64_t n)
{
	return with_one("lost", json_object_new_uint64(n));
}

struct control_message *control_message_samples_end(uint64_t n_delivered, uint64_t n_lost)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "end", json_object_new_boolean(true));
	json_object_object_add(object, "delivered", json_object_new_uint64(n_delivered));
	json_object_object_add(object, "lost", json_object_new_uint64(n_lost));
	return seal(object);
}
