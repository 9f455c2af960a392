/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A lab whose box sends as the daemon does: loader, attached port0, and the daemon's socket. */
#pragma once

#include "tests/bpf/frames.h"
#include "tests/bpf/rig.h"

/* A qdisc in which each full-sized frame waits 1.5 ms for the one before it. */
#define SENDER_SLOW_QDISC "tbf rate 8mbit burst 1600 limit 400000"

struct sender {
	struct netlab lab;
	enum ebc_stamp_source tx_stamp;
	struct ebc_loader *loader;
	int fd;
};

/* Fixtures for cmocka: *state is a struct sender. */
int sender_setup(void **state);
/* The same with the stamp at start_xmit alone. */
int sender_setup_start_xmit(void **state);
int sender_teardown(void **state);

/* A Sync to the multicast address of Ethernet. */
void sender_send_event(struct sender *sender, uint32_t ifindex, uint16_t sequence_id);
/* `n` full-sized frames that are not PTP, from port0. */
void sender_fill(struct sender *sender, int n);
/* Asserts that the next record, within a second, is of this frame. */
struct ebc_tx_record sender_expect(struct sender *sender, uint32_t ifindex, uint16_t sequence_id);
