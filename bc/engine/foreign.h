/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The foreign masters that a port hears (foreignMasterDS, IEEE 1588-2019 9.3.2.4): a table of fixed
 * size in which the one heard longest ago makes room, but never the one that is followed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bc/engine/path_trace.h"
#include "bc/engine/power_profile.h"
#include "bc/wire/msg.h"

struct bc_foreign_master {
	bool in_use;
	struct bc_msg announce;			 /* the last one */
	struct bc_path path;			 /* with path trace, what its TLV lists */
	struct bc_power_profile power_profile;	 /* what its TLV says, of the port's version */
	uint64_t last_mono_ns, previous_mono_ns; /* of the last two; previous 0: only one so far */
	uint64_t interval_ns;			 /* between Announces, the larger of ours and theirs */
};

struct bc_foreign_table {
	struct bc_foreign_master *records; /* owned */
	size_t limit;
};

int bc_foreign_init(struct bc_foreign_table *table, size_t limit);
void bc_foreign_free(struct bc_foreign_table *table);
void bc_foreign_clear(struct bc_foreign_table *table);
struct bc_foreign_master *bc_foreign_find(struct bc_foreign_table *table,
					  const struct ptp_port_identity *sender);
/* A free record, or the one heard longest ago that is not `keep` (may be NULL); *ret_evicted says which. */
struct bc_foreign_master *bc_foreign_add(struct bc_foreign_table *table, const struct ptp_port_identity *keep,
					 bool *ret_evicted);
/* Two Announces within FOREIGN_MASTER_TIME_WINDOW (four intervals) of now. */
bool bc_foreign_is_qualified(const struct bc_foreign_master *record, uint64_t now_mono_ns);
size_t bc_foreign_count(const struct bc_foreign_table *table);
/* A halt of the whole program is not the masters' silence: shifts what was heard by its length. */
void bc_foreign_shift(struct bc_foreign_table *table, uint64_t by_ns);
