// SPDX-License-Identifier: GPL-2.0-or-later
/* The event loop: records and time into the engine, its actions onto the wire and into the log. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "bc/daemon/app.h"
#include "bc/daemon/clocks.h"
#include "bc/daemon/describe.h"
#include "bc/daemon/log.h"
#include "util/macros.h"

/* Good for four missed renewals. */
#define LEASE_NS (2 * NSEC_PER_SEC)
/* Records taken before timers get their turn. */
#define RX_BUDGET 256
#define TX_BUDGET 64

enum {
	POLL_SIGNAL,
	POLL_DEADLINE,
	POLL_HOUSEKEEPING,
	POLL_CLOCK,
	POLL_LINKS,
	POLL_SENDER,
	POLL_RX,
	POLL_TX,
	POLL_DEPARTURES,
	POLL_CONTROL,
	POLL_MAX,
};

/* How often samples go to a client of the control socket that asked for them. */
#define CONTROL_TICK_MS 50

static bool is_own_port(struct app *app, uint16_t port_index, uint32_t ifindex)
{
	if (port_index >= app->n_ports)
		return false;
	if ((uint32_t)app->ports[port_index].link.ifindex == ifindex)
		return true;
	app->counters[port_index].value[DAEMON_COUNTER_RX_STALE_LINK]++;
	return false;
}

static void on_rx(void *context, const struct ebc_rx_record *record)
{
	struct app *app = context;
	enum ebc_transport transport = (enum ebc_transport)record->transport;
	struct bc_rx rx = {
		.message = record->frame + record->ptp_offset,
		.len = record->ptp_len,
		.has_stamp = record->stamp_source != EBC_STAMP_NONE,
		.stamp_mono_ns = record->stamp_mono_ns,
		.transport = transport,
	};
	bool is_multicast;

	/* Converted with the offset of before the system's clock was set: the later stamp is the better one.
	 */
	if (record->tc_mono_ns < app->clock_set_mono_ns)
		rx.stamp_mono_ns = record->tc_mono_ns;
	if (!is_own_port(app, record->port_index, record->ifindex))
		return;
	if (app->transparent) {
		transparent_handle_rx(app, record, rx.stamp_mono_ns);
		app_do_actions(app);
		return;
	}
	if (!bc_encap_read(record->frame, record->frame_len, record->ptp_offset, transport, &rx.source,
			   &is_multicast)) {
		app->counters[record->port_index].value[DAEMON_COUNTER_RX_CHECKSUM]++;
		return;
	}
	bc_engine_handle_rx(app->engine, record->port_index, &rx, clocks_mono_ns());
	app_do_actions(app);
}

static void use_tx_stamp(struct app *app, size_t port, uint8_t message_type, uint16_t sequence_id,
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

static void take_driver_stamps(struct app *app, int budget)
{
	struct sender_event event;
	uint64_t stamp_mono_ns;
	int64_t real_ns;

	for (int i = 0; i < budget && sender_pop_stamp(app->sender, &event, &real_ns); i++) {
		if (real_ns == 0 || event.port >= app->n_ports ||
		    event.message_type >= ARRAY_SIZE(app->ports->tx_history))
			continue;
		stamp_mono_ns = (uint64_t)(real_ns - app->real_minus_mono_ns);
		if (app->tx_stamp == EBC_STAMP_DRIVER)
			use_tx_stamp(app, event.port, event.message_type, event.sequence_id, stamp_mono_ns);
		else
			tx_stamp_handle_driver(&app->ports[event.port].tx_history[event.message_type],
					       event.sequence_id, stamp_mono_ns);
	}
}

/* A transparent clock's peer delay belongs to its residence times, and is stamped where those end. */
static uint64_t own_tx_stamp(struct app *app, struct port *port, const struct ebc_tx_record *record)
{
	struct tx_stamp_history *history;
	uint64_t stamp_mono_ns;

	if (app->transparent || record->stamp_source != EBC_STAMP_XMIT ||
	    record->message_type >= ARRAY_SIZE(port->tx_history))
		return record->stamp_mono_ns;
	history = &port->tx_history[record->message_type];
	/* On another CPU, or behind a qdisc, its answer may be the later one to be told of. */
	if (tx_stamp_awaits_driver(history, record->sequence_id))
		take_driver_stamps(app, TX_BUDGET);
	stamp_mono_ns = tx_stamp_mono_ns(history, record->sequence_id,
					 record->stamp_mono_ns - record->driver_ns / 2, record->driver_ns);
	if (record->message_type == PTP_DELAY_REQ)
		for (size_t i = 0; i < app->n_ports; i++)
			app->ports[i].asks_for_sync =
				tx_stamp_is_driver_far(history, app->ports[i].asks_for_sync);
	return stamp_mono_ns;
}

static void on_tx(void *context, const struct ebc_tx_record *record)
{
	struct app *app = context;

	if (app->tx_stamp == EBC_STAMP_DRIVER || !is_own_port(app, record->port_index, record->ifindex))
		return;
	use_tx_stamp(app, record->port_index, record->message_type, record->sequence_id,
		     own_tx_stamp(app, &app->ports[record->port_index], record));
}

/* Mostly the stamp is there when the send returns; when a qdisc holds the frame, poll(2) tells later. The
 * driver's comes first, since it is used when the record of the tracepoints is taken. */
static void take_tx_stamps(struct app *app, int n_driver_stamps)
{
	if (n_driver_stamps > 0)
		take_driver_stamps(app, n_driver_stamps);
	if (app->tx_stamp != EBC_STAMP_DRIVER)
		ebc_loader_consume_tx(app->loader, TX_BUDGET, on_tx, app);
}

void app_tell_send_failed(struct app *app, size_t port, int error)
{
	app->counters[port].value[DAEMON_COUNTER_TX_FAILED]++;
	log_limited(LOG_WARNING, LOG_KIND_SEND, port, "port %zu (%s): cannot send: %s", port + 1,
		    app->ports[port].settings->name, strerror(-error));
}

void app_send(struct app *app, const struct bc_action *action)
{
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(app->loader);
	int r;

	/* A stamp that comes meanwhile need not wake us: we look right after, and poll(2) would tell the
	 * rest. */
	ctl->is_sending = 1;
	r = port_send(&app->ports[action->port], app->sender, action);
	ctl->is_sending = 0;
	if (action->send.is_event)
		take_tx_stamps(app, sender_has_asked(app->sender) ? 1 : 0);
	if (r < 0)
		app_tell_send_failed(app, action->port, r);
}

/* For readers of the map: a tool or a bench. */
static void publish_clock(struct app *app)
{
	const struct bc_local_clock *clock = bc_engine_clock(app->engine);
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(app->loader);

	if (ctl->clock_seq != 0 && bc_local_clock_equal(clock, &app->published_clock))
		return;
	app->published_clock = *clock;
	ctl->clock_seq++;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	ctl->clock_ref_frac = clock->ref_frac;
	ctl->clock_ref_mono_ns = clock->ref_mono_ns;
	ctl->clock_ref_ptp_ns = clock->ref_ptp_ns;
	ctl->clock_rate_q62 = clock->rate_q62;
	__atomic_thread_fence(__ATOMIC_RELEASE);
	ctl->clock_seq++;
}

void app_do_actions(struct app *app)
{
	struct bc_action action;

	if (app->transparent) {
		transparent_do_actions(app);
		return;
	}
	while (bc_engine_pop_action(app->engine, &action)) {
		if (action.type == BC_ACTION_SEND)
			app_send(app, &action);
		else
			report_action(&app->report, &action);
	}
	publish_clock(app);
}

static void tell_log(struct port *port, bool is_usable)
{
	const char *reason = is_usable ? "" : port->reason;

	if (is_usable == port->is_usable && strcmp(reason, port->told) == 0)
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
	tell_log(port, is_usable);
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
	bool is_usable = port_refresh(port, app->links, app->loader);

	describe_port(port);
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

void app_renew_lease(struct app *app)
{
	ebc_loader_ctl(app->loader)->lease_until_mono_ns = clocks_mono_ns() + LEASE_NS;
}

static void check_port(struct app *app, struct port *port)
{
	bool was_detached, is_attached = port_check(port, app->links, app->loader, &was_detached);

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

/* Somebody slews the system's clock, and with it CLOCK_MONOTONIC, on which PTP time is built. */
static void feed_slew_forward(struct app *app)
{
	double rate_ppb = clocks_kernel_rate_ppb() - app->kernel_rate_at_start_ppb;

	if (rate_ppb == app->kernel_rate_ppb)
		return;
	app->kernel_rate_ppb = rate_ppb;
	bc_engine_handle_mono_rate(app->engine, rate_ppb, clocks_mono_ns());
	app_do_actions(app);
}

static void on_housekeeping(struct app *app)
{
	uint64_t expirations;

	if (read(app->housekeeping_fd, &expirations, sizeof(expirations)) < 0)
		return;
	app->n_housekeeping++;
	app_renew_lease(app);
	log_flush();
	if (app->transparent)
		transparent_housekeeping(app);
	else
		feed_slew_forward(app);
	for (size_t i = 0; i < app->n_ports; i++)
		check_port(app, &app->ports[i]);
}

static void on_clock_set(struct app *app)
{
	int64_t old_ns = app->real_minus_mono_ns;

	clocks_watch_rearm(app->clock_watch_fd);
	app->real_minus_mono_ns = clocks_real_minus_mono_ns();
	ebc_loader_ctl(app->loader)->real_minus_mono_ns = app->real_minus_mono_ns;
	app->clock_set_mono_ns = clocks_mono_ns();
	log_limited(LOG_NOTICE, LOG_KIND_CLOCK_SET, 0,
		    "system clock was set by %+" PRId64 " ns; PTP time is not affected",
		    app->real_minus_mono_ns - old_ns);
}

static void log_counters(struct app *app)
{
	for (size_t i = 0; i < app->n_ports; i++) {
		struct report_list list = {.len = 0};
		struct ebc_counters bpf = {};

		ebc_loader_counters(app->loader, (uint32_t)i, &bpf);
		report_list_add_bpf(&list, &bpf);
		if (app->transparent)
			transparent_list_counters(app->transparent, i, &list);
		else
			report_list_add_engine(&list, bc_engine_counters(app->engine, i));
		report_list_add_daemon(&list, &app->counters[i]);
		report_counters(&app->ports[i], &list);
	}
}

static void on_signal(struct app *app)
{
	struct signalfd_siginfo info;

	while (read(app->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGUSR1:
			log_counters(app);
			break;
		case SIGHUP:
			log_limited(LOG_NOTICE, LOG_KIND_RELOAD, 0,
				    "SIGHUP: reading the configuration again is not supported yet");
			break;
		default:
			app->is_stopping = true;
			break;
		}
	}
}

static uint64_t next_deadline_mono_ns(const struct app *app)
{
	return app->transparent ? transparent_next_deadline_mono_ns(app->transparent)
				: bc_engine_next_deadline_mono_ns(app->engine);
}

static void arm_deadline(struct app *app)
{
	uint64_t deadline = next_deadline_mono_ns(app);
	struct itimerspec at = {};

	if (deadline == app->armed_deadline_mono_ns)
		return;
	app->armed_deadline_mono_ns = deadline;
	if (deadline != UINT64_MAX) {
		deadline = MAX(deadline, 1); /* 0 would disarm */
		at.it_value.tv_sec = (time_t)(deadline / NSEC_PER_SEC);
		at.it_value.tv_nsec = (long)(deadline % NSEC_PER_SEC);
	}
	timerfd_settime(app->deadline_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void serve_time(struct app *app)
{
	uint64_t now_mono_ns = clocks_mono_ns();

	if (now_mono_ns < next_deadline_mono_ns(app))
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
static void serve(struct app *app, const struct pollfd *polled)
{
	if (polled[POLL_CLOCK].revents)
		on_clock_set(app);
	take_tx_stamps(app, polled[POLL_SENDER].revents ? TX_BUDGET : 0);
	if (app->transparent)
		transparent_take_departures(app);
	app_do_actions(app);
	ebc_loader_consume_rx(app->loader, RX_BUDGET, on_rx, app);
	app_do_actions(app);
	serve_time(app);
	if (polled[POLL_LINKS].revents)
		on_link_events(app);
	if (polled[POLL_HOUSEKEEPING].revents)
		on_housekeeping(app);
	if (polled[POLL_SIGNAL].revents)
		on_signal(app);
	if (polled[POLL_CONTROL].revents)
		control_dispatch(app->control);
	serve_samples(app);
}

int app_run(struct app *app)
{
	struct pollfd polled[POLL_MAX] = {
		[POLL_SIGNAL] = {.fd = app->signal_fd, .events = POLLIN},
		[POLL_DEADLINE] = {.fd = app->deadline_fd, .events = POLLIN},
		[POLL_HOUSEKEEPING] = {.fd = app->housekeeping_fd, .events = POLLIN},
		[POLL_CLOCK] = {.fd = app->clock_watch_fd, .events = POLLIN},
		[POLL_LINKS] = {.fd = ebc_links_fd(app->links), .events = POLLIN},
		[POLL_SENDER] = {.fd = sender_fd(app->sender), .events = 0}, /* POLLERR: a driver stamp */
		[POLL_RX] = {.fd = ebc_loader_rx_fd(app->loader), .events = POLLIN},
		[POLL_TX] = {.fd = ebc_loader_tx_fd(app->loader), .events = POLLIN},
		/* -1, which poll(2) passes over, where there is none. */
		[POLL_DEPARTURES] = {.fd = ebc_loader_departure_fd(app->loader), .events = POLLIN},
		[POLL_CONTROL] = {.fd = app->control ? control_fd(app->control) : -1, .events = POLLIN},
	};

	while (!app->is_stopping) {
		bool wants_ticks = app->control && control_wants_ticks(app->control);

		arm_deadline(app);
		if (poll(polled, POLL_MAX, wants_ticks ? CONTROL_TICK_MS : -1) < 0 && errno != EINTR)
			return -errno;
		/* Fired: it must be armed anew even for the same time. */
		if (polled[POLL_DEADLINE].revents)
			app->armed_deadline_mono_ns = UINT64_MAX - 1;
		serve(app, polled);
	}
	return 0;
}
