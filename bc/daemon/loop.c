// SPDX-License-Identifier: GPL-2.0-or-later
/* The event loop: records and time into the engine, its actions onto the wire and into the log. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "bc/daemon/app.h"
#include "bc/daemon/clocks.h"
#include "bc/daemon/control_keep.h"
#include "bc/daemon/describe.h"
#include "bc/daemon/log.h"
#include "bc/daemon/reach.h"
#include "bc/daemon/one_step_port.h"
#include "bc/daemon/other_domains.h"
#include "bc/daemon/report_link.h"
#include "bc/daemon/service.h"
#include "util/macros.h"

enum {
	POLL_SIGNAL,
	POLL_DEADLINE,
	POLL_HOUSEKEEPING,
	POLL_CLOCK,
	POLL_LINKS,
	POLL_CONTROL,
	POLL_MANAGEMENT,
	POLL_BACKEND, /* from here on: what the back end watches */
	POLL_MAX = POLL_BACKEND + BACKEND_POLL_MAX,
};

/* How often samples go to a client of the control socket that asked for them. */
#define CONTROL_TICK_MS 50

void app_handle_rx(struct app *app, size_t port, const struct bc_rx *rx)
{
	bc_engine_handle_rx(app->engine, port, rx, clocks_mono_ns());
	app_do_actions(app);
}

void app_handle_tx_stamp(struct app *app, size_t port, uint8_t message_type, uint16_t sequence_id,
			 uint64_t stamp_mono_ns)
{
	int64_t age_ns = (int64_t)(clocks_mono_ns() - stamp_mono_ns);

	/* We were stopped meanwhile: nobody waits for that Follow_Up any more. Or the system's clock, by
	 * which drivers stamp, was set meanwhile. */
	if (age_ns > NSEC_PER_SEC || age_ns < -NSEC_PER_MSEC) {
		app->counters[port].value[DAEMON_COUNTER_TX_STAMP_STALE]++;
		return;
	}
	if (app->transparent)
		transparent_handle_tx_stamp(app, port, message_type, sequence_id, stamp_mono_ns);
	else
		bc_engine_handle_tx_stamp(app->engine, port, message_type, sequence_id, stamp_mono_ns);
}

void app_tell_send_failed(struct app *app, size_t port, int error)
{
	app->counters[port].value[DAEMON_COUNTER_TX_FAILED]++;
	log_limited(LOG_WARNING, LOG_KIND_SEND, port, "port %zu (%s): cannot send: %s", port + 1,
		    app->ports[port].settings->name, strerror(-error));
}

void app_send(struct app *app, const struct bc_action *action)
{
	int r = app->backend->send(app, &app->ports[action->port], action);

	if (r < 0)
		app_tell_send_failed(app, action->port, r);
}

void app_do_actions(struct app *app)
{
	struct bc_action action;

	if (app->transparent) {
		transparent_do_actions(app);
		return;
	}
	while (bc_engine_pop_action(app->engine, &action)) {
		app->backend->publish_clock(app);
		if (action.type == BC_ACTION_SEND)
			app_send(app, &action);
		else if (action.type == BC_ACTION_MANAGEMENT || action.type == BC_ACTION_SLAVE_EVENT)
			management_do_action(app, &action);
		else
			report_action(&app->report, &action);
		status_handle_action(app, &action);
		host_time_do_action(app, &action);
	}
	app->backend->publish_clock(app);
}

static void tell_log(const struct app *app, struct port *port, bool is_usable)
{
	const char *reason = is_usable ? "" : port->reason;
	/* Of the interface itself the first instance tells. */
	bool is_known = app->settings->is_other_domains && strncmp(reason, "cannot", strlen("cannot")) != 0;

	if (is_known || (is_usable == port->is_usable && strcmp(reason, port->told) == 0))
		return;
	if (is_usable)
		log_limited(LOG_NOTICE, LOG_KIND_LINK, port->index, "port %zu (%s): link up", port->index + 1,
			    port->settings->name);
	else
		log_limited(LOG_WARNING, LOG_KIND_LINK, port->index, "port %zu (%s): %s", port->index + 1,
			    port->settings->name, reason);
	snprintf(port->told, sizeof(port->told), "%s", reason);
}

static void tell_engine(struct app *app, struct port *port, bool is_usable)
{
	tell_log(app, port, is_usable);
	if (is_usable && !port->is_usable && !app->transparent)
		reach_prepare(app, port);
	if (port->is_usable != is_usable || port->since_mono_ns == 0)
		port->since_mono_ns = clocks_mono_ns();
	port->is_usable = is_usable;
	if (app->transparent)
		transparent_handle_link(app, port, is_usable);
	else
		bc_engine_handle_link(app->engine, port->index, is_usable ? BC_LINK_UP : BC_LINK_DOWN,
				      clocks_mono_ns());
	app_do_actions(app);
}

void app_refresh_port(struct app *app, struct port *port)
{
	int old_ifindex = port->link.ifindex;
	bool is_usable = port_refresh(app, port);

	if (!app->settings->is_other_domains)
		describe_port(port);
	management_describe_port(app, port);
	/* Deleted and made anew between two looks: what the engine knows of the old one is void. */
	if (port->is_usable && is_usable && old_ifindex != port->link.ifindex) {
		snprintf(port->reason, sizeof(port->reason), "interface was replaced");
		tell_engine(app, port, false);
	}
	tell_engine(app, port, is_usable);
}

static void on_link_events(struct app *app)
{
	struct ebc_link_event event;
	bool is_due[BC_MAX_PORTS] = {};

	ebc_links_dispatch(app->links);
	while (ebc_links_pop_event(app->links, &event)) {
		for (size_t i = 0; i < app->n_ports; i++) {
			const struct port *port = &app->ports[i];

			is_due[i] |= event.type == EBC_LINK_EVENT_OVERRUN ||
				     event.ifindex == port->link.ifindex ||
				     event.ifindex == port->link.master_ifindex ||
				     strcmp(event.name, port->settings->name) == 0 ||
				     /* What is below a stacked port may be anything. */
				     port->link.n_lowest > 1 || port->link.lowest[0] != port->link.ifindex;
		}
	}
	for (size_t i = 0; i < app->n_ports; i++)
		if (is_due[i])
			app_refresh_port(app, &app->ports[i]);
}

static void check_port(struct app *app, struct port *port)
{
	bool was_detached, is_attached = port_check(app, port, &was_detached);

	if (was_detached) {
		app->counters[port->index].value[DAEMON_COUNTER_REATTACHED]++;
		log_limited(LOG_WARNING, LOG_KIND_ATTACH, port->index,
			    "port %zu (%s): somebody detached the BPF programs: %s", port->index + 1,
			    port->settings->name,
			    is_attached ? "attached again" : "cannot attach them again");
		app_refresh_port(app, port);
	} else if (!port->is_usable && app->n_housekeeping % 2 == 0) {
		app_refresh_port(app, port);
	}
}

uint64_t app_next_deadline_mono_ns(const struct app *app)
{
	return app->transparent ? transparent_next_deadline_mono_ns(app->transparent)
				: bc_engine_next_deadline_mono_ns(app->engine);
}

static void on_housekeeping(struct app *app)
{
	uint64_t expirations;

	if (read(app->housekeeping_fd, &expirations, sizeof(expirations)) < 0)
		return;
	app->n_housekeeping++;
	management_housekeeping(app->management);
	app->backend->handle_alive(app);
	log_flush();
	if (app->transparent)
		transparent_housekeeping(app);
	host_time_housekeeping(app);
	for (size_t i = 0; i < app->n_ports; i++) {
		check_port(app, &app->ports[i]);
		one_step_port_housekeeping(app, &app->ports[i]);
	}
	status_housekeeping(app);
	other_domains_housekeeping(app);
	if (!app->settings->is_other_domains) {
		control_keep_housekeeping(app);
		service_housekeeping(app, clocks_mono_ns());
	}
}

static void on_clock_set(struct app *app)
{
	clocks_watch_rearm(app->clock_watch_fd);
	host_time_handle_clock_set(app);
}

void app_list_counters(struct app *app, size_t port, struct counter_list *list)
{
	app->backend->list_counters(app, port, list);
	if (app->transparent)
		transparent_list_counters(app->transparent, port, list);
	else {
		report_list_add_engine(list, bc_engine_counters(app->engine, port));
		report_list_add_peer_delay(list, app->engine, port);
	}
	report_list_add_daemon(list, &app->counters[port]);
}

static void log_counters(struct app *app)
{
	for (size_t i = 0; i < app->n_ports; i++) {
		struct counter_list list = {.n = 0};

		app_list_counters(app, i, &list);
		report_counters(&app->ports[i], &list, app->settings->is_other_domains);
	}
}

static void on_signal(struct app *app)
{
	struct signalfd_siginfo info;

	while (read(app->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGUSR1:
			log_counters(app);
			if (app->other_domains)
				log_counters(app->other_domains);
			break;
		case SIGHUP:
			app->is_reload_wanted = true;
			break;
		default:
			app->is_stopping = true;
			break;
		}
	}
}

static void arm_deadline(struct app *app)
{
	uint64_t deadline = app_next_deadline_mono_ns(app);

	if (deadline == app->armed_deadline_mono_ns)
		return;
	app->armed_deadline_mono_ns = deadline;
	clocks_arm_at(app->deadline_fd, deadline);
}

static void serve_time(struct app *app)
{
	uint64_t now_mono_ns = clocks_mono_ns();

	if (now_mono_ns < app_next_deadline_mono_ns(app))
		return;
	if (app->transparent)
		transparent_handle_timer(app, now_mono_ns);
	else
		bc_engine_handle_timer(app->engine, now_mono_ns);
	app_do_actions(app);
}

/* Samples go to those who asked for them a batch at a time, however often we wake. */
static void serve_samples(struct app *app)
{
	uint64_t now_mono_ns = clocks_mono_ns();

	if (!app->control || !control_wants_ticks(app->control) ||
	    now_mono_ns - app->control_tick_mono_ns < CONTROL_TICK_MS * NSEC_PER_MSEC)
		return;
	app->control_tick_mono_ns = now_mono_ns;
	control_tick(app->control);
}

/* Whatever woke us: stamps first, since Follow_Ups wait for them, then frames, then time. */
static void serve(struct app *app, const struct pollfd *polled, size_t n_backend)
{
	/* Fired: it must be armed anew even for the same time. */
	if (polled[POLL_DEADLINE].revents)
		app->armed_deadline_mono_ns = UINT64_MAX - 1;
	if (polled[POLL_CLOCK].revents)
		on_clock_set(app);
	app->backend->take_tx_stamps(app, polled + POLL_BACKEND, n_backend);
	app_do_actions(app);
	app->backend->take_frames(app, polled + POLL_BACKEND, n_backend);
	app_do_actions(app);
	serve_time(app);
	if (polled[POLL_LINKS].revents)
		on_link_events(app);
	if (polled[POLL_HOUSEKEEPING].revents)
		on_housekeeping(app);
	if (polled[POLL_SIGNAL].revents)
		on_signal(app);
	if (polled[POLL_MANAGEMENT].revents)
		management_dispatch(app);
	if (polled[POLL_CONTROL].revents)
		control_dispatch(app->control);
	serve_samples(app);
}

static int poll_timeout_ms(const struct app *app)
{
	int timeout_ms = app->backend->timeout_ms(app);

	if (!app->control || !control_wants_ticks(app->control))
		return timeout_ms;
	return timeout_ms < 0 ? CONTROL_TICK_MS : MIN(timeout_ms, CONTROL_TICK_MS);
}

/* Fills in what an instance watches; returns how many entries. */
static size_t watch(struct app *app, struct pollfd *polled)
{
	polled[POLL_SIGNAL] = (struct pollfd){.fd = app->signal_fd, .events = POLLIN};
	polled[POLL_DEADLINE] = (struct pollfd){.fd = app->deadline_fd, .events = POLLIN};
	polled[POLL_HOUSEKEEPING] = (struct pollfd){.fd = app->housekeeping_fd, .events = POLLIN};
	polled[POLL_CLOCK] = (struct pollfd){.fd = app->clock_watch_fd, .events = POLLIN};
	polled[POLL_LINKS] = (struct pollfd){.fd = ebc_links_fd(app->links), .events = POLLIN};
	polled[POLL_MANAGEMENT] = (struct pollfd){.fd = management_fd(app->management), .events = POLLIN};
	polled[POLL_CONTROL] =
		(struct pollfd){.fd = app->control ? control_fd(app->control) : -1, .events = POLLIN};
	arm_deadline(app);
	/* Sockets come and go with their interfaces. */
	return POLL_BACKEND + app->backend->watch(app, polled + POLL_BACKEND);
}

/* The housekeeping wakes us when its time has come. */
static bool is_reload_due(const struct app *app)
{
	return app->is_reload_wanted && clocks_mono_ns() >= app->reload_from_mono_ns;
}

bool app_run(struct app *app, int *ret_error)
{
	static struct pollfd polled[2 * POLL_MAX];

	while (!app->is_stopping && !is_reload_due(app)) {
		size_t n = watch(app, polled), n_other = 0;

		if (app->other_domains)
			n_other = watch(app->other_domains, polled + n);
		if (poll(polled, n + n_other, poll_timeout_ms(app)) < 0 && errno != EINTR) {
			*ret_error = -errno;
			return false;
		}
		serve(app, polled, n - POLL_BACKEND);
		if (app->other_domains)
			serve(app->other_domains, polled + n, n_other - POLL_BACKEND);
	}
	return !app->is_stopping;
}
