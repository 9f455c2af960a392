/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transmit stamp from what is known of a frame: when the driver was given it and how long the driver
 * took, by the tracepoints, and of some frames the driver's own software stamp. Pure.
 *
 * The time in the driver varies by microseconds with the state of the caches, and most of what varies passes
 * before the frame is on the wire: a stamp that follows it is far less noisy than the start, or than halfway.
 * Its mean stays early in that time, where drivers take their own stamp: a neighbour without hardware stamps
 * has those, and only then are the two directions alike.
 *
 * How nearly they are alike makes the error of our own clock, so where we follow a master the driver itself
 * is asked (Delay_Req); a Sync is stamped by the tracepoints alone, which costs no system call.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Of one message type on one port. All zero: nothing known. */
struct tx_stamp_history {
	double usual_ns; /* in the driver: a mean over the last ones, which one wild value does not move */
	unsigned int n;
	/* The frame of which the driver was asked for its stamp last, and that stamp; 0: not come. */
	bool has_asked;
	uint16_t asked_sequence_id;
	uint64_t driver_mono_ns;
	unsigned int n_unanswered; /* in a row */
};

/* A frame whose stamp should be the driver's is to be sent: whether to ask. False: this driver never answers.
 */
bool tx_stamp_asks_driver(struct tx_stamp_history *history, uint16_t sequence_id);
/* The answer; of use until tx_stamp_mono_ns() is called for that frame. */
void tx_stamp_handle_driver(struct tx_stamp_history *history, uint16_t sequence_id, uint64_t driver_mono_ns);
/* The stamp of a frame that the driver was given at start_mono_ns and took for driver_ns. */
uint64_t tx_stamp_mono_ns(struct tx_stamp_history *history, uint16_t sequence_id, uint64_t start_mono_ns,
			  uint32_t driver_ns);
