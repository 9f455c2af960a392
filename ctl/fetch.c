// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests and their answers. */
#include "ctl/fetch.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/histogram.h"
#include "ctl/tool.h"
#include "ctl/pause.h"
#include "util/cleanup.h"
#include "util/decimal128.h"
#include "util/macros.h"

/* However slowly they come one by one. */
#define RESIDENCES_PATIENCE_NS (30 * NSEC_PER_SEC)

bool json_get_u64(struct json_object *value, uint64_t *ret_value)
{
	if (!json_object_is_type(value, json_type_int))
		return false;
	/* Of what is above INT64_MAX the signed reading is the largest, of what is below 0 it is negative. */
	if (json_object_get_int64(value) < 0)
		return false;
	*ret_value = json_object_get_uint64(value);
	return true;
}

bool json_get_name(struct json_object *value, char ret_name[NAME_SIZE])
{
	const char *text = json_object_get_string(value);

	if (!json_object_is_type(value, json_type_string) || !*text || strlen(text) >= NAME_SIZE)
		return false;
	strcpy(ret_name, text);
	return true;
}

static bool get_u64(struct json_object *object, const char *name, uint64_t *ret_value)
{
	return json_get_u64(json_object_object_get(object, name), ret_value);
}

static bool get_names(struct json_object *object, const char *name, struct names *ret_names)
{
	struct json_object *array = json_object_object_get(object, name);
	size_t n;

	if (!json_object_is_type(array, json_type_array))
		return false;
	n = json_object_array_length(array);
	if (n > EBC_MAX_PORTS)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!json_get_name(json_object_array_get_idx(array, i), ret_names->name[i]))
			return false;
	ret_names->n = n;
	return true;
}

int fetch_box(struct client *client, struct box *ret_box)
{
	_cleanup_(tool_cleanup_json) struct json_object *answer = NULL;
	int r;

	client_ask(client, client_request("ports"));
	r = client_receive(client, &answer);
	if (r < 0)
		return r;
	if (!json_get_name(json_object_object_get(answer, "clock_type"), ret_box->clock_type) ||
	    !get_names(answer, "ports", &ret_box->ports) ||
	    !get_names(answer, "message_types", &ret_box->message_types))
		return client_complain(client);
	return 0;
}

static bool get_bucket(struct json_object *pair, struct ebc_histogram *histogram)
{
	uint64_t index, count;

	if (!json_object_is_type(pair, json_type_array) || json_object_array_length(pair) != 2 ||
	    !json_get_u64(json_object_array_get_idx(pair, 0), &index) ||
	    !json_get_u64(json_object_array_get_idx(pair, 1), &count) || index >= EBC_HISTOGRAM_BUCKETS)
		return false;
	histogram->bucket[index] = count;
	return true;
}

static bool get_histogram(struct json_object *object, const char *name, struct ebc_histogram *ret_histogram)
{
	struct json_object *from = json_object_object_get(object, name), *squares, *buckets;
	uint64_t count, sum, min, max, high, low;

	if (!json_object_is_type(from, json_type_object))
		return false;
	squares = json_object_object_get(from, "sum_squares");
	buckets = json_object_object_get(from, "buckets");
	if (!get_u64(from, "count", &count) || !get_u64(from, "sum_ns", &sum) ||
	    !get_u64(from, "min_ns", &min) || !get_u64(from, "max_ns", &max) || (count && min > max) ||
	    !json_object_is_type(squares, json_type_string) ||
	    !ebc_decimal128_parse(json_object_get_string(squares), &high, &low) ||
	    !json_object_is_type(buckets, json_type_array))
		return false;
	*ret_histogram = (struct ebc_histogram){.count = count,
						.sum_ns = sum,
						.sum_squares_high = high,
						.sum_squares_low = low,
						.min_ns = min,
						.max_ns = max};
	for (size_t i = 0; i < json_object_array_length(buckets); i++)
		if (!get_bucket(json_object_array_get_idx(buckets, i), ret_histogram))
			return false;
	return true;
}

static bool get_residence(struct json_object *object, struct residence *ret_residence)
{
	return json_get_name(json_object_object_get(object, "ingress"), ret_residence->ingress) &&
	       json_get_name(json_object_object_get(object, "egress"), ret_residence->egress) &&
	       json_get_name(json_object_object_get(object, "type"), ret_residence->type) &&
	       get_histogram(object, "total", &ret_residence->measured.total) &&
	       get_histogram(object, "before", &ret_residence->measured.before) &&
	       get_histogram(object, "queued", &ret_residence->measured.queued);
}

bool names_have(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->name[i], name) == 0)
			return true;
	return false;
}

bool filter_matches(const struct residence_filter *filter, const char *ingress, const char *egress,
		    const char *type)
{
	return (!filter->port || strcmp(filter->port, ingress) == 0 || strcmp(filter->port, egress) == 0) &&
	       (!filter->type || strcmp(filter->type, type) == 0);
}

void residences_free(struct residences *residences)
{
	free(residences->list);
	*residences = (struct residences){};
}

static struct residence *add(struct residences *residences)
{
	struct residence *list = realloc(residences->list, (residences->n + 1) * sizeof(*list));

	if (!list)
		return NULL;
	residences->list = list;
	return &list[residences->n++];
}

/* Ports with their numbers as numbers; what a master sends before what its clients do. */
static int compare(const void *a, const void *b)
{
	const struct residence *x = a, *y = b;
	int r = strverscmp(x->ingress, y->ingress);

	if (r == 0)
		r = strverscmp(x->egress, y->egress);
	if (r == 0)
		r = (strcmp(y->type, "sync") == 0) - (strcmp(x->type, "sync") == 0);
	return r ? r : strcmp(x->type, y->type);
}

/* 1: the last one was received. */
static int receive_residence(struct client *client, const struct residence_filter *filter,
			     struct residences *residences)
{
	_cleanup_(tool_cleanup_json) struct json_object *answer = NULL;
	_cleanup_free_ struct residence *one = calloc(1, sizeof(*one));
	struct json_object *object;
	struct residence *place;
	int r;

	if (!one)
		return -ENOMEM;
	r = client_receive(client, &answer);
	if (r < 0)
		return r;
	if (json_object_object_get_ex(answer, "end", &object))
		return 1;
	if (!json_object_object_get_ex(answer, "residence", &object) || !get_residence(object, one))
		return client_complain(client);
	if (one->measured.total.count == 0 || !filter_matches(filter, one->ingress, one->egress, one->type))
		return 0;
	place = add(residences);
	if (!place)
		return -ENOMEM;
	*place = *one;
	return 0;
}

int fetch_residences(struct client *client, const struct residence_filter *filter,
		     struct residences *ret_residences)
{
	_cleanup_(residences_free) struct residences residences = {};
	uint64_t deadline_mono_ns = now_mono_ns() + RESIDENCES_PATIENCE_NS;
	int r = 0;

	client_ask(client, client_request("residence"));
	/* The end is a message, too. */
	for (int n = 0; r == 0; n++) {
		if (n > EBC_RESIDENCES)
			return client_complain(client);
		if (now_mono_ns() > deadline_mono_ns)
			return client_give_up(client);
		r = receive_residence(client, filter, &residences);
	}
	if (r < 0)
		return r;
	if (residences.n)
		qsort(residences.list, residences.n, sizeof(*residences.list), compare);
	*ret_residences = residences;
	residences = (struct residences){};
	return 0;
}

int fetch_clear(struct client *client)
{
	_cleanup_(tool_cleanup_json) struct json_object *answer = NULL;
	struct json_object *clear = client_request("residence");

	json_object_object_add(clear, "clear", json_object_new_boolean(true));
	client_ask(client, clear);
	return client_receive(client, &answer);
}

static const struct residence *find(const struct residences *residences, const struct residence *like)
{
	for (size_t i = 0; i < residences->n; i++)
		if (compare(&residences->list[i], like) == 0)
			return &residences->list[i];
	return NULL;
}

/* The parts are cleared together, and one that had nothing does not show it. */
static bool was_cleared(const struct ebc_residence *now, const struct ebc_residence *earlier)
{
	return histogram_was_cleared(&now->total, &earlier->total) ||
	       histogram_was_cleared(&now->before, &earlier->before) ||
	       histogram_was_cleared(&now->queued, &earlier->queued);
}

int residences_since(const struct residences *now, const struct residences *earlier,
		     struct residences *ret_since)
{
	_cleanup_(residences_free) struct residences since = {};

	for (size_t i = 0; i < now->n; i++) {
		const struct ebc_residence *n = &now->list[i].measured, *e;
		const struct residence *old = find(earlier, &now->list[i]);
		struct residence *place;

		if (old && was_cleared(n, &old->measured))
			old = NULL;
		if (old && old->measured.total.count == n->total.count)
			continue;
		place = add(&since);
		if (!place)
			return -ENOMEM;
		*place = now->list[i];
		if (!old)
			continue;
		e = &old->measured;
		histogram_since(&n->total, &e->total, &place->measured.total);
		histogram_since(&n->before, &e->before, &place->measured.before);
		histogram_since(&n->queued, &e->queued, &place->measured.queued);
	}
	*ret_since = since;
	since = (struct residences){};
	return 0;
}
