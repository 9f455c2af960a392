// SPDX-License-Identifier: GPL-2.0-or-later
/* Creation, the queue of actions, dispatch of inputs to ports, and the next deadline. */
#include "bc/engine/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bc/engine/admission.h"
#include "bc/engine/engine_private.h"
#include "bc/engine/interval_request.h"
#include "bc/engine/unicast_client.h"
#include "bc/engine/unicast_server.h"

/* So many Announces of a port may be under way back to us. */
#define OWN_ANNOUNCE_RECENT 4
/* Late by more than this, the whole program stood still. */
#define HALT_NS (uint64_t) NSEC_PER_SEC
/* Without a Sync for so many intervals, and a second, a clock does not count as locked. */
#define LOCKED_SYNCS 4
/* What a port sends its unicast clients at once, and the Follow_Ups of what it sent before. */
#define ACTIONS_FOR_CLIENTS 32

static bool config_is_sound(const struct bc_engine_config *c)
{
	if (c->n_ports == 0 || c->n_ports > BC_MAX_PORTS || c->foreign_master_limit < 4)
		return false;
	for (size_t i = 0; i < c->n_ports; i++) {
		if (c->ports[i].client_only && c->ports[i].server_only)
			return false;
		if (c->ports[i].is_role_fixed && !c->client_only && !c->ports[i].client_only &&
		    !c->ports[i].server_only)
			return false;
		if (c->ports[i].announce_receipt_timeout < 2)
			return false;
	}
	return true;
}

static int port_init(struct bc_port *port, struct bc_engine *engine, size_t index,
		     const struct bc_port_config *config)
{
	int r;

	port->engine = engine;
	port->index = index;
	port->config = *config;
	/* Where roles are fixed, a client only clock may have servers among its ports: a bridge. */
	if (!config->is_role_fixed || !config->server_only)
		port->config.client_only |= engine->config.client_only;
	memcpy(port->identity.clock_identity, engine->config.clock_identity, PTP_CLOCK_IDENTITY_LEN);
	port->identity.port_number = (uint16_t)(index + 1);
	port->state = BC_STATE_INITIALIZING;
	port->state_since_mono_ns = engine->last_input_mono_ns;
	port->log_delay_req_interval = config->log_min_delay_req_interval;
	bc_interval_request_reset(port);
	port->announce_receipt_deadline = port->sync_receipt_deadline = port->qualification_deadline = NEVER;
	port->announce_deadline = port->sync_deadline = port->delay_req_deadline = port->fault_deadline =
		NEVER;
	r = bc_foreign_init(&port->foreign, engine->config.foreign_master_limit);
	if (r == 0)
		r = bc_delay_filter_new(config->delay_filter, config->delay_filter_length,
					&port->delay_filter);
	if (r == 0)
		r = bc_admission_init(port);
	if (r == 0)
		r = bc_link_delay_init(port);
	if (r == 0)
		r = bc_unicast_server_new(port, &port->unicast_server);
	if (r == 0)
		r = bc_unicast_client_new(port, &port->unicast_client);
	return r;
}

int bc_engine_new(const struct bc_engine_config *config, uint64_t now_mono_ns, int64_t ptp_ns,
		  struct bc_engine **ret_engine)
{
	struct bc_engine *e;
	int r = 0;

	if (!config_is_sound(config))
		return -EINVAL;
	e = calloc(1, sizeof(*e) + config->n_ports * sizeof(e->ports[0]));
	if (!e)
		return -ENOMEM;

	e->config = *config;
	e->config.ports = NULL;
	e->random = config->seed | 1;
	e->last_input_mono_ns = now_mono_ns;
	e->decision_deadline = NEVER;
	e->near_since_mono_ns = NEVER;
	bc_management_init(e);
	e->holdover.config = config->holdover;
	e->step_guard.config = config->step_guard;
	bc_local_clock_init(&e->clock, now_mono_ns, ptp_ns);
	if (!config->is_system_clock) /* the kernel runs that one */
		bc_local_clock_set_rate(&e->clock, now_mono_ns, -config->initial_frequency_ppb);

	e->max_actions = 64 + 8 * config->n_ports;
	for (size_t i = 0; i < config->n_ports; i++)
		if (config->ports[i].unicast_limits.max_clients > 0)
			e->max_actions += ACTIONS_FOR_CLIENTS;
	e->actions = calloc(e->max_actions, sizeof(e->actions[0]));
	e->erbest = calloc(config->n_ports, sizeof(e->erbest[0]));
	if (!e->actions || !e->erbest)
		r = -ENOMEM;
	for (size_t i = 0; r == 0 && i < config->n_ports; i++) {
		e->n_ports++;
		r = port_init(&e->ports[i], e, i, &config->ports[i]);
	}
	if (r == 0)
		r = bc_servo_new(&config->servo, config->initial_frequency_ppb, &e->servo);
	if (r < 0) {
		bc_engine_free(e);
		return r;
	}
	e->status.frequency_ppb = config->initial_frequency_ppb;
	bc_local_clock_init(&e->unsteered, now_mono_ns, (int64_t)now_mono_ns);
	bc_system_init(e);
	bc_decision_set_self(e);
	*ret_engine = e;
	return 0;
}

void bc_engine_free(struct bc_engine *engine)
{
	if (!engine)
		return;
	for (size_t i = 0; i < engine->n_ports; i++) {
		bc_foreign_free(&engine->ports[i].foreign);
		bc_delay_filter_free(engine->ports[i].delay_filter);
		bc_admission_free(&engine->ports[i]);
		bc_link_delay_free(&engine->ports[i]);
		bc_unicast_server_free(engine->ports[i].unicast_server);
		bc_unicast_client_free(engine->ports[i].unicast_client);
	}
	bc_servo_free(engine->servo);
	free(engine->actions);
	free(engine->erbest);
	free(engine);
}

struct bc_action *bc_action_push(struct bc_engine *engine, enum bc_action_type type, size_t port)
{
	struct bc_action *action;

	if (engine->n_actions == engine->max_actions) {
		bc_count(&engine->ports[port], BC_COUNTER_TX_ACTION_LOST);
		return NULL;
	}
	action = &engine->actions[(engine->first_action + engine->n_actions) % engine->max_actions];
	engine->n_actions++;
	memset(action, 0, sizeof(*action));
	action->type = type;
	action->port = port;
	return action;
}

bool bc_engine_pop_action(struct bc_engine *engine, struct bc_action *ret_action)
{
	if (engine->n_actions == 0)
		return false;
	*ret_action = engine->actions[engine->first_action];
	engine->first_action = (engine->first_action + 1) % engine->max_actions;
	engine->n_actions--;
	return true;
}

/* xorshift64 (Marsaglia 2003): spreads messages in time, protects nothing. */
uint64_t bc_random(struct bc_engine *engine, uint64_t below)
{
	uint64_t x = engine->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	engine->random = x;
	return below ? x % below : 0;
}

/* The program was stopped or the machine suspended: what could not be heard meanwhile is not missing. */
static void forgive_halt(struct bc_engine *engine, uint64_t now_mono_ns)
{
	uint64_t due = bc_engine_next_deadline_mono_ns(engine);

	if (due >= now_mono_ns || now_mono_ns - due <= HALT_NS)
		return;
	for (size_t i = 0; i < engine->n_ports; i++) {
		bc_count(&engine->ports[i], BC_COUNTER_TIMER_LATE);
		bc_port_shift(&engine->ports[i], due, now_mono_ns - due);
	}
}

/* First of all in every input that carries the time. */
static void begin(struct bc_engine *engine, uint64_t now_mono_ns)
{
	if (now_mono_ns - engine->last_input_mono_ns > HALT_NS)
		forgive_halt(engine, now_mono_ns);
	engine->last_input_mono_ns = now_mono_ns;
}

/* Recounts what the codec refused. */
static void count_refused(struct bc_port *port, enum bc_msg_result result)
{
	static const enum bc_counter counters[] = {
		[BC_MSG_SHORT] = BC_COUNTER_RX_SHORT,	      [BC_MSG_LENGTH] = BC_COUNTER_RX_LENGTH,
		[BC_MSG_VERSION] = BC_COUNTER_RX_VERSION,     [BC_MSG_TYPE] = BC_COUNTER_RX_TYPE,
		[BC_MSG_TIMESTAMP] = BC_COUNTER_RX_TIMESTAMP, [BC_MSG_TLV] = BC_COUNTER_RX_TLV,
	};

	bc_count(port, counters[result]);
}

/* An Announce that a master port of ours has just sent. Whoever else bears our identity is not believed to be
 * us: one frame of a stranger would silence a port. */
static bool is_of_our_ports(const struct bc_engine *engine, const struct bc_msg *msg)
{
	uint16_t number = msg->source.port_number;
	const struct bc_port *sender;

	if (number == 0 || number > engine->n_ports)
		return false;
	sender = &engine->ports[number - 1];
	return (sender->state == BC_STATE_MASTER || sender->state == BC_STATE_GRAND_MASTER) &&
	       (uint16_t)(sender->announce_sequence_id - 1 - msg->sequence_id) < OWN_ANNOUNCE_RECENT;
}

/* Two ports on one segment hear each other, or a port itself. Of two the one with the higher number falls
 * silent (9.3.3, P2: better by topology) for as long as it hears the other. */
static void own_clock_heard(struct bc_port *port, const struct bc_msg *msg, uint64_t now_mono_ns)
{
	bool is_own_port = msg->source.port_number == port->identity.port_number;

	bc_count(port, is_own_port ? BC_COUNTER_RX_OWN_PORT : BC_COUNTER_RX_OWN_CLOCK);
	if (msg->type != PTP_ANNOUNCE)
		return;
	if (!is_of_our_ports(port->engine, msg)) {
		bc_count(port, BC_COUNTER_ANNOUNCE_OWN_IDENTITY);
		bc_decision_tell_refused(port, msg, BC_COUNTER_ANNOUNCE_OWN_IDENTITY);
		return;
	}
	if (is_own_port || msg->source.port_number > port->identity.port_number)
		return;
	if (port->loop_until_mono_ns <= now_mono_ns) {
		struct bc_action *action = bc_action_push(port->engine, BC_ACTION_LOOP, port->index);

		if (action)
			action->loop.port_number = msg->source.port_number;
		port->engine->is_decision_due = true;
	}
	port->loop_until_mono_ns = now_mono_ns + port->config.announce_receipt_timeout *
							 bc_interval_ns(port->config.log_announce_interval);
	/* The wire is not without a master: ours. */
	if (port->state == BC_STATE_PASSIVE)
		bc_port_arm_announce_receipt(port, now_mono_ns);
}

/* Whether a well-formed message is for this clock at all. */
static bool is_for_us(struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx,
		      uint64_t now_mono_ns)
{
	const struct bc_engine_config *config = &port->engine->config;

	if (msg->domain_number != config->domain_number) {
		bc_count(port, BC_COUNTER_RX_DOMAIN);
		return false;
	}
	if (msg->sdo_id != config->sdo_id) {
		bc_count(port, BC_COUNTER_RX_SDO_ID);
		return false;
	}
	if (rx->transport != port->config.transport) {
		bc_count(port, BC_COUNTER_RX_TRANSPORT);
		return false;
	}
	if (memcmp(msg->source.clock_identity, config->clock_identity, PTP_CLOCK_IDENTITY_LEN) == 0) {
		own_clock_heard(port, msg, now_mono_ns);
		return false;
	}
	if (msg->flags & PTP_FLAG_ALTERNATE_MASTER) {
		bc_count(port, BC_COUNTER_RX_ALTERNATE_MASTER);
		return false;
	}
	/* One that is disabled can be asked, and enabled, nevertheless (9.2.5). */
	if (!bc_port_is_active(port) && (port->state != BC_STATE_DISABLED || msg->type != PTP_MANAGEMENT)) {
		bc_count(port, BC_COUNTER_RX_STATE);
		return false;
	}
	return true;
}

static void receive_delay_req(struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx,
			      uint64_t now_mono_ns)
{
	if (port->mechanism == BC_DELAY_P2P)
		bc_link_delay_wrong_mechanism(port, msg);
	else if (port->state != BC_STATE_MASTER && port->state != BC_STATE_GRAND_MASTER)
		bc_count(port, BC_COUNTER_RX_STATE);
	else if (!rx->has_stamp)
		bc_count(port, BC_COUNTER_RX_NO_STAMP);
	else if (bc_duplicates_has(&port->duplicates, port->engine->config.seed, &msg->source,
				   msg->sequence_id, now_mono_ns))
		bc_count(port, BC_COUNTER_DELAY_REQ_DUPLICATE);
	else
		bc_send_delay_resp(port, msg, rx);
}

void bc_engine_handle_rx(struct bc_engine *engine, size_t port_index, const struct bc_rx *rx,
			 uint64_t now_mono_ns)
{
	struct bc_port *port = &engine->ports[port_index];
	enum bc_msg_result result;
	struct bc_msg msg;

	begin(engine, now_mono_ns);
	result = bc_msg_parse(rx->message, rx->len, &msg);
	if (result != BC_MSG_OK) {
		count_refused(port, result);
		return;
	}
	if (rx->has_stamp && (int64_t)(now_mono_ns - rx->stamp_mono_ns) > NSEC_PER_SEC) {
		bc_count(port, BC_COUNTER_RX_STALE);
		return;
	}
	if (!is_for_us(port, &msg, rx, now_mono_ns) || !bc_link_delay_admits(port, &msg) ||
	    !bc_admission_allows(port, &msg, rx, now_mono_ns))
		return;

	switch (msg.type) {
	case PTP_SYNC:
		bc_count(port, BC_COUNTER_RX_SYNC);
		if (bc_role_is_fixed_client(port))
			bc_role_sync_heard(port, &msg, now_mono_ns);
		bc_slave_sync(port, &msg, rx, now_mono_ns);
		break;
	case PTP_FOLLOW_UP:
		bc_count(port, BC_COUNTER_RX_FOLLOW_UP);
		bc_slave_follow_up(port, &msg, now_mono_ns);
		break;
	case PTP_DELAY_REQ:
		bc_count(port, BC_COUNTER_RX_DELAY_REQ);
		receive_delay_req(port, &msg, rx, now_mono_ns);
		break;
	case PTP_DELAY_RESP:
		bc_count(port, BC_COUNTER_RX_DELAY_RESP);
		bc_slave_delay_resp(port, &msg);
		break;
	case PTP_ANNOUNCE:
		bc_count(port, BC_COUNTER_RX_ANNOUNCE);
		bc_unicast_client_announce_heard(port, &msg, rx, now_mono_ns);
		bc_decision_announce(port, &msg, now_mono_ns);
		break;
	case PTP_SIGNALING:
		bc_count(port, BC_COUNTER_RX_SIGNALING);
		bc_interval_request_handle(port, &msg, now_mono_ns);
		bc_unicast_signaling(port, &msg, rx, now_mono_ns);
		break;
	case PTP_MANAGEMENT:
		bc_count(port, BC_COUNTER_RX_MANAGEMENT);
		bc_management_rx(port, &msg, rx, now_mono_ns);
		break;
	case PTP_PDELAY_REQ:
		bc_count(port, BC_COUNTER_RX_PDELAY_REQ);
		bc_link_delay_handle_rx(port, &msg, rx, now_mono_ns);
		break;
	case PTP_PDELAY_RESP:
		bc_count(port, BC_COUNTER_RX_PDELAY_RESP);
		bc_link_delay_handle_rx(port, &msg, rx, now_mono_ns);
		break;
	default:
		bc_count(port, BC_COUNTER_RX_PDELAY_RESP_FOLLOW_UP);
		bc_link_delay_handle_rx(port, &msg, rx, now_mono_ns);
		break;
	}
	if (engine->is_decision_due)
		bc_decision_run(engine, now_mono_ns);
}

static bool delay_req_stamp(struct bc_port *port, uint16_t sequence_id, uint64_t stamp_mono_ns)
{
	for (size_t i = 0; i < BC_DELAY_REQ_PENDING; i++) {
		struct bc_delay_req_sent *sent = &port->delay_req_sent[i];

		if (!sent->is_waiting || sent->has_stamp || sent->sequence_id != sequence_id)
			continue;
		sent->has_stamp = true;
		sent->t3_mono_ns = stamp_mono_ns;
		bc_slave_delay_req_stamp(port, sent);
		return true;
	}
	return false;
}

void bc_engine_set_one_step(struct bc_engine *engine, size_t port, bool is_one_step, int64_t allowance_ns)
{
	engine->ports[port].is_one_step = is_one_step;
	engine->ports[port].one_step_allowance_ns = allowance_ns;
}

static bool sync_stamp(struct bc_port *port, uint16_t sequence_id, uint64_t stamp_mono_ns)
{
	struct bc_sync_sent *sent = &port->sync_sent[sequence_id % BC_SYNC_PENDING];

	if (!sent->is_waiting || sent->sequence_id != sequence_id)
		return bc_unicast_server_stamp(port, sequence_id, stamp_mono_ns);
	sent->is_waiting = false;
	bc_send_follow_up(port, NULL, sequence_id, stamp_mono_ns);
	return true;
}

void bc_engine_handle_tx_stamp(struct bc_engine *engine, size_t port_index, uint8_t message_type,
			       uint16_t sequence_id, uint64_t stamp_mono_ns)
{
	struct bc_port *port = &engine->ports[port_index];
	bool is_known = false;

	if (message_type == PTP_PDELAY_REQ || message_type == PTP_PDELAY_RESP)
		is_known = bc_link_delay_handle_tx_stamp(port, message_type, sequence_id, stamp_mono_ns);
	stamp_mono_ns += (uint64_t)port->config.egress_latency_ns;
	if (message_type == PTP_SYNC)
		is_known = sync_stamp(port, sequence_id, stamp_mono_ns);
	else if (message_type == PTP_DELAY_REQ)
		is_known = delay_req_stamp(port, sequence_id, stamp_mono_ns);
	/* One that comes too late for its message still shows that frames leave. */
	port->unstamped_since_mono_ns = 0;
	if (is_known)
		bc_port_stamp_came(port);
	else
		bc_count(port, BC_COUNTER_TX_STAMP_UNMATCHED);
}

void bc_engine_handle_one_step_left(struct bc_engine *engine, size_t port, uint16_t sequence_id,
				    uint64_t stamp_mono_ns)
{
	engine->ports[port].omits_follow_up = true;
	bc_engine_handle_tx_stamp(engine, port, PTP_SYNC, sequence_id, stamp_mono_ns);
	engine->ports[port].omits_follow_up = false;
}

void bc_engine_handle_link(struct bc_engine *engine, size_t port_index, enum bc_link_state state,
			   uint64_t now_mono_ns)
{
	struct bc_port *port = &engine->ports[port_index];
	bool has_link = state == BC_LINK_UP;

	begin(engine, now_mono_ns);
	if (port->state == BC_STATE_INITIALIZING) {
		port->has_link = has_link;
		bc_port_event(port, has_link ? BC_EVENT_INIT_COMPLETE : BC_EVENT_FAULT_DETECTED, false,
			      now_mono_ns);
		bc_inherit_resume(port, now_mono_ns);
	} else if (has_link != port->has_link) {
		port->has_link = has_link;
		port->n_faults = 0;
		port->fault_deadline = NEVER;
		bc_port_event(port, has_link ? BC_EVENT_FAULT_CLEARED : BC_EVENT_FAULT_DETECTED, false,
			      now_mono_ns);
	}
	if (engine->is_decision_due)
		bc_decision_run(engine, now_mono_ns);
}

void bc_engine_handle_mono_rate(struct bc_engine *engine, double rate_ppb, uint64_t now_mono_ns)
{
	begin(engine, now_mono_ns);
	bc_slave_mono_rate(engine, rate_ppb, now_mono_ns);
}

void bc_engine_describe_port(struct bc_engine *engine, size_t port,
			     const struct bc_port_description *description)
{
	engine->ports[port].description = *description;
}

void bc_engine_handle_management(struct bc_engine *engine, const struct bc_management_client *client,
				 const uint8_t *message, size_t len, uint64_t now_mono_ns)
{
	begin(engine, now_mono_ns);
	bc_management_request(engine, client, message, len, now_mono_ns);
	if (engine->is_decision_due)
		bc_decision_run(engine, now_mono_ns);
}

void bc_engine_forget_management_client(struct bc_engine *engine, const struct bc_management_client *client)
{
	bc_management_forget(engine, client);
}

void bc_engine_handle_timer(struct bc_engine *engine, uint64_t now_mono_ns)
{
	begin(engine, now_mono_ns);
	bc_system_timer(engine, now_mono_ns);
	for (size_t i = 0; i < engine->n_ports; i++)
		bc_port_timer_watch(&engine->ports[i], now_mono_ns);
	/* What a new master says of the grandmaster must be true: the decision comes before the sending. */
	if (engine->is_decision_due || now_mono_ns >= engine->decision_deadline)
		bc_decision_run(engine, now_mono_ns);
	for (size_t i = 0; i < engine->n_ports; i++)
		bc_port_timer_send(&engine->ports[i], now_mono_ns);
	if (engine->is_decision_due)
		bc_decision_run(engine, now_mono_ns);
}

uint64_t bc_engine_next_deadline_mono_ns(const struct bc_engine *engine)
{
	uint64_t next = MIN(engine->decision_deadline, bc_system_next_deadline(engine));

	for (size_t i = 0; i < engine->n_ports; i++)
		next = MIN(next, bc_port_next_deadline(&engine->ports[i]));
	return next;
}

void bc_engine_status(const struct bc_engine *engine, struct bc_status *ret_status)
{
	*ret_status = engine->status;
	ret_status->utc_in_force_s = engine->system.utc.offset_s;
	ret_status->leap = engine->system.utc.leap;
}

bool bc_engine_is_locked(const struct bc_engine *engine, uint64_t now_mono_ns)
{
	const struct bc_port *port = engine->slave;

	if (!port || engine->near_since_mono_ns == NEVER || engine->status.servo_state < BC_SERVO_LOCKED)
		return false;
	/* A parent may go on announcing without Sync. */
	return (int64_t)(now_mono_ns - engine->last_sync_mono_ns) <=
	       MAX(LOCKED_SYNCS * (int64_t)bc_interval_ns(port->sync_rx.log_interval), NSEC_PER_SEC);
}

void bc_engine_holdover(const struct bc_engine *engine, uint64_t now_mono_ns,
			struct bc_holdover_status *ret_status)
{
	const struct bc_holdover *h = &engine->holdover;

	*ret_status = (struct bc_holdover_status){
		.is_on = h->is_on,
		.in_step_mono_ns = h->in_step_mono_ns,
		.expected_error_ns = bc_holdover_expected_error_ns(h, now_mono_ns),
	};
}

enum bc_port_state bc_engine_port_state(const struct bc_engine *engine, size_t port)
{
	return engine->ports[port].state;
}

const struct bc_port_counters *bc_engine_counters(const struct bc_engine *engine, size_t port)
{
	return &engine->ports[port].counters;
}

const struct bc_local_clock *bc_engine_clock(const struct bc_engine *engine)
{
	return &engine->clock;
}

size_t bc_engine_n_foreign_masters(const struct bc_engine *engine, size_t port)
{
	return bc_foreign_count(&engine->ports[port].foreign);
}

size_t bc_engine_n_unicast_clients(const struct bc_engine *engine)
{
	return engine->n_unicast_clients;
}
