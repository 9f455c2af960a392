// SPDX-License-Identifier: GPL-2.0-or-later
/* The TLVs of slave event monitoring, one record in each. */
#include "bc/engine/slave_event.h"

#include <string.h>

#include "bc/wire/tlv.h"
#include "util/unaligned.h"

#define TLV_SLAVE_DELAY_TIMING_DATA_NP 0x7f00

#define PORT_IDENTITY_LEN 10
#define TIMESTAMP_LEN	  10

static void put_timestamp(uint8_t *p, int64_t ns)
{
	ns = MAX(ns, 0);
	put_be48(p, (uint64_t)(ns / NSEC_PER_SEC));
	put_be32(p + 6, (uint32_t)(ns % NSEC_PER_SEC));
}

static uint8_t *add(struct bc_port *port, struct bc_tlv_buffer *tlvs, uint16_t type, size_t record_len)
{
	const struct ptp_port_identity *source = &port->engine->status.parent;
	uint8_t *p = bc_tlv_add(tlvs, type, PORT_IDENTITY_LEN + record_len);

	memcpy(p, source->clock_identity, PTP_CLOCK_IDENTITY_LEN);
	put_be16(p + PTP_CLOCK_IDENTITY_LEN, source->port_number);
	return p + PORT_IDENTITY_LEN;
}

static void tell(struct bc_port *port, const struct bc_tlv_buffer *tlvs)
{
	struct bc_action *action = bc_action_push(port->engine, BC_ACTION_SLAVE_EVENT, port->index);
	struct bc_msg msg;

	if (!action)
		return;
	bc_message_init(port, PTP_SIGNALING, &msg);
	memset(&msg.requesting, 0xff, sizeof(msg.requesting));
	msg.tlvs = tlvs->data;
	msg.tlvs_len = tlvs->len;
	action->slave_event.len = (uint16_t)bc_msg_write(&msg, action->slave_event.message);
}

void bc_slave_event_sync(struct bc_port *port, const struct bc_msg *sync, const struct bc_msg *origin,
			 uint64_t t2_mono_ns)
{
	enum {
		SEQUENCE = 0,
		ORIGIN = 2,
		CORRECTION = 12,
		RATE = 20,
		INGRESS = 24,
		LEN = 34
	};
	int64_t correction_sns = sync->correction_sns + (origin != sync ? origin->correction_sns : 0);
	struct bc_tlv_buffer tlvs = {};
	uint8_t *p;

	if (!port->engine->config.monitors_slave_events)
		return;
	p = add(port, &tlvs, PTP_TLV_SLAVE_RX_SYNC_TIMING_DATA, LEN);
	put_be16(p + SEQUENCE, sync->sequence_id);
	put_timestamp(p + ORIGIN, origin->timestamp_ns);
	put_be64(p + CORRECTION, (uint64_t)correction_sns);
	put_be32(p + RATE, 0);
	put_timestamp(p + INGRESS, bc_local_clock_ptp_ns(&port->engine->clock, t2_mono_ns));
	tell(port, &tlvs);
}

void bc_slave_event_delay(struct bc_port *port, const struct bc_delay_req_sent *sent)
{
	enum {
		SEQUENCE = 0,
		ORIGIN = 2,
		CORRECTION = 12,
		RESPONSE = 20,
		LEN = 30
	};
	struct bc_tlv_buffer tlvs = {};
	uint8_t *p;

	if (!port->engine->config.monitors_slave_events)
		return;
	p = add(port, &tlvs, TLV_SLAVE_DELAY_TIMING_DATA_NP, LEN);
	put_be16(p + SEQUENCE, sent->sequence_id);
	put_timestamp(p + ORIGIN, bc_local_clock_ptp_ns(&port->engine->clock, sent->t3_mono_ns));
	put_be64(p + CORRECTION, 0); /* the response's is taken into account already */
	put_timestamp(p + RESPONSE, sent->t4_ptp_ns);
	tell(port, &tlvs);
}
