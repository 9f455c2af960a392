/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the last reload was refused, and why: for those who look at the state and not at the log. It is the
 * process's and not an instance's, since a refused configuration may cost the instance that was running.
 */
#pragma once

#include <stdint.h>

#include "bc/daemon/log_ring.h"

struct refusal {
	uint64_t since_mono_ns;
	char reason[LOG_RING_TEXT]; /* of one line, printable ASCII */
};

/* NULL: the last reload was taken, or there was none. */
const struct refusal *refusal_get(void);
/* The last one was refused: the first error of the log after the line numbered `last` tells why. */
void refusal_note(const struct log_ring *log, uint64_t last);
/* The last one was taken. */
void refusal_clear(void);
