/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A box with three ports, port0 to port2, whose cables end in another namespace at far0 to far2: what the
 * tests of the transparent clock send at one far end comes out at the others.
 */
#pragma once

#include "tests/bpf/message.h"
#include "tests/bpf/queue.h"
#include "tests/bpf/rig.h"

#define BOX_PORTS 3

enum box_kind {
	BOX_DIRECT, /* no bridge: the programs carry multicast */
	BOX_BRIDGE, /* the ports are members of br0 */
};

struct box {
	enum box_kind kind;
	int box_fd, far_fd; /* namespaces; the calling thread is in the box's */
	uint32_t port_ifindex[BOX_PORTS], far_ifindex[BOX_PORTS], bridge_ifindex;
	uint8_t far_mac[BOX_PORTS][6];
	int far[BOX_PORTS]; /* packet sockets at the far ends: send, and receive what comes from the box */
	int filler; /* a packet socket of the box: kept, since to close one takes as long as a queue lasts */
	struct ebc_loader *loader;
	struct ebc_port_conf conf[BOX_PORTS]; /* box_update() after a change */
	uint16_t sequence_id;		      /* the last that was used */
	bool has_queue[BOX_PORTS];
	/* What box_reset() goes back to. */
	struct ebc_port_conf first_conf[BOX_PORTS];
	struct ebc_ctl first_ctl;
};

/* Transparent, all domains. */
struct ebc_loader_options box_options(void);
/* Namespaces, devices and sockets; no loader yet. */
void box_new(struct box *box, enum box_kind kind);
/* A loader with a live lease, at all ports. */
void box_load(struct box *box, const struct ebc_loader_options *options);
/* Attaches all ports to `loader`. */
void box_attach(struct box *box, struct ebc_loader *loader);
void box_update(struct box *box);
/* Whether frames over the bridge go through IP's netfilter hooks; false: the kernel offers no such thing. */
bool box_set_bridge_netfilter(bool is_on);
void box_unload(struct box *box);
void box_free(struct box *box);

/* Fixtures for cmocka with box_options(): *state is the struct box. */
int box_setup_direct(void **state);
int box_setup_bridge(void **state);
int box_teardown(void **state);
/* Forgets what waits at the far ends. */
int box_drain(void **state);
/* Between tests that share a box: as box_load() left it, even if the last test failed half-way. */
int box_reset(void **state);

/* A sequenceId that was not used in this box. */
uint16_t box_next_sequence_id(struct box *box);
uint64_t box_counter(const struct box *box, int port, enum ebc_counter counter);
/* Until the kernel stamps what it receives, which begins some time after a socket asked for it. */
void box_wait_for_stamps(struct box *box);
/*
 * Until a Follow_Up passes by every port as soon as its Sync did. Of a Sync that was dropped, by a link that
 * just came up, or lost its stamp, the Follow_Up is parked, and a dead daemon never sends it.
 */
void box_wait_for_departures(struct box *box);

void box_send(const struct box *box, int port, const struct message *message);
/*
 * Waits for a frame that leaves by `port`, but for those that only fill queues and resolve
 * addresses; its octets, with the VLAN tag put back that the socket took out. False: none
 * comes.
 * `ret_mono_ns` (may be NULL): the receive stamp of the far end.
 */
bool box_receive(const struct box *box, int port, struct message *ret, uint64_t *ret_mono_ns);
/* Asserts that there is none, and none comes for a moment. */
void box_expect_silence(const struct box *box, int port);
/* Receives at `to`, asserting that it is `sent` with another correctionField; what was added. */
int64_t box_expect(const struct box *box, int to, const struct message *sent, struct message *ret);
/* Sends at `from` and expects it at `to`; asserts that nothing comes that was not sent. */
int64_t box_pass(const struct box *box, int from, int to, const struct message *message, struct message *ret);
/* Sends from `from` what every port lets pass, and asserts that it is the next that the others get. */
void box_expect_nothing(struct box *box, int from);

void box_set_qdisc(struct box *box, int port, const char *qdisc);
/* The queue behind `port`: see queue.h. */
void box_hold(struct box *box, int port);
struct queue_wait box_release_later(const struct box *box, int port, unsigned n);
/* This one or that of box_set_qdisc() is gone. */
void box_remove_queue(struct box *box, int port);
/* A map of the loaded programs by its name. The caller closes it. */
int box_map(const struct box *box, const char *name);
