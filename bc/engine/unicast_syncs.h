/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Syncs to unicast clients that wait for their stamp, found by sequenceId and known by age. No two wait that
 * bear the same sequenceId modulo BC_UNICAST_SYNCS.
 */
#pragma once

#include "bc/engine/unicast_private.h"

/* A power of two, so that a sequenceId that wraps keeps its place. */
#define BC_UNICAST_SYNCS 1024

struct bc_unicast_sync {
	bool is_waiting;
	uint16_t sequence_id;
	uint64_t sent_mono_ns;
	struct bc_address address;
};

/* All zero: none waits. */
struct bc_unicast_syncs {
	struct bc_unicast_sync list[BC_UNICAST_SYNCS];
	/* The same by age; of those in it some may have got their stamp, but not the first. */
	uint16_t order[BC_UNICAST_SYNCS];
	unsigned int first_in_order, n_in_order;
};

/* Whether that one waits. */
bool bc_unicast_syncs_has(const struct bc_unicast_syncs *syncs, uint16_t sequence_id);
/* Whether one of that sequenceId could be added. */
bool bc_unicast_syncs_has_place(const struct bc_unicast_syncs *syncs, uint16_t sequence_id);
/* True: there were so many that the oldest one is given up. */
bool bc_unicast_syncs_add(struct bc_unicast_syncs *syncs, uint16_t sequence_id,
			  const struct bc_address *address, uint64_t now_mono_ns);
/* It does not wait any longer: to whom it went. False: it did not. */
bool bc_unicast_syncs_take(struct bc_unicast_syncs *syncs, uint16_t sequence_id,
			   struct bc_address *ret_address);
/* True: one has waited for too long, and does not any longer. */
bool bc_unicast_syncs_expire(struct bc_unicast_syncs *syncs, uint64_t now_mono_ns);
/* When the next one has; NEVER: none waits. */
uint64_t bc_unicast_syncs_deadline(const struct bc_unicast_syncs *syncs);
