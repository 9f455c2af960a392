/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transmit stamp from what the tracepoints saw of a frame: when the driver was given it, and how long the
 * driver took. Pure.
 *
 * The time in the driver varies by microseconds with the state of the caches, and most of what varies passes
 * before the frame is on the wire: a stamp that follows it is far less noisy than the start, than halfway, or
 * than the driver's own software stamp. Its mean stays where drivers take that stamp, early in their time: a
 * neighbour without hardware stamps has those, and only then are the two directions alike.
 */
#pragma once

#include <stdint.h>

/* What frames of one message type took on one port. All zero: nothing known. */
struct tx_stamp_history {
	double usual_ns; /* a mean over the last ones, which one wild value does not move */
	unsigned int n;
};

/* The stamp of a frame that the driver was given at start_mono_ns and took for driver_ns; also remembers
 * that. */
uint64_t tx_stamp_mono_ns(struct tx_stamp_history *history, uint64_t start_mono_ns, uint32_t driver_ns);
