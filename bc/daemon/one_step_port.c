// SPDX-License-Identifier: GPL-2.0-or-later
/* See one_step_port.h. Without the stamps of the tracepoints nobody knows what a queue adds: then Sync stays
 * two-step. */
#include "bc/daemon/one_step_port.h"

#include <inttypes.h>

#include "bc/daemon/app.h"
#include "bc/daemon/clocks.h"
#include "bc/daemon/log.h"

static bool knows_queue(const struct app *app)
{
	return app->tx_stamp == EBC_STAMP_XMIT || app->tx_stamp == EBC_STAMP_START_XMIT;
}

void one_step_port_describe(const struct app *app)
{
	if (app->settings->one_step && !knows_queue(app))
		log_line(LOG_WARNING, "twoStepFlag 0: these transmit stamps do not tell how long a frame "
				      "waits in a queue: two-step Sync is sent");
}

static void tell_log(const struct port *port, bool is_on)
{
	if (is_on)
		log_limited(LOG_NOTICE, LOG_KIND_ONE_STEP, port->index,
			    "port %zu (%s): one-step Sync is sent", port->index + 1, port->settings->name);
	else if (port->one_step.has_queue)
		log_limited(LOG_NOTICE, LOG_KIND_ONE_STEP, port->index,
			    "port %zu (%s): frames wait in a queue (%" PRIu32
			    " ns): two-step Sync is sent until it is short again",
			    port->index + 1, port->settings->name, one_step_queue_ns(&port->one_step));
}

static void apply(struct app *app, struct port *port)
{
	bool is_on = one_step_is_on(&port->one_step, clocks_mono_ns());

	if (is_on != port->is_one_step)
		tell_log(port, is_on);
	port->is_one_step = is_on;
	bc_engine_set_one_step(app->engine, port->index, is_on, one_step_allowance_ns(&port->one_step));
}

void one_step_port_handle_sync(struct app *app, struct port *port, const struct ebc_tx_record *record,
			       uint64_t stamp_mono_ns)
{
	if (!app->settings->one_step || !knows_queue(app))
		return;
	if (record->is_one_step)
		log_line(LOG_DEBUG, "one-step stamps: port %zu allowed %" PRId64 " took %" PRId64,
			 port->index + 1, one_step_allowance_ns(&port->one_step),
			 (int64_t)(stamp_mono_ns - record->tc_mono_ns));
	one_step_handle_sync(&port->one_step, record->tc_mono_ns,
			     record->stamp_mono_ns - record->driver_ns / 2, stamp_mono_ns);
	apply(app, port);
}

void one_step_port_housekeeping(struct app *app, struct port *port)
{
	if (app->settings->one_step && port->is_one_step)
		apply(app, port);
}
