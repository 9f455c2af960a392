/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon tells of itself (docs/control.md), as it came: objects whose outermost form is checked and
 * whose number is bounded; the members are read by value.h. All return 0 or -errno as client_receive(); the
 * caller puts what is returned.
 */
#pragma once

#include <stdint.h>

#include "ctl/client.h"

int query_status(struct client *client, struct json_object **ret_status);
/* Arrays of one object a port, in their order. */
int query_ports(struct client *client, struct json_object **ret_ports);
int query_stats(struct client *client, struct json_object **ret_stats);

/* Rows of values; `fields` names those that each has at least, in this order. */
struct query_table {
	const char *request, *member;
	size_t n_fields;
	const char *const *fields;
	size_t rows_max;
};

/*
 * Adds to the array `rows` those after number `*next`, which becomes what to ask for next, and to `*lost` how
 * many of them are kept no longer. Both NULL: all there are.
 */
int query_rows(struct client *client, const struct query_table *table, uint64_t *next, uint64_t *lost,
	       struct json_object *rows);
