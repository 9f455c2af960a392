// SPDX-License-Identifier: GPL-2.0-or-later
/* The metrics of the table, one after the other, and those of the exporter itself. */
#include "ctl/exporter/metrics.h"

#include <json-c/json_pointer.h>

#include "ctl/exporter/metric_families.h"
#include "ctl/exporter/metric_writer.h"
#include "util/macros.h"
#include "version.h"

static void put_value(struct metric_writer *writer)
{
	struct json_object *found = NULL;
	double value;

	if (json_pointer_get(metric_status(writer), writer->metric->pointer, &found) < 0 ||
	    !metric_get_value(found, &value))
		return;
	metric_begin(writer, "");
	metric_end_value(writer, value * writer->metric->factor);
}

void metric_put_up(struct metric_writer *writer)
{
	metric_count(writer, writer->known->snapshot.is_up);
}

void metric_put_exporter_info(struct metric_writer *writer)
{
	metric_begin(writer, "");
	metric_label(writer, "version", EBC_VERSION);
	metric_end_count(writer, 1);
}

void metric_put_data_age(struct metric_writer *writer)
{
	metric_begin(writer, "");
	metric_end_value(writer,
			 (double)(writer->now_mono_ns - writer->known->snapshot.taken_mono_ns) * 1e-9);
}

void metric_put_errors(struct metric_writer *writer)
{
	metric_count(writer, writer->known->n_errors);
}

void metric_put_restarts(struct metric_writer *writer)
{
	metric_count(writer, writer->known->n_restarts);
}

void metric_put_requests(struct metric_writer *writer)
{
	metric_count(writer, writer->n_requests);
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
	struct metric_writer writer = {.to = to,
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
