/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a start is about: the command line and its file, read, checked, and turned into settings. */
#pragma once

#include "bc/daemon/options.h"
#include "bc/daemon/settings.h"

struct configuration {
	struct ebc_config *config;
	struct settings settings; /* borrows from it */
};

/*
 * OPTIONS_RUN and a configuration that the caller owns; else what options_read() says, every error told by
 * `context`. argv is left as it is.
 */
enum options_result configuration_read(int argc, char *const *argv, const struct options_context *context,
				       struct configuration **ret_configuration);
/* Accepts NULL. */
void configuration_free(struct configuration *configuration);

/* The log is what this one wants it to be, and its warnings are in it. */
void configuration_apply_to_log(const struct configuration *configuration);

enum configuration_change {
	CONFIGURATION_SAME,
	CONFIGURATION_LOG, /* nothing but what configuration_apply_to_log() takes over, and summary_interval
			    */
	CONFIGURATION_OTHER,
};

enum configuration_change configuration_compare(const struct configuration *a, const struct configuration *b);
