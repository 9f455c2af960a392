// SPDX-License-Identifier: GPL-2.0-or-later
/* What the control socket says, as JSON. */
#include "bc/daemon/control_message.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/ptp_wire.h"
#include "util/decimal128.h"
#include "util/macros.h"
#include "util/paths.h"
#include "util/unaligned.h"

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

/*
 * Samples can be many, and the daemon has other things to do than to make an object of every number: these
 * are written as text at once.
 */
#define ROW_OCTETS 112

static char *put_number(char *at, uint64_t value)
{
	char digits[20];
	size_t n = 0;

	do {
		digits[n++] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	while (n)
		*at++ = digits[--n];
	return at;
}

static char *put_field(char *at, uint64_t value)
{
	at = put_number(at, value);
	*at++ = ',';
	return at;
}

static char *put_text(char *at, const char *text)
{
	size_t len = strlen(text);

	memcpy(at, text, len);
	return at + len;
}

/* As ptp4l writes it: "001122.fffe.334455-1". */
static char *put_identity(char *at, const uint8_t id[10])
{
	*at++ = '"';
	for (size_t i = 0; i < 8; i++) {
		if (i == 3 || i == 5)
			*at++ = '.';
		*at++ = "0123456789abcdef"[id[i] >> 4];
		*at++ = "0123456789abcdef"[id[i] & 15];
	}
	*at++ = '-';
	at = put_number(at, get_be16(id + 8));
	*at++ = '"';
	*at++ = ',';
	return at;
}

/* In the order of sample_fields. */
static char *put_sample(char *at, const struct ebc_sample *s)
{
	*at++ = '[';
	at = put_field(at, s->rx_mono_ns);
	at = put_field(at, s->in_port_index);
	at = put_field(at, s->out_port_index);
	at = put_field(at, s->message_type);
	at = put_field(at, s->domain_number);
	at = put_field(at, s->sdo_id);
	at = put_identity(at, s->source_port_identity);
	at = put_field(at, s->sequence_id);
	at = put_field(at, s->before_ns);
	at = s->queued_ns == EBC_QUEUED_UNKNOWN ? put_text(at, "null") : put_number(at, s->queued_ns);
	*at++ = ']';
	return at;
}

struct control_message *control_message_samples(const struct ebc_sample *samples, size_t n)
{
	static const char begin[] = "{\"samples\":[", end[] = "]}";
	struct control_message *message, *shrunk;
	char *at;

	_Static_assert(sizeof(begin) + sizeof(end) + CONTROL_SAMPLES_MAX * ROW_OCTETS <
			       EBC_CONTROL_ANSWER_MAX,
		       "a batch fits a message");
	message = malloc(sizeof(*message) + sizeof(begin) + sizeof(end) + n * ROW_OCTETS);
	if (!message)
		return NULL;
	at = put_text(message->text, begin);
	for (size_t i = 0; i < n; i++) {
		if (i)
			*at++ = ',';
		at = put_sample(at, &samples[i]);
	}
	at = put_text(at, end);
	message->refs = 1;
	message->len = (size_t)(at - message->text);
	shrunk = realloc(message, sizeof(*message) + message->len);
	return shrunk ? shrunk : message;
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
