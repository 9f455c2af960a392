// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables of words: IEEE 1588-2019 7.6.2.5 (clockClass), 7.6.2.6 (clockAccuracy), 7.6.2.8 (timeSource). */
#include "ctl/words.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "util/macros.h"

struct word {
	const char *name, *words;
	enum colour colour;
};

struct code {
	unsigned int code;
	const char *words;
};

const char *words_ns(double ns, char text[static WORDS_SIZE])
{
	static const char *const units[] = {"ns", "us", "ms", "s"};
	size_t unit = 0;
	int decimals;

	if (isnan(ns))
		return strcpy(text, "-");
	while (fabs(ns) >= 999.5 && unit + 1 < ARRAY_SIZE(units)) {
		ns /= 1000;
		unit++;
	}
	decimals = unit == 0 ? 0 : fabs(ns) < 9.995 ? 2 : fabs(ns) < 99.95 ? 1 : 0;
	snprintf(text, WORDS_SIZE, "%.*f %s", decimals, ns, units[unit]);
	return text;
}

const char *words_age(uint64_t ns, char text[static WORDS_SIZE])
{
	static const struct {
		uint64_t s, rest_s;
		const char *name, *rest_name;
	} units[] = {{86400, 3600, "d", "h"}, {3600, 60, "h", "min"}, {60, 1, "min", "s"}, {1, 1, "s", ""}};
	uint64_t s = ns / NSEC_PER_SEC;

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		uint64_t whole = s / units[i].s, rest = s % units[i].s / units[i].rest_s;

		if (whole == 0 && units[i].s > 1)
			continue;
		if (rest)
			snprintf(text, WORDS_SIZE, "%" PRIu64 " %s %" PRIu64 " %s", whole, units[i].name,
				 rest, units[i].rest_name);
		else
			snprintf(text, WORDS_SIZE, "%" PRIu64 " %s", whole, units[i].name);
		break;
	}
	return text;
}

static const struct word *find_word(const struct word *list, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	return NULL;
}

static const char *find_code(const struct code *list, size_t n, unsigned int code)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].code == code)
			return list[i].words;
	return NULL;
}

const char *words_clock_type(const char *clock_type)
{
	static const struct word types[] = {
		{"OC", "ordinary clock", COLOUR_NONE},
		{"BC", "boundary clock", COLOUR_NONE},
		{"E2E_TC", "end-to-end transparent clock", COLOUR_NONE},
		{"P2P_TC", "peer-to-peer transparent clock", COLOUR_NONE},
		{"MONITOR", "monitor of residence times", COLOUR_NONE},
	};
	const struct word *word = find_word(types, ARRAY_SIZE(types), clock_type);

	return word ? word->words : NULL;
}

static const struct word states[] = {
	{"locked", "locked to its master", COLOUR_GOOD},
	{"acquiring", "acquiring: a master is chosen, not yet in step with it", COLOUR_WARN},
	{"holdover", "holdover: the master is gone, its frequency is held", COLOUR_WARN},
	{"grandmaster", "grandmaster: the others follow this clock", COLOUR_GOOD},
	{"listening", "listening: no master heard yet", COLOUR_WARN},
	{"forwarding", "forwarding and correcting", COLOUR_GOOD},
	{"measuring", "measuring", COLOUR_GOOD},
	{"SLAVE", NULL, COLOUR_GOOD},
	{"MASTER", NULL, COLOUR_GOOD},
	{"GRAND_MASTER", NULL, COLOUR_GOOD},
	{"FORWARDING", NULL, COLOUR_GOOD},
	{"UNCALIBRATED", NULL, COLOUR_WARN},
	{"LISTENING", NULL, COLOUR_WARN},
	{"PRE_MASTER", NULL, COLOUR_WARN},
	{"FAULTY", NULL, COLOUR_BAD},
	{"INITIALIZING", NULL, COLOUR_WARN},
	{"DISABLED", NULL, COLOUR_FAINT},
	{"PASSIVE", NULL, COLOUR_NONE},
};

const char *words_state(const char *state)
{
	const struct word *word = find_word(states, ARRAY_SIZE(states), state);

	return word ? word->words : NULL;
}

enum colour words_state_colour(const char *state)
{
	const struct word *word = find_word(states, ARRAY_SIZE(states), state);

	return word ? word->colour : COLOUR_NONE;
}

const char *words_clock_class(int64_t clock_class)
{
	static const struct code classes[] = {
		{6, "locked to a primary reference"},
		{7, "holdover of a primary reference, within its specification"},
		{13, "locked to a source of its own time scale"},
		{14, "holdover of its own time scale, within its specification"},
		{52, "was a primary reference, out of its specification"},
		{58, "was locked to a source of its own time scale, out of its specification"},
		{135, "telecom boundary clock in holdover, within its specification"},
		{140, "telecom grandmaster in holdover, category 1"},
		{150, "telecom grandmaster in holdover, category 2"},
		{160, "telecom grandmaster in holdover, category 3"},
		{165, "telecom boundary clock in holdover, out of its specification"},
		{187, "was a primary reference, out of its specification, may follow others"},
		{193, "was locked to a source of its own time scale, may follow others"},
		{248, "no reference: its own oscillator"},
		{255, "a client only"},
	};

	return clock_class < 0 || clock_class > 255
		       ? NULL
		       : find_code(classes, ARRAY_SIZE(classes), (unsigned int)clock_class);
}

const char *words_clock_accuracy(unsigned int clock_accuracy)
{
	static const char *const within[] = {
		"1 ps",	 "2.5 ps", "10 ps",  "25 ps", "100 ps", "250 ps", "1 ns",  "2.5 ns", "10 ns",
		"25 ns", "100 ns", "250 ns", "1 us",  "2.5 us", "10 us",  "25 us", "100 us", "250 us",
		"1 ms",	 "2.5 ms", "10 ms",  "25 ms", "100 ms", "250 ms", "1 s",   "10 s",
	};

	if (clock_accuracy < 0x17 || clock_accuracy - 0x17 >= ARRAY_SIZE(within))
		return NULL;
	return within[clock_accuracy - 0x17];
}

const char *words_time_source(unsigned int time_source)
{
	static const struct code sources[] = {
		{0x10, "an atomic clock"},  {0x20, "GNSS"},    {0x30, "terrestrial radio"},
		{0x39, "serial time code"}, {0x40, "PTP"},     {0x50, "NTP"},
		{0x60, "set by hand"},	    {0x90, "another"}, {0xa0, "its own oscillator"},
	};

	return find_code(sources, ARRAY_SIZE(sources), time_source);
}
