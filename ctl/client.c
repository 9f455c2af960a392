// SPDX-License-Identifier: GPL-2.0-or-later
/* A connection to the daemon. */
#include "ctl/client.h"

#include <errno.h>
#include <json-c/json_visit.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "ctl/pause.h"
#include "ctl/value.h"
#include "util/cleanup.h"
#include "util/macros.h"
#include "util/paths.h"

#define PATIENCE_NS (5 * NSEC_PER_SEC)

struct client {
	int fd;
	uint64_t deadline_mono_ns; /* 0: none */
	char error[128];
	char text[EBC_CONTROL_ANSWER_MAX];
};

static void cleanup_client(struct client **client)
{
	client_free(*client);
}

/* How long to wait for one thing, at least 1 ms where there is time at all; 0: none is left. */
static int patience_ms(uint64_t deadline_mono_ns)
{
	uint64_t now = now_mono_ns(), ns = PATIENCE_NS;

	if (deadline_mono_ns && deadline_mono_ns <= now)
		return 0;
	if (deadline_mono_ns && deadline_mono_ns - now < ns)
		ns = deadline_mono_ns - now;
	return (int)(ns / NSEC_PER_MSEC) + 1;
}

int client_new(const char *path, struct client **ret_client)
{
	return client_new_until(path, 0, ret_client);
}

int client_new_until(const char *path, uint64_t deadline_mono_ns, struct client **ret_client)
{
	_cleanup_(cleanup_client) struct client *client = calloc(1, sizeof(*client));
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int ms = patience_ms(deadline_mono_ns);
	struct timeval patience = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	if (!client)
		return -ENOMEM;
	client->fd = -1;
	client->deadline_mono_ns = deadline_mono_ns;
	/* Of a socket no time at all is for ever. */
	if (ms == 0)
		return -EAGAIN;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	client->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return -errno;
	/* Of whoever does not accept or read, too. */
	setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(client->fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	*ret_client = TAKE_PTR(client);
	return 0;
}

void client_free(struct client *client)
{
	if (!client)
		return;
	close_fd(client->fd);
	free(client);
}

void client_set_deadline(struct client *client, uint64_t deadline_mono_ns)
{
	client->deadline_mono_ns = deadline_mono_ns;
}

struct json_object *client_request(const char *name)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "request", json_object_new_string(name));
	return object;
}

void client_ask(struct client *client, struct json_object *request)
{
	const char *text = json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN);

	/* A daemon that refuses us says why and hangs up, maybe before it was asked: that is to be read. */
	if (send(client->fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		snprintf(client->error, sizeof(client->error), "cannot ask: %s", strerror(errno));
	json_object_put(request);
}

static int fail(struct client *client, int error, const char *words)
{
	snprintf(client->error, sizeof(client->error), "%s", words);
	return error;
}

int client_give_up(struct client *client)
{
	return fail(client, -ETIMEDOUT, "the daemon's answer takes too long");
}

int client_complain(struct client *client)
{
	return fail(client, -EBADMSG, "the answer makes no sense: is the daemon of the same version?");
}

static ssize_t receive_text(struct client *client)
{
	struct pollfd polled = {.fd = client->fd, .events = POLLIN};
	ssize_t len;
	int ms = patience_ms(client->deadline_mono_ns), r = ms ? poll(&polled, 1, ms) : 0;

	if (r <= 0)
		return r == 0 ? -ETIMEDOUT : -errno;
	len = recv(client->fd, client->text, sizeof(client->text), MSG_TRUNC);
	/* The other end closed with a request unread: what it said before comes after this. */
	if (len < 0 && errno == ECONNRESET)
		len = recv(client->fd, client->text, sizeof(client->text), MSG_TRUNC);
	return len < 0 ? -errno : len;
}

/* What is no JSON, though json-c takes it. */
static int refuse_infinite(struct json_object *value, int flags, struct json_object *parent, const char *key,
			   size_t *index, void *context)
{
	(void)flags;
	(void)parent;
	(void)key;
	(void)index;
	(void)context;
	return json_object_is_type(value, json_type_double) && !isfinite(json_object_get_double(value))
		       ? JSON_C_VISIT_RETURN_ERROR
		       : JSON_C_VISIT_RETURN_CONTINUE;
}

static struct json_object *parse(const char *text, size_t len)
{
	struct json_tokener *tokener = json_tokener_new_ex(8);
	struct json_object *answer = NULL;

	if (tokener) {
		answer = json_tokener_parse_ex(tokener, text, (int)len);
		json_tokener_free(tokener);
	}
	if (json_c_visit(answer, 0, refuse_infinite, NULL) < 0) {
		json_object_put(answer);
		answer = NULL;
	}
	return answer;
}

static void note_error(struct client *client, struct json_object *error)
{
	const char *words =
		json_object_is_type(error, json_type_string) ? json_object_get_string(error) : "?";
	char printable[VALUE_TEXT_SIZE];

	if (strcmp(words, "unknown request") == 0)
		fail(client, -EPROTO, "this daemon is older and cannot tell that");
	else
		snprintf(client->error, sizeof(client->error), "the daemon says: %s",
			 value_printable(words, printable));
}

int client_receive(struct client *client, struct json_object **ret_answer)
{
	struct json_object *answer, *error;
	ssize_t len = receive_text(client);

	if (len == -ETIMEDOUT)
		return fail(client, -ETIMEDOUT, "the daemon does not answer");
	if (len <= 0)
		return fail(client, -EPIPE, "the daemon hung up");
	if ((size_t)len > sizeof(client->text))
		return client_complain(client);
	answer = parse(client->text, (size_t)len);
	if (!json_object_is_type(answer, json_type_object)) {
		json_object_put(answer);
		return client_complain(client);
	}
	if (json_object_object_get_ex(answer, "error", &error)) {
		note_error(client, error);
		json_object_put(answer);
		return -EPROTO;
	}
	*ret_answer = answer;
	return 0;
}

const char *client_error(const struct client *client)
{
	return client->error;
}

int client_fd(const struct client *client)
{
	return client->fd;
}
