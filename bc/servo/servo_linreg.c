// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Controller by linear regression, in the manner of ptp4l's: lines through the last 4, 8 ... 64
 * samples compete, and the one whose forecasts of the next sample have been best steers the clock.
 * What the controller itself did to the clock is taken out of the stored samples, so that they
 * show the free-running oscillator; the phase of the line is removed within one interval.
 */
#include "bc/servo/servo_private.h"

#include <stdlib.h>

#include "util/macros.h"

#define MIN_LENGTH  4u
#define NUM_LENGTHS 5u
#define MAX_LENGTH  (MIN_LENGTH << (NUM_LENGTHS - 1))

#define ERROR_SMOOTHING	      0.02
#define ERROR_INITIAL_UPDATES 10u
#define ERROR_AS_GOOD	      1.05 /* a longer line wins when its error is at most this times larger */

struct point {
	uint64_t mono_ns;
	double offset_ns; /* with every correction since then added */
	double weight;
};

struct line {
	bool is_valid;
	double offset_ns; /* at the newest sample */
	double slope_ppb; /* of the free-running clock */
	double error_ns2; /* smoothed square of the forecast error */
	unsigned int updates;
};

struct linreg_servo {
	struct bc_servo base;
	struct point points[MAX_LENGTH];
	unsigned int num_points, newest;
	struct line lines[NUM_LENGTHS];
	double interval_s;
	double drift_ppb; /* slope of the chosen line */
	double last_ppb;  /* in force */
};

static void linreg_clear(struct linreg_servo *s)
{
	s->num_points = 0;
	for (unsigned int i = 0; i < MAX_LENGTH; i++)
		s->points[i] = (struct point){};
	for (unsigned int i = 0; i < NUM_LENGTHS; i++)
		s->lines[i] = (struct line){};
}

static void linreg_shift(struct linreg_servo *s, double shift_ns)
{
	for (unsigned int i = 0; i < MAX_LENGTH; i++)
		s->points[i].offset_ns += shift_ns;
	for (unsigned int i = 0; i < NUM_LENGTHS; i++)
		s->lines[i].offset_ns += shift_ns;
}

static void linreg_add_point(struct linreg_servo *s, double offset_ns, uint64_t mono_ns, double weight)
{
	if (s->num_points > 0) {
		double elapsed_s = (double)(mono_ns - s->points[s->newest].mono_ns) * 1e-9;

		linreg_shift(s, -s->last_ppb * elapsed_s);
		for (unsigned int i = 0; i < NUM_LENGTHS; i++) {
			struct line *line = &s->lines[i];
			double error_ns, rate;

			if (!line->is_valid)
				continue;
			error_ns = offset_ns - (line->offset_ns + line->slope_ppb * elapsed_s);
			rate = fmax(ERROR_SMOOTHING, 1.0 / (line->updates + 1));
			line->error_ns2 += rate * (error_ns * error_ns - line->error_ns2);
			if (line->updates < ERROR_INITIAL_UPDATES)
				line->updates++;
		}
	}
	s->newest = (s->newest + 1) % MAX_LENGTH;
	s->points[s->newest] = (struct point){mono_ns, offset_ns, weight};
	if (s->num_points < MAX_LENGTH)
		s->num_points++;
}

/* Weighted least squares through the newest samples, one pass for all lengths. */
static void linreg_fit(struct linreg_servo *s)
{
	uint64_t now_mono_ns = s->points[s->newest].mono_ns;
	double base_ns = s->points[s->newest].offset_ns;
	double sw = 0, st = 0, sy = 0, stt = 0, sty = 0;
	unsigned int length = MIN_LENGTH, level = 0;

	for (unsigned int i = 0; i < s->num_points; i++) {
		const struct point *p = &s->points[(s->newest + MAX_LENGTH - i) % MAX_LENGTH];
		double t = -(double)(now_mono_ns - p->mono_ns) * 1e-9;
		double y = p->offset_ns - base_ns;
		double determinant;

		sw += p->weight;
		st += p->weight * t;
		sy += p->weight * y;
		stt += p->weight * t * t;
		sty += p->weight * t * y;
		if (i + 1 != length)
			continue;
		determinant = sw * stt - st * st;
		if (determinant > 0) {
			double slope = (sw * sty - st * sy) / determinant;

			s->lines[level].slope_ppb = slope;
			s->lines[level].offset_ns = base_ns + (sy - slope * st) / sw;
			s->lines[level].is_valid = true;
		}
		length *= 2;
		level++;
	}
}

static const struct line *linreg_best(const struct linreg_servo *s)
{
	const struct line *best = NULL;

	for (unsigned int i = 0; i < NUM_LENGTHS; i++) {
		const struct line *line = &s->lines[i];

		if (!line->is_valid)
			continue;
		if (!best || (line->updates >= ERROR_INITIAL_UPDATES &&
			      line->error_ns2 <= best->error_ns2 * ERROR_AS_GOOD))
			best = line;
	}
	return best;
}

static double linreg_sample(struct bc_servo *servo, int64_t offset_ns, uint64_t local_mono_ns, double weight,
			    enum bc_servo_state *ret_state)
{
	struct linreg_servo *s = (struct linreg_servo *)servo;
	const struct line *line;
	double phase_ns;

	*ret_state = BC_SERVO_UNLOCKED;
	if (s->num_points > 0 && local_mono_ns <= s->points[s->newest].mono_ns)
		linreg_clear(s);
	/* The line would take many samples to follow a step that it must not smooth over. */
	if (s->num_points >= MIN_LENGTH && bc_servo_exceeds_step(servo, (double)offset_ns))
		linreg_clear(s);

	linreg_add_point(s, (double)offset_ns, local_mono_ns, weight);
	linreg_fit(s);
	line = linreg_best(s);
	if (!line)
		return s->last_ppb;

	/* add_point took the correction in force out: the slope is that of the free-running clock. */
	s->drift_ppb = bc_servo_clamp_ppb(servo, line->slope_ppb);
	phase_ns = line->offset_ns;
	if (bc_servo_wants_step(servo, phase_ns)) {
		linreg_shift(s, -(double)offset_ns);
		phase_ns = 0;
		*ret_state = BC_SERVO_JUMP;
	} else {
		*ret_state = BC_SERVO_LOCKED;
	}
	s->last_ppb = bc_servo_clamp_ppb(servo, s->drift_ppb + phase_ns / s->interval_s);
	return s->last_ppb;
}

static void linreg_set_interval(struct bc_servo *servo, double interval_s)
{
	((struct linreg_servo *)servo)->interval_s = interval_s;
}

static void linreg_reset(struct bc_servo *servo)
{
	struct linreg_servo *s = (struct linreg_servo *)servo;

	linreg_clear(s);
	s->last_ppb = s->drift_ppb;
}

static double linreg_frequency_ppb(const struct bc_servo *servo)
{
	return ((const struct linreg_servo *)servo)->drift_ppb;
}

static const struct bc_servo_ops linreg_ops = {
	.sample = linreg_sample,
	.set_interval = linreg_set_interval,
	.reset = linreg_reset,
	.frequency_ppb = linreg_frequency_ppb,
};

struct bc_servo *bc_servo_linreg_new(const struct bc_servo_config *config, double frequency_ppb)
{
	struct linreg_servo *s = calloc(1, sizeof(*s));

	(void)config;
	if (!s)
		return NULL;
	s->base.ops = &linreg_ops;
	s->drift_ppb = frequency_ppb;
	s->last_ppb = frequency_ppb;
	return &s->base;
}
