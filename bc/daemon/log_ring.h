/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last lines of the log, numbered from 1, for who asks the daemon instead of reading its log. */
#pragma once

#include <stdint.h>

#define LOG_RING_LINES 256
#define LOG_RING_TEXT  256 /* what is longer is cut */

struct log_ring_line {
	uint64_t mono_ns;
	int level;
	char text[LOG_RING_TEXT]; /* as the log has it: of any octets but NUL */
};

/* All zero: empty. */
struct log_ring {
	uint64_t last; /* number of the newest line; 0: there is none */
	struct log_ring_line lines[LOG_RING_LINES];
};

void log_ring_add(struct log_ring *ring, uint64_t mono_ns, int level, const char *text);
/* The number of the oldest line that is kept; one more than the last where there is none. */
uint64_t log_ring_first(const struct log_ring *ring);
/* A line from log_ring_first() to ring->last. */
const struct log_ring_line *log_ring_get(const struct log_ring *ring, uint64_t number);
