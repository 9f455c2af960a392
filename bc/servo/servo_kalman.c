// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The default controller: a three-state Kalman filter (kalman.c) made robust, which takes each direction of
 * the path as a measurement of its own. Their variances are learnt from the median change between innovations
 * (noise.c); each innovation is weighted as if its noise were Student's t (Agamennoni, Nieto and Nebot, "An
 * outlier-robust Kalman filter", ICRA 2011); far ones are ignored, until so many agree with each other that
 * the master must have stepped: then the filter starts anew. If both directions are far on the same side, the
 * path has changed, not the clock. A repeated-median line gives the first phase and frequency. The clock is
 * steered to the estimate: its frequency, plus the phase spread over a short time.
 */
#include "bc/servo/servo_private.h"

#include <stdlib.h>
#include <string.h>

#include "bc/servo/kalman.h"
#include "bc/servo/noise.h"
#include "bc/servo/robust.h"
#include "util/macros.h"

/* Degrees of freedom of the assumed noise: fewer forgive more. */
#define STUDENT_DOF 3.0
/* Standard deviations beyond which an innovation is ignored, and beyond which it may be a step. */
#define GATE_SIGMAS 6.0
#define FAR_SIGMAS  3.0

/*
 * Process noise. The random walk of the frequency is learnt: innovations that go on having one sign say
 * that the filter lags (more wander), those that alternate that it chases noise.
 */
#define WANDER_GUESS_PPB2_PER_S 300.0
#define WANDER_MIN_PPB2_PER_S	10.0
#define WANDER_MAX_PPB2_PER_S	1e6
#define WANDER_RATE		0.01
#define TREND_RATE		0.125
#define TREND_EXPECTED		1.1
#define TREND_MAX		9.0
/*
 * Phase noise that is not there but damps the filter: with a random walk of frequency alone it amplifies slow
 * errors of its master by a quarter, and clocks in a chain amplify each other's. In the steady state the
 * damping ratio is sqrt(2 + this) / 2.
 */
#define EXTRA_DAMPING	      10.0
#define PHASE_NOISE_NS2_PER_S 1.0
/* The caches of both hosts make both directions slower and faster together, within seconds. */
#define DELAY_NOISE_NS2_PER_S 2000.0

/* The first delays were measured at a wrong frequency. */
#define FIRST_DELAY_NS 3000.0
/* Those of a further master were not. */
#define LATER_DELAY_NS 200.0
/* Before the noise of the stamps is known. */
#define NOISE_GUESS_NS 300.0

/* The first line: enough samples over enough time, whichever the rate. */
#define HISTORY_MAX	     32u
#define ACQUIRE_SAMPLES	     4u
#define ACQUIRE_SPAN_S	     0.25
#define ACQUIRE_SAMPLES_SLOW 3u
#define ACQUIRE_SPAN_SLOW_S  1.0
/* A frequency that is known from another master holds meanwhile, and a short line would only spoil it. */
#define ACQUIRE_SPAN_KNOWN_S   2.0
#define STEP_SAMPLES	       4u   /* that must agree before the clock is stepped again */
#define SLEW_SAMPLES	       8u   /* or slewed to a new phase */
#define SLEW_SAMPLES_FRESH     3u   /* the same soon after a start */
#define BACK_MISSING	       16.0 /* intervals without an answer: they have stopped */
#define FAR_BOTH_SAMPLES       3u   /* of both directions together: the path is another one */
#define FAR_BACK_SAMPLES       4u   /* or the path back is another one */
#define FRESH_SAMPLES	       16u
#define FREQUENCY_AGREES_SIGMA 4.0

/* The phase is removed over so many intervals. */
#define STEER_INTERVALS 2.0
/* A new correction comes into force about so late. */
#define COMMAND_LATENCY_S 0.001
#define TIME_BACKWARDS_NS (1 * NSEC_PER_SEC)

enum kalman_phase {
	KALMAN_ACQUIRE,
	KALMAN_TRACK,
};

struct kalman_servo {
	struct bc_servo base;
	enum kalman_phase phase;
	struct bc_kalman filter;
	bool has_frequency; /* filter.frequency_ppb was measured, not merely handed in */
	double command_ppb; /* in force */
	double nominal_interval_s, mean_interval_s;
	uint64_t last_mono_ns;

	/*
	 * The last samples, relative to the newest, as they would be had the clock always been where
	 * our corrections have brought it: they lie on a line with the slope of the free-running clock.
	 */
	unsigned int num_history;
	uint64_t history_mono_ns[HISTORY_MAX];
	double history_ns[HISTORY_MAX];
	int64_t last_offset_ns;
	unsigned int num_far; /* so many of the newest lie far from the estimate, on one side */
	bool is_far_ahead;
	bool has_back_since_far;   /* the other direction was measured after the first of them */
	unsigned int num_far_back; /* the same of the direction back */
	bool is_far_back_ahead;

	struct bc_noise forward, back;
	double told_delay_ns;	/* in the offsets */
	uint64_t state_mono_ns; /* of the filter: the last measurement of either direction */
	uint64_t back_mono_ns;	/* the last one back; 0: none since the filter started */
	double back_interval_s; /* 0: the path back is not measured */
	double wander_ppb2_per_s;
	unsigned int num_fresh; /* samples that are still to come before the estimate is trusted */
	double trend;		/* smoothed innovation in standard deviations */
};

/* --- noise of the oscillator --- */

static void wander_learn(struct kalman_servo *s, double innovation_sigmas)
{
	double excess;

	s->trend += TREND_RATE * (CLAMP(innovation_sigmas, -3.0, 3.0) - s->trend);
	excess = s->trend * s->trend * (2.0 - TREND_RATE) / TREND_RATE;
	s->wander_ppb2_per_s *= exp(WANDER_RATE * (fmin(excess, TREND_MAX) - TREND_EXPECTED));
	s->wander_ppb2_per_s = CLAMP(s->wander_ppb2_per_s, WANDER_MIN_PPB2_PER_S, WANDER_MAX_PPB2_PER_S);
}

/* Answers may stop: then the delay is what it was. */
static bool is_back_measured(const struct kalman_servo *s)
{
	return s->back_interval_s > 0 && s->back_mono_ns != 0 &&
	       (double)(int64_t)(s->state_mono_ns - s->back_mono_ns) * 1e-9 <
		       BACK_MISSING * s->back_interval_s;
}

static struct bc_kalman_noise process_noise(const struct kalman_servo *s)
{
	double forward_ns2 = s->forward.sigma_ns * s->forward.sigma_ns, known_per_s;
	double back_ns2 = s->back.sigma_ns * s->back.sigma_ns;

	/* What the measurements of a second tell, as the inverse of a variance. */
	known_per_s = 1.0 / (forward_ns2 * s->mean_interval_s);
	if (is_back_measured(s))
		known_per_s += 1.0 / (back_ns2 * s->back_interval_s);
	return (struct bc_kalman_noise){
		.phase_ns2_per_s =
			PHASE_NOISE_NS2_PER_S + EXTRA_DAMPING * sqrt(s->wander_ppb2_per_s / known_per_s),
		.frequency_ppb2_per_s = s->wander_ppb2_per_s,
		.delay_ns2_per_s = is_back_measured(s) ? DELAY_NOISE_NS2_PER_S : 0,
	};
}

/* --- the last samples --- */

static double offset_change_ns(int64_t to_ns, int64_t from_ns)
{
	int64_t change_ns;

	/* As integers, so that a nanosecond counts even in offsets of a century. */
	if (!__builtin_sub_overflow(to_ns, from_ns, &change_ns))
		return (double)change_ns;
	return (double)to_ns - (double)from_ns;
}

static void history_add(struct kalman_servo *s, int64_t offset_ns, uint64_t local_mono_ns)
{
	if (s->num_history > 0) {
		double elapsed_s = (double)(local_mono_ns - s->last_mono_ns) * 1e-9;
		double shift_ns = offset_change_ns(offset_ns, s->last_offset_ns) + s->command_ppb * elapsed_s;

		for (unsigned int i = 0; i < s->num_history; i++)
			s->history_ns[i] -= shift_ns;
	}
	if (s->num_history == HISTORY_MAX) {
		s->num_history--;
		memmove(s->history_ns, s->history_ns + 1, s->num_history * sizeof(s->history_ns[0]));
		memmove(s->history_mono_ns, s->history_mono_ns + 1,
			s->num_history * sizeof(s->history_mono_ns[0]));
	}
	s->history_mono_ns[s->num_history] = local_mono_ns;
	s->history_ns[s->num_history] = 0;
	s->num_history++;
	s->last_mono_ns = local_mono_ns;
	s->last_offset_ns = offset_ns;
}

struct start {
	unsigned int n;
	double span_s;
	struct bc_robust_line line; /* against frequency_ppb of the filter; value: to the newest sample */
	double value_same_ns;	    /* the same if the frequency is right */
};

/* The line through the newest n >= 2 samples. */
static struct start history_fit(const struct kalman_servo *s, unsigned int n)
{
	struct start start = {.n = n};
	double t_s[HISTORY_MAX], deviation_ns[HISTORY_MAX];
	unsigned int first = s->num_history - n;

	for (unsigned int i = 0; i < n; i++) {
		t_s[i] = -(double)(s->last_mono_ns - s->history_mono_ns[first + i]) * 1e-9;
		deviation_ns[i] = s->history_ns[first + i] - s->filter.frequency_ppb * t_s[i];
	}
	start.span_s = -t_s[0];
	start.line = bc_robust_fit(t_s, deviation_ns, n);
	start.value_same_ns = bc_robust_median(deviation_ns, n);
	return start;
}

/* Phase and delay may both be other ones, but not what came forward, which is their sum. */
static void delay_open(struct bc_kalman *k, double variance_ns2)
{
	k->p[0][0] += variance_ns2;
	k->p[2][2] += variance_ns2;
	k->p[0][2] -= variance_ns2;
	k->p[2][0] = k->p[0][2];
}

/* Offsets tell phase + delay - told_delay_ns: what is not known of the delay is not known of the phase. */
static void delay_start(struct kalman_servo *s, bool is_same_path)
{
	struct bc_kalman *k = &s->filter;

	if (!is_same_path || s->back_mono_ns == 0) {
		k->delay_ns = s->told_delay_ns;
		double ns = s->has_frequency ? LATER_DELAY_NS : FIRST_DELAY_NS;

		k->p[2][2] = s->back_mono_ns != 0 ? ns * ns : 0;
	}
	k->phase_ns += s->told_delay_ns - k->delay_ns;
	k->p[0][0] += k->p[2][2];
	k->p[0][2] = k->p[2][0] = -k->p[2][2];
	k->p[1][2] = k->p[2][1] = 0;
}

/*
 * Start the filter from a line, with the phase relative to the newest sample. A frequency that was
 * known stays, unless the line contradicts it.
 */
static void filter_start(struct kalman_servo *s, const struct start *start, bool is_same_master)
{
	double sigma_ns = fmax(start->line.spread, s->forward.sigma_ns);
	double slope_sigma_ppb = sigma_ns * sqrt(12.0 / start->n) / start->span_s;
	struct bc_kalman *k = &s->filter;

	if (s->has_frequency && fabs(start->line.slope) < FREQUENCY_AGREES_SIGMA * slope_sigma_ppb) {
		k->phase_ns = start->value_same_ns;
		k->p[0][0] = 4.0 * sigma_ns * sigma_ns / start->n;
		k->p[0][1] = 0;
		if (is_same_master)
			k->p[1][1] += slope_sigma_ppb * slope_sigma_ppb / 16.0;
		else
			k->p[1][1] = slope_sigma_ppb * slope_sigma_ppb;
	} else {
		k->phase_ns = start->line.value;
		k->frequency_ppb = bc_servo_clamp_ppb(&s->base, k->frequency_ppb + start->line.slope);
		k->p[0][0] = 8.0 * sigma_ns * sigma_ns / start->n;
		k->p[0][1] = 12.0 * sigma_ns * sigma_ns / (start->n * start->span_s);
		k->p[1][1] = 2.0 * slope_sigma_ppb * slope_sigma_ppb;
	}
	k->p[1][0] = k->p[0][1];
	delay_start(s, is_same_master);
	s->state_mono_ns = s->last_mono_ns;
	s->has_frequency = true;
	s->num_far = 0;
	s->num_far_back = 0;
	s->num_fresh = FRESH_SAMPLES;
}

/* --- steering --- */

static double steer(struct kalman_servo *s)
{
	double steer_s = STEER_INTERVALS * fmax(s->nominal_interval_s, s->mean_interval_s);
	double ppb = bc_servo_clamp_ppb(&s->base, s->filter.frequency_ppb + s->filter.phase_ns / steer_s);
	double late_ns = COMMAND_LATENCY_S * (ppb - s->command_ppb);

	s->filter.p[0][0] += late_ns * late_ns;
	s->command_ppb = ppb;
	return ppb;
}

/* The phase was relative to the newest sample: step by that, or count from the master again. */
static void step_or_slew(struct kalman_servo *s, bool is_step, int64_t offset_ns,
			 enum bc_servo_state *ret_state)
{
	if (is_step) {
		s->last_offset_ns = 0;
		*ret_state = BC_SERVO_JUMP;
	} else {
		s->filter.phase_ns += (double)offset_ns;
		*ret_state = BC_SERVO_LOCKED;
	}
}

/* --- acquiring --- */

static void acquire_restart(struct kalman_servo *s)
{
	s->phase = KALMAN_ACQUIRE;
	s->num_history = 0;
}

static bool has_enough(const struct kalman_servo *s)
{
	unsigned int n = s->num_history;
	double span_s = (double)(s->last_mono_ns - s->history_mono_ns[0]) * 1e-9;

	if (s->has_frequency && span_s < ACQUIRE_SPAN_KNOWN_S)
		return n == HISTORY_MAX;
	return n == HISTORY_MAX || (n >= ACQUIRE_SAMPLES && span_s >= ACQUIRE_SPAN_S) ||
	       (n >= ACQUIRE_SAMPLES_SLOW && span_s >= ACQUIRE_SPAN_SLOW_S);
}

static double acquire(struct kalman_servo *s, int64_t offset_ns, uint64_t local_mono_ns,
		      enum bc_servo_state *ret_state)
{
	struct start start;

	if (s->num_history > 0 && local_mono_ns <= s->last_mono_ns)
		acquire_restart(s);
	history_add(s, offset_ns, local_mono_ns);
	*ret_state = BC_SERVO_UNLOCKED;
	if (!has_enough(s))
		return s->command_ppb;

	start = history_fit(s, s->num_history);
	bc_noise_start(&s->forward, fmax(NOISE_GUESS_NS, start.line.spread));
	bc_noise_start(&s->back, fmax(NOISE_GUESS_NS, start.line.spread));
	s->trend = 0;
	s->mean_interval_s = start.span_s / (start.n - 1);
	filter_start(s, &start, false);
	s->phase = KALMAN_TRACK;
	step_or_slew(s, bc_servo_wants_step(&s->base, s->filter.phase_ns + (double)offset_ns), offset_ns,
		     ret_state);
	return steer(s);
}

/* --- tracking --- */

/* Counts the samples that have been far off on one side, up to the newest. */
static void far_count(struct kalman_servo *s, double innovation_sigmas)
{
	bool is_ahead = innovation_sigmas > 0;

	if (fabs(innovation_sigmas) < FAR_SIGMAS)
		s->num_far = 0;
	else if (s->num_far > 0 && is_ahead == s->is_far_ahead)
		s->num_far = MIN(s->num_far + 1, HISTORY_MAX);
	else {
		s->num_far = 1;
		s->has_back_since_far = false;
	}
	s->is_far_ahead = is_ahead;
}

/* Start anew if the samples far off agree with each other: it was a step, not noise. */
static bool take_step(struct kalman_servo *s, int64_t offset_ns, double innovation_ns,
		      enum bc_servo_state *ret_state)
{
	bool is_step = bc_servo_exceeds_step(&s->base, (double)offset_ns);
	unsigned int needed = s->num_fresh > 0 ? SLEW_SAMPLES_FRESH : SLEW_SAMPLES, n;
	struct start start;
	bool is_asked_back;

	if (is_step)
		needed = MIN(needed, STEP_SAMPLES);
	n = MIN(s->num_far, s->num_history);
	if (n < needed)
		return false;
	if (n < HISTORY_MAX)
		n = needed;
	start = history_fit(s, n);
	if (n < HISTORY_MAX && start.line.spread > fmax(fabs(innovation_ns) / 8.0, 2.0 * s->forward.sigma_ns))
		return false;

	is_asked_back = s->has_back_since_far || s->back_interval_s <= 0;
	filter_start(s, &start, true);
	/* It may as well be the path: the next answer will tell. */
	if (!is_asked_back && !is_step)
		delay_open(&s->filter, innovation_ns * innovation_ns);
	step_or_slew(s, is_step, offset_ns, ret_state);
	return true;
}

/* A measurement against what the filter expects at its time. */
struct innovation {
	enum bc_kalman_direction direction;
	double ns;
	double noise_ns2;
	double sigmas;
};

/*
 * Lets the filter's time pass up to mono_ns. A measurement may also be a little older than the last one of
 * the other direction, since each waits for its second message: then it is set against where the phase was.
 */
static struct innovation innovation(struct kalman_servo *s, enum bc_kalman_direction direction,
				    double measured_less_phase_ns, double noise_ns2, uint64_t mono_ns)
{
	struct innovation i = {.direction = direction, .noise_ns2 = noise_ns2};
	double sign = direction == BC_KALMAN_FORWARD ? 1.0 : -1.0, behind_s = 0, variance_ns2;

	if (mono_ns > s->state_mono_ns) {
		struct bc_kalman_noise process = process_noise(s);

		bc_kalman_predict(&s->filter, &process, (double)(mono_ns - s->state_mono_ns) * 1e-9,
				  s->command_ppb);
		s->state_mono_ns = mono_ns;
	} else {
		behind_s = (double)(s->state_mono_ns - mono_ns) * 1e-9;
	}
	i.ns = measured_less_phase_ns - bc_kalman_expected_ns(&s->filter, direction, &variance_ns2) +
	       sign * (s->filter.frequency_ppb - s->command_ppb) * behind_s;
	i.sigmas = i.ns / sqrt(variance_ns2 + noise_ns2);
	return i;
}

static void update(struct kalman_servo *s, const struct innovation *i)
{
	double weighted_ns2 = i->noise_ns2 * (STUDENT_DOF + i->sigmas * i->sigmas) / (STUDENT_DOF + 1.0);

	if (!(fabs(i->sigmas) < GATE_SIGMAS)) {
		s->base.n_outliers++;
		return;
	}
	bc_kalman_update(&s->filter, i->direction, i->ns, weighted_ns2);
	s->filter.frequency_ppb = bc_servo_clamp_ppb(&s->base, s->filter.frequency_ppb);
}

static double track(struct kalman_servo *s, int64_t offset_ns, uint64_t local_mono_ns, double weight,
		    enum bc_servo_state *ret_state)
{
	double elapsed_s;
	struct innovation i;

	*ret_state = BC_SERVO_LOCKED;
	if (local_mono_ns <= s->last_mono_ns)
		return s->command_ppb;
	elapsed_s = (double)(local_mono_ns - s->last_mono_ns) * 1e-9;
	history_add(s, offset_ns, local_mono_ns);
	s->mean_interval_s += (fmin(elapsed_s, 4.0 * s->mean_interval_s) - s->mean_interval_s) / 8.0;
	if (s->num_fresh > 0)
		s->num_fresh--;

	i = innovation(s, BC_KALMAN_FORWARD, (double)offset_ns + s->told_delay_ns,
		       s->forward.sigma_ns * s->forward.sigma_ns / weight, local_mono_ns);
	bc_noise_add(&s->forward, i.ns);
	wander_learn(s, i.sigmas);
	far_count(s, i.sigmas);

	if (take_step(s, offset_ns, i.ns, ret_state))
		return steer(s);
	update(s, &i);
	return steer(s);
}

/*
 * Whether the path is another one: later in both directions, or earlier; or time and again in the direction
 * back alone. Then the delay is open again, in the latter case without a word against what came forward.
 */
static bool is_new_path(struct kalman_servo *s, const struct innovation *back)
{
	struct bc_kalman *k = &s->filter;
	bool is_ahead = back->sigmas > 0;

	if (fabs(back->sigmas) < FAR_SIGMAS) {
		s->num_far_back = 0;
		return false;
	}
	s->num_far_back = s->num_far_back > 0 && is_ahead == s->is_far_back_ahead ? s->num_far_back + 1 : 1;
	s->is_far_back_ahead = is_ahead;
	if (s->num_far > 0) {
		if (s->is_far_ahead != is_ahead || s->num_far + s->num_far_back < FAR_BOTH_SAMPLES)
			return false;
		k->p[2][2] += back->ns * back->ns;
	} else {
		if (s->num_far_back < FAR_BACK_SAMPLES)
			return false;
		delay_open(k, back->ns * back->ns / 4.0);
	}
	s->num_far = 0;
	s->num_far_back = 0;
	return true;
}

static void kalman_delay(struct bc_servo *servo, int64_t back_ns, int64_t path_delay_ns,
			 uint64_t local_mono_ns)
{
	struct kalman_servo *s = (struct kalman_servo *)servo;
	double elapsed_s = (double)(int64_t)(local_mono_ns - s->back_mono_ns) * 1e-9;
	struct innovation i;

	s->told_delay_ns = (double)path_delay_ns;
	if (s->back_mono_ns != 0 && elapsed_s > 0)
		s->back_interval_s =
			s->back_interval_s > 0
				? s->back_interval_s +
					  (fmin(elapsed_s, 4.0 * s->back_interval_s) - s->back_interval_s) /
						  8.0
				: elapsed_s;
	s->back_mono_ns = local_mono_ns;
	s->has_back_since_far = true;
	if (s->phase == KALMAN_ACQUIRE || s->back_interval_s <= 0)
		return;

	i = innovation(s, BC_KALMAN_BACK, (double)back_ns, s->back.sigma_ns * s->back.sigma_ns,
		       local_mono_ns);
	bc_noise_add(&s->back, i.ns);
	wander_learn(s, -i.sigmas);
	/* If it is not, those that follow say so. */
	if (!is_new_path(s, &i))
		update(s, &i);
}

static double kalman_sample(struct bc_servo *servo, int64_t offset_ns, uint64_t local_mono_ns, double weight,
			    enum bc_servo_state *ret_state)
{
	struct kalman_servo *s = (struct kalman_servo *)servo;

	if (s->phase == KALMAN_TRACK && local_mono_ns < s->last_mono_ns &&
	    s->last_mono_ns - local_mono_ns > TIME_BACKWARDS_NS)
		acquire_restart(s);
	if (s->phase == KALMAN_ACQUIRE)
		return acquire(s, offset_ns, local_mono_ns, ret_state);
	return track(s, offset_ns, local_mono_ns, weight, ret_state);
}

static void kalman_set_interval(struct bc_servo *servo, double interval_s)
{
	((struct kalman_servo *)servo)->nominal_interval_s = interval_s;
}

static void kalman_reset(struct bc_servo *servo)
{
	struct kalman_servo *s = (struct kalman_servo *)servo;

	acquire_restart(s);
	s->back_mono_ns = 0;
	s->back_interval_s = 0;
	s->told_delay_ns = 0;
	s->command_ppb = s->filter.frequency_ppb;
}

static double kalman_frequency_ppb(const struct bc_servo *servo)
{
	return ((const struct kalman_servo *)servo)->filter.frequency_ppb;
}

static bool kalman_uncertainty(const struct bc_servo *servo, struct bc_servo_uncertainty *ret)
{
	const struct kalman_servo *s = (const struct kalman_servo *)servo;

	*ret = (struct bc_servo_uncertainty){
		.phase_ns2 = s->filter.p[0][0],
		.phase_frequency_ns_ppb = s->filter.p[0][1],
		.frequency_ppb2 = s->filter.p[1][1],
		.wander_ppb2_per_s = s->wander_ppb2_per_s,
	};
	return s->phase == KALMAN_TRACK && s->num_fresh == 0;
}

static const struct bc_servo_ops kalman_ops = {
	.sample = kalman_sample,
	.delay = kalman_delay,
	.set_interval = kalman_set_interval,
	.reset = kalman_reset,
	.frequency_ppb = kalman_frequency_ppb,
	.uncertainty = kalman_uncertainty,
};

struct bc_servo *bc_servo_kalman_new(const struct bc_servo_config *config, double frequency_ppb)
{
	struct kalman_servo *s = calloc(1, sizeof(*s));

	(void)config;
	if (!s)
		return NULL;
	s->base.ops = &kalman_ops;
	s->filter.frequency_ppb = frequency_ppb;
	s->command_ppb = frequency_ppb;
	s->wander_ppb2_per_s = WANDER_GUESS_PPB2_PER_S;
	bc_noise_start(&s->forward, NOISE_GUESS_NS);
	bc_noise_start(&s->back, NOISE_GUESS_NS);
	return &s->base;
}
