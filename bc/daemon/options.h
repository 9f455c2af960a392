/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: ptp4l's flags, and every option of the file as --name=value or --name value. */
#pragma once

#include "config/config.h"

enum options_result {
	OPTIONS_RUN,
	OPTIONS_DONE,  /* -h or -v: everything was said */
	OPTIONS_WRONG, /* said on stderr */
};

enum options_result options_read(int argc, char **argv, struct ebc_config *config);
