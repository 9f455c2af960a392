// SPDX-License-Identifier: GPL-2.0-or-later
/* See configuration.h. */
#include "bc/daemon/configuration.h"

#include <stdlib.h>
#include <string.h>

#include "bc/daemon/log.h"
#include "util/cleanup.h"
#include "util/macros.h"

static void cleanup_configuration(struct configuration **configuration)
{
	configuration_free(*configuration);
}

/* The same words in an array of its own. */
static char **copy_words(int argc, char *const *argv)
{
	char **words = calloc((size_t)argc + 1, sizeof(*words));

	if (words)
		memcpy(words, argv, (size_t)argc * sizeof(*words));
	return words;
}

static enum options_result wrong(const struct options_context *context, const char *reason)
{
	options_tell(context, reason);
	return OPTIONS_WRONG;
}

enum options_result configuration_read(int argc, char *const *argv, const struct options_context *context,
				       struct configuration **ret_configuration)
{
	_cleanup_(cleanup_configuration) struct configuration *c = calloc(1, sizeof(*c));
	_cleanup_free_ char **words = copy_words(argc, argv);
	enum options_result result;
	char reason[256];

	if (!c || !words || ebc_config_new(&c->config) < 0)
		return wrong(context, "out of memory");
	result = options_read(argc, words, c->config, context);
	if (result != OPTIONS_RUN)
		return result;
	if (settings_from_config(c->config, &c->settings, reason, sizeof(reason)) < 0)
		return wrong(context, reason);
	*ret_configuration = TAKE_PTR(c);
	return OPTIONS_RUN;
}

void configuration_free(struct configuration *configuration)
{
	if (!configuration)
		return;
	ebc_config_free(configuration->config);
	free(configuration);
}

void configuration_apply_to_log(const struct configuration *configuration)
{
	const struct ebc_config *config = configuration->config;
	struct log_options options = {
		.level = (int)ebc_config_int(config, EBC_CONFIG_GLOBAL, EBC_OPT_LOGGING_LEVEL),
		.to_syslog = ebc_config_int(config, EBC_CONFIG_GLOBAL, EBC_OPT_USE_SYSLOG),
		.to_stdout = ebc_config_int(config, EBC_CONFIG_GLOBAL, EBC_OPT_VERBOSE),
		.tag = ebc_config_string(config, EBC_CONFIG_GLOBAL, EBC_OPT_MESSAGE_TAG),
	};

	log_configure(&options);
	for (size_t i = 0; i < ebc_config_n_notes(config); i++)
		log_line(LOG_WARNING, "%s", ebc_config_note(config, i).text);
}

enum configuration_change configuration_compare(const struct configuration *a, const struct configuration *b)
{
	static const enum ebc_option log_options[] = {
		EBC_OPT_LOGGING_LEVEL, EBC_OPT_USE_SYSLOG,	 EBC_OPT_VERBOSE,
		EBC_OPT_MESSAGE_TAG,   EBC_OPT_SUMMARY_INTERVAL,
	};

	if (ebc_config_equal(a->config, b->config, NULL, 0))
		return CONFIGURATION_SAME;
	if (ebc_config_equal(a->config, b->config, log_options, ARRAY_SIZE(log_options)))
		return CONFIGURATION_LOG;
	return CONFIGURATION_OTHER;
}
