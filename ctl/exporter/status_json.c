// SPDX-License-Identifier: GPL-2.0-or-later
/* /status.json: what the daemon told, as it told it, with the trace and digests of the residences beside it.
 */
#include "ctl/exporter/status_json.h"

#include <inttypes.h>
#include <math.h>

#include "ctl/histogram.h"
#include "util/macros.h"
#include "version.h"

/* Of more pairs and types of messages those with most messages; a page cannot show them all. */
#define RESIDENCES_MAX 48
/* Buckets of the page, four to an octave, are this many of the kernel's. */
#define BUCKETS_JOINED 4

static void put_json(const char *name, struct json_object *value, FILE *to)
{
	fprintf(to, ",\"%s\":%s", name, json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
}

static void put_text(const char *name, const char *text, FILE *to)
{
	struct json_object *value = json_object_new_string(text);

	put_json(name, value, to);
	json_object_put(value);
}

/* JSON has no NaN. */
static void put_ns(const char *name, double ns, FILE *to)
{
	if (isnan(ns))
		fprintf(to, ",\"%s\":null", name);
	else
		fprintf(to, ",\"%s\":%.0f", name, ns);
}

/* [number, mono_ns, offset_ns, frequency_ppb, path_delay_ns, servo_state, port] */
static void put_trace_row(uint64_t number, const struct trace_row *row, FILE *to)
{
	fprintf(to, "[%" PRIu64 ",%" PRIu64 ",%" PRId64 ",%.3f,", number, row->mono_ns, row->offset_ns,
		row->frequency_ppb);
	if (row->has_path_delay)
		fprintf(to, "%" PRId64, row->path_delay_ns);
	else
		fputs("null", to);
	fprintf(to, ",%u,%u]", row->servo_state, row->port);
}

static void put_trace(const struct trace *trace, uint64_t since, uint64_t daemon_now_mono_ns, FILE *to)
{
	uint64_t first = trace_first(trace, since, daemon_now_mono_ns);

	fprintf(to, ",\"trace\":{\"next\":%" PRIu64 ",\"rows\":[", trace->n);
	for (uint64_t i = first; i <= trace->n; i++) {
		if (i > first)
			fputc(',', to);
		put_trace_row(i, trace_get(trace, i), to);
	}
	fputs("]}", to);
}

/* [lower_ns, upper_ns, count] of those that are not empty. */
static void put_buckets(const struct ebc_histogram *histogram, FILE *to)
{
	const char *separator = "";

	fputs(",\"buckets\":[", to);
	for (size_t i = 0; i < EBC_HISTOGRAM_BUCKETS; i += BUCKETS_JOINED) {
		uint64_t n = 0, lower_ns, upper_ns, unused;

		for (size_t k = i; k < i + BUCKETS_JOINED; k++)
			n += histogram->bucket[k];
		if (!n)
			continue;
		histogram_bucket_range(i, &lower_ns, &unused);
		histogram_bucket_range(i + BUCKETS_JOINED - 1, &unused, &upper_ns);
		fprintf(to, "%s[%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", separator, lower_ns, upper_ns, n);
		separator = ",";
	}
	fputc(']', to);
}

static void put_residence(const struct residence *residence, FILE *to)
{
	const struct ebc_histogram *total = &residence->measured.total;

	fprintf(to, "{\"count\":%llu", total->count);
	put_text("ingress", residence->ingress, to);
	put_text("egress", residence->egress, to);
	put_text("type", residence->type, to);
	put_ns("p50_ns", histogram_quantile_ns(total, 5000), to);
	put_ns("p90_ns", histogram_quantile_ns(total, 9000), to);
	put_ns("p99_ns", histogram_quantile_ns(total, 9900), to);
	put_ns("max_ns", total->count ? (double)total->max_ns : NAN, to);
	put_ns("before_p50_ns", histogram_quantile_ns(&residence->measured.before, 5000), to);
	put_ns("queued_p50_ns", histogram_quantile_ns(&residence->measured.queued, 5000), to);
	put_buckets(total, to);
	fputc('}', to);
}

static size_t n_with_more(const struct residences *residences, uint64_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < residences->n; i++)
		n += residences->list[i].measured.total.count > count;
	return n;
}

static void put_residences(const struct residences *residences, FILE *to)
{
	size_t n = 0;

	fputs(",\"residences\":[", to);
	for (size_t i = 0; i < residences->n && n < RESIDENCES_MAX; i++) {
		const struct residence *one = &residences->list[i];

		if (n_with_more(residences, one->measured.total.count) >= RESIDENCES_MAX)
			continue;
		if (n++)
			fputc(',', to);
		put_residence(one, to);
	}
	fprintf(to, "],\"residences_omitted\":%zu", residences->n - n);
}

void status_json_print(const struct known *known, uint64_t since, uint64_t now_mono_ns, FILE *to)
{
	const struct snapshot *snapshot = &known->snapshot;
	uint64_t daemon_now_mono_ns = known_daemon_mono_ns(known, now_mono_ns);

	fprintf(to, "{\"up\":%s,\"age_ns\":%" PRIu64 ",\"now_mono_ns\":%" PRIu64,
		snapshot->is_up ? "true" : "false", now_mono_ns - snapshot->taken_mono_ns,
		daemon_now_mono_ns);
	put_text("error", snapshot->error, to);
	put_text("exporter_version", EBC_VERSION, to);
	put_json("status", snapshot->status, to);
	put_json("ports", snapshot->ports, to);
	put_json("stats", snapshot->counters, to);
	put_json("log", snapshot->log, to);
	put_residences(&snapshot->residences, to);
	put_trace(&known->trace, since, daemon_now_mono_ns, to);
	fputs("}\n", to);
}
