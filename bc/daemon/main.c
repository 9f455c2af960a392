// SPDX-License-Identifier: GPL-2.0-or-later
/* ebpf-bc: reads the configuration, runs the clock, leaves nothing behind. */
#include <stdio.h>
#include <stdlib.h>

#include "bc/daemon/app.h"
#include "bc/daemon/log.h"
#include "bc/daemon/options.h"
#include "bc/daemon/service.h"
#include "util/cleanup.h"

static void cleanup_config(struct ebc_config **config)
{
	ebc_config_free(*config);
}

static void configure_log(const struct ebc_config *config)
{
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

int main(int argc, char **argv)
{
	_cleanup_(cleanup_config) struct ebc_config *config = NULL;
	static struct settings settings;
	static struct app app;
	char reason[256];
	int r;

	if (ebc_config_new(&config) < 0)
		return EXIT_FAILURE;
	switch (options_read(argc, argv, config)) {
	case OPTIONS_DONE:
		return EXIT_SUCCESS;
	case OPTIONS_WRONG:
		return EXIT_FAILURE;
	case OPTIONS_RUN:
		break;
	}
	if (settings_from_config(config, &settings, reason, sizeof(reason)) < 0) {
		fprintf(stderr, "ebpf-bc: %s\n", reason);
		return EXIT_FAILURE;
	}
	configure_log(config);

	r = app_start(&app, &settings);
	if (r == 0) {
		service_ready();
		r = app_run(&app);
		service_stopping();
	}
	app_stop(&app);
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
