// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of foreign masters. */
#include "bc/engine/foreign.h"

#include <errno.h>
#include <stdlib.h>

#define FOREIGN_MASTER_TIME_WINDOW 4 /* announce intervals */

int bc_foreign_init(struct bc_foreign_table *table, size_t limit)
{
	struct bc_foreign_master *records = calloc(limit, sizeof(*records));

	if (!records)
		return -ENOMEM;
	*table = (struct bc_foreign_table){.records = records, .limit = limit};
	return 0;
}

void bc_foreign_free(struct bc_foreign_table *table)
{
	free(table->records);
	*table = (struct bc_foreign_table){};
}

void bc_foreign_clear(struct bc_foreign_table *table)
{
	for (size_t i = 0; i < table->limit; i++)
		table->records[i].in_use = false;
}

struct bc_foreign_master *bc_foreign_find(struct bc_foreign_table *table,
					  const struct ptp_port_identity *sender)
{
	for (size_t i = 0; i < table->limit; i++) {
		struct bc_foreign_master *r = &table->records[i];

		if (r->in_use && bc_port_identity_equal(&r->announce.source, sender))
			return r;
	}
	return NULL;
}

struct bc_foreign_master *bc_foreign_add(struct bc_foreign_table *table, const struct ptp_port_identity *keep,
					 bool *ret_evicted)
{
	struct bc_foreign_master *oldest = NULL;

	for (size_t i = 0; i < table->limit; i++) {
		struct bc_foreign_master *r = &table->records[i];

		if (!r->in_use) {
			*ret_evicted = false;
			return r;
		}
		if (keep && bc_port_identity_equal(&r->announce.source, keep))
			continue;
		if (!oldest || r->last_mono_ns < oldest->last_mono_ns)
			oldest = r;
	}
	*ret_evicted = true;
	return oldest;
}

bool bc_foreign_is_qualified(const struct bc_foreign_master *record, uint64_t now_mono_ns)
{
	return record->in_use && record->previous_mono_ns != 0 &&
	       now_mono_ns - record->previous_mono_ns <= FOREIGN_MASTER_TIME_WINDOW * record->interval_ns;
}

size_t bc_foreign_count(const struct bc_foreign_table *table)
{
	size_t n = 0;

	for (size_t i = 0; i < table->limit; i++)
		n += table->records[i].in_use;
	return n;
}

void bc_foreign_shift(struct bc_foreign_table *table, uint64_t by_ns)
{
	for (size_t i = 0; i < table->limit; i++) {
		struct bc_foreign_master *r = &table->records[i];

		r->last_mono_ns += by_ns;
		if (r->previous_mono_ns != 0)
			r->previous_mono_ns += by_ns;
	}
}
