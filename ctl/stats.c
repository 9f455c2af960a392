// SPDX-License-Identifier: GPL-2.0-or-later
/* `ebpf-bcctl stats`. */
#include "ctl/stats.h"

#include <inttypes.h>
#include <math.h>

#include "ctl/fetch.h"
#include "ctl/grid.h"
#include "ctl/pause.h"
#include "ctl/query.h"
#include "ctl/rates.h"
#include "ctl/value.h"
#include "util/cleanup.h"
#include "util/macros.h"

struct options {
	const char *port;
	double rate_s; /* 0: no rates */
	bool wants_all, wants_json, wants_help;
};

/* Two looks, or the first alone. */
struct looks {
	struct json_object *first, *last;
	double seconds; /* between them */
};

static void looks_cleanup(struct looks *looks)
{
	json_object_put(looks->first);
	json_object_put(looks->last);
}

static bool read_options(struct options *o, int argc, char **argv)
{
	static const struct option long_options[] = {
		{"port", required_argument, NULL, 'p'}, {"rate", optional_argument, NULL, 'r'},
		{"all", no_argument, NULL, 'a'},	{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},	{}};
	int option;

	optind = 1;
	while ((option = tool_option(argc, argv, long_options)) != -1) {
		if (option == 'p') {
			o->port = optarg;
		} else if (option == 'r') {
			const char *text = tool_optional_number(argc, argv);

			o->rate_s = 1;
			if (text && !tool_read_seconds(text, &o->rate_s))
				return false;
		} else if (option == '?') {
			return false;
		}
		o->wants_all |= option == 'a';
		o->wants_json |= option == 'j';
		o->wants_help |= option == 'h';
	}
	return true;
}

static bool is_wanted(const struct options *o, struct json_object *stats)
{
	return !o->port || value_is(stats, "name", o->port);
}

static bool is_known(const struct options *o, struct json_object *stats)
{
	for (size_t i = 0; i < value_length(stats); i++)
		if (is_wanted(o, json_object_array_get_idx(stats, i)))
			return true;
	if (!o->port)
		return true;
	tool_complain_port(o->port, stats);
	return false;
}

static int look_again(struct client *client, const struct options *o, uint64_t begin_mono_ns,
		      struct looks *looks)
{
	pause_until(begin_mono_ns + (uint64_t)(o->rate_s * NSEC_PER_SEC), -1);
	looks->seconds = (double)(now_mono_ns() - begin_mono_ns) / NSEC_PER_SEC;
	return query_stats(client, &looks->last);
}

static struct json_object *now_of(const struct looks *looks)
{
	return looks->last ? looks->last : looks->first;
}

static struct json_object *earlier_of(const struct looks *looks, struct json_object *stats)
{
	return looks->last ? rates_find(looks->first, stats) : NULL;
}

/* Returns how many were added. */
static size_t add_counters(struct grid *grid, const struct options *o, const struct looks *looks,
			   struct json_object *stats)
{
	struct json_object *counters = value_get(stats, "counters");
	char name[VALUE_TEXT_SIZE], counter[VALUE_TEXT_SIZE];
	size_t n_added = 0;

	value_text(stats, "name", "-", name);
	if (!json_object_is_type(counters, json_type_object))
		return 0;
	json_object_object_foreach(counters, key, value)
	{
		double rate = rates_of(stats, earlier_of(looks, stats), key, looks->seconds);
		uint64_t n;

		if (!json_get_u64(value, &n) || (n == 0 && !o->wants_all))
			continue;
		value_printable(key, counter);
		grid_add(grid, COLOUR_NONE, "%s", name);
		grid_add(grid, COLOUR_NONE, "%s", counter);
		grid_add(grid, COLOUR_NONE, "%" PRIu64, n);
		if (isnan(rate))
			grid_add(grid, COLOUR_NONE, "-");
		else
			grid_add(grid, COLOUR_NONE, "%.1f", rate);
		n_added++;
	}
	return n_added;
}

static enum exit_status print_table(const struct options *o, const struct looks *looks)
{
	static const char *const headings[] = {"port", "counter", ">count", ">per second"};
	_cleanup_(grid_cleanup) struct grid *grid = grid_new(ARRAY_SIZE(headings), headings);
	struct json_object *now = now_of(looks);
	size_t n = 0;

	if (!grid)
		return tool_out_of_memory();
	for (size_t i = 0; i < value_length(now); i++) {
		struct json_object *stats = json_object_array_get_idx(now, i);

		if (is_wanted(o, stats))
			n += add_counters(grid, o, looks, stats);
	}
	if (n == 0) {
		tool_complain("nothing was counted yet; --all shows every counter", NULL);
		return EXIT_REFUSED;
	}
	grid_print(grid, colours_wanted(), true, stdout);
	return tool_finish();
}

static struct json_object *rates_json(struct json_object *stats, struct json_object *earlier, double seconds)
{
	struct json_object *counters = value_get(stats, "counters"), *rates = json_object_new_object();

	if (!json_object_is_type(counters, json_type_object))
		return rates;
	json_object_object_foreach(counters, key, unused)
	{
		double rate = rates_of(stats, earlier, key, seconds);

		(void)unused;
		json_object_object_add(rates, key, tool_json_number(rate, 3));
	}
	return rates;
}

static enum exit_status print_json(const struct options *o, const struct looks *looks)
{
	_cleanup_(tool_cleanup_json) struct json_object *all = json_object_new_object();
	struct json_object *now = now_of(looks), *ports = json_object_new_array();

	if (looks->last)
		json_object_object_add(all, "seconds", tool_json_number(looks->seconds, 3));
	json_object_object_add(all, "ports", ports);
	for (size_t i = 0; i < value_length(now); i++) {
		struct json_object *stats = json_object_array_get_idx(now, i);

		if (!is_wanted(o, stats))
			continue;
		if (looks->last)
			json_object_object_add(stats, "rates",
					       rates_json(stats, earlier_of(looks, stats), looks->seconds));
		json_object_array_add(ports, json_object_get(stats));
	}
	return tool_print_json(all, stdout) < 0 ? tool_out_of_memory() : tool_finish();
}

static enum exit_status run(const char *socket_path, const struct options *o)
{
	_cleanup_(tool_cleanup_client) struct client *client = NULL;
	_cleanup_(looks_cleanup) struct looks looks = {};
	enum exit_status status = tool_connect(socket_path, &client);
	uint64_t begin_mono_ns = now_mono_ns();
	int r;

	if (status != EXIT_FINE)
		return status;
	r = query_stats(client, &looks.first);
	if (r < 0)
		return tool_fail(client, r);
	if (!is_known(o, looks.first))
		return EXIT_USAGE;
	if (o->rate_s > 0)
		r = look_again(client, o, begin_mono_ns, &looks);
	if (r < 0)
		return tool_fail(client, r);
	return o->wants_json ? print_json(o, &looks) : print_table(o, &looks);
}

enum exit_status stats_main(const char *socket_path, int argc, char **argv)
{
	struct options o = {};

	if (!read_options(&o, argc, argv))
		return tool_usage(argv[0]);
	if (!o.wants_help)
		return run(socket_path, &o);
	puts("usage: ebpf-bcctl [-s SOCKET] stats [options]\n\n"
	     "What each port counted since the daemon was started, or reloaded with a changed "
	     "configuration;\n"
	     "ebpf-bc-counters(7) tells what they mean.\n\n"
	     "  --port NAME       only this port\n"
	     "  --all             also the counters that are 0\n"
	     "  --rate [SECONDS]  looks twice and adds how many a second came meanwhile (1)\n"
	     "  --json            one object, with every counter");
	return tool_finish();
}
