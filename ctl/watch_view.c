// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the top: state, ports, offsets, log. Where the window is low the ports have precedence over the plot,
 * and the log keeps a line.
 */
#include "ctl/watch_view.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "ctl/chart.h"
#include "ctl/grid.h"
#include "ctl/pause.h"
#include "ctl/rates.h"
#include "ctl/show.h"
#include "ctl/tool.h"
#include "ctl/words.h"
#include "util/cleanup.h"
#include "util/macros.h"

#define CHART_SPAN_NS	(120 * NSEC_PER_SEC)
#define CHART_LINES_MIN 6
#define CHART_LINES_MAX 16

static int count_lines(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void put_gone(const struct watched *watched, bool is_coloured, FILE *to)
{
	char age[WORDS_SIZE], words[sizeof(watched->reason) + 128];

	if (!watched->gone_mono_ns)
		return;
	snprintf(words, sizeof(words), "no daemon for %s (%s); this is the last that it told",
		 words_age(now_mono_ns() - watched->gone_mono_ns, age), watched->reason);
	colour_put(words, COLOUR_BAD, is_coloured, to);
	putc('\n', to);
}

static void add_rate(struct grid *grid, double rate, enum colour colour)
{
	if (isnan(rate))
		grid_add(grid, COLOUR_NONE, "-");
	else
		grid_add(grid, rate > 0 ? colour : COLOUR_NONE, "%.1f", rate);
}

/*
 * Two counters that show that a port works: of a clock that talks the Syncs in and out, of one that lets pass
 * the event messages corrected at their egress and the Follow_Ups that were completed there.
 */
struct traffic {
	const char *first, *first_heading, *first_member;
	const char *second, *second_heading, *second_member;
};

static const struct traffic *traffic_of(const struct watched *watched)
{
	static const struct traffic talks = {"rx_sync", ">sync in/s",  "sync_in_per_s",
					     "tx_sync", ">sync out/s", "sync_out_per_s"};
	static const struct traffic passes = {"bpf_tx_corrected",	   ">corrected/s", "corrected_per_s",
					      "bpf_tx_follower_corrected", ">completed/s", "completed_per_s"};

	return value_is(watched->status, "state", "forwarding") ||
			       value_is(watched->status, "state", "measuring")
		       ? &passes
		       : &talks;
}

struct port_rates {
	double first, second, refused;
};

static struct port_rates rates_of_port(const struct watched *watched, struct json_object *port)
{
	struct json_object *now = rates_find(watched->stats, port);
	struct json_object *earlier = rates_find(watched->earlier_stats, port);
	const struct traffic *traffic = traffic_of(watched);
	double seconds = watched->stats_s;

	return (struct port_rates){.first = rates_of(now, earlier, traffic->first, seconds),
				   .second = rates_of(now, earlier, traffic->second, seconds),
				   .refused = rates_of_refused(now, earlier, seconds)};
}

static void add_port(struct grid *grid, const struct watched *watched, struct json_object *port)
{
	char text[VALUE_TEXT_SIZE], words[WORDS_SIZE];
	bool is_unusable = value_get(port, "is_usable") && !value_true(port, "is_usable");
	struct port_rates rates = rates_of_port(watched, port);
	double delay_ns = NAN;

	grid_add(grid, COLOUR_NONE, "%s", value_text(port, "name", "-", text));
	value_text(port, "state", "-", text);
	grid_add(grid, words_state_colour(text), "%s", text);
	value_number(port, "delay_ns", &delay_ns);
	grid_add(grid, COLOUR_NONE, "%s", words_ns(delay_ns, words));
	add_rate(grid, rates.first, COLOUR_NONE);
	add_rate(grid, rates.second, COLOUR_NONE);
	add_rate(grid, rates.refused, COLOUR_WARN);
	grid_add(grid, COLOUR_NONE, "%s", value_text(port, "peer", "-", text));
	grid_add(grid, COLOUR_BAD, "%s", is_unusable ? value_text(port, "reason", "unusable", text) : "");
}

/* At most so many lines. */
static void put_ports(const struct watched *watched, int lines, bool is_coloured, FILE *to)
{
	const struct traffic *traffic = traffic_of(watched);
	const char *const headings[] = {
		"port",	      "state", ">delay", traffic->first_heading, traffic->second_heading,
		">refused/s", "peer",  ""};
	_cleanup_(grid_cleanup) struct grid *grid = grid_new(ARRAY_SIZE(headings), headings);
	size_t n = value_length(watched->ports), n_shown = n;

	if (lines < 3 || !grid)
		return;
	if (n + 1 > (size_t)lines)
		n_shown = (size_t)lines - 2;
	for (size_t i = 0; i < n_shown; i++)
		add_port(grid, watched, json_object_array_get_idx(watched->ports, i));
	grid_print(grid, is_coloured, false, to);
	if (n_shown < n)
		fprintf(to, "and %zu ports more\n", n - n_shown);
}

static void put_chart(const struct watched *watched, const struct watch_view *view, int lines, FILE *to)
{
	/* While the daemon is away the time goes on. */
	uint64_t away_ns = watched->gone_mono_ns ? now_mono_ns() - watched->gone_mono_ns : 0;
	uint64_t end_mono_ns = watched->now_mono_ns + away_ns;
	struct chart chart = {.columns = view->columns,
			      .lines = lines,
			      .has_utf8 = view->has_utf8,
			      .begin_mono_ns = end_mono_ns - MIN(end_mono_ns, CHART_SPAN_NS),
			      .end_mono_ns = MAX(end_mono_ns, 1)};

	if (watched->offsets.n && view->columns >= 40)
		chart_print(&watched->offsets, &chart, to);
}

static void put_log(const struct watched *watched, size_t n, bool is_coloured, FILE *to)
{
	for (size_t i = watched->n_log - MIN(n, watched->n_log); i < watched->n_log; i++) {
		const struct log_line *line = &watched->log[i];
		enum colour colour = line->level <= LOG_ERR	  ? COLOUR_BAD
				     : line->level == LOG_WARNING ? COLOUR_WARN
								  : COLOUR_NONE;

		fprintf(to, "[%" PRId64 ".%03" PRId64 "] ", line->mono_ns / (int64_t)NSEC_PER_SEC,
			line->mono_ns % (int64_t)NSEC_PER_SEC / (int64_t)NSEC_PER_MSEC);
		colour_put(line->text, colour, is_coloured, to);
		putc('\n', to);
	}
}

static char *head_text(const struct watched *watched, bool is_coloured)
{
	char *text = NULL;
	size_t size;
	_cleanup_file_ FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	put_gone(watched, is_coloured, to);
	show_state(watched->status, is_coloured, to);
	show_alarms(watched->status, is_coloured, to);
	putc('\n', to);
	fclose(TAKE_PTR(to));
	return text;
}

/* Without an end everything has its place. */
static void put_unbounded(const struct watched *watched, const struct watch_view *view, FILE *to)
{
	put_ports(watched, INT_MAX, view->is_coloured, to);
	if (watched->offsets.n) {
		putc('\n', to);
		put_chart(watched, view, CHART_LINES_MIN + 4, to);
	}
	if (watched->n_new_log)
		putc('\n', to);
	put_log(watched, watched->n_new_log, view->is_coloured, to);
	putc('\n', to);
}

static void put_bounded(const struct watched *watched, const struct watch_view *view, int lines, FILE *to)
{
	int n_ports = MIN((int)value_length(watched->ports) + 1, lines - 2);
	int n_log_known = (int)watched->n_log, n_log, n_chart;

	/* Of the rest, less two blank lines, the log has a third, and what the plot has no use for. */
	lines -= n_ports + 2;
	n_log = MIN(n_log_known, MAX(lines / 3, 1));
	n_chart = MIN(lines - n_log, CHART_LINES_MAX);
	if (n_chart < CHART_LINES_MIN || watched->offsets.n == 0)
		n_chart = 0;
	/* Without a plot there is a blank line less. */
	n_log = MIN(n_log_known, lines - n_chart + !n_chart);
	put_ports(watched, n_ports, view->is_coloured, to);
	if (n_chart) {
		putc('\n', to);
		put_chart(watched, view, n_chart, to);
	}
	if (n_log > 0) {
		putc('\n', to);
		put_log(watched, (size_t)n_log, view->is_coloured, to);
	}
}

char *watch_view_text(const struct watched *watched, const struct watch_view *view)
{
	_cleanup_free_ char *head = head_text(watched, view->is_coloured);
	char *text = NULL;
	size_t size;
	_cleanup_file_ FILE *to = head ? open_memstream(&text, &size) : NULL;

	if (!to)
		return NULL;
	fputs(head, to);
	if (view->lines == INT_MAX)
		put_unbounded(watched, view, to);
	else
		put_bounded(watched, view, view->lines - count_lines(head), to);
	fclose(TAKE_PTR(to));
	return text;
}

static struct json_object *rates_json(const struct watched *watched)
{
	struct json_object *list = json_object_new_array();
	const struct traffic *traffic = traffic_of(watched);

	for (size_t i = 0; i < value_length(watched->ports); i++) {
		struct json_object *port = json_object_array_get_idx(watched->ports, i);
		struct json_object *one = json_object_new_object();
		struct port_rates rates = rates_of_port(watched, port);

		json_object_object_add(one, "name", json_object_get(value_get(port, "name")));
		json_object_object_add(one, traffic->first_member, tool_json_number(rates.first, 3));
		json_object_object_add(one, traffic->second_member, tool_json_number(rates.second, 3));
		json_object_object_add(one, "refused_per_s", tool_json_number(rates.refused, 3));
		json_object_array_add(list, one);
	}
	return list;
}

static struct json_object *new_offsets_json(const struct watched *watched)
{
	struct json_object *list = json_object_new_array();
	size_t n = MIN(watched->n_new_offsets, watched->offsets.n);

	for (size_t i = watched->offsets.n - n; i < watched->offsets.n; i++)
		json_object_array_add(list, offset_json(&watched->offsets.list[i]));
	return list;
}

static struct json_object *new_log_json(const struct watched *watched)
{
	struct json_object *list = json_object_new_array();

	for (size_t i = watched->n_log - watched->n_new_log; i < watched->n_log; i++) {
		struct json_object *one = json_object_new_object();

		json_object_object_add(one, "mono_ns", json_object_new_int64(watched->log[i].mono_ns));
		json_object_object_add(one, "level", json_object_new_int64(watched->log[i].level));
		json_object_object_add(one, "text", json_object_new_string(watched->log[i].text));
		json_object_array_add(list, one);
	}
	return list;
}

struct json_object *watch_view_json(const struct watched *watched)
{
	struct json_object *all = json_object_new_object();

	json_object_object_add(all, "is_connected", json_object_new_boolean(watched->client != NULL));
	if (!watched->client) {
		json_object_object_add(all, "reason", json_object_new_string(watched->reason));
		return all;
	}
	json_object_object_add(all, "status", json_object_get(watched->status));
	json_object_object_add(all, "ports", json_object_get(watched->ports));
	json_object_object_add(all, "rates", rates_json(watched));
	json_object_object_add(all, "offsets", new_offsets_json(watched));
	json_object_object_add(all, "log", new_log_json(watched));
	return all;
}
