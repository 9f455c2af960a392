// SPDX-License-Identifier: GPL-2.0-or-later
/* Who is told of what happens, and until when: SUBSCRIBE_EVENTS_NP, as linuxptp has it. */
#include <string.h>

#include "bc/engine/management_private.h"

static bool is_same_client(const struct bc_management_client *a, const struct bc_management_client *b)
{
	return a->len == b->len && memcmp(a->address, b->address, a->len) == 0;
}

static struct bc_subscriber *find(struct bc_management_state *state, const struct bc_request *request)
{
	for (size_t i = 0; i < BC_SUBSCRIBERS; i++) {
		struct bc_subscriber *s = &state->subscribers[i];

		if (s->in_use && is_same_client(&s->client, &request->client) &&
		    bc_port_identity_equal(&s->identity, &request->management.msg.source))
			return s;
	}
	return NULL;
}

/* A free place, or that of the one that renewed longest ago. */
static struct bc_subscriber *find_place(struct bc_management_state *state)
{
	struct bc_subscriber *place = &state->subscribers[0];

	for (size_t i = 0; i < BC_SUBSCRIBERS; i++) {
		struct bc_subscriber *s = &state->subscribers[i];

		if (!s->in_use)
			return s;
		if (s->since_mono_ns < place->since_mono_ns)
			place = s;
	}
	return place;
}

void bc_management_subscribe(struct bc_engine *engine, const struct bc_request *request, uint16_t duration_s,
			     uint8_t events)
{
	struct bc_subscriber *s = find(&engine->management, request);

	if (duration_s == 0 || events == 0) {
		if (s)
			s->in_use = false;
		return;
	}
	if (!s) {
		s = find_place(&engine->management);
		*s = (struct bc_subscriber){
			.in_use = true,
			.client = request->client,
			.identity = request->management.msg.source,
		};
	}
	s->events = events;
	s->duration_s = duration_s;
	s->since_mono_ns = request->now_mono_ns;
	s->expiry_mono_ns = request->now_mono_ns + duration_s * (uint64_t)NSEC_PER_SEC;
}

const struct bc_subscriber *bc_management_subscription(const struct bc_engine *engine,
						       const struct bc_request *request)
{
	const struct bc_subscriber *s = find((struct bc_management_state *)&engine->management, request);

	return s && request->now_mono_ns < s->expiry_mono_ns ? s : NULL;
}

void bc_management_forget(struct bc_engine *engine, const struct bc_management_client *client)
{
	for (size_t i = 0; i < BC_SUBSCRIBERS; i++) {
		struct bc_subscriber *s = &engine->management.subscribers[i];

		if (s->in_use && is_same_client(&s->client, client))
			s->in_use = false;
	}
}

static void tell(struct bc_engine *engine, struct bc_subscriber *s, const struct ptp_port_identity *source,
		 uint16_t id, const struct bc_data_writer *data)
{
	struct bc_management message = {.action = PTP_MANAGEMENT_RESPONSE};
	uint8_t tlv[BC_MSG_TX_MAX];

	bc_message_init(&engine->ports[0], PTP_MANAGEMENT, &message.msg);
	message.msg.source = *source;
	message.msg.sequence_id = s->sequence_id++;
	message.msg.requesting = s->identity;
	message.msg.tlvs = tlv;
	message.msg.tlvs_len = bc_management_tlv_write(id, data, tlv);
	bc_management_to_client(engine, &s->client, &message);
}

static bool wants(struct bc_subscriber *s, enum bc_notification event, uint64_t now_mono_ns)
{
	if (s->in_use && now_mono_ns >= s->expiry_mono_ns)
		s->in_use = false;
	return s->in_use && s->events & 1U << event;
}

void bc_management_notify_port_state(struct bc_port *port, uint64_t now_mono_ns)
{
	struct bc_engine *engine = port->engine;

	for (size_t i = 0; i < BC_SUBSCRIBERS; i++) {
		struct bc_subscriber *s = &engine->management.subscribers[i];
		struct bc_data_writer data = {};

		if (!wants(s, BC_NOTIFY_PORT_STATE, now_mono_ns))
			continue;
		bc_management_put_port_data_set(port, &data);
		tell(engine, s, &port->identity, PTP_MID_PORT_DATA_SET, &data);
	}
}

void bc_management_notify(struct bc_engine *engine, enum bc_notification event, uint64_t now_mono_ns)
{
	struct ptp_port_identity self = {};

	memcpy(self.clock_identity, engine->config.clock_identity, PTP_CLOCK_IDENTITY_LEN);
	for (size_t i = 0; i < BC_SUBSCRIBERS; i++) {
		struct bc_subscriber *s = &engine->management.subscribers[i];
		struct bc_data_writer data = {};

		if (!wants(s, event, now_mono_ns))
			continue;
		if (event == BC_NOTIFY_TIME_SYNC) {
			bc_management_put_time_status(engine, &data);
			tell(engine, s, &self, PTP_MID_TIME_STATUS_NP, &data);
		} else {
			bc_management_put_parent(engine, &data);
			tell(engine, s, &self, PTP_MID_PARENT_DATA_SET, &data);
		}
	}
}
