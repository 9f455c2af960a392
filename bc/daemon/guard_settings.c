// SPDX-License-Identifier: GPL-2.0-or-later
/* Rates by sender, acceptable masters, step guard, and the timetable of holdover. */
#include "bc/daemon/guard_settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/macros.h"

#define GLOBAL EBC_CONFIG_GLOBAL

/* Below it a clock never follows a master again (decision codes M1 and P1). */
#define LEAST_HOLDOVER_CLASS 128
#define HOLDOVER_MAX_S	     1000000000UL

static const char separators[] = " \t,";

/* The next word of a list, cut short where it does not fit `word`; false: no more. */
static bool next_word(const char **text, char *word, size_t word_size)
{
	size_t len;

	*text += strspn(*text, separators);
	len = strcspn(*text, separators);
	if (len == 0)
		return false;
	snprintf(word, word_size, "%.*s", (int)len, *text);
	*text += len;
	return true;
}

/* From the first digit to `end`; *text is moved behind the number. */
static bool take_number(char **text, unsigned long max, unsigned long *ret)
{
	char *end;

	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	*ret = strtoul(*text, &end, 0);
	*text = end;
	return errno == 0 && *ret <= max;
}

/* SECONDS:CLASS[:ACCURACY] */
static bool parse_row(char *word, struct bc_holdover_row *ret_row)
{
	unsigned long seconds, clock_class, accuracy = 0;
	bool has_accuracy = false;

	if (!take_number(&word, HOLDOVER_MAX_S, &seconds) || *word++ != ':' ||
	    !take_number(&word, UINT8_MAX, &clock_class) || clock_class < LEAST_HOLDOVER_CLASS)
		return false;
	if (*word == ':') {
		word++;
		has_accuracy = true;
		if (!take_number(&word, UINT8_MAX, &accuracy))
			return false;
	}
	*ret_row = (struct bc_holdover_row){
		.after_ns = seconds * (uint64_t)NSEC_PER_SEC,
		.clock_class = (uint8_t)clock_class,
		.has_accuracy = has_accuracy,
		.clock_accuracy = (uint8_t)accuracy,
	};
	return *word == '\0';
}

static int read_timetable(const char *text, struct bc_holdover_config *ret, char *reason, size_t reason_size)
{
	char word[32];

	ret->n_rows = 0;
	while (next_word(&text, word, sizeof(word))) {
		struct bc_holdover_row row;

		if (ret->n_rows == BC_HOLDOVER_ROWS) {
			snprintf(reason, reason_size, "holdover_timetable has more than %d entries",
				 BC_HOLDOVER_ROWS);
			return -EINVAL;
		}
		if (!parse_row(word, &row)) {
			snprintf(reason, reason_size,
				 "holdover_timetable: %s is not SECONDS:CLASS or SECONDS:CLASS:ACCURACY with "
				 "a "
				 "class of 128 to 255",
				 word);
			return -EINVAL;
		}
		if (ret->n_rows > 0 && row.after_ns <= ret->rows[ret->n_rows - 1].after_ns) {
			snprintf(reason, reason_size, "holdover_timetable: the seconds do not rise at %s",
				 word);
			return -EINVAL;
		}
		ret->rows[ret->n_rows++] = row;
	}
	return 0;
}

static int64_t option_ns(const struct ebc_config *config, enum ebc_option option)
{
	return (int64_t)(ebc_config_double(config, GLOBAL, option) * 1e9);
}

int guard_settings_read(const struct ebc_config *config, struct bc_engine_config *engine, char *reason,
			size_t reason_size)
{
	engine->announce_rate_limit = (uint32_t)ebc_config_int(config, GLOBAL, EBC_OPT_ANNOUNCE_RATE_LIMIT);
	engine->signaling_rate_limit = (uint32_t)ebc_config_int(config, GLOBAL, EBC_OPT_SIGNALING_RATE_LIMIT);
	engine->management_rate_limit =
		(uint32_t)ebc_config_int(config, GLOBAL, EBC_OPT_MANAGEMENT_RATE_LIMIT);
	engine->step_guard = (struct bc_step_guard_config){
		.limit_ns = option_ns(config, EBC_OPT_STEP_GUARD_LIMIT),
		.budget_ns = option_ns(config, EBC_OPT_STEP_GUARD_BUDGET),
		.only_warns = ebc_config_int(config, GLOBAL, EBC_OPT_STEP_GUARD_ACTION) ==
			      EBC_STEP_GUARD_ACTION_FOLLOW,
	};
	engine->holdover.traceable_ns =
		(uint64_t)ebc_config_int(config, GLOBAL, EBC_OPT_HOLDOVER_TRACEABLE) * (uint64_t)NSEC_PER_SEC;
	return read_timetable(ebc_config_string(config, GLOBAL, EBC_OPT_HOLDOVER_TIMETABLE),
			      &engine->holdover, reason, reason_size);
}

int guard_settings_read_port(const struct ebc_config *config, size_t port, struct bc_port_config *ret_port,
			     char *reason, size_t reason_size)
{
	const char *text = ebc_config_string(config, port, EBC_OPT_ACCEPTABLE_MASTERS);
	char word[32];

	while (next_word(&text, word, sizeof(word))) {
		if (ret_port->n_acceptable_masters == BC_ACCEPTABLE_MASTERS_MAX) {
			snprintf(reason, reason_size, "acceptable_masters of %s has more than %d identities",
				 ebc_config_port_name(config, port), BC_ACCEPTABLE_MASTERS_MAX);
			return -EINVAL;
		}
		if (ebc_parse_clock_identity(
			    word, ret_port->acceptable_masters[ret_port->n_acceptable_masters]) < 0) {
			snprintf(reason, reason_size,
				 "acceptable_masters of %s: %s is not a clock identity as 001122.fffe.334455",
				 ebc_config_port_name(config, port), word);
			return -EINVAL;
		}
		ret_port->n_acceptable_masters++;
	}
	return 0;
}
