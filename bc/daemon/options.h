/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: ptp4l's flags, and every option of the file as --name=value or --name value. */
#pragma once

#include "config/config.h"

enum options_result {
	OPTIONS_RUN,
	OPTIONS_DONE,  /* -h or -v: everything was said */
	OPTIONS_WRONG, /* said */
};

struct options_context {
	/* Says an error, a line without newline; NULL: on stderr. */
	void (*tell)(const char *text);
	bool is_again; /* the file is read for the second time: it must be one for which that is possible */
};

void options_tell(const struct options_context *context, const char *text);

/* Leaves argv in another order. */
enum options_result options_read(int argc, char **argv, struct ebc_config *config,
				 const struct options_context *context);
