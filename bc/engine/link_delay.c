// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which delay mechanism a port uses, and the peer delay of those that use that one: its messages and timers,
 * what is told of it, and asCapable (IEEE 802.1AS-2020 10.2.5.1). End to end is slave.c's.
 */
#include "bc/engine/link_delay.h"

#include <math.h>
#include <string.h>

#include "bc/engine/engine_private.h"

/* An AUTO port that was asked goes back to E2E when so many of its own requests were in vain, for so long. */
#define AUTO_REQUESTS 8
#define AUTO_BAR_NS   (60 * (uint64_t)NSEC_PER_SEC)

/* Modes that use the delay as it is measured. */
static bool is_raw(enum bc_tsproc_mode mode)
{
	return mode == BC_TSPROC_RAW || mode == BC_TSPROC_RAW_WEIGHT;
}

int bc_link_delay_init(struct bc_port *port)
{
	const struct bc_engine_config *engine = &port->engine->config;
	const struct bc_port_config *config = &port->config;
	const struct bc_peer_delay_config peer = {
		.identity = port->identity,
		.sdo_id = engine->sdo_id,
		.domain_number = engine->domain_number,
		.minor_version = engine->minor_version,
		.transport = config->transport,
		.log_min_pdelay_req_interval = config->log_min_pdelay_req_interval,
		.ingress_latency_ns = config->ingress_latency_ns,
		.egress_latency_ns = config->egress_latency_ns,
		.delay_asymmetry_ns = config->delay_asymmetry_ns,
		.stamping = config->stamping,
		.neighbor_prop_delay_thresh_ns = config->neighbor_prop_delay_thresh_ns,
		.min_neighbor_prop_delay_ns = config->min_neighbor_prop_delay_ns,
		.allowed_lost_responses = config->allowed_lost_responses,
		.delay_filter = config->delay_filter,
		.delay_filter_length = is_raw(config->tsproc_mode) ? 1 : config->delay_filter_length,
		.is_silent = config->inhibit_delay_req,
		.seed = engine->seed,
	};

	port->mechanism = config->delay_mechanism == BC_DELAY_AUTO ? BC_DELAY_E2E : config->delay_mechanism;
	port->is_capable = !config->follow_up_info || config->is_always_capable;
	if (config->delay_mechanism != BC_DELAY_P2P && config->delay_mechanism != BC_DELAY_AUTO)
		return 0;
	return bc_peer_delay_new(&peer, &port->peer_delay);
}

static struct bc_peer_delay_status peer_status(const struct bc_port *port)
{
	struct bc_peer_delay_status status = {};

	if (port->mechanism == BC_DELAY_P2P)
		bc_peer_delay_status(port->peer_delay, &status);
	return status;
}

/* Only peers that have shown all of it speak 802.1AS with us; ports of other profiles need not. */
static bool is_capable(const struct bc_port *port, const struct bc_peer_delay_status *status)
{
	if (!port->config.follow_up_info || port->config.is_always_capable)
		return true;
	return status->is_valid && !status->has_several_responders && status->has_neighbor_rate;
}

void bc_link_delay_inherit(struct bc_port *port, const struct bc_port *old)
{
	struct bc_peer_delay_status status;

	if (!port->peer_delay || port->config.delay_mechanism != old->config.delay_mechanism)
		return;
	bc_peer_delay_inherit(port->peer_delay, old->peer_delay);
	port->mechanism = old->mechanism;
	port->auto_until_mono_ns = old->auto_until_mono_ns;
	port->auto_barred_until_mono_ns = old->auto_barred_until_mono_ns;
	status = peer_status(port);
	port->is_capable = is_capable(port, &status);
	if (status.n_measured > 0)
		port->path_alarm = old->path_alarm;
}

void bc_link_delay_free(struct bc_port *port)
{
	bc_peer_delay_free(port->peer_delay);
}

bool bc_link_delay_get(const struct bc_port *port, int64_t *ret_ptp_ns)
{
	struct bc_peer_delay_status status = peer_status(port);
	double rate = 1.0 + bc_local_clock_rate_ppb(&port->engine->clock) * 1e-9;

	if (port->mechanism == BC_DELAY_NONE) {
		*ret_ptp_ns = port->config.initial_delay_ns;
		return true;
	}
	/* A delay that is not confirmed any more is better than none: cables seldom change. */
	if (!status.is_within_thresholds)
		return false;
	*ret_ptp_ns = llround((double)status.mean_link_delay_ns * rate);
	return true;
}

static void tell(struct bc_port *port, enum bc_link_note note, int64_t delay_ns)
{
	struct bc_action *action = bc_action_push(port->engine, BC_ACTION_LINK_NOTE, port->index);

	if (!action)
		return;
	action->link_note.note = note;
	action->link_note.delay_ns = delay_ns;
}

void bc_link_delay_watch(struct bc_port *port, int64_t delay_ns, uint64_t mono_ns)
{
	double change_ns = 0;
	enum bc_path_event event = bc_path_alarm_sample(&port->path_alarm, delay_ns, mono_ns, &change_ns);
	struct bc_action *action;

	if (event == BC_PATH_SAME)
		return;
	if (event == BC_PATH_JUMPED)
		bc_count(port, BC_COUNTER_PATH_DELAY_JUMP);
	else if (event == BC_PATH_DRIFTS)
		bc_count(port, BC_COUNTER_PATH_DELAY_DRIFT);
	action = bc_action_push(port->engine, BC_ACTION_PATH_ALARM, port->index);
	if (!action)
		return;
	action->path_alarm.event = event;
	action->path_alarm.delay_ns = delay_ns;
	action->path_alarm.change_ns = change_ns;
}

static void tell_changes(struct bc_port *port)
{
	struct bc_peer_delay_status status = peer_status(port);
	bool can = is_capable(port, &status);
	bool is_missing = status.is_missing && !status.has_several_responders;

	if (status.has_several_responders && !port->had_several_responders)
		tell(port, BC_LINK_SEVERAL_RESPONDERS, 0);
	if (status.is_valid != port->had_link_delay)
		tell(port, status.is_valid ? BC_LINK_DELAY_KNOWN : BC_LINK_DELAY_LOST,
		     status.mean_link_delay_ns);
	else if (is_missing && !port->has_told_missing)
		tell(port, status.n_measured > 0 ? BC_LINK_DELAY_LOST : BC_LINK_DELAY_NONE,
		     status.mean_link_delay_ns);
	if (status.n_measured != port->n_link_delays && status.n_measured > 0)
		bc_link_delay_watch(port, status.last_delay_ns, status.last_mono_ns);
	port->n_link_delays = status.n_measured;
	if (can != port->is_capable)
		tell(port, can ? BC_LINK_CAPABLE : BC_LINK_NOT_CAPABLE, 0);
	port->had_several_responders = status.has_several_responders;
	port->had_link_delay = status.is_valid;
	port->has_told_missing = is_missing;
	port->is_capable = can;
}

static void count_sent(struct bc_port *port, const struct bc_action *action, uint64_t now_mono_ns)
{
	if (action->send.is_event && port->unstamped_since_mono_ns == 0)
		port->unstamped_since_mono_ns = now_mono_ns;
	bc_count(port, action->send.message_type == PTP_PDELAY_REQ    ? BC_COUNTER_TX_PDELAY_REQ
		       : action->send.message_type == PTP_PDELAY_RESP ? BC_COUNTER_TX_PDELAY_RESP
								      : BC_COUNTER_TX_PDELAY_RESP_FOLLOW_UP);
}

/* A stamp that is missing is the port's concern, whatever it was of. */
static void note_missing_stamps(struct bc_port *port, uint64_t now_mono_ns)
{
	uint64_t n = bc_peer_delay_count(port->peer_delay, BC_PEER_DELAY_COUNTER_STAMP_MISSING);

	for (; port->n_pdelay_stamps_missing < n; port->n_pdelay_stamps_missing++)
		bc_stamp_give_up(port, now_mono_ns);
}

/* After each input: its messages into the engine's queue, its news to whoever is interested. */
static void drain(struct bc_port *port, uint64_t now_mono_ns)
{
	struct bc_action action;

	while (bc_peer_delay_pop_action(port->peer_delay, &action)) {
		struct bc_action *queued = bc_action_push(port->engine, BC_ACTION_SEND, port->index);

		if (!queued)
			continue;
		*queued = action;
		count_sent(port, &action, now_mono_ns);
	}
	tell_changes(port);
	note_missing_stamps(port, now_mono_ns);
}

/* Delays of the other mechanism say nothing any more. */
static void use_mechanism(struct bc_port *port, enum bc_delay_mechanism mechanism, uint64_t now_mono_ns)
{
	if (port->mechanism == mechanism)
		return;
	port->mechanism = mechanism;
	bc_path_alarm_reset(&port->path_alarm);
	if (port->engine->slave == port)
		bc_slave_reset(port, now_mono_ns);
}

static uint64_t auto_patience_ns(const struct bc_port *port)
{
	return AUTO_REQUESTS * bc_interval_ns(port->config.log_min_pdelay_req_interval) + NSEC_PER_SEC;
}

/* One Pdelay_Req of whoever it was made the port peer to peer: without answers it is not for good. */
static void look_after_auto(struct bc_port *port, uint64_t now_mono_ns)
{
	if (port->config.delay_mechanism != BC_DELAY_AUTO || port->mechanism != BC_DELAY_P2P ||
	    port->config.inhibit_delay_req)
		return;
	if (peer_status(port).is_valid)
		port->auto_until_mono_ns = now_mono_ns + auto_patience_ns(port);
	if (now_mono_ns < port->auto_until_mono_ns)
		return;
	port->auto_barred_until_mono_ns = now_mono_ns + AUTO_BAR_NS;
	tell(port, BC_LINK_PEER_LOST, 0);
	bc_peer_delay_handle_link(port->peer_delay, BC_LINK_DOWN, now_mono_ns);
	use_mechanism(port, BC_DELAY_E2E, now_mono_ns);
}

static void settle(struct bc_port *port, uint64_t now_mono_ns)
{
	look_after_auto(port, now_mono_ns);
	drain(port, now_mono_ns);
}

void bc_link_delay_port_changed(struct bc_port *port, uint64_t now_mono_ns)
{
	bool is_active = bc_port_is_active(port);

	if (!port->peer_delay)
		return;
	if (!is_active) {
		bc_peer_delay_handle_link(port->peer_delay, BC_LINK_DOWN, now_mono_ns);
		bc_path_alarm_reset(&port->path_alarm);
		port->has_told_mechanism = false;
		port->auto_barred_until_mono_ns = 0;
		/* Who will be at the other end is not known. */
		if (port->config.delay_mechanism == BC_DELAY_AUTO)
			use_mechanism(port, BC_DELAY_E2E, now_mono_ns);
	} else if (port->mechanism == BC_DELAY_P2P) {
		bc_peer_delay_handle_link(port->peer_delay, BC_LINK_UP, now_mono_ns);
	}
	settle(port, now_mono_ns);
}

void bc_link_delay_wrong_mechanism(struct bc_port *port, const struct bc_msg *msg)
{
	bc_count(port, BC_COUNTER_RX_MECHANISM);
	if (port->has_told_mechanism)
		return;
	port->has_told_mechanism = true;
	tell(port, msg->type == PTP_DELAY_REQ ? BC_LINK_DELAY_REQ_ON_P2P : BC_LINK_PDELAY_ON_E2E, 0);
}

void bc_link_delay_handle_rx(struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx,
			     uint64_t now_mono_ns)
{
	if (port->config.delay_mechanism == BC_DELAY_AUTO && port->mechanism == BC_DELAY_E2E &&
	    msg->type == PTP_PDELAY_REQ && now_mono_ns >= port->auto_barred_until_mono_ns) {
		tell(port, BC_LINK_PEER_FOUND, 0);
		port->auto_until_mono_ns = now_mono_ns + auto_patience_ns(port);
		use_mechanism(port, BC_DELAY_P2P, now_mono_ns);
		bc_peer_delay_handle_link(port->peer_delay, BC_LINK_UP, now_mono_ns);
	}
	if (port->mechanism != BC_DELAY_P2P) {
		/* Answers that we did not ask for are for others. */
		if (msg->type == PTP_PDELAY_REQ)
			bc_link_delay_wrong_mechanism(port, msg);
		else
			bc_count(port, BC_COUNTER_RX_MECHANISM);
		return;
	}
	bc_peer_delay_handle_rx(port->peer_delay, rx, now_mono_ns);
	settle(port, now_mono_ns);
}

bool bc_link_delay_admits(struct bc_port *port, const struct bc_msg *msg)
{
	if (port->is_capable ||
	    (msg->type != PTP_ANNOUNCE && msg->type != PTP_SYNC && msg->type != PTP_FOLLOW_UP))
		return true;
	bc_count(port, BC_COUNTER_RX_NOT_CAPABLE);
	return false;
}

bool bc_link_delay_handle_tx_stamp(struct bc_port *port, uint8_t message_type, uint16_t sequence_id,
				   uint64_t stamp_mono_ns)
{
	/* The frame has left, so it is later than its stamp. */
	uint64_t now_mono_ns = MAX(port->engine->last_input_mono_ns, stamp_mono_ns), n;

	if (port->mechanism != BC_DELAY_P2P)
		return false;
	n = bc_peer_delay_count(port->peer_delay, BC_PEER_DELAY_COUNTER_STAMP_UNMATCHED);
	bc_peer_delay_handle_tx_stamp(port->peer_delay, message_type, sequence_id, stamp_mono_ns,
				      now_mono_ns);
	settle(port, now_mono_ns);
	return bc_peer_delay_count(port->peer_delay, BC_PEER_DELAY_COUNTER_STAMP_UNMATCHED) == n;
}

void bc_link_delay_handle_timer(struct bc_port *port, uint64_t now_mono_ns)
{
	if (!port->peer_delay || now_mono_ns < bc_peer_delay_next_deadline_mono_ns(port->peer_delay))
		return;
	bc_peer_delay_handle_timer(port->peer_delay, now_mono_ns);
	settle(port, now_mono_ns);
}

uint64_t bc_link_delay_next_deadline(const struct bc_port *port)
{
	return port->peer_delay ? bc_peer_delay_next_deadline_mono_ns(port->peer_delay) : NEVER;
}

void bc_link_delay_set_interval(struct bc_port *port, int8_t log_interval)
{
	if (port->peer_delay)
		bc_peer_delay_set_interval(port->peer_delay, log_interval);
}

void bc_engine_link_delay(const struct bc_engine *engine, size_t port,
			  struct bc_link_delay_status *ret_status)
{
	const struct bc_port *p = &engine->ports[port];

	*ret_status = (struct bc_link_delay_status){
		.mechanism = p->mechanism, .is_capable = p->is_capable, .peer = peer_status(p)};
}

uint64_t bc_engine_peer_delay_count(const struct bc_engine *engine, size_t port,
				    enum bc_peer_delay_counter counter)
{
	const struct bc_port *p = &engine->ports[port];

	return p->peer_delay ? bc_peer_delay_count(p->peer_delay, counter) : 0;
}
