/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SIGHUP: the configuration is read again and checked as a whole, and only then anything is changed. What
 * concerns the log alone is taken over in place; for anything else the instance is stopped and another one
 * started in the same process, which goes on where the first one ended. One that cannot start gives way to
 * the first one.
 */
#pragma once

#include "bc/daemon/app.h"
#include "bc/daemon/configuration.h"

/* How this process was started, and what it goes by now. */
struct launch {
	int argc;
	char *const *argv;
	struct configuration *running; /* what the app borrows */
	struct configuration *latest;  /* what was read last; differs from `running` in the log at most */
	bool is_refused;	       /* the last reload */
};

/* 0: the app runs, changed or not; -errno: it is stopped. Everything is logged. -EINTR: a signal ended it. */
int reload(struct app *app, struct launch *launch);
void launch_free(struct launch *launch);
