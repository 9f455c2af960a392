/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clock and its ports as they are at one moment, for whoever tells people: nothing is changed by looking.
 */
#pragma once

#include "bc/engine/engine.h"

enum bc_clock_state {
	BC_CLOCK_LISTENING,   /* no port has decided yet, or nobody is there for a clock that only follows */
	BC_CLOCK_ACQUIRING,   /* a master is chosen, and the servo is not in step with it */
	BC_CLOCK_LOCKED,      /* as bc_engine_is_locked() */
	BC_CLOCK_HOLDOVER,    /* no master any more that the clock was in step with */
	BC_CLOCK_GRANDMASTER, /* serves its own time, and was never in step with another */
};

const char *bc_clock_state_name(enum bc_clock_state state);

struct bc_clock_status {
	enum bc_clock_state state;
	uint8_t clock_identity[PTP_CLOCK_IDENTITY_LEN];
	struct bc_status data_sets; /* as bc_engine_status() */
	bool is_self;		    /* we are the grandmaster */
	bool is_following;
	size_t parent_port;	 /* only while it follows */
	bool may_be_grandmaster; /* false: without a master it serves nobody */
	int64_t ptp_ns;		 /* the clock's time at now_mono_ns */
	struct bc_holdover_status holdover;
};

void bc_engine_get_status(const struct bc_engine *engine, uint64_t now_mono_ns,
			  struct bc_clock_status *ret_status);

struct bc_port_status {
	enum bc_port_state state;
	uint64_t since_mono_ns; /* in that state */
	enum bc_delay_mechanism mechanism;
	bool has_delay; /* of the link (P2P), or to the master that is followed here */
	int64_t delay_ns;
	bool has_peer; /* who is followed here, or at the other end of the link (P2P) */
	struct ptp_port_identity peer;
	bool is_one_step;
	int8_t log_announce_interval, log_sync_interval, log_min_delay_req_interval;
};

void bc_engine_get_port_status(const struct bc_engine *engine, size_t port,
			       struct bc_port_status *ret_status);
