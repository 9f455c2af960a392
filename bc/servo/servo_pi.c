// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Proportional-integral controller with the options, the constants (software stamps) and the
 * start-up of ptp4l: the first two samples that lie far enough apart give the frequency, then
 * kp acts on the offset and ki on its sum. The gains follow the interval between samples:
 * k = scale * interval^exponent, at most norm_max / interval.
 */
#include "bc/servo/servo_private.h"

#include <stdlib.h>

#include "util/macros.h"

#define KP_SCALE    0.1
#define KI_SCALE    0.001
#define KP_NORM_MAX 0.7
#define KI_NORM_MAX 0.3

/* The frequency is estimated over this / ki seconds, but not longer than the maximum. */
#define FREQ_EST_KI_S	0.016
#define FREQ_EST_MAX_S	1000.0
#define FREQ_EST_MARGIN 0.001

enum pi_phase {
	PI_FIRST,  /* waits for the first sample */
	PI_SECOND, /* waits for one that is late enough */
	PI_LOCKED,
};

struct pi_servo {
	struct bc_servo base;
	enum pi_phase phase;
	int64_t first_offset_ns;
	uint64_t first_mono_ns;
	double drift_ppb; /* the integral: the frequency without the proportional part */
	double last_ppb;  /* in force */
	double kp, ki;	  /* for the present interval */
	bool is_fixed;	  /* kp and ki were configured */
	double kp_scale, kp_exponent, kp_norm_max;
	double ki_scale, ki_exponent, ki_norm_max;
};

static double pi_freq_est_interval_s(const struct pi_servo *s)
{
	return s->ki > FREQ_EST_KI_S / FREQ_EST_MAX_S ? FREQ_EST_KI_S / s->ki : FREQ_EST_MAX_S;
}

/* Returns the state: UNLOCKED until the two samples are far enough apart. */
static enum bc_servo_state pi_estimate_frequency(struct pi_servo *s, int64_t offset_ns,
						 uint64_t local_mono_ns)
{
	double span_ns, change_ns;

	if (local_mono_ns <= s->first_mono_ns) {
		s->phase = PI_FIRST;
		return BC_SERVO_UNLOCKED;
	}
	span_ns = (double)(local_mono_ns - s->first_mono_ns);
	if (span_ns * (1.0 + FREQ_EST_MARGIN) < pi_freq_est_interval_s(s) * 1e9)
		return BC_SERVO_UNLOCKED;

	/* As doubles: the difference of two extreme offsets does not fit 64 bits. */
	change_ns = (double)offset_ns - (double)s->first_offset_ns;
	s->drift_ppb = bc_servo_clamp_ppb(&s->base, s->last_ppb + change_ns / span_ns * 1e9);
	s->last_ppb = s->drift_ppb;
	s->phase = PI_LOCKED;
	return bc_servo_wants_step(&s->base, (double)offset_ns) ? BC_SERVO_JUMP : BC_SERVO_LOCKED;
}

static double pi_control(struct pi_servo *s, int64_t offset_ns, double weight)
{
	double ki_term = s->ki * (double)offset_ns * weight;
	double ppb = s->kp * (double)offset_ns * weight + s->drift_ppb + ki_term;
	double limited_ppb = bc_servo_clamp_ppb(&s->base, ppb);

	/* At the limit the integral stands still, so that it need not unwind afterwards. */
	if (limited_ppb == ppb)
		s->drift_ppb += ki_term;
	return limited_ppb;
}

static double pi_sample(struct bc_servo *servo, int64_t offset_ns, uint64_t local_mono_ns, double weight,
			enum bc_servo_state *ret_state)
{
	struct pi_servo *s = (struct pi_servo *)servo;

	*ret_state = BC_SERVO_UNLOCKED;
	switch (s->phase) {
	case PI_FIRST:
		s->first_offset_ns = offset_ns;
		s->first_mono_ns = local_mono_ns;
		s->phase = PI_SECOND;
		break;
	case PI_SECOND:
		*ret_state = pi_estimate_frequency(s, offset_ns, local_mono_ns);
		break;
	case PI_LOCKED:
		if (bc_servo_exceeds_step(servo, (double)offset_ns)) {
			s->phase = PI_FIRST;
			break;
		}
		s->last_ppb = pi_control(s, offset_ns, weight);
		*ret_state = BC_SERVO_LOCKED;
		break;
	}
	return s->last_ppb;
}

static void pi_set_interval(struct bc_servo *servo, double interval_s)
{
	struct pi_servo *s = (struct pi_servo *)servo;

	if (s->is_fixed)
		return;
	s->kp = fmin(s->kp_scale * pow(interval_s, s->kp_exponent), s->kp_norm_max / interval_s);
	s->ki = fmin(s->ki_scale * pow(interval_s, s->ki_exponent), s->ki_norm_max / interval_s);
}

static void pi_reset(struct bc_servo *servo)
{
	struct pi_servo *s = (struct pi_servo *)servo;

	s->phase = PI_FIRST;
	s->last_ppb = s->drift_ppb;
}

static double pi_frequency_ppb(const struct bc_servo *servo)
{
	return ((const struct pi_servo *)servo)->drift_ppb;
}

static const struct bc_servo_ops pi_ops = {
	.sample = pi_sample,
	.set_interval = pi_set_interval,
	.reset = pi_reset,
	.frequency_ppb = pi_frequency_ppb,
};

struct bc_servo *bc_servo_pi_new(const struct bc_servo_config *config, double frequency_ppb)
{
	struct pi_servo *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->base.ops = &pi_ops;
	s->drift_ppb = frequency_ppb;
	s->last_ppb = frequency_ppb;
	if (config->pi_proportional_const > 0 && config->pi_integral_const > 0) {
		s->is_fixed = true;
		s->kp = config->pi_proportional_const;
		s->ki = config->pi_integral_const;
	}
	if (config->pi_proportional_scale > 0 && config->pi_integral_scale > 0) {
		s->kp_scale = config->pi_proportional_scale;
		s->ki_scale = config->pi_integral_scale;
	} else {
		s->kp_scale = KP_SCALE;
		s->ki_scale = KI_SCALE;
	}
	s->kp_exponent = config->pi_proportional_exponent;
	s->ki_exponent = config->pi_integral_exponent;
	s->kp_norm_max =
		config->pi_proportional_norm_max > 0 ? config->pi_proportional_norm_max : KP_NORM_MAX;
	s->ki_norm_max = config->pi_integral_norm_max > 0 ? config->pi_integral_norm_max : KI_NORM_MAX;
	return &s->base;
}
