// SPDX-License-Identifier: GPL-2.0-or-later
/* See status.h. */
#include "bc/daemon/status.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bc/daemon/app.h"
#include "bc/daemon/clocks.h"
#include "bc/daemon/log.h"
#include "bc/daemon/refusal.h"
#include "bc/engine/status.h"
#include "tc/syntonizer.h"
#include "util/macros.h"

/* How long after an event its alarm holds. */
#define PATH_DELAY_NS (45 * (uint64_t)NSEC_PER_SEC)
#define RIVAL_NS      (60 * (uint64_t)NSEC_PER_SEC)
#define ATTACH_NS     (60 * (uint64_t)NSEC_PER_SEC)
/* A refused master is asked again when its bar is over, and a few Syncs later it may be refused again. */
#define STEP_GUARD_SLACK_NS (15 * (uint64_t)NSEC_PER_SEC)
/* Of which offsets tell how the clock does now. */
#define OFFSET_SPAN_NS (2 * (uint64_t)NSEC_PER_SEC)

int status_start(struct app *app, uint64_t n_offsets)
{
	struct status *s = &app->status;

	s->started_mono_ns = clocks_mono_ns();
	if (app->settings->loader.mode != EBC_MODE_BOUNDARY)
		return 0;
	s->history = history_new(n_offsets);
	s->offsets_since = n_offsets;
	return s->history ? 0 : -ENOMEM;
}

void status_stop(struct app *app)
{
	history_free(app->status.history);
	app->status.history = NULL;
}

static void port_identity_text(const struct ptp_port_identity *identity, char *ret, size_t size)
{
	char text[BC_CLOCK_IDENTITY_TEXT];

	snprintf(ret, size, "%s-%u", bc_clock_identity_text(identity->clock_identity, text),
		 identity->port_number);
}

/* --- what is kept --- */

static void note_offset(struct status *s, const struct bc_action *action)
{
	const struct history_row row = {
		.mono_ns = action->sync.rx_mono_ns,
		.offset_ns = action->sync.offset_ns,
		.path_delay_ns = action->sync.path_delay_ns,
		.frequency_ppb = action->sync.frequency_ppb,
		.port_number = (uint16_t)(action->port + 1),
		.servo_state = (uint8_t)action->sync.servo_state,
	};

	history_add(s->history, &row);
}

static void note_path_alarm(struct status *s, const struct bc_action *action)
{
	uint64_t now_mono_ns = clocks_mono_ns();
	char text[CONTROL_ALARM_TEXT];

	if (action->path_alarm.event == BC_PATH_JUMPED)
		snprintf(text, sizeof(text), "path delay jumped by %+.0f ns", action->path_alarm.change_ns);
	else
		snprintf(text, sizeof(text), "path delay drifts by %+.0f ns/s", action->path_alarm.change_ns);
	if (action->path_alarm.event == BC_PATH_STEADY)
		alarms_clear(&s->alarms, ALARM_PATH_DELAY, (int)action->port);
	else
		alarms_raise(&s->alarms, ALARM_PATH_DELAY, (int)action->port, now_mono_ns,
			     now_mono_ns + PATH_DELAY_NS, text);
}

/* For how long follows with the bar. */
static void note_refused(struct status *s, const struct bc_action *action)
{
	char identity[CONTROL_IDENTITY_OCTETS];

	if (action->step_guard.is_followed)
		return;
	port_identity_text(&action->step_guard.identity, identity, sizeof(identity));
	s->refused = action->step_guard.identity;
	snprintf(s->refused_text, sizeof(s->refused_text), "master %s is off by %.9f s: not followed",
		 identity, (double)action->step_guard.step_ns * 1e-9);
}

static void note_barred(struct status *s, const struct bc_action *action)
{
	uint64_t now_mono_ns = clocks_mono_ns();

	if (!bc_port_identity_equal(&action->master_barred.identity, &s->refused))
		return;
	alarms_raise(&s->alarms, ALARM_STEP_GUARD, (int)action->port, now_mono_ns,
		     now_mono_ns + action->master_barred.bar_ns + STEP_GUARD_SLACK_NS, s->refused_text);
	s->refused = (struct ptp_port_identity){};
}

static void raise_rival(struct status *s, const char *text)
{
	uint64_t now_mono_ns = clocks_mono_ns();

	alarms_raise(&s->alarms, ALARM_RIVAL, ALARM_NO_PORT, now_mono_ns, now_mono_ns + RIVAL_NS, text);
}

void status_handle_action(struct app *app, const struct bc_action *action)
{
	struct status *s = &app->status;

	switch (action->type) {
	case BC_ACTION_SYNC:
		note_offset(s, action);
		break;
	case BC_ACTION_BEST_MASTER:
		s->offsets_since = history_last(s->history);
		break;
	case BC_ACTION_PATH_ALARM:
		note_path_alarm(s, action);
		break;
	case BC_ACTION_STEP_GUARD:
		note_refused(s, action);
		break;
	case BC_ACTION_MASTER_BARRED:
		note_barred(s, action);
		break;
	case BC_ACTION_UTC:
		if (action->utc.event == BC_UTC_EVENT_SET_BACK || action->utc.event == BC_UTC_EVENT_SET_AGAIN)
			raise_rival(s, "another program sets the system clock");
		break;
	default:
		break;
	}
}

static void look_after_rival(struct app *app)
{
	struct status *s = &app->status;

	if (app->host_time.n_frequency_changed == s->n_frequency_changed)
		return;
	s->n_frequency_changed = app->host_time.n_frequency_changed;
	raise_rival(s, "another program steers the system clock");
}

static void look_after_port(struct app *app, struct port *port, const struct control_port_status *is)
{
	struct status *s = &app->status;
	uint64_t n_reattached = app->counters[port->index].value[DAEMON_COUNTER_REATTACHED];
	uint64_t now_mono_ns = clocks_mono_ns();
	bool is_faulty = strcmp(is->state, "FAULTY") == 0;

	alarms_set(&s->alarms, ALARM_PORT_FAULTY, (int)port->index, is_faulty, is->since_mono_ns,
		   *is->reason ? is->reason : "no transmit stamps come back: its frames do not leave");
	if (n_reattached != s->n_reattached[port->index])
		alarms_raise(&s->alarms, ALARM_NOT_ATTACHED, (int)port->index, now_mono_ns,
			     now_mono_ns + ATTACH_NS, "somebody detaches the BPF programs");
	s->n_reattached[port->index] = n_reattached;
}

static void look_after_clock(struct app *app)
{
	struct alarms *alarms = &app->status.alarms;
	uint64_t now_mono_ns = clocks_mono_ns();
	struct bc_clock_status clock;

	bc_engine_get_status(app->engine, now_mono_ns, &clock);
	alarms_set(alarms, ALARM_HOLDOVER, ALARM_NO_PORT, clock.state == BC_CLOCK_HOLDOVER, now_mono_ns,
		   "no master any more");
	alarms_set(alarms, ALARM_NO_MASTER, ALARM_NO_PORT, !clock.is_following && !clock.may_be_grandmaster,
		   now_mono_ns, "no master, and this clock may not be one");
}

/* Of a reason that is too long the end tells more than the path of the file. */
static void look_after_refusal(struct alarms *alarms)
{
	const struct refusal *refusal = refusal_get();
	char text[CONTROL_ALARM_TEXT];
	size_t len;

	if (!refusal) {
		alarms_clear(alarms, ALARM_RELOAD_REFUSED, ALARM_NO_PORT);
		return;
	}
	len = strlen(refusal->reason);
	if (len < sizeof(text))
		strcpy(text, refusal->reason);
	else
		snprintf(text, sizeof(text), "...%s",
			 refusal->reason + len + strlen("...") + 1 - sizeof(text));
	alarms_set(alarms, ALARM_RELOAD_REFUSED, ALARM_NO_PORT, true, refusal->since_mono_ns, text);
}

static void get_port_status(void *context, size_t index, struct control_port_status *ret);

void status_housekeeping(struct app *app)
{
	if (app->engine)
		look_after_clock(app);
	look_after_rival(app);
	look_after_refusal(&app->status.alarms);
	alarms_set(&app->status.alarms, ALARM_STAMPS_BEFORE_QUEUE, ALARM_NO_PORT,
		   app->tx_stamp == EBC_STAMP_TC, app->status.started_mono_ns,
		   "transmit stamps do not see the wait in a queue");
	alarms_set(&app->status.alarms, ALARM_NO_BPF, ALARM_NO_PORT,
		   app->backend == &backend_sockets && !app->settings->uses_sockets,
		   app->status.started_mono_ns, "stamps are taken by sockets, since BPF is not permitted");
	for (size_t i = 0; i < app->n_ports; i++) {
		struct control_port_status port;

		get_port_status(app, i, &port);
		look_after_port(app, &app->ports[i], &port);
	}
}

/* --- what is told --- */

static void tell_clock(const struct bc_clock_status *clock, struct control_status *ret)
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
	port_identity_text(&s->parent, ret->parent.identity, sizeof(ret->parent.identity));
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
	tell_clock(&clock, ret);
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

static void get_status(void *context, struct control_status *ret)
{
	struct app *app = context;

	/* So that what is told of alarms agrees with the rest. */
	status_housekeeping(app);
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
	ret->n_alarms =
		alarms_list(&app->status.alarms, ret->now_mono_ns, ret->alarms, ARRAY_SIZE(ret->alarms));
}

static const char *transport_name(enum ebc_transport transport)
{
	switch (transport) {
	case EBC_TRANSPORT_UDP_IPV4:
		return "UDPv4";
	case EBC_TRANSPORT_UDP_IPV6:
		return "UDPv6";
	default:
		return "L2";
	}
}

static const char *mechanism_name(enum bc_delay_mechanism mechanism)
{
	switch (mechanism) {
	case BC_DELAY_P2P:
		return "P2P";
	case BC_DELAY_NONE:
		return "NONE";
	default:
		return "E2E";
	}
}

static void tell_engine_port(const struct app *app, size_t index, struct control_port_status *ret)
{
	struct bc_port_status port;

	bc_engine_get_port_status(app->engine, index, &port);
	ret->state = bc_port_state_name(port.state);
	ret->since_mono_ns = port.since_mono_ns;
	ret->delay_mechanism = mechanism_name(port.mechanism);
	ret->has_delay = port.has_delay;
	ret->delay_ns = port.delay_ns;
	ret->is_one_step = port.is_one_step;
	ret->has_intervals = true;
	ret->log_announce_interval = port.log_announce_interval;
	ret->log_sync_interval = port.log_sync_interval;
	ret->log_min_delay_req_interval = port.log_min_delay_req_interval;
	if (port.has_peer)
		port_identity_text(&port.peer, ret->peer, sizeof(ret->peer));
}

static void tell_transparent_port(const struct app *app, const struct port *port,
				  struct control_port_status *ret)
{
	static const char *const forwards[] = {
		[EBC_FORWARD_NONE] = "none",
		[EBC_FORWARD_AUTO] = "auto",
		[EBC_FORWARD_BRIDGE] = "bridge",
		[EBC_FORWARD_DIRECT] = "direct",
	};
	struct bc_peer_delay_status peer;

	ret->state = port->is_usable ? "FORWARDING" : "FAULTY";
	ret->since_mono_ns = port->since_mono_ns;
	ret->delay_mechanism = app->settings->transparent.is_p2p ? "P2P" : "E2E";
	ret->forward = forwards[port->forward];
	if (!transparent_peer_delay(app->transparent, port->index, &peer) || peer.n_measured == 0)
		return;
	ret->has_delay = true;
	ret->delay_ns = peer.mean_link_delay_ns;
	port_identity_text(&peer.neighbor, ret->peer, sizeof(ret->peer));
}

static void get_port_status(void *context, size_t index, struct control_port_status *ret)
{
	const struct app *app = context;
	const struct port *port = &app->ports[index];

	*ret = (struct control_port_status){
		.is_usable = port->is_usable,
		.reason = port->is_usable ? "" : port->reason,
		.has_mac = port->link.ifindex != 0,
		.ifindex = port->link.ifindex,
		.driver = port->described.driver,
		.transport = transport_name(port->transport),
		.tx_stamp = port->tx_stamp,
	};
	memcpy(ret->mac, port->link.mac, sizeof(ret->mac));
	if (app->engine)
		tell_engine_port(app, index, ret);
	else
		tell_transparent_port(app, port, ret);
}

static void list_counters(void *context, size_t port, struct counter_list *list)
{
	app_list_counters(context, port, list);
}

static void list_other_counters(void *context, size_t port, struct counter_list *list)
{
	struct app *app = context;

	app_list_counters(app->other_domains, port, list);
}

static int find_port(void *context, uint32_t ifindex)
{
	const struct app *app = context;

	for (size_t i = 0; i < app->n_ports; i++)
		if (app->ports[i].link.ifindex == (int)ifindex)
			return (int)i;
	return -1;
}

struct control_sources status_sources(struct app *app)
{
	bool publishes = app->loader && app->settings->loader.publish_stamps;

	return (struct control_sources){
		/* Residence is measured where messages pass. */
		.loader = app->other_domains ? app->other_domains->loader : app->loader,
		.clock_type = app->settings->clock_type,
		.n_ports = app->n_ports,
		.port_names = app->port_names,
		.state =
			{
				.context = app,
				.get_status = get_status,
				.get_port_status = get_port_status,
				.list_counters = list_counters,
				.list_other_counters = app->other_domains ? list_other_counters : NULL,
				.find_port = find_port,
			},
		.history = app->status.history,
		.log = log_lines(),
		.stamps_loader = publishes ? app->loader : NULL,
		.no_stamps_reason =
			app->loader ? "publish_stamps is off" : "this clock runs without BPF programs",
	};
}
