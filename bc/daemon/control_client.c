// SPDX-License-Identifier: GPL-2.0-or-later
/* See control_client.h. */
#include "bc/daemon/control_client.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/paths.h"

#define MESSAGES_OF_ANSWER 3 /* kept free for the answer to a request */

static void pop(struct control_client *client)
{
	struct control_message *message = client->queue[client->first];

	client->queued_octets -= message->len;
	client->first = (client->first + 1) % CONTROL_QUEUE_MESSAGES;
	client->n_queued--;
	control_message_unref(message);
}

/* To be closed as soon as epoll tells that it hung up, which this brings about. */
static void give_up(struct control_client *client)
{
	while (client->n_queued)
		pop(client);
	client->walk = (struct control_walk){};
	shutdown(client->fd, SHUT_RDWR);
}

void control_client_push(struct control_client *client, struct control_message *message)
{
	if (!message || client->n_queued == CONTROL_QUEUE_MESSAGES) {
		control_message_unref(message);
		give_up(client);
		return;
	}
	client->queue[(client->first + client->n_queued) % CONTROL_QUEUE_MESSAGES] = message;
	client->n_queued++;
	client->queued_octets += message->len;
}

void control_client_flush(struct control_client *client)
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

bool control_client_has_room(const struct control_client *client, size_t messages, size_t octets)
{
	return client->n_queued + messages + MESSAGES_OF_ANSWER <= CONTROL_QUEUE_MESSAGES &&
	       client->queued_octets + octets <= CONTROL_QUEUE_OCTETS;
}

bool control_client_may_ask(const struct control_client *client)
{
	return client->tokens > 0 && client->walk.kind == CONTROL_WALK_NONE &&
	       client->n_queued + MESSAGES_OF_ANSWER <= CONTROL_QUEUE_MESSAGES &&
	       (client->wants_samples || client->n_queued == 0);
}

bool control_client_may_walk(const struct control_client *client)
{
	if (client->walk.kind == CONTROL_WALK_NONE)
		return false;
	/* One message at a time waits here for a client that does not read; samples come between. */
	return client->wants_samples ? control_client_has_room(client, 1, EBC_CONTROL_ANSWER_MAX)
				     : client->n_queued == 0;
}

void control_client_close(struct control_client *client)
{
	while (client->n_queued)
		pop(client);
	close(client->fd);
	*client = (struct control_client){.fd = -1};
}
