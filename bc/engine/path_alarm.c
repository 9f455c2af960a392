// SPDX-License-Identifier: GPL-2.0-or-later
/* Jumps: the median of the newest against that before them. Drift: a line by repeated medians. */
#include "bc/engine/path_alarm.h"

#include <math.h>
#include <string.h>

#include "bc/servo/robust.h"
#include "util/macros.h"

/* Least that is a jump, and so many standard deviations of what is usual. */
#define JUMP_NS	    7000.0
#define JUMP_SIGMAS 5.0
/* Fewer measurements do not tell what is usual, nor do those of long ago where the delay drifts. */
#define BASELINE_MIN	8u
#define BASELINE_AGE_NS (4 * NSEC_PER_SEC)
/* A second's drift that is told, and that at which it is over. */
#define DRIFT_NS       500.0
#define DRIFT_OVER_NS  250.0
#define DRIFT_SIGMAS   10.0
#define DRIFT_MEDIANS  12u
#define MEDIAN_TIME_NS NSEC_PER_SEC
#define MEDIAN_GAP_S   64.0

void bc_path_alarm_reset(struct bc_path_alarm *alarm)
{
	*alarm = (struct bc_path_alarm){};
}

static void append(struct bc_path_sample *list, unsigned int *n, unsigned int max,
		   const struct bc_path_sample *sample)
{
	if (*n == max) {
		memmove(&list[0], &list[1], (max - 1) * sizeof(*list));
		(*n)--;
	}
	list[(*n)++] = *sample;
}

static double median_of(const struct bc_path_sample *samples, unsigned int n)
{
	double values[BC_ROBUST_MAX];

	for (unsigned int i = 0; i < n; i++)
		values[i] = samples[i].delay_ns;
	return bc_robust_median(values, n);
}

static double spread_of(const struct bc_path_sample *samples, unsigned int n, double centre)
{
	double values[BC_ROBUST_MAX];

	for (unsigned int i = 0; i < n; i++)
		values[i] = samples[i].delay_ns;
	return bc_robust_spread(values, n, centre);
}

/* The newest few against those before. They must all but one lie beyond: a burst of late frames seldom does.
 */
static bool has_jumped(const struct bc_path_alarm *alarm, double *ret_jump_ns)
{
	const struct bc_path_sample *recent = &alarm->samples[alarm->n_samples - BC_PATH_ALARM_RECENT];
	unsigned int n = alarm->n_samples - BC_PATH_ALARM_RECENT, first = 0, n_beyond = 0;
	double usual_ns, limit_ns, jump_ns;

	while (n - first > BASELINE_MIN &&
	       recent[0].mono_ns - alarm->samples[first].mono_ns > (uint64_t)BASELINE_AGE_NS)
		first++;
	n -= first;
	usual_ns = median_of(&alarm->samples[first], n);
	limit_ns = fmax(JUMP_NS, JUMP_SIGMAS * spread_of(&alarm->samples[first], n, usual_ns));
	jump_ns = median_of(recent, BC_PATH_ALARM_RECENT) - usual_ns;
	if (fabs(jump_ns) < limit_ns)
		return false;
	for (unsigned int i = 0; i < BC_PATH_ALARM_RECENT; i++)
		n_beyond += copysign(1.0, jump_ns) * (recent[i].delay_ns - usual_ns) >= limit_ns;
	if (n_beyond + 1 < BC_PATH_ALARM_RECENT)
		return false;
	*ret_jump_ns = jump_ns;
	return true;
}

/* Once a second: what the measurements since the last time were like. */
static bool take_median(struct bc_path_alarm *alarm)
{
	unsigned int n = MIN(++alarm->n_since_median, alarm->n_samples);
	const struct bc_path_sample *first = &alarm->samples[alarm->n_samples - n];
	const struct bc_path_sample *last = &alarm->samples[alarm->n_samples - 1];
	struct bc_path_sample median = {.mono_ns = first->mono_ns + (last->mono_ns - first->mono_ns) / 2};

	if (alarm->n_medians > 0 &&
	    last->mono_ns - alarm->medians[alarm->n_medians - 1].mono_ns < (uint64_t)MEDIAN_TIME_NS)
		return false;
	median.delay_ns = median_of(first, n);
	append(alarm->medians, &alarm->n_medians, BC_PATH_ALARM_MEDIANS, &median);
	alarm->n_since_median = 0;
	return true;
}

static enum bc_path_event watch_drift(struct bc_path_alarm *alarm, double *ret_ns_per_s)
{
	unsigned int n = alarm->n_medians;
	const struct bc_path_sample *last = &alarm->medians[n - 1];
	double t_s[BC_PATH_ALARM_MEDIANS], delay_ns[BC_PATH_ALARM_MEDIANS], span_s, slope_sigma_ns;
	struct bc_robust_line line;

	if (n < DRIFT_MEDIANS)
		return BC_PATH_SAME;
	for (unsigned int i = 0; i < n; i++) {
		t_s[i] = -(double)(last->mono_ns - alarm->medians[i].mono_ns) * 1e-9;
		delay_ns[i] = alarm->medians[i].delay_ns - last->delay_ns;
	}
	span_s = -t_s[0];
	line = bc_robust_fit(t_s, delay_ns, n);
	slope_sigma_ns = line.spread * sqrt(12.0 / n) / span_s;
	if (!alarm->is_drifting && fabs(line.slope) >= fmax(DRIFT_NS, DRIFT_SIGMAS * slope_sigma_ns)) {
		alarm->is_drifting = true;
		*ret_ns_per_s = line.slope;
		return BC_PATH_DRIFTS;
	}
	if (alarm->is_drifting && fabs(line.slope) < DRIFT_OVER_NS) {
		alarm->is_drifting = false;
		*ret_ns_per_s = line.slope;
		return BC_PATH_STEADY;
	}
	return BC_PATH_SAME;
}

enum bc_path_event bc_path_alarm_sample(struct bc_path_alarm *alarm, int64_t delay_ns, uint64_t mono_ns,
					double *ret_change)
{
	const struct bc_path_sample sample = {.mono_ns = mono_ns, .delay_ns = (double)delay_ns};
	const struct bc_path_sample *last = &alarm->samples[alarm->n_samples - (alarm->n_samples > 0)];

	/* Answers may come in another order than they were asked for. */
	if (alarm->n_samples > 0 && mono_ns <= last->mono_ns)
		return BC_PATH_SAME;
	if (alarm->n_samples > 0 && (double)(mono_ns - last->mono_ns) * 1e-9 > MEDIAN_GAP_S)
		bc_path_alarm_reset(alarm);
	append(alarm->samples, &alarm->n_samples, ARRAY_SIZE(alarm->samples), &sample);
	if (alarm->n_samples >= BASELINE_MIN + BC_PATH_ALARM_RECENT && has_jumped(alarm, ret_change)) {
		bc_path_alarm_reset(alarm);
		return BC_PATH_JUMPED;
	}
	return take_median(alarm) ? watch_drift(alarm, ret_change) : BC_PATH_SAME;
}
