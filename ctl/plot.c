// SPDX-License-Identifier: GPL-2.0-or-later
/* The picture: a script with its data inside goes into gnuplot. Only a whole picture comes near its file. */
#include "ctl/plot.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "ctl/histogram.h"
#include "ctl/replace.h"
#include "util/cleanup.h"
#include "util/macros.h"

extern char **environ;

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

/* Where less than two decades are seen, decades alone would leave the axis nearly bare. */
static void write_x_axis(const struct picture *picture, bool has_labels, FILE *to)
{
	static const double fine[] = {1, 1.5, 2, 3, 4, 5, 6, 8}, middle[] = {1, 2, 5}, coarse[] = {1};
	double span = picture->x_max_us / picture->x_min_us;
	double low = picture->x_min_us / pow(span, 0.03) / 1.02,
	       high = picture->x_max_us * pow(span, 0.03) * 1.02;
	const double *steps = span < 5 ? fine : span < 300 ? middle : coarse;
	size_t n = span < 5 ? ARRAY_SIZE(fine) : span < 300 ? ARRAY_SIZE(middle) : ARRAY_SIZE(coarse);
	const char *comma = "";

	fprintf(to, "set xrange [%.9g:%.9g]\nset xtics (", low, high);
	for (int decade = (int)floor(log10(low)); decade <= (int)floor(log10(high)); decade++) {
		for (size_t i = 0; i < n; i++) {
			double at = steps[i] * pow(10, decade);

			if (at < low || at > high)
				continue;
			if (has_labels)
				fprintf(to, "%s'%.9g' %.9g", comma, at, at);
			else
				fprintf(to, "%s'' %.9g", comma, at);
			comma = ", ";
		}
		for (int i = 2; n == 1 && i < 10; i++) {
			fprintf(to, "%s'' %.9g 1", comma, i * pow(10, decade));
			comma = ", ";
		}
	}
	fputs(")\n", to);
}

/* Names of interfaces may hold nearly anything, also what gnuplot would run. */
static void write_label(const struct residence *r, FILE *to)
{
	const char *const texts[] = {r->ingress, " → ", r->egress, ", ", r->type};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		for (const char *c = texts[i]; *c; c++)
			putc(i % 2 == 0 && (*c == '\'' || *c == '`' || *c == '\\') ? '?' : *c, to);
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

static void write_styles(FILE *to)
{
	/* Okabe and Ito: told apart also by those who do not see all colours, and by dashes in print. */
	static const char *const colours[PLOT_CURVES_MAX] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
							     "#56b4e9", "#e69f00", "#000000", "#7f7f7f"};

	for (size_t i = 0; i < PLOT_CURVES_MAX; i++)
		fprintf(to, "set style line %zu linecolor rgb '%s' linewidth 1.8 dashtype %zu\n", i + 1,
			colours[i], i / 4 * 2 + 1);
}

static void write_script(const struct picture *picture, FILE *to)
{
	int legend = 18 * (int)picture->n + 10, height = 650 + legend; /* the legend stands above */

	write_blocks(picture, to);
	fprintf(to,
		"set encoding utf8\n"
		"set terminal svg size 640,%d enhanced font 'Helvetica,Arial,sans-serif,13' background "
		"'#ffffff'\n"
		"set multiplot\n"
		"set border 3 linecolor '#404040' linewidth 0.8\n"
		"set tics nomirror out scale 0.7\n"
		"set grid xtics ytics linecolor '#d8d8d8' linetype 1 linewidth 0.6\n"
		"set lmargin at screen 0.12\nset rmargin at screen 0.965\n"
		"set logscale x\n",
		height);
	write_styles(to);
	write_x_axis(picture, false, to);
	fprintf(to,
		"set key noenhanced at screen 0.965,%.4f top right vertical maxrows %zu samplen 2.5 Left "
		"reverse\n"
		"set tmargin at screen %.4f\nset bmargin at screen %.4f\n"
		"set ylabel 'share of messages per decade' offset 1\n"
		"set yrange [0:*]\nset format y '%%g'\n",
		1 - 8.0 / height, picture->n, 1 - (legend + 8.0) / height, 348.0 / height);
	write_curves(picture, "histogram", "lines", true, to);
	write_x_axis(picture, true, to);
	fprintf(to,
		"set tmargin at screen %.4f\nset bmargin at screen %.4f\n"
		"set xlabel 'residence time t (µs)'\n"
		"set ylabel 'share of messages with residence ≥ t' offset 1\n"
		"set logscale y\nset yrange [%.9g:1.3]\nset format y '10^{%%L}'\nset ytics add ('1' 1)\n",
		325.0 / height, 66.0 / height, pow(10, floor(log10(picture->y_min * 0.999))));
	write_curves(picture, "ccdf", "lines", false, to);
	fputs("unset multiplot\n", to);
}

/* gnuplot reads from `in` and writes into `out`. */
static int start_gnuplot(const char *argument, int in, int out, pid_t *ret_pid)
{
	const char *const argv[] = {"gnuplot", argument, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, pipe_only;
	int r;

	sigemptyset(&none);
	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &pipe_only);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	r = posix_spawnp(ret_pid, argv[0], &actions, &attributes, (char *const *)(uintptr_t)argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

static int draw(const struct picture *picture, int out)
{
	_cleanup_file_ FILE *script = NULL;
	_cleanup_fd_ int read_fd = -1, write_fd = -1;
	int fds[2], r;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	read_fd = fds[0];
	write_fd = fds[1];
	r = start_gnuplot("-", read_fd, out, &pid);
	read_fd = close_fd(read_fd);
	if (r < 0)
		return r;
	script = fdopen(write_fd, "w");
	if (script) {
		write_fd = -1;
		write_script(picture, script);
		fclose(TAKE_PTR(script));
	}
	write_fd = close_fd(write_fd);
	return wait_for(pid);
}

static int try_gnuplot(void)
{
	_cleanup_fd_ int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t pid;
	int r;

	if (null_fd < 0)
		return -errno;
	r = start_gnuplot("--version", null_fd, null_fd, &pid);
	return r < 0 ? r : wait_for(pid);
}

static int fail_gnuplot(int error, char *reason, size_t reason_size)
{
	if (error == -ENOENT)
		snprintf(reason, reason_size, "gnuplot is not installed (Debian: apt install gnuplot-nox)");
	else
		snprintf(reason, reason_size, "gnuplot failed");
	return error;
}

static int fail_path(const char *path, int error, char *reason, size_t reason_size)
{
	snprintf(reason, reason_size, "%s: %s", path, strerror(-error));
	return error;
}

int plot_check(const char *path, char *reason, size_t reason_size)
{
	int r = try_gnuplot();

	if (r < 0)
		return fail_gnuplot(r, reason, reason_size);
	r = replace_check(path);
	return r < 0 ? fail_path(path, r, reason, reason_size) : 0;
}

int plot_write(const struct residences *residences, const char *path, char *reason, size_t reason_size)
{
	_cleanup_fd_ int drawn_fd = -1;
	struct picture picture;
	int r = choose_curves(residences, &picture);

	if (r < 0) {
		snprintf(reason, reason_size, "nothing to draw");
		return r;
	}
	drawn_fd = memfd_create("picture", MFD_CLOEXEC);
	if (drawn_fd < 0)
		return fail_path("memory", -errno, reason, reason_size);
	r = draw(&picture, drawn_fd);
	if (r < 0)
		return fail_gnuplot(r, reason, reason_size);
	r = replace_write(path, drawn_fd);
	return r < 0 ? fail_path(path, r, reason, reason_size) : 0;
}
