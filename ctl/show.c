// SPDX-License-Identifier: GPL-2.0-or-later
/* What is missing is left out, or "-": a transparent clock has no offset, an older daemon knows less. */
#include "ctl/show.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/grid.h"
#include "ctl/value.h"
#include "ctl/words.h"
#include "util/cleanup.h"
#include "util/macros.h"

static void put_label(const char *label, bool is_coloured, FILE *to)
{
	colour_put(label, COLOUR_BOLD, is_coloured, to);
	fprintf(to, "%*s", 13 - (int)strlen(label), "");
}

static double ns_of(struct json_object *object, const char *name)
{
	double ns;

	return value_number(object, name, &ns) ? ns : NAN;
}

/* 0 where unknown or negative. */
static uint64_t since(struct json_object *object, const char *name, int64_t now_mono_ns)
{
	int64_t mono_ns;

	return value_s64(object, name, &mono_ns) && mono_ns >= 0 && now_mono_ns > mono_ns
		       ? (uint64_t)(now_mono_ns - mono_ns)
		       : 0;
}

static int64_t now_of(struct json_object *status)
{
	int64_t now_mono_ns = 0;

	value_s64(status, "now_mono_ns", &now_mono_ns);
	return MAX(now_mono_ns, 0);
}

/* A code as the daemon writes it, "0x21"; beyond 255: unknown. */
static unsigned int code_of(struct json_object *object, const char *name)
{
	char text[VALUE_TEXT_SIZE];
	unsigned long code = strtoul(value_text(object, name, "0x100", text), NULL, 0);

	return (unsigned int)MIN(code, 0x100);
}

static void show_daemon(struct json_object *status, FILE *to)
{
	char version[VALUE_TEXT_SIZE], type[VALUE_TEXT_SIZE], pid[VALUE_TEXT_SIZE], age[WORDS_SIZE];
	const char *words = words_clock_type(value_text(status, "clock_type", "clock", type));

	fprintf(to, "ebpf-bc %s, %s, up for %s (pid %s)\n", value_text(status, "version", "?", version),
		words ? words : type, words_age(since(status, "started_mono_ns", now_of(status)), age),
		value_text(status, "pid", "?", pid));
}

static void show_clock(struct json_object *status, bool is_coloured, FILE *to)
{
	char identity[VALUE_TEXT_SIZE], domain[VALUE_TEXT_SIZE], local[VALUE_TEXT_SIZE];

	put_label("clock", is_coloured, to);
	fprintf(to, "%s, domain %s", value_text(status, "clock_identity", "-", identity),
		value_text(status, "domain", "-", domain));
	if (*value_text(status, "local_clock", "", local))
		fprintf(to, ", time kept in %s",
			strcmp(local, "system") == 0 ? "the system's clock" : "a clock of its own");
	fprintf(to, ", stamps by %s\n", value_is(status, "stamping", "software") ? "sockets" : "BPF");
}

static void put_state(struct json_object *status, bool is_coloured, FILE *to)
{
	char state[VALUE_TEXT_SIZE];
	const char *words = words_state(value_text(status, "state", "-", state));

	colour_put(words ? words : state, words_state_colour(state), is_coloured, to);
}

static void show_holdover(struct json_object *status, FILE *to)
{
	struct json_object *holdover = value_get(status, "holdover");
	char age[WORDS_SIZE], error[WORDS_SIZE];
	int64_t age_ns;

	if (!value_s64(holdover, "age_ns", &age_ns))
		return;
	fprintf(to, ", for %s", words_age((uint64_t)MAX(age_ns, 0), age));
	if (value_get(holdover, "expected_error_ns"))
		fprintf(to, ", now expected within %s",
			words_ns(ns_of(holdover, "expected_error_ns"), error));
}

static void show_grandmaster(struct json_object *status, bool is_coloured, FILE *to)
{
	struct json_object *gm = value_get(status, "grandmaster");
	char identity[VALUE_TEXT_SIZE], class[VALUE_TEXT_SIZE], p1[VALUE_TEXT_SIZE], p2[VALUE_TEXT_SIZE];
	const char *words, *accuracy = words_clock_accuracy(code_of(gm, "clock_accuracy"));
	int64_t clock_class = -1;

	if (!gm)
		return;
	value_s64(gm, "clock_class", &clock_class);
	words = words_clock_class(clock_class);
	put_label("grandmaster", is_coloured, to);
	fprintf(to, "%s%s\n", value_text(gm, "identity", "-", identity),
		value_true(gm, "is_self") ? " (this clock)" : "");
	fprintf(to, "%13sclass %s", "", value_text(gm, "clock_class", "-", class));
	if (words)
		fprintf(to, " (%s)", words);
	fprintf(to, ", accuracy %s%s, priorities %s and %s\n", accuracy ? "within " : "",
		accuracy ? accuracy : "unknown", value_text(gm, "priority1", "-", p1),
		value_text(gm, "priority2", "-", p2));
}

static void show_parent(struct json_object *status, bool is_coloured, FILE *to)
{
	struct json_object *parent = value_get(status, "parent");
	char identity[VALUE_TEXT_SIZE], port[VALUE_TEXT_SIZE], steps[VALUE_TEXT_SIZE];

	if (!parent)
		return;
	put_label("parent", is_coloured, to);
	fprintf(to, "%s", value_text(parent, "identity", "-", identity));
	if (*value_text(parent, "port", "", port))
		fprintf(to, " at %s", port);
	if (*value_text(status, "steps_removed", "", steps))
		fprintf(to, ", %s step%s from the grandmaster", steps, strcmp(steps, "1") == 0 ? "" : "s");
	putc('\n', to);
}

static void put_offset(struct json_object *offset, FILE *to)
{
	char last[WORDS_SIZE], rms[WORDS_SIZE], max[WORDS_SIZE], age[WORDS_SIZE];
	int64_t n = 0, age_ns = 0;

	value_s64(offset, "n", &n);
	value_s64(offset, "age_ns", &age_ns);
	fprintf(to, "%s", words_ns(ns_of(offset, "last_ns"), last));
	if (n > 1)
		fprintf(to, ", rms %s, max %s of the last %" PRId64, words_ns(ns_of(offset, "rms_ns"), rms),
			words_ns(ns_of(offset, "max_ns"), max), n);
	/* Else the last ones are at most two seconds old. */
	if (age_ns > 2 * NSEC_PER_SEC)
		fprintf(to, ", %s ago", words_age((uint64_t)age_ns, age));
}

static void show_offset(struct json_object *status, bool is_coloured, FILE *to)
{
	struct json_object *offset = value_get(status, "offset");
	char delay[WORDS_SIZE];

	if (!offset)
		return;
	put_label("offset", is_coloured, to);
	put_offset(offset, to);
	putc('\n', to);
	put_label("frequency", is_coloured, to);
	fprintf(to, "%+.1f ppb\n", ns_of(offset, "frequency_ppb"));
	put_label("path delay", is_coloured, to);
	fprintf(to, "%s\n", words_ns(ns_of(offset, "path_delay_ns"), delay));
}

static void show_rate(struct json_object *status, bool is_coloured, FILE *to)
{
	struct json_object *rate = value_get(status, "rate");
	char grandmaster[VALUE_TEXT_SIZE];

	if (!rate)
		return;
	put_label("rate", is_coloured, to);
	fprintf(to, "%+.1f ppb, by grandmaster %s\n", ns_of(rate, "ratio_ppb"),
		value_text(rate, "grandmaster", "-", grandmaster));
}

static void put_utc(int64_t ptp_ns, int64_t utc_offset_s, FILE *to)
{
	time_t utc_s = (time_t)(ptp_ns / NSEC_PER_SEC - utc_offset_s);
	struct tm utc;
	char text[64];

	if (gmtime_r(&utc_s, &utc) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &utc))
		fputs(text, to);
}

static void show_time(struct json_object *status, bool is_coloured, FILE *to)
{
	struct json_object *time = value_get(status, "time");
	const char *source = words_time_source(code_of(time, "time_source"));
	int64_t ptp_ns, utc_offset_s = 0, leap = 0;
	bool has_utc;

	if (!value_s64(time, "ptp_ns", &ptp_ns))
		return;
	put_label("time", is_coloured, to);
	has_utc = value_true(time, "ptp_timescale") && value_s64(time, "utc_offset_s", &utc_offset_s) &&
		  utc_offset_s > -3600 && utc_offset_s < 3600;
	put_utc(ptp_ns, has_utc ? utc_offset_s : 0, to);
	if (has_utc)
		fprintf(to, " UTC, TAI is %" PRId64 " s ahead%s", utc_offset_s,
			value_true(time, "utc_offset_valid") ? "" : " (unconfirmed)");
	else
		fputs(" in a time scale of its own", to);
	value_s64(time, "leap", &leap);
	if (leap)
		fprintf(to, ", leap second at midnight: %s", leap > 0 ? "inserted (61)" : "removed (59)");
	putc('\n', to);
	fprintf(to, "%13stime %straceable, frequency %straceable%s%s\n", "",
		value_true(time, "time_traceable") ? "" : "not ",
		value_true(time, "frequency_traceable") ? "" : "not ", source ? ", source: " : "",
		source ? source : "");
}

void show_alarms(struct json_object *status, bool is_coloured, FILE *to)
{
	struct json_object *alarms = value_get(status, "alarms");
	int64_t now_mono_ns = now_of(status);

	for (size_t i = 0; i < value_length(alarms); i++) {
		struct json_object *alarm = json_object_array_get_idx(alarms, i);
		char kind[VALUE_TEXT_SIZE], port[VALUE_TEXT_SIZE], text[VALUE_TEXT_SIZE], age[WORDS_SIZE];

		put_label(i ? "" : "alarms", is_coloured, to);
		colour_put(value_text(alarm, "kind", "-", kind), COLOUR_BAD, is_coloured, to);
		if (*value_text(alarm, "port", "", port))
			fprintf(to, " %s", port);
		if (*value_text(alarm, "text", "", text))
			fprintf(to, ": %s", text);
		fprintf(to, ", for %s\n", words_age(since(alarm, "since_mono_ns", now_mono_ns), age));
	}
}

void show_status(struct json_object *status, bool is_coloured, FILE *to)
{
	show_daemon(status, to);
	show_clock(status, is_coloured, to);
	put_label("state", is_coloured, to);
	put_state(status, is_coloured, to);
	show_holdover(status, to);
	putc('\n', to);
	show_grandmaster(status, is_coloured, to);
	show_parent(status, is_coloured, to);
	show_offset(status, is_coloured, to);
	show_rate(status, is_coloured, to);
	show_time(status, is_coloured, to);
	show_alarms(status, is_coloured, to);
	if (value_length(value_get(status, "alarms")) == 0) {
		put_label("alarms", is_coloured, to);
		fputs("none\n", to);
	}
}

void show_state(struct json_object *status, bool is_coloured, FILE *to)
{
	struct json_object *parent = value_get(status, "parent"), *offset = value_get(status, "offset");
	char type[VALUE_TEXT_SIZE], identity[VALUE_TEXT_SIZE], port[VALUE_TEXT_SIZE], delay[WORDS_SIZE];
	const char *words = words_clock_type(value_text(status, "clock_type", "clock", type));

	fprintf(to, "%s, ", words ? words : type);
	put_state(status, is_coloured, to);
	show_holdover(status, to);
	if (parent && !value_true(value_get(status, "grandmaster"), "is_self"))
		fprintf(to, ", %s at %s", value_text(parent, "identity", "-", identity),
			value_text(parent, "port", "-", port));
	putc('\n', to);
	if (!offset)
		return;
	fputs("offset ", to);
	put_offset(offset, to);
	fprintf(to, "; frequency %+.1f ppb; path delay %s\n", ns_of(offset, "frequency_ppb"),
		words_ns(ns_of(offset, "path_delay_ns"), delay));
}

static void add_port(struct grid *grid, struct json_object *port, uint64_t now_mono_ns, bool is_short)
{
	char text[VALUE_TEXT_SIZE], words[WORDS_SIZE];
	bool is_unusable = value_get(port, "is_usable") && !value_true(port, "is_usable");

	grid_add(grid, COLOUR_NONE, "%s", value_text(port, "number", "-", text));
	grid_add(grid, COLOUR_NONE, "%s", value_text(port, "name", "-", text));
	value_text(port, "state", "-", text);
	grid_add(grid, words_state_colour(text), "%s", text);
	grid_add(grid, COLOUR_NONE, "%s",
		 value_get(port, "since_mono_ns")
			 ? words_age(since(port, "since_mono_ns", (int64_t)now_mono_ns), words)
			 : "-");
	grid_add(grid, COLOUR_NONE, "%s", value_text(port, "transport", "-", text));
	grid_add(grid, COLOUR_NONE, "%s", value_text(port, "delay_mechanism", "-", text));
	grid_add(grid, COLOUR_NONE, "%s", words_ns(ns_of(port, "delay_ns"), words));
	grid_add(grid, COLOUR_NONE, "%s", value_text(port, "peer", "-", text));
	if (!is_short) {
		grid_add(grid, COLOUR_NONE, "%s", value_text(port, "driver", "-", text));
		grid_add(grid, COLOUR_NONE, "%s", value_text(port, "tx_stamp", "-", text));
		grid_add(grid, COLOUR_NONE, "%s", value_text(port, "forward", "-", text));
	}
	grid_add(grid, COLOUR_BAD, "%s", is_unusable ? value_text(port, "reason", "unusable", text) : "");
}

void show_ports(struct json_object *ports, uint64_t now_mono_ns, bool is_short, bool is_coloured, FILE *to)
{
	static const char *const short_headings[] = {">#",	 "port",   "state", "for", "transport",
						     "delay by", ">delay", "peer",  ""};
	static const char *const headings[] = {">#",	    "port",	"state",   "for",
					       "transport", "delay by", ">delay",  "peer",
					       "driver",    "tx stamp", "forward", ""};
	_cleanup_(grid_cleanup) struct grid *grid =
		is_short ? grid_new(ARRAY_SIZE(short_headings), short_headings)
			 : grid_new(ARRAY_SIZE(headings), headings);

	if (!grid)
		return;
	for (size_t i = 0; i < value_length(ports); i++)
		add_port(grid, json_object_array_get_idx(ports, i), now_mono_ns, is_short);
	grid_print(grid, is_coloured, true, to);
}
