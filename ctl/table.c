// SPDX-License-Identifier: GPL-2.0-or-later
/* Printing residences. */
#include "ctl/table.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "ctl/histogram.h"
#include "ctl/tool.h"
#include "ctl/value.h"
#include "ctl/words.h"
#include "util/cleanup.h"
#include "util/macros.h"

#define COLUMNS	   16
#define CELL_SIZE  WORDS_SIZE
#define COLUMN_GAP "  "

enum {
	COLUMN_NAMES = 3,   /* ingress, egress, message */
	COLUMN_BEFORE = 12, /* where the parts begin */
	COLUMN_QUEUED = 14,
};

static const char *const headings[COLUMNS] = {"ingress", "egress", "message", "count", "min",  "p50",
					      "p90",	 "p99",	   "p99.9",   "max",   "mean", "sd",
					      "p50",	 "p99",	   "p50",     "p99"};

struct statistic {
	const char *name;
	unsigned int per_10000;
};

static const struct statistic quantiles[] = {
	{"p50_ns", 5000}, {"p90_ns", 9000}, {"p99_ns", 9900}, {"p99_9_ns", 9990}};

struct part {
	const char *name;
	size_t offset;
};

static const struct part parts[] = {
	{"total", offsetof(struct ebc_residence, total)},
	{"before", offsetof(struct ebc_residence, before)},
	{"queued", offsetof(struct ebc_residence, queued)},
};

static const struct ebc_histogram *part_of(const struct residence *residence, const struct part *part)
{
	return (const void *)((const char *)&residence->measured + part->offset);
}

static double min_ns(const struct ebc_histogram *h)
{
	return h->count ? (double)h->min_ns : NAN;
}

static double max_ns(const struct ebc_histogram *h)
{
	return h->count ? (double)h->max_ns : NAN;
}

static void set_name(char cell[static CELL_SIZE], const char name[NAME_SIZE])
{
	char printable[VALUE_TEXT_SIZE];

	snprintf(cell, CELL_SIZE, "%.*s", NAME_SIZE - 1, value_printable(name, printable));
}

static void fill_row(const struct residence *r, char cells[COLUMNS][CELL_SIZE])
{
	const struct ebc_histogram *total = &r->measured.total;
	const double times[] = {
		min_ns(total),
		histogram_quantile_ns(total, 5000),
		histogram_quantile_ns(total, 9000),
		histogram_quantile_ns(total, 9900),
		histogram_quantile_ns(total, 9990),
		max_ns(total),
		histogram_mean_ns(total),
		histogram_sd_ns(total),
		histogram_quantile_ns(&r->measured.before, 5000),
		histogram_quantile_ns(&r->measured.before, 9900),
		histogram_quantile_ns(&r->measured.queued, 5000),
		histogram_quantile_ns(&r->measured.queued, 9900),
	};

	set_name(cells[0], r->ingress);
	set_name(cells[1], r->egress);
	set_name(cells[2], r->type);
	snprintf(cells[3], CELL_SIZE, "%" PRIu64, (uint64_t)total->count);
	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		words_ns(times[i], cells[COLUMN_NAMES + 1 + i]);
}

static void print_row(char cells[COLUMNS][CELL_SIZE], const int width[COLUMNS], const char *line_end,
		      FILE *to)
{
	for (int i = 0; i < COLUMNS; i++) {
		const char *gap = i == 0 ? "" : i == COLUMN_BEFORE || i == COLUMN_QUEUED ? " | " : COLUMN_GAP;

		fprintf(to, "%s%*s", gap, i < COLUMN_NAMES ? -width[i] : width[i], cells[i]);
	}
	fputs(line_end, to);
}

static void print_groups(const int width[COLUMNS], const char *line_end, FILE *to)
{
	int left = 0;

	for (int i = 0; i < COLUMN_BEFORE; i++)
		left += width[i] + (i ? (int)strlen(COLUMN_GAP) : 0);
	fprintf(to, "%*s | %-*s | %s%s", left, "", width[12] + width[13] + (int)strlen(COLUMN_GAP),
		"before the queue", "in the queue", line_end);
}

void table_print(const struct residences *residences, const char *line_end, FILE *to)
{
	_cleanup_free_ char(*rows)[COLUMNS][CELL_SIZE] = calloc(residences->n + 1, sizeof(*rows));
	int width[COLUMNS] = {};

	if (!rows)
		return;
	for (size_t i = 0; i < COLUMNS; i++)
		strcpy(rows[0][i], headings[i]);
	for (size_t i = 0; i < residences->n; i++)
		fill_row(&residences->list[i], rows[i + 1]);
	for (size_t i = 0; i <= residences->n; i++)
		for (size_t k = 0; k < COLUMNS; k++)
			width[k] = MAX(width[k], (int)strlen(rows[i][k]));
	/* "before the queue" needs the room. */
	width[COLUMN_BEFORE] = MAX(width[COLUMN_BEFORE], 7);
	width[COLUMN_BEFORE + 1] = MAX(width[COLUMN_BEFORE + 1], 7);
	print_groups(width, line_end, to);
	for (size_t i = 0; i <= residences->n; i++)
		print_row(rows[i], width, line_end, to);
}

void csv_put_name(const char *name, FILE *to)
{
	char printable[VALUE_TEXT_SIZE];

	name = value_printable(name, printable);
	if (!strpbrk(name, ",\"")) {
		fputs(name, to);
		return;
	}
	putc('"', to);
	for (; *name; name++) {
		if (*name == '"')
			putc('"', to);
		putc(*name, to);
	}
	putc('"', to);
}

static void csv_put_time(double ns, FILE *to)
{
	if (isnan(ns))
		putc(',', to);
	else
		fprintf(to, ",%.1f", ns);
}

static void csv_put_line(const struct residence *r, const struct part *part, FILE *to)
{
	const struct ebc_histogram *h = part_of(r, part);

	csv_put_name(r->ingress, to);
	putc(',', to);
	csv_put_name(r->egress, to);
	putc(',', to);
	csv_put_name(r->type, to);
	fprintf(to, ",%s,%" PRIu64, part->name, (uint64_t)h->count);
	csv_put_time(min_ns(h), to);
	for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++)
		csv_put_time(histogram_quantile_ns(h, quantiles[i].per_10000), to);
	csv_put_time(max_ns(h), to);
	csv_put_time(histogram_mean_ns(h), to);
	csv_put_time(histogram_sd_ns(h), to);
	putc('\n', to);
}

void csv_print(const struct residences *residences, FILE *to)
{
	fputs("ingress,egress,type,part,count,min_ns", to);
	for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++)
		fprintf(to, ",%s", quantiles[i].name);
	fputs(",max_ns,mean_ns,sd_ns\n", to);
	for (size_t i = 0; i < residences->n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(parts); k++)
			csv_put_line(&residences->list[i], &parts[k], to);
}

static void add_time(struct json_object *object, const char *name, double ns)
{
	json_object_object_add(object, name, tool_json_number(ns, 1));
}

/* [lower, upper, count], so that nobody need know the formula. */
static struct json_object *buckets_json(const struct ebc_histogram *h)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < EBC_HISTOGRAM_BUCKETS; i++) {
		struct json_object *bucket;
		uint64_t lower, upper;

		if (!h->bucket[i])
			continue;
		histogram_bucket_range(i, &lower, &upper);
		bucket = json_object_new_array_ext(3);
		json_object_array_add(bucket, json_object_new_uint64(lower));
		json_object_array_add(bucket, json_object_new_uint64(upper));
		json_object_array_add(bucket, json_object_new_uint64(h->bucket[i]));
		json_object_array_add(array, bucket);
	}
	return array;
}

static struct json_object *histogram_json(const struct ebc_histogram *h)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "count", json_object_new_uint64(h->count));
	add_time(object, "min_ns", min_ns(h));
	for (size_t i = 0; i < ARRAY_SIZE(quantiles); i++)
		add_time(object, quantiles[i].name, histogram_quantile_ns(h, quantiles[i].per_10000));
	add_time(object, "max_ns", max_ns(h));
	add_time(object, "mean_ns", histogram_mean_ns(h));
	add_time(object, "sd_ns", histogram_sd_ns(h));
	json_object_object_add(object, "buckets", buckets_json(h));
	return object;
}

int json_print(const struct residences *residences, FILE *to)
{
	_cleanup_(tool_cleanup_json) struct json_object *all = json_object_new_object();
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < residences->n; i++) {
		const struct residence *r = &residences->list[i];
		struct json_object *object = json_object_new_object();

		json_object_object_add(object, "ingress", json_object_new_string(r->ingress));
		json_object_object_add(object, "egress", json_object_new_string(r->egress));
		json_object_object_add(object, "type", json_object_new_string(r->type));
		for (size_t k = 0; k < ARRAY_SIZE(parts); k++)
			json_object_object_add(object, parts[k].name, histogram_json(part_of(r, &parts[k])));
		json_object_array_add(array, object);
	}
	json_object_object_add(all, "residences", array);
	return tool_print_json(all, to);
}
