// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control socket: clients come, are served in turn, and go. Nothing here waits: whoever does not read is
 * not read from either, and answers of many messages are made as fast as the client takes them. What
 * strangers can make the daemon do is bounded by tokens and by time, which a timer hands out while somebody
 * has used some.
 */
#include "bc/daemon/control.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>

#include "bc/daemon/control_message.h"
#include "bc/daemon/control_private.h"
#include "util/cleanup.h"
#include "util/macros.h"
#include "util/paths.h"

/* So many places are kept for root and the daemon's own user. */
#define CLIENTS_RESERVED 4
/* Any other user has so many at most, so that none shuts out the rest. */
#define CLIENTS_OF_A_USER_MAX 6

/* Each interval of the timer brings a client one request, up to ... */
#define TOKEN_INTERVAL_NS     (50 * NSEC_PER_MSEC)
#define CLIENT_TOKENS_MAX     20
#define ACCEPT_TOKENS_MAX     64
#define ACCEPT_TOKENS_AT_ONCE 10
/* ... and all of them together a fifth of a CPU. */
#define WORK_NS (10 * NSEC_PER_MSEC)
/* So few that frames and time get their turn between them; epoll hands out the others next. */
#define EVENTS_AT_ONCE 2

static void watch(struct control *control, int fd, void *data, uint32_t events, int operation)
{
	struct epoll_event event = {.events = events, .data.ptr = data};

	epoll_ctl(control->epoll_fd, operation, fd, &event);
}

static void arm_timer(struct control *control, bool is_armed)
{
	long interval_ns = is_armed ? TOKEN_INTERVAL_NS : 0;
	struct itimerspec at = {.it_value.tv_nsec = interval_ns, .it_interval.tv_nsec = interval_ns};

	if (is_armed == control->is_timer_armed)
		return;
	control->is_timer_armed = is_armed;
	timerfd_settime(control->timer_fd, 0, &at, NULL);
}

static void set_listening(struct control *control, bool is_listening)
{
	if (is_listening == control->is_listening)
		return;
	control->is_listening = is_listening;
	watch(control, control->socket.fd, &control->socket.fd, is_listening ? EPOLLIN : 0, EPOLL_CTL_MOD);
}

static void close_client(struct control *control, struct control_client *client)
{
	control_samples_forget(control, client);
	control_client_close(client);
}

/* Of this thread: what others have of the CPU meanwhile is not the clients'. */
static uint64_t cpu_time_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

static bool may_work(const struct control *control)
{
	return control->work_left_ns > 0;
}

/* The time of a piece of work is taken from what is left; the timer brings more. */
static void spend(struct control *control, uint64_t begin_ns)
{
	control->work_left_ns -= (int64_t)(cpu_time_ns() - begin_ns);
	arm_timer(control, true);
}

static void update_events(struct control *control, struct control_client *client)
{
	bool has_more = client->n_queued || (client->walk.kind != CONTROL_WALK_NONE && may_work(control));
	bool may_ask = may_work(control) && control_client_may_ask(client);
	uint32_t events = (may_ask ? EPOLLIN : 0U) | (has_more ? EPOLLOUT : 0U);

	if (events == client->events)
		return;
	client->events = events;
	watch(control, client->fd, client, events, EPOLL_CTL_MOD);
}

static void walk(struct control *control, struct control_client *client)
{
	if (!may_work(control) || !control_client_may_walk(client))
		return;
	control_client_push(client, control_walk_next(&client->walk, &control->sources));
}

/* False when the client is gone. */
static bool take_request(struct control *control, struct control_client *client)
{
	char text[EBC_CONTROL_REQUEST_MAX];
	ssize_t len = recv(client->fd, text, sizeof(text), MSG_DONTWAIT | MSG_TRUNC);

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (len <= 0) {
		close_client(control, client);
		return false;
	}
	client->tokens--;
	if ((size_t)len > sizeof(text))
		control_client_push(client, control_message_error("request too long"));
	else
		control_request_answer(control, client, text, (size_t)len);
	return true;
}

static void serve(struct control *control, struct control_client *client, uint32_t events)
{
	uint64_t begin_ns = cpu_time_ns();

	if (events & (EPOLLHUP | EPOLLERR)) {
		close_client(control, client);
		return;
	}
	control_client_flush(client);
	if ((events & EPOLLIN) && may_work(control) && control_client_may_ask(client) &&
	    !take_request(control, client))
		return;
	walk(control, client);
	control_client_flush(client);
	spend(control, begin_ns);
	update_events(control, client);
}

/* A place for a new client, or NULL. */
static struct control_client *find_place(struct control *control, uid_t uid, bool is_privileged)
{
	struct control_client *place = NULL;
	size_t n_strangers = 0, n_of_user = 0;

	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		const struct control_client *client = &control->clients[i];

		if (client->fd < 0) {
			place = &control->clients[i];
			continue;
		}
		n_strangers += !client->is_privileged;
		n_of_user += client->uid == uid;
	}
	if (is_privileged)
		return place;
	return n_strangers < CONTROL_CLIENTS_MAX - CLIENTS_RESERVED && n_of_user < CLIENTS_OF_A_USER_MAX
		       ? place
		       : NULL;
}

/* As nobody in particular where it cannot be told. */
static uid_t uid_of_peer(int fd)
{
	struct ucred peer = {};
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 ? peer.uid : (uid_t)-1;
}

static void refuse(int fd, const char *error)
{
	struct control_message *message = control_message_error(error);

	if (message && send(fd, message->text, message->len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		shutdown(fd, SHUT_RDWR);
	control_message_unref(message);
}

static void accept_client(struct control *control)
{
	_cleanup_fd_ int fd = accept4(control->socket.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct control_client *client;
	bool is_privileged;
	uid_t uid;

	/* Also when descriptors are out: tokens keep the loop from turning on it. */
	control->accept_tokens--;
	arm_timer(control, true);
	if (control->accept_tokens == 0)
		set_listening(control, false);
	if (fd < 0)
		return;
	uid = uid_of_peer(fd);
	is_privileged = uid == 0 || uid == geteuid();
	client = find_place(control, uid, is_privileged);
	if (!client) {
		refuse(fd, "too many clients");
		return;
	}
	*client = (struct control_client){.fd = TAKE_FD(fd),
					  .uid = uid,
					  .is_privileged = is_privileged,
					  .tokens = CLIENT_TOKENS_MAX,
					  .events = EPOLLIN};
	watch(control, client->fd, client, client->events, EPOLL_CTL_ADD);
}

static void on_timer(struct control *control)
{
	uint64_t expirations;
	bool is_needed;

	if (read(control->timer_fd, &expirations, sizeof(expirations)) < 0)
		return;
	control->accept_tokens = MIN(control->accept_tokens + ACCEPT_TOKENS_AT_ONCE, ACCEPT_TOKENS_MAX);
	control->work_left_ns = MIN(control->work_left_ns + control->work_ns, control->work_ns);
	is_needed = control->accept_tokens < ACCEPT_TOKENS_MAX || control->work_left_ns < control->work_ns;
	set_listening(control, true);
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct control_client *client = &control->clients[i];

		if (client->fd < 0)
			continue;
		client->tokens = MIN(client->tokens + 1, CLIENT_TOKENS_MAX);
		is_needed |= client->tokens < CLIENT_TOKENS_MAX;
		update_events(control, client);
	}
	arm_timer(control, is_needed);
}

void control_dispatch(struct control *control)
{
	struct epoll_event events[EVENTS_AT_ONCE];
	bool has_new_client = false;
	int n = epoll_wait(control->epoll_fd, events, ARRAY_SIZE(events), 0);

	for (int i = 0; i < n; i++) {
		void *data = events[i].data.ptr;

		if (data == &control->socket.fd)
			has_new_client = true;
		else if (data == &control->timer_fd)
			on_timer(control);
		else if (((struct control_client *)data)->fd >= 0)
			serve(control, data, events[i].events);
	}
	/* Last, so that no event meant for a client that left meets the next one in its place. */
	if (has_new_client)
		accept_client(control);
}

bool control_wants_ticks(const struct control *control)
{
	return control->n_sampling > 0;
}

void control_tick(struct control *control)
{
	if (!control->n_sampling)
		return;
	control_samples_tick(control);
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (control->clients[i].wants_samples)
			update_events(control, &control->clients[i]);
}

int control_fd(const struct control *control)
{
	return control->epoll_fd;
}

static void cleanup_control(struct control **control)
{
	control_free(*control);
}

struct control_socket *control_socket_of(struct control *control)
{
	return &control->socket;
}

int control_reopen(struct control *control, const char *path)
{
	int r = control_socket_open(&control->socket, path);

	if (r < 0) {
		control_socket_close(&control->socket);
		return r;
	}
	control->is_listening = control->accept_tokens > 0;
	watch(control, control->socket.fd, &control->socket.fd, control->is_listening ? EPOLLIN : 0,
	      EPOLL_CTL_ADD);
	return 0;
}

int control_new(const char *path, const struct control_sources *sources, struct control **ret_control)
{
	_cleanup_(cleanup_control) struct control *control = calloc(1, sizeof(*control));
	int r;

	if (!control)
		return -ENOMEM;
	control->sources = *sources;
	control->socket.fd = control->timer_fd = -1;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		control->clients[i].fd = -1;
	control->accept_tokens = ACCEPT_TOKENS_MAX;
	control->work_ns = control->work_left_ns = WORK_NS;
	control->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (control->epoll_fd < 0)
		return -errno;
	control->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (control->timer_fd < 0)
		return -errno;
	r = control_reopen(control, path);
	if (r < 0)
		return r;
	watch(control, control->timer_fd, &control->timer_fd, EPOLLIN, EPOLL_CTL_ADD);
	/* A predecessor whose maps were taken over may have left it set. */
	if (sources->loader)
		ebc_loader_ctl(sources->loader)->wants_samples = 0;
	*ret_control = TAKE_PTR(control);
	return 0;
}

void control_free(struct control *control)
{
	if (!control)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (control->clients[i].fd >= 0)
			close_client(control, &control->clients[i]);
	control_socket_close(&control->socket);
	close_fd(control->timer_fd);
	close_fd(control->epoll_fd);
	free(control);
}
