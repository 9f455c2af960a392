// SPDX-License-Identifier: GPL-2.0-or-later
/* A port's state, the timers that each state runs, and what becomes of lost transmit stamps. */
#include <string.h>

#include "bc/engine/engine_private.h"
#include "bc/engine/interval_request.h"
#include "bc/engine/succession.h"
#include "bc/engine/unicast_client.h"
#include "bc/engine/unicast_server.h"

/* 2^4 times the configured interval at the most. */
#define FAULT_BACKOFF_MAX 4

bool bc_port_is_active(const struct bc_port *port)
{
	return port->state != BC_STATE_INITIALIZING && port->state != BC_STATE_FAULTY &&
	       port->state != BC_STATE_DISABLED;
}

void bc_port_arm_announce_receipt(struct bc_port *port, uint64_t now_mono_ns)
{
	uint64_t interval_ns = bc_interval_ns(port->config.log_announce_interval);

	if (bc_role_is_fixed_client(port)) /* Sync does what elsewhere Announce does */
		interval_ns = MAX(interval_ns, bc_interval_ns(port->config.log_sync_interval));
	if (port->config.inhibit_announce && !bc_role_is_fixed_client(port)) {
		port->announce_receipt_deadline = NEVER;
		return;
	}
	/* Up to one interval of random time, so that clocks do not all become masters at once (9.2.6.12). */
	port->announce_receipt_deadline = now_mono_ns + port->config.announce_receipt_timeout * interval_ns +
					  bc_random(port->engine, interval_ns);
}

static void stop_timers(struct bc_port *port)
{
	port->announce_receipt_deadline = port->sync_receipt_deadline = port->qualification_deadline = NEVER;
	port->announce_deadline = port->sync_deadline = port->delay_req_deadline = NEVER;
}

/* PRE_MASTER lasts as long as news of a better master may take to come round (9.2.6.10). */
static uint64_t qualification_ns(const struct bc_port *port)
{
	uint64_t n = port->engine->slave ? (uint64_t)port->engine->status.steps_removed + 1 : 0;

	return n * bc_interval_ns(port->config.log_announce_interval);
}

static void enter_state(struct bc_port *port, enum bc_port_state old_state, uint64_t now_mono_ns)
{
	bool was_master = old_state == BC_STATE_MASTER || old_state == BC_STATE_GRAND_MASTER;
	bool was_slave = old_state == BC_STATE_UNCALIBRATED || old_state == BC_STATE_SLAVE;

	switch (port->state) {
	case BC_STATE_MASTER:
	case BC_STATE_GRAND_MASTER:
		if (was_master)
			return;
		stop_timers(port);
		bc_interval_request_reset(port);
		port->announce_deadline = port->config.inhibit_announce ? NEVER : now_mono_ns;
		port->sync_deadline = now_mono_ns;
		return;
	case BC_STATE_UNCALIBRATED:
	case BC_STATE_SLAVE:
		if (was_slave)
			return;
		stop_timers(port);
		bc_port_arm_announce_receipt(port, now_mono_ns);
		port->log_delay_req_interval = bc_unicast_client_delay_req_interval(port);
		return;
	case BC_STATE_PRE_MASTER:
		stop_timers(port);
		port->qualification_deadline = now_mono_ns + qualification_ns(port);
		return;
	case BC_STATE_LISTENING:
	case BC_STATE_PASSIVE:
		stop_timers(port);
		bc_port_arm_announce_receipt(port, now_mono_ns);
		return;
	default:
		stop_timers(port);
		bc_foreign_clear(&port->foreign);
		memset(port->sync_sent, 0, sizeof(port->sync_sent));
		bc_unicast_server_forget_stamps(port);
		port->best = NULL;
		port->n_stamps_missing = 0;
		port->unstamped_since_mono_ns = 0;
		port->loop_until_mono_ns = 0;
		bc_decision_force(port->engine);
		return;
	}
}

void bc_port_event(struct bc_port *port, enum bc_event event, bool is_new_master, uint64_t now_mono_ns)
{
	enum bc_port_state old_state = port->state;
	enum bc_port_state new_state = bc_role_next_state(port, event, is_new_master);
	struct bc_action *action;

	if (new_state == old_state)
		return;
	port->state = new_state;
	port->state_since_mono_ns = now_mono_ns;
	enter_state(port, old_state, now_mono_ns);
	bc_unicast_client_port_changed(port, now_mono_ns);

	action = bc_action_push(port->engine, BC_ACTION_PORT_STATE, port->index);
	if (action) {
		action->port_state.old_state = old_state;
		action->port_state.new_state = new_state;
		action->port_state.event = event;
	}
	bc_management_notify_port_state(port, now_mono_ns);
	bc_link_delay_port_changed(port, now_mono_ns);
}

void bc_port_stamp_came(struct bc_port *port)
{
	port->n_stamps_missing = 0;
	port->n_faults = 0;
}

void bc_port_stamp_missing(struct bc_port *port, uint64_t now_mono_ns)
{
	bc_count(port, BC_COUNTER_TX_STAMP_MISSING);
	if (++port->n_stamps_missing < BC_TX_STAMP_FAULT || !bc_port_is_active(port))
		return;
	/* One lost stamp is one lost message; none at all is a port whose frames do not leave. */
	port->fault_deadline = now_mono_ns + (port->config.fault_reset_interval_ns
					      << MIN(port->n_faults, FAULT_BACKOFF_MAX));
	port->n_faults++;
	bc_action_push(port->engine, BC_ACTION_FAULT, port->index);
	bc_port_event(port, BC_EVENT_FAULT_DETECTED, false, now_mono_ns);
}

static void announce_receipt_timeout(struct bc_port *port, uint64_t now_mono_ns)
{
	/* The master that was followed, or that kept us passive, is silent. */
	bc_succession_parent_lost(port, now_mono_ns);
	if (port->best)
		port->best->in_use = false;
	port->best = NULL;
	bc_decision_force(port->engine);
	if (port->state == BC_STATE_LISTENING && bc_role_is_client(port)) {
		bc_port_arm_announce_receipt(port, now_mono_ns);
		return;
	}
	bc_port_event(port, BC_EVENT_ANNOUNCE_RECEIPT_TIMEOUT, false, now_mono_ns);
}

/* The next time on the grid; skips what was missed instead of sending a burst. */
static uint64_t advance(uint64_t deadline, uint64_t interval_ns, uint64_t now_mono_ns)
{
	deadline += interval_ns;
	return deadline > now_mono_ns ? deadline : now_mono_ns + interval_ns;
}

void bc_port_timer_watch(struct bc_port *port, uint64_t now_mono_ns)
{
	bc_expire_stamps(port, now_mono_ns);

	if (now_mono_ns >= port->fault_deadline) {
		port->fault_deadline = NEVER;
		if (port->has_link)
			bc_port_event(port, BC_EVENT_FAULT_CLEARED, false, now_mono_ns);
	}
	if (now_mono_ns >= port->announce_receipt_deadline) {
		port->announce_receipt_deadline = NEVER;
		/* Who listens has waited for a first master: nothing was lost. */
		if (port->state != BC_STATE_LISTENING)
			bc_count(port, BC_COUNTER_ANNOUNCE_TIMEOUT);
		announce_receipt_timeout(port, now_mono_ns);
	}
	if (now_mono_ns >= port->sync_receipt_deadline) {
		port->sync_receipt_deadline = NEVER;
		bc_count(port, BC_COUNTER_SYNC_TIMEOUT);
		announce_receipt_timeout(port, now_mono_ns);
	}
	if (now_mono_ns >= port->qualification_deadline) {
		port->qualification_deadline = NEVER;
		bc_count(port, BC_COUNTER_QUALIFICATION_TIMEOUT);
		bc_port_event(port, BC_EVENT_QUALIFICATION_TIMEOUT, false, now_mono_ns);
		port->engine->is_decision_due = true;
	}
}

/* Uniform between 0 and twice the minimum interval (9.5.11.2), or in a part of that about the middle. */
static uint64_t delay_req_interval_ns(const struct bc_port *port)
{
	uint64_t mean_ns = bc_interval_ns(port->log_delay_req_interval);
	uint64_t spread_ns =
		(uint64_t)((double)mean_ns * CLAMP(port->config.delay_request_variability, 0.0, 1.0));

	return mean_ns - spread_ns + bc_random(port->engine, 2 * spread_ns);
}

void bc_port_timer_send(struct bc_port *port, uint64_t now_mono_ns)
{
	if (now_mono_ns >= port->announce_deadline) {
		port->announce_deadline = advance(port->announce_deadline,
						  bc_interval_ns(port->log_announce_interval), now_mono_ns);
		port->announce_sent_mono_ns = now_mono_ns;
		bc_send_announce(port, now_mono_ns);
	}
	if (now_mono_ns >= port->sync_deadline) {
		port->sync_deadline =
			advance(port->sync_deadline, bc_interval_ns(port->log_sync_interval), now_mono_ns);
		bc_send_sync(port, now_mono_ns);
	}
	if (now_mono_ns >= port->delay_req_deadline) {
		port->delay_req_deadline = now_mono_ns + delay_req_interval_ns(port);
		bc_slave_ask(port, now_mono_ns);
	}
	bc_link_delay_handle_timer(port, now_mono_ns);
	bc_unicast_client_timer(port, now_mono_ns);
	bc_unicast_server_timer(port, now_mono_ns);
}

uint64_t bc_port_next_deadline(const struct bc_port *port)
{
	uint64_t next = MIN(port->announce_receipt_deadline, port->sync_receipt_deadline);

	next = MIN(next, port->qualification_deadline);
	next = MIN(next, port->announce_deadline);
	next = MIN(next, port->sync_deadline);
	next = MIN(next, port->delay_req_deadline);
	next = MIN(next, port->fault_deadline);
	next = MIN(next, bc_link_delay_next_deadline(port));
	next = MIN(next, bc_unicast_client_deadline(port));
	next = MIN(next, bc_unicast_server_deadline(port));
	return MIN(next, bc_next_stamp_expiry(port));
}

static void shift_deadline(uint64_t *deadline, uint64_t by_ns)
{
	if (*deadline != NEVER)
		*deadline += by_ns;
}

void bc_port_shift(struct bc_port *port, uint64_t from_mono_ns, uint64_t by_ns)
{
	if (port->loop_until_mono_ns > from_mono_ns)
		port->loop_until_mono_ns += by_ns;
	shift_deadline(&port->announce_receipt_deadline, by_ns);
	shift_deadline(&port->sync_receipt_deadline, by_ns);
	bc_foreign_shift(&port->foreign, by_ns);
	bc_unicast_client_shift(port, by_ns);
	bc_unicast_server_forget_stamps(port);
	/* What was sent before the halt is not waited for any longer, and not held against the port. */
	memset(port->sync_sent, 0, sizeof(port->sync_sent));
	memset(port->delay_req_sent, 0, sizeof(port->delay_req_sent));
	port->unstamped_since_mono_ns = 0;
}
