// SPDX-License-Identifier: GPL-2.0-or-later
/* What is noticed: events as the engine tells them, and states at a look twice a second. */
#include "bc/daemon/status_alarms.h"

#include <stdio.h>
#include <string.h>

#include "bc/daemon/app.h"
#include "bc/daemon/clocks.h"
#include "bc/daemon/refusal.h"
#include "bc/daemon/status_tell.h"
#include "bc/engine/status.h"
#include "util/macros.h"

/* How long after an event its alarm holds. */
#define PATH_DELAY_NS (45 * (uint64_t)NSEC_PER_SEC)
#define RIVAL_NS      (60 * (uint64_t)NSEC_PER_SEC)
#define ATTACH_NS     (60 * (uint64_t)NSEC_PER_SEC)
/* A refused master is asked again when its bar is over, and a few Syncs later it may be refused again. */
#define STEP_GUARD_SLACK_NS (15 * (uint64_t)NSEC_PER_SEC)

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
	status_port_identity_text(&action->step_guard.identity, identity, sizeof(identity));
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

void status_alarms_handle_action(struct app *app, const struct bc_action *action)
{
	struct status *s = &app->status;

	switch (action->type) {
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

void status_alarms_look(struct app *app)
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

		status_tell_port(app, i, &port);
		look_after_port(app, &app->ports[i], &port);
	}
}
