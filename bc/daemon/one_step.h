/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a port may send one-step Syncs, and what to add to the time that the egress program writes into
 * them: what recent Syncs met between tc egress and the wire, as their transmit stamps tell. As a transparent
 * clock does it (tc_one_step auto): one-step while the port's queue is short, two-step otherwise. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bpf/ebc_abi.h"

/* So many Syncs tell whether there is a queue, ... */
#define ONE_STEP_QUEUE_SYNCS 8U
/* ... and so many how long it is from tc egress to the wire. */
#define ONE_STEP_SYNCS 32U

struct one_step_sample {
	uint32_t queue_ns; /* tc egress to the driver */
	uint32_t stamp_ns; /* tc egress to the transmit stamp */
};

/* Of one port. All zero: nothing known. */
struct one_step {
	struct one_step_sample recent[ONE_STEP_SYNCS];
	unsigned int n;	      /* Syncs since the port was set up */
	unsigned int n_short; /* in a row, after which the queue was short */
	uint64_t last_mono_ns;
	bool is_on;
	bool has_queue; /* why it is not */
};

/* A Sync left, one-step or two-step: when it passed tc egress, was given to the driver, and its stamp. */
void one_step_handle_sync(struct one_step *one_step, uint64_t tc_mono_ns, uint64_t start_mono_ns,
			  uint64_t stamp_mono_ns);

/*
 * Whether the next Sync may be one-step. A queue ends that when half of the recent Syncs waited for long, or
 * the last two for very long; it comes back after sixteen during which the queue was short.
 */
bool one_step_is_on(const struct one_step *one_step, uint64_t now_mono_ns);
/* While it is on: from tc egress to the transmit stamp, ns, the mean of recent ones; wild ones count as twice
 * their median. Not the median itself: caches that are cold or warm make two heaps of them. */
int64_t one_step_allowance_ns(const struct one_step *one_step);
/* The wait in the queue, ns, the median of recent ones. */
uint32_t one_step_queue_ns(const struct one_step *one_step);
