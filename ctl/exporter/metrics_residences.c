// SPDX-License-Identifier: GPL-2.0-or-later
/* Residences as histograms. */
#include "ctl/exporter/metric_families.h"

#include <math.h>
#include <string.h>

#include "ctl/exporter/metric_writer.h"

/* Bounds of the buckets told: 2^10 ns, about 1 us, to 2^30 ns, about 1 s. All are bounds of the kernel's,
 * too. */
#define BOUND_FIRST 10
#define BOUND_LAST  30

/* The first bucket of times of 2^exponent ns and above, by the formula beside struct ebc_histogram. */
static size_t bucket_at(unsigned int exponent)
{
	return (exponent - 3) * 16;
}

static void begin_residence(struct metric_writer *writer, const char *suffix,
			    const struct residence *residence)
{
	metric_begin(writer, suffix);
	metric_label(writer, "ingress", residence->ingress);
	metric_label(writer, "egress", residence->egress);
	metric_label(writer, "type", residence->type);
}

static void put_bucket(struct metric_writer *writer, const struct residence *residence, const char *bound,
		       uint64_t n)
{
	begin_residence(writer, "_bucket", residence);
	metric_label(writer, "le", bound);
	metric_end_count(writer, n);
}

/* The count is the buckets' sum: that which was read beside them may be another moment's. */
static void put_residence(struct metric_writer *writer, const struct residence *residence)
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
	metric_end_value(writer, (double)histogram->sum_ns * 1e-9);
	begin_residence(writer, "_count", residence);
	metric_end_count(writer, n);
}

static bool is_same(const struct residence *a, const struct residence *b)
{
	return strcmp(a->ingress, b->ingress) == 0 && strcmp(a->egress, b->egress) == 0 &&
	       strcmp(a->type, b->type) == 0;
}

/* They are sorted, so a second one of the same names, which would spoil the whole scrape, is next to the
 * first. */
void metric_put_residences(struct metric_writer *writer)
{
	const struct residences *residences = &writer->known->snapshot.residences;

	for (size_t i = 0; i < residences->n; i++)
		if (i == 0 || !is_same(&residences->list[i], &residences->list[i - 1]))
			put_residence(writer, &residences->list[i]);
}
