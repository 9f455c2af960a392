/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One client of the control socket: what waits for it, and how much it may still ask. Never waits for it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "bc/daemon/control_json.h"
#include "bc/daemon/control_walk.h"

/* What waits for one client, beside what the kernel holds for it. */
#define CONTROL_QUEUE_MESSAGES 16
#define CONTROL_QUEUE_OCTETS   131072

struct control_client {
	int fd;	   /* -1: free */
	uid_t uid; /* whose it is */
	bool is_privileged;
	uint32_t events; /* what epoll waits for */
	unsigned int tokens;
	struct control_message *queue[CONTROL_QUEUE_MESSAGES];
	size_t first, n_queued, queued_octets;

	struct control_walk walk; /* what is being answered */

	/* The stream of samples. */
	bool wants_samples;
	uint64_t n_delivered, n_lost, n_lost_untold;
	uint64_t kernel_lost; /* of the kernel's count, told or about to be */
};

/* Takes the message. Callers have seen to it that there is room; without memory for it the client goes. */
void control_client_push(struct control_client *client, struct control_message *message);
/* Sends what the kernel takes. */
void control_client_flush(struct control_client *client);
/* Room for so much, beside the answer to a request. */
bool control_client_has_room(const struct control_client *client, size_t messages, size_t octets);
/* Whether its next request may be read. */
bool control_client_may_ask(const struct control_client *client);
/* Whether the next message of its walk may be made. */
bool control_client_may_walk(const struct control_client *client);
/* Closes it and frees the place. */
void control_client_close(struct control_client *client);
