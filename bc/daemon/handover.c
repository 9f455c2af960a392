// SPDX-License-Identifier: GPL-2.0-or-later
/* See handover.h. */
#include "bc/daemon/handover.h"

#include <string.h>
#include <unistd.h>

#include "bc/daemon/app.h"
#include "util/cleanup.h"

/* Only if the successor looks there: else two of them would serve the ports for a while. */
static void leave_programs(const struct app *app, const struct settings *next, struct handover *handover)
{
	if (!app || !app->loader || strcmp(app->settings->pin_directory, next->pin_directory) != 0)
		return;
	handover->n_left += ebc_loader_leave(app->loader, handover->left[handover->n_left]);
	if (app->made_pin_directory)
		handover->made_pin_directory = app->settings->pin_directory;
}

void handover_take(struct app *app, const struct settings *next, struct handover *ret)
{
	*ret = (struct handover){
		.engine = TAKE_PTR(app->engine),
		.transparent = TAKE_PTR(app->transparent),
		.settings = app->settings,
		.n_offsets = app->status.history ? history_last(app->status.history) : 0,
		.leap_file = app->host_time.leap_file,
		.has_own_identity = !app->settings->has_clock_identity,
	};
	memcpy(ret->clock_identity, app->clock_identity, sizeof(ret->clock_identity));
	if (app->loader && next->loader.mode == EBC_MODE_BOUNDARY && !next->uses_sockets)
		ret->left_hooks = ebc_loader_leave_hooks(app->loader);
	leave_programs(app, next, ret);
	leave_programs(app->other_domains, next, ret);
}

void handover_release(struct handover *handover)
{
	bc_engine_free(handover->engine);
	handover->engine = NULL;
	transparent_free(handover->transparent);
	handover->transparent = NULL;
	ebc_left_hooks_free(handover->left_hooks);
	handover->left_hooks = NULL;
	for (size_t i = 0; i < handover->n_left; i++)
		ebc_loader_remove_left(handover->left[i]);
	/* Stays while something is in it. */
	if (handover->made_pin_directory)
		rmdir(handover->made_pin_directory);
}

void handover_get_identity(const struct handover *handover, const struct settings *settings,
			   uint8_t *identity)
{
	if (handover && handover->has_own_identity && !settings->has_clock_identity)
		memcpy(identity, handover->clock_identity, PTP_CLOCK_IDENTITY_LEN);
}

void handover_prepare_engine(const struct handover *handover, struct bc_engine_config *config,
			     uint64_t now_mono_ns, int64_t *ptp_ns)
{
	/* A system's clock goes on by itself. */
	if (!handover || !handover->engine || config->is_system_clock)
		return;
	*ptp_ns = bc_local_clock_ptp_ns(bc_engine_clock(handover->engine), now_mono_ns);
	config->initial_frequency_ppb = bc_engine_held_frequency_ppb(handover->engine);
}

/* SIZE_MAX: there was none. */
static size_t find_port(const struct settings *old, const struct port_settings *port)
{
	for (size_t i = 0; i < old->n_ports; i++)
		if (port_settings_are_of_one_network(&old->ports[i], port))
			return i;
	return SIZE_MAX;
}

static void find_ports(const struct handover *handover, const struct settings *settings, size_t *old_ports)
{
	for (size_t i = 0; i < settings->n_ports; i++)
		old_ports[i] = find_port(handover->settings, &settings->ports[i]);
}

void handover_complete_engine(const struct handover *handover, const struct settings *settings,
			      uint64_t now_mono_ns, struct bc_engine *engine)
{
	size_t old_ports[BC_MAX_PORTS];

	if (!handover || !handover->engine)
		return;
	find_ports(handover, settings, old_ports);
	bc_engine_inherit(engine, handover->engine, old_ports, now_mono_ns);
}

void handover_complete_transparent(const struct handover *handover, struct app *app)
{
	size_t old_ports[BC_MAX_PORTS];

	if (!handover || !handover->transparent)
		return;
	find_ports(handover, app->settings, old_ports);
	transparent_inherit(app, handover->transparent, old_ports);
}
