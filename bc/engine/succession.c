// SPDX-License-Identifier: GPL-2.0-or-later
/* Joins trust, step guard and holdover with data sets and ports. */
#include "bc/engine/succession.h"

#include <string.h>

#include "bc/engine/unicast_server.h"

/* News go out at once, but no port announces more often than four times an interval. */
#define NEWS_SPACING 4

bool bc_succession_may_choose(const struct bc_engine *engine, const struct bc_foreign_master *record,
			      uint64_t now_mono_ns)
{
	return !bc_trust_is_barred(&engine->trust, record->announce.source.clock_identity, now_mono_ns);
}

struct ptp_clock_quality bc_succession_own_quality(const struct bc_engine *engine, uint64_t now_mono_ns)
{
	const struct bc_engine_config *c = &engine->config;
	const struct bc_foreign_master *parent = engine->slave ? engine->slave->best : NULL;
	struct ptp_clock_quality quality;

	if (c->client_only)
		return c->clock_quality;
	quality = bc_holdover_quality(&engine->holdover, &c->clock_quality, now_mono_ns);
	/* Its news count at once: nobody takes himself for as good as the one whose time he has. */
	if (parent && parent->in_use && quality.clock_class < c->clock_quality.clock_class)
		quality.clock_class =
			MAX(quality.clock_class,
			    MIN(parent->announce.announce.grandmaster_clock_quality.clock_class + 1,
				c->clock_quality.clock_class));
	return quality;
}

static void announce_bar(struct bc_engine *engine, size_t port, const struct ptp_port_identity *identity,
			 uint64_t bar_ns)
{
	struct bc_action *action;

	if (bar_ns == 0)
		return;
	action = bc_action_push(engine, BC_ACTION_MASTER_BARRED, port);
	if (!action)
		return;
	action->master_barred.identity = *identity;
	action->master_barred.bar_ns = bar_ns;
}

void bc_succession_parent_lost(struct bc_port *port, uint64_t now_mono_ns)
{
	struct bc_engine *engine = port->engine;
	const struct ptp_port_identity *parent = &engine->status.parent;

	if (engine->slave != port)
		return;
	announce_bar(engine, port->index, parent,
		     bc_trust_flapped(&engine->trust, parent->clock_identity, now_mono_ns));
	engine->chosen.port = NULL;
}

/* The one that was left is still there, but no longer what it was when it was chosen. */
static void note_loss_of_rank(struct bc_engine *engine, uint64_t now_mono_ns)
{
	struct bc_port *port = engine->chosen.port;
	const struct bc_foreign_master *record;

	if (!port)
		return;
	record = bc_foreign_find(&port->foreign, &engine->chosen.parent);
	if (!record || !bc_foreign_is_qualified(record, now_mono_ns) ||
	    memcmp(&record->announce.announce, &engine->chosen.announce, sizeof(engine->chosen.announce)) ==
		    0)
		return;
	announce_bar(engine, port->index, &engine->chosen.parent,
		     bc_trust_flapped(&engine->trust, engine->chosen.parent.clock_identity, now_mono_ns));
}

static void note_choice(struct bc_engine *engine)
{
	struct bc_port *port = engine->slave;

	engine->chosen.port = port;
	if (!port)
		return;
	engine->chosen.parent = engine->status.parent;
	engine->chosen.announce = port->best->announce.announce;
}

static void announce_holdover(struct bc_engine *engine, enum bc_holdover_event event, uint64_t now_mono_ns)
{
	const struct bc_holdover *h = &engine->holdover;
	struct bc_action *action = bc_action_push(engine, BC_ACTION_HOLDOVER, 0);

	if (!action)
		return;
	action->holdover.event = event;
	action->holdover.clock_class = h->quality.clock_class;
	action->holdover.clock_accuracy = h->quality.clock_accuracy;
	action->holdover.age_ns = now_mono_ns - MIN(h->in_step_mono_ns, now_mono_ns);
	action->holdover.expected_error_ns = bc_holdover_expected_error_ns(h, now_mono_ns);
}

static bool same_quality(const struct ptp_clock_quality *a, const struct ptp_clock_quality *b)
{
	return a->clock_class == b->clock_class && a->clock_accuracy == b->clock_accuracy &&
	       a->offset_scaled_log_variance == b->offset_scaled_log_variance;
}

/* Without a master that we were in step with: what we say of ourselves follows the timetable. */
static void run_holdover(struct bc_engine *engine, uint64_t now_mono_ns)
{
	struct bc_holdover *h = &engine->holdover;
	struct ptp_clock_quality quality;

	if (engine->slave || !h->has_been_in_step) {
		if (h->is_on)
			announce_holdover(engine, BC_HOLDOVER_LEFT, now_mono_ns);
		h->is_on = false;
		return;
	}
	quality = bc_succession_own_quality(engine, now_mono_ns);
	engine->status.grandmaster_clock_quality = quality;
	engine->status.time_flags &= (uint16_t) ~(PTP_FLAG_TIME_TRACEABLE | PTP_FLAG_FREQUENCY_TRACEABLE);
	engine->status.time_flags |= bc_holdover_traceability(h, now_mono_ns);
	if (h->is_on && same_quality(&quality, &h->quality))
		return;
	h->quality = quality;
	announce_holdover(engine, h->is_on ? BC_HOLDOVER_DEGRADED : BC_HOLDOVER_ENTERED, now_mono_ns);
	h->is_on = true;
}

static void news_of(const struct bc_status *s, struct bc_news *ret_news)
{
	memset(ret_news, 0, sizeof(*ret_news));
	memcpy(ret_news->identity, s->grandmaster_identity, sizeof(ret_news->identity));
	ret_news->clock_class = s->grandmaster_clock_quality.clock_class;
	ret_news->clock_accuracy = s->grandmaster_clock_quality.clock_accuracy;
	ret_news->offset_scaled_log_variance = s->grandmaster_clock_quality.offset_scaled_log_variance;
	ret_news->priority1 = s->grandmaster_priority1;
	ret_news->priority2 = s->grandmaster_priority2;
	ret_news->steps_removed = s->steps_removed;
	ret_news->utc_offset_s = s->utc_offset_s;
	ret_news->time_flags = s->time_flags;
	ret_news->time_source = s->time_source;
}

static void tell_downstream(struct bc_engine *engine, uint64_t now_mono_ns)
{
	struct bc_news news;

	news_of(&engine->status, &news);
	if (memcmp(&news, &engine->news, sizeof(news)) == 0)
		return;
	memcpy(&engine->news, &news, sizeof(news));
	for (size_t i = 0; i < engine->n_ports; i++) {
		struct bc_port *port = &engine->ports[i];
		uint64_t interval_ns = bc_interval_ns(port->config.log_announce_interval), earliest;

		bc_unicast_server_news(port, NEWS_SPACING, now_mono_ns);
		if (port->announce_deadline == NEVER)
			continue;
		earliest = port->announce_sent_mono_ns + interval_ns / NEWS_SPACING;
		port->announce_deadline = MIN(port->announce_deadline, MAX(earliest, now_mono_ns));
	}
}

void bc_succession_decided(struct bc_engine *engine, bool is_new_master, uint64_t now_mono_ns)
{
	if (is_new_master) {
		note_loss_of_rank(engine, now_mono_ns);
		note_choice(engine);
	}
	run_holdover(engine, now_mono_ns);
	tell_downstream(engine, now_mono_ns);
}

void bc_succession_in_step(struct bc_engine *engine, uint64_t now_mono_ns)
{
	const struct bc_status *s = &engine->status;
	struct bc_servo_uncertainty uncertainty;
	bool is_known = bc_servo_uncertainty(engine->servo, &uncertainty);

	engine->step_guard.is_armed = true;
	bc_holdover_in_step(&engine->holdover, &s->grandmaster_clock_quality, s->time_flags,
			    is_known ? &uncertainty : NULL, now_mono_ns);
}

static void announce_guard(struct bc_port *port, int64_t step_ns, bool is_followed)
{
	struct bc_action *action = bc_action_push(port->engine, BC_ACTION_STEP_GUARD, port->index);

	if (!action)
		return;
	action->step_guard.identity = port->engine->status.parent;
	action->step_guard.step_ns = step_ns;
	action->step_guard.is_followed = is_followed;
}

bool bc_succession_is_beyond_limit(const struct bc_engine *engine, int64_t step_ns, uint64_t elapsed_ns)
{
	return !engine->config.free_running && !engine->step_guard.config.only_warns &&
	       bc_step_guard_is_beyond_limit(&engine->step_guard, step_ns, elapsed_ns);
}

bool bc_succession_allows_step(struct bc_port *port, int64_t step_ns, uint64_t now_mono_ns)
{
	struct bc_engine *engine = port->engine;
	struct bc_step_guard *guard = &engine->step_guard;
	uint64_t elapsed_ns = now_mono_ns - MIN(engine->last_sync_mono_ns, now_mono_ns);

	if (engine->config.free_running)
		return true;
	if (!bc_step_guard_is_beyond_limit(guard, step_ns, elapsed_ns) &&
	    bc_step_guard_take(guard, step_ns, now_mono_ns))
		return true;
	if (guard->config.only_warns) {
		announce_guard(port, step_ns, true);
		return true;
	}
	bc_succession_refuse_master(port, step_ns, now_mono_ns);
	return false;
}

void bc_succession_refuse_master(struct bc_port *port, int64_t step_ns, uint64_t now_mono_ns)
{
	struct bc_engine *engine = port->engine;
	const struct ptp_port_identity *parent = &engine->status.parent;

	announce_guard(port, step_ns, false);
	announce_bar(engine, port->index, parent,
		     bc_trust_refused(&engine->trust, parent->clock_identity, now_mono_ns));
	bc_decision_force(engine);
}
