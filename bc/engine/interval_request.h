/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The message interval request of IEEE 802.1AS-2011 (10.5.4.3): a Signaling message by which a neighbour asks
 * for another interval of Sync, Announce or peer delay. What it gets is bounded by the configuration, since
 * it may be anybody; and a client that is stable asks its own master for fewer messages
 * (msg_interval_request).
 */
#pragma once

#include "bc/engine/engine_private.h"

/* Values that are no interval (tables 10-10 to 10-12). */
#define BC_INTERVAL_NO_CHANGE (-128)
#define BC_INTERVAL_INITIAL   126
#define BC_INTERVAL_STOP      127

/* A Signaling message came. Without the TLV: nothing. */
void bc_interval_request_handle(struct bc_port *port, const struct bc_msg *msg, uint64_t now_mono_ns);
/* The servo has had a sample and is in this state now. */
void bc_interval_request_servo(struct bc_port *port, enum bc_servo_state state, uint64_t now_mono_ns);
/* Another master: nothing was asked of it yet. */
void bc_interval_request_forget(struct bc_port *port);
/* The configured intervals are in force again, and nothing was asked for. */
void bc_interval_request_reset(struct bc_port *port);
