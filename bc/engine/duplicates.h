/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which Delay_Req a port has answered within the last second: a second copy of one, from a network that
 * doubles frames or from somebody who plays them again, gets no answer with another time. A table of fixed
 * size in which newer requests overwrite older ones. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bc/wire/msg.h"

#define BC_DUPLICATES_SLOTS 256

/* All zero: none yet. */
struct bc_duplicates {
	struct {
		uint64_t key; /* a hash of sender and sequenceId; 0: free */
		uint64_t mono_ns;
	} slots[BC_DUPLICATES_SLOTS];
};

/* Whether that sender's request came within the last second already; if not, it is remembered. `seed`: so
 * that nobody can make his requests pass for somebody else's. */
bool bc_duplicates_has(struct bc_duplicates *duplicates, uint64_t seed,
		       const struct ptp_port_identity *sender, uint16_t sequence_id, uint64_t now_mono_ns);
