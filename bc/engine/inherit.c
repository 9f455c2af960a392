// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An engine in the place of another: the same clock on the same wires, configured otherwise. Whoever follows
 * it is to notice nothing, so it begins where the other one ended instead of listening first.
 */
#include <string.h>

#include "bc/engine/admission.h"
#include "bc/engine/engine_private.h"
#include "bc/engine/unicast_client.h"
#include "bc/engine/unicast_server.h"

/* All ports begin within that time, or the one that follows has a reason not to. */
#define BEGIN_NS NSEC_PER_SEC

double bc_engine_held_frequency_ppb(const struct bc_engine *engine)
{
	double frequency_ppb = engine->config.free_running ? engine->status.frequency_ppb
							   : bc_servo_frequency_ppb(engine->servo);

	/* The kernel keeps what it was told; and what somebody else slews is part of what is in force. */
	return engine->config.is_system_clock ? 0 : frequency_ppb + engine->mono_rate_ppb;
}

static bool is_same_clock(const struct bc_engine_config *a, const struct bc_engine_config *b)
{
	return memcmp(a->clock_identity, b->clock_identity, PTP_CLOCK_IDENTITY_LEN) == 0 &&
	       a->sdo_id == b->sdo_id && a->domain_number == b->domain_number;
}

static void inherit_masters(struct bc_port *port, const struct bc_port *old)
{
	bool is_evicted;

	for (size_t i = 0; i < old->foreign.limit; i++) {
		const struct bc_foreign_master *record = &old->foreign.records[i];
		const struct ptp_port_identity *keep = old->best ? &old->best->announce.source : NULL;

		if (record->in_use)
			*bc_foreign_add(&port->foreign, keep, &is_evicted) = *record;
	}
	if (old->best)
		port->best = bc_foreign_find(&port->foreign, &old->best->announce.source);
}

/* Others know a port by its number. */
static void inherit_unicast(struct bc_port *port, const struct bc_port *old)
{
	if (port->index != old->index || port->config.transport != old->config.transport)
		return;
	bc_unicast_server_inherit(port, old);
	bc_unicast_client_inherit(port, old);
}

static void inherit_port(struct bc_port *port, const struct bc_port *old)
{
	/* Receivers take numbers that go back for messages that were sent twice. */
	port->announce_sequence_id = old->announce_sequence_id;
	port->sync_sequence_id = old->sync_sequence_id;
	port->delay_req_sequence_id = old->delay_req_sequence_id;
	port->signaling_sequence_id = old->signaling_sequence_id;
	port->was_master = old->state == BC_STATE_MASTER || old->state == BC_STATE_GRAND_MASTER;
	inherit_unicast(port, old);
	bc_link_delay_inherit(port, old);
	/* Only then, since a neighbour of 802.1AS has to be known as capable. */
	if (bc_admission_is_same(port, old))
		inherit_masters(port, old);
}

/* What a clock has found out in its life. The limits are the new configuration's. */
static void inherit_experience(struct bc_engine *engine, const struct bc_engine *old)
{
	struct bc_holdover_config holdover = engine->holdover.config;
	struct bc_step_guard_config guard = engine->step_guard.config;

	engine->holdover = old->holdover;
	engine->holdover.config = holdover;
	engine->step_guard = old->step_guard;
	engine->step_guard.config = guard;
	engine->trust = old->trust;
	engine->has_locked = old->has_locked;
	engine->has_followed = old->has_followed;
	engine->last_sync_mono_ns = old->last_sync_mono_ns;
	if (old->has_followed) {
		engine->system.utc = old->system.utc;
		engine->system.is_in_hand = old->config.is_system_clock && old->system.is_in_hand;
		/* Its PTP time is the system's time and that offset. */
		if (engine->config.is_system_clock)
			bc_local_clock_step(&engine->clock,
					    (old->system.utc.offset_s - engine->config.utc_offset_s) *
						    NSEC_PER_SEC);
		engine->status.time_flags = old->status.time_flags & BC_KEPT_TIME_FLAGS;
		engine->status.utc_offset_s = old->status.utc_offset_s;
	}
	memcpy(engine->management.subscribers, old->management.subscribers,
	       sizeof(engine->management.subscribers));
}

static struct bc_port *successor_of(struct bc_engine *engine, const struct bc_port *old,
				    const size_t *old_ports)
{
	for (size_t i = 0; old && i < engine->n_ports; i++)
		if (old_ports[i] == old->index)
			return &engine->ports[i];
	return NULL;
}

/* Servers may go on at once, since whom they are to announce is known. */
static void inherit_parent(struct bc_engine *engine, const struct bc_engine *old, struct bc_port *slave,
			   uint64_t now_mono_ns)
{
	double frequency_ppb = engine->status.frequency_ppb;

	engine->status = old->status;
	engine->status.frequency_ppb = frequency_ppb;
	engine->slave = slave;
	engine->chosen.port = slave;
	engine->chosen.parent = old->chosen.parent;
	engine->chosen.announce = old->chosen.announce;
	engine->news = old->news;
	engine->inherited_until_mono_ns = now_mono_ns + BEGIN_NS;
	bc_slave_reset(slave, now_mono_ns);
}

void bc_engine_inherit(struct bc_engine *engine, const struct bc_engine *old, const size_t *old_ports,
		       uint64_t now_mono_ns)
{
	struct bc_port *slave;

	if (!is_same_clock(&engine->config, &old->config))
		return;
	inherit_experience(engine, old);
	for (size_t i = 0; i < engine->n_ports; i++)
		if (old_ports[i] < old->n_ports)
			inherit_port(&engine->ports[i], &old->ports[old_ports[i]]);
	slave = successor_of(engine, old->slave, old_ports);
	if (slave && slave->best)
		inherit_parent(engine, old, slave, now_mono_ns);
}

bool bc_inherit_waits(const struct bc_engine *engine, uint64_t now_mono_ns)
{
	return engine->slave && engine->slave->state == BC_STATE_INITIALIZING &&
	       now_mono_ns < engine->inherited_until_mono_ns;
}

void bc_inherit_resume(struct bc_port *port, uint64_t now_mono_ns)
{
	/* It listened long ago. Where it may not be a master any more, that changes nothing. */
	if (port->was_master)
		bc_port_event(port, BC_EVENT_ANNOUNCE_RECEIPT_TIMEOUT, false, now_mono_ns);
	if (port->was_master || port->best)
		bc_decision_force(port->engine);
}
