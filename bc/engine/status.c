// SPDX-License-Identifier: GPL-2.0-or-later
/* See status.h. */
#include "bc/engine/status.h"

#include <string.h>

#include "bc/engine/engine_private.h"
#include "bc/engine/link_delay.h"

const char *bc_clock_state_name(enum bc_clock_state state)
{
	static const char *const names[] = {
		[BC_CLOCK_LISTENING] = "listening",	[BC_CLOCK_ACQUIRING] = "acquiring",
		[BC_CLOCK_LOCKED] = "locked",		[BC_CLOCK_HOLDOVER] = "holdover",
		[BC_CLOCK_GRANDMASTER] = "grandmaster",
	};

	return state < ARRAY_SIZE(names) ? names[state] : "?";
}

static bool serves(const struct bc_engine *engine)
{
	for (size_t i = 0; i < engine->n_ports; i++) {
		enum bc_port_state state = engine->ports[i].state;

		if (state == BC_STATE_MASTER || state == BC_STATE_GRAND_MASTER)
			return true;
	}
	return false;
}

static enum bc_clock_state clock_state(const struct bc_engine *engine, uint64_t now_mono_ns)
{
	if (engine->slave)
		return bc_engine_is_locked(engine, now_mono_ns) ? BC_CLOCK_LOCKED : BC_CLOCK_ACQUIRING;
	if (engine->holdover.is_on)
		return BC_CLOCK_HOLDOVER;
	return serves(engine) ? BC_CLOCK_GRANDMASTER : BC_CLOCK_LISTENING;
}

void bc_engine_get_status(const struct bc_engine *engine, uint64_t now_mono_ns,
			  struct bc_clock_status *ret_status)
{
	struct bc_clock_status status = {
		.state = clock_state(engine, now_mono_ns),
		.is_following = engine->slave,
		.is_self = !engine->slave,
		.may_be_grandmaster = !engine->config.client_only && !engine->config.never_grandmaster,
		.parent_port = engine->slave ? engine->slave->index : 0,
		.ptp_ns = bc_local_clock_ptp_ns(&engine->clock, now_mono_ns),
	};

	memcpy(status.clock_identity, engine->config.clock_identity, sizeof(status.clock_identity));
	bc_engine_status(engine, &status.data_sets);
	bc_engine_holdover(engine, now_mono_ns, &status.holdover);
	*ret_status = status;
}

/* Peer delay, which is there whoever is master. */
static void add_link(const struct bc_port *port, struct bc_port_status *status)
{
	struct bc_link_delay_status link;

	bc_engine_link_delay(port->engine, port->index, &link);
	status->has_delay = bc_link_delay_get(port, &status->delay_ns);
	status->has_peer = link.mechanism == BC_DELAY_P2P && link.peer.n_measured > 0;
	status->peer = link.peer.neighbor;
}

void bc_engine_get_port_status(const struct bc_engine *engine, size_t index,
			       struct bc_port_status *ret_status)
{
	const struct bc_port *port = &engine->ports[index];
	struct bc_port_status status = {
		.state = port->state,
		.since_mono_ns = port->state_since_mono_ns,
		.mechanism = port->mechanism,
		.is_one_step = port->is_one_step,
		.log_announce_interval = port->log_announce_interval,
		.log_sync_interval = port->log_sync_interval,
		.log_min_delay_req_interval = port->log_delay_req_interval,
	};

	if (port->mechanism != BC_DELAY_E2E)
		add_link(port, &status);
	if (engine->slave == port) {
		status.has_peer = true;
		status.peer = engine->status.parent;
	}
	if (engine->slave == port && port->mechanism == BC_DELAY_E2E) {
		status.has_delay = engine->n_path_delays > 0;
		status.delay_ns = engine->status.mean_path_delay_ns;
	}
	*ret_status = status;
}
