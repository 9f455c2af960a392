/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How fast counters rose between two looks at them (arrays as of query_stats()). Pure. */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>

/* The entry in `stats` that has the name of `port` (an object with `name`; NULL: none has), or NULL. */
struct json_object *rates_find(struct json_object *stats, struct json_object *port);
/* Per second; NaN where one of them (either may be NULL) does not have it, or where it fell: begun anew. */
double rates_of(struct json_object *now, struct json_object *earlier, const char *counter, double seconds);
/* The sum over all counters whose name says that something was refused; NaN where none can be told. */
double rates_of_refused(struct json_object *now, struct json_object *earlier, double seconds);
