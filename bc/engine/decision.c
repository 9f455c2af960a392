// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whom to follow: takes in Announce messages, runs the state decision (IEEE 1588-2019 9.3.3, figure
 * 33) and writes the parent, current and time-properties data sets.
 */
#include <string.h>

#include "bc/engine/engine_private.h"
#include "bc/engine/succession.h"
#include "bc/engine/unicast_client.h"

/* The decision looks at every record of every port: a flood of Announce must not run it each time. */
#define DECISION_SPACING_NS (50 * NSEC_PER_MSEC)
#define DECISION_PERIOD_NS  NSEC_PER_SEC

#define STEPS_REMOVED_MAX 255

#define ANNOUNCED_TIME_FLAGS 0x00ff

static void update_record(struct bc_port *port, struct bc_foreign_master *record, const struct bc_msg *msg,
			  uint64_t now_mono_ns)
{
	uint64_t own_interval_ns = bc_interval_ns(port->config.log_announce_interval);
	bool was_qualified = bc_foreign_is_qualified(record, now_mono_ns);
	bool is_changed = memcmp(&record->announce.announce, &msg->announce, sizeof(msg->announce)) != 0 ||
			  record->announce.flags != msg->flags;

	record->announce = *msg;
	if (port->config.is_path_traced)
		bc_path_trace_read(msg, &record->path);
	bc_power_profile_read(msg, port->config.power_profile.version, &record->power_profile);
	record->announce.tlvs = NULL;
	record->announce.tlvs_len = 0;
	record->previous_mono_ns = record->last_mono_ns;
	record->last_mono_ns = now_mono_ns;
	/* What it claims of its interval lengthens its life no more than twofold. */
	record->interval_ns =
		CLAMP(bc_interval_ns(msg->log_message_interval), own_interval_ns, 2 * own_interval_ns);
	if (bc_foreign_is_qualified(record, now_mono_ns) && (is_changed || !was_qualified))
		port->engine->is_decision_due = true;
}

static void add_record(struct bc_port *port, const struct bc_msg *msg, uint64_t now_mono_ns)
{
	struct bc_engine *engine = port->engine;
	/* Not only the parent: without the master that keeps it passive a port would close a loop. */
	const struct ptp_port_identity *keep = port->best ? &port->best->announce.source : NULL;
	struct bc_foreign_master *record;
	struct bc_action *action;
	bool is_evicted;

	record = bc_foreign_add(&port->foreign, keep, &is_evicted);
	if (is_evicted)
		bc_count(port, BC_COUNTER_FOREIGN_MASTER_EVICTED);
	*record = (struct bc_foreign_master){.in_use = true};
	update_record(port, record, msg, now_mono_ns);

	action = bc_action_push(engine, BC_ACTION_FOREIGN_MASTER, port->index);
	if (action)
		action->foreign_master.identity = msg->source;
}

void bc_decision_tell_refused(struct bc_port *port, const struct bc_msg *msg, enum bc_counter reason)
{
	struct bc_action *action = bc_action_push(port->engine, BC_ACTION_ANNOUNCE_REFUSED, port->index);

	if (!action)
		return;
	action->announce_refused.sender = msg->source;
	action->announce_refused.reason = reason;
}

static bool is_beyond_threshold(const struct bc_engine *engine, const struct bc_msg *announce)
{
	return engine->config.clock_class_threshold != 0 &&
	       announce->announce.grandmaster_clock_quality.clock_class >
		       engine->config.clock_class_threshold;
}

static enum bc_comparison compare(const struct bc_engine *engine, const struct bc_dataset *a,
				  const struct bc_dataset *b)
{
	return engine->config.is_telecom ? bc_dataset_compare_telecom(a, b) : bc_dataset_compare(a, b);
}

/* Positive: we would be the better master than the best one heard on `port`. */
static int compare_own(const struct bc_port *port, const struct bc_dataset *d0,
		       const struct bc_dataset *foreign)
{
	if (port->engine->config.never_grandmaster || bc_role_is_fixed_client(port))
		return BC_B_BETTER;
	return compare(port->engine, d0, foreign);
}

void bc_decision_announce(struct bc_port *port, const struct bc_msg *msg, uint64_t now_mono_ns)
{
	struct bc_engine *engine = port->engine;
	struct bc_foreign_master *record;

	if (msg->announce.steps_removed >= MIN(engine->config.max_steps_removed, STEPS_REMOVED_MAX)) {
		bc_count(port, BC_COUNTER_ANNOUNCE_STEPS_REMOVED);
		return;
	}
	if (bc_system_refuses_announce(port, msg))
		return;
	/* A grandmaster that bears our identity is our own time come back, or an impostor. */
	if (memcmp(msg->announce.grandmaster_identity, engine->config.clock_identity,
		   PTP_CLOCK_IDENTITY_LEN) == 0) {
		bc_count(port, BC_COUNTER_ANNOUNCE_OWN_GRANDMASTER);
		bc_decision_tell_refused(port, msg, BC_COUNTER_ANNOUNCE_OWN_GRANDMASTER);
		return;
	}
	if (port->config.server_only) {
		bc_count(port, BC_COUNTER_RX_STATE);
		return;
	}
	if (port->config.is_path_traced && bc_path_trace_has(msg, engine->config.clock_identity)) {
		bc_count(port, BC_COUNTER_ANNOUNCE_PATH_LOOP);
		bc_decision_tell_refused(port, msg, BC_COUNTER_ANNOUNCE_PATH_LOOP);
		return;
	}

	/* Its record is kept: the master may be better again, and if it is followed it is not from now on. */
	if (is_beyond_threshold(engine, msg)) {
		bc_count(port, BC_COUNTER_ANNOUNCE_CLOCK_CLASS);
		bc_decision_tell_refused(port, msg, BC_COUNTER_ANNOUNCE_CLOCK_CLASS);
	}

	record = bc_foreign_find(&port->foreign, &msg->source);
	if (record)
		update_record(port, record, msg, now_mono_ns);
	else
		add_record(port, msg, now_mono_ns);

	if (record && record == port->best &&
	    (port->state == BC_STATE_SLAVE || port->state == BC_STATE_UNCALIBRATED ||
	     port->state == BC_STATE_PASSIVE))
		bc_port_arm_announce_receipt(port, now_mono_ns);
}

static void default_dataset(const struct bc_engine *engine, struct bc_dataset *ret, uint64_t now_mono_ns)
{
	const struct bc_engine_config *c = &engine->config;

	*ret = (struct bc_dataset){
		.priority1 = c->priority1,
		.quality = bc_succession_own_quality(engine, now_mono_ns),
		.priority2 = c->priority2,
		.local_priority = c->local_priority,
	};
	memcpy(ret->identity, c->clock_identity, PTP_CLOCK_IDENTITY_LEN);
	memcpy(ret->sender.clock_identity, c->clock_identity, PTP_CLOCK_IDENTITY_LEN);
	ret->receiver = ret->sender;
}

/* A master that is followed, or keeps the port passive, was qualified once and counts until its receipt
 * timeout: two Announces lost of three would end its qualification before. */
static bool counts(const struct bc_port *port, const struct bc_foreign_master *record, uint64_t now_mono_ns)
{
	bool is_watched = port->announce_receipt_deadline != NEVER &&
			  (port->state == BC_STATE_UNCALIBRATED || port->state == BC_STATE_SLAVE ||
			   port->state == BC_STATE_PASSIVE);

	if (is_beyond_threshold(port->engine, &record->announce))
		return false;
	return bc_foreign_is_qualified(record, now_mono_ns) || (record == port->best && is_watched);
}

/* Where roles are fixed the first master heard is kept for as long as it is heard. */
static bool is_better(const struct bc_port *port, const struct bc_foreign_master *record,
		      const struct bc_dataset *dataset, const struct bc_dataset *best)
{
	if (bc_role_is_fixed_client(port))
		return record == port->best;
	return compare(port->engine, dataset, best) > 0;
}

/* Erbest of a port. */
static struct bc_foreign_master *port_best(struct bc_port *port, struct bc_dataset *ret, uint64_t now_mono_ns)
{
	const struct bc_engine *engine = port->engine;
	struct bc_foreign_master *best = NULL;

	if (!bc_port_is_active(port) || port->config.server_only)
		return NULL;
	for (size_t i = 0; i < port->foreign.limit; i++) {
		struct bc_foreign_master *record = &port->foreign.records[i];
		struct bc_dataset dataset;

		if (!record->in_use)
			continue;
		if (now_mono_ns - record->last_mono_ns > 8 * record->interval_ns && record != port->best) {
			record->in_use = false;
			continue;
		}
		if (!counts(port, record, now_mono_ns) ||
		    !bc_succession_may_choose(engine, record, now_mono_ns))
			continue;
		bc_dataset_from_announce(&record->announce, &port->identity, &dataset);
		dataset.local_priority = port->config.local_priority;
		if (!best || is_better(port, record, &dataset, ret)) {
			best = record;
			*ret = dataset;
		}
	}
	return best;
}

static void note_best_master(struct bc_engine *engine, const uint8_t *old_identity, size_t port)
{
	struct bc_status *status = &engine->status;
	struct bc_action *action;

	if (memcmp(old_identity, status->grandmaster_identity, PTP_CLOCK_IDENTITY_LEN) == 0)
		return;
	action = bc_action_push(engine, BC_ACTION_BEST_MASTER, port);
	if (!action)
		return;
	memcpy(action->best_master.grandmaster_identity, status->grandmaster_identity,
	       PTP_CLOCK_IDENTITY_LEN);
	memcpy(action->best_master.old_identity, old_identity, PTP_CLOCK_IDENTITY_LEN);
	action->best_master.is_self = engine->slave == NULL;
}

/* Table 30: decision codes M1 and M2. */
void bc_decision_set_self(struct bc_engine *engine)
{
	const struct bc_engine_config *c = &engine->config;
	struct bc_status *s = &engine->status;

	memcpy(s->grandmaster_identity, c->clock_identity, PTP_CLOCK_IDENTITY_LEN);
	s->grandmaster_clock_quality = c->clock_quality;
	s->grandmaster_priority1 = c->priority1;
	s->grandmaster_priority2 = c->priority2;
	s->parent = (struct ptp_port_identity){};
	memcpy(s->parent.clock_identity, c->clock_identity, PTP_CLOCK_IDENTITY_LEN);
	s->steps_removed = 0;
	s->offset_from_master_ns = 0;
	s->mean_path_delay_ns = 0;
	s->time_source = c->time_source;
	if (engine->slave) {
		s->time_flags &= BC_KEPT_TIME_FLAGS;
	} else if (!engine->has_followed) {
		s->time_flags = c->time_flags;
		s->utc_offset_s = c->utc_offset_s;
	}
	engine->slave = NULL;
	bc_system_complete_self(engine);
}

/* Table 33: decision code S1. */
static void set_parent(struct bc_engine *engine, struct bc_port *port, const struct bc_msg *announce)
{
	const struct ptp_announce *a = &announce->announce;
	struct bc_status *s = &engine->status;

	memcpy(s->grandmaster_identity, a->grandmaster_identity, PTP_CLOCK_IDENTITY_LEN);
	s->grandmaster_clock_quality = a->grandmaster_clock_quality;
	s->grandmaster_priority1 = a->grandmaster_priority1;
	s->grandmaster_priority2 = a->grandmaster_priority2;
	s->parent = announce->source;
	s->steps_removed = (uint16_t)(a->steps_removed + 1);
	s->utc_offset_s = a->current_utc_offset_s;
	s->time_flags = announce->flags & ANNOUNCED_TIME_FLAGS;
	s->time_source = a->time_source;
	engine->slave = port;
	engine->has_followed = true;
}

static enum bc_event decide(const struct bc_port *port, const struct bc_dataset *d0,
			    const struct bc_dataset *ebest, const struct bc_port *ebest_port,
			    const struct bc_dataset *erbest, uint64_t now_mono_ns)
{
	bool is_grand_master = !ebest_port || compare_own(ebest_port, d0, ebest) > 0;

	if (!port->best && port->state == BC_STATE_LISTENING)
		return BC_EVENT_NONE;
	if (now_mono_ns < port->loop_until_mono_ns && port != ebest_port)
		return BC_EVENT_RS_PASSIVE;
	if (d0->quality.clock_class <= BC_CLOCK_CLASS_MASTER_MAX) {
		if (!port->best || compare_own(port, d0, erbest) > 0)
			return BC_EVENT_RS_GRAND_MASTER;
		return BC_EVENT_RS_PASSIVE;
	}
	if (is_grand_master)
		return BC_EVENT_RS_GRAND_MASTER;
	if (port == ebest_port)
		return BC_EVENT_RS_SLAVE;
	if (port->best && compare(port->engine, ebest, erbest) == BC_A_BETTER_BY_TOPOLOGY)
		return BC_EVENT_RS_PASSIVE;
	return BC_EVENT_RS_MASTER;
}

/* The data sets follow the decision before the ports do: what they send on entering a state must be true. */
static bool update_data_sets(struct bc_engine *engine, const struct bc_dataset *d0,
			     const struct bc_dataset *ebest, struct bc_port *ebest_port)
{
	struct bc_port *old_slave = engine->slave;
	struct ptp_port_identity old_parent = engine->status.parent;
	bool follows = ebest_port && d0->quality.clock_class > BC_CLOCK_CLASS_MASTER_MAX &&
		       compare_own(ebest_port, d0, ebest) < 0;

	if (follows)
		set_parent(engine, ebest_port, &ebest_port->best->announce);
	else
		bc_decision_set_self(engine);
	return engine->slave != old_slave || !bc_port_identity_equal(&old_parent, &engine->status.parent);
}

void bc_decision_force(struct bc_engine *engine)
{
	engine->is_decision_due = true;
	engine->last_decision_mono_ns = 0;
}

static bool is_parent_changed(const struct bc_status *a, const struct bc_status *b)
{
	return !bc_port_identity_equal(&a->parent, &b->parent) ||
	       memcmp(a->grandmaster_identity, b->grandmaster_identity, PTP_CLOCK_IDENTITY_LEN) != 0 ||
	       memcmp(&a->grandmaster_clock_quality, &b->grandmaster_clock_quality,
		      sizeof(a->grandmaster_clock_quality)) != 0 ||
	       a->grandmaster_priority1 != b->grandmaster_priority1 ||
	       a->grandmaster_priority2 != b->grandmaster_priority2;
}

void bc_decision_run(struct bc_engine *engine, uint64_t now_mono_ns)
{
	struct bc_dataset d0, ebest = {}, *erbest = engine->erbest;
	struct bc_port *ebest_port = NULL;
	uint8_t old_grandmaster[PTP_CLOCK_IDENTITY_LEN];
	struct bc_status old = engine->status;
	bool is_new_master;

	if (bc_inherit_waits(engine, now_mono_ns)) {
		engine->decision_deadline = engine->inherited_until_mono_ns;
		return;
	}
	if (engine->last_decision_mono_ns != 0 &&
	    now_mono_ns - engine->last_decision_mono_ns < DECISION_SPACING_NS) {
		engine->decision_deadline = engine->last_decision_mono_ns + DECISION_SPACING_NS;
		return;
	}
	engine->is_decision_due = false;
	engine->last_decision_mono_ns = now_mono_ns;
	engine->decision_deadline = now_mono_ns + DECISION_PERIOD_NS;

	default_dataset(engine, &d0, now_mono_ns);
	for (size_t i = 0; i < engine->n_ports; i++) {
		struct bc_port *port = &engine->ports[i];

		port->best = port_best(port, &erbest[i], now_mono_ns);
		if (port->best && (!ebest_port || compare(engine, &erbest[i], &ebest) > 0)) {
			ebest_port = port;
			ebest = erbest[i];
		}
	}

	memcpy(old_grandmaster, engine->status.grandmaster_identity, PTP_CLOCK_IDENTITY_LEN);
	is_new_master = update_data_sets(engine, &d0, &ebest, ebest_port);
	if (is_new_master && engine->slave)
		bc_slave_reset(engine->slave, now_mono_ns);
	else if (is_new_master)
		bc_slave_hold_frequency(engine, now_mono_ns);
	bc_succession_decided(engine, is_new_master, now_mono_ns);
	note_best_master(engine, old_grandmaster, ebest_port ? ebest_port->index : 0);
	if (is_parent_changed(&old, &engine->status))
		bc_management_notify(engine, BC_NOTIFY_PARENT_DATA_SET, now_mono_ns);
	bc_system_update(engine, now_mono_ns);

	for (size_t i = 0; i < engine->n_ports; i++) {
		struct bc_port *port = &engine->ports[i];

		if (bc_port_is_active(port))
			bc_port_event(port, decide(port, &d0, &ebest, ebest_port, &erbest[i], now_mono_ns),
				      is_new_master, now_mono_ns);
		bc_unicast_client_select(port, now_mono_ns);
	}
}
