// SPDX-License-Identifier: GPL-2.0-or-later
/* `ebpf-bcctl residence`: its options, and what it does with them. */
#include "ctl/residence.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "ctl/fetch.h"
#include "ctl/pause.h"
#include "ctl/plot.h"
#include "ctl/raw.h"
#include "ctl/table.h"
#include "util/cleanup.h"
#include "util/macros.h"

#define PROGRAM "ebpf-bcctl: "

enum output {
	OUTPUT_TABLE,
	OUTPUT_JSON,
	OUTPUT_CSV,
	OUTPUT_WATCH,
	OUTPUT_RAW,
};

struct options {
	enum output output;
	bool has_output;
	double watch_s;
	double seconds; /* 0: not given */
	const char *raw_path, *plot_path;
	bool clear, wants_help;
	struct residence_filter filter;
};

enum {
	OPTION_JSON = 256,
	OPTION_CSV,
	OPTION_WATCH,
	OPTION_RAW,
	OPTION_SECONDS,
	OPTION_PLOT,
	OPTION_CLEAR,
	OPTION_PORT,
	OPTION_TYPE,
};

static const struct option long_options[] = {
	{"json", no_argument, NULL, OPTION_JSON},
	{"csv", no_argument, NULL, OPTION_CSV},
	{"watch", optional_argument, NULL, OPTION_WATCH},
	{"raw", required_argument, NULL, OPTION_RAW},
	{"seconds", required_argument, NULL, OPTION_SECONDS},
	{"plot", required_argument, NULL, OPTION_PLOT},
	{"clear", no_argument, NULL, OPTION_CLEAR},
	{"port", required_argument, NULL, OPTION_PORT},
	{"type", required_argument, NULL, OPTION_TYPE},
	{"help", no_argument, NULL, 'h'},
	{},
};

static void usage(void)
{
	fputs("usage: ebpf-bcctl [-s SOCKET] residence [options]\n"
	      "\n"
	      "How long event messages stayed in the box, for each ingress port, egress port and type, from "
	      "the\n"
	      "receive stamp to the transmit stamp.\n"
	      "\n"
	      " What\n"
	      "  --port NAME        only what came in or left by this port\n"
	      "  --type TYPE        only sync, delay_req, pdelay_req or pdelay_resp\n"
	      "  --seconds N        only what comes within N seconds; with --watch and --raw: then end\n"
	      "  --clear            first forget what was counted; alone: nothing else. For root.\n"
	      " How; a table by default\n"
	      "  --json             one object, with the histograms\n"
	      "  --csv              a line for each {ports, type, part}; times in ns\n"
	      "  --watch [SECONDS]  again and again: what is new, and in total (1)\n"
	      "  --raw FILE         every single message as a line of CSV, until interrupted; -: standard "
	      "output\n"
	      "  --plot FILE.svg    also draw histogram and CCDF; needs gnuplot\n",
	      stdout);
}

static bool set_output(struct options *o, enum output output)
{
	if (o->has_output && o->output != output)
		return tool_complain("only one of --json, --csv, --watch and --raw", NULL);
	o->output = output;
	o->has_output = true;
	return true;
}

/* The number may be a word of its own. */
static bool set_watch(struct options *o, int argc, char **argv)
{
	const char *text = tool_optional_number(argc, argv);

	return set_output(o, OUTPUT_WATCH) && (!text || tool_read_seconds(text, &o->watch_s));
}

static bool set_option(struct options *o, int option, int argc, char **argv)
{
	switch (option) {
	case OPTION_JSON:
		return set_output(o, OUTPUT_JSON);
	case OPTION_CSV:
		return set_output(o, OUTPUT_CSV);
	case OPTION_WATCH:
		return set_watch(o, argc, argv);
	case OPTION_RAW:
		o->raw_path = optarg;
		return set_output(o, OUTPUT_RAW);
	case OPTION_SECONDS:
		return tool_read_seconds(optarg, &o->seconds);
	case OPTION_PLOT:
		o->plot_path = optarg;
		return true;
	case OPTION_CLEAR:
		o->clear = true;
		return true;
	case OPTION_PORT:
		o->filter.port = optarg;
		return true;
	case OPTION_TYPE:
		o->filter.type = optarg;
		return true;
	case 'h':
		o->wants_help = true;
		return true;
	default:
		return false;
	}
}

static bool read_options(struct options *o, int argc, char **argv)
{
	int option;

	optind = 1;
	while ((option = tool_option(argc, argv, long_options)) != -1)
		if (!set_option(o, option, argc, argv))
			return false;
	if (o->plot_path && (o->output == OUTPUT_WATCH || o->output == OUTPUT_RAW))
		return tool_complain("--plot draws what was counted: not with --watch or --raw", NULL);
	return true;
}

static enum exit_status refuse_to_draw(const char *reason)
{
	tool_complain("cannot draw", reason);
	return EXIT_REFUSED;
}

static uint64_t time_limit_mono_ns(const struct options *o)
{
	return o->seconds > 0 ? now_mono_ns() + (uint64_t)(o->seconds * NSEC_PER_SEC) : UINT64_MAX;
}

static enum exit_status run_raw(struct client *client, const struct box *box, const struct options *o)
{
	_cleanup_file_ FILE *file = NULL;
	struct raw_result result;
	FILE *to = stdout;
	int r;

	if (strcmp(o->raw_path, "-") != 0) {
		to = file = fopen(o->raw_path, "we");
		if (!file) {
			tool_complain(o->raw_path, strerror(errno));
			return EXIT_REFUSED;
		}
	}
	if (!tool_begin_pauses())
		return EXIT_REFUSED;
	r = raw_run(client, box, &o->filter, time_limit_mono_ns(o), to, &result);
	fprintf(stderr, PROGRAM "%" PRIu64 " samples, %" PRIu64 " lost\n", result.n_written, result.n_lost);
	if (r == -EIO) {
		tool_complain(o->raw_path, "cannot be written");
		return EXIT_REFUSED;
	}
	if (r < 0)
		return tool_fail(client, r);
	return result.n_written ? EXIT_FINE : EXIT_REFUSED;
}

/* A terminal is written over from its top; elsewhere pictures follow each other. */
static void show(const struct residences *since, const struct residences *total, double seconds)
{
	bool is_terminal = isatty(STDOUT_FILENO);
	const char *line_end = is_terminal ? "\033[K\n" : "\n";

	if (is_terminal)
		fputs("\033[H", stdout);
	printf("last %.1f s%s", seconds, line_end);
	table_print(since, line_end, stdout);
	printf("%sin total%s", line_end, line_end);
	table_print(total, line_end, stdout);
	fputs(is_terminal ? "\033[J" : "\n", stdout);
	fflush(stdout);
}

static enum exit_status run_watch(struct client *client, const struct options *o)
{
	_cleanup_(residences_free) struct residences earlier = {};
	uint64_t limit_mono_ns = time_limit_mono_ns(o), last_mono_ns = now_mono_ns(),
		 next_mono_ns = last_mono_ns;
	enum pause_end end;
	int r;

	if (!tool_begin_pauses())
		return EXIT_REFUSED;
	r = fetch_residences(client, &o->filter, &earlier);
	if (isatty(STDOUT_FILENO))
		fputs("\033[2J", stdout);
	while (r == 0 && !ferror(stdout)) {
		_cleanup_(residences_free) struct residences now = {}, since = {};
		uint64_t now_ns;

		next_mono_ns += (uint64_t)(o->watch_s * NSEC_PER_SEC);
		end = pause_until(MIN(next_mono_ns, limit_mono_ns), -1);
		if (end != PAUSE_OVER)
			break;
		r = fetch_residences(client, &o->filter, &now);
		if (r == 0)
			r = residences_since(&now, &earlier, &since);
		if (r < 0)
			break;
		now_ns = now_mono_ns();
		show(&since, &now, (double)(now_ns - last_mono_ns) / NSEC_PER_SEC);
		last_mono_ns = now_ns;
		residences_free(&earlier);
		earlier = now;
		now = (struct residences){};
		if (now_ns >= limit_mono_ns)
			break;
	}
	return r < 0 ? tool_fail(client, r) : EXIT_FINE;
}

/* What was counted so far, or what comes within the time that was given. */
static int measure(struct client *client, const struct options *o, struct residences *ret_residences)
{
	_cleanup_(residences_free) struct residences before = {}, after = {};
	int r = fetch_residences(client, &o->filter, &before);

	if (r < 0 || o->seconds <= 0) {
		*ret_residences = before;
		before = (struct residences){};
		return r;
	}
	if (!tool_begin_pauses())
		return -EIO;
	pause_until(time_limit_mono_ns(o), -1);
	r = fetch_residences(client, &o->filter, &after);
	return r < 0 ? r : residences_since(&after, &before, ret_residences);
}

static int print(const struct residences *residences, enum output output)
{
	switch (output) {
	case OUTPUT_JSON:
		return json_print(residences, stdout);
	case OUTPUT_CSV:
		csv_print(residences, stdout);
		return 0;
	default:
		if (residences->n)
			table_print(residences, "\n", stdout);
		return 0;
	}
}

static enum exit_status plot(const struct residences *residences, const char *path)
{
	char reason[256];

	if (plot_write(residences, path, reason, sizeof(reason)) < 0)
		return refuse_to_draw(reason);
	if (residences->n > PLOT_CURVES_MAX)
		fprintf(stderr,
			PROGRAM "drawn are the %d of %zu with most messages; --port and --type choose\n",
			PLOT_CURVES_MAX, residences->n);
	return EXIT_FINE;
}

static void complain_of_nothing(const struct box *box)
{
	bool is_end = strcmp(box->clock_type, "BC") == 0 || strcmp(box->clock_type, "OC") == 0;

	tool_complain(
		is_end ? "no event message was measured: that takes E2E_TC, P2P_TC or MONITOR, and this is"
		       : "no event message was measured",
		is_end ? box->clock_type : NULL);
}

static enum exit_status run_once(struct client *client, const struct box *box, const struct options *o)
{
	_cleanup_(residences_free) struct residences residences = {};
	int r = measure(client, o, &residences);

	if (r == 0)
		r = print(&residences, o->output);
	if (r < 0)
		return tool_fail(client, r);
	if (tool_finish() != EXIT_FINE)
		return EXIT_REFUSED;
	if (residences.n == 0) {
		complain_of_nothing(box);
		return EXIT_REFUSED;
	}
	return o->plot_path ? plot(&residences, o->plot_path) : EXIT_FINE;
}

static enum exit_status run(struct client *client, const struct options *o)
{
	static struct box box;
	char reason[256];
	int r = fetch_box(client, &box);

	if (r < 0)
		return tool_fail(client, r);
	if (!tool_is_known("port", o->filter.port, &box.ports) ||
	    !tool_is_known("type of message", o->filter.type, &box.message_types))
		return EXIT_USAGE;
	/* Not only after the minutes that a measurement takes, and before anything is forgotten. */
	if (o->plot_path && picture_check(o->plot_path, reason, sizeof(reason)) < 0)
		return refuse_to_draw(reason);
	if (o->clear) {
		r = fetch_clear(client);
		if (r < 0)
			return tool_fail(client, r);
		if (!o->has_output && !o->plot_path && o->seconds <= 0)
			return EXIT_FINE;
	}
	switch (o->output) {
	case OUTPUT_RAW:
		return run_raw(client, &box, o);
	case OUTPUT_WATCH:
		return run_watch(client, o);
	default:
		return run_once(client, &box, o);
	}
}

enum exit_status residence_main(const char *socket_path, int argc, char **argv)
{
	_cleanup_(tool_cleanup_client) struct client *client = NULL;
	struct options o = {.watch_s = 1};
	enum exit_status status;

	if (!read_options(&o, argc, argv))
		return tool_usage(argv[0]);
	if (o.wants_help) {
		usage();
		return tool_finish();
	}
	status = tool_connect(socket_path, &client);
	return status == EXIT_FINE ? run(client, &o) : status;
}
