/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the controllers share: the base that each embeds as its first member, its table of
 * functions, and the policy that is the same for all of them (steps, the limit of the frequency).
 */
#pragma once

#include <math.h>

#include "bc/servo/servo.h"

/* A rate error beyond this would let the corrected clock stand still or run backwards. */
#define BC_SERVO_FREQUENCY_CEILING_PPB 900000000.0
#define BC_SERVO_INTERVAL_MIN_S	       (1.0 / 1024.0)
#define BC_SERVO_INTERVAL_MAX_S	       1024.0

struct bc_servo_ops {
	/* offset_ns and weight are checked by the dispatcher; the result may still be out of range. */
	double (*sample)(struct bc_servo *servo, int64_t offset_ns, uint64_t local_mono_ns, double weight,
			 enum bc_servo_state *ret_state);
	/* NULL: the controller has no use for it. */
	void (*delay)(struct bc_servo *servo, int64_t back_ns, int64_t path_delay_ns, uint64_t local_mono_ns);
	void (*set_interval)(struct bc_servo *servo, double interval_s);
	void (*reset)(struct bc_servo *servo);
	double (*frequency_ppb)(const struct bc_servo *servo);
	/* NULL: it has no idea. */
	bool (*uncertainty)(const struct bc_servo *servo, struct bc_servo_uncertainty *ret_uncertainty);
};

struct bc_servo {
	const struct bc_servo_ops *ops;
	double step_threshold_ns;	/* 0: never */
	double first_step_threshold_ns; /* 0: never */
	double max_frequency_ppb;
	uint64_t n_outliers;
	bool is_first_update; /* until the clock has been stepped or locked once */
	int32_t offset_threshold_ns;
	int32_t num_offset_values;
	int32_t offset_values_left; /* to LOCKED_STABLE */
};

/* Each allocates its own structure, whose first member is the base; NULL when out of memory. */
struct bc_servo *bc_servo_pi_new(const struct bc_servo_config *config, double frequency_ppb);
struct bc_servo *bc_servo_linreg_new(const struct bc_servo_config *config, double frequency_ppb);
struct bc_servo *bc_servo_nullf_new(const struct bc_servo_config *config, double frequency_ppb);
struct bc_servo *bc_servo_kalman_new(const struct bc_servo_config *config, double frequency_ppb);

/* Whether a locked servo must step for this offset: step_threshold alone. */
static inline bool bc_servo_exceeds_step(const struct bc_servo *servo, double offset_ns)
{
	return servo->step_threshold_ns > 0 && fabs(offset_ns) > servo->step_threshold_ns;
}

/* Whether a servo that is about to lock must step for this offset. */
static inline bool bc_servo_wants_step(const struct bc_servo *servo, double offset_ns)
{
	if (servo->is_first_update && servo->first_step_threshold_ns > 0 &&
	    fabs(offset_ns) > servo->first_step_threshold_ns)
		return true;
	return bc_servo_exceeds_step(servo, offset_ns);
}

static inline double bc_servo_clamp_ppb(const struct bc_servo *servo, double frequency_ppb)
{
	return fmax(-servo->max_frequency_ppb, fmin(servo->max_frequency_ppb, frequency_ppb));
}
