// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows of `offsets` taken apart, and their statistics. */
#include "ctl/offsets.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "ctl/fetch.h"
#include "ctl/query.h"
#include "ctl/tool.h"
#include "ctl/value.h"
#include "util/cleanup.h"
#include "util/macros.h"

const char *const offset_fields[7] = {"number",	       "mono_ns",	"port",	      "offset_ns",
				      "frequency_ppb", "path_delay_ns", "servo_state"};

/* The daemon keeps 8192, and may have measured more while it told them. */
static const struct query_table offsets_table = {"offsets", "offsets", ARRAY_SIZE(offset_fields),
						 offset_fields, 16384};

static bool read_row(struct json_object *row, struct offset *ret_offset)
{
	struct offset o = {.path_delay_ns = OFFSET_NO_DELAY};
	struct json_object *delay = json_object_array_get_idx(row, 5);
	uint64_t port, servo_state;

	if (!json_get_u64(json_object_array_get_idx(row, 0), &o.number) ||
	    !json_get_u64(json_object_array_get_idx(row, 1), &o.mono_ns) ||
	    !json_get_u64(json_object_array_get_idx(row, 2), &port) ||
	    !value_is_s64(json_object_array_get_idx(row, 3), &o.offset_ns) ||
	    !value_is_number(json_object_array_get_idx(row, 4), &o.frequency_ppb) ||
	    (delay && !value_is_s64(delay, &o.path_delay_ns)) ||
	    !json_get_u64(json_object_array_get_idx(row, 6), &servo_state) || port > UINT32_MAX ||
	    servo_state > UINT32_MAX)
		return false;
	o.port = (uint32_t)port;
	o.servo_state = (uint32_t)servo_state;
	*ret_offset = o;
	return true;
}

static int make_room(struct offsets *offsets, size_t n_more)
{
	size_t n = MAX(1024, offsets->n_allocated);
	struct offset *list;

	while (n < offsets->n + n_more)
		n *= 2;
	if (n == offsets->n_allocated)
		return 0;
	list = reallocarray(offsets->list, n, sizeof(*list));
	if (!list)
		return -ENOMEM;
	offsets->list = list;
	offsets->n_allocated = n;
	return 0;
}

int offsets_fetch(struct client *client, struct offsets *offsets)
{
	_cleanup_(tool_cleanup_json) struct json_object *rows = json_object_new_array();
	size_t n_before = offsets->n;
	uint64_t n_lost = 0;
	/* What was before anybody asked is not lost to us. */
	bool is_first = offsets->next == 0;
	int r = query_rows(client, &offsets_table, &offsets->next, &n_lost, rows);

	if (r < 0)
		return r;
	offsets->n_lost += is_first ? 0 : n_lost;
	r = make_room(offsets, value_length(rows));
	if (r < 0)
		return r;
	for (size_t i = 0; i < value_length(rows); i++) {
		struct offset *o = &offsets->list[offsets->n];

		if (!read_row(json_object_array_get_idx(rows, i), o) ||
		    (offsets->n > 0 && o->mono_ns < o[-1].mono_ns)) {
			offsets->n = n_before;
			return client_complain(client);
		}
		offsets->n++;
	}
	return 0;
}

void offsets_keep(struct offsets *offsets, size_t n)
{
	if (offsets->n <= n)
		return;
	memmove(offsets->list, offsets->list + offsets->n - n, n * sizeof(*offsets->list));
	offsets->n = n;
}

void offsets_free(struct offsets *offsets)
{
	free(offsets->list);
	*offsets = (struct offsets){};
}

struct json_object *offset_json(const struct offset *o)
{
	struct json_object *row = json_object_new_array_ext(ARRAY_SIZE(offset_fields));

	json_object_array_add(row, json_object_new_uint64(o->number));
	json_object_array_add(row, json_object_new_uint64(o->mono_ns));
	json_object_array_add(row, json_object_new_uint64(o->port));
	json_object_array_add(row, json_object_new_int64(o->offset_ns));
	json_object_array_add(row, tool_json_number(o->frequency_ppb, 3));
	json_object_array_add(
		row, o->path_delay_ns == OFFSET_NO_DELAY ? NULL : json_object_new_int64(o->path_delay_ns));
	json_object_array_add(row, json_object_new_uint64(o->servo_state));
	return row;
}

static size_t count_locked(const struct offsets *offsets)
{
	size_t n = 0;

	for (size_t i = 0; i < offsets->n; i++)
		n += offsets->list[i].servo_state >= OFFSET_LOCKED;
	return n;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double offset_of(const struct offset *o)
{
	return (double)o->offset_ns;
}

static double frequency_of(const struct offset *o)
{
	return o->frequency_ppb;
}

static double delay_of(const struct offset *o)
{
	return o->path_delay_ns == OFFSET_NO_DELAY ? NAN : (double)o->path_delay_ns;
}

static double magnitude_of(const struct offset *o)
{
	return fabs(offset_of(o));
}

/* That value of all that count and have it; `values` has room for all. */
static size_t collect(const struct offsets *offsets, size_t n_locked,
		      double (*value_of)(const struct offset *), double *values)
{
	size_t n = 0;

	for (size_t i = 0; i < offsets->n; i++) {
		const struct offset *o = &offsets->list[i];

		values[n] = value_of(o);
		n += (n_locked == 0 || o->servo_state >= OFFSET_LOCKED) && !isnan(values[n]);
	}
	return n;
}

static double mean_of(const double *values, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += values[i];
	return n ? sum / (double)n : NAN;
}

static double sd_of(const double *values, size_t n, double mean)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (values[i] - mean) * (values[i] - mean);
	return n > 1 ? sqrt(sum / (double)(n - 1)) : NAN;
}

/* By nearest rank. */
static double quantile_of(const double *sorted, size_t n, double share)
{
	size_t rank = (size_t)ceil(share * (double)n);

	return n ? sorted[CLAMP(rank, 1, n) - 1] : NAN;
}

double *offsets_magnitudes(const struct offsets *offsets, size_t *ret_n)
{
	double *values = calloc(offsets->n + 1, sizeof(*values));

	if (!values)
		return NULL;
	*ret_n = collect(offsets, count_locked(offsets), magnitude_of, values);
	qsort(values, *ret_n, sizeof(*values), compare);
	return values;
}

int offsets_statistics(const struct offsets *offsets, struct offset_statistics *ret_statistics)
{
	struct offset_statistics s = {.n = offsets->n, .n_locked = count_locked(offsets)};
	_cleanup_free_ double *values = calloc(offsets->n + 1, sizeof(*values));
	size_t n;

	if (!values)
		return -ENOMEM;
	n = collect(offsets, s.n_locked, offset_of, values);
	s.mean_ns = mean_of(values, n);
	s.sd_ns = sd_of(values, n, s.mean_ns);
	n = collect(offsets, s.n_locked, magnitude_of, values);
	qsort(values, n, sizeof(*values), compare);
	s.p50_ns = quantile_of(values, n, 0.5);
	s.p90_ns = quantile_of(values, n, 0.9);
	s.p99_ns = quantile_of(values, n, 0.99);
	s.p99_9_ns = quantile_of(values, n, 0.999);
	s.max_ns = quantile_of(values, n, 1);
	for (size_t i = 0; i < n; i++)
		values[i] *= values[i];
	s.rms_ns = sqrt(mean_of(values, n));
	n = collect(offsets, s.n_locked, frequency_of, values);
	s.frequency_mean_ppb = mean_of(values, n);
	s.frequency_sd_ppb = sd_of(values, n, s.frequency_mean_ppb);
	n = collect(offsets, s.n_locked, delay_of, values);
	qsort(values, n, sizeof(*values), compare);
	s.delay_min_ns = quantile_of(values, n, 0);
	s.delay_p50_ns = quantile_of(values, n, 0.5);
	s.delay_max_ns = quantile_of(values, n, 1);
	*ret_statistics = s;
	return 0;
}
