// SPDX-License-Identifier: GPL-2.0-or-later
/* Every message that the clock sends, and the table of those that wait for their transmit stamp. */
#include <string.h>

#include "bc/engine/engine_private.h"
#include "bc/engine/follow_up_info.h"
#include "bc/engine/unicast_server.h"

void bc_message_init(const struct bc_port *port, uint8_t type, struct bc_msg *ret_msg)
{
	const struct bc_engine_config *config = &port->engine->config;

	*ret_msg = (struct bc_msg){
		.type = type,
		.minor_version = config->minor_version,
		.sdo_id = config->sdo_id,
		.domain_number = config->domain_number,
		.source = port->identity,
		.log_message_interval = 0x7f,
	};
}

bool bc_message_queue(struct bc_port *port, const struct bc_msg *msg, const struct bc_address *to)
{
	struct bc_action *action = bc_action_push(port->engine, BC_ACTION_SEND, port->index);

	if (!action)
		return false;
	action->send.is_event = PTP_IS_EVENT(msg->type);
	action->send.message_type = msg->type;
	action->send.sequence_id = msg->sequence_id;
	if (to) {
		action->send.is_unicast = true;
		action->send.destination = *to;
	}
	action->send.len = (uint16_t)bc_msg_write(msg, action->send.message);
	return true;
}

/* Unicast messages say so, and nothing of an interval, which was agreed upon otherwise (13.3.2.14). */
static void address_message(const struct bc_address *to, struct bc_msg *msg)
{
	if (!to)
		return;
	msg->flags |= PTP_FLAG_UNICAST;
	msg->log_message_interval = 0x7f;
}

#define ANNOUNCE_TLVS_MAX (BC_MSG_TX_MAX - 64)

/* The path, which may be long, comes last: it is what is left out when the message is full. */
static void add_announce_tlvs(const struct bc_port *port, struct bc_tlv_buffer *tlvs)
{
	const struct bc_port *slave = port->engine->slave;
	const struct bc_foreign_master *parent = slave ? slave->best : NULL;

	bc_power_profile_append(tlvs, ANNOUNCE_TLVS_MAX, &port->config.power_profile,
				parent ? &parent->power_profile : NULL);
	bc_alternate_times_append(port->engine->management.alternate_times, tlvs);
	if (port->config.is_path_traced && (!slave || parent))
		bc_path_trace_append(tlvs, ANNOUNCE_TLVS_MAX, parent ? &parent->path : NULL,
				     port->identity.clock_identity);
}

void bc_send_announce(struct bc_port *port, uint64_t now_mono_ns)
{
	if (!port->config.inhibit_multicast_service && port->is_capable)
		bc_send_announce_to(port, NULL, port->announce_sequence_id++, now_mono_ns);
}

void bc_send_announce_to(struct bc_port *port, const struct bc_address *to, uint16_t sequence_id,
			 uint64_t now_mono_ns)
{
	const struct bc_status *status = &port->engine->status;
	struct bc_tlv_buffer tlvs = {};
	struct bc_msg msg;

	bc_message_init(port, PTP_ANNOUNCE, &msg);
	msg.sequence_id = sequence_id;
	msg.flags = bc_management_time_flags(port->engine);
	msg.log_message_interval = port->log_announce_interval;
	msg.timestamp_ns = bc_local_clock_ptp_ns(&port->engine->clock, now_mono_ns);
	msg.announce = (struct ptp_announce){
		.current_utc_offset_s = status->utc_offset_s,
		.grandmaster_priority1 = status->grandmaster_priority1,
		.grandmaster_clock_quality = status->grandmaster_clock_quality,
		.grandmaster_priority2 = status->grandmaster_priority2,
		.steps_removed = status->steps_removed,
		.time_source = status->time_source,
	};
	memcpy(msg.announce.grandmaster_identity, status->grandmaster_identity, PTP_CLOCK_IDENTITY_LEN);
	add_announce_tlvs(port, &tlvs);
	msg.tlvs = tlvs.data;
	msg.tlvs_len = tlvs.len;
	address_message(to, &msg);
	if (bc_message_queue(port, &msg, to))
		bc_count(port, BC_COUNTER_TX_ANNOUNCE);
}

/*
 * The table is full of messages that wait for their stamp: the oldest is given up. Younger than it would be
 * to expire, it counts against the port only if no stamp at all came for as long.
 */
void bc_stamp_give_up(struct bc_port *port, uint64_t now_mono_ns)
{
	if (port->unstamped_since_mono_ns != 0 &&
	    now_mono_ns - port->unstamped_since_mono_ns >= BC_PENDING_MAX_AGE_NS)
		bc_port_stamp_missing(port, now_mono_ns);
	else
		bc_count(port, BC_COUNTER_TX_STAMP_MISSING);
}

static void note_event_sent(struct bc_port *port, uint64_t now_mono_ns)
{
	if (port->unstamped_since_mono_ns == 0)
		port->unstamped_since_mono_ns = now_mono_ns;
}

/* A two-step Sync leaves its time to the Follow_Up; a one-step one has at least that of now, should nothing
 * write a better one into it. */
static void set_sync_time(const struct bc_port *port, uint64_t now_mono_ns, struct bc_msg *msg)
{
	if (!port->is_one_step) {
		msg->flags = PTP_FLAG_TWO_STEP;
		return;
	}
	msg->timestamp_ns = bc_local_clock_ptp_ns(&port->engine->clock, now_mono_ns);
	msg->correction_sns = (port->one_step_allowance_ns + port->config.egress_latency_ns) * 65536;
}

bool bc_send_sync_to(struct bc_port *port, const struct bc_address *to, uint16_t sequence_id,
		     uint64_t now_mono_ns)
{
	struct bc_msg msg;

	bc_message_init(port, PTP_SYNC, &msg);
	set_sync_time(port, now_mono_ns, &msg);
	msg.sequence_id = sequence_id;
	msg.log_message_interval = port->log_sync_interval;
	address_message(to, &msg);
	if (!bc_message_queue(port, &msg, to))
		return false;
	note_event_sent(port, now_mono_ns);
	bc_count(port, BC_COUNTER_TX_SYNC);
	return true;
}

void bc_send_sync(struct bc_port *port, uint64_t now_mono_ns)
{
	struct bc_sync_sent *sent;
	uint16_t sequence_id;

	if (port->config.inhibit_multicast_service || !port->is_capable)
		return;
	while (bc_unicast_server_awaits(port, port->sync_sequence_id))
		port->sync_sequence_id++;
	sent = &port->sync_sent[port->sync_sequence_id % BC_SYNC_PENDING];
	if (sent->is_waiting) {
		sent->is_waiting = false;
		bc_stamp_give_up(port, now_mono_ns);
		if (!bc_port_is_active(port))
			return;
	}
	sequence_id = port->sync_sequence_id++;
	if (bc_send_sync_to(port, NULL, sequence_id, now_mono_ns))
		*sent = (struct bc_sync_sent){
			.is_waiting = true, .sequence_id = sequence_id, .sent_mono_ns = now_mono_ns};
}

void bc_send_follow_up(struct bc_port *port, const struct bc_address *to, uint16_t sequence_id,
		       uint64_t stamp_mono_ns)
{
	struct bc_tlv_buffer tlvs = {};
	struct bc_msg msg;

	if (port->omits_follow_up)
		return;
	bc_message_init(port, PTP_FOLLOW_UP, &msg);
	msg.sequence_id = sequence_id;
	msg.log_message_interval = port->log_sync_interval;
	msg.timestamp_ns = bc_local_clock_ptp_ns(&port->engine->clock, stamp_mono_ns);
	if (port->config.follow_up_info) {
		bc_follow_up_info_add(port->engine, &tlvs);
		msg.tlvs = tlvs.data;
		msg.tlvs_len = tlvs.len;
	}
	address_message(to, &msg);
	if (bc_message_queue(port, &msg, to))
		bc_count(port, BC_COUNTER_TX_FOLLOW_UP);
}

void bc_send_delay_req(struct bc_port *port, uint64_t now_mono_ns)
{
	struct bc_delay_req_sent *sent =
		&port->delay_req_sent[port->delay_req_sequence_id % BC_DELAY_REQ_PENDING];
	const struct bc_address *to = port->asks_by_unicast ? &port->parent_address : NULL;
	struct bc_msg msg;

	if (sent->is_waiting && !sent->has_stamp) {
		sent->is_waiting = false;
		bc_stamp_give_up(port, now_mono_ns);
		if (!bc_port_is_active(port))
			return;
	}
	bc_message_init(port, PTP_DELAY_REQ, &msg);
	msg.sequence_id = port->delay_req_sequence_id++;
	address_message(to, &msg);
	if (!bc_message_queue(port, &msg, to))
		return;
	*sent = (struct bc_delay_req_sent){
		.is_waiting = true, .sequence_id = msg.sequence_id, .sent_mono_ns = now_mono_ns};
	port->delay_req_sent_mono_ns = now_mono_ns;
	note_event_sent(port, now_mono_ns);
	bc_count(port, BC_COUNTER_TX_DELAY_REQ);
}

void bc_send_delay_resp(struct bc_port *port, const struct bc_msg *request, const struct bc_rx *rx)
{
	uint64_t t4_mono_ns = rx->stamp_mono_ns - (uint64_t)port->config.ingress_latency_ns;
	bool is_unicast = request->flags & PTP_FLAG_UNICAST;
	struct bc_msg msg;

	/* 11.3.2: the request's correctionField goes back to the requester, who subtracts it. */
	bc_message_init(port, PTP_DELAY_RESP, &msg);
	msg.sequence_id = request->sequence_id;
	msg.flags = is_unicast ? PTP_FLAG_UNICAST : 0;
	msg.correction_sns = request->correction_sns;
	if (!is_unicast) /* 0x7F in unicast, table 42 */
		msg.log_message_interval = port->config.log_min_delay_req_interval;
	msg.requesting = request->source;
	msg.timestamp_ns = bc_local_clock_ptp_ns(&port->engine->clock, t4_mono_ns);
	if (bc_message_queue(port, &msg, is_unicast ? &rx->source : NULL))
		bc_count(port, BC_COUNTER_TX_DELAY_RESP);
}

void bc_expire_stamps(struct bc_port *port, uint64_t now_mono_ns)
{
	bc_unicast_server_expire_stamps(port, now_mono_ns);
	for (size_t i = 0; i < BC_SYNC_PENDING; i++) {
		struct bc_sync_sent *sent = &port->sync_sent[i];

		if (!sent->is_waiting || now_mono_ns - sent->sent_mono_ns < BC_PENDING_MAX_AGE_NS)
			continue;
		sent->is_waiting = false;
		bc_port_stamp_missing(port, now_mono_ns);
	}
	for (size_t i = 0; i < BC_DELAY_REQ_PENDING; i++) {
		struct bc_delay_req_sent *sent = &port->delay_req_sent[i];

		if (!sent->is_waiting || now_mono_ns - sent->sent_mono_ns < BC_PENDING_MAX_AGE_NS)
			continue;
		sent->is_waiting = false;
		if (!sent->has_stamp)
			bc_port_stamp_missing(port, now_mono_ns);
	}
}

uint64_t bc_next_stamp_expiry(const struct bc_port *port)
{
	uint64_t next = NEVER;

	for (size_t i = 0; i < BC_SYNC_PENDING; i++)
		if (port->sync_sent[i].is_waiting)
			next = MIN(next, port->sync_sent[i].sent_mono_ns + BC_PENDING_MAX_AGE_NS);
	for (size_t i = 0; i < BC_DELAY_REQ_PENDING; i++)
		if (port->delay_req_sent[i].is_waiting)
			next = MIN(next, port->delay_req_sent[i].sent_mono_ns + BC_PENDING_MAX_AGE_NS);
	return next;
}
