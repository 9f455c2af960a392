/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of the clock as masters come and go: who may be chosen again (trust.h), what steps are taken
 * (step_guard.h), what is announced without a master (holdover.h), and that those behind us hear of it at
 * once.
 */
#pragma once

#include "bc/engine/engine_private.h"

/* A master that is barred is not chosen. */
bool bc_succession_may_choose(const struct bc_engine *engine, const struct bc_foreign_master *record,
			      uint64_t now_mono_ns);
/* Our own quality, for comparison with others and to be announced. */
struct ptp_clock_quality bc_succession_own_quality(const struct bc_engine *engine, uint64_t now_mono_ns);
/* The followed master of that port has fallen silent. */
void bc_succession_parent_lost(struct bc_port *port, uint64_t now_mono_ns);
/* The data sets are as the decision wants them; the ports' states are not yet. */
void bc_succession_decided(struct bc_engine *engine, bool is_new_master, uint64_t now_mono_ns);
/* The clock is, and has been for a while, where its master is. */
void bc_succession_in_step(struct bc_engine *engine, uint64_t now_mono_ns);
/* Whether the guard lets the master move our clock by so much; if not, it is barred and the next decision
 * due. Both ways the alarm is an action. */
bool bc_succession_allows_step(struct bc_port *port, int64_t step_ns, uint64_t now_mono_ns);
/* The part of that which needs no confirmation: beyond the limit, and not to be followed. */
bool bc_succession_is_beyond_limit(const struct bc_engine *engine, int64_t step_ns, uint64_t elapsed_ns);
/* The guard has refused the master's time for good. */
void bc_succession_refuse_master(struct bc_port *port, int64_t step_ns, uint64_t now_mono_ns);
