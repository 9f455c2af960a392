/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one socket that all frames leave by. One socket, so that the egress program knows the daemon's
 * frames by one socket cookie; a packet socket without PACKET_QDISC_BYPASS, since a bypass would skip
 * the hooks that take the stamps. The driver's own software transmit stamps are read here, where they are
 * asked for, without ever waiting for one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sender;

/* 0 or -errno. */
int sender_new(int socket_priority, struct sender **ret_sender);
/* Accepts NULL. */
void sender_free(struct sender *sender);

uint64_t sender_cookie(const struct sender *sender);
/* Polls as readable-error (POLLERR) when a driver stamp waits. */
int sender_fd(const struct sender *sender);

/* What a driver stamp belongs to. */
struct sender_event {
	size_t port;
	uint8_t message_type;
	uint16_t sequence_id;
};

/* One system call; `asks_driver`: for its software stamp, which sender_pop_stamp() brings. 0 or -errno. */
int sender_send(struct sender *sender, int ifindex, const uint8_t *frame, size_t len, bool asks_driver);

/* Whether the last frame asked the driver. */
bool sender_has_asked(const struct sender *sender);

/* Takes a driver stamp that waits (CLOCK_REALTIME; 0: a message that is no stamp of ours). False: none. */
bool sender_pop_stamp(struct sender *sender, struct sender_event *ret_event, int64_t *ret_real_ns);
