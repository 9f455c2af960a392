// SPDX-License-Identifier: GPL-2.0-or-later
/* Where in the driver's time a frame leaves. */
#include "bc/daemon/tx_stamp.h"

#include "bc/servo/robust.h"
#include "util/macros.h"

/*
 * Measured on veth against the receive stamp of the peer's kernel, with sparse traffic: of what a driver
 * takes longer than usual, so much passes before the wire (the spread of the rest was least), and after so
 * much of what it usually takes drivers take their own stamp.
 */
#define PART_BEFORE_WIRE  0.7
#define PART_BEFORE_STAMP 0.125

static double median_ns(const struct tx_stamp_history *history)
{
	double sorted[TX_STAMP_WINDOW];

	for (unsigned int i = 0; i < history->n; i++)
		sorted[i] = history->driver_ns[i];
	return bc_robust_median(sorted, history->n);
}

uint64_t tx_stamp_mono_ns(struct tx_stamp_history *history, uint64_t start_mono_ns, uint32_t driver_ns)
{
	double usual_ns;

	if (driver_ns == 0)
		return start_mono_ns;
	history->driver_ns[history->next] = driver_ns;
	history->next = (history->next + 1) % TX_STAMP_WINDOW;
	history->n = MIN(history->n + 1, TX_STAMP_WINDOW);
	usual_ns = median_ns(history);
	return start_mono_ns +
	       (uint64_t)(int64_t)(PART_BEFORE_WIRE * (driver_ns - usual_ns) + PART_BEFORE_STAMP * usual_ns);
}
