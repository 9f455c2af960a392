// SPDX-License-Identifier: GPL-2.0-or-later
/* A ring of datagrams; those that are done with are taken out when it is flushed. */
#include "bc/daemon/datagram_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bc/wire/msg.h"
#include "util/macros.h"

/* One GET may have an answer of each port, and a tool asks for several at a time. */
#define WAITING_MAX	   256
#define WAITING_READER_MAX 160
#define WAITING_MAX_AGE_NS (uint64_t) NSEC_PER_SEC

struct waiting {
	bool is_done;
	int fd;
	struct sockaddr_un to;
	socklen_t to_len;
	uint64_t since_mono_ns;
	uint16_t len;
	uint8_t datagram[BC_MSG_TX_MAX];
};

struct datagram_queue {
	size_t n;
	struct waiting waiting[WAITING_MAX]; /* oldest first */
};

struct datagram_queue *datagram_queue_new(void)
{
	return calloc(1, sizeof(struct datagram_queue));
}

void datagram_queue_free(struct datagram_queue *queue)
{
	free(queue);
}

void datagram_queue_clear(struct datagram_queue *queue)
{
	queue->n = 0;
}

static bool is_reader(const struct waiting *w, const struct sockaddr_un *to, socklen_t to_len)
{
	return !w->is_done && w->to_len == to_len && memcmp(&w->to, to, to_len) == 0;
}

static size_t count(const struct datagram_queue *queue, const struct sockaddr_un *to, socklen_t to_len)
{
	size_t n = 0;

	for (size_t i = 0; i < queue->n; i++)
		n += is_reader(&queue->waiting[i], to, to_len);
	return n;
}

static void forget(struct datagram_queue *queue, const struct sockaddr_un *to, socklen_t to_len)
{
	for (size_t i = 0; i < queue->n; i++)
		if (is_reader(&queue->waiting[i], to, to_len))
			queue->waiting[i].is_done = true;
}

static int send_now(int fd, const struct sockaddr_un *to, socklen_t to_len, const uint8_t *datagram,
		    size_t len)
{
	return sendto(fd, datagram, len, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)to, to_len) < 0
		       ? -errno
		       : 0;
}

static bool is_busy(int error)
{
	return error == -EAGAIN || error == -ENOBUFS || error == -EINTR;
}

int datagram_queue_send(struct datagram_queue *queue, int fd, const struct sockaddr_un *to, socklen_t to_len,
			const uint8_t *datagram, size_t len, uint64_t now_mono_ns)
{
	size_t n_before = count(queue, to, to_len);
	struct waiting *w;
	int r;

	if (n_before == 0) {
		r = send_now(fd, to, to_len, datagram, len);
		if (!is_busy(r))
			return r;
	}
	/* The less room there is, the less of it for one reader: some is left for the next one. */
	if (n_before >= MIN(WAITING_READER_MAX, 2 * (WAITING_MAX - queue->n)) || len > sizeof(w->datagram))
		return -ENOBUFS;
	w = &queue->waiting[queue->n++];
	*w = (struct waiting){
		.fd = fd,
		.to = *to,
		.to_len = to_len,
		.since_mono_ns = now_mono_ns,
		.len = (uint16_t)len,
	};
	memcpy(w->datagram, datagram, len);
	return 0;
}

/* Whether an older one still waits for the same reader: what it gets keeps its order. */
static bool is_behind_another(const struct datagram_queue *queue, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (is_reader(&queue->waiting[k], &queue->waiting[i].to, queue->waiting[i].to_len))
			return true;
	return false;
}

void datagram_queue_flush(struct datagram_queue *queue, uint64_t now_mono_ns)
{
	size_t n = 0;

	for (size_t i = 0; i < queue->n; i++) {
		struct waiting *w = &queue->waiting[i];
		int r;

		if (w->is_done || is_behind_another(queue, i))
			continue;
		r = send_now(w->fd, &w->to, w->to_len, w->datagram, w->len);
		if (is_busy(r))
			w->is_done = now_mono_ns - w->since_mono_ns >= WAITING_MAX_AGE_NS;
		else if (r < 0)
			forget(queue, &w->to, w->to_len);
		else
			w->is_done = true;
	}
	for (size_t i = 0; i < queue->n; i++) {
		if (queue->waiting[i].is_done)
			continue;
		if (n != i)
			queue->waiting[n] = queue->waiting[i];
		n++;
	}
	queue->n = n;
}

bool datagram_queue_is_waiting(const struct datagram_queue *queue)
{
	return queue->n > 0;
}
