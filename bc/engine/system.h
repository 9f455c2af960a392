/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What ties the engine's time to the system's: UTC and its leap seconds; a system clock that is disciplined,
 * and that somebody else sets. Inside the engine.
 */
#pragma once

#include "bc/engine/leap.h"
#include "bc/engine/utc.h"

struct bc_engine;
struct bc_port;
struct bc_msg;

struct bc_system {
	struct bc_utc utc;
	struct bc_leap_info file; /* the leap second file's word; not valid: there is none */
	/* Steered by a master's Syncs, since the start: what it shows is ours. To select a master is not
	 * enough. */
	bool is_in_hand;
	bool is_told, told_is_ours;
	int16_t told_offset_s, refused_offset_s;
	int8_t told_leap;
	uint64_t leap_deadline;
	/* Others set the system's clock: by how much it is off until it is set back, and when that is due. */
	int64_t away_ns;
	uint64_t set_back_deadline, last_set_back_mono_ns, pause_ns;
};

void bc_system_init(struct bc_engine *engine);
/* The decision has been drawn, or what we say of ourselves has changed. */
void bc_system_update(struct bc_engine *engine, uint64_t now_mono_ns);
/* A master's Sync moved the clock. */
void bc_system_take_in_hand(struct bc_engine *engine, uint64_t now_mono_ns);
/* What the file knows goes into the time properties of our own. */
void bc_system_complete_self(struct bc_engine *engine);
void bc_system_timer(struct bc_engine *engine, uint64_t now_mono_ns);
uint64_t bc_system_next_deadline(const struct bc_engine *engine);
/* Masters that arbitrary_timescale shuts out. Counts. */
bool bc_system_refuses_announce(struct bc_port *port, const struct bc_msg *announce);
bool bc_system_refuses_time(struct bc_port *port, int64_t ptp_ns);
