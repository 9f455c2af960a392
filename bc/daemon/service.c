// SPDX-License-Identifier: GPL-2.0-or-later
/* See service.h. */
#include "bc/daemon/service.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bc/daemon/app.h"
#include "bc/daemon/log.h"
#include "bc/daemon/notify.h"
#include "bc/daemon/refusal.h"
#include "bc/engine/status.h"
#include "util/macros.h"

#define STATUS_SPACING_NS ((uint64_t)NSEC_PER_SEC)
/* Of the time that the manager waits: a tick that comes late, or two, is not the end. */
#define WATCHDOG_PART 4
/* Fed twice a second at most, and not at all while a deadline is overdue. */
#define WATCHDOG_MIN_NS ((uint64_t)NSEC_PER_SEC)
/* What is due is not done while it is later than this. */
#define LATE_NS	      ((uint64_t)NSEC_PER_SEC)
#define STATUS_OCTETS 512

static struct {
	uint64_t watchdog_ns; /* 0: the manager wants none */
	uint64_t told_mono_ns, fed_mono_ns;
	char told[STATUS_OCTETS];
	bool owes_ready; /* it was not taken yet; of the rest, what is lost is nothing */
} service;

void service_start(void)
{
	char text[64];

	service.watchdog_ns = notify_has_manager() ? notify_watchdog_ns() : 0;
	if (service.watchdog_ns == 0 || service.watchdog_ns >= WATCHDOG_MIN_NS)
		return;
	log_line(LOG_WARNING,
		 "a watchdog of %" PRIu64 " us cannot be kept: the manager is asked for one of %d s",
		 service.watchdog_ns / 1000, (int)(WATCHDOG_MIN_NS / (uint64_t)NSEC_PER_SEC));
	service.watchdog_ns = WATCHDOG_MIN_NS;
	snprintf(text, sizeof(text), "WATCHDOG_USEC=%" PRIu64, WATCHDOG_MIN_NS / 1000);
	notify_send(text);
}

void service_ready(void)
{
	service.owes_ready = notify_send("READY=1") == -EAGAIN;
}

void service_reloading(void)
{
	struct timespec now; /* as the manager reads it, in a time namespace too */
	char text[64];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
		 (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	notify_send(text);
}

void service_stopping(void)
{
	notify_send("STOPPING=1");
}

static void describe_engine(const struct app *app, uint64_t now_mono_ns, char *ret, size_t size)
{
	char grandmaster[BC_CLOCK_IDENTITY_TEXT];
	struct bc_clock_status clock;
	const char *port;

	bc_engine_get_status(app->engine, now_mono_ns, &clock);
	bc_clock_identity_text(clock.data_sets.grandmaster_identity, grandmaster);
	port = clock.is_following ? app->settings->ports[clock.parent_port].name : "";
	if (clock.state == BC_CLOCK_LOCKED)
		snprintf(ret, size, "locked to %s via %s, offset %" PRId64 " ns", grandmaster, port,
			 clock.data_sets.offset_from_master_ns);
	else if (clock.is_following)
		snprintf(ret, size, "acquiring %s via %s", grandmaster, port);
	else if (clock.state == BC_CLOCK_HOLDOVER)
		snprintf(ret, size, "holdover, last in step %" PRIu64 " s ago",
			 (now_mono_ns - MIN(clock.holdover.in_step_mono_ns, now_mono_ns)) /
				 (uint64_t)NSEC_PER_SEC);
	else
		snprintf(ret, size, "%s", bc_clock_state_name(clock.state));
}

static void describe(const struct app *app, uint64_t now_mono_ns, char *ret, size_t size)
{
	const struct refusal *refusal = refusal_get();
	size_t n_faulty = 0, len;

	if (app->engine)
		describe_engine(app, now_mono_ns, ret, size);
	else
		snprintf(ret, size, "%s",
			 app->settings->loader.mode == EBC_MODE_MONITOR ? "measuring" : "forwarding");
	for (size_t i = 0; i < app->n_ports; i++)
		n_faulty += !app->ports[i].is_usable;
	len = strlen(ret);
	if (n_faulty > 0)
		snprintf(ret + len, size - len, "; %zu of %zu ports not in service", n_faulty, app->n_ports);
	len = strlen(ret);
	if (refusal)
		snprintf(ret + len, size - len,
			 "; reload refused, running with the configuration of before: %s", refusal->reason);
}

static void tell_status(const struct app *app, uint64_t now_mono_ns)
{
	char text[STATUS_OCTETS], line[STATUS_OCTETS + sizeof("STATUS=")];

	if (now_mono_ns - service.told_mono_ns < STATUS_SPACING_NS)
		return;
	service.told_mono_ns = now_mono_ns;
	describe(app, now_mono_ns, text, sizeof(text));
	if (strcmp(text, service.told) == 0)
		return;
	memcpy(service.told, text, sizeof(text));
	snprintf(line, sizeof(line), "STATUS=%s", text);
	notify_send(line);
}

static void feed_watchdog(uint64_t now_mono_ns)
{
	if (service.watchdog_ns == 0 ||
	    now_mono_ns - service.fed_mono_ns < service.watchdog_ns / WATCHDOG_PART)
		return;
	service.fed_mono_ns = now_mono_ns;
	notify_send("WATCHDOG=1");
}

void service_goes_on(uint64_t now_mono_ns)
{
	feed_watchdog(now_mono_ns);
}

/* Not only does poll(2) return: what was due has been done. */
static bool is_on_time(const struct app *app, uint64_t now_mono_ns)
{
	uint64_t deadline_mono_ns = app_next_deadline_mono_ns(app);

	return now_mono_ns < deadline_mono_ns || now_mono_ns - deadline_mono_ns < LATE_NS;
}

void service_housekeeping(const struct app *app, uint64_t now_mono_ns)
{
	if (!notify_has_manager())
		return;
	if (service.owes_ready)
		service_ready();
	tell_status(app, now_mono_ns);
	if (is_on_time(app, now_mono_ns) &&
	    (!app->other_domains || is_on_time(app->other_domains, now_mono_ns)))
		feed_watchdog(now_mono_ns);
}
