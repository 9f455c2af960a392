/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A clock controller: from offsets of the local clock to a frequency correction. Pure: no I/O, no
 * clock, no allocation after servo_new(). The sign is ptp4l's: a positive offset means that the local
 * clock is ahead of its master, and the clock is to be run slower by the returned value.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum bc_servo_type {
	BC_SERVO_PI = 0, /* ptp4l's, with its constants and options */
	BC_SERVO_LINREG, /* regression over several lengths, as ptp4l's */
	BC_SERVO_NULLF,	 /* frequency stays 0 */
	BC_SERVO_KALMAN, /* the default: robust filter of phase, frequency and delay */
};

enum bc_servo_state {
	BC_SERVO_UNLOCKED = 0,	    /* s0: gathering samples */
	BC_SERVO_JUMP = 1,	    /* s1: step the clock by -offset now, and set the frequency */
	BC_SERVO_LOCKED = 2,	    /* s2 */
	BC_SERVO_LOCKED_STABLE = 3, /* s3: within servo_offset_threshold for servo_num_offset_values */
};

struct bc_servo_config {
	enum bc_servo_type type;
	double step_threshold_s;       /* 0: never step after the first update */
	double first_step_threshold_s; /* 0: no step on the first update */
	double max_frequency_ppb;      /* 0: as large as can be, 900,000,000 */
	int32_t offset_threshold_ns;   /* servo_offset_threshold; 0: never LOCKED_STABLE */
	int32_t num_offset_values;     /* servo_num_offset_values */
	/*
	 * PI (pi_*). Both constants above 0: fixed gains. Else gain = scale * interval^exponent, at most
	 * norm_max / interval; a scale of 0 is that of ptp4l for software stamps (0.1, 0.001), a norm_max
	 * of 0 is 0.7 or 0.3. The exponents are taken as they are (ptp4l's defaults: -0.3, 0.4).
	 */
	double pi_proportional_const, pi_integral_const;
	double pi_proportional_scale, pi_proportional_exponent, pi_proportional_norm_max;
	double pi_integral_scale, pi_integral_exponent, pi_integral_norm_max;
};

struct bc_servo;

/*
 * `frequency_ppb`: the correction in force now. 0 or -ENOMEM, -EINVAL (a value that is negative, not
 * finite, or unknown). The caller owns the servo.
 */
int bc_servo_new(const struct bc_servo_config *config, double frequency_ppb, struct bc_servo **ret_servo);
/* Accepts NULL. */
void bc_servo_free(struct bc_servo *servo);

/*
 * One measurement. offset_ns: local minus master, any value; local_mono_ns: when it was taken, on the
 * free-running time scale (CLOCK_MONOTONIC), rising; weight in (0, 1]. Returns the frequency correction in
 * ppb (the clock is to run slower by it) and the state; in BC_SERVO_JUMP the caller steps the clock by
 * -offset_ns. In BC_SERVO_UNLOCKED the correction that is in force is returned again.
 *
 * The offsets passed in are those of the *corrected* clock: the servo knows what it commanded since.
 * Path delays that were measured before a step, at the wrong frequency, belong to be forgotten with it.
 */
double bc_servo_sample(struct bc_servo *servo, int64_t offset_ns, uint64_t local_mono_ns, double weight,
		       enum bc_servo_state *ret_state);
/*
 * The way back was measured too (Delay_Req): it left at local_mono_ns, and its receive stamp less its
 * transmit stamp, the latter in time of the corrected clock, is back_ns. path_delay_ns is what was and will
 * be taken from the Sync messages' times to make the offsets, from now on. Without these calls the offsets
 * are all that is known.
 */
void bc_servo_delay(struct bc_servo *servo, int64_t back_ns, int64_t path_delay_ns, uint64_t local_mono_ns);
/* Whether it has a use for them. */
bool bc_servo_takes_delays(const struct bc_servo *servo);
/* The nominal time between two samples, seconds; 1 until it is called. Nonsense is ignored. */
void bc_servo_set_interval(struct bc_servo *servo, double interval_s);
/*
 * Forget the offset history; the frequency estimate is kept (change of master, step of the master). From
 * then on the servo takes bc_servo_frequency_ppb() to be in force: the caller sets the clock to it.
 */
void bc_servo_reset(struct bc_servo *servo);
/* The next update counts as the first one again: first_step_threshold_s is asked. */
void bc_servo_first_again(struct bc_servo *servo);
/* The best estimate of the frequency correction for holdover, ppb: without what removes phase. */
double bc_servo_frequency_ppb(const struct bc_servo *servo);

/* How well the controller knows what it follows, as variances; from one that estimates them. */
struct bc_servo_uncertainty {
	double phase_ns2, phase_frequency_ns_ppb, frequency_ppb2;
	double wander_ppb2_per_s; /* random walk of the oscillator's frequency */
};

/* Samples and delays since the start that were too far from what was expected to be used. */
uint64_t bc_servo_n_outliers(const struct bc_servo *servo);
/* False: it does not know. */
bool bc_servo_uncertainty(const struct bc_servo *servo, struct bc_servo_uncertainty *ret_uncertainty);

/* Delay filter (delay_filter, delay_filter_length), as in ptp4l: a median or a mean of the last N. */
enum bc_delay_filter_type {
	BC_DELAY_FILTER_MOVING_AVERAGE = 0,
	BC_DELAY_FILTER_MOVING_MEDIAN = 1,
};

#define BC_DELAY_FILTER_MAX_LENGTH 65536u

struct bc_delay_filter;

/* length in 1..BC_DELAY_FILTER_MAX_LENGTH. 0 or -EINVAL, -ENOMEM. The caller owns the filter. */
int bc_delay_filter_new(enum bc_delay_filter_type type, unsigned int length,
			struct bc_delay_filter **ret_filter);
/* Accepts NULL. */
void bc_delay_filter_free(struct bc_delay_filter *filter);
/* Takes one sample (any value) and returns the filtered delay: that of as many samples as there are. */
int64_t bc_delay_filter_sample(struct bc_delay_filter *filter, int64_t delay_ns);
void bc_delay_filter_reset(struct bc_delay_filter *filter);
/* All that `from`, of the same type and length, holds. */
void bc_delay_filter_copy(struct bc_delay_filter *filter, const struct bc_delay_filter *from);
