/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PTP time as an affine function of monotonic time: nothing of the host is adjusted, reading costs
 * nothing and every stamp converts exactly. Resolution 2^-32 ns; range: 292 years either way.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct bc_local_clock {
	uint64_t ref_mono_ns;
	int64_t ref_ptp_ns;
	uint32_t ref_frac; /* 2^-32 ns */
	int64_t rate_q62;  /* PTP seconds a monotonic second, less 1, times 2^62 */
};

void bc_local_clock_init(struct bc_local_clock *clock, uint64_t mono_ns, int64_t ptp_ns);
/* PTP time at mono_ns, which may lie before or after the reference. */
int64_t bc_local_clock_ptp_ns(const struct bc_local_clock *clock, uint64_t mono_ns);
/* Runs faster by rate_ppb from now_mono_ns on, without a step. |rate_ppb| < 1e9. */
void bc_local_clock_set_rate(struct bc_local_clock *clock, uint64_t now_mono_ns, double rate_ppb);
void bc_local_clock_step(struct bc_local_clock *clock, int64_t step_ns);
/* The same function, from the same reference on. */
bool bc_local_clock_equal(const struct bc_local_clock *a, const struct bc_local_clock *b);
double bc_local_clock_rate_ppb(const struct bc_local_clock *clock);
