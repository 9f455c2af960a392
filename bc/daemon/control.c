// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The control socket. Nothing here waits: whoever does not read is not read from either, and what cannot be
 * made in advance (a walk over all residences) is made as fast as the client takes it. What strangers can
 * make the daemon do is bounded by tokens, which a timer hands out while somebody has used some.
 */
#include "bc/daemon/control.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include "bc/daemon/control_message.h"
#include "bc/daemon/control_socket.h"
#include "util/cleanup.h"
#include "util/macros.h"
#include "util/paths.h"

#define CLIENTS_MAX 16
/* So many of these are kept for root and the daemon's own user. */
#define CLIENTS_RESERVED 4

/* Each interval of the timer brings a client one request, up to ... */
#define TOKEN_INTERVAL_NS     (50 * NSEC_PER_MSEC)
#define CLIENT_TOKENS_MAX     20
#define ACCEPT_TOKENS_MAX     64
#define ACCEPT_TOKENS_AT_ONCE 10

/* What waits for one client, beside what the kernel holds for it. */
#define QUEUE_MESSAGES	   16
#define QUEUE_OCTETS	   131072
#define MESSAGES_OF_ANSWER 3 /* kept free for the answer to a request */
/* Residences handed to one client before others get their turn: each is 12 kB out of the kernel, as text. */
#define WALK_AT_ONCE 2
/* Batches of samples that one tick takes out of the ring. */
#define BATCHES_AT_ONCE 8
/* The kernel's count of lost samples is looked at every so many ticks. */
#define TICKS_OF_LOST 20

struct client {
	int fd; /* -1: free */
	bool is_privileged;
	uint32_t events; /* what epoll waits for */
	unsigned int tokens;
	struct control_message *queue[QUEUE_MESSAGES];
	size_t first, n_queued, queued_octets;

	bool is_walking, has_walked;
	size_t n_walked;
	struct ebc_residence_key walked;

	bool wants_samples;
	uint64_t n_delivered, n_lost, n_lost_untold;
	uint64_t kernel_lost; /* of the kernel's count, told or about to be */
};

struct control {
	struct control_sources sources;
	struct control_socket socket;
	int epoll_fd, timer_fd;
	bool is_listening, is_timer_armed;
	unsigned int accept_tokens;
	size_t n_sampling;
	unsigned int n_ticks;
	size_t n_batch;
	struct ebc_sample batch[CONTROL_SAMPLES_MAX];
	struct client clients[CLIENTS_MAX];
};

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

static void stop_sampling(struct control *control, struct client *client)
{
	if (!client->wants_samples)
		return;
	client->wants_samples = false;
	if (--control->n_sampling == 0)
		ebc_loader_ctl(control->sources.loader)->wants_samples = 0;
}

static void pop(struct client *client)
{
	struct control_message *message = client->queue[client->first];

	client->queued_octets -= message->len;
	client->first = (client->first + 1) % QUEUE_MESSAGES;
	client->n_queued--;
	control_message_unref(message);
}

static void close_client(struct control *control, struct client *client)
{
	stop_sampling(control, client);
	while (client->n_queued)
		pop(client);
	close(client->fd);
	*client = (struct client){.fd = -1};
}

/* To be closed as soon as epoll tells that it hung up, which this brings about. */
static void give_up(struct client *client)
{
	while (client->n_queued)
		pop(client);
	shutdown(client->fd, SHUT_RDWR);
}

/* Takes the message. Callers have seen to it that there is room; without memory for it the client goes. */
static void push(struct client *client, struct control_message *message)
{
	if (!message || client->n_queued == QUEUE_MESSAGES) {
		control_message_unref(message);
		give_up(client);
		return;
	}
	client->queue[(client->first + client->n_queued) % QUEUE_MESSAGES] = message;
	client->n_queued++;
	client->queued_octets += message->len;
}

static void flush(struct client *client)
{
	while (client->n_queued) {
		const struct control_message *message = client->queue[client->first];

		if (send(client->fd, message->text, message->len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
			pop(client);
		else if (errno == EAGAIN || errno == EINTR)
			return;
		else
			give_up(client);
	}
}

static bool has_room(const struct client *client, size_t messages, size_t octets)
{
	return client->n_queued + messages + MESSAGES_OF_ANSWER <= QUEUE_MESSAGES &&
	       client->queued_octets + octets <= QUEUE_OCTETS;
}

static bool may_ask(const struct client *client)
{
	return client->tokens > 0 && !client->is_walking &&
	       client->n_queued + MESSAGES_OF_ANSWER <= QUEUE_MESSAGES &&
	       (client->wants_samples || client->n_queued == 0);
}

static void update_events(struct control *control, struct client *client)
{
	uint32_t events =
		(may_ask(client) ? EPOLLIN : 0U) | (client->n_queued || client->is_walking ? EPOLLOUT : 0U);

	if (events == client->events)
		return;
	client->events = events;
	watch(control, client->fd, client, events, EPOLL_CTL_MOD);
}

static void walk(struct control *control, struct client *client)
{
	for (int i = 0; i < WALK_AT_ONCE && client->is_walking && has_room(client, 1, EBC_CONTROL_ANSWER_MAX);
	     i++) {
		struct ebc_residence residence;
		int r = 0;

		/* Where a key vanished meanwhile the map begins anew: there is an end also then. */
		if (client->n_walked++ < EBC_RESIDENCES)
			r = ebc_loader_next_residence(control->sources.loader, &client->has_walked,
						      &client->walked, &residence);
		if (r > 0) {
			push(client,
			     control_message_residence(&control->sources, &client->walked, &residence));
			continue;
		}
		client->is_walking = false;
		push(client,
		     r < 0 ? control_message_error("residences cannot be read") : control_message_end());
	}
}

static uint64_t kernel_lost(struct control *control)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < control->sources.n_ports; i++) {
		struct ebc_counters counters = {};

		if (ebc_loader_counters(control->sources.loader, (uint32_t)i, &counters) == 0)
			lost += counters.value[EBC_COUNTER_TX_SAMPLE_LOST];
	}
	return lost;
}

static void lose(struct client *client, uint64_t n)
{
	client->n_lost += n;
	client->n_lost_untold += n;
}

static void note_kernel_lost(struct control *control)
{
	uint64_t lost = kernel_lost(control);

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *client = &control->clients[i];

		if (!client->wants_samples || lost <= client->kernel_lost)
			continue;
		lose(client, lost - client->kernel_lost);
		client->kernel_lost = lost;
	}
}

static void tell_lost(struct client *client)
{
	if (!client->n_lost_untold)
		return;
	push(client, control_message_samples_lost(client->n_lost_untold));
	client->n_lost_untold = 0;
}

static void hand_on(struct control *control, struct client *client, struct control_message *batch)
{
	if (!has_room(client, 2, batch->len))
		flush(client);
	if (!has_room(client, 2, batch->len)) {
		lose(client, control->n_batch);
		return;
	}
	tell_lost(client);
	push(client, control_message_ref(batch));
	client->n_delivered += control->n_batch;
}

static void on_sample(void *context, const struct ebc_sample *sample)
{
	struct control *control = context;

	if (control->n_batch < CONTROL_SAMPLES_MAX)
		control->batch[control->n_batch++] = *sample;
}

/* Takes one batch out of the ring; false when the ring was empty. */
static bool take_batch(struct control *control)
{
	control->n_batch = 0;
	ebc_loader_consume_samples(control->sources.loader, CONTROL_SAMPLES_MAX, on_sample, control);
	return control->n_batch > 0;
}

static void hand_on_samples(struct control *control)
{
	for (int i = 0; i < BATCHES_AT_ONCE && take_batch(control); i++) {
		struct control_message *batch = control_message_samples(control->batch, control->n_batch);

		for (size_t k = 0; k < CLIENTS_MAX; k++) {
			if (!control->clients[k].wants_samples)
				continue;
			if (batch)
				hand_on(control, &control->clients[k], batch);
			else
				lose(&control->clients[k], control->n_batch);
		}
		control_message_unref(batch);
	}
}

static void start_sampling(struct control *control, struct client *client)
{
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(control->sources.loader);

	push(client, control_message_samples_begin());
	if (client->wants_samples)
		return;
	/* What is left of an earlier stream is nobody's. */
	for (int i = 0; !ctl->wants_samples && i < BATCHES_AT_ONCE && take_batch(control); i++)
		;
	client->wants_samples = true;
	client->n_delivered = client->n_lost = client->n_lost_untold = 0;
	client->kernel_lost = kernel_lost(control);
	control->n_sampling++;
	ctl->wants_samples = 1;
}

static void end_sampling(struct control *control, struct client *client)
{
	if (client->wants_samples) {
		hand_on_samples(control);
		note_kernel_lost(control);
	}
	stop_sampling(control, client);
	push(client, control_message_samples_end(client->n_delivered, client->n_lost));
}

static void answer_clear(struct control *control, struct client *client)
{
	if (!client->is_privileged) {
		push(client, control_message_error("not permitted"));
		return;
	}
	if (ebc_loader_clear_residences(control->sources.loader) < 0) {
		push(client, control_message_error("residences cannot be cleared"));
		return;
	}
	/* Who is on his walk has nothing more to see. */
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		control->clients[i].n_walked = EBC_RESIDENCES;
	push(client, control_message_end());
}

/* True when the member is missing or a boolean. */
static bool get_boolean(struct json_object *request, const char *name, bool *ret_value)
{
	struct json_object *member;

	*ret_value = false;
	if (!json_object_object_get_ex(request, name, &member))
		return true;
	*ret_value = json_object_get_boolean(member);
	return json_object_is_type(member, json_type_boolean);
}

static void answer_residence(struct control *control, struct client *client, struct json_object *request)
{
	bool clear;

	if (!get_boolean(request, "clear", &clear)) {
		push(client, control_message_error("malformed request"));
	} else if (clear) {
		answer_clear(control, client);
	} else {
		client->is_walking = true;
		client->has_walked = false;
		client->n_walked = 0;
	}
}

static void answer_samples(struct control *control, struct client *client, struct json_object *request)
{
	bool on;

	if (!get_boolean(request, "on", &on))
		push(client, control_message_error("malformed request"));
	else if (on)
		start_sampling(control, client);
	else
		end_sampling(control, client);
}

static void cleanup_json(struct json_object **object)
{
	json_object_put(*object);
}

static void cleanup_tokener(struct json_tokener **tokener)
{
	if (*tokener)
		json_tokener_free(*tokener);
}

/* NULL unless the text is one JSON value and nothing else. */
static struct json_object *parse(const char *text, size_t len)
{
	_cleanup_(cleanup_tokener) struct json_tokener *tokener = json_tokener_new_ex(4);
	struct json_object *value;

	if (!tokener)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	value = json_tokener_parse_ex(tokener, text, (int)len);
	if (json_tokener_get_error(tokener) == json_tokener_success &&
	    json_tokener_get_parse_end(tokener) == len)
		return value;
	json_object_put(value);
	return NULL;
}

static bool measures_residence(const char *request)
{
	return strcmp(request, "residence") == 0 || strcmp(request, "samples") == 0;
}

static void answer(struct control *control, struct client *client, const char *text, size_t len)
{
	_cleanup_(cleanup_json) struct json_object *request = parse(text, len);
	struct json_object *member;
	const char *name;

	if (!json_object_is_type(request, json_type_object) ||
	    !json_object_object_get_ex(request, "request", &member) ||
	    !json_object_is_type(member, json_type_string)) {
		push(client, control_message_error("malformed request"));
		return;
	}
	name = json_object_get_string(member);
	if (strcmp(name, "ports") == 0)
		push(client, control_message_ports(&control->sources));
	else if (measures_residence(name) && !control->sources.loader)
		push(client,
		     control_message_error("no residence is measured: this clock runs without BPF programs"));
	else if (strcmp(name, "residence") == 0)
		answer_residence(control, client, request);
	else if (strcmp(name, "samples") == 0)
		answer_samples(control, client, request);
	else
		push(client, control_message_error("unknown request"));
}

/* False when the client is gone. */
static bool take_request(struct control *control, struct client *client)
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
	arm_timer(control, true);
	if ((size_t)len > sizeof(text))
		push(client, control_message_error("request too long"));
	else
		answer(control, client, text, (size_t)len);
	return true;
}

static void serve(struct control *control, struct client *client, uint32_t events)
{
	if (events & (EPOLLHUP | EPOLLERR)) {
		close_client(control, client);
		return;
	}
	if ((events & EPOLLIN) && may_ask(client) && !take_request(control, client))
		return;
	if (client->is_walking)
		walk(control, client);
	flush(client);
	update_events(control, client);
}

/* A place for a new client, or NULL. */
static struct client *find_place(struct control *control, bool is_privileged)
{
	struct client *place = NULL;
	size_t n_free = 0;

	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		if (control->clients[i].fd >= 0)
			continue;
		place = &control->clients[i];
		n_free++;
	}
	return is_privileged || n_free > CLIENTS_RESERVED ? place : NULL;
}

static bool is_privileged_peer(int fd)
{
	struct ucred peer = {};
	socklen_t len = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
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
	struct client *client;
	bool is_privileged;

	/* Also when descriptors are out: tokens keep the loop from turning on it. */
	control->accept_tokens--;
	arm_timer(control, true);
	if (control->accept_tokens == 0)
		set_listening(control, false);
	if (fd < 0)
		return;
	is_privileged = is_privileged_peer(fd);
	client = find_place(control, is_privileged);
	if (!client) {
		refuse(fd, "too many clients");
		return;
	}
	*client = (struct client){.fd = TAKE_FD(fd),
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
	is_needed = control->accept_tokens < ACCEPT_TOKENS_MAX;
	set_listening(control, true);
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *client = &control->clients[i];

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
	struct epoll_event events[CLIENTS_MAX + 2];
	bool has_new_client = false;
	int n = epoll_wait(control->epoll_fd, events, ARRAY_SIZE(events), 0);

	for (int i = 0; i < n; i++) {
		void *data = events[i].data.ptr;

		if (data == &control->socket.fd)
			has_new_client = true;
		else if (data == &control->timer_fd)
			on_timer(control);
		else if (((struct client *)data)->fd >= 0)
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
	hand_on_samples(control);
	if (++control->n_ticks % TICKS_OF_LOST == 0)
		note_kernel_lost(control);
	for (size_t i = 0; i < CLIENTS_MAX; i++) {
		struct client *client = &control->clients[i];

		if (!client->wants_samples)
			continue;
		flush(client);
		/* Who still has other things to read hears of it with the next batch that fits. */
		if (client->n_queued == 0) {
			tell_lost(client);
			flush(client);
		}
		update_events(control, client);
	}
}

int control_fd(const struct control *control)
{
	return control->epoll_fd;
}

static void cleanup_control(struct control **control)
{
	control_free(*control);
}

int control_new(const char *path, const struct control_sources *sources, struct control **ret_control)
{
	_cleanup_(cleanup_control) struct control *control = calloc(1, sizeof(*control));
	int r;

	if (!control)
		return -ENOMEM;
	control->sources = *sources;
	control->socket.fd = control->timer_fd = -1;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		control->clients[i].fd = -1;
	control->accept_tokens = ACCEPT_TOKENS_MAX;
	control->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (control->epoll_fd < 0)
		return -errno;
	control->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (control->timer_fd < 0)
		return -errno;
	r = control_socket_open(&control->socket, path);
	if (r < 0)
		return r;
	watch(control, control->timer_fd, &control->timer_fd, EPOLLIN, EPOLL_CTL_ADD);
	watch(control, control->socket.fd, &control->socket.fd, EPOLLIN, EPOLL_CTL_ADD);
	control->is_listening = true;
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
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		if (control->clients[i].fd >= 0)
			close_client(control, &control->clients[i]);
	control_socket_close(&control->socket);
	close_fd(control->timer_fd);
	close_fd(control->epoll_fd);
	free(control);
}
