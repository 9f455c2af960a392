// SPDX-License-Identifier: GPL-2.0-or-later
/* Signaling messages of unicast negotiation: in to the side that they are for, and out. */
#include "bc/engine/unicast.h"

#include <string.h>

#include "bc/engine/unicast_client.h"
#include "bc/engine/unicast_private.h"
#include "bc/engine/unicast_server.h"

static const uint8_t message_types[] = {
	[BC_UNICAST_ANNOUNCE] = PTP_ANNOUNCE,
	[BC_UNICAST_SYNC] = PTP_SYNC,
	[BC_UNICAST_DELAY_RESP] = PTP_DELAY_RESP,
};

bool bc_unicast_service_of(uint8_t message_type, enum bc_unicast_service *ret_service)
{
	for (unsigned int i = 0; i < BC_UNICAST_SERVICES; i++) {
		if (message_types[i] != message_type)
			continue;
		*ret_service = (enum bc_unicast_service)i;
		return true;
	}
	return false;
}

uint8_t bc_unicast_message_type(enum bc_unicast_service service)
{
	return message_types[service];
}

bool bc_unicast_same_host(enum ebc_transport transport, const struct bc_address *a,
			  const struct bc_address *b)
{
	switch (transport) {
	case EBC_TRANSPORT_UDP_IPV4:
		return memcmp(a->ip, b->ip, 4) == 0;
	case EBC_TRANSPORT_UDP_IPV6:
		return memcmp(a->ip, b->ip, 16) == 0;
	default:
		return memcmp(a->mac, b->mac, 6) == 0;
	}
}

void bc_unicast_send(struct bc_port *port, const struct bc_address *to,
		     const struct ptp_port_identity *target, const struct bc_tlv_buffer *tlvs)
{
	struct bc_msg msg;

	bc_message_init(port, PTP_SIGNALING, &msg);
	msg.sequence_id = port->signaling_sequence_id++;
	msg.flags = PTP_FLAG_UNICAST;
	msg.requesting = *target;
	msg.tlvs = tlvs->data;
	msg.tlvs_len = tlvs->len;
	if (bc_message_queue(port, &msg, to))
		bc_count(port, BC_COUNTER_TX_SIGNALING);
}

/* targetPortIdentity, 13.12.1: all ones stand for any. */
static bool is_target(const struct bc_port *port, const struct ptp_port_identity *target)
{
	static const uint8_t any[PTP_CLOCK_IDENTITY_LEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	return (memcmp(target->clock_identity, any, sizeof(any)) == 0 ||
		memcmp(target->clock_identity, port->identity.clock_identity, PTP_CLOCK_IDENTITY_LEN) == 0) &&
	       (target->port_number == 0xffff || target->port_number == port->identity.port_number);
}

void bc_unicast_signaling(struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx,
			  uint64_t now_mono_ns)
{
	struct bc_tlv_buffer grants = {.len = 0}, answers = {.len = 0};
	struct bc_tlv tlv;

	for (size_t offset = 0; bc_tlv_next(msg, &offset, &tlv);) {
		if (tlv.type < PTP_TLV_REQUEST_UNICAST_TRANSMISSION ||
		    tlv.type > PTP_TLV_ACKNOWLEDGE_CANCEL_UNICAST_TRANSMISSION)
			continue;
		if (!is_target(port, &msg->requesting)) {
			bc_count(port, BC_COUNTER_RX_NOT_TARGET);
			return;
		}
		switch (tlv.type) {
		case PTP_TLV_REQUEST_UNICAST_TRANSMISSION:
			bc_unicast_server_request(port, msg, rx, &tlv, &grants, now_mono_ns);
			break;
		case PTP_TLV_GRANT_UNICAST_TRANSMISSION:
			bc_unicast_client_grant(port, msg, rx, &tlv, now_mono_ns);
			break;
		case PTP_TLV_CANCEL_UNICAST_TRANSMISSION:
			/* Either side may cancel: whichever of ours knows the sender. */
			bc_unicast_server_cancel(port, msg, rx, &tlv, &answers);
			bc_unicast_client_cancel(port, msg, rx, &tlv, &answers, now_mono_ns);
			break;
		default:
			break;
		}
	}
	if (grants.len > 0)
		bc_unicast_send(port, &rx->source, &msg->source, &grants);
	if (answers.len > 0)
		bc_unicast_send(port, &rx->source, &msg->source, &answers);
}
