/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Masters that were followed and did not deserve it: those that come and go, and those whose time the step
 * guard refused. For a while, which doubles each time, they are not chosen again. Bounded; by clock identity
 * of the sender.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bc/wire/msg.h"

#define BC_TRUST_ENTRIES 32

struct bc_trust_entry {
	bool in_use;
	uint8_t clock_identity[PTP_CLOCK_IDENTITY_LEN];
	unsigned int n_flaps, n_refused; /* lately */
	uint64_t last_mono_ns;
	uint64_t barred_until_mono_ns;
};

struct bc_trust {
	struct bc_trust_entry entries[BC_TRUST_ENTRIES]; /* all zero: nobody is known */
};

bool bc_trust_is_barred(const struct bc_trust *trust, const uint8_t *clock_identity, uint64_t now_mono_ns);
/* It was followed, and fell silent or lost its rank. Returns for how long it is barred: 0 twice,
 * then 8 s, doubled up to 64 s; forgotten two minutes after the last time or the last bar. */
uint64_t bc_trust_flapped(struct bc_trust *trust, const uint8_t *clock_identity, uint64_t now_mono_ns);
/* The step guard refused its time: 60 s, doubled up to an hour; forgotten two hours after the last bar. */
uint64_t bc_trust_refused(struct bc_trust *trust, const uint8_t *clock_identity, uint64_t now_mono_ns);
