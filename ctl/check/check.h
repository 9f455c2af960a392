/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command `check`, the doctor: looks at the host, at the ports and at the configuration, and says what
 * a clock here has to expect. It changes nothing and asks no daemon.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "ctl/check/finding.h"
#include "ctl/tool.h"

/* What is to be checked; all is borrowed. */
struct check_options {
	const char *root;		 /* "", or a directory that stands for / (tests) */
	const struct ebc_config *config; /* finished; NULL: none */
	/* The interfaces to look at, those of --port or else of the configuration; none: all of Ethernet. */
	const char *const *ports;
	size_t n_ports;
};

/* Ends with EXIT_FINE when there is no problem, with EXIT_REFUSED when there are some (or when they could not
 * be printed). */
enum exit_status check_main(const char *socket_path, int argc, char **argv);
