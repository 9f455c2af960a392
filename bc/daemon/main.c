// SPDX-License-Identifier: GPL-2.0-or-later
/* ebpf-bc: reads the configuration, runs the clock, leaves nothing behind. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "bc/daemon/app.h"
#include "bc/daemon/reload.h"
#include "bc/daemon/service.h"
#include "util/cleanup.h"

/* It waits until the clock runs, and ends nobody who is starting. */
static void hold_back_reload(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
}

static int run(struct launch *launch)
{
	static struct app app;
	int r;

	service_start();
	r = app_start(&app, &launch->running->settings, NULL);

	if (r == 0)
		service_ready();
	while (r == 0 && app_run(&app, &r))
		r = reload(&app, launch);
	service_stopping();
	app_stop(&app);
	return r;
}

int main(int argc, char **argv)
{
	_cleanup_(launch_free) struct launch launch = {.argc = argc, .argv = argv};
	int r;

	hold_back_reload();
	switch (configuration_read(argc, argv, &(const struct options_context){}, &launch.running)) {
	case OPTIONS_DONE:
		return EXIT_SUCCESS;
	case OPTIONS_WRONG:
		return EXIT_FAILURE;
	case OPTIONS_RUN:
		break;
	}
	launch.latest = launch.running;
	configuration_apply_to_log(launch.running);

	r = run(&launch);
	/* A signal may come while it starts. */
	return r == 0 || r == -EINTR ? EXIT_SUCCESS : EXIT_FAILURE;
}
