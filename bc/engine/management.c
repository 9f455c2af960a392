// SPDX-License-Identifier: GPL-2.0-or-later
/* From a management message to its replies: whom it is for, what it may do, and where it goes on to. */
#include "bc/engine/management.h"

#include <string.h>

#include "bc/engine/management_private.h"
#include "util/unaligned.h"

#define ALL_PORTS 0xffff

void bc_management_init(struct bc_engine *engine)
{
	engine->management.sync_uncertain = BC_SYNC_UNCERTAIN_DONT_CARE;
}

/* A quarter of the queue is for the messages of the protocol alone. */
static bool has_room(struct bc_engine *engine, size_t port)
{
	if (engine->n_actions < engine->max_actions - engine->max_actions / 4)
		return true;
	bc_count(&engine->ports[port], BC_COUNTER_MANAGEMENT_LOST);
	return false;
}

void bc_management_to_client(struct bc_engine *engine, const struct bc_management_client *client,
			     const struct bc_management *management)
{
	struct bc_action *action =
		has_room(engine, 0) ? bc_action_push(engine, BC_ACTION_MANAGEMENT, 0) : NULL;

	if (!action)
		return;
	action->management.client = *client;
	action->management.len = (uint16_t)bc_management_write(management, action->management.message);
}

/* A token of those that limit what a port sends (a virtual queue: when it would be empty). */
static bool may_send(struct bc_port *port, uint64_t now_mono_ns)
{
	const uint64_t interval_ns = NSEC_PER_SEC / BC_MANAGEMENT_TX_PER_S;
	uint64_t empty_mono_ns = MAX(port->management_empty_mono_ns, now_mono_ns);

	if (empty_mono_ns - now_mono_ns > (BC_MANAGEMENT_TX_BURST - 1) * interval_ns) {
		bc_count(port, BC_COUNTER_MANAGEMENT_LIMITED);
		return false;
	}
	if (!has_room(port->engine, port->index))
		return false;
	port->management_empty_mono_ns = empty_mono_ns + interval_ns;
	return true;
}

static void to_network(struct bc_port *port, const struct bc_address *to, uint16_t sequence_id,
		       const uint8_t *message, size_t len)
{
	struct bc_action *action = bc_action_push(port->engine, BC_ACTION_SEND, port->index);

	if (!action)
		return;
	action->send.message_type = PTP_MANAGEMENT;
	action->send.sequence_id = sequence_id;
	if (to) {
		action->send.is_unicast = true;
		action->send.destination = *to;
	}
	action->send.len = (uint16_t)len;
	memcpy(action->send.message, message, len);
	bc_count(port, BC_COUNTER_TX_MANAGEMENT);
}

/* What every reply has in common (15.3.3); `port` is whose word it is, NULL: the clock's. */
static void reply(struct bc_engine *engine, const struct bc_request *request, const struct bc_port *port,
		  uint8_t action, const uint8_t *tlv, size_t tlv_len)
{
	const struct bc_management *m = &request->management;
	struct bc_management message = {.action = action};
	uint8_t octets[BC_MSG_TX_MAX];

	bc_message_init(&engine->ports[0], PTP_MANAGEMENT, &message.msg);
	message.msg.source.port_number = 0; /* the sockets' */
	if (port || request->ingress)
		message.msg.source = port ? port->identity : request->ingress->identity;
	message.msg.flags = request->is_unicast ? PTP_FLAG_UNICAST : 0;
	message.msg.sequence_id = m->msg.sequence_id;
	message.msg.requesting = m->msg.source;
	message.msg.tlvs = tlv;
	message.msg.tlvs_len = tlv_len;
	/* As far back as the request has come. */
	if (m->starting_boundary_hops > m->boundary_hops)
		message.starting_boundary_hops = message.boundary_hops =
			(uint8_t)(m->starting_boundary_hops - m->boundary_hops);
	if (!request->ingress)
		bc_management_to_client(engine, &request->client, &message);
	else if (may_send(request->ingress, request->now_mono_ns))
		to_network(request->ingress, request->is_unicast ? &request->source : NULL,
			   message.msg.sequence_id, octets, bc_management_write(&message, octets));
}

static void reply_error(struct bc_engine *engine, const struct bc_request *request,
			const struct bc_port *port, enum ptp_management_error error)
{
	uint8_t tlv[BC_MSG_TX_MAX];

	reply(engine, request, port, PTP_MANAGEMENT_RESPONSE, tlv,
	      bc_management_error_write(request->management.id, error, tlv));
}

static void reply_data(struct bc_engine *engine, const struct bc_request *request, const struct bc_port *port,
		       const struct bc_data_writer *data)
{
	uint8_t tlv[BC_MSG_TX_MAX];
	uint8_t action = request->management.action == PTP_MANAGEMENT_COMMAND ? PTP_MANAGEMENT_ACKNOWLEDGE
									      : PTP_MANAGEMENT_RESPONSE;

	if (data->is_too_big)
		reply_error(engine, request, port, PTP_MANAGEMENT_RESPONSE_TOO_BIG);
	else
		reply(engine, request, port, action, tlv,
		      bc_management_tlv_write(request->management.id, data, tlv));
}

/* A data set of the clock as a whole (the sockets' and the network's alike). False: it is a port's. */
static bool serve_clock(struct bc_engine *engine, const struct bc_request *request)
{
	struct bc_data_writer data = {};
	enum ptp_management_error error = bc_management_get_clock(engine, request, &data);

	if (error == PTP_MANAGEMENT_NO_SUCH_ID)
		return false;
	if (request->management.action == PTP_MANAGEMENT_COMMAND) {
		error = PTP_MANAGEMENT_NOT_SUPPORTED;
	} else if (request->management.action == PTP_MANAGEMENT_SET) {
		error = bc_management_set_clock(engine, request);
		data = (struct bc_data_writer){};
		if (error == PTP_MANAGEMENT_OK)
			error = bc_management_get_clock(engine, request, &data);
	}
	if (error == PTP_MANAGEMENT_OK)
		reply_data(engine, request, NULL, &data);
	else
		reply_error(engine, request, NULL, error);
	return true;
}

/* False: nobody has such a data set, which is said once. */
static bool serve_port(struct bc_port *port, const struct bc_request *request)
{
	struct bc_data_writer data = {};
	enum ptp_management_error error;

	switch (request->management.action) {
	case PTP_MANAGEMENT_COMMAND:
		error = bc_management_command_port(port, request);
		break;
	case PTP_MANAGEMENT_SET:
		error = bc_management_set_port(port, request);
		if (error == PTP_MANAGEMENT_OK)
			error = bc_management_get_port(port, request, &data);
		break;
	default:
		error = bc_management_get_port(port, request, &data);
		break;
	}
	if (error == PTP_MANAGEMENT_OK)
		reply_data(port->engine, request, port, &data);
	else
		reply_error(port->engine, request, port, error);
	return error != PTP_MANAGEMENT_NO_SUCH_ID;
}

static void serve_ports(struct bc_engine *engine, const struct bc_request *request)
{
	uint16_t target = request->management.msg.requesting.port_number;
	bool is_answered = false;

	for (size_t i = 0; i < engine->n_ports; i++) {
		if (target != ALL_PORTS && target != engine->ports[i].identity.port_number)
			continue;
		is_answered = true;
		if (!serve_port(&engine->ports[i], request))
			return;
	}
	if (!is_answered)
		reply_error(engine, request, NULL, PTP_MANAGEMENT_WRONG_VALUE);
}

static bool is_for_this_clock(const struct bc_engine *engine, const struct ptp_port_identity *target)
{
	static const uint8_t everyone[PTP_CLOCK_IDENTITY_LEN] = {0xff, 0xff, 0xff, 0xff,
								 0xff, 0xff, 0xff, 0xff};

	return memcmp(target->clock_identity, everyone, sizeof(everyone)) == 0 ||
	       memcmp(target->clock_identity, engine->config.clock_identity, PTP_CLOCK_IDENTITY_LEN) == 0;
}

static void serve(struct bc_engine *engine, const struct bc_request *request)
{
	const struct bc_management *m = &request->management;
	bool is_write = m->action == PTP_MANAGEMENT_SET || m->action == PTP_MANAGEMENT_COMMAND;

	if (m->action != PTP_MANAGEMENT_GET && !is_write)
		return;
	if (!m->has_id) {
		if (request->ingress)
			bc_count(request->ingress, BC_COUNTER_RX_TLV);
		return;
	}
	if (is_write && !bc_request_may_write(request)) {
		if (request->ingress)
			bc_count(request->ingress, BC_COUNTER_MANAGEMENT_REFUSED);
		reply_error(engine, request, NULL, PTP_MANAGEMENT_NOT_SUPPORTED);
		return;
	}
	if (m->action == PTP_MANAGEMENT_SET && m->data_len == 0 && m->id != PTP_MID_NULL_MANAGEMENT) {
		reply_error(engine, request, NULL, PTP_MANAGEMENT_WRONG_LENGTH);
		return;
	}
	if (!serve_clock(engine, request))
		serve_ports(engine, request);
}

/* States in which a port takes part in forwarding (15.3.3, and as ptp4l does). */
static bool forwards(const struct bc_port *port)
{
	switch (port->state) {
	case BC_STATE_MASTER:
	case BC_STATE_GRAND_MASTER:
	case BC_STATE_PRE_MASTER:
	case BC_STATE_SLAVE:
	case BC_STATE_UNCALIBRATED:
		return true;
	default:
		return false;
	}
}

/* To the client whose request went out into the network: it is the target of the answers. */
static void answer_client(struct bc_engine *engine, const struct bc_management *m, const uint8_t *message,
			  size_t len)
{
	struct bc_management_state *state = &engine->management;
	struct bc_action *action;

	if (!state->has_forwarded ||
	    (m->action != PTP_MANAGEMENT_RESPONSE && m->action != PTP_MANAGEMENT_ACKNOWLEDGE))
		return;
	action = has_room(engine, 0) ? bc_action_push(engine, BC_ACTION_MANAGEMENT, 0) : NULL;
	if (!action)
		return;
	action->management.client = state->forwarded_for;
	action->management.len = (uint16_t)len;
	memcpy(action->management.message, message, len);
}

/* On to every port but the one that it came from, one boundary hop less. */
static void forward(struct bc_engine *engine, const struct bc_request *request, const uint8_t *message)
{
	const struct bc_management *m = &request->management;
	size_t len = PTP_MANAGEMENT_LEN + m->msg.tlvs_len;
	uint8_t octets[BC_MSG_TX_MAX];

	if (m->boundary_hops == 0 || len > sizeof(octets) ||
	    (request->ingress && !forwards(request->ingress)) ||
	    memcmp(m->msg.requesting.clock_identity, engine->config.clock_identity, PTP_CLOCK_IDENTITY_LEN) ==
		    0)
		return;
	memcpy(octets, message, len);
	put_be16(octets + 2, (uint16_t)len);		 /* what follows it was padding */
	octets[6] &= (uint8_t) ~(PTP_FLAG_UNICAST >> 8); /* it goes on by multicast */
	octets[PTP_MANAGEMENT_BOUNDARY_HOPS_OFF] = (uint8_t)(m->boundary_hops - 1);
	for (size_t i = 0; i < engine->n_ports; i++) {
		struct bc_port *port = &engine->ports[i];

		if (port != request->ingress && forwards(port) && may_send(port, request->now_mono_ns))
			to_network(port, NULL, m->msg.sequence_id, octets, len);
	}
	if (request->ingress) {
		answer_client(engine, m, octets, len);
	} else {
		engine->management.has_forwarded = true;
		engine->management.forwarded_for = request->client;
	}
}

static void handle(struct bc_engine *engine, const struct bc_request *request, const uint8_t *message)
{
	/* Only who may change something here may have others asked in our place. */
	if (request->ingress || bc_request_may_write(request))
		forward(engine, request, message);
	if (is_for_this_clock(engine, &request->management.msg.requesting))
		serve(engine, request);
}

void bc_management_rx(struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx,
		      uint64_t now_mono_ns)
{
	struct bc_request request = {
		.ingress = port,
		.is_unicast = msg->flags & PTP_FLAG_UNICAST,
		.source = rx->source,
		.now_mono_ns = now_mono_ns,
	};

	bc_management_read(msg, rx->message, &request.management);
	handle(port->engine, &request, rx->message);
}

void bc_management_request(struct bc_engine *engine, const struct bc_management_client *client,
			   const uint8_t *message, size_t len, uint64_t now_mono_ns)
{
	struct bc_request request = {.client = *client, .now_mono_ns = now_mono_ns};
	struct bc_msg msg;

	if (bc_msg_parse(message, len, &msg) != BC_MSG_OK || msg.type != PTP_MANAGEMENT ||
	    msg.domain_number != engine->config.domain_number || msg.sdo_id != engine->config.sdo_id)
		return;
	bc_management_read(&msg, message, &request.management);
	handle(engine, &request, message);
}

uint16_t bc_management_time_flags(const struct bc_engine *engine)
{
	uint16_t flags = engine->status.time_flags;

	switch (engine->management.sync_uncertain) {
	case BC_SYNC_UNCERTAIN_TRUE:
		return flags | PTP_FLAG_SYNCHRONIZATION_UNCERTAIN;
	case BC_SYNC_UNCERTAIN_DONT_CARE:
		return flags & (uint16_t)~PTP_FLAG_SYNCHRONIZATION_UNCERTAIN;
	default:
		return flags;
	}
}
