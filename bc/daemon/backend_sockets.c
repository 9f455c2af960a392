// SPDX-License-Identifier: GPL-2.0-or-later
/* See backend_sockets.h. */
#include "bc/daemon/backend_sockets.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bc/daemon/app.h"
#include "bc/daemon/clocks.h"
#include "bc/daemon/driver_stamp.h"
#include "bc/daemon/log.h"
#include "bc/daemon/ptp_sockets.h"
#include "bc/daemon/socket_batch.h"
#include "bc/daemon/token_bucket.h"
#include "netlink/ethtool.h"
#include "util/macros.h"

/* Stamps taken from one socket before others get their turn. */
#define STAMP_BUDGET 64
/* A port that has taken more than its rate is left alone for so long; then the kernel drops. */
#define PAUSE_MS 10
/* A stamp is of a message that came in the last second, as far as the two clocks can be compared. */
#define STAMP_AGE_MAX_NS NSEC_PER_SEC
#define STAMP_AGE_MIN_NS (-10 * NSEC_PER_USEC)

/* In the order of watch(). */
enum {
	WATCH_EVENT,
	WATCH_GENERAL,
	WATCH_A_PORT,
};
_Static_assert(WATCH_A_PORT *BC_MAX_PORTS <= BACKEND_POLL_MAX, "poll entries");

struct sockets_port {
	struct ptp_sockets fds;
	bool is_member;
	struct token_bucket bucket;
	/* The system's clock was set: what waits in the sockets was stamped by who knows which time. */
	bool distrusts_event_stamps;
	uint32_t n_overflow[WATCH_A_PORT]; /* as the sockets told last */
};

struct sockets {
	struct socket_batch *event_batch, *general_batch;
	struct sockets_port ports[BC_MAX_PORTS];
};

static struct sockets_port *of(struct app *app, const struct port *port)
{
	return &app->sockets->ports[port->index];
}

static struct ptp_sockets_options options_of(const struct app *app, const struct port *port)
{
	return (struct ptp_sockets_options){
		.transport = port->transport,
		.interface = port->link.name,
		.ifindex = port->link.ifindex,
		.is_member = port->link.master_ifindex != 0,
		.dscp_event = port->settings->dscp_event,
		.dscp_general = port->settings->dscp_general,
		.multicast_hops = port->settings->hop_limit,
		.priority = app->settings->socket_priority,
	};
}

/* What nobody can mend while we run is found at the start: privileges. */
static int try_to_open(struct app *app, char *reason, size_t reason_size)
{
	for (size_t i = 0; i < app->n_ports; i++) {
		struct ptp_sockets_options options = options_of(app, &app->ports[i]);
		struct ptp_sockets fds = PTP_SOCKETS_NONE;
		int r = ptp_sockets_open(&options, &fds);

		ptp_sockets_close(&fds);
		if (r == -EPERM || r == -EACCES) {
			snprintf(reason, reason_size,
				 "cannot open sockets for PTP: not permitted: needs %s, or root",
				 options.transport == EBC_TRANSPORT_IEEE_802_3 ? "CAP_NET_RAW"
									       : "CAP_NET_BIND_SERVICE");
			return r;
		}
	}
	return 0;
}

static int start(struct app *app, char *reason, size_t reason_size)
{
	uint64_t now_mono_ns = clocks_mono_ns();
	int r = try_to_open(app, reason, reason_size);

	if (r < 0)
		return r;
	snprintf(reason, reason_size, "out of memory");
	app->sockets = calloc(1, sizeof(*app->sockets));
	if (!app->sockets)
		return -ENOMEM;
	for (size_t i = 0; i < ARRAY_SIZE(app->sockets->ports); i++)
		app->sockets->ports[i] = (struct sockets_port){
			.fds = PTP_SOCKETS_NONE,
			.bucket = token_bucket_new(app->settings->loader.rx_rate_per_s,
						   app->settings->loader.rx_burst, now_mono_ns),
		};
	app->sockets->event_batch = socket_batch_new();
	app->sockets->general_batch = socket_batch_new();
	if (!app->sockets->event_batch || !app->sockets->general_batch)
		return -ENOMEM;
	app->tx_stamp = EBC_STAMP_DRIVER;
	for (size_t i = 0; i < app->n_ports; i++)
		app->ports[i].tx_stamp = app->tx_stamp;
	log_line(LOG_INFO, "transmit stamps: software stamps of the drivers, by the sockets");
	log_line(LOG_INFO, "receive stamps: the kernel's, by the sockets");
	return 0;
}

static void handle_started(struct app *app)
{
	(void)app;
}

static void stop(struct app *app)
{
	if (!app->sockets)
		return;
	for (size_t i = 0; i < app->n_ports; i++)
		port_fini(app, &app->ports[i]);
	socket_batch_free(app->sockets->event_batch);
	socket_batch_free(app->sockets->general_batch);
	free(app->sockets);
	app->sockets = NULL;
}

static void detach(struct app *app, struct port *port)
{
	ptp_sockets_close(&of(app, port)->fds);
}

static int refuse(char *reason, size_t reason_size, int error, const char *text)
{
	snprintf(reason, reason_size, "%s", text);
	return error;
}

static int attach(struct app *app, struct port *port, char *reason, size_t reason_size)
{
	struct ptp_sockets_options options = options_of(app, port);
	struct sockets_port *sp = of(app, port);
	struct ebc_ethtool_info info;
	int r;

	if (port->is_attached && sp->is_member == options.is_member)
		return 0;
	ptp_sockets_close(&sp->fds);
	/* Where the kernel cannot tell, trying will. */
	if (ebc_ethtool_get(port->link.name, &info) == 0 && !info.has_tx_software)
		return refuse(reason, reason_size, -EOPNOTSUPP,
			      "its driver takes no software transmit stamps");
	r = ptp_sockets_open(&options, &sp->fds);
	if (r == -EOPNOTSUPP && options.is_member)
		return refuse(reason, reason_size, r,
			      "UDP on a member of a bridge or bond needs time_stamping bpf");
	if (r == -EADDRINUSE)
		return refuse(reason, reason_size, r, "another program keeps UDP port 319 or 320 for itself");
	if (r < 0)
		return r;
	sp->is_member = options.is_member;
	sp->distrusts_event_stamps = false;
	memset(sp->n_overflow, 0, sizeof(sp->n_overflow));
	return 0;
}

/* Nobody can take a socket away. */
static bool is_intact(struct app *app, struct port *port)
{
	(void)app;
	(void)port;
	return true;
}

/* Returns how many messages the error queue had. */
static int take_stamps(struct app *app, size_t i, int budget, bool is_trusted)
{
	int fd = app->sockets->ports[i].fds.event_fd, n;
	struct driver_stamp stamp;

	for (n = 0; n < budget && driver_stamp_pop(fd, &stamp); n++) {
		if (stamp.real_ns == 0)
			continue;
		if (is_trusted && clocks_real_minus_mono_is(app->real_minus_mono_ns))
			app_handle_tx_stamp(app, i, stamp.message_type, stamp.sequence_id,
					    (uint64_t)(stamp.real_ns - app->real_minus_mono_ns));
		else
			app->counters[i].value[DAEMON_COUNTER_TX_STAMP_STALE]++;
	}
	return n;
}

static int send_message(struct app *app, struct port *port, const struct bc_action *action)
{
	struct bc_address source = port->source;
	struct ptp_sockets_envelope envelope = {
		.transport = port->transport,
		.ifindex = port->link.ifindex,
		.source = &source,
		.destination = port_destination(port, action),
		.is_event = action->send.is_event,
	};
	int r;

	if (!port->is_attached)
		return -ENETDOWN;
	if (action->send.is_unicast) {
		/* Whom we ask first hears from the address that the kernel chooses. */
		memset(source.ip, 0, sizeof(source.ip));
		port_choose_source(port, envelope.destination, &source);
	}
	r = ptp_sockets_send(&of(app, port)->fds, &envelope, action->send.message, action->send.len);
	/* Mostly it is there already; when a qdisc holds the message, poll(2) tells later. */
	if (r == 0 && action->send.is_event)
		take_stamps(app, port->index, 1, true);
	return r;
}

static size_t watch(struct app *app, struct pollfd *polled)
{
	uint64_t now_mono_ns = clocks_mono_ns();

	for (size_t i = 0; i < app->n_ports; i++) {
		struct sockets_port *sp = &app->sockets->ports[i];
		struct pollfd *entries = &polled[i * WATCH_A_PORT];
		bool may_take = token_bucket_available(&sp->bucket, now_mono_ns) > 0;

		/* POLLERR is always watched for: a transmit stamp. */
		entries[WATCH_EVENT] =
			(struct pollfd){.fd = sp->fds.event_fd, .events = may_take ? POLLIN : 0};
		entries[WATCH_GENERAL] =
			(struct pollfd){.fd = may_take ? sp->fds.general_fd : -1, .events = POLLIN};
	}
	return app->n_ports * WATCH_A_PORT;
}

static int timeout_ms(const struct app *app)
{
	for (size_t i = 0; i < app->n_ports; i++) {
		const struct token_bucket *bucket = &app->sockets->ports[i].bucket;

		/* As watch() found it. */
		if (bucket->credit_ns < bucket->interval_ns)
			return PAUSE_MS;
	}
	return -1;
}

/* An error of a socket (the interface went down) wakes us until somebody asks for it. */
static void clear_error(int fd)
{
	int error;
	socklen_t len = sizeof(error);

	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
}

static void take_tx_stamps(struct app *app, const struct pollfd *polled, size_t n)
{
	for (size_t i = 0; (i + 1) * WATCH_A_PORT <= n; i++) {
		const struct pollfd *entries = &polled[i * WATCH_A_PORT];

		if (entries[WATCH_EVENT].revents & POLLERR && take_stamps(app, i, STAMP_BUDGET, true) == 0)
			clear_error(entries[WATCH_EVENT].fd);
		if (entries[WATCH_GENERAL].revents & POLLERR)
			clear_error(entries[WATCH_GENERAL].fd);
	}
}

static void count_overflow(struct app *app, size_t port, int watched, const struct socket_message *m)
{
	uint32_t *last = &app->sockets->ports[port].n_overflow[watched];

	if (!m->has_overflow)
		return;
	app->counters[port].value[DAEMON_COUNTER_RX_OVERFLOW] += m->n_overflow - *last;
	*last = m->n_overflow;
}

static bool convert_stamp(const struct app *app, int64_t real_ns, uint64_t now_mono_ns, uint64_t *ret_mono_ns)
{
	int64_t mono_ns = real_ns - app->real_minus_mono_ns;
	int64_t age_ns = (int64_t)now_mono_ns - mono_ns;

	if (age_ns < STAMP_AGE_MIN_NS || age_ns > STAMP_AGE_MAX_NS)
		return false;
	*ret_mono_ns = (uint64_t)mono_ns;
	return true;
}

static void handle_message(struct app *app, size_t port, const struct socket_message *m)
{
	struct sockets_port *sp = &app->sockets->ports[port];
	struct bc_rx rx = {
		.message = m->message,
		.len = m->len,
		.transport = app->ports[port].transport,
		.source = m->source,
	};

	if (m->is_truncated) {
		app->counters[port].value[DAEMON_COUNTER_RX_LONG]++;
		return;
	}
	if (m->real_ns != 0) {
		rx.has_stamp = !sp->distrusts_event_stamps &&
			       convert_stamp(app, m->real_ns, clocks_mono_ns(), &rx.stamp_mono_ns);
		app->counters[port].value[DAEMON_COUNTER_RX_STAMP_RANGE] += !rx.has_stamp;
	}
	app_handle_rx(app, port, &rx);
}

static size_t read_socket(struct app *app, size_t port, int watched, struct socket_batch *batch)
{
	struct sockets_port *sp = &app->sockets->ports[port];
	int fd = watched == WATCH_EVENT ? sp->fds.event_fd : sp->fds.general_fd;
	uint64_t available = token_bucket_available(&sp->bucket, clocks_mono_ns());
	size_t n = socket_batch_read(batch, fd, MIN(available, SOCKET_BATCH_MAX));

	token_bucket_take(&sp->bucket, n);
	return n;
}

static void handle_batch(struct app *app, size_t port, int watched, const struct socket_batch *batch,
			 size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct socket_message m = socket_batch_get(batch, i, app->ports[port].transport);

		count_overflow(app, port, watched, &m);
		handle_message(app, port, &m);
	}
}

/* Neither the batch nor the rate kept us from reading on. */
static bool is_all_read(const struct sockets_port *sp, size_t n)
{
	return n < SOCKET_BATCH_MAX && sp->bucket.credit_ns >= sp->bucket.interval_ns;
}

/* General messages are read first and handled last: what came before them on the event socket is then handled
 * before them, as a Sync before its Follow_Up. Stamps are trusted again once a read that began after the
 * clock was set has emptied the socket. */
static void take_port(struct app *app, size_t i, const struct pollfd *entries)
{
	struct sockets *s = app->sockets;
	bool did_distrust = s->ports[i].distrusts_event_stamps;
	size_t n_event = 0, n_general = 0;

	if (entries[WATCH_GENERAL].revents & POLLIN)
		n_general = read_socket(app, i, WATCH_GENERAL, s->general_batch);
	if (did_distrust || n_general > 0 || entries[WATCH_EVENT].revents & POLLIN)
		n_event = read_socket(app, i, WATCH_EVENT, s->event_batch);
	/* So lately that poll(2) did not tell. */
	if (n_event > 0 && !clocks_real_minus_mono_is(app->real_minus_mono_ns))
		s->ports[i].distrusts_event_stamps = true;
	handle_batch(app, i, WATCH_EVENT, s->event_batch, n_event);
	if (did_distrust && is_all_read(&s->ports[i], n_event))
		s->ports[i].distrusts_event_stamps = false;
	handle_batch(app, i, WATCH_GENERAL, s->general_batch, n_general);
}

static void take_frames(struct app *app, const struct pollfd *polled, size_t n)
{
	for (size_t i = 0; (i + 1) * WATCH_A_PORT <= n; i++)
		take_port(app, i, &polled[i * WATCH_A_PORT]);
}

static void handle_stopping(struct app *app)
{
	(void)app;
}

static void handle_alive(struct app *app)
{
	(void)app;
}

/* What was stamped so far cannot be converted any more, as nobody knows what was stamped before and what
 * after. */
static void handle_clock_set(struct app *app)
{
	for (size_t i = 0; i < app->n_ports; i++) {
		app->sockets->ports[i].distrusts_event_stamps = true;
		take_stamps(app, i, STAMP_BUDGET, false);
	}
}

/* There is no map to publish it in. */
static void publish_clock(struct app *app)
{
	(void)app;
}

/* What it counts is among the daemon's own counters. */
static void list_counters(struct app *app, size_t port, struct counter_list *list)
{
	(void)app;
	(void)port;
	(void)list;
}

const struct backend backend_sockets = {
	.start = start,
	.handle_started = handle_started,
	.stop = stop,
	.attach = attach,
	.detach = detach,
	.is_intact = is_intact,
	.send = send_message,
	.watch = watch,
	.timeout_ms = timeout_ms,
	.take_tx_stamps = take_tx_stamps,
	.take_frames = take_frames,
	.handle_stopping = handle_stopping,
	.handle_alive = handle_alive,
	.handle_clock_set = handle_clock_set,
	.publish_clock = publish_clock,
	.list_counters = list_counters,
};
