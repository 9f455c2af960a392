/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration of an engine under test where a test does not ask for another: that of bench and
 * simulation. */
#pragma once

#include "bc/engine/engine.h"
#include "util/macros.h"

/* Without identity, seed and ports. */
static inline struct bc_engine_config engine_defaults(void)
{
	return (struct bc_engine_config){
		.minor_version = 1,
		.priority1 = 128,
		.priority2 = 128,
		.clock_quality = {248, 0xfe, 0xffff},
		.max_steps_removed = 255,
		.utc_offset_s = 37,
		.time_flags = PTP_FLAG_PTP_TIMESCALE,
		.time_source = 0xa0,
		.foreign_master_limit = 16,
		.sanity_freq_limit_ppb = 200e6,
		.servo = {.type = BC_SERVO_KALMAN, .first_step_threshold_s = 0.00002},
	};
}

static inline struct bc_port_config port_defaults(void)
{
	return (struct bc_port_config){
		.transport = EBC_TRANSPORT_IEEE_802_3,
		.log_sync_interval = -3,
		.announce_receipt_timeout = 3,
		.fault_reset_interval_ns = 4 * NSEC_PER_SEC,
		.delay_filter = BC_DELAY_FILTER_MOVING_MEDIAN,
		.delay_filter_length = 10,
		.delay_request_variability = 1.0,
	};
}
