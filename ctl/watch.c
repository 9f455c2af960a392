// SPDX-License-Identifier: GPL-2.0-or-later
/* `ebpf-bcctl watch`: looks again and again, also for a daemon that went away. */
#include "ctl/watch.h"

#include <errno.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/grid.h"
#include "ctl/pause.h"
#include "ctl/screen.h"
#include "ctl/watch_view.h"
#include "util/cleanup.h"
#include "util/macros.h"

struct options {
	double interval_s;
	unsigned long count; /* 0: no end */
	bool wants_json, wants_help;
};

struct watch {
	const struct options *options;
	struct watched watched;
	struct screen screen;
	struct watch_view view;
};

static bool read_count(const char *text, unsigned long *ret_count)
{
	char *end;
	unsigned long count = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || count < 1 || count > 1000000000)
		return tool_complain("not a number of looks", text);
	*ret_count = count;
	return true;
}

static bool read_interval(const char *text, double *ret_interval_s)
{
	if (!tool_read_seconds(text, ret_interval_s))
		return false;
	/* A look asks five things, and of one client the daemon answers twenty a second. */
	return *ret_interval_s >= 0.25 || tool_complain("the shortest interval is 0.25 seconds, not", text);
}

static bool read_options(struct options *o, int argc, char **argv)
{
	static const struct option long_options[] = {{"interval", required_argument, NULL, 'i'},
						     {"count", required_argument, NULL, 'c'},
						     {"json", no_argument, NULL, 'j'},
						     {"help", no_argument, NULL, 'h'},
						     {}};
	int option;

	optind = 1;
	while ((option = tool_option(argc, argv, long_options)) != -1) {
		if (option == '?' || (option == 'i' && !read_interval(optarg, &o->interval_s)) ||
		    (option == 'c' && !read_count(optarg, &o->count)))
			return false;
		o->wants_json |= option == 'j';
		o->wants_help |= option == 'h';
	}
	return true;
}

static void show(struct watch *watch)
{
	_cleanup_(tool_cleanup_json) struct json_object *told = NULL;
	_cleanup_free_ char *text = NULL;

	if (watch->options->wants_json) {
		told = watch_view_json(&watch->watched);
		tool_print_json(told, stdout); /* else the next look */
		fflush(stdout);
		return;
	}
	screen_size(&watch->screen, &watch->view.columns, &watch->view.lines);
	text = watch_view_text(&watch->watched, &watch->view);
	if (text)
		screen_show(&watch->screen, text);
}

/* False when a signal ends it. */
static bool wait_until(struct watch *watch, uint64_t mono_ns)
{
	enum pause_end end;

	while ((end = pause_until(mono_ns, screen_fd(&watch->screen))) == PAUSE_READABLE) {
		screen_handle(&watch->screen);
		show(watch);
	}
	return end == PAUSE_OVER;
}

static enum exit_status follow(struct watch *watch)
{
	uint64_t interval_ns = (uint64_t)(watch->options->interval_s * NSEC_PER_SEC);
	unsigned long n = 0;

	for (;;) {
		uint64_t begin_mono_ns = now_mono_ns();

		/* The first look is there already; later ones may fail. */
		if (n > 0)
			watched_update(&watch->watched);
		show(watch);
		if (ferror(stdout) || ++n == watch->options->count ||
		    !wait_until(watch, begin_mono_ns + interval_ns))
			return EXIT_FINE;
	}
}

/* Who was never there is not waited for. */
static enum exit_status first_look(struct watched *watched)
{
	enum exit_status status = tool_connect(watched->socket_path, &watched->client);
	int r;

	if (status != EXIT_FINE)
		return status;
	r = watched_update(watched);
	if (r == 0)
		return EXIT_FINE;
	tool_complain(watched->reason, NULL);
	return r == -EPIPE || r == -ETIMEDOUT ? EXIT_NO_DAEMON : EXIT_REFUSED;
}

static void watch_cleanup(struct watch *watch)
{
	screen_end(&watch->screen);
	watched_free(&watch->watched);
}

static enum exit_status run(const char *socket_path, const struct options *o)
{
	_cleanup_(watch_cleanup) struct watch watch = {
		.options = o, .watched = {.socket_path = socket_path}, .screen = {.signal_fd = -1}};
	enum exit_status status = first_look(&watch.watched);
	int r;

	if (status != EXIT_FINE)
		return status;
	if (!tool_begin_pauses())
		return EXIT_REFUSED;
	watch.view.is_coloured = colours_wanted();
	watch.view.has_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	r = o->wants_json ? 0 : screen_begin(&watch.screen);
	if (r < 0) {
		tool_complain("the terminal", strerror(-r));
		return EXIT_REFUSED;
	}
	status = follow(&watch);
	/* Before anything is told. */
	screen_end(&watch.screen);
	return status == EXIT_FINE ? tool_finish() : status;
}

enum exit_status watch_main(const char *socket_path, int argc, char **argv)
{
	struct options o = {.interval_s = 1};

	if (!read_options(&o, argc, argv))
		return tool_usage(argv[0]);
	if (!o.wants_help)
		return run(socket_path, &o);
	puts("usage: ebpf-bcctl [-s SOCKET] watch [options]\n\n"
	     "The clock as it goes: state, ports with what they receive and send, the offsets of the last "
	     "two\n"
	     "minutes, and the newest lines of the log; until interrupted.\n\n"
	     "  --interval SECONDS  how often it looks (1)\n"
	     "  --count N           ends after so many looks\n"
	     "  --json              a line with one object for each look");
	return tool_finish();
}
