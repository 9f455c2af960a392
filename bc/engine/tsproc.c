// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * As ptp4l's modes: the filtered delay, or the raw one that this Sync and the last answer give together; with
 * weights, a Sync that took longer than usual counts for less. A servo that takes both directions by
 * themselves does all that better, and gets the filtered offset.
 */
#include "bc/engine/tsproc.h"

#include <math.h>

struct bc_tsproc bc_tsproc_measure(const struct bc_port *port)
{
	const struct bc_engine *engine = port->engine;
	const struct bc_sync_rx *sync = &port->sync_rx;
	int64_t forward_ns = bc_local_clock_ptp_ns(&engine->clock, sync->t2_mono_ns) - sync->t1_ptp_ns;
	int64_t filtered_ns = engine->status.mean_path_delay_ns, raw_ns;
	struct bc_tsproc ret = {
		.offset_ns = forward_ns - filtered_ns, .delay_ns = filtered_ns, .weight = 1.0};
	enum bc_tsproc_mode mode = port->config.tsproc_mode;

	if (mode == BC_TSPROC_FILTER || !sync->has_back || bc_servo_takes_delays(engine->servo))
		return ret;
	raw_ns = (forward_ns + sync->back_t4_ptp_ns -
		  bc_local_clock_ptp_ns(&engine->clock, sync->back_t3_mono_ns) +
		  port->config.delay_asymmetry_ns) /
		 2;
	if (mode != BC_TSPROC_FILTER_WEIGHT) {
		ret.delay_ns = raw_ns;
		ret.offset_ns = forward_ns - raw_ns;
	}
	if (mode != BC_TSPROC_RAW && filtered_ns > 0 && raw_ns > 0)
		ret.weight = fmin(1.0, (double)filtered_ns / (double)raw_ns);
	return ret;
}
