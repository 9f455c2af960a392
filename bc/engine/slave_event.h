/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slave event monitoring (IEEE 1588-2019 16.11): what a following port measured, message by message, as
 * Signaling messages with the TLVs that ptp4l sends to its slave_event_monitor.
 */
#pragma once

#include "bc/engine/engine_private.h"

/* A Sync was used: SLAVE_RX_SYNC_TIMING_DATA. `origin` carries the time of departure. */
void bc_slave_event_sync(struct bc_port *port, const struct bc_msg *sync, const struct bc_msg *origin,
			 uint64_t t2_mono_ns);
/* A Delay_Req was answered: linuxptp's SLAVE_DELAY_TIMING_DATA_NP. */
void bc_slave_event_delay(struct bc_port *port, const struct bc_delay_req_sent *sent);
