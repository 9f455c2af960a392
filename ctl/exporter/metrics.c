// SPDX-License-Identifier: GPL-2.0-or-later
/* The metrics of the table, one after the other. */
#include "ctl/exporter/metrics.h"

#include <inttypes.h>
#include <json-c/json_pointer.h>
#include <math.h>
#include <string.h>

#include "util/macros.h"
#include "version.h"

struct metric;

/* Where a metric's samples go: its header comes before the first of them, and not without any. */
struct writer {
	FILE *to;
	const struct known *known;
	uint64_t now_mono_ns;	     /* ours */
	uint64_t daemon_now_mono_ns; /* of the clock of its stamps */
	uint64_t n_requests;
	const struct metric *metric;
	bool has_header;
	bool has_labels; /* of the sample that is being written */
};

struct metric {
	const char *name, *type, *help;
	const char *pointer; /* NULL: `put` */
	double factor;
	void (*put)(struct writer *writer);
};

static const char *const clock_states[] = {"locked",	"acquiring",  "holdover", "grandmaster",
					   "listening", "forwarding", "measuring"};
static const char *const port_states[] = {"INITIALIZING", "FAULTY", "DISABLED",	    "LISTENING",
					  "PRE_MASTER",	  "MASTER", "GRAND_MASTER", "PASSIVE",
					  "UNCALIBRATED", "SLAVE",  "FORWARDING"};
static const char *const alarm_kinds[] = {"holdover",	"no_master",	 "port_faulty", "not_attached",
					  "step_guard", "path_delay",	 "rival",	"stamps_before_queue",
					  "no_bpf",	"reload_refused"};
static const char *const message_types[] = {
	"sync",	     "follow_up",  "delay_req",	 "delay_resp",	"announce",
	"signaling", "management", "pdelay_req", "pdelay_resp", "pdelay_resp_follow_up"};
/* A counter with one of these in its name counts what was not taken. */
static const char *const refusals[] = {"refused", "ignored", "denied", "dropped"};

static bool is_among(const char *word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

/* NULL: it has no such member that is text. */
static const char *get_text(struct json_object *object, const char *name)
{
	struct json_object *member = json_object_object_get(object, name);

	return json_object_is_type(member, json_type_string) ? json_object_get_string(member) : NULL;
}

static struct json_object *status_of(const struct writer *writer)
{
	return writer->known->snapshot.status;
}

/* ----- the format ----- */

static void begin_sample(struct writer *writer, const char *suffix)
{
	const struct metric *metric = writer->metric;

	if (!writer->has_header)
		fprintf(writer->to, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
			metric->type);
	writer->has_header = true;
	writer->has_labels = false;
	fprintf(writer->to, "%s%s", metric->name, suffix);
}

static void put_label(struct writer *writer, const char *name, const char *value)
{
	fprintf(writer->to, "%c%s=\"", writer->has_labels ? ',' : '{', name);
	writer->has_labels = true;
	for (const char *c = value; *c; c++) {
		if (*c == '\n')
			fputs("\\n", writer->to);
		else if (*c == '"' || *c == '\\')
			fprintf(writer->to, "\\%c", *c);
		else
			fputc(*c, writer->to);
	}
	fputc('"', writer->to);
}

/* A member as a label: text as it is, numbers and booleans as JSON writes them, what is null as "". */
static void put_member_label(struct writer *writer, const char *name, struct json_object *object,
			     const char *member)
{
	struct json_object *value = json_object_object_get(object, member);

	put_label(writer, name, value ? json_object_get_string(value) : "");
}

static void end_labels(struct writer *writer)
{
	fputs(writer->has_labels ? "} " : " ", writer->to);
}

static void end_count(struct writer *writer, uint64_t value)
{
	end_labels(writer);
	fprintf(writer->to, "%" PRIu64 "\n", value);
}

static void end_value(struct writer *writer, double value)
{
	end_labels(writer);
	fprintf(writer->to, "%.15g\n", value);
}

static void put_count(struct writer *writer, uint64_t value)
{
	begin_sample(writer, "");
	end_count(writer, value);
}

static bool get_value(struct json_object *from, double *ret_value)
{
	switch (json_object_get_type(from)) {
	case json_type_boolean:
		*ret_value = json_object_get_boolean(from);
		return true;
	case json_type_int:
	case json_type_double:
		*ret_value = json_object_get_double(from);
		return isfinite(*ret_value);
	default:
		return false;
	}
}

static void put_value(struct writer *writer)
{
	struct json_object *found = NULL;
	double value;

	if (json_pointer_get(status_of(writer), writer->metric->pointer, &found) < 0 ||
	    !get_value(found, &value))
		return;
	begin_sample(writer, "");
	end_value(writer, value * writer->metric->factor);
}

/* ----- the clock ----- */

static void put_up(struct writer *writer)
{
	put_count(writer, writer->known->snapshot.is_up);
}

static void put_build_info(struct writer *writer)
{
	static const char *const members[] = {"version", "clock_type", "clock_identity", "local_clock",
					      "stamping"};

	if (!status_of(writer))
		return;
	begin_sample(writer, "");
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		put_member_label(writer, members[i], status_of(writer), members[i]);
	end_count(writer, 1);
}

static void put_uptime(struct writer *writer)
{
	struct json_object *started = json_object_object_get(status_of(writer), "started_mono_ns");
	uint64_t started_mono_ns;

	if (!json_get_u64(started, &started_mono_ns) || started_mono_ns > writer->daemon_now_mono_ns)
		return;
	begin_sample(writer, "");
	end_value(writer, (double)(writer->daemon_now_mono_ns - started_mono_ns) * 1e-9);
}

/* One of these is 1. */
static void put_states(struct writer *writer, struct json_object *of, const char *const *states, size_t n,
		       void (*put_labels)(struct writer *writer, struct json_object *of))
{
	const char *now = get_text(of, "state");

	for (size_t i = 0; now && i < n; i++) {
		begin_sample(writer, "");
		if (put_labels)
			put_labels(writer, of);
		put_label(writer, "state", states[i]);
		end_count(writer, strcmp(now, states[i]) == 0);
	}
}

static void put_state(struct writer *writer)
{
	put_states(writer, status_of(writer), clock_states, ARRAY_SIZE(clock_states), NULL);
}

/* A transparent clock follows nobody, but knows whose rate it measures. */
static void put_grandmaster_of_rate(struct writer *writer)
{
	struct json_object *rate = json_object_object_get(status_of(writer), "rate");

	if (!get_text(rate, "grandmaster"))
		return;
	begin_sample(writer, "");
	put_member_label(writer, "identity", rate, "grandmaster");
	end_count(writer, 1);
}

static void put_grandmaster_info(struct writer *writer)
{
	static const char *const members[] = {"identity",	"clock_class",
					      "clock_accuracy", "offset_scaled_log_variance",
					      "priority1",	"priority2"};
	struct json_object *grandmaster = json_object_object_get(status_of(writer), "grandmaster");

	if (!json_object_is_type(grandmaster, json_type_object)) {
		put_grandmaster_of_rate(writer);
		return;
	}
	begin_sample(writer, "");
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		put_member_label(writer, members[i], grandmaster, members[i]);
	put_member_label(writer, "time_source", json_object_object_get(status_of(writer), "time"),
			 "time_source");
	end_count(writer, 1);
}

static void put_parent_info(struct writer *writer)
{
	struct json_object *parent = json_object_object_get(status_of(writer), "parent");

	if (!json_object_is_type(parent, json_type_object))
		return;
	begin_sample(writer, "");
	put_member_label(writer, "port_identity", parent, "identity");
	put_member_label(writer, "interface", parent, "port");
	end_count(writer, 1);
}

/* Of `kind`; NULL: of none that is known here. */
static uint64_t count_alarms(struct json_object *alarms, const char *kind)
{
	uint64_t n = 0;

	for (size_t i = 0; i < json_object_array_length(alarms); i++) {
		const char *one = get_text(json_object_array_get_idx(alarms, i), "kind");

		if (one)
			n += kind ? strcmp(one, kind) == 0
				  : !is_among(one, alarm_kinds, ARRAY_SIZE(alarm_kinds));
	}
	return n;
}

static void put_alarms(struct writer *writer)
{
	struct json_object *alarms = json_object_object_get(status_of(writer), "alarms");

	if (!json_object_is_type(alarms, json_type_array))
		return;
	for (size_t i = 0; i <= ARRAY_SIZE(alarm_kinds); i++) {
		const char *kind = i < ARRAY_SIZE(alarm_kinds) ? alarm_kinds[i] : NULL;

		begin_sample(writer, "");
		put_label(writer, "kind", kind ? kind : "other");
		end_count(writer, count_alarms(alarms, kind));
	}
}

/* ----- the ports ----- */

static size_t n_ports(const struct writer *writer)
{
	struct json_object *ports = writer->known->snapshot.ports;

	return ports ? json_object_array_length(ports) : 0;
}

static struct json_object *port_at(const struct writer *writer, size_t i)
{
	return json_object_array_get_idx(writer->known->snapshot.ports, i);
}

static void put_port_labels(struct writer *writer, struct json_object *port)
{
	put_member_label(writer, "port", port, "number");
	put_member_label(writer, "interface", port, "name");
}

static void put_port_info(struct writer *writer)
{
	static const char *const members[] = {"mac",	  "driver", "transport", "delay_mechanism",
					      "tx_stamp", "peer"};

	for (size_t i = 0; i < n_ports(writer); i++) {
		begin_sample(writer, "");
		put_port_labels(writer, port_at(writer, i));
		for (size_t m = 0; m < ARRAY_SIZE(members); m++)
			put_member_label(writer, members[m], port_at(writer, i), members[m]);
		end_count(writer, 1);
	}
}

static void put_port_state(struct writer *writer)
{
	for (size_t i = 0; i < n_ports(writer); i++)
		put_states(writer, port_at(writer, i), port_states, ARRAY_SIZE(port_states), put_port_labels);
}

static void put_port_member(struct writer *writer, const char *member, double factor)
{
	for (size_t i = 0; i < n_ports(writer); i++) {
		double value;

		if (!get_value(json_object_object_get(port_at(writer, i), member), &value))
			continue;
		begin_sample(writer, "");
		put_port_labels(writer, port_at(writer, i));
		end_value(writer, value * factor);
	}
}

static void put_port_state_age(struct writer *writer)
{
	for (size_t i = 0; i < n_ports(writer); i++) {
		struct json_object *since = json_object_object_get(port_at(writer, i), "since_mono_ns");
		uint64_t since_mono_ns;

		if (!json_get_u64(since, &since_mono_ns) || since_mono_ns > writer->daemon_now_mono_ns)
			continue;
		begin_sample(writer, "");
		put_port_labels(writer, port_at(writer, i));
		end_value(writer, (double)(writer->daemon_now_mono_ns - since_mono_ns) * 1e-9);
	}
}

static void put_port_usable(struct writer *writer)
{
	put_port_member(writer, "is_usable", 1);
}

static void put_port_delay(struct writer *writer)
{
	put_port_member(writer, "delay_ns", 1e-9);
}

/* ----- counters: each belongs to one family ----- */

enum counter_family {
	COUNTER_RECEIVED,
	COUNTER_SENT,
	COUNTER_REFUSED,
	COUNTER_EVENT,
};

static enum counter_family family_of(const char *counter)
{
	if (strncmp(counter, "rx_", 3) == 0 &&
	    is_among(counter + 3, message_types, ARRAY_SIZE(message_types)))
		return COUNTER_RECEIVED;
	if (strncmp(counter, "tx_", 3) == 0 &&
	    is_among(counter + 3, message_types, ARRAY_SIZE(message_types)))
		return COUNTER_SENT;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
		if (strstr(counter, refusals[i]))
			return COUNTER_REFUSED;
	return COUNTER_EVENT;
}

static void put_port_counters(struct writer *writer, enum counter_family family, const char *label,
			      struct json_object *port)
{
	size_t n_prefix = family == COUNTER_RECEIVED || family == COUNTER_SENT ? strlen("rx_") : 0;

	json_object_object_foreach(json_object_object_get(port, "counters"), name, value)
	{
		if (family_of(name) != family)
			continue;
		begin_sample(writer, "");
		put_port_labels(writer, port);
		put_label(writer, label, name + n_prefix);
		end_count(writer, json_object_get_uint64(value));
	}
}

static void put_counters(struct writer *writer, enum counter_family family, const char *label)
{
	struct json_object *ports = writer->known->snapshot.counters;

	for (size_t i = 0; ports && i < json_object_array_length(ports); i++)
		put_port_counters(writer, family, label, json_object_array_get_idx(ports, i));
}

static void put_received(struct writer *writer)
{
	put_counters(writer, COUNTER_RECEIVED, "type");
}

static void put_sent(struct writer *writer)
{
	put_counters(writer, COUNTER_SENT, "type");
}

static void put_refused(struct writer *writer)
{
	put_counters(writer, COUNTER_REFUSED, "reason");
}

static void put_events(struct writer *writer)
{
	put_counters(writer, COUNTER_EVENT, "event");
}

/* ----- residences ----- */

/* Bounds of the buckets told: 2^10 ns, about 1 us, to 2^30 ns, about 1 s. All are bounds of the kernel's,
 * too. */
#define BOUND_FIRST 10
#define BOUND_LAST  30

/* The first bucket of times of 2^exponent ns and above, by the formula beside struct ebc_histogram. */
static size_t bucket_at(unsigned int exponent)
{
	return (exponent - 3) * 16;
}

static void begin_residence(struct writer *writer, const char *suffix, const struct residence *residence)
{
	begin_sample(writer, suffix);
	put_label(writer, "ingress", residence->ingress);
	put_label(writer, "egress", residence->egress);
	put_label(writer, "type", residence->type);
}

static void put_bucket(struct writer *writer, const struct residence *residence, const char *bound,
		       uint64_t n)
{
	begin_residence(writer, "_bucket", residence);
	put_label(writer, "le", bound);
	end_count(writer, n);
}

/* The count is the buckets' sum: that which was read beside them may be another moment's. */
static void put_residence(struct writer *writer, const struct residence *residence)
{
	const struct ebc_histogram *histogram = &residence->measured.total;
	size_t bucket = 0;
	uint64_t n = 0;

	for (unsigned int exponent = BOUND_FIRST; exponent <= BOUND_LAST; exponent++) {
		char bound[32];

		for (; bucket < bucket_at(exponent); bucket++)
			n += histogram->bucket[bucket];
		snprintf(bound, sizeof(bound), "%.10g", ldexp(1e-9, (int)exponent));
		put_bucket(writer, residence, bound, n);
	}
	for (; bucket < EBC_HISTOGRAM_BUCKETS; bucket++)
		n += histogram->bucket[bucket];
	put_bucket(writer, residence, "+Inf", n);
	begin_residence(writer, "_sum", residence);
	end_value(writer, (double)histogram->sum_ns * 1e-9);
	begin_residence(writer, "_count", residence);
	end_count(writer, n);
}

static bool is_same(const struct residence *a, const struct residence *b)
{
	return strcmp(a->ingress, b->ingress) == 0 && strcmp(a->egress, b->egress) == 0 &&
	       strcmp(a->type, b->type) == 0;
}

/* They are sorted, so a second one of the same names, which would spoil the whole scrape, is next to the
 * first. */
static void put_residences(struct writer *writer)
{
	const struct residences *residences = &writer->known->snapshot.residences;

	for (size_t i = 0; i < residences->n; i++)
		if (i == 0 || !is_same(&residences->list[i], &residences->list[i - 1]))
			put_residence(writer, &residences->list[i]);
}

/* ----- the exporter ----- */

static void put_exporter_info(struct writer *writer)
{
	begin_sample(writer, "");
	put_label(writer, "version", EBC_VERSION);
	end_count(writer, 1);
}

static void put_data_age(struct writer *writer)
{
	begin_sample(writer, "");
	end_value(writer, (double)(writer->now_mono_ns - writer->known->snapshot.taken_mono_ns) * 1e-9);
}

static void put_errors(struct writer *writer)
{
	put_count(writer, writer->known->n_errors);
}

static void put_restarts(struct writer *writer)
{
	put_count(writer, writer->known->n_restarts);
}

static void put_requests(struct writer *writer)
{
	put_count(writer, writer->n_requests);
}

static const struct metric metrics[] = {
#define VALUE(name, type, pointer, factor, help) {name, type, help, pointer, factor, put_value},
#define FAMILY(name, type, put, help)		 {name, type, help, NULL, 1, put},
#include "ctl/exporter/metrics.def"
#undef VALUE
#undef FAMILY
};

void metrics_print(const struct known *known, uint64_t now_mono_ns, uint64_t n_requests, FILE *to)
{
	struct writer writer = {.to = to,
				.known = known,
				.now_mono_ns = now_mono_ns,
				.daemon_now_mono_ns = known_daemon_mono_ns(known, now_mono_ns),
				.n_requests = n_requests};

	for (size_t i = 0; i < ARRAY_SIZE(metrics); i++) {
		writer.metric = &metrics[i];
		writer.has_header = false;
		metrics[i].put(&writer);
	}
}
