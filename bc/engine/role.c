// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a port may be. Roles that the configuration fixes (BMCA noop, for networks whose masters are known)
 * need no Announce: a server is MASTER from the start, and to a client whoever sends Sync is a master. Such a
 * sender gets a record among the foreign masters, as if it had announced itself, so that all that belongs to
 * following and to losing a master is the same for both.
 */
#include <string.h>

#include "bc/engine/engine_private.h"
#include "bc/engine/fsm.h"

bool bc_role_is_fixed_client(const struct bc_port *port)
{
	return port->config.is_role_fixed && !port->config.server_only;
}

bool bc_role_is_client(const struct bc_port *port)
{
	const struct bc_engine *engine = port->engine;

	if (port->config.client_only)
		return true;
	return engine->config.never_grandmaster && (!engine->slave || engine->slave == port);
}

enum bc_port_state bc_role_next_state(const struct bc_port *port, enum bc_event event, bool is_new_master)
{
	if (port->config.is_role_fixed && port->config.server_only)
		return bc_fsm_next_server(port->state, event);
	return bc_fsm_next(port->state, event, is_new_master, bc_role_is_client(port));
}

/* What the sender of a Sync would announce, as far as it is known: it is the grandmaster itself, perhaps. */
static void make_announce(const struct bc_port *port, const struct bc_msg *sync, struct bc_msg *ret_announce)
{
	const struct bc_engine_config *config = &port->engine->config;

	*ret_announce = (struct bc_msg){
		.type = PTP_ANNOUNCE,
		.sdo_id = sync->sdo_id,
		.domain_number = sync->domain_number,
		.flags = config->time_flags,
		.source = sync->source,
		.announce =
			{
				.current_utc_offset_s = config->utc_offset_s,
				.grandmaster_priority1 = 255,
				.grandmaster_clock_quality = {248, 0xfe, 0xffff},
				.grandmaster_priority2 = 255,
				.time_source = config->time_source,
			},
	};
	memcpy(ret_announce->announce.grandmaster_identity, sync->source.clock_identity,
	       PTP_CLOCK_IDENTITY_LEN);
}

static struct bc_foreign_master *add_sender(struct bc_port *port, const struct bc_msg *sync)
{
	struct bc_foreign_master *record;
	bool is_evicted;

	record =
		bc_foreign_add(&port->foreign, port->best ? &port->best->announce.source : NULL, &is_evicted);
	if (is_evicted)
		bc_count(port, BC_COUNTER_FOREIGN_MASTER_EVICTED);
	*record = (struct bc_foreign_master){.in_use = true};
	make_announce(port, sync, &record->announce);
	port->engine->is_decision_due = true;
	return record;
}

void bc_role_sync_heard(struct bc_port *port, const struct bc_msg *msg, uint64_t now_mono_ns)
{
	struct bc_foreign_master *record = bc_foreign_find(&port->foreign, &msg->source);

	if (!record)
		record = add_sender(port, msg);
	record->last_mono_ns = record->previous_mono_ns = now_mono_ns;
	record->interval_ns = MAX(bc_interval_ns(port->config.log_announce_interval),
				  bc_interval_ns(port->config.log_sync_interval));
	if (record == port->best || (port->config.ignore_source_id && port->best))
		bc_port_arm_announce_receipt(port, now_mono_ns);
}
