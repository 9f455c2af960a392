/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the control socket is told of the daemon: its clock, ports and counters, and what is the matter with
 * them. */
#pragma once

#include "bc/daemon/alarms.h"
#include "bc/daemon/control.h"
#include "bc/engine/engine.h"

struct app;

struct status {
	uint64_t started_mono_ns;
	struct history *history; /* NULL: a clock that follows nobody */
	uint64_t offsets_since;	 /* the last offset that was not this grandmaster's */
	struct alarms alarms;
	/* What was seen at the last look. */
	uint64_t n_frequency_changed;
	uint64_t n_reattached[BC_MAX_PORTS];
	struct ptp_port_identity refused; /* by the step guard, the last one */
	char refused_text[CONTROL_ALARM_TEXT];
};

/* Before the first action; `n_offsets` were numbered before. 0 or -ENOMEM. */
int status_start(struct app *app, uint64_t n_offsets);
void status_stop(struct app *app);
/* Keeps what is not a state of the engine: offsets, and alarms that are events. */
void status_handle_action(struct app *app, const struct bc_action *action);
/* Twice a second: alarms that are states. */
void status_housekeeping(struct app *app);
/* What a control socket asks for. */
struct control_sources status_sources(struct app *app);
