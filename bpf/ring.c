/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hands the records of the two rings to the daemon, at most as many as it asks for: a flood on one
 * port must not keep the event loop from its timers.
 */
#include <errno.h>

#include "bpf/loader_internal.h"

/* A negative answer ends the round; libbpf counts the record at which it is given as taken. */
static int hand_out(void *context, void *data, size_t size)
{
	struct ebc_ring *ring = context;

	if (size >= ring->min_size)
		ring->fn(ring->context, data);
	return ++ring->handed < ring->budget ? 0 : -ENOBUFS;
}

int ebc_ring_open(struct ebc_ring *ring, int map_fd, size_t min_size)
{
	ring->fd = map_fd;
	ring->min_size = min_size;
	ring->buffer = ring_buffer__new(map_fd, hand_out, ring, NULL);
	return ring->buffer ? 0 : -errno;
}

void ebc_ring_close(struct ebc_ring *ring)
{
	ring_buffer__free(ring->buffer);
	*ring = (struct ebc_ring){.fd = -1};
}

static int consume(struct ebc_ring *ring, size_t budget, void (*fn)(void *, const void *), void *context)
{
	int r;

	if (!budget || !ring->buffer)
		return 0;
	ring->handed = 0;
	ring->budget = budget;
	ring->fn = fn;
	ring->context = context;
	r = ring_buffer__consume(ring->buffer);
	return r < 0 && r != -ENOBUFS ? r : (int)ring->handed;
}

/* The records of each ring have their type, and so has the function that gets them. */
struct receiver {
	union {
		ebc_rx_fn rx;
		ebc_tx_fn tx;
		ebc_departure_fn departure;
		ebc_sample_fn sample;
	};
	void *context;
};

/* The kernel programs write frame_len themselves, below the capacity of the record. */
static void give_rx(void *context, const void *record)
{
	const struct receiver *receiver = context;

	receiver->rx(receiver->context, record);
}

static void give_tx(void *context, const void *record)
{
	const struct receiver *receiver = context;

	receiver->tx(receiver->context, record);
}

static void give_departure(void *context, const void *record)
{
	const struct receiver *receiver = context;

	receiver->departure(receiver->context, record);
}

static void give_sample(void *context, const void *record)
{
	const struct receiver *receiver = context;

	receiver->sample(receiver->context, record);
}

int ebc_loader_consume_rx(struct ebc_loader *loader, size_t budget, ebc_rx_fn fn, void *context)
{
	struct receiver receiver = {.rx = fn, .context = context};

	return consume(&loader->rx_ring, budget, give_rx, &receiver);
}

int ebc_loader_consume_tx(struct ebc_loader *loader, size_t budget, ebc_tx_fn fn, void *context)
{
	struct receiver receiver = {.tx = fn, .context = context};

	return consume(&loader->tx_ring, budget, give_tx, &receiver);
}

int ebc_loader_consume_departures(struct ebc_loader *loader, size_t budget, ebc_departure_fn fn,
				  void *context)
{
	struct receiver receiver = {.departure = fn, .context = context};

	return consume(&loader->departure_ring, budget, give_departure, &receiver);
}

int ebc_loader_consume_samples(struct ebc_loader *loader, size_t budget, ebc_sample_fn fn, void *context)
{
	struct receiver receiver = {.sample = fn, .context = context};

	return consume(&loader->sample_ring, budget, give_sample, &receiver);
}

int ebc_loader_departure_fd(const struct ebc_loader *loader)
{
	return loader->departure_ring.fd;
}

int ebc_loader_rx_fd(const struct ebc_loader *loader)
{
	return loader->rx_ring.fd;
}

int ebc_loader_tx_fd(const struct ebc_loader *loader)
{
	return loader->tx_ring.fd;
}
