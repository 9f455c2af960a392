/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transmit stamp from what the tracepoints saw of a frame: when the driver was given it, and how long the
 * driver took. Pure.
 *
 * The frame reaches the wire late in the driver's time, and that time varies by microseconds with the state
 * of the caches; what goes before the wire varies with it. So the stamp follows the variation, which makes it
 * much less noisy than either end. Its mean however stays where drivers take their own software stamps, soon
 * after they were given the frame: that is where the stamps of a neighbour without hardware stamps are, and
 * only then are the two directions alike.
 */
#pragma once

#include <stdint.h>

#define TX_STAMP_WINDOW 31u /* frames of one kind, of which the usual time is the median */

/* What frames of one message type took on one port. All zero: nothing known. */
struct tx_stamp_history {
	uint32_t driver_ns[TX_STAMP_WINDOW];
	unsigned int n, next;
};

/*
 * The stamp of a frame that the driver was given at start_mono_ns and took for driver_ns; 0: that was not
 * measured, and the stamp is the start. Remembers it for the next ones.
 */
uint64_t tx_stamp_mono_ns(struct tx_stamp_history *history, uint64_t start_mono_ns, uint32_t driver_ns);
