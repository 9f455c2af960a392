/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's time and the engine's: the system's clock where that is what follows the master, the leap second
 * file, the export to an NTP server; and what others do to the system's clock.
 */
#pragma once

#include "bc/daemon/leap_file.h"
#include "bc/daemon/refclock.h"
#include "bc/daemon/system_clock.h"
#include "bc/engine/engine.h"
#include "config/config.h"

struct app;
struct handover;
struct settings;

struct host_time_settings {
	bool is_leap_by_kernel;
	const char *leap_path; /* "": none; owned by the configuration, as is the next */
	enum refclock_type export;
	const char *export_path;
	int export_unit;
};

struct host_time {
	struct system_clock clock;
	bool has_clock; /* it is ours to steer */
	struct leap_file leap_file;
	struct bc_leap_info leap_info; /* as the engine was told */
	struct refclock refclock;
	bool is_export_told; /* the log was told that nobody takes the samples */
	/* Others that change the system's clock's frequency. */
	uint64_t tell_fight_mono_ns, fight_pause_ns;
	uint64_t n_frequency_changed;
};

/* The options, into `ret` and the engine's configuration, which is otherwise read. 0, or -EINVAL with a
 * reason. */
int host_time_settings_read(const struct ebc_config *config, struct host_time_settings *ret,
			    struct bc_engine_config *engine, char *reason, size_t reason_size);

/* Whether a start with these settings would find its file of leap seconds, if it needs one; if not, it is
 * logged why. */
bool host_time_can_read_leap_file(const struct settings *settings);
/* Before the engine is made, of whose configuration it completes what the host knows. 0 or -errno; logged.
 * `handover` may be NULL. */
int host_time_start(struct app *app, struct bc_engine_config *engine, const struct handover *handover);
void host_time_stop(struct app *app);

/* Carries out what concerns the host's clock; others are left alone. */
void host_time_do_action(struct app *app, const struct bc_action *action);
/* CLOCK_REALTIME was set: app->real_minus_mono_ns is to be found anew. */
void host_time_handle_clock_set(struct app *app);
/* Twice a second; a daemon without an engine has nothing to do here. */
void host_time_housekeeping(struct app *app);
