/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An engine in the place of the one on the bench, by the bench's present configuration. */
#pragma once

#include "tests/unit/engine/rig.h"

/* The ports are the old ones. */
static const size_t same_ports[RIG_PORTS] = {0, 1, 2, 3};

/* Its links are not reported yet. Whatever was under way to or from the old one is lost. */
static inline void succeed(struct rig *rig, const size_t *old_ports)
{
	struct bc_engine *old = rig->engine;
	int64_t ptp_ns = bc_local_clock_ptp_ns(bc_engine_clock(old), rig->now_mono_ns);

	rig->config.initial_frequency_ppb = bc_engine_held_frequency_ppb(old);
	rig->n_stamps = 0;
	assert_int_equal(bc_engine_new(&rig->config, rig->now_mono_ns, ptp_ns, &rig->engine), 0);
	bc_engine_inherit(rig->engine, old, old_ports, rig->now_mono_ns);
	bc_engine_free(old);
}

static inline void report_link(struct rig *rig, size_t port, enum bc_link_state state)
{
	bc_engine_handle_link(rig->engine, port, state, rig->now_mono_ns);
	rig_drain(rig);
}

static inline void report_links(struct rig *rig)
{
	for (size_t i = 0; i < rig->config.n_ports; i++)
		report_link(rig, i, BC_LINK_UP);
}

/* The same with its links up. */
static inline void replace(struct rig *rig)
{
	succeed(rig, same_ports);
	report_links(rig);
}
