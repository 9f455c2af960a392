// SPDX-License-Identifier: GPL-2.0-or-later
/* UTC, told: what a stranger's messages can provoke is limited. */
#include "bc/daemon/report_time.h"

#include <inttypes.h>

#include "bc/daemon/log.h"

static void report_leap(int leap)
{
	if (leap == 0)
		log_limited(LOG_NOTICE, LOG_KIND_UTC, 0,
			    "no leap second at the end of this UTC day any more");
	else
		log_limited(LOG_NOTICE, LOG_KIND_UTC, 0,
			    "leap second at the end of this UTC day: its last minute has %d s", 60 + leap);
}

void report_utc(const struct bc_action *action)
{
	int offset_s = action->utc.utc_offset_s;
	int64_t step_ns = action->utc.system_step_ns;

	switch (action->utc.event) {
	case BC_UTC_EVENT_KNOWN:
		if (action->utc.is_trusted)
			log_limited(LOG_INFO, LOG_KIND_UTC, 0, "UTC offset is %d s", offset_s);
		break;
	case BC_UTC_EVENT_OURS:
		break;
	case BC_UTC_EVENT_OFFSET:
		log_limited(LOG_NOTICE, LOG_KIND_UTC, 0, "UTC offset is %d s now", offset_s);
		break;
	case BC_UTC_EVENT_SCALE:
		log_limited(LOG_NOTICE, LOG_KIND_UTC, 0, "time scale of the master: %s",
			    offset_s ? "PTP" : "arbitrary, taken for UTC");
		break;
	case BC_UTC_EVENT_REFUSED:
		log_limited(LOG_WARNING, LOG_KIND_UTC, 0,
			    "the master's UTC offset is not believed: it remains %d s", offset_s);
		break;
	case BC_UTC_EVENT_LEAP:
		report_leap(action->utc.leap);
		break;
	case BC_UTC_EVENT_LEAPT:
		log_limited(LOG_NOTICE, LOG_KIND_UTC, 0, "leap second: UTC offset is %d s now", offset_s);
		break;
	case BC_UTC_EVENT_SET_BACK:
		log_limited(
			LOG_WARNING, LOG_KIND_SYSTEM_CLOCK, 0,
			"the system clock follows the master, but another program set it: it is set back");
		break;
	case BC_UTC_EVENT_SET_AGAIN:
		log_limited(
			LOG_WARNING, LOG_KIND_SYSTEM_CLOCK, 0,
			"another program sets the system clock again and again: it is set back, but not at "
			"once");
		break;
	}
	if (step_ns != 0 && action->utc.is_ours)
		log_limited(LOG_NOTICE, LOG_KIND_STEP, 0, "stepped the system clock by %" PRId64 " ns",
			    step_ns);
}

void report_timescale_refused(const struct bc_action *action, const char *name)
{
	log_limited(LOG_WARNING, LOG_KIND_TIMESCALE, action->port,
		    "port %zu (%s): master's time, %" PRId64
		    " s since 1970, is of an arbitrary epoch: not followed (arbitrary_timescale)",
		    action->port + 1, name, action->epoch_refused.ptp_ns / 1000000000);
}

void report_clock_stepped(const struct bc_action *action, bool is_system_clock)
{
	log_limited(LOG_NOTICE, LOG_KIND_STEP, action->port, "stepped the %s clock by %" PRId64 " ns",
		    is_system_clock ? "system" : "virtual", action->clock.step_ns);
}
