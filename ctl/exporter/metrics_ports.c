// SPDX-License-Identifier: GPL-2.0-or-later
/* Families of the ports: what they are, and how they are. */
#include "ctl/exporter/metric_families.h"

#include "ctl/exporter/metric_writer.h"
#include "util/macros.h"

static const char *const port_states[] = {"INITIALIZING", "FAULTY", "DISABLED",	    "LISTENING",
					  "PRE_MASTER",	  "MASTER", "GRAND_MASTER", "PASSIVE",
					  "UNCALIBRATED", "SLAVE",  "FORWARDING"};

static size_t n_ports(const struct metric_writer *writer)
{
	struct json_object *ports = writer->known->snapshot.ports;

	return ports ? json_object_array_length(ports) : 0;
}

static struct json_object *port_at(const struct metric_writer *writer, size_t i)
{
	return json_object_array_get_idx(writer->known->snapshot.ports, i);
}

void metric_put_port_info(struct metric_writer *writer)
{
	static const char *const members[] = {"mac",	  "driver", "transport", "delay_mechanism",
					      "tx_stamp", "peer"};

	for (size_t i = 0; i < n_ports(writer); i++) {
		metric_begin(writer, "");
		metric_port_labels(writer, port_at(writer, i));
		for (size_t m = 0; m < ARRAY_SIZE(members); m++)
			metric_member_label(writer, members[m], port_at(writer, i), members[m]);
		metric_end_count(writer, 1);
	}
}

void metric_put_port_state(struct metric_writer *writer)
{
	for (size_t i = 0; i < n_ports(writer); i++)
		metric_states(writer, port_at(writer, i), port_states, ARRAY_SIZE(port_states),
			      metric_port_labels);
}

static void put_port_member(struct metric_writer *writer, const char *member, double factor)
{
	for (size_t i = 0; i < n_ports(writer); i++) {
		double value;

		if (!metric_get_value(json_object_object_get(port_at(writer, i), member), &value))
			continue;
		metric_begin(writer, "");
		metric_port_labels(writer, port_at(writer, i));
		metric_end_value(writer, value * factor);
	}
}

void metric_put_port_state_age(struct metric_writer *writer)
{
	for (size_t i = 0; i < n_ports(writer); i++) {
		struct json_object *since = json_object_object_get(port_at(writer, i), "since_mono_ns");
		uint64_t since_mono_ns;

		if (!json_get_u64(since, &since_mono_ns) || since_mono_ns > writer->daemon_now_mono_ns)
			continue;
		metric_begin(writer, "");
		metric_port_labels(writer, port_at(writer, i));
		metric_end_value(writer, (double)(writer->daemon_now_mono_ns - since_mono_ns) * 1e-9);
	}
}

void metric_put_port_usable(struct metric_writer *writer)
{
	put_port_member(writer, "is_usable", 1);
}

void metric_put_port_delay(struct metric_writer *writer)
{
	put_port_member(writer, "delay_ns", 1e-9);
}
