/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A lab whose box sends as the daemon does: loader, attached port0, and the daemon's socket. */
#pragma once

#include "tests/bpf/frames.h"
#include "tests/bpf/rig.h"

struct sender {
	struct netlab lab;
	enum ebc_stamp_source tx_stamp;
	uint8_t domain_number;
	struct ebc_loader *loader;
	int fd;
};

/* Fixtures for cmocka: *state is a struct sender. */
int sender_setup(void **state);
/* The same with another kind of stamp, in another domain, at the same port. */
void sender_new_beside(const struct sender *sender, enum ebc_stamp_source tx_stamp, struct sender *ret);
/* Of sender_new_beside(): the lab is the other's. */
void sender_free_beside(struct sender *sender);
int sender_teardown(void **state);

/* A Sync to the multicast address of Ethernet. */
void sender_send_event(struct sender *sender, uint32_t ifindex, uint16_t sequence_id);
/* Asserts that the next record is of this frame. */
struct ebc_tx_record sender_expect(struct sender *sender, uint32_t ifindex, uint16_t sequence_id);
