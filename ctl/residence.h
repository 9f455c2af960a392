/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command `residence`: how long event messages stayed in the box. */
#pragma once

/* What the tool ends with. */
enum exit_status {
	EXIT_FINE = 0,
	EXIT_REFUSED = 1, /* the daemon says no, or there was nothing to tell */
	EXIT_USAGE = 2,
	EXIT_NO_DAEMON = 3,
};

/* argv[0] is the command's name. */
enum exit_status residence_main(const char *socket_path, int argc, char **argv);
