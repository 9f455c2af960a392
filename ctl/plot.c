// SPDX-License-Identifier: GPL-2.0-or-later
/* The curves that are chosen, and the script that draws them (picture.h). */
#include "ctl/plot.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "ctl/histogram.h"
#include "ctl/picture.h"
#include "util/cleanup.h"
#include "util/macros.h"

struct curve {
	const struct residence *residence;
	const struct ebc_histogram *h;
	uint64_t n; /* of its buckets */
	size_t bar; /* buckets that are drawn as one */
};

struct picture {
	size_t n;
	struct curve curves[PLOT_CURVES_MAX];
	double x_min_us, x_max_us, y_min;
};

/* A logarithmic axis has no zero. */
static double us(uint64_t ns)
{
	return ns ? (double)ns / 1000 : 0.0005;
}

static int compare_counts(const void *a, const void *b)
{
	const struct residence *const *x = a, *const *y = b;
	uint64_t n = (*x)->measured.total.count, m = (*y)->measured.total.count;

	return (n < m) - (n > m);
}

static int compare_places(const void *a, const void *b)
{
	const struct curve *x = a, *y = b;

	return (x->residence > y->residence) - (x->residence < y->residence);
}

/* By the rule of Freedman and Diaconis: fine enough for the shape, wide enough that a bar is more than
 * chance. */
static size_t buckets_a_bar(const struct curve *curve)
{
	double p25 = histogram_quantile_ns(curve->h, 2500), p75 = histogram_quantile_ns(curve->h, 7500);
	double width, n_between = 0;
	size_t bar = 1;

	for (size_t i = 0; i < EBC_HISTOGRAM_BUCKETS; i++) {
		uint64_t lower, upper;

		histogram_bucket_range(i, &lower, &upper);
		n_between += (double)lower > p25 && (double)upper <= p75;
	}
	width = 2 * (n_between + 1) / cbrt((double)curve->n);
	while (bar < 8 && (double)(2 * bar) <= width)
		bar *= 2;
	return bar;
}

static void add_curve(struct picture *picture, const struct residence *residence)
{
	struct curve *curve = &picture->curves[picture->n];

	*curve = (struct curve){.residence = residence, .h = &residence->measured.total};
	for (size_t i = 0; i < EBC_HISTOGRAM_BUCKETS; i++)
		curve->n += curve->h->bucket[i];
	if (curve->n == 0)
		return;
	picture->n++;
	curve->bar = buckets_a_bar(curve);
	for (size_t i = 0; i < EBC_HISTOGRAM_BUCKETS; i++) {
		uint64_t lower, upper, unused;

		if (!curve->h->bucket[i])
			continue;
		histogram_bucket_range(i - i % curve->bar, &lower, &unused);
		histogram_bucket_range(i - i % curve->bar + curve->bar - 1, &unused, &upper);
		picture->x_min_us = fmin(picture->x_min_us, us(lower));
		picture->x_max_us = fmax(picture->x_max_us, us(upper));
	}
	picture->y_min = fmin(picture->y_min, 1 / (double)curve->n);
}

static int choose_curves(const struct residences *residences, struct picture *picture)
{
	_cleanup_free_ const struct residence **by_count = calloc(residences->n + 1, sizeof(*by_count));

	if (!by_count)
		return -ENOMEM;
	*picture = (struct picture){.x_min_us = INFINITY, .y_min = 1};
	for (size_t i = 0; i < residences->n; i++)
		by_count[i] = &residences->list[i];
	qsort(by_count, residences->n, sizeof(*by_count), compare_counts);
	for (size_t i = 0; i < residences->n && picture->n < PLOT_CURVES_MAX; i++)
		add_curve(picture, by_count[i]);
	qsort(picture->curves, picture->n, sizeof(picture->curves[0]), compare_places);
	return picture->n ? 0 : -ENODATA;
}

static void write_histogram(const struct curve *curve, FILE *to)
{
	size_t bar = curve->bar;
	double last_us = 0;

	for (size_t i = 0; i < EBC_HISTOGRAM_BUCKETS; i += bar) {
		uint64_t lower, upper, unused, n = 0;
		double density;

		histogram_bucket_range(i, &lower, &unused);
		histogram_bucket_range(i + bar - 1, &unused, &upper);
		for (size_t k = i; k < i + bar; k++)
			n += curve->h->bucket[k];
		if (!n)
			continue;
		if (us(lower) > last_us) {
			if (last_us > 0)
				fprintf(to, "%.9g 0\n", last_us);
			fprintf(to, "%.9g 0\n", us(lower));
		}
		/* Buckets differ in width on this axis: what is drawn is a density there. */
		density = (double)n / (double)curve->n / log10(us(upper) / us(lower));
		fprintf(to, "%.9g %.9g\n%.9g %.9g\n", us(lower), density, us(upper), density);
		last_us = us(upper);
	}
	fprintf(to, "%.9g 0\n", last_us);
}

static void write_ccdf(const struct curve *curve, FILE *to)
{
	const struct ebc_histogram *h = curve->h;
	uint64_t left = curve->n;

	for (size_t i = 0; i < EBC_HISTOGRAM_BUCKETS; i++) {
		uint64_t lower, upper;

		if (!h->bucket[i])
			continue;
		histogram_bucket_range(i, &lower, &upper);
		fprintf(to, "%.9g %.9g\n", us(MAX(lower, h->min_ns)), (double)left / (double)curve->n);
		left -= h->bucket[i];
		if (left)
			fprintf(to, "%.9g %.9g\n", us(upper), (double)left / (double)curve->n);
	}
	/* One message was as late as the latest. */
	fprintf(to, "%.9g %.9g\n", us(h->max_ns), 1 / (double)curve->n);
}

static void write_label(const struct residence *r, FILE *to)
{
	picture_put_name(r->ingress, to);
	fputs(" → ", to);
	picture_put_name(r->egress, to);
	fputs(", ", to);
	picture_put_name(r->type, to);
}

static void write_curves(const struct picture *picture, const char *block, const char *style, bool has_titles,
			 FILE *to)
{
	for (size_t i = 0; i < picture->n; i++) {
		fprintf(to, "%s$%s%zu using 1:2 with %s linestyle %zu ", i ? ", \\\n  " : "plot ", block, i,
			style, i + 1);
		if (has_titles) {
			fputs("title '", to);
			write_label(picture->curves[i].residence, to);
			fprintf(to, " (%" PRIu64 ")'", picture->curves[i].n);
		} else {
			fputs("notitle", to);
		}
	}
	putc('\n', to);
}

static void write_blocks(const struct picture *picture, FILE *to)
{
	for (size_t i = 0; i < picture->n; i++) {
		fprintf(to, "$histogram%zu << END\n", i);
		write_histogram(&picture->curves[i], to);
		fprintf(to, "END\n$ccdf%zu << END\n", i);
		write_ccdf(&picture->curves[i], to);
		fputs("END\n", to);
	}
}

static void write_script(const void *context, FILE *to)
{
	const struct picture *picture = context;
	int legend = 18 * (int)picture->n + 10, height = 650 + legend; /* the legend stands above */

	write_blocks(picture, to);
	picture_begin(640, height, to);
	fputs("set logscale x\n", to);
	picture_log_axis("x", picture->x_min_us, picture->x_max_us, false, to);
	fprintf(to,
		"set key noenhanced at screen 0.965,%.4f top right vertical maxrows %zu samplen 2.5 Left "
		"reverse\n"
		"set tmargin at screen %.4f\nset bmargin at screen %.4f\n"
		"set ylabel 'share of messages per decade' offset 1\n"
		"set yrange [0:*]\nset format y '%%g'\n",
		1 - 8.0 / height, picture->n, 1 - (legend + 8.0) / height, 348.0 / height);
	write_curves(picture, "histogram", "lines", true, to);
	picture_log_axis("x", picture->x_min_us, picture->x_max_us, true, to);
	fprintf(to,
		"set tmargin at screen %.4f\nset bmargin at screen %.4f\n"
		"set xlabel 'residence time t (µs)'\n"
		"set ylabel 'share of messages with residence ≥ t' offset 1\n"
		"set logscale y\nset yrange [%.9g:1.3]\nset format y '10^{%%L}'\nset ytics add ('1' 1)\n",
		325.0 / height, 66.0 / height, pow(10, floor(log10(picture->y_min * 0.999))));
	write_curves(picture, "ccdf", "lines", false, to);
	fputs("unset multiplot\n", to);
}

int plot_write(const struct residences *residences, const char *path, char *reason, size_t reason_size)
{
	struct picture picture;
	int r = choose_curves(residences, &picture);

	if (r < 0) {
		snprintf(reason, reason_size, "nothing to draw");
		return r;
	}
	return picture_write(write_script, &picture, path, reason, reason_size);
}
