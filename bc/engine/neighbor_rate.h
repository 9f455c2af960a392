/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast a neighbour's clock runs against ours, from pairs of its time and ours. Robust: a median of
 * slopes, so that single late stamps do nothing, and a step of the neighbour's clock is no rate. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BC_NEIGHBOR_RATE_WINDOW 16
/* Fewer samples do not make a median: until then no rate is known. */
#define BC_NEIGHBOR_RATE_SAMPLES_MIN 4

/* All zero: nothing known. */
struct bc_neighbor_rate {
	double offset; /* the neighbour's rate over ours, less 1; within +-500e-6; 0 until known */
	bool has_misfit;
	unsigned int n_samples;
	struct bc_neighbor_rate_sample {
		int64_t origin_ns;
		uint64_t arrival_mono_ns;
	} samples[BC_NEIGHBOR_RATE_WINDOW]; /* oldest first */
};

/* A message that left at origin_ns of the neighbour's clock (a time stamp of the wire, and at most seconds of
 * corrections) arrived. */
void bc_neighbor_rate_sample(struct bc_neighbor_rate *rate, int64_t origin_ns, uint64_t arrival_mono_ns);
/* Nothing is known of the time since the last sample: the next one begins anew; the offset stays for now. */
void bc_neighbor_rate_restart(struct bc_neighbor_rate *rate);
