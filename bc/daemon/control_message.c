// SPDX-License-Identifier: GPL-2.0-or-later
/* What the control socket says of itself and of residence, as JSON. */
#include "bc/daemon/control_message.h"

#include <stdio.h>

#include "bpf/ptp_wire.h"
#include "util/decimal128.h"
#include "util/macros.h"

static const char *const message_types[] = {
	[PTP_SYNC] = "sync",
	[PTP_DELAY_REQ] = "delay_req",
	[PTP_PDELAY_REQ] = "pdelay_req",
	[PTP_PDELAY_RESP] = "pdelay_resp",
};

struct control_message *control_message_error(const char *error)
{
	return control_json_seal_one("error", json_object_new_string(error));
}

struct control_message *control_message_end(void)
{
	return control_json_seal_one("end", json_object_new_boolean(true));
}

struct control_message *control_message_ports(const struct control_sources *sources)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "clock_type", json_object_new_string(sources->clock_type));
	json_object_object_add(object, "ports", control_json_strings(sources->port_names, sources->n_ports));
	json_object_object_add(object, "message_types",
			       control_json_strings(message_types, ARRAY_SIZE(message_types)));
	return control_json_seal(object);
}

/* Programs that a predecessor left may know ports that are no longer configured. */
static struct json_object *port_name(const struct control_sources *sources, uint16_t port_index)
{
	char text[16];

	if (port_index < sources->n_ports)
		return control_json_text(sources->port_names[port_index]);
	snprintf(text, sizeof(text), "port-%u", port_index + 1U);
	return json_object_new_string(text);
}

void control_message_type_name(uint8_t message_type, char ret_name[static CONTROL_TYPE_NAME])
{
	if (message_type < ARRAY_SIZE(message_types))
		snprintf(ret_name, CONTROL_TYPE_NAME, "%s", message_types[message_type]);
	else
		snprintf(ret_name, CONTROL_TYPE_NAME, "type-%u", message_type);
}

const char *control_message_stamp_source(uint8_t source)
{
	static const char *const names[] = {
		[EBC_STAMP_SKB] = "skb",
		[EBC_STAMP_TC] = "tc",
		[EBC_STAMP_START_XMIT] = "start_xmit",
		[EBC_STAMP_DRIVER] = "driver",
		[EBC_STAMP_XMIT] = "xmit",
	};

	return source < ARRAY_SIZE(names) && names[source] ? names[source] : "unknown";
}

static struct json_object *type_name(uint8_t message_type)
{
	char text[CONTROL_TYPE_NAME];

	control_message_type_name(message_type, text);
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
	return control_json_seal_one("residence", object);
}

struct control_message *control_message_rows_end(uint64_t next, uint64_t n_lost)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "end", json_object_new_boolean(true));
	json_object_object_add(object, "next", json_object_new_uint64(next));
	json_object_object_add(object, "lost", json_object_new_uint64(n_lost));
	return control_json_seal(object);
}

struct control_message *control_message_samples_lost(uint64_t n)
{
	return control_json_seal_one("lost", json_object_new_uint64(n));
}

struct control_message *control_message_samples_end(uint64_t n_delivered, uint64_t n_lost)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "end", json_object_new_boolean(true));
	json_object_object_add(object, "delivered", json_object_new_uint64(n_delivered));
	json_object_object_add(object, "lost", json_object_new_uint64(n_lost));
	return control_json_seal(object);
}
