// SPDX-License-Identifier: GPL-2.0-or-later
/* See control_rows.h. */
#include "bc/daemon/control_rows.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bc/daemon/control_message.h"
#include "util/macros.h"
#include "util/paths.h"
#include "util/unaligned.h"

#define ROW_OCTETS 120 /* of the longest row, with its comma */
_Static_assert(64 + CONTROL_ROWS_MAX * ROW_OCTETS < EBC_CONTROL_ANSWER_MAX, "a batch fits a message");

static struct control_message *fields(const char *const *names, size_t n)
{
	return control_json_seal_one("fields", control_json_strings(names, n));
}

/* For so many rows; their names and brackets included. */
static struct control_message *begin(const char *name, size_t n, char **ret_at)
{
	struct control_message *message = control_message_alloc(64 + n * ROW_OCTETS);

	if (message)
		*ret_at = message->text + sprintf(message->text, "{\"%s\":[", name);
	return message;
}

/* Gives back what was not needed. */
static struct control_message *end(struct control_message *message, char *at)
{
	struct control_message *shrunk;

	*at++ = ']';
	*at++ = '}';
	message->len = (size_t)(at - message->text);
	shrunk = realloc(message, sizeof(*message) + message->len);
	return shrunk ? shrunk : message;
}

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

static char *put_signed(char *at, int64_t value)
{
	if (value < 0)
		*at++ = '-';
	return put_number(at, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

static char *put_signed_field(char *at, int64_t value)
{
	at = put_signed(at, value);
	*at++ = ',';
	return at;
}

static char *put_name(char *at, const char *name)
{
	*at++ = '"';
	at = put_text(at, name);
	*at++ = '"';
	*at++ = ',';
	return at;
}

/* --- samples of residence --- */

struct control_message *control_rows_sample_fields(void)
{
	static const char *const names[] = {
		"rx_mono_ns",		"ingress",     "egress",    "type",	 "domain", "sdo_id",
		"source_port_identity", "sequence_id", "before_ns", "queued_ns",
	};

	return fields(names, ARRAY_SIZE(names));
}

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

struct control_message *control_rows_samples(const struct ebc_sample *samples, size_t n)
{
	char *at;
	struct control_message *message = begin("samples", n, &at);

	for (size_t i = 0; message && i < n; i++) {
		if (i)
			*at++ = ',';
		at = put_sample(at, &samples[i]);
	}
	return message ? end(message, at) : NULL;
}

/* --- offsets --- */

struct control_message *control_rows_offset_fields(void)
{
	static const char *const names[] = {
		"number", "mono_ns", "port", "offset_ns", "frequency_ppb", "path_delay_ns", "servo_state",
	};

	return fields(names, ARRAY_SIZE(names));
}

static char *put_offset(char *at, uint64_t number, const struct history_row *row)
{
	*at++ = '[';
	at = put_field(at, number);
	at = put_field(at, row->mono_ns);
	at = put_field(at, row->port_number);
	at = put_signed_field(at, row->offset_ns);
	/* No clock is steered further than 10^9 ppb. */
	at += sprintf(at, "%.1f,", isfinite(row->frequency_ppb) ? CLAMP(row->frequency_ppb, -1e9, 1e9) : 0.0);
	at = put_signed_field(at, row->path_delay_ns);
	at = put_number(at, row->servo_state);
	*at++ = ']';
	return at;
}

struct control_message *control_rows_offsets(const struct history *history, uint64_t first, size_t n)
{
	char *at;
	struct control_message *message = begin("offsets", n, &at);

	for (size_t i = 0; message && i < n; i++) {
		if (i)
			*at++ = ',';
		at = put_offset(at, first + i, history_get(history, first + i));
	}
	return message ? end(message, at) : NULL;
}

/* --- lines of the log: objects, since they are text --- */

struct control_message *control_rows_log_fields(void)
{
	static const char *const names[] = {"number", "mono_ns", "level", "text"};

	return fields(names, ARRAY_SIZE(names));
}

struct control_message *control_rows_log(const struct log_ring *log, uint64_t first, size_t n)
{
	struct json_object *rows = json_object_new_array_ext((int)n);

	_Static_assert(CONTROL_LOG_ROWS_MAX * (6 * LOG_RING_TEXT + 64) < EBC_CONTROL_ANSWER_MAX,
		       "a batch fits a message, if every character has to be escaped");
	for (uint64_t number = first; number < first + n; number++) {
		const struct log_ring_line *line = log_ring_get(log, number);
		struct json_object *row = json_object_new_array_ext(4);

		json_object_array_add(row, json_object_new_uint64(number));
		json_object_array_add(row, json_object_new_uint64(line->mono_ns));
		json_object_array_add(row, json_object_new_int(line->level));
		json_object_array_add(row, control_json_text(line->text));
		json_object_array_add(rows, row);
	}
	return control_json_seal_one("log", rows);
}

/* --- published stamps --- */

struct control_message *control_rows_stamp_fields(void)
{
	static const char *const names[] = {
		"mono_ns",     "port",	 "direction", "type", "domain", "sdo_id", "source_port_identity",
		"sequence_id", "source",
	};

	return fields(names, ARRAY_SIZE(names));
}

static char *put_stamp(char *at, const struct control_sources *sources, const struct ebc_stamp_key *key,
		       const struct ebc_stamp_value *value)
{
	int port = sources->state.find_port(sources->state.context, key->ifindex);
	char type[CONTROL_TYPE_NAME];

	control_message_type_name(key->message_type, type);
	*at++ = '[';
	at = put_field(at, value->stamp_mono_ns);
	at = port < 0 ? put_text(at, "null,") : put_field(at, (uint64_t)port + 1);
	at = put_name(at, key->direction == EBC_DIRECTION_TX ? "tx" : "rx");
	at = put_name(at, type);
	at = put_field(at, key->domain_number);
	at = put_field(at, ebc_loader_ctl(sources->stamps_loader)->sdo_id);
	at = put_identity(at, key->source_port_identity);
	at = put_field(at, key->sequence_id);
	at = put_name(at, control_message_stamp_source(value->stamp_source));
	at[-1] = ']';
	return at;
}

struct control_message *control_rows_stamps(const struct control_sources *sources,
					    const struct ebc_stamp_key *keys,
					    const struct ebc_stamp_value *values, size_t n)
{
	char *at;
	struct control_message *message = begin("stamps", n, &at);

	for (size_t i = 0; message && i < n; i++) {
		if (i)
			*at++ = ',';
		at = put_stamp(at, sources, &keys[i], &values[i]);
	}
	return message ? end(message, at) : NULL;
}
