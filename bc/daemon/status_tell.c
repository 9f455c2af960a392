// SPDX-License-Identifier: GPL-2.0-or-later
/* The clock: its state, data sets, offset, holdover or rate. */
#include "bc/daemon/status_tell.h"

#include <stdio.h>
#include <unistd.h>

#include "bc/daemon/app.h"
#include "bc/daemon/clocks.h"
#include "bc/engine/status.h"
#include "tc/syntonizer.h"
#include "util/macros.h"

/* Of which offsets tell how the clock does now. */
#define OFFSET_SPAN_NS (2 * (uint64_t)NSEC_PER_SEC)

void status_port_identity_text(const struct ptp_port_identity *identity, char *ret, size_t size)
{
	char text[BC_CLOCK_IDENTITY_TEXT];

	snprintf(ret, size, "%s-%u", bc_clock_identity_text(identity->clock_identity, text),
		 identity->port_number);
}

static void tell_data_sets(const struct bc_clock_status *clock, struct control_status *ret)
{
	const struct bc_status *s = &clock->data_sets;

	ret->has_clock = true;
	ret->time.ptp_ns = clock->ptp_ns;
	ret->time.is_ptp_timescale = s->time_flags & PTP_FLAG_PTP_TIMESCALE;
	ret->time.utc_offset_s = s->utc_in_force_s;
	ret->time.is_utc_offset_valid = s->time_flags & PTP_FLAG_UTC_OFFSET_VALID;
	ret->time.leap = s->leap;
	ret->time.is_time_traceable = s->time_flags & PTP_FLAG_TIME_TRACEABLE;
	ret->time.is_frequency_traceable = s->time_flags & PTP_FLAG_FREQUENCY_TRACEABLE;
	ret->time.time_source = s->time_source;
	bc_clock_identity_text(s->grandmaster_identity, ret->grandmaster.identity);
	ret->grandmaster.is_self = clock->is_self;
	ret->grandmaster.clock_class = s->grandmaster_clock_quality.clock_class;
	ret->grandmaster.clock_accuracy = s->grandmaster_clock_quality.clock_accuracy;
	ret->grandmaster.offset_scaled_log_variance = s->grandmaster_clock_quality.offset_scaled_log_variance;
	ret->grandmaster.priority1 = s->grandmaster_priority1;
	ret->grandmaster.priority2 = s->grandmaster_priority2;
	ret->steps_removed = s->steps_removed;
	ret->has_parent = clock->is_following;
	ret->parent.port = clock->parent_port;
	status_port_identity_text(&s->parent, ret->parent.identity, sizeof(ret->parent.identity));
}

static void tell_offset(const struct app *app, struct control_status *ret)
{
	const struct history_summary offsets = history_summarize(
		app->status.history, app->status.offsets_since, ret->now_mono_ns, OFFSET_SPAN_NS);

	ret->has_offset = offsets.n > 0;
	ret->offset.last_ns = offsets.last_ns;
	ret->offset.max_ns = offsets.max_ns;
	ret->offset.rms_ns = offsets.rms_ns;
	ret->offset.n = offsets.n;
	ret->offset.path_delay_ns = offsets.path_delay_ns;
	ret->offset.frequency_ppb = offsets.frequency_ppb;
	ret->offset.age_ns = ret->now_mono_ns - MIN(offsets.last_mono_ns, ret->now_mono_ns);
}

static void tell_boundary(const struct app *app, struct control_status *ret)
{
	struct bc_clock_status clock;

	bc_engine_get_status(app->engine, ret->now_mono_ns, &clock);
	ret->state = bc_clock_state_name(clock.state);
	ret->local_clock = app->settings->engine.is_system_clock ? "system" : "virtual";
	tell_data_sets(&clock, ret);
	if (clock.is_following)
		tell_offset(app, ret);
	ret->is_holdover = clock.state == BC_CLOCK_HOLDOVER;
	ret->holdover.age_ns = ret->now_mono_ns - MIN(clock.holdover.in_step_mono_ns, ret->now_mono_ns);
	ret->holdover.expected_error_ns = clock.holdover.expected_error_ns;
}

static void tell_transparent(const struct app *app, struct control_status *ret)
{
	struct tclk_syntonizer_status rate;

	ret->state = app->settings->loader.mode == EBC_MODE_MONITOR ? "measuring" : "forwarding";
	transparent_rate(app->transparent, &rate);
	ret->has_rate = app->settings->transparent.is_syntonized && rate.is_known;
	ret->rate.ratio_ppb = rate.rate_offset * 1e9;
	bc_clock_identity_text(rate.clock_identity, ret->rate.grandmaster);
}

void status_tell_clock(const struct app *app, struct control_status *ret)
{
	ret->pid = getpid();
	ret->started_mono_ns = app->status.started_mono_ns;
	ret->now_mono_ns = clocks_mono_ns();
	ret->stamping = app->backend == &backend_sockets ? "software" : "bpf";
	ret->domain_number = app->settings->engine.domain_number;
	ret->sdo_id = app->settings->engine.sdo_id;
	bc_clock_identity_text(app->clock_identity, ret->clock_identity);
	if (app->engine)
		tell_boundary(app, ret);
	else
		tell_transparent(app, ret);
}
