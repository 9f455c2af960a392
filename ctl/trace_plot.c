// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two panels. Of more measurements than a picture can tell apart, each short span of time is drawn by its
 * smallest and its largest one, and the distribution by steps that are even on its axes.
 */
#include "ctl/trace_plot.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "ctl/chart.h"
#include "ctl/picture.h"
#include "util/cleanup.h"
#include "util/macros.h"

#define SPANS 1500
/* Points of the distribution a factor of ten in its share. */
#define POINTS_A_DECADE 400

struct unit {
	const char *name;
	double size;
};

struct trace_picture {
	const struct offsets *offsets;
	double *magnitudes; /* ascending, not below half a nanosecond: a logarithmic axis has no zero */
	size_t n_magnitudes, n_locked;
	double low_ns, high_ns; /* of the upper panel */
	struct unit ns_unit, time_unit, magnitude_unit;
};

static struct unit unit_of(double largest, const struct unit *units, size_t n)
{
	size_t i = 0;

	while (i + 1 < n && largest >= units[i + 1].size)
		i++;
	return units[i];
}

static double seconds_of(const struct trace_picture *p, const struct offset *o)
{
	return (double)(o->mono_ns - p->offsets->list[0].mono_ns) / NSEC_PER_SEC;
}

static double span_of(const struct trace_picture *p)
{
	return fmax(seconds_of(p, &p->offsets->list[p->offsets->n - 1]), 0.001);
}

static bool is_locked(const struct offset *o)
{
	return o->servo_state >= OFFSET_LOCKED;
}

static void write_point(const struct trace_picture *p, const struct offset *o, FILE *to)
{
	double ns = CLAMP((double)o->offset_ns, p->low_ns, p->high_ns);

	fprintf(to, "%.9g %.9g\n", seconds_of(p, o) / p->time_unit.size, ns / p->ns_unit.size);
}

/* Of those with this state of lock, in each span of time. */
static void write_points(const struct trace_picture *p, bool wants_locked, FILE *to)
{
	const struct offset *lowest = NULL, *highest = NULL;
	double span_s = span_of(p) / SPANS, span_end_s = span_s;

	for (size_t i = 0; i < p->offsets->n; i++) {
		const struct offset *o = &p->offsets->list[i];

		if (is_locked(o) != wants_locked)
			continue;
		if (lowest && seconds_of(p, o) > span_end_s) {
			write_point(p, lowest, to);
			if (highest != lowest)
				write_point(p, highest, to);
			lowest = highest = NULL;
		}
		while (seconds_of(p, o) > span_end_s && span_end_s < 2 * span_of(p))
			span_end_s += span_s;
		lowest = !lowest || o->offset_ns < lowest->offset_ns ? o : lowest;
		highest = !highest || o->offset_ns > highest->offset_ns ? o : highest;
	}
	if (lowest)
		write_point(p, lowest, to);
	if (highest && highest != lowest)
		write_point(p, highest, to);
}

static void write_ccdf(const struct trace_picture *p, FILE *to)
{
	double last = INFINITY;

	for (size_t i = 0; i < p->n_magnitudes; i++) {
		double share = (double)(p->n_magnitudes - i) / (double)p->n_magnitudes;

		if (i + 1 < p->n_magnitudes && log10(last) - log10(share) < 1.0 / POINTS_A_DECADE)
			continue;
		fprintf(to, "%.9g %.9g\n", p->magnitudes[i] / p->magnitude_unit.size, share);
		last = share;
	}
}

static size_t count_beyond(const struct trace_picture *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->offsets->n; i++)
		n += (double)p->offsets->list[i].offset_ns < p->low_ns ||
		     (double)p->offsets->list[i].offset_ns > p->high_ns;
	return n;
}

static void write_upper_panel(const struct trace_picture *p, int height, FILE *to)
{
	bool has_unlocked = p->n_locked<p->offsets->n, has_locked = p->n_locked> 0;
	size_t n_beyond = count_beyond(p);
	double point_size = p->offsets->n < 500 ? 0.45 : 0.25;
	double margin = 0.05 * (p->high_ns - p->low_ns);

	fprintf(to, "set tmargin at screen %.4f\nset bmargin at screen %.4f\n", 1 - 48.0 / height,
		360.0 / height);
	fprintf(to, "set key at screen 0.965,%.4f top right horizontal samplen 1 Left reverse\n",
		1 - 8.0 / height);
	fprintf(to, "set xrange [0:%.9g]\nset yrange [%.9g:%.9g]\nset format y '%%g'\n",
		span_of(p) / p->time_unit.size, (p->low_ns - margin) / p->ns_unit.size,
		(p->high_ns + margin) / p->ns_unit.size);
	fprintf(to,
		"set xlabel 'time (%s)' offset 0,0.4\nset ylabel 'offset from the master (%s)' offset 1\n",
		p->time_unit.name, p->ns_unit.name);
	if (n_beyond)
		fprintf(to, "set label 1 '%zu beyond the scale, drawn at its edge' at screen 0.12,%.4f\n",
			n_beyond, 1 - 34.0 / height);
	fputs("plot 0 with lines linecolor '#a0a0a0' linewidth 0.8 notitle", to);
	if (has_locked)
		fprintf(to,
			", $locked using 1:2 with points linestyle 1 pointtype 7 pointsize %.2f title 'in "
			"lock (%zu)'",
			point_size, p->n_locked);
	if (has_unlocked)
		fprintf(to,
			", $unlocked using 1:2 with points linestyle 2 pointtype 7 pointsize %.2f title 'not "
			"in lock (%zu)'",
			point_size, p->offsets->n - p->n_locked);
	fputs("\nunset label\nunset key\n", to);
}

static void write_lower_panel(const struct trace_picture *p, int height, FILE *to)
{
	fprintf(to,
		"set tmargin at screen %.4f\nset bmargin at screen %.4f\n"
		"set xlabel 'magnitude of the offset x (%s)' offset 0,0\n"
		"set ylabel 'share of Syncs with |offset| ≥ x' offset 1\n"
		"set logscale xy\nset yrange [%.9g:1.3]\nset format y '10^{%%L}'\nset ytics add ('1' 1)\n",
		290.0 / height, 62.0 / height, p->magnitude_unit.name,
		pow(10, floor(log10(0.999 / (double)p->n_magnitudes))));
	picture_log_axis("x", p->magnitudes[0] / p->magnitude_unit.size,
			 p->magnitudes[p->n_magnitudes - 1] / p->magnitude_unit.size, true, to);
	fputs("plot $ccdf using 1:2 with lines linestyle 1 notitle\nunset multiplot\n", to);
}

static void write_script(const void *context, FILE *to)
{
	const struct trace_picture *p = context;
	int height = 680;

	fputs("$locked << END\n", to);
	write_points(p, true, to);
	fputs("END\n$unlocked << END\n", to);
	write_points(p, false, to);
	fputs("END\n$ccdf << END\n", to);
	write_ccdf(p, to);
	fputs("END\n", to);
	picture_begin(640, height, to);
	write_upper_panel(p, height, to);
	write_lower_panel(p, height, to);
}

int trace_plot_write(const struct offsets *offsets, const char *path, char *reason, size_t reason_size)
{
	static const struct unit ns_units[] = {{"ns", 1}, {"µs", 1e3}, {"ms", 1e6}, {"s", 1e9}};
	static const struct unit time_units[] = {{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}};
	_cleanup_free_ double *magnitudes = NULL;
	struct trace_picture p = {.offsets = offsets};
	struct chart all;

	magnitudes = p.magnitudes = offsets_magnitudes(offsets, &p.n_magnitudes);
	if (!magnitudes || p.n_magnitudes == 0) {
		snprintf(reason, reason_size, magnitudes ? "nothing to draw" : "out of memory");
		return magnitudes ? -ENODATA : -ENOMEM;
	}
	for (size_t i = 0; i < p.n_magnitudes; i++)
		magnitudes[i] = fmax(magnitudes[i], 0.5);
	for (size_t i = 0; i < offsets->n; i++)
		p.n_locked += is_locked(&offsets->list[i]);
	all = (struct chart){.begin_mono_ns = offsets->list[0].mono_ns,
			     .end_mono_ns = offsets->list[offsets->n - 1].mono_ns};
	chart_range(offsets, &all, &p.low_ns, &p.high_ns);
	p.ns_unit = unit_of(fmax(-p.low_ns, p.high_ns), ns_units, ARRAY_SIZE(ns_units));
	p.magnitude_unit = unit_of(magnitudes[p.n_magnitudes / 2], ns_units, ARRAY_SIZE(ns_units));
	/* Not "0.05 h". */
	p.time_unit = unit_of(span_of(&p) / 3, time_units, ARRAY_SIZE(time_units));
	return picture_write(write_script, &p, path, reason, reason_size);
}
