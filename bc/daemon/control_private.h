/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket's inside, and what its files offer each other. */
#pragma once

#include "bc/daemon/control.h"
#include "bc/daemon/control_client.h"
#include "bc/daemon/control_rows.h"
#include "bc/daemon/control_socket.h"

#define CONTROL_CLIENTS_MAX 16

struct control {
	struct control_sources sources;
	struct control_socket socket;
	int epoll_fd, timer_fd;
	bool is_listening, is_timer_armed;
	unsigned int accept_tokens;
	int64_t work_ns;      /* what each interval of the timer brings, and the most there is */
	int64_t work_left_ns; /* that may be spent on clients until the timer comes; may be overdrawn by a
				 piece */
	struct control_client clients[CONTROL_CLIENTS_MAX];

	/* The stream of samples. */
	size_t n_sampling;
	unsigned int n_ticks;
	size_t n_batch;
	struct ebc_sample batch[CONTROL_ROWS_MAX];
};

/* control_request.c: what a request means; the answer, or its beginning, goes into the client's queue. */
void control_request_answer(struct control *control, struct control_client *client, const char *text,
			    size_t len);

/* control_samples.c: the stream of samples. */
void control_samples_start(struct control *control, struct control_client *client);
/* With the last samples and the sums. */
void control_samples_end(struct control *control, struct control_client *client);
/* The client goes. */
void control_samples_forget(struct control *control, struct control_client *client);
/* Hands waiting samples on; what fits is sent. */
void control_samples_tick(struct control *control);
