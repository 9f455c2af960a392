/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Engines of one port each that reach each other by unicast alone: frames and stamps arrive at once, and
 * nothing else happens. Node i has the MAC address 2:0:0:0:0:i, and over UDP the IPv4 address 10.0.0.i.
 * Frames to a MAC address of zeros are counted, and delivered as if the sender had found the right one.
 */
#pragma once

#include "bc/engine/engine.h"
#include "tests/unit/engine/defaults.h"
#include "util/unaligned.h"

#define WORLD_NODES  4
#define WORLD_FRAMES 256
/* Every node is spoken to at an address that ends in this. */
#define WORLD_LOCAL_IP 77

struct world_node {
	struct bc_engine_config config;
	struct bc_port_config port;
	struct bc_unicast_table table;
	struct bc_engine *engine;
	bool is_off, is_mute; /* does not exist; neither sends nor receives */
	bool grants_less;     /* it says of each grant that it is at half the rate that was asked for */
	unsigned int n_sent[16], n_unresolved, n_events[4];
	struct bc_action last_send[16];
};

struct world {
	uint64_t now_mono_ns;
	size_t n;
	struct world_node nodes[WORLD_NODES];
	struct {
		size_t from;
		struct bc_action action;
	} frames[WORLD_FRAMES];
	size_t n_frames;
};

static inline struct bc_address world_address(const struct world *world, size_t i)
{
	struct bc_address address = {.mac = {2, 0, 0, 0, 0, (uint8_t)i}};

	if (world->nodes[0].port.transport == EBC_TRANSPORT_UDP_IPV4)
		memcpy(address.ip, ((uint8_t[]){10, 0, 0, (uint8_t)i}), 4);
	return address;
}

/* Node 0 is a client that knows all others; those are servers, 1 the best and each next one worse. */
static inline void world_init(struct world *world, size_t n, enum ebc_transport transport)
{
	memset(world, 0, sizeof(*world));
	world->now_mono_ns = 5 * NSEC_PER_SEC;
	world->n = n;
	for (size_t i = 0; i < n; i++) {
		struct world_node *node = &world->nodes[i];

		node->config = engine_defaults();
		node->config.n_ports = 1;
		node->config.ports = &node->port;
		node->config.seed = 42 + i;
		node->config.clock_identity[7] = (uint8_t)(i + 1);
		node->config.max_unicast_clients = 100;
		node->config.signaling_rate_limit = 0;
		node->port = port_defaults();
		node->port.transport = transport;
		node->port.inhibit_multicast_service = true;
		node->port.unicast_req_duration_s = 20;
		if (i == 0) {
			node->config.client_only = true;
			node->config.clock_quality.clock_class = 255;
			node->port.unicast_table = &node->table;
			continue;
		}
		node->config.priority1 = (uint8_t)(100 + i);
		node->port.unicast_limits = (struct bc_unicast_limits){
			.max_clients = 8, .max_rate = 1000, .max_duration_s = 300, .min_log_interval = -7};
	}
	for (size_t i = 1; i < n; i++) {
		struct bc_address *master = &world->nodes[0].table.masters[world->nodes[0].table.n_masters++];

		*master = world_address(world, i);
		if (transport != EBC_TRANSPORT_IEEE_802_3)
			memset(master->mac, 0, sizeof(master->mac));
	}
}

static inline void world_receive(struct world *world, size_t from, size_t to, const uint8_t *message,
				 size_t len)
{
	struct bc_rx rx = {
		.message = message,
		.len = len,
		.has_stamp = true,
		.stamp_mono_ns = world->now_mono_ns,
		.transport = world->nodes[0].port.transport,
		.source = world_address(world, from),
	};

	rx.source.local_ip[3] = WORLD_LOCAL_IP;

	bc_engine_handle_rx(world->nodes[to].engine, 0, &rx, world->now_mono_ns);
}

/* Of each TLV that grants something, in a Signaling message. */
static inline void world_halve_rates(struct bc_action *signaling)
{
	uint8_t *message = signaling->send.message;
	size_t tlv = 44;

	for (; tlv + 12 <= signaling->send.len; tlv += 4 + get_be16(message + tlv + 2))
		if (get_be16(message + tlv) == PTP_TLV_GRANT_UNICAST_TRANSMISSION)
			message[tlv + 5]++;
}

static inline void world_send(struct world *world, size_t from, const struct bc_action *action)
{
	struct world_node *node = &world->nodes[from];

	node->n_sent[action->send.message_type]++;
	node->last_send[action->send.message_type] = *action;
	if (action->send.is_event)
		bc_engine_handle_tx_stamp(node->engine, 0, action->send.message_type,
					  action->send.sequence_id, world->now_mono_ns);
	if (!action->send.is_unicast)
		return;
	if (memcmp(action->send.destination.mac, (uint8_t[6]){}, 6) == 0)
		node->n_unresolved++;
	assert_true(world->n_frames < WORLD_FRAMES);
	world->frames[world->n_frames].from = from;
	world->frames[world->n_frames].action = *action;
	if (node->grants_less && action->send.message_type == PTP_SIGNALING)
		world_halve_rates(&world->frames[world->n_frames].action);
	world->n_frames++;
}

static inline size_t world_find(const struct world *world, const struct bc_address *address)
{
	size_t i = address->ip[0] ? address->ip[3] : address->mac[5];

	return i < world->n ? i : world->n;
}

/* Until nobody has anything to do any more. */
static inline void world_settle(struct world *world)
{
	bool is_busy = true;

	while (is_busy) {
		struct bc_action action;

		is_busy = false;
		for (size_t i = 0; i < world->n; i++) {
			while (world->nodes[i].engine &&
			       bc_engine_pop_action(world->nodes[i].engine, &action)) {
				is_busy = true;
				if (action.type == BC_ACTION_SEND)
					world_send(world, i, &action);
				else if (action.type == BC_ACTION_UNICAST)
					world->nodes[i].n_events[action.unicast.event]++;
			}
		}
		for (size_t i = 0; i < world->n_frames; i++) {
			size_t from = world->frames[i].from;
			size_t to = world_find(world, &world->frames[i].action.send.destination);

			if (to < world->n && world->nodes[to].engine && !world->nodes[to].is_mute &&
			    !world->nodes[from].is_mute)
				world_receive(world, from, to, world->frames[i].action.send.message,
					      world->frames[i].action.send.len);
		}
		world->n_frames = 0;
	}
}

static inline void world_start_node(struct world *world, size_t i)
{
	struct world_node *node = &world->nodes[i];

	assert_int_equal(bc_engine_new(&node->config, world->now_mono_ns,
				       1700000000 * NSEC_PER_SEC + (int64_t)world->now_mono_ns,
				       &node->engine),
			 0);
	bc_engine_handle_link(node->engine, 0, BC_LINK_UP, world->now_mono_ns);
	world_settle(world);
}

static inline void world_stop_node(struct world *world, size_t i)
{
	bc_engine_free(world->nodes[i].engine);
	world->nodes[i].engine = NULL;
}

static inline void world_start(struct world *world)
{
	for (size_t i = 0; i < world->n; i++)
		if (!world->nodes[i].is_off)
			world_start_node(world, i);
}

static inline void world_stop(struct world *world)
{
	for (size_t i = 0; i < world->n; i++)
		world_stop_node(world, i);
}

static inline void world_run_ns(struct world *world, int64_t ns)
{
	uint64_t until_mono_ns = world->now_mono_ns + (uint64_t)ns;

	for (;;) {
		uint64_t next = UINT64_MAX;

		for (size_t i = 0; i < world->n; i++)
			if (world->nodes[i].engine)
				next = MIN(next, bc_engine_next_deadline_mono_ns(world->nodes[i].engine));
		if (next > until_mono_ns)
			break;
		world->now_mono_ns = MAX(world->now_mono_ns, next);
		for (size_t i = 0; i < world->n; i++)
			if (world->nodes[i].engine &&
			    bc_engine_next_deadline_mono_ns(world->nodes[i].engine) <= world->now_mono_ns)
				bc_engine_handle_timer(world->nodes[i].engine, world->now_mono_ns);
		world_settle(world);
	}
	world->now_mono_ns = until_mono_ns;
}

static inline void world_run_s(struct world *world, int s)
{
	world_run_ns(world, s * NSEC_PER_SEC);
}

static inline uint64_t world_count(const struct world *world, size_t i, enum bc_counter counter)
{
	return bc_engine_counters(world->nodes[i].engine, 0)->value[counter];
}
