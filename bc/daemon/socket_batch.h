/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What waits in a socket, read in one system call: messages, who sent them, and the kernel's receive stamps.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bc/wire/encap.h"

#define SOCKET_BATCH_MAX 32

struct socket_batch;

/* NULL: no memory. */
struct socket_batch *socket_batch_new(void);
/* Accepts NULL. */
void socket_batch_free(struct socket_batch *batch);

/* Reads at most `max` messages, never waiting; returns how many there are in the batch now. */
size_t socket_batch_read(struct socket_batch *batch, int fd, size_t max);

/* Points into the batch: good until it is read or freed. */
struct socket_message {
	const uint8_t *message;
	size_t len;
	bool is_truncated; /* it was longer than any that is taken */
	int64_t real_ns;   /* CLOCK_REALTIME; 0: no stamp */
	struct bc_address source;
	bool has_overflow;   /* n_overflow is known: */
	uint32_t n_overflow; /* what the full socket lost since it was opened, modulo 2^32 */
};

struct socket_message socket_batch_get(const struct socket_batch *batch, size_t i,
				       enum ebc_transport transport);
