// SPDX-License-Identifier: GPL-2.0-or-later
/* Interval requests, granted and sent. */
#include "bc/engine/interval_request.h"

#include <string.h>

#include "bc/wire/tlv.h"

#define ORGANIZATION 0x0080c2
#define SUB_TYPE     2
#define VALUE_LEN    12

/* Behind organizationId and organizationSubType. */
enum {
	OFF_LINK_DELAY = 6,
	OFF_TIME_SYNC = 7,
	OFF_ANNOUNCE = 8,
};

/* A master that does as it likes is asked again, but not for ever. */
#define ASK_TIMES	3
#define ASK_INTERVAL_NS (8 * (uint64_t)NSEC_PER_SEC)

static bool is_target(const struct bc_port *port, const struct ptp_port_identity *target)
{
	static const uint8_t all[PTP_CLOCK_IDENTITY_LEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	if (memcmp(target->clock_identity, all, sizeof(all)) != 0 &&
	    memcmp(target->clock_identity, port->identity.clock_identity, PTP_CLOCK_IDENTITY_LEN) != 0)
		return false;
	return target->port_number == 0xffff || target->port_number == port->identity.port_number;
}

/* For anything that a master alone can grant. */
static bool is_asked(const uint8_t *value)
{
	return (int8_t)value[OFF_TIME_SYNC] != BC_INTERVAL_NO_CHANGE ||
	       (int8_t)value[OFF_ANNOUNCE] != BC_INTERVAL_NO_CHANGE;
}

static bool is_master(const struct bc_port *port)
{
	return port->state == BC_STATE_MASTER || port->state == BC_STATE_GRAND_MASTER;
}

/* The interval that is granted: within the bounds, or the configured one. */
static int8_t grant(struct bc_port *port, int8_t asked, int8_t current, int8_t initial, int8_t longest)
{
	int8_t granted;

	switch (asked) {
	case BC_INTERVAL_NO_CHANGE:
		return current;
	case BC_INTERVAL_INITIAL:
		return initial;
	case BC_INTERVAL_STOP:
		if (port->config.interval_request_may_stop)
			return BC_INTERVAL_STOP;
		bc_count(port, BC_COUNTER_INTERVAL_REQUEST_LIMITED);
		return current;
	default:
		granted = (int8_t)CLAMP(asked, MIN(port->config.interval_request_min, initial),
					MAX(longest, initial));
		if (granted != asked)
			bc_count(port, BC_COUNTER_INTERVAL_REQUEST_LIMITED);
		return granted;
	}
}

/* The next message comes no later than it would have, and no sooner than the shorter of the two intervals
 * makes it: requests, however many, make neither a silence nor a burst. */
static void set_interval(int8_t *interval, int8_t granted, uint64_t *deadline, uint64_t now_mono_ns)
{
	if (*interval == granted)
		return;
	*interval = granted;
	*deadline =
		granted == BC_INTERVAL_STOP ? NEVER : MIN(*deadline, now_mono_ns + bc_interval_ns(granted));
}

/* Peer delay is measured by every port, whoever is the master, and for its own sake: it does not stop. */
static void serve_link_delay(struct bc_port *port, int8_t asked)
{
	int8_t initial = port->config.log_min_pdelay_req_interval;

	if (asked == BC_INTERVAL_NO_CHANGE)
		return;
	if (asked == BC_INTERVAL_STOP)
		bc_count(port, BC_COUNTER_INTERVAL_REQUEST_LIMITED);
	else
		bc_link_delay_set_interval(
			port, grant(port, asked, initial, initial, port->config.interval_request_max));
}

static void serve(struct bc_port *port, const uint8_t *value, uint64_t now_mono_ns)
{
	const struct bc_port_config *c = &port->config;

	if (!is_master(port)) {
		bc_count(port, BC_COUNTER_RX_STATE);
		return;
	}
	set_interval(&port->log_sync_interval,
		     grant(port, (int8_t)value[OFF_TIME_SYNC], port->log_sync_interval, c->log_sync_interval,
			   c->interval_request_max),
		     &port->sync_deadline, now_mono_ns);
	/* Others on the wire count by their own intervals when they wait for our Announce: it gets rarer by a
	 * factor of two at the most, and does not stop. */
	if ((int8_t)value[OFF_ANNOUNCE] == BC_INTERVAL_STOP)
		bc_count(port, BC_COUNTER_INTERVAL_REQUEST_LIMITED);
	else if (!c->inhibit_announce)
		set_interval(&port->log_announce_interval,
			     grant(port, (int8_t)value[OFF_ANNOUNCE], port->log_announce_interval,
				   c->log_announce_interval,
				   (int8_t)MIN(c->interval_request_max, c->log_announce_interval + 1)),
			     &port->announce_deadline, now_mono_ns);
}

void bc_interval_request_handle(struct bc_port *port, const struct bc_msg *msg, uint64_t now_mono_ns)
{
	struct bc_tlv tlv;

	if (!bc_tlv_find_organization(msg, ORGANIZATION, SUB_TYPE, &tlv))
		return;
	if (tlv.len < VALUE_LEN) {
		bc_count(port, BC_COUNTER_RX_TLV);
		return;
	}
	if (!is_target(port, &msg->requesting)) {
		bc_count(port, BC_COUNTER_RX_NOT_TARGET);
		return;
	}
	bc_count(port, BC_COUNTER_INTERVAL_REQUEST);
	serve_link_delay(port, (int8_t)tlv.value[OFF_LINK_DELAY]);
	if (is_asked(tlv.value))
		serve(port, tlv.value, now_mono_ns);
}

static void send_request(struct bc_port *port, int8_t time_sync)
{
	struct bc_tlv_buffer tlvs = {};
	uint8_t *value = bc_tlv_add(&tlvs, PTP_TLV_ORGANIZATION_EXTENSION, VALUE_LEN);
	struct bc_msg msg;

	bc_message_init(port, PTP_SIGNALING, &msg);
	msg.sequence_id = port->interval_request.sequence_id++;
	memset(&msg.requesting, 0xff, sizeof(msg.requesting));
	memcpy(value, (uint8_t[]){0x00, 0x80, 0xc2, 0x00, 0x00, SUB_TYPE}, 6);
	value[OFF_LINK_DELAY] = value[OFF_ANNOUNCE] = (uint8_t)BC_INTERVAL_NO_CHANGE;
	value[OFF_TIME_SYNC] = (uint8_t)time_sync;
	msg.tlvs = tlvs.data;
	msg.tlvs_len = tlvs.len;
	if (bc_message_queue(port, &msg, NULL))
		bc_count(port, BC_COUNTER_TX_SIGNALING);
}

void bc_interval_request_servo(struct bc_port *port, enum bc_servo_state state, uint64_t now_mono_ns)
{
	struct bc_interval_request *r = &port->interval_request;

	if (!port->config.requests_intervals)
		return;
	if (state != BC_SERVO_LOCKED_STABLE) {
		if (r->n_asked > 0)
			send_request(port, BC_INTERVAL_INITIAL);
		bc_interval_request_forget(port);
		return;
	}
	if (r->n_asked > 0 && (port->sync_rx.log_interval == port->config.oper_log_sync_interval ||
			       r->n_asked >= ASK_TIMES || now_mono_ns - r->asked_mono_ns < ASK_INTERVAL_NS))
		return;
	if (r->n_asked == 0)
		bc_link_delay_set_interval(port, port->config.oper_log_pdelay_req_interval);
	r->n_asked++;
	r->asked_mono_ns = now_mono_ns;
	send_request(port, port->config.oper_log_sync_interval);
}

void bc_interval_request_forget(struct bc_port *port)
{
	if (port->interval_request.n_asked > 0)
		bc_link_delay_set_interval(port, port->config.log_min_pdelay_req_interval);
	port->interval_request.n_asked = 0;
}

void bc_interval_request_reset(struct bc_port *port)
{
	port->log_announce_interval = port->config.log_announce_interval;
	port->log_sync_interval = port->config.log_sync_interval;
	port->interval_request.n_asked = 0;
	bc_link_delay_set_interval(port, port->config.log_min_pdelay_req_interval);
}
