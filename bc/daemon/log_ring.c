// SPDX-License-Identifier: GPL-2.0-or-later
/* See log_ring.h. */
#include "bc/daemon/log_ring.h"

#include <stdio.h>

void log_ring_add(struct log_ring *ring, uint64_t mono_ns, int level, const char *text)
{
	struct log_ring_line *line = &ring->lines[++ring->last % LOG_RING_LINES];

	line->mono_ns = mono_ns;
	line->level = level;
	snprintf(line->text, sizeof(line->text), "%s", text);
}

uint64_t log_ring_first(const struct log_ring *ring)
{
	return ring->last > LOG_RING_LINES ? ring->last - LOG_RING_LINES + 1 : 1;
}

const struct log_ring_line *log_ring_get(const struct log_ring *ring, uint64_t number)
{
	return &ring->lines[number % LOG_RING_LINES];
}
