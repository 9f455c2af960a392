/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transmit stamp from what is known of a frame: when the driver was given it and how long the driver
 * took, by the tracepoints, and of some frames the driver's own software stamp. Pure.
 *
 * The time in the driver varies by microseconds with the state of the caches, and most of what varies passes
 * before the frame is on the wire: a stamp that moves with it is far less noisy than one that does not. Its
 * mean stays early in that time, where drivers take their own stamp: a neighbour without hardware stamps has
 * those, and only then are the two directions alike.
 *
 * How nearly they are alike makes the error of our own clock, so where we follow a master the driver itself
 * is asked (Delay_Req); a Sync is stamped by the tracepoints alone, which costs no system call, unless the
 * driver turns out to be far behind them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A mean over the last 64 or so, which one wild value does not move, but eight far ones in a row do. */
struct tx_stamp_mean {
	double ns;
	unsigned int n;
	unsigned int n_far; /* the newest so many lie far from it, on one side, ... */
	bool is_far_above;
	double far_sum_ns; /* ... and are this together */
};

/* Of one message type on one port. All zero: nothing known. */
struct tx_stamp_history {
	struct tx_stamp_mean driver_ns;	   /* the driver's time */
	struct tx_stamp_mean asked_ns;	   /* the same of frames that it stamped, which takes longer, ... */
	struct tx_stamp_mean after_own_ns; /* ... and from its stamp to the end of it */
	/* The frame of which the driver was asked for its stamp last, and that stamp; 0: not come. */
	bool has_asked;
	uint16_t asked_sequence_id;
	uint64_t driver_mono_ns;
	unsigned int n_unanswered; /* frames that left, in a row */
	unsigned int n_not_asked;  /* since it is not asked any more */
};

/* A frame whose stamp should be the driver's is to be sent: whether to ask. Mostly false once it never
 * answers. */
bool tx_stamp_asks_driver(struct tx_stamp_history *history, uint16_t sequence_id);
/* The answer; of use until tx_stamp_mono_ns() is called for that frame. */
void tx_stamp_handle_driver(struct tx_stamp_history *history, uint16_t sequence_id, uint64_t driver_mono_ns);
/* Whether the driver was asked for this one, and has not answered. */
bool tx_stamp_awaits_driver(const struct tx_stamp_history *history, uint16_t sequence_id);
/*
 * Whether most of the time passes before the driver's own stamp. That is not the driver then: programs of
 * somebody else (another instance) hang at the same tracepoints, and run between our stamp and the driver.
 * `was_far`: the answer so far, which a little more or less does not change, since the stamps that hang on it
 * mean other points.
 */
bool tx_stamp_is_driver_far(const struct tx_stamp_history *history, bool was_far);
/* The stamp of a frame that the driver was given at start_mono_ns and took for driver_ns. */
uint64_t tx_stamp_mono_ns(struct tx_stamp_history *history, uint16_t sequence_id, uint64_t start_mono_ns,
			  uint32_t driver_ns);
