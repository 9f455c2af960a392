// SPDX-License-Identifier: GPL-2.0-or-later
/* Who is connected, and since when. */
#include "ctl/exporter/visitors.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "util/cleanup.h"
#include "util/macros.h"

#define PATIENCE_NS (30 * NSEC_PER_SEC)
/* While three quarters of the places are taken, or too much memory. */
#define PATIENCE_CROWDED_NS (2 * NSEC_PER_SEC)

struct visitor {
	int fd; /* -1: a free place */
	uint64_t since_mono_ns;
};

struct visitors {
	pthread_mutex_t lock;
	size_t max, n;
	struct visitor list[];
};

struct visitors *visitors_new(size_t max)
{
	struct visitors *visitors = calloc(1, sizeof(*visitors) + max * sizeof(visitors->list[0]));

	if (!visitors)
		return NULL;
	pthread_mutex_init(&visitors->lock, NULL);
	visitors->max = max;
	for (size_t i = 0; i < max; i++)
		visitors->list[i].fd = -1;
	return visitors;
}

void visitors_free(struct visitors *visitors)
{
	if (!visitors)
		return;
	pthread_mutex_destroy(&visitors->lock);
	free(visitors);
}

static struct visitor *find_place(struct visitors *visitors)
{
	for (size_t i = 0; i < visitors->max; i++)
		if (visitors->list[i].fd < 0)
			return &visitors->list[i];
	return NULL;
}

struct visitor *visitors_enter(struct visitors *visitors, int fd, uint64_t now_mono_ns)
{
	struct visitor *place;

	pthread_mutex_lock(&visitors->lock);
	place = find_place(visitors);
	if (place) {
		*place = (struct visitor){.fd = fd, .since_mono_ns = now_mono_ns};
		visitors->n++;
	}
	pthread_mutex_unlock(&visitors->lock);
	return place;
}

void visitors_leave(struct visitors *visitors, struct visitor *visitor)
{
	if (!visitor)
		return;
	pthread_mutex_lock(&visitors->lock);
	visitor->fd = -1;
	visitors->n--;
	pthread_mutex_unlock(&visitors->lock);
}

void visitors_hang_up_on_slow(struct visitors *visitors, bool is_hurried, uint64_t now_mono_ns)
{
	uint64_t patience_ns;

	pthread_mutex_lock(&visitors->lock);
	patience_ns = is_hurried || visitors->n * 4 >= visitors->max * 3 ? PATIENCE_CROWDED_NS : PATIENCE_NS;
	for (size_t i = 0; i < visitors->max; i++) {
		const struct visitor *visitor = &visitors->list[i];

		/* The server sees the end and closes it. */
		if (visitor->fd >= 0 && visitor->since_mono_ns + patience_ns < now_mono_ns)
			shutdown(visitor->fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&visitors->lock);
}
