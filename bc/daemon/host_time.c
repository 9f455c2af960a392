// SPDX-License-Identifier: GPL-2.0-or-later
/* What the engine decides about the host's clock, done, and what happens to that clock, told. */
#include "bc/daemon/host_time.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bc/daemon/app.h"
#include "bc/daemon/clocks.h"
#include "bc/daemon/handover.h"
#include "bc/daemon/log.h"
#include "util/macros.h"

/* CLOCK_REALTIME less CLOCK_MONOTONIC is found to a few nanoseconds; a smaller change than this nobody made.
 */
#define STEP_MIN_NS (5 * NSEC_PER_USEC)
/* Told of the clock while it is locked: the kernel shows it to others as what they may be wrong by. */
#define MAX_ERROR_NS NSEC_PER_MSEC
/* Between two lines about somebody who steers the clock as well: doubled, up to the last. */
#define FIGHT_PAUSE_NS	    (60 * (uint64_t)NSEC_PER_SEC)
#define FIGHT_PAUSE_LAST_NS (3600 * (uint64_t)NSEC_PER_SEC)
/* In housekeepings: a new leap second file is looked for once a minute. */
#define LEAP_FILE_PERIOD 120

static int64_t ptp_now_ns(struct app *app)
{
	return bc_local_clock_ptp_ns(bc_engine_clock(app->engine), clocks_mono_ns());
}

static int read_leap_file(struct leap_file *file)
{
	int r = leap_file_read(file);

	if (r < 0)
		log_line(LOG_ERR, "leapfile %s: %s", file->path,
			 r == -EINVAL ? "is not a list of leap seconds" : strerror(-r));
	return r;
}

static int renew_leap_file(struct app *app, int64_t tai_s)
{
	struct leap_file *file = &app->host_time.leap_file;
	int r = read_leap_file(file);

	if (r == 0 && !bc_leap_table_at(&file->table, tai_s).is_valid)
		log_line(LOG_WARNING,
			 "leapfile %s has expired: it tells neither the UTC offset nor leap seconds any more",
			 file->path);
	return r;
}

bool host_time_can_read_leap_file(const struct settings *settings)
{
	struct leap_file file = {.path = settings->host_time.leap_path};

	return !*file.path || read_leap_file(&file) == 0;
}

/* What was read when the file was there still; a newer one is taken as soon as it is there. */
static bool inherit_leap_file(struct leap_file *file, const struct handover *handover)
{
	if (!handover || !handover->is_going_back)
		return false;
	file->modified = handover->leap_file.modified;
	file->table = handover->leap_file.table;
	return true;
}

static int start_leap_file(struct app *app, struct bc_engine_config *engine, const struct handover *handover)
{
	int64_t tai_s =
		((int64_t)clocks_mono_ns() + app->real_minus_mono_ns) / NSEC_PER_SEC + engine->utc_offset_s;
	struct bc_leap_info info;
	int r;

	app->host_time.leap_file.path = app->settings->host_time.leap_path;
	if (!*app->host_time.leap_file.path)
		return 0;
	r = renew_leap_file(app, tai_s);
	if (r < 0 && !inherit_leap_file(&app->host_time.leap_file, handover))
		return r;
	info = bc_leap_table_at(&app->host_time.leap_file.table, tai_s);
	if (info.is_valid)
		engine->utc_offset_s = info.utc_offset_s;
	return 0;
}

static int start_clock(struct app *app, struct bc_engine_config *engine)
{
	struct host_time *host = &app->host_time;
	double frequency_ppb;
	int r;

	if (!engine->is_system_clock || engine->free_running)
		return 0;
	r = system_clock_start(&host->clock, &frequency_ppb);
	if (r == -EPERM)
		log_line(LOG_ERR, "local_clock system: setting the system's clock needs the capability "
				  "CAP_SYS_TIME");
	else if (r < 0)
		log_line(LOG_ERR, "local_clock system: %s", strerror(-r));
	if (r < 0)
		return r;
	host->has_clock = true;
	engine->initial_frequency_ppb = -frequency_ppb;
	log_line(LOG_INFO, "the system's clock follows the master; its frequency is %+.0f ppb",
		 frequency_ppb);
	return 0;
}

static int start_export(struct app *app)
{
	const struct host_time_settings *settings = &app->settings->host_time;
	int r = refclock_open(&app->host_time.refclock, settings->export, settings->export_path,
			      settings->export_unit);

	if (r < 0)
		log_line(LOG_ERR, "time export: %s", strerror(-r));
	else if (settings->export == REFCLOCK_SOCK)
		log_line(LOG_INFO, "time is exported by samples to %s", settings->export_path);
	else if (settings->export == REFCLOCK_SHM)
		log_line(LOG_INFO, "time is exported in shared memory segment %d", settings->export_unit);
	return r;
}

int host_time_start(struct app *app, struct bc_engine_config *engine, const struct handover *handover)
{
	int r = start_leap_file(app, engine, handover);

	if (r == 0)
		r = start_clock(app, engine);
	if (r == 0)
		r = start_export(app);
	return r;
}

void host_time_stop(struct app *app)
{
	refclock_close(&app->host_time.refclock);
}

static void note_real_minus_mono(struct app *app, int64_t real_minus_mono_ns)
{
	app->real_minus_mono_ns = real_minus_mono_ns;
	app->backend->handle_clock_set(app);
	app->clock_set_mono_ns = clocks_mono_ns();
}

static void tell_failed(const char *what, int error)
{
	log_limited(LOG_ERR, LOG_KIND_SYSTEM_CLOCK, 0, "cannot %s the system's clock: %s", what,
		    strerror(-error));
}

/* The watch of the clock reports it too, and then finds nothing new. */
static void step_system(struct app *app, int64_t step_ns)
{
	int r;

	if (step_ns == 0)
		return;
	r = system_clock_step(&app->host_time.clock, step_ns);
	if (r < 0)
		tell_failed("step", r);
	else
		note_real_minus_mono(app, app->real_minus_mono_ns + step_ns);
}

static void do_clock(struct app *app, const struct bc_action *action)
{
	int r;

	step_system(app, action->clock.step_ns);
	r = system_clock_set_frequency(&app->host_time.clock, -action->clock.frequency_ppb);
	if (r < 0)
		tell_failed("tune", r);
}

static void do_utc(struct app *app, const struct bc_action *action)
{
	struct system_clock *clock = &app->host_time.clock;
	int r = 0;

	if (!action->utc.is_ours)
		return;
	step_system(app, action->utc.system_step_ns);
	if (app->settings->host_time.is_leap_by_kernel)
		r = system_clock_set_leap(clock, action->utc.leap);
	/* The kernel counts a leap second of its own in. */
	if (r == 0 && action->utc.is_trusted)
		r = system_clock_set_tai_offset(clock, action->utc.utc_offset_s);
	if (r < 0)
		tell_failed("tell UTC to", r);
}

void host_time_do_action(struct app *app, const struct bc_action *action)
{
	if (!app->host_time.has_clock)
		return;
	if (action->type == BC_ACTION_CLOCK)
		do_clock(app, action);
	else if (action->type == BC_ACTION_UTC)
		do_utc(app, action);
}

void host_time_handle_clock_set(struct app *app)
{
	int64_t now_ns = clocks_real_minus_mono_ns(), step_ns = now_ns - app->real_minus_mono_ns;
	bool is_system_clock = app->engine && app->settings->engine.is_system_clock;

	if (app->host_time.has_clock && llabs(step_ns) < STEP_MIN_NS)
		return;
	note_real_minus_mono(app, now_ns);
	if (app->settings->is_other_domains) /* the boundary clock tells it */
		return;
	log_limited(LOG_NOTICE, LOG_KIND_CLOCK_SET, 0, "system clock was set by %+" PRId64 " ns%s", step_ns,
		    is_system_clock ? "" : "; PTP time is not affected");
	if (!is_system_clock)
		return;
	bc_engine_handle_clock_step(app->engine, step_ns, clocks_mono_ns());
	app_do_actions(app);
}

/* Somebody slews the system's clock, and with it CLOCK_MONOTONIC, on which a virtual clock is built. */
static void feed_slew_forward(struct app *app)
{
	double rate_ppb = clocks_kernel_rate_ppb() - app->kernel_rate_at_start_ppb;

	if (rate_ppb == app->kernel_rate_ppb)
		return;
	app->kernel_rate_ppb = rate_ppb;
	bc_engine_handle_mono_rate(app->engine, rate_ppb, clocks_mono_ns());
	app_do_actions(app);
}

/* Two that steer one clock never get it right; but it is not ours to end the other one. */
static void tell_fight(struct host_time *host)
{
	uint64_t now_mono_ns = clocks_mono_ns();

	host->n_frequency_changed++;
	if (now_mono_ns < host->tell_fight_mono_ns)
		return;
	host->fight_pause_ns = CLAMP(2 * host->fight_pause_ns, FIGHT_PAUSE_NS, FIGHT_PAUSE_LAST_NS);
	host->tell_fight_mono_ns = now_mono_ns + host->fight_pause_ns;
	log_line(LOG_WARNING,
		 "another program steers the system's clock too (%" PRIu64
		 " times now): chronyd, ntpd, systemd-timesyncd or phc2sys should not run beside local_clock "
		 "system",
		 host->n_frequency_changed);
}

static void look_after_clock(struct app *app, const struct bc_status *status)
{
	struct host_time *host = &app->host_time;

	if (system_clock_was_changed(&host->clock))
		tell_fight(host);
	if (!bc_engine_is_locked(app->engine, clocks_mono_ns()))
		return;
	(void)system_clock_tell_synchronized(&host->clock, MAX_ERROR_NS +
								   llabs(status->offset_from_master_ns) +
								   status->mean_path_delay_ns);
}

static void look_after_leaps(struct app *app)
{
	struct host_time *host = &app->host_time;
	int64_t tai_s = ptp_now_ns(app) / NSEC_PER_SEC;
	struct bc_leap_info info;

	if (!*host->leap_file.path)
		return;
	if (app->n_housekeeping % LEAP_FILE_PERIOD == 0 && leap_file_is_new(&host->leap_file))
		(void)renew_leap_file(app, tai_s);
	info = bc_leap_table_at(&host->leap_file.table, tai_s);
	if (info.is_valid == host->leap_info.is_valid && info.leap == host->leap_info.leap &&
	    info.utc_offset_s == host->leap_info.utc_offset_s)
		return;
	host->leap_info = info;
	bc_engine_handle_leap_info(app->engine, &info, clocks_mono_ns());
	app_do_actions(app);
}

/* Only what was found out by following: in holdover the server is better off with what else it has. */
static void export_time(struct app *app, const struct bc_status *status)
{
	struct host_time *host = &app->host_time;
	uint64_t mono_ns = clocks_mono_ns();
	int64_t utc_ns;
	int r;

	if (!bc_engine_is_locked(app->engine, mono_ns))
		return;
	utc_ns = bc_local_clock_ptp_ns(bc_engine_clock(app->engine), mono_ns) -
		 status->utc_in_force_s * NSEC_PER_SEC;
	r = refclock_tell(&host->refclock, (int64_t)mono_ns + app->real_minus_mono_ns, utc_ns, status->leap);
	if (r < 0 && !host->is_export_told)
		log_line(LOG_WARNING, "time export: nobody takes the samples yet: %s: %s",
			 host->refclock.path, strerror(-r));
	else if (r == 0 && host->is_export_told)
		log_line(LOG_NOTICE, "time export: the samples are taken");
	host->is_export_told = r < 0;
}

void host_time_housekeeping(struct app *app)
{
	struct bc_status status;

	if (!app->engine)
		return;
	if (!app->settings->engine.is_system_clock)
		feed_slew_forward(app);
	look_after_leaps(app);
	bc_engine_status(app->engine, &status);
	if (app->n_housekeeping % 2 != 0)
		return;
	if (app->host_time.has_clock)
		look_after_clock(app, &status);
	if (app->host_time.refclock.type != REFCLOCK_NONE)
		export_time(app, &status);
}
