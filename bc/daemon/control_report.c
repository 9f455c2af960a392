// SPDX-License-Identifier: GPL-2.0-or-later
/* See control_report.h. */
#include "bc/daemon/control_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "bc/daemon/control_message.h"
#include "version.h"

static void add(struct json_object *object, const char *name, struct json_object *value)
{
	json_object_object_add(object, name, value);
}

static void add_text(struct json_object *object, const char *name, const char *text)
{
	add(object, name, control_json_text(text));
}

/* Null where there is none. */
static void add_name(struct json_object *object, const char *name, const char *text)
{
	add(object, name, text && *text ? control_json_text(text) : NULL);
}

static void add_number(struct json_object *object, const char *name, int64_t value)
{
	add(object, name, json_object_new_int64(value));
}

static void add_unsigned(struct json_object *object, const char *name, uint64_t value)
{
	add(object, name, json_object_new_uint64(value));
}

static void add_boolean(struct json_object *object, const char *name, bool value)
{
	add(object, name, json_object_new_boolean(value));
}

static void add_decimal(struct json_object *object, const char *name, double value)
{
	add(object, name, control_json_decimal(value, 1));
}

static void add_hex(struct json_object *object, const char *name, unsigned int value, int digits)
{
	char text[16];

	snprintf(text, sizeof(text), "0x%0*x", digits, value);
	add_text(object, name, text);
}

static struct json_object *time_object(const struct control_status *s)
{
	struct json_object *object;

	if (!s->has_clock)
		return NULL;
	object = json_object_new_object();
	add_number(object, "ptp_ns", s->time.ptp_ns);
	add_unsigned(object, "mono_ns", s->now_mono_ns);
	add_boolean(object, "ptp_timescale", s->time.is_ptp_timescale);
	add_number(object, "utc_offset_s", s->time.utc_offset_s);
	add_boolean(object, "utc_offset_valid", s->time.is_utc_offset_valid);
	add_number(object, "leap", s->time.leap);
	add_boolean(object, "time_traceable", s->time.is_time_traceable);
	add_boolean(object, "frequency_traceable", s->time.is_frequency_traceable);
	add_hex(object, "time_source", s->time.time_source, 2);
	return object;
}

static struct json_object *grandmaster_object(const struct control_status *s)
{
	struct json_object *object;

	if (!s->has_clock)
		return NULL;
	object = json_object_new_object();
	add_text(object, "identity", s->grandmaster.identity);
	add_boolean(object, "is_self", s->grandmaster.is_self);
	add_number(object, "clock_class", s->grandmaster.clock_class);
	add_hex(object, "clock_accuracy", s->grandmaster.clock_accuracy, 2);
	add_hex(object, "offset_scaled_log_variance", s->grandmaster.offset_scaled_log_variance, 4);
	add_number(object, "priority1", s->grandmaster.priority1);
	add_number(object, "priority2", s->grandmaster.priority2);
	return object;
}

static struct json_object *parent_object(const struct control_sources *sources,
					 const struct control_status *s)
{
	struct json_object *object;

	if (!s->has_parent)
		return NULL;
	object = json_object_new_object();
	add_text(object, "identity", s->parent.identity);
	add_text(object, "port", sources->port_names[s->parent.port]);
	return object;
}

static struct json_object *offset_object(const struct control_status *s)
{
	struct json_object *object;

	if (!s->has_offset)
		return NULL;
	object = json_object_new_object();
	add_number(object, "last_ns", s->offset.last_ns);
	add(object, "rms_ns", control_json_decimal(s->offset.rms_ns, 0));
	add_number(object, "max_ns", s->offset.max_ns);
	add_unsigned(object, "n", s->offset.n);
	add_unsigned(object, "age_ns", s->offset.age_ns);
	add_decimal(object, "frequency_ppb", s->offset.frequency_ppb);
	add_number(object, "path_delay_ns", s->offset.path_delay_ns);
	return object;
}

static struct json_object *holdover_object(const struct control_status *s)
{
	struct json_object *object;

	if (!s->is_holdover)
		return NULL;
	object = json_object_new_object();
	add_unsigned(object, "age_ns", s->holdover.age_ns);
	add(object, "expected_error_ns",
	    s->holdover.expected_error_ns < 0 ? NULL : json_object_new_int64(s->holdover.expected_error_ns));
	return object;
}

static struct json_object *rate_object(const struct control_status *s)
{
	struct json_object *object;

	if (!s->has_rate)
		return NULL;
	object = json_object_new_object();
	add_decimal(object, "ratio_ppb", s->rate.ratio_ppb);
	add_text(object, "grandmaster", s->rate.grandmaster);
	return object;
}

static struct json_object *alarms_array(const struct control_sources *sources, const struct control_status *s)
{
	struct json_object *array = json_object_new_array_ext((int)s->n_alarms);

	for (size_t i = 0; i < s->n_alarms; i++) {
		const struct control_alarm *alarm = &s->alarms[i];
		struct json_object *object = json_object_new_object();

		add_text(object, "kind", alarm->kind);
		add_name(object, "port", alarm->port < 0 ? NULL : sources->port_names[alarm->port]);
		add_text(object, "text", alarm->text);
		add_unsigned(object, "since_mono_ns", alarm->since_mono_ns);
		json_object_array_add(array, object);
	}
	return array;
}

struct control_message *control_report_status(const struct control_sources *sources)
{
	struct json_object *object = json_object_new_object();
	struct control_status s = {};

	sources->state.get_status(sources->state.context, &s);
	add_text(object, "version", EBC_VERSION);
	add_number(object, "pid", s.pid);
	add_unsigned(object, "started_mono_ns", s.started_mono_ns);
	add_unsigned(object, "now_mono_ns", s.now_mono_ns);
	add_text(object, "clock_type", sources->clock_type);
	add_name(object, "local_clock", s.local_clock);
	add_text(object, "stamping", s.stamping);
	add_number(object, "domain", s.domain_number);
	add_number(object, "sdo_id", s.sdo_id);
	add_name(object, "clock_identity", s.clock_identity);
	add_text(object, "state", s.state);
	add(object, "time", time_object(&s));
	add(object, "grandmaster", grandmaster_object(&s));
	add(object, "parent", parent_object(sources, &s));
	add(object, "steps_removed", s.has_clock ? json_object_new_int64(s.steps_removed) : NULL);
	add(object, "offset", offset_object(&s));
	add(object, "holdover", holdover_object(&s));
	add(object, "rate", rate_object(&s));
	add(object, "alarms", alarms_array(sources, &s));
	return control_json_seal_one("status", object);
}

static void add_interval(struct json_object *object, const char *name, bool has_intervals, int value)
{
	add(object, name, has_intervals ? json_object_new_int(value) : NULL);
}

static void add_mac(struct json_object *object, const struct control_port_status *s)
{
	char text[18];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", s->mac[0], s->mac[1], s->mac[2],
		 s->mac[3], s->mac[4], s->mac[5]);
	add_text(object, "mac", s->has_mac ? text : NULL);
}

struct control_message *control_report_port(const struct control_sources *sources, size_t port)
{
	struct json_object *object = json_object_new_object();
	struct control_port_status s = {};

	sources->state.get_port_status(sources->state.context, port, &s);
	add_unsigned(object, "number", port + 1);
	add_text(object, "name", sources->port_names[port]);
	add_text(object, "state", s.state);
	add_unsigned(object, "since_mono_ns", s.since_mono_ns);
	add_boolean(object, "is_usable", s.is_usable);
	add_text(object, "reason", s.reason);
	add_mac(object, &s);
	add(object, "ifindex", s.ifindex ? json_object_new_int(s.ifindex) : NULL);
	add_name(object, "driver", s.driver);
	add_text(object, "transport", s.transport);
	add_name(object, "delay_mechanism", s.delay_mechanism);
	add(object, "delay_ns", s.has_delay ? json_object_new_int64(s.delay_ns) : NULL);
	add_text(object, "tx_stamp", control_message_stamp_source((uint8_t)s.tx_stamp));
	add_boolean(object, "one_step", s.is_one_step);
	add_name(object, "forward", s.forward);
	add_name(object, "peer", s.peer);
	add_interval(object, "log_announce_interval", s.has_intervals, s.log_announce_interval);
	add_interval(object, "log_sync_interval", s.has_intervals, s.log_sync_interval);
	add_interval(object, "log_min_delay_req_interval", s.has_intervals, s.log_min_delay_req_interval);
	return control_json_seal_one("port", object);
}

static struct json_object *counters_object(const struct counter_list *list)
{
	struct json_object *object = json_object_new_object(), *known;

	for (size_t i = 0; i < list->n; i++) {
		uint64_t value = list->entries[i].value;

		if (json_object_object_get_ex(object, list->entries[i].name, &known))
			value += json_object_get_uint64(known);
		add_unsigned(object, list->entries[i].name, value);
	}
	return object;
}

struct control_message *control_report_stats(const struct control_sources *sources, size_t port)
{
	const struct control_state *state = &sources->state;
	struct json_object *object = json_object_new_object();
	struct counter_list list = {.n = 0};

	add_unsigned(object, "number", port + 1);
	add_text(object, "name", sources->port_names[port]);
	state->list_counters(state->context, port, &list);
	add(object, "counters", counters_object(&list));
	if (state->list_other_counters) {
		list.n = 0;
		state->list_other_counters(state->context, port, &list);
		add(object, "other_domains", counters_object(&list));
	}
	return control_json_seal_one("stats", object);
}
