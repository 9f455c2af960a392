// SPDX-License-Identifier: GPL-2.0-or-later
/* Families of the ports' counters. Each counter belongs to one of them, by its name. */
#include "ctl/exporter/metric_families.h"

#include <string.h>

#include "ctl/exporter/metric_writer.h"
#include "util/macros.h"

static const char *const message_types[] = {
	"sync",	     "follow_up",  "delay_req",	 "delay_resp",	"announce",
	"signaling", "management", "pdelay_req", "pdelay_resp", "pdelay_resp_follow_up"};
/* A counter with one of these in its name counts what was not taken. */
static const char *const refusals[] = {"refused", "ignored", "denied", "dropped"};

enum counter_family {
	COUNTER_RECEIVED,
	COUNTER_SENT,
	COUNTER_REFUSED,
	COUNTER_EVENT,
};

static enum counter_family family_of(const char *counter)
{
	if (strncmp(counter, "rx_", 3) == 0 &&
	    metric_is_among(counter + 3, message_types, ARRAY_SIZE(message_types)))
		return COUNTER_RECEIVED;
	if (strncmp(counter, "tx_", 3) == 0 &&
	    metric_is_among(counter + 3, message_types, ARRAY_SIZE(message_types)))
		return COUNTER_SENT;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
		if (strstr(counter, refusals[i]))
			return COUNTER_REFUSED;
	return COUNTER_EVENT;
}

static void put_port_counters(struct metric_writer *writer, enum counter_family family, const char *label,
			      struct json_object *port)
{
	size_t n_prefix = family == COUNTER_RECEIVED || family == COUNTER_SENT ? strlen("rx_") : 0;

	json_object_object_foreach(json_object_object_get(port, "counters"), name, value)
	{
		if (family_of(name) != family)
			continue;
		metric_begin(writer, "");
		metric_port_labels(writer, port);
		metric_label(writer, label, name + n_prefix);
		metric_end_count(writer, json_object_get_uint64(value));
	}
}

static void put_counters(struct metric_writer *writer, enum counter_family family, const char *label)
{
	struct json_object *ports = writer->known->snapshot.counters;

	for (size_t i = 0; ports && i < json_object_array_length(ports); i++)
		put_port_counters(writer, family, label, json_object_array_get_idx(ports, i));
}

void metric_put_received(struct metric_writer *writer)
{
	put_counters(writer, COUNTER_RECEIVED, "type");
}

void metric_put_sent(struct metric_writer *writer)
{
	put_counters(writer, COUNTER_SENT, "type");
}

void metric_put_refused(struct metric_writer *writer)
{
	put_counters(writer, COUNTER_REFUSED, "reason");
}

void metric_put_events(struct metric_writer *writer)
{
	put_counters(writer, COUNTER_EVENT, "event");
}
