// SPDX-License-Identifier: GPL-2.0-or-later
/* What is kept while the clock runs, and the functions that the control socket gets. */
#include "bc/daemon/status.h"

#include <errno.h>

#include "bc/daemon/app.h"
#include "bc/daemon/clocks.h"
#include "bc/daemon/log.h"
#include "bc/daemon/status_alarms.h"
#include "bc/daemon/status_tell.h"
#include "util/macros.h"

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

void status_handle_action(struct app *app, const struct bc_action *action)
{
	if (action->type == BC_ACTION_SYNC)
		note_offset(&app->status, action);
	else if (action->type == BC_ACTION_BEST_MASTER)
		app->status.offsets_since = history_last(app->status.history);
	else
		status_alarms_handle_action(app, action);
}

void status_housekeeping(struct app *app)
{
	status_alarms_look(app);
}

static void get_status(void *context, struct control_status *ret)
{
	struct app *app = context;

	/* So that what is told of alarms agrees with the rest. */
	status_alarms_look(app);
	status_tell_clock(app, ret);
	ret->n_alarms =
		alarms_list(&app->status.alarms, ret->now_mono_ns, ret->alarms, ARRAY_SIZE(ret->alarms));
}

static void get_port_status(void *context, size_t index, struct control_port_status *ret)
{
	status_tell_port(context, index, ret);
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
