/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was counted on a port, by name: its counters come from kernel, engine and daemon. */
#pragma once

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define COUNTER_LIST_MAX 256

/* A name may come twice, where two parts of the way count the same: the sum is meant. */
struct counter_list {
	size_t n;
	struct {
		const char *name; /* borrowed, outlives the list */
		uint64_t value;
	} entries[COUNTER_LIST_MAX];
};

static inline void counter_list_add(struct counter_list *list, const char *name, uint64_t value)
{
	assert(list->n < COUNTER_LIST_MAX);
	list->entries[list->n].name = name;
	list->entries[list->n++].value = value;
}
