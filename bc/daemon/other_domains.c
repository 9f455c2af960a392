// SPDX-License-Identifier: GPL-2.0-or-later
/* See other_domains.h. */
#include "bc/daemon/other_domains.h"

#include "bc/daemon/app.h"
#include "bc/daemon/log.h"

void other_domains_settings(const struct settings *own, struct settings *ret)
{
	*ret = *own;
	ret->engine.ports = ret->engine_ports;
	ret->clock_type = "E2E_TC";
	ret->is_other_domains = true;
	ret->has_other_domains = false;
	ret->control_socket = "";
	ret->one_step = false;
	ret->loader.mode = EBC_MODE_TRANSPARENT;
	ret->loader.has_all_domains = ret->loader.leaves_own_domain = true;
	ret->loader.publish_stamps = false;
	ret->loader.set_pin_directory = *ret->pin_directory ? ret->pin_directory : NULL;
	/* The host's clock is the boundary clock's, too. */
	ret->engine.is_system_clock = false;
	ret->host_time = (struct host_time_settings){.leap_path = "", .export = REFCLOCK_NONE};
	ret->socket_priority = (int)ret->transparent.priority;
	/* The grandmaster is not in a domain of its own; see other_domains_housekeeping(). */
	ret->transparent.is_syntonized = false;
	for (size_t i = 0; i < ret->n_ports; i++)
		ret->ports[i].groups.all_transports = true;
}

int other_domains_start(struct app *app, const struct handover *handover)
{
	static struct settings settings;
	static struct app other;

	if (!app->settings->has_other_domains)
		return 0;
	other_domains_settings(app->settings, &settings);
	app->other_domains = &other;
	return app_start(&other, &settings, handover);
}

void other_domains_stop(struct app *app)
{
	if (app->other_domains)
		app_stop(app->other_domains);
	app->other_domains = NULL;
}

void other_domains_housekeeping(struct app *app)
{
	if (app->other_domains)
		ebc_loader_ctl(app->other_domains->loader)->rate_offset_2m32 =
			bc_engine_clock(app->engine)->rate_q62 >> 30;
}
