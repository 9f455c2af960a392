// SPDX-License-Identifier: GPL-2.0-or-later
/* A connection to the daemon. */
#include "ctl/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "ctl/value.h"
#include "util/cleanup.h"
#include "util/paths.h"

#define PATIENCE_MS 5000

struct client {
	int fd;
	char error[128];
	char text[EBC_CONTROL_ANSWER_MAX];
};

static void cleanup_client(struct client **client)
{
	client_free(*client);
}

int client_new(const char *path, struct client **ret_client)
{
	_cleanup_(cleanup_client) struct client *client = calloc(1, sizeof(*client));
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};

	if (!client)
		return -ENOMEM;
	client->fd = -1;
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

int client_complain(struct client *client)
{
	return fail(client, -EBADMSG, "the answer makes no sense: is the daemon of the same version?");
}

static ssize_t receive_text(struct client *client)
{
	struct pollfd polled = {.fd = client->fd, .events = POLLIN};
	ssize_t len;
	int r = poll(&polled, 1, PATIENCE_MS);

	if (r <= 0)
		return r == 0 ? -ETIMEDOUT : -errno;
	len = recv(client->fd, client->text, sizeof(client->text), MSG_TRUNC);
	/* The other end closed with a request unread: what it said before comes after this. */
	if (len < 0 && errno == ECONNRESET)
		len = recv(client->fd, client->text, sizeof(client->text), MSG_TRUNC);
	return len < 0 ? -errno : len;
}

static struct json_object *parse(const char *text, size_t len)
{
	struct json_tokener *tokener = json_tokener_new_ex(8);
	struct json_object *answer = NULL;

	if (tokener) {
		answer = json_tokener_parse_ex(tokener, text, (int)len);
		json_tokener_free(tokener);
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
