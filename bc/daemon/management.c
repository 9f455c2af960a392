// SPDX-License-Identifier: GPL-2.0-or-later
/* UNIX datagrams to and from the engine. */
#include "bc/daemon/management.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "bc/daemon/app.h"
#include "bc/daemon/clocks.h"
#include "bc/daemon/control_socket.h"
#include "bc/daemon/datagram_queue.h"
#include "bc/daemon/log.h"
#include "bc/daemon/socket_keeper.h"
#include "util/cleanup.h"
#include "util/macros.h"

/* Requests before others get their turn, and in half a second, of each socket. */
#define REQUESTS_AT_ONCE       16
#define REQUESTS_HALF_A_SECOND 1000
/* Of each socket, octets. */
#define SEND_BUFFER (8 << 20)

enum {
	READ_WRITE,
	READ_ONLY,
	N_SOCKETS,
};

/* A path that is somebody else's is looked at again every so many half seconds. */
#define LOOK_EVERY 8
/* How often readers that are behind are tried again. */
#define RETRY_NS (5 * NSEC_PER_MSEC)

static const struct kept_socket_kind kind = {
	.service = "management",
	.options = "uds_address, uds_ro_address",
};

struct management_socket {
	const char *path; /* "": none is wanted */
	unsigned int mode;
	struct control_socket file; /* fd -1: not open */
	struct kept_socket kept;
	struct datagram_queue *waiting;
	unsigned int tokens;
	bool is_watched;
};

struct management {
	int epoll_fd;
	int retry_fd; /* a timer that runs while answers wait */
	struct management_socket sockets[N_SOCKETS];
	int monitor_fd;
	struct sockaddr_un monitor;
	unsigned int n_housekeeping;
};

static void watch(struct management *m, unsigned int i, bool is_watched, int operation)
{
	struct epoll_event event = {.events = is_watched ? EPOLLIN : 0U, .data.u32 = i};

	m->sockets[i].is_watched = is_watched;
	epoll_ctl(m->epoll_fd, operation, m->sockets[i].file.fd, &event);
}

/* What readers leave unread is charged to our socket, a kilobyte a datagram: so this is for some thousand of
 * them. Without the right to force it, the system's limit (net.core.wmem_max) holds. */
static void enlarge_send_buffer(int fd)
{
	const int octets = SEND_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &octets, sizeof(octets)) < 0)
		(void)!setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &octets, sizeof(octets));
}

/* 0 or -errno. */
static int open_socket(struct management *m, unsigned int i)
{
	struct management_socket *s = &m->sockets[i];
	int r = control_socket_bind(&s->file, s->path, SOCK_DGRAM, s->mode);

	if (r < 0) {
		control_socket_close(&s->file);
		return r;
	}
	enlarge_send_buffer(s->file.fd);
	s->tokens = REQUESTS_HALF_A_SECOND;
	watch(m, i, true, EPOLL_CTL_ADD);
	return 0;
}

static void start_socket(struct management *m, unsigned int i)
{
	const char *path = m->sockets[i].path;

	if (*path)
		socket_keeper_tell(&m->sockets[i].kept, path, open_socket(m, i));
}

static void look_after_socket(struct management *m, unsigned int i)
{
	struct management_socket *s = &m->sockets[i];

	if (!*s->path || !socket_keeper_is_missing(&s->kept, s->path, &s->file))
		return;
	/* What waited to be sent went with it. */
	datagram_queue_clear(s->waiting);
	socket_keeper_tell(&s->kept, s->path, open_socket(m, i));
}

static void open_monitor(struct management *m, const char *path)
{
	if (!*path)
		return;
	if (strlen(path) >= sizeof(m->monitor.sun_path)) {
		log_line(LOG_WARNING, "slave_event_monitor: the path is too long");
		return;
	}
	m->monitor.sun_family = AF_UNIX;
	strcpy(m->monitor.sun_path, path);
	m->monitor_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static void management_close(struct management *m)
{
	for (unsigned int i = 0; i < N_SOCKETS; i++) {
		control_socket_close(&m->sockets[i].file);
		datagram_queue_free(m->sockets[i].waiting);
	}
	close_fd(m->monitor_fd);
	close_fd(m->retry_fd);
	close_fd(m->epoll_fd);
	free(m);
}

struct management *management_new(const struct management_settings *settings)
{
	struct management *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->monitor_fd = m->sockets[READ_WRITE].file.fd = m->sockets[READ_ONLY].file.fd = -1;
	for (unsigned int i = 0; i < N_SOCKETS; i++) {
		m->sockets[i].kept.kind = &kind;
		m->sockets[i].waiting = datagram_queue_new();
	}
	m->retry_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	m->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!m->sockets[READ_WRITE].waiting || !m->sockets[READ_ONLY].waiting || m->epoll_fd < 0 ||
	    epoll_ctl(m->epoll_fd, EPOLL_CTL_ADD, m->retry_fd, &(struct epoll_event){.events = EPOLLIN}) <
		    0) {
		log_line(LOG_WARNING, "no management: %s", strerror(errno));
		management_close(m);
		return NULL;
	}
	m->sockets[READ_WRITE].path = settings->address;
	m->sockets[READ_WRITE].mode = settings->mode;
	m->sockets[READ_ONLY].path = settings->read_only_address;
	m->sockets[READ_ONLY].mode = settings->read_only_mode;
	for (unsigned int i = 0; i < N_SOCKETS; i++)
		start_socket(m, i);
	open_monitor(m, settings->slave_event_monitor);
	return m;
}

void management_free(struct management *m)
{
	if (m)
		management_close(m);
}

int management_fd(const struct management *m)
{
	return m ? m->epoll_fd : -1;
}

/* False: nothing waits there. */
static bool take(struct app *app, struct management_socket *s, bool is_read_only)
{
	struct bc_management_client client = {.is_read_only = is_read_only};
	struct sockaddr_un address;
	socklen_t address_len = sizeof(address);
	uint8_t message[PTP_MESSAGE_MAX];
	ssize_t len = recvfrom(s->file.fd, message, sizeof(message), MSG_DONTWAIT | MSG_TRUNC,
			       (struct sockaddr *)&address, &address_len);

	if (len < 0)
		return false;
	s->tokens--;
	/* Whoever has no address of its own cannot be answered. */
	if ((size_t)len > sizeof(message) || address_len <= offsetof(struct sockaddr_un, sun_path) ||
	    address_len - offsetof(struct sockaddr_un, sun_path) > sizeof(client.address))
		return true;
	client.len = (uint8_t)(address_len - offsetof(struct sockaddr_un, sun_path));
	memcpy(client.address, address.sun_path, MIN(client.len, sizeof(address.sun_path)));
	bc_engine_handle_management(app->engine, &client, message, (size_t)len, clocks_mono_ns());
	app_do_actions(app);
	return true;
}

static bool is_waiting(const struct management *m)
{
	return datagram_queue_is_waiting(m->sockets[READ_WRITE].waiting) ||
	       datagram_queue_is_waiting(m->sockets[READ_ONLY].waiting);
}

static void arm_retry(struct management *m)
{
	struct itimerspec period = {};

	if (is_waiting(m))
		period.it_value.tv_nsec = period.it_interval.tv_nsec = RETRY_NS;
	timerfd_settime(m->retry_fd, 0, &period, NULL);
}

static void retry(struct management *m)
{
	uint64_t expirations;

	if (read(m->retry_fd, &expirations, sizeof(expirations)) < 0)
		return;
	for (unsigned int i = 0; i < N_SOCKETS; i++)
		datagram_queue_flush(m->sockets[i].waiting, clocks_mono_ns());
	if (!is_waiting(m))
		arm_retry(m);
}

void management_dispatch(struct app *app)
{
	struct management *m = app->management;

	retry(m);

	for (unsigned int i = 0; i < N_SOCKETS; i++) {
		struct management_socket *s = &m->sockets[i];

		if (s->file.fd < 0)
			continue;
		for (int n = 0; n < REQUESTS_AT_ONCE && s->tokens > 0 && take(app, s, i == READ_ONLY); n++)
			;
		if (s->tokens == 0 && s->is_watched)
			watch(m, i, false, EPOLL_CTL_MOD);
	}
}

static void refill(struct management *m, unsigned int i)
{
	struct management_socket *s = &m->sockets[i];

	if (s->file.fd < 0)
		return;
	s->tokens = REQUESTS_HALF_A_SECOND;
	if (!s->is_watched)
		watch(m, i, true, EPOLL_CTL_MOD);
}

void management_housekeeping(struct management *m)
{
	if (!m)
		return;
	m->n_housekeeping++;
	for (unsigned int i = 0; i < N_SOCKETS; i++) {
		if (m->n_housekeeping % LOOK_EVERY == 0)
			look_after_socket(m, i);
		refill(m, i);
	}
}

static void send_to_client(struct app *app, const struct bc_action *action)
{
	const struct bc_management_client *client = &action->management.client;
	struct management *m = app->management;
	const struct management_socket *s = &m->sockets[client->is_read_only ? READ_ONLY : READ_WRITE];
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + client->len);
	bool was_waiting;
	int r;

	memcpy(address.sun_path, client->address, MIN(client->len, sizeof(address.sun_path)));
	was_waiting = is_waiting(m);
	r = datagram_queue_send(s->waiting, s->file.fd, &address, len, action->management.message,
				action->management.len, clocks_mono_ns());
	if (!was_waiting && is_waiting(m))
		arm_retry(m);
	/* One that is too far behind may yet read on. */
	if (r < 0 && r != -ENOBUFS)
		bc_engine_forget_management_client(app->engine, client);
}

static void send_to_monitor(const struct management *m, const struct bc_action *action)
{
	/* Whether anybody listens is the monitor's business. */
	if (m->monitor_fd >= 0)
		(void)!sendto(m->monitor_fd, action->slave_event.message, action->slave_event.len,
			      MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&m->monitor,
			      sizeof(m->monitor));
}

void management_describe_port(struct app *app, const struct port *port)
{
	struct bc_port_description description = {.address = port->source};

	if (!app->engine)
		return;
	snprintf(description.interface_name, sizeof(description.interface_name), "%s", port->settings->name);
	bc_engine_describe_port(app->engine, port->index, &description);
}

void management_do_action(struct app *app, const struct bc_action *action)
{
	if (!app->management)
		return;
	if (action->type == BC_ACTION_MANAGEMENT)
		send_to_client(app, action);
	else
		send_to_monitor(app->management, action);
}
