// SPDX-License-Identifier: GPL-2.0-or-later
/* Families of the clock: what it is, whom it follows, what is wrong. */
#include "ctl/exporter/metric_families.h"

#include <string.h>

#include "ctl/exporter/metric_writer.h"
#include "util/macros.h"

static const char *const clock_states[] = {"locked",	"acquiring",  "holdover", "grandmaster",
					   "listening", "forwarding", "measuring"};
static const char *const alarm_kinds[] = {"holdover",	"no_master",	 "port_faulty", "not_attached",
					  "step_guard", "path_delay",	 "rival",	"stamps_before_queue",
					  "no_bpf",	"reload_refused"};

void metric_put_build_info(struct metric_writer *writer)
{
	static const char *const members[] = {"version", "clock_type", "clock_identity", "local_clock",
					      "stamping"};

	if (!metric_status(writer))
		return;
	metric_begin(writer, "");
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		metric_member_label(writer, members[i], metric_status(writer), members[i]);
	metric_end_count(writer, 1);
}

void metric_put_uptime(struct metric_writer *writer)
{
	struct json_object *started = json_object_object_get(metric_status(writer), "started_mono_ns");
	uint64_t started_mono_ns;

	if (!json_get_u64(started, &started_mono_ns) || started_mono_ns > writer->daemon_now_mono_ns)
		return;
	metric_begin(writer, "");
	metric_end_value(writer, (double)(writer->daemon_now_mono_ns - started_mono_ns) * 1e-9);
}

void metric_put_state(struct metric_writer *writer)
{
	metric_states(writer, metric_status(writer), clock_states, ARRAY_SIZE(clock_states), NULL);
}

/* A transparent clock follows nobody, but knows whose rate it measures. */
static void put_grandmaster_of_rate(struct metric_writer *writer)
{
	struct json_object *rate = json_object_object_get(metric_status(writer), "rate");

	if (!metric_get_text(rate, "grandmaster"))
		return;
	metric_begin(writer, "");
	metric_member_label(writer, "identity", rate, "grandmaster");
	metric_end_count(writer, 1);
}

void metric_put_grandmaster_info(struct metric_writer *writer)
{
	static const char *const members[] = {"identity",	"clock_class",
					      "clock_accuracy", "offset_scaled_log_variance",
					      "priority1",	"priority2"};
	struct json_object *grandmaster = json_object_object_get(metric_status(writer), "grandmaster");

	if (!json_object_is_type(grandmaster, json_type_object)) {
		put_grandmaster_of_rate(writer);
		return;
	}
	metric_begin(writer, "");
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		metric_member_label(writer, members[i], grandmaster, members[i]);
	metric_member_label(writer, "time_source", json_object_object_get(metric_status(writer), "time"),
			    "time_source");
	metric_end_count(writer, 1);
}

void metric_put_parent_info(struct metric_writer *writer)
{
	struct json_object *parent = json_object_object_get(metric_status(writer), "parent");

	if (!json_object_is_type(parent, json_type_object))
		return;
	metric_begin(writer, "");
	metric_member_label(writer, "port_identity", parent, "identity");
	metric_member_label(writer, "interface", parent, "port");
	metric_end_count(writer, 1);
}

/* Of `kind`; NULL: of none that is known here. */
static uint64_t count_alarms(struct json_object *alarms, const char *kind)
{
	uint64_t n = 0;

	for (size_t i = 0; i < json_object_array_length(alarms); i++) {
		const char *one = metric_get_text(json_object_array_get_idx(alarms, i), "kind");

		if (one)
			n += kind ? strcmp(one, kind) == 0
				  : !metric_is_among(one, alarm_kinds, ARRAY_SIZE(alarm_kinds));
	}
	return n;
}

void metric_put_alarms(struct metric_writer *writer)
{
	struct json_object *alarms = json_object_object_get(metric_status(writer), "alarms");

	if (!json_object_is_type(alarms, json_type_array))
		return;
	for (size_t i = 0; i <= ARRAY_SIZE(alarm_kinds); i++) {
		const char *kind = i < ARRAY_SIZE(alarm_kinds) ? alarm_kinds[i] : NULL;

		metric_begin(writer, "");
		metric_label(writer, "kind", kind ? kind : "other");
		metric_end_count(writer, count_alarms(alarms, kind));
	}
}
