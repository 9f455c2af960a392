// SPDX-License-Identifier: GPL-2.0-or-later
/* `ebpf-bcctl trace`: what the daemon still knows, then what comes. */
#include "ctl/trace.h"

#include <errno.h>
#include <inttypes.h>
#include <langinfo.h>
#include <math.h>
#include <string.h>

#include "ctl/chart.h"
#include "ctl/offsets.h"
#include "ctl/pause.h"
#include "ctl/picture.h"
#include "ctl/trace_plot.h"
#include "ctl/words.h"
#include "util/cleanup.h"
#include "util/macros.h"

/* Well within the time after which the daemon forgets, and within its limit of requests. */
#define POLL_NS (200 * NSEC_PER_MSEC)
/* Some 200 MB: three days of 16 a second. */
#define OFFSETS_MAX ((size_t)1 << 22)

#define CHART_COLUMNS 90
#define CHART_LINES   14

struct options {
	double seconds; /* 0: not given */
	const char *csv_path, *plot_path;
	bool wants_json, wants_help;
};

struct trace {
	struct client *client;
	const struct options *options;
	FILE *csv; /* or NULL */
	size_t n_written;
	struct offsets offsets;
};

static bool read_options(struct options *o, int argc, char **argv)
{
	static const struct option long_options[] = {
		{"seconds", required_argument, NULL, 's'}, {"csv", required_argument, NULL, 'c'},
		{"plot", required_argument, NULL, 'p'},	   {"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},	   {}};
	int option;

	optind = 1;
	while ((option = tool_option(argc, argv, long_options)) != -1) {
		if (option == 'c')
			o->csv_path = optarg;
		else if (option == 'p')
			o->plot_path = optarg;
		else if (option == '?' || (option == 's' && !tool_read_seconds(optarg, &o->seconds)))
			return false;
		o->wants_json |= option == 'j';
		o->wants_help |= option == 'h';
	}
	if (o->wants_json && o->csv_path && strcmp(o->csv_path, "-") == 0)
		return tool_complain("only one of --json and --csv - can have the standard output", NULL);
	if (o->csv_path && o->plot_path && strcmp(o->csv_path, o->plot_path) == 0)
		return tool_complain("--csv and --plot cannot have one file", o->plot_path);
	return true;
}

static bool is_csv_on_stdout(const struct options *o)
{
	return o->csv_path && strcmp(o->csv_path, "-") == 0;
}

static int write_csv(struct trace *trace)
{
	if (!trace->csv)
		return 0;
	for (; trace->n_written < trace->offsets.n; trace->n_written++) {
		const struct offset *o = &trace->offsets.list[trace->n_written];

		fprintf(trace->csv, "%" PRIu64 ",%" PRIu64 ",%" PRIu32 ",%" PRId64 ",%.3f,", o->number,
			o->mono_ns, o->port, o->offset_ns, o->frequency_ppb);
		if (o->path_delay_ns != OFFSET_NO_DELAY)
			fprintf(trace->csv, "%" PRId64, o->path_delay_ns);
		fprintf(trace->csv, ",%" PRIu32 "\n", o->servo_state);
	}
	/* Somebody may be looking on. */
	return fflush(trace->csv) < 0 || ferror(trace->csv) ? -EIO : 0;
}

static int take(struct trace *trace)
{
	int r = offsets_fetch(trace->client, &trace->offsets);

	return r < 0 ? r : write_csv(trace);
}

static int follow(struct trace *trace)
{
	uint64_t now = now_mono_ns(), limit_mono_ns = now;
	int r = take(trace);

	if (trace->options->seconds > 0)
		limit_mono_ns += (uint64_t)(trace->options->seconds * NSEC_PER_SEC);
	while (r == 0 && now < limit_mono_ns) {
		enum pause_end end = pause_until(MIN(now + POLL_NS, limit_mono_ns), -1);

		r = take(trace);
		if (end == PAUSE_SIGNAL)
			break;
		if (trace->offsets.n > OFFSETS_MAX) {
			tool_complain("more than are kept: ended before its time", NULL);
			break;
		}
		now = now_mono_ns();
	}
	return r;
}

static uint64_t span_ns(const struct offsets *offsets)
{
	return offsets->n ? offsets->list[offsets->n - 1].mono_ns - offsets->list[0].mono_ns : 0;
}

static void print_chart(const struct offsets *offsets)
{
	struct chart chart = {.columns = CHART_COLUMNS,
			      .lines = CHART_LINES,
			      .has_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
			      .begin_mono_ns = offsets->list[0].mono_ns,
			      .end_mono_ns = offsets->list[offsets->n - 1].mono_ns};

	if (offsets->n > 1 && chart.begin_mono_ns < chart.end_mono_ns)
		chart_print(offsets, &chart, stdout);
}

static void print_summary(const struct offsets *offsets, const struct offset_statistics *s)
{
	char t[6][WORDS_SIZE];

	printf("%zu offsets in %s, %zu of them in lock\n", s->n, words_age(span_ns(offsets), t[0]),
	       s->n_locked);
	printf("offset       mean %s, sd %s, rms %s\n", words_ns(s->mean_ns, t[0]), words_ns(s->sd_ns, t[1]),
	       words_ns(s->rms_ns, t[2]));
	printf("magnitude    p50 %s, p90 %s, p99 %s, p99.9 %s, max %s\n", words_ns(s->p50_ns, t[0]),
	       words_ns(s->p90_ns, t[1]), words_ns(s->p99_ns, t[2]), words_ns(s->p99_9_ns, t[3]),
	       words_ns(s->max_ns, t[4]));
	printf("frequency    mean %+.1f ppb", s->frequency_mean_ppb);
	if (!isnan(s->frequency_sd_ppb))
		printf(", sd %.1f ppb", s->frequency_sd_ppb);
	putchar('\n');
	if (!isnan(s->delay_p50_ns))
		printf("path delay   min %s, p50 %s, max %s\n", words_ns(s->delay_min_ns, t[0]),
		       words_ns(s->delay_p50_ns, t[1]), words_ns(s->delay_max_ns, t[2]));
	putchar('\n');
	print_chart(offsets);
}

static struct json_object *statistics_json(const struct offset_statistics *s)
{
	const struct {
		const char *name;
		double number;
	} members[] = {
		{"mean_ns", s->mean_ns},
		{"sd_ns", s->sd_ns},
		{"rms_ns", s->rms_ns},
		{"p50_ns", s->p50_ns},
		{"p90_ns", s->p90_ns},
		{"p99_ns", s->p99_ns},
		{"p99_9_ns", s->p99_9_ns},
		{"max_ns", s->max_ns},
		{"frequency_mean_ppb", s->frequency_mean_ppb},
		{"frequency_sd_ppb", s->frequency_sd_ppb},
		{"path_delay_min_ns", s->delay_min_ns},
		{"path_delay_p50_ns", s->delay_p50_ns},
		{"path_delay_max_ns", s->delay_max_ns},
	};
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "n", json_object_new_uint64(s->n));
	json_object_object_add(object, "n_locked", json_object_new_uint64(s->n_locked));
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		json_object_object_add(object, members[i].name, tool_json_number(members[i].number, 1));
	return object;
}

static int print_json(const struct offsets *offsets, const struct offset_statistics *s)
{
	_cleanup_(tool_cleanup_json) struct json_object *all = json_object_new_object();
	struct json_object *fields = json_object_new_array(), *rows = json_object_new_array();

	for (size_t i = 0; i < ARRAY_SIZE(offset_fields); i++)
		json_object_array_add(fields, json_object_new_string(offset_fields[i]));
	for (size_t i = 0; i < offsets->n; i++)
		json_object_array_add(rows, offset_json(&offsets->list[i]));
	json_object_object_add(all, "fields", fields);
	json_object_object_add(all, "offsets", rows);
	json_object_object_add(all, "lost", json_object_new_uint64(offsets->n_lost));
	json_object_object_add(all, "statistics", statistics_json(s));
	return tool_print_json(all, stdout);
}

static enum exit_status conclude(const struct trace *trace)
{
	const struct options *o = trace->options;
	struct offset_statistics statistics;
	char reason[256];

	if (offsets_statistics(&trace->offsets, &statistics) < 0)
		return tool_out_of_memory();
	if (o->wants_json && print_json(&trace->offsets, &statistics) < 0)
		return tool_out_of_memory();
	if (!o->wants_json && trace->offsets.n && !is_csv_on_stdout(o))
		print_summary(&trace->offsets, &statistics);
	if (tool_finish() != EXIT_FINE)
		return EXIT_REFUSED;
	fprintf(stderr, "ebpf-bcctl: %zu offsets, %" PRIu64 " lost\n", trace->offsets.n,
		trace->offsets.n_lost);
	if (trace->offsets.n == 0)
		return EXIT_REFUSED;
	if (o->plot_path && trace_plot_write(&trace->offsets, o->plot_path, reason, sizeof(reason)) < 0) {
		tool_complain("cannot draw", reason);
		return EXIT_REFUSED;
	}
	return EXIT_FINE;
}

/* All that can be told before minutes of measuring. */
static enum exit_status prepare(const struct options *o, FILE **file, struct trace *trace)
{
	char reason[256];

	if (o->plot_path && picture_check(o->plot_path, reason, sizeof(reason)) < 0) {
		tool_complain("cannot draw", reason);
		return EXIT_REFUSED;
	}
	if (is_csv_on_stdout(o)) {
		trace->csv = stdout;
	} else if (o->csv_path) {
		trace->csv = *file = fopen(o->csv_path, "we");
		if (!*file) {
			tool_complain(o->csv_path, strerror(errno));
			return EXIT_REFUSED;
		}
	}
	if (trace->csv) {
		for (size_t i = 0; i < ARRAY_SIZE(offset_fields); i++)
			fprintf(trace->csv, "%s%s", i ? "," : "", offset_fields[i]);
		putc('\n', trace->csv);
	}
	return tool_begin_pauses() ? EXIT_FINE : EXIT_REFUSED;
}

static void trace_cleanup(struct trace *trace)
{
	offsets_free(&trace->offsets);
	client_free(trace->client);
}

static enum exit_status run(const char *socket_path, const struct options *o)
{
	_cleanup_(trace_cleanup) struct trace trace = {.options = o};
	_cleanup_file_ FILE *file = NULL;
	enum exit_status status = tool_connect(socket_path, &trace.client), concluded;
	int r;

	if (status == EXIT_FINE)
		status = prepare(o, &file, &trace);
	if (status != EXIT_FINE)
		return status;
	r = follow(&trace);
	if (r == -EIO) {
		tool_complain(is_csv_on_stdout(o) ? "standard output" : o->csv_path, "cannot be written");
		return EXIT_REFUSED;
	}
	status = r < 0 ? tool_fail(trace.client, r) : EXIT_FINE;
	if (status != EXIT_FINE && trace.offsets.n == 0)
		return status;
	/* What came before the daemon went is not thrown away. */
	concluded = conclude(&trace);
	return status != EXIT_FINE ? status : concluded;
}

enum exit_status trace_main(const char *socket_path, int argc, char **argv)
{
	struct options o = {};

	if (!read_options(&o, argc, argv))
		return tool_usage(argv[0]);
	if (!o.wants_help)
		return run(socket_path, &o);
	puts("usage: ebpf-bcctl [-s SOCKET] trace [options]\n\n"
	     "The offset from the master over time: what the daemon still knows of it, summed up and as a "
	     "plot.\n\n"
	     "  --seconds N      also what comes within N seconds, or until interrupted\n"
	     "  --csv FILE       a line for each offset; -: standard output\n"
	     "  --plot FILE.svg  draws offset over time and CCDF; needs gnuplot\n"
	     "  --json           one object, with every offset and the statistics");
	return tool_finish();
}
