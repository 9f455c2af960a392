/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Management requests to an engine on the bench, over a socket or the network, and what comes back. */
#pragma once

#include "bc/wire/management.h"
#include "bc/wire/tlv.h"
#include "tests/unit/engine/rig.h"
#include "util/unaligned.h"

#define ALL_PORTS 0xffff

/* A request as a tool would make it. */
struct request {
	uint8_t action;
	uint16_t id;
	uint16_t port; /* of the target */
	const uint8_t *data;
	size_t data_len;
	bool is_read_only;
	uint8_t boundary_hops;
	const uint8_t *target; /* clock identity; NULL: everyone */
	uint16_t flags;
	uint8_t client; /* another one, another address and identity */
};

static const struct ptp_port_identity tool_identity = {{0xca, 0xfe, 0, 0xff, 0xfe, 0, 0, 1}, 4711};

static inline size_t request_write(const struct request *r, uint16_t sequence_id, uint8_t *octets)
{
	struct bc_management m = {
		.msg =
			{
				.type = PTP_MANAGEMENT,
				.flags = r->flags,
				.source = tool_identity,
				.sequence_id = sequence_id,
				.log_message_interval = 0x7f,
				.requesting = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, r->port},
			},
		.starting_boundary_hops = r->boundary_hops,
		.boundary_hops = r->boundary_hops,
		.action = r->action,
	};
	struct bc_data_writer data = {};
	uint8_t tlv[BC_MSG_TX_MAX];

	m.msg.source.clock_identity[7] = (uint8_t)(m.msg.source.clock_identity[7] + r->client);
	if (r->target)
		memcpy(m.msg.requesting.clock_identity, r->target, PTP_CLOCK_IDENTITY_LEN);
	bc_data_put(&data, r->data, r->data_len);
	m.msg.tlvs = tlv;
	m.msg.tlvs_len = bc_management_tlv_write(r->id, &data, tlv);
	return bc_management_write(&m, octets);
}

static inline struct bc_management_client request_client(const struct request *r)
{
	return (struct bc_management_client){
		.is_read_only = r->is_read_only, .len = 3, .address = {'/', 'a', (uint8_t)('0' + r->client)}};
}

/* Asks over a socket; returns how many answers came. They are the first ones of rig->management then. */
static inline unsigned int ask(struct rig *rig, const struct request *r)
{
	struct bc_management_client client = request_client(r);
	uint8_t octets[BC_MSG_TX_MAX];
	size_t len = request_write(r, 77, octets);

	rig->n_management = 0;
	bc_engine_handle_management(rig->engine, &client, octets, len, rig->now_mono_ns);
	rig_drain(rig);
	return rig->n_management;
}

static inline void ask_over_network(struct rig *rig, size_t port, const struct request *r)
{
	uint8_t octets[BC_MSG_TX_MAX];

	rig_inject_octets(rig, port, octets, request_write(r, 77, octets));
}

/* A message decoded; `octets` must outlive it. */
static inline struct bc_management decode(const uint8_t *octets, size_t len)
{
	struct bc_management m;
	struct bc_msg msg;

	assert_int_equal(bc_msg_parse(octets, len, &msg), BC_MSG_OK);
	assert_int_equal(msg.type, PTP_MANAGEMENT);
	bc_management_read(&msg, octets, &m);
	return m;
}

static inline struct bc_management answer(const struct rig *rig, unsigned int i)
{
	return decode(rig->management[i].management.message, rig->management[i].management.len);
}

/* The managementErrorId of an answer; 0: it is none. */
static inline uint16_t error_of(const struct bc_management *m)
{
	struct bc_tlv tlv;

	return bc_tlv_find(&m->msg, PTP_TLV_MANAGEMENT_ERROR_STATUS, &tlv) ? get_be16(tlv.value) : 0;
}
