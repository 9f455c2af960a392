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
/* A driver that left so many in a row unanswered does not stamp. */
#define UNANSWERED_MAX 8u
/* Its stamp lies within its time, but for how near its clock is known (CLOCK_REALTIME). */
#define CLOCK_SLACK_NS 1000

static void learn(struct tx_stamp_history *history, double driver_ns)
{
	double limit_ns = history->n < MEAN_FIRST ? driver_ns + history->usual_ns : history->usual_ns;

	history->n = MIN(history->n + 1, MEAN_MAX);
	history->usual_ns += CLAMP(driver_ns - history->usual_ns, -limit_ns, limit_ns) / history->n;
}

bool tx_stamp_asks_driver(struct tx_stamp_history *history, uint16_t sequence_id)
{
	if (history->n_unanswered >= UNANSWERED_MAX)
		return false;
	history->n_unanswered++;
	history->has_asked = true;
	history->asked_sequence_id = sequence_id;
	history->driver_mono_ns = 0;
	return true;
}

void tx_stamp_handle_driver(struct tx_stamp_history *history, uint16_t sequence_id, uint64_t driver_mono_ns)
{
	history->n_unanswered = 0;
	if (history->has_asked && history->asked_sequence_id == sequence_id)
		history->driver_mono_ns = driver_mono_ns;
}

/* Whether the driver's own stamp of this frame has come, and can be true. */
static bool take_driver_stamp(struct tx_stamp_history *history, uint16_t sequence_id, uint64_t start_mono_ns,
			      uint32_t driver_ns)
{
	int64_t after_start_ns = (int64_t)(history->driver_mono_ns - start_mono_ns);

	if (!history->has_asked || history->asked_sequence_id != sequence_id)
		return false;
	history->has_asked = false;
	return history->driver_mono_ns != 0 && after_start_ns >= -CLOCK_SLACK_NS &&
	       after_start_ns <= (int64_t)driver_ns + CLOCK_SLACK_NS;
}

uint64_t tx_stamp_mono_ns(struct tx_stamp_history *history, uint16_t sequence_id, uint64_t start_mono_ns,
			  uint32_t driver_ns)
{
	learn(history, driver_ns);
	if (take_driver_stamp(history, sequence_id, start_mono_ns, driver_ns))
		return history->driver_mono_ns;
	return start_mono_ns + (uint64_t)(int64_t)(PART_BEFORE_STAMP * history->usual_ns +
						   PART_BEFORE_WIRE * (driver_ns - history->usual_ns));
}
