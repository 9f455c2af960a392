// SPDX-License-Identifier: GPL-2.0-or-later
/* Where in the driver's time a frame leaves. */
#include "bc/daemon/tx_stamp.h"

#include <math.h>

#include "util/macros.h"

/*
 * Measured on veth against the receive stamps of the peer's kernel, with sparse traffic. Of what a driver
 * takes longer than usual, so much passes before the wire (the spread of the rest was least), ...
 */
#define PART_BEFORE_WIRE 0.7
/* ... the same of what it takes from its own stamp on; and it takes that after so much of its usual time. */
#define PART_AFTER_OWN	  0.6
#define PART_BEFORE_STAMP 0.2
/* Frames that the mean remembers, and those at the start of which any might be the wild one. */
#define MEAN_MAX   64u
#define MEAN_FIRST 8u
/* So many in a row farther from it than that part of it: caches that were cold are warm, or the other way
 * round. */
#define FAR_FRAMES 8u
#define FAR_PART   0.25
/* Usually six tenths of a driver's time come after its stamp. */
#define FAR_DRIVER_PART	 0.45
#define NEAR_DRIVER_PART 0.6
/* A driver that left so many in a row unanswered does not stamp; it is tried again now and then. */
#define UNANSWERED_MAX	8u
#define ASK_AGAIN_EVERY 256u
/* Its stamp lies within its time, but for how near its clock is known (CLOCK_REALTIME). */
#define CLOCK_SLACK_NS 1000

/* Whether the machine does something else now: then the mean is that of the last ones. */
static bool has_changed(struct tx_stamp_mean *mean, double ns)
{
	bool is_above = ns > mean->ns;

	if (mean->n < MEAN_FIRST || fabs(ns - mean->ns) < FAR_PART * mean->ns) {
		mean->n_far = 0;
		return false;
	}
	if (mean->n_far == 0 || is_above != mean->is_far_above) {
		mean->n_far = 0;
		mean->far_sum_ns = 0;
	}
	mean->is_far_above = is_above;
	mean->far_sum_ns += ns;
	if (++mean->n_far < FAR_FRAMES)
		return false;
	*mean = (struct tx_stamp_mean){.ns = mean->far_sum_ns / FAR_FRAMES, .n = FAR_FRAMES};
	return true;
}

/* How far ns is from the mean, and takes it in. What is wild was interrupted, before the wire or after it. */
static double deviation_ns(struct tx_stamp_mean *mean, double ns)
{
	double limit_ns = mean->n < MEAN_FIRST ? ns + mean->ns : 4.0 * mean->ns;

	if (has_changed(mean, ns))
		return CLAMP(ns - mean->ns, -mean->ns, mean->ns);
	mean->n = MIN(mean->n + 1, MEAN_MAX);
	mean->ns += CLAMP(ns - mean->ns, -limit_ns, limit_ns) / mean->n;
	return CLAMP(ns - mean->ns, -mean->ns, mean->ns);
}

bool tx_stamp_asks_driver(struct tx_stamp_history *history, uint16_t sequence_id)
{
	if (history->n_unanswered >= UNANSWERED_MAX && ++history->n_not_asked % ASK_AGAIN_EVERY != 0)
		return false;
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

bool tx_stamp_awaits_driver(const struct tx_stamp_history *history, uint16_t sequence_id)
{
	return history->has_asked && history->asked_sequence_id == sequence_id &&
	       history->driver_mono_ns == 0;
}

/* Whether the driver's own stamp of this frame has come, and can be true. */
static bool take_driver_stamp(struct tx_stamp_history *history, uint16_t sequence_id, uint64_t start_mono_ns,
			      uint32_t driver_ns)
{
	int64_t after_start_ns = (int64_t)(history->driver_mono_ns - start_mono_ns);

	if (!history->has_asked || history->asked_sequence_id != sequence_id)
		return false;
	history->has_asked = false;
	if (history->driver_mono_ns == 0) {
		if (history->n_unanswered < UNANSWERED_MAX)
			history->n_unanswered++;
		return false;
	}
	return after_start_ns >= -CLOCK_SLACK_NS && after_start_ns <= (int64_t)driver_ns + CLOCK_SLACK_NS;
}

bool tx_stamp_is_driver_far(const struct tx_stamp_history *history, bool was_far)
{
	double part = was_far ? NEAR_DRIVER_PART : FAR_DRIVER_PART;

	return history->asked_ns.n >= MEAN_FIRST && history->after_own_ns.ns < part * history->asked_ns.ns;
}

uint64_t tx_stamp_mono_ns(struct tx_stamp_history *history, uint16_t sequence_id, uint64_t start_mono_ns,
			  uint32_t driver_ns)
{
	double more_ns;

	if (take_driver_stamp(history, sequence_id, start_mono_ns, driver_ns)) {
		deviation_ns(&history->asked_ns, driver_ns);
		more_ns = deviation_ns(&history->after_own_ns, (double)(int64_t)(start_mono_ns + driver_ns -
										 history->driver_mono_ns));
		return history->driver_mono_ns + (uint64_t)(int64_t)(PART_AFTER_OWN * more_ns);
	}
	more_ns = deviation_ns(&history->driver_ns, driver_ns);
	return start_mono_ns +
	       (uint64_t)(int64_t)(PART_BEFORE_STAMP * history->driver_ns.ns + PART_BEFORE_WIRE * more_ns);
}
