// SPDX-License-Identifier: GPL-2.0-or-later
/* Rates by sender and acceptable masters. */
#include "bc/daemon/guard_settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define GLOBAL EBC_CONFIG_GLOBAL

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

int guard_settings_read(const struct ebc_config *config, struct bc_engine_config *engine, char *reason,
			size_t reason_size)
{
	(void)reason;
	(void)reason_size;
	engine->announce_rate_limit = (uint32_t)ebc_config_int(config, GLOBAL, EBC_OPT_ANNOUNCE_RATE_LIMIT);
	engine->signaling_rate_limit = (uint32_t)ebc_config_int(config, GLOBAL, EBC_OPT_SIGNALING_RATE_LIMIT);
	engine->management_rate_limit =
		(uint32_t)ebc_config_int(config, GLOBAL, EBC_OPT_MANAGEMENT_RATE_LIMIT);
	return 0;
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
