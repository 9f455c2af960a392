/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Datagrams to UNIX sockets whose readers are behind (the kernel queues ten or so for each): they wait here,
 * in order, and are tried again, for a second. Bounded, for each reader and for all together.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct datagram_queue;

/* NULL: no memory. */
struct datagram_queue *datagram_queue_new(void);
/* Accepts NULL. */
void datagram_queue_free(struct datagram_queue *queue);

/*
 * Sends, or has it wait. 0; -ENOBUFS: given up, too much waits already; or -errno, when the reader is gone:
 * what waited for it is gone, too.
 */
int datagram_queue_send(struct datagram_queue *queue, int fd, const struct sockaddr_un *to, socklen_t to_len,
			const uint8_t *datagram, size_t len, uint64_t now_mono_ns);
/* Tries what waits once more, and gives up what waited for a second. */
void datagram_queue_flush(struct datagram_queue *queue, uint64_t now_mono_ns);
/* Forgets what waits, since its socket is closed. */
void datagram_queue_clear(struct datagram_queue *queue);
/* Whether something waits: it is to be flushed every few milliseconds then. */
bool datagram_queue_is_waiting(const struct datagram_queue *queue);
