// SPDX-License-Identifier: GPL-2.0-or-later
/* See reload.h. */
#include "bc/daemon/reload.h"

#include <errno.h>
#include <inttypes.h>

#include "bc/daemon/clocks.h"
#include "bc/daemon/handover.h"
#include "bc/daemon/log.h"
#include "bc/daemon/refusal.h"
#include "bc/daemon/service.h"
#include "util/macros.h"

/* However many signals come: none is lost, but the clock is not kept from its work. */
#define SPACING_NS ((uint64_t)NSEC_PER_SEC)

static void tell(const char *text)
{
	log_line(LOG_ERR, "reload: %s", text);
}

static void set_latest(struct launch *launch, struct configuration *configuration)
{
	if (launch->latest != launch->running)
		configuration_free(launch->latest);
	launch->latest = configuration;
}

static void set_running(struct launch *launch, struct configuration *configuration)
{
	set_latest(launch, launch->running);
	configuration_free(launch->running);
	launch->running = launch->latest = configuration;
}

void launch_free(struct launch *launch)
{
	set_running(launch, NULL);
}

static void change_log(struct launch *launch, struct configuration *fresh)
{
	configuration_apply_to_log(fresh);
	launch->running->settings.summary_interval = fresh->settings.summary_interval;
	set_latest(launch, fresh);
	log_line(LOG_NOTICE, "reload: only options of the log changed, and are taken over");
}

/* The likeliest reasons why it could not start are found before anything is stopped. */
static bool could_start(const struct app *app, const struct settings *settings)
{
	static struct ebc_link links[BC_MAX_PORTS];

	return app_find_links(app->links, settings, false, links) == 0 &&
	       host_time_can_read_leap_file(settings);
}

static int go_back(struct app *app, struct launch *launch, struct handover *handover)
{
	launch->is_refused = true;
	app_stop(app);
	configuration_apply_to_log(launch->latest);
	log_line(LOG_ERR, "reload: the new configuration cannot be started: back to the one before");
	handover->is_going_back = true;
	return app_start(app, &launch->running->settings, handover);
}

static int replace(struct app *app, struct launch *launch, struct configuration *fresh)
{
	uint64_t begin_mono_ns = clocks_mono_ns();
	struct handover handover;
	int r;

	configuration_apply_to_log(fresh);
	log_line(LOG_NOTICE, "reload: starting anew with the changed configuration");
	handover_take(app, &fresh->settings, &handover);
	app_stop(app);
	r = app_start(app, &fresh->settings, &handover);
	if (r < 0 && r != -EINTR) {
		r = go_back(app, launch, &handover);
		configuration_free(fresh);
		fresh = launch->running;
	}
	if (r < 0)
		app_stop(app);
	handover_release(&handover);
	if (r < 0 && r != -EINTR)
		log_line(LOG_CRIT, "reload: neither can the one before");
	if (fresh != launch->running)
		set_running(launch, fresh);
	if (r == 0)
		log_line(LOG_NOTICE, "reload: started anew after %" PRIu64 " ms",
			 (clocks_mono_ns() - begin_mono_ns) / (uint64_t)NSEC_PER_MSEC);
	return r;
}

static void refuse(struct launch *launch)
{
	launch->is_refused = true;
	log_line(LOG_ERR, "reload: the configuration stays as it was");
}

static int read_and_change(struct app *app, struct launch *launch)
{
	const struct options_context context = {.tell = tell, .is_again = true};
	struct configuration *fresh;

	if (configuration_read(launch->argc, launch->argv, &context, &fresh) != OPTIONS_RUN) {
		refuse(launch);
		return 0;
	}
	switch (configuration_compare(launch->latest, fresh)) {
	case CONFIGURATION_SAME:
		configuration_free(fresh);
		log_line(LOG_NOTICE, "reload: nothing changed");
		return 0;
	case CONFIGURATION_LOG:
		change_log(launch, fresh);
		return 0;
	default:
		break;
	}
	if (!could_start(app, &fresh->settings)) {
		configuration_free(fresh);
		refuse(launch);
		return 0;
	}
	return replace(app, launch, fresh);
}

int reload(struct app *app, struct launch *launch)
{
	uint64_t last_line = log_lines()->last;
	int r;

	service_reloading();
	app->is_reload_wanted = launch->is_refused = false;
	r = read_and_change(app, launch);
	if (launch->is_refused)
		refusal_note(log_lines(), last_line);
	else
		refusal_clear();
	app->reload_from_mono_ns = clocks_mono_ns() + SPACING_NS;
	if (r == 0)
		service_ready();
	return r;
}
