// SPDX-License-Identifier: GPL-2.0-or-later
/* The text format, and reading what the daemon told without trust. */
#include "ctl/exporter/metric_writer.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

bool metric_is_among(const char *word, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return false;
}

const char *metric_get_text(struct json_object *object, const char *name)
{
	struct json_object *member = json_object_object_get(object, name);

	return json_object_is_type(member, json_type_string) ? json_object_get_string(member) : NULL;
}

struct json_object *metric_status(const struct metric_writer *writer)
{
	return writer->known->snapshot.status;
}

void metric_begin(struct metric_writer *writer, const char *suffix)
{
	const struct metric *metric = writer->metric;

	if (!writer->has_header)
		fprintf(writer->to, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
			metric->type);
	writer->has_header = true;
	writer->has_labels = false;
	fprintf(writer->to, "%s%s", metric->name, suffix);
}

void metric_label(struct metric_writer *writer, const char *name, const char *value)
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

void metric_member_label(struct metric_writer *writer, const char *name, struct json_object *object,
			 const char *member)
{
	struct json_object *value = json_object_object_get(object, member);

	metric_label(writer, name, value ? json_object_get_string(value) : "");
}

void metric_port_labels(struct metric_writer *writer, struct json_object *port)
{
	metric_member_label(writer, "port", port, "number");
	metric_member_label(writer, "interface", port, "name");
}

static void end_labels(struct metric_writer *writer)
{
	fputs(writer->has_labels ? "} " : " ", writer->to);
}

void metric_end_count(struct metric_writer *writer, uint64_t value)
{
	end_labels(writer);
	fprintf(writer->to, "%" PRIu64 "\n", value);
}

void metric_end_value(struct metric_writer *writer, double value)
{
	end_labels(writer);
	fprintf(writer->to, "%.15g\n", value);
}

void metric_count(struct metric_writer *writer, uint64_t value)
{
	metric_begin(writer, "");
	metric_end_count(writer, value);
}

void metric_states(struct metric_writer *writer, struct json_object *of, const char *const *states, size_t n,
		   void (*put_labels)(struct metric_writer *writer, struct json_object *of))
{
	const char *now = metric_get_text(of, "state");

	for (size_t i = 0; now && i < n; i++) {
		metric_begin(writer, "");
		if (put_labels)
			put_labels(writer, of);
		metric_label(writer, "state", states[i]);
		metric_end_count(writer, strcmp(now, states[i]) == 0);
	}
}

bool metric_get_value(struct json_object *from, double *ret_value)
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
