// SPDX-License-Identifier: GPL-2.0-or-later
/* The window, what is let into it, and the line through it. */
#include "tc/rate.h"

#include <math.h>
#include <string.h>

#include "util/macros.h"

#define SLOT_NS (250 * NSEC_PER_MSEC)
/* The window is this long; longer, when otherwise it had too few samples. */
#define WINDOW_NS	   (16 * NSEC_PER_SEC)
#define WINDOW_SAMPLES_MIN 8u
#define WINDOW_SLOWEST_NS  (60 * NSEC_PER_SEC)

/* From these on the estimate is worth something: 2e-6 of a residence of a millisecond are two nanoseconds. */
#define KNOWN_SAMPLES	5u
#define KNOWN_SPAN_NS	(2 * NSEC_PER_SEC)
#define KNOWN_DEVIATION 2e-6
/* Deviations that differ by less are the same to a residence. */
#define DEVIATION_EQUAL 1e-9

/* A sample is strange when it is off a line by more than this many of its spreads (of samples reduced
 * from a slot, which are quieter than those that come in), and this much for drift and for a spread that by
 * chance is small. Without a line, when it is off the last one by more than any clock's rate, and a jitter.
 */
#define GATE_SPREADS	    10.0
#define GATE_FLOOR_NS	    5e3
#define GATE_DRIFT	    2e-6
#define GATE_FIRST_FLOOR_NS 1e6

/* The other clock was stepped when this many strange samples in a row agree. After as many as the second in a
 * row that do not, it is the line that is wrong. */
#define STEP_SAMPLES	4u
#define STRANGE_SAMPLES 16u

#define HUBER_K		 1.345 /* 95 % efficient where the noise is normal */
#define HUBER_ITERATIONS 5
#define MAD_TO_DEVIATION 1.4826
#define SPREAD_MIN_NS	 0.1

static double elapsed_ns(const struct tclk_rate_sample *s, const struct tclk_rate_sample *from)
{
	return (double)(int64_t)(s->stamp_mono_ns - from->stamp_mono_ns);
}

static double offset_since_ns(const struct tclk_rate_sample *s, const struct tclk_rate_sample *from)
{
	return (double)(int64_t)((uint64_t)s->offset_ns - (uint64_t)from->offset_ns) + s->fraction_ns -
	       from->fraction_ns;
}

/* Sorts v. n in 1..TCLK_RATE_WINDOW. */
static double median(double *v, unsigned int n)
{
	for (unsigned int i = 1; i < n; i++) {
		double x = v[i];
		unsigned int j = i;

		for (; j > 0 && v[j - 1] > x; j--)
			v[j] = v[j - 1];
		v[j] = x;
	}
	return n % 2 ? v[n / 2] : 0.5 * v[n / 2 - 1] + 0.5 * v[n / 2];
}

/* The samples of the window in seconds and nanoseconds from the newest, and a line through them. */
struct fit {
	unsigned int n;
	double x_s[TCLK_RATE_WINDOW], y_ns[TCLK_RATE_WINDOW];
	double value_ns, slope_ns_per_s, spread_ns, deviation_ns_per_s;
};

static double residual_ns(const struct fit *f, unsigned int i)
{
	return f->y_ns[i] - f->value_ns - f->slope_ns_per_s * f->x_s[i];
}

/* Theil's incomplete method, and the spread about its line. */
static void fit_start(struct fit *f)
{
	double v[TCLK_RATE_WINDOW];
	unsigned int half = f->n / 2, distance = f->n - half;

	for (unsigned int i = 0; i < half; i++)
		v[i] = (f->y_ns[i + distance] - f->y_ns[i]) / (f->x_s[i + distance] - f->x_s[i]);
	f->slope_ns_per_s = median(v, half);
	f->value_ns = 0;
	for (unsigned int i = 0; i < f->n; i++)
		v[i] = residual_ns(f, i);
	f->value_ns = median(v, f->n);
	for (unsigned int i = 0; i < f->n; i++)
		v[i] = fabs(residual_ns(f, i));
	f->spread_ns = MAX(MAD_TO_DEVIATION * median(v, f->n), SPREAD_MIN_NS);
}

/* One step of Huber's estimator with the spread held. */
static void fit_improve(struct fit *f)
{
	double w[TCLK_RATE_WINDOW], sum_w = 0, sum_x = 0, sum_y = 0, sum_xx = 0, sum_xy = 0;

	for (unsigned int i = 0; i < f->n; i++) {
		double r = fabs(residual_ns(f, i)), limit = HUBER_K * f->spread_ns;

		w[i] = r > limit ? limit / r : 1;
		sum_w += w[i];
		sum_x += w[i] * f->x_s[i];
		sum_y += w[i] * f->y_ns[i];
	}
	for (unsigned int i = 0; i < f->n; i++) {
		double x = f->x_s[i] - sum_x / sum_w;

		sum_xx += w[i] * x * x;
		sum_xy += w[i] * x * (f->y_ns[i] - sum_y / sum_w);
	}
	f->slope_ns_per_s = sum_xy / sum_xx;
	f->value_ns = (sum_y - f->slope_ns_per_s * sum_x) / sum_w;
}

/* The standard error of the slope (Huber, Robust Statistics, 1981, 7.6): that of least squares over residuals
 * that are cut off, corrected for how many were. */
static void fit_deviation(struct fit *f)
{
	double mean_x = 0, sum_xx = 0, sum_cut = 0, limit = HUBER_K * f->spread_ns, share;
	unsigned int num_within = 0;

	for (unsigned int i = 0; i < f->n; i++)
		mean_x += f->x_s[i] / f->n;
	for (unsigned int i = 0; i < f->n; i++) {
		double r = fabs(residual_ns(f, i)), x = f->x_s[i] - mean_x;

		num_within += r <= limit;
		sum_cut += MIN(r, limit) * MIN(r, limit);
		sum_xx += x * x;
	}
	share = (double)MAX(num_within, 1u) / f->n;
	f->deviation_ns_per_s = sqrt(sum_cut / (f->n - 2) / sum_xx) / share;
}

/* A window that began anew has to become nearly as good as the one before, or that one old, until its
 * estimate counts; but any of this clock is better than one of another. */
static void offer_estimate(struct tclk_rate *rate, const struct tclk_rate_estimate *estimate)
{
	const struct tclk_rate_estimate *old = &rate->estimate;

	if (old->is_valid && !rate->is_estimate_foreign &&
	    estimate->deviation > 2 * old->deviation + DEVIATION_EQUAL &&
	    estimate->stamp_mono_ns - old->stamp_mono_ns < (uint64_t)WINDOW_NS)
		return;
	rate->estimate = *estimate;
	rate->is_estimate_foreign = false;
}

static void refit(struct tclk_rate *rate)
{
	const struct tclk_rate_sample *newest = &rate->window[rate->num_window - 1];
	uint64_t span_ns = newest->stamp_mono_ns - rate->window[0].stamp_mono_ns;
	struct fit f = {.n = rate->num_window};

	rate->has_line = false;
	if (f.n < KNOWN_SAMPLES)
		return;
	for (unsigned int i = 0; i < f.n; i++) {
		f.x_s[i] = elapsed_ns(&rate->window[i], newest) * 1e-9;
		f.y_ns[i] = offset_since_ns(&rate->window[i], newest);
	}
	fit_start(&f);
	for (int i = 0; i < HUBER_ITERATIONS; i++)
		fit_improve(&f);
	fit_deviation(&f);

	rate->has_line = f.n >= WINDOW_SAMPLES_MIN;
	rate->line = (struct tclk_rate_line){
		.anchor = *newest,
		.value_ns = f.value_ns,
		.slope = f.slope_ns_per_s * 1e-9,
		.spread_ns = f.spread_ns,
	};
	if (span_ns < (uint64_t)KNOWN_SPAN_NS || f.deviation_ns_per_s * 1e-9 > KNOWN_DEVIATION)
		return;
	offer_estimate(rate,
		       &(struct tclk_rate_estimate){
			       .is_valid = true,
			       .rate_offset = CLAMP(f.slope_ns_per_s * 1e-9, -TCLK_RATE_MAX, TCLK_RATE_MAX),
			       .deviation = f.deviation_ns_per_s * 1e-9,
			       .stamp_mono_ns = newest->stamp_mono_ns,
		       });
}

static void push_window(struct tclk_rate *rate, const struct tclk_rate_sample *sample)
{
	unsigned int num_old = rate->num_window == TCLK_RATE_WINDOW;

	for (; num_old < rate->num_window; num_old++) {
		uint64_t age_ns = sample->stamp_mono_ns - rate->window[num_old].stamp_mono_ns;
		bool is_spare = rate->num_window - num_old >= WINDOW_SAMPLES_MIN;

		if (age_ns <= (uint64_t)(is_spare ? WINDOW_NS : WINDOW_SLOWEST_NS))
			break;
	}
	rate->num_window -= num_old;
	memmove(rate->window, rate->window + num_old, rate->num_window * sizeof(rate->window[0]));
	rate->window[rate->num_window++] = *sample;
}

/* The mean of the middle half of the slot's samples, as they lie when the rate, as far as it is known, is
 * taken out: nearly as quiet as the mean of all, but a few wild ones do not move it. */
static struct tclk_rate_sample middle_of_slot(const struct tclk_rate *rate)
{
	double slope = rate->has_line ? rate->line.slope : rate->estimate.rate_offset;
	const struct tclk_rate_sample *slot = rate->slot;
	double off_ns[TCLK_RATE_SLOT], mean_elapsed_ns = 0, mean_offset_ns = 0;
	unsigned int order[TCLK_RATE_SLOT], cut = rate->num_slot / 4, num = rate->num_slot - 2 * cut;

	for (unsigned int i = 0; i < rate->num_slot; i++) {
		unsigned int j = i;

		off_ns[i] = offset_since_ns(&slot[i], &slot[0]) - slope * elapsed_ns(&slot[i], &slot[0]);
		for (; j > 0 && off_ns[order[j - 1]] > off_ns[i]; j--)
			order[j] = order[j - 1];
		order[j] = i;
	}
	for (unsigned int i = cut; i < cut + num; i++) {
		mean_elapsed_ns += elapsed_ns(&slot[order[i]], &slot[0]) / num;
		mean_offset_ns += offset_since_ns(&slot[order[i]], &slot[0]) / num;
	}
	return (struct tclk_rate_sample){
		.stamp_mono_ns = slot[0].stamp_mono_ns + (uint64_t)mean_elapsed_ns,
		.offset_ns =
			(int64_t)((uint64_t)slot[0].offset_ns + (uint64_t)(int64_t)floor(mean_offset_ns)),
		.fraction_ns = slot[0].fraction_ns + mean_offset_ns - floor(mean_offset_ns),
	};
}

static void restart(struct tclk_rate *rate, bool is_estimate_foreign)
{
	*rate = (struct tclk_rate){.estimate = rate->estimate, .is_estimate_foreign = is_estimate_foreign};
}

void tclk_rate_restart(struct tclk_rate *rate)
{
	restart(rate, true);
}

static void accept(struct tclk_rate *rate, const struct tclk_rate_sample *sample)
{
	if (rate->num_slot > 0 && sample->stamp_mono_ns - rate->slot[0].stamp_mono_ns >= (uint64_t)SLOT_NS) {
		struct tclk_rate_sample middle = middle_of_slot(rate);

		push_window(rate, &middle);
		rate->num_slot = 0;
		refit(rate);
	}
	if (rate->num_slot < TCLK_RATE_SLOT)
		rate->slot[rate->num_slot++] = *sample;
	rate->last = *sample;
	rate->has_last = true;
	rate->num_strange = 0;
	rate->num_agreeing = 0;
}

/* How far the sample is from where it was expected, and how far it may be. */
static double surprise_ns(const struct tclk_rate *rate, const struct tclk_rate_sample *sample,
			  double *ret_gate_ns)
{
	double since_last_ns = elapsed_ns(sample, &rate->last);

	if (rate->has_line) {
		const struct tclk_rate_line *line = &rate->line;

		*ret_gate_ns = GATE_SPREADS * line->spread_ns + GATE_FLOOR_NS + GATE_DRIFT * since_last_ns;
		return offset_since_ns(sample, &line->anchor) - line->value_ns -
		       line->slope * elapsed_ns(sample, &line->anchor);
	}
	*ret_gate_ns = GATE_FIRST_FLOOR_NS + TCLK_RATE_MAX * since_last_ns;
	return offset_since_ns(sample, &rate->last);
}

/* Whether the window must begin anew with this strange sample. */
static bool is_step(struct tclk_rate *rate, double surprise, double gate_ns)
{
	bool agrees = rate->num_agreeing > 0 && fabs(surprise - rate->strange_ns) <= gate_ns;

	rate->num_strange++;
	rate->num_agreeing = agrees ? rate->num_agreeing + 1 : 1;
	rate->strange_ns = surprise;
	return rate->num_agreeing >= STEP_SAMPLES || rate->num_strange >= STRANGE_SAMPLES;
}

bool tclk_rate_add(struct tclk_rate *rate, const struct tclk_rate_sample *sample)
{
	double surprise, gate_ns;

	if (!rate->has_last) {
		accept(rate, sample);
		return true;
	}
	surprise = surprise_ns(rate, sample, &gate_ns);
	if (sample->stamp_mono_ns > rate->last.stamp_mono_ns && fabs(surprise) <= gate_ns) {
		accept(rate, sample);
		return true;
	}
	if (is_step(rate, surprise, gate_ns)) {
		restart(rate, rate->is_estimate_foreign);
		accept(rate, sample);
	}
	return false;
}
