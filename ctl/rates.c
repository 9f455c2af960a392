// SPDX-License-Identifier: GPL-2.0-or-later
/* Differences of counters. */
#include "ctl/rates.h"

#include <math.h>
#include <string.h>

#include "ctl/fetch.h"
#include "ctl/value.h"

struct json_object *rates_find(struct json_object *stats, struct json_object *port)
{
	struct json_object *name = value_get(port, "name");

	for (size_t i = 0; i < value_length(stats); i++) {
		struct json_object *one = json_object_array_get_idx(stats, i);

		if (name && json_object_equal(value_get(one, "name"), name))
			return one;
	}
	return NULL;
}

double rates_of(struct json_object *now, struct json_object *earlier, const char *counter, double seconds)
{
	uint64_t n, n_earlier;

	if (!json_get_u64(value_get(value_get(now, "counters"), counter), &n) ||
	    !json_get_u64(value_get(value_get(earlier, "counters"), counter), &n_earlier) || n < n_earlier)
		return NAN;
	return (double)(n - n_earlier) / seconds;
}

/* What comes a second time, or is another's to answer, is dropped in good order. */
static bool is_refusal(const char *name)
{
	return strstr(name, "refused") ||
	       (strstr(name, "_dropped_") && !strstr(name, "_seen") && !strstr(name, "_delay"));
}

double rates_of_refused(struct json_object *now, struct json_object *earlier, double seconds)
{
	struct json_object *counters = value_get(now, "counters");
	double sum = NAN;

	if (!json_object_is_type(counters, json_type_object))
		return NAN;
	json_object_object_foreach(counters, name, unused)
	{
		double rate = is_refusal(name) ? rates_of(now, earlier, name, seconds) : NAN;

		(void)unused;
		if (!isnan(rate))
			sum = isnan(sum) ? rate : sum + rate;
	}
	return sum;
}
