/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a path's delay jumps or drifts, from its single measurements: what a filter follows silently may be
 * a route that changed, a failing device, or somebody who delays our messages. Medians, and thresholds that
 * grow with the noise, so that single late frames and busy machines say nothing. Pure.
 *
 * A jump of 10 us is told with the fifth measurement after it at the latest: within a second at 8 of them a
 * second. A drift of 1 us/s is told within 45 s at one measurement a second or more; with fewer it takes as
 * long as twelve of them. Measurements must not share an error: end to end one counts for each Sync.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BC_PATH_ALARM_RECENT   5u
#define BC_PATH_ALARM_BASELINE 32u
#define BC_PATH_ALARM_MEDIANS  32u

struct bc_path_sample {
	uint64_t mono_ns;
	double delay_ns;
};

/* All zero: nothing known. */
struct bc_path_alarm {
	/* The last measurements: those before the newest few tell what is usual. */
	struct bc_path_sample samples[BC_PATH_ALARM_BASELINE + BC_PATH_ALARM_RECENT]; /* oldest first */
	unsigned int n_samples;
	/* Medians of a second each, for the slope. */
	struct bc_path_sample medians[BC_PATH_ALARM_MEDIANS]; /* oldest first */
	unsigned int n_medians;
	unsigned int n_since_median;
	bool is_drifting;
};

enum bc_path_event {
	BC_PATH_SAME,
	BC_PATH_JUMPED,
	BC_PATH_DRIFTS,
	BC_PATH_STEADY, /* drifts no more */
};

/* One measurement, taken at mono_ns. *ret_change: ns of the jump, or of a second's drift; else untouched. */
enum bc_path_event bc_path_alarm_sample(struct bc_path_alarm *alarm, int64_t delay_ns, uint64_t mono_ns,
					double *ret_change);
/* Another path, or the same after a while: nothing is known. */
void bc_path_alarm_reset(struct bc_path_alarm *alarm);
