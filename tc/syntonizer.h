/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rate of the grandmaster's clock over CLOCK_MONOTONIC's, from the Sync and Follow_Up messages that pass,
 * so that residence can be told in the grandmaster's time (IEEE 1588-2019 10.3, 12.1). Listens to one
 * master, the best that Announce messages tell of, and never steps on a single outlier. When the master
 * changes or is stepped, the last rate stands until the new one is known. Pure; times are CLOCK_MONOTONIC;
 * nothing is allocated after tclk_syntonizer_new().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tclk_syntonizer;

/* 0 or -ENOMEM. */
int tclk_syntonizer_new(struct tclk_syntonizer **ret_syntonizer);
/* Accepts NULL. */
void tclk_syntonizer_free(struct tclk_syntonizer *syntonizer);

/* A Sync, Follow_Up or Announce that came in by `port_index`; others are ignored, malformed ones too.
 * `stamp_mono_ns` is the receive stamp (Sync). */
void tclk_syntonizer_handle_rx(struct tclk_syntonizer *syntonizer, const uint8_t *message, size_t len,
			       uint16_t port_index, uint64_t stamp_mono_ns, uint64_t now_mono_ns);

struct tclk_syntonizer_status {
	bool is_known;	    /* enough was heard, and not too long ago: 60 s; else the next three are 0 */
	double rate_offset; /* grandmaster's rate over CLOCK_MONOTONIC's, less 1; within +-500e-6 */
	double deviation;   /* standard error of that */
	uint8_t clock_identity[8]; /* whose rate: the grandmaster's, or the sender's where no Announce tells
				    */
	uint64_t n_samples, n_outliers;
	uint64_t n_unpaired;  /* two-step Sync and Follow_Up that did not find each other */
	uint64_t n_malformed; /* too short, another version, times and corrections out of range */
};

void tclk_syntonizer_status(const struct tclk_syntonizer *syntonizer, uint64_t now_mono_ns,
			    struct tclk_syntonizer_status *ret_status);
