// SPDX-License-Identifier: GPL-2.0-or-later
/* Where in the driver's time a frame leaves. */
#include "bc/daemon/tx_stamp.h"

#include "util/macros.h"

/*
 * Measured on veth against the receive stamps of the peer's kernel, with sparse traffic: of what a driver
 * takes longer than usual, so much passes before the wire (the spread of the rest was least); and drivers
 * take their own stamp after so much of what they usually take.
 */
#define PART_BEFORE_WIRE  0.7
#define PART_BEFORE_STAMP 0.2
/* Frames that the mean remembers, and those at the start of which any might be the wild one. */
#define MEAN_MAX   64u
#define MEAN_FIRST 8u

static void learn(struct tx_stamp_history *history, double driver_ns)
{
	double limit_ns = history->n < MEAN_FIRST ? driver_ns + history->usual_ns : history->usual_ns;

	history->n = MIN(history->n + 1, MEAN_MAX);
	history->usual_ns += CLAMP(driver_ns - history->usual_ns, -limit_ns, limit_ns) / history->n;
}

uint64_t tx_stamp_mono_ns(struct tx_stamp_history *history, uint64_t start_mono_ns, uint32_t driver_ns)
{
	learn(history, driver_ns);
	return start_mono_ns + (uint64_t)(int64_t)(PART_BEFORE_STAMP * history->usual_ns +
						   PART_BEFORE_WIRE * (driver_ns - history->usual_ns));
}
