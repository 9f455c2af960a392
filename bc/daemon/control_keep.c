// SPDX-License-Identifier: GPL-2.0-or-later
/* The control socket is opened, and looked after. */
#include "bc/daemon/control_keep.h"

#include "bc/daemon/app.h"
#include "bc/daemon/socket_keeper.h"

/* Half seconds from look to look. */
#define LOOK_EVERY 8

static const struct kept_socket_kind kind = {.service = "control socket", .options = "control_socket"};

static int open_control(struct app *app)
{
	const char *path = app->settings->control_socket;

	if (app->control)
		return control_reopen(app->control, path);
	for (size_t i = 0; i < app->n_ports; i++)
		app->port_names[i] = app->settings->ports[i].name;
	app->control_sources = status_sources(app);
	return control_new(path, &app->control_sources, &app->control);
}

void control_keep_start(struct app *app)
{
	const char *path = app->settings->control_socket;

	app->kept_control.kind = &kind;
	if (*path)
		socket_keeper_tell(&app->kept_control, path, open_control(app));
}

void control_keep_housekeeping(struct app *app)
{
	const char *path = app->settings->control_socket;

	if (!*path || app->n_housekeeping % LOOK_EVERY != 0)
		return;
	if (app->control &&
	    !socket_keeper_is_missing(&app->kept_control, path, control_socket_of(app->control)))
		return;
	socket_keeper_tell(&app->kept_control, path, open_control(app));
}
