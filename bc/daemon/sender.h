/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one socket that all frames leave by. One socket, so that the egress program knows the daemon's
 * frames by one socket cookie; a packet socket without PACKET_QDISC_BYPASS, since a bypass would skip
 * the hooks that take the stamps.
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
/* Polls as readable-error (POLLERR) when a driver stamp waits: driver_stamp_pop(). */
int sender_fd(const struct sender *sender);

/* One system call; `asks_driver`: for its software stamp. 0 or -errno. */
int sender_send(struct sender *sender, int ifindex, const uint8_t *frame, size_t len, bool asks_driver);

/* Whether the last frame asked the driver. */
bool sender_has_asked(const struct sender *sender);
