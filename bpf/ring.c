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

	if (ring->rx_fn) {
		const struct ebc_rx_record *record = data;

		if (size >= sizeof(*record) && record->frame_len <= size - sizeof(*record))
			ring->rx_fn(ring->context, record);
	} else if (ring->tx_fn && size >= sizeof(struct ebc_tx_record)) {
		ring->tx_fn(ring->context, data);
	}
	return ++ring->handed < ring->budget ? 0 : -ENOBUFS;
}

int ebc_ring_open(struct ebc_ring *ring, const struct bpf_map *map)
{
	ring->fd = bpf_map__fd(map);
	ring->buffer = ring_buffer__new(ring->fd, hand_out, ring, NULL);
	return ring->buffer ? 0 : -errno;
}

void ebc_ring_close(struct ebc_ring *ring)
{
	ring_buffer__free(ring->buffer);
	*ring = (struct ebc_ring){.fd = -1};
}

static int consume(struct ebc_ring *ring, size_t budget, ebc_rx_fn rx_fn, ebc_tx_fn tx_fn, void *context)
{
	int r;

	if (!budget)
		return 0;
	ring->handed = 0;
	ring->budget = budget;
	ring->rx_fn = rx_fn;
	ring->tx_fn = tx_fn;
	ring->context = context;
	r = ring_buffer__consume(ring->buffer);
	return r < 0 && r != -ENOBUFS ? r : (int)ring->handed;
}

int ebc_loader_consume_rx(struct ebc_loader *loader, size_t budget, ebc_rx_fn fn, void *context)
{
	return consume(&loader->rx_ring, budget, fn, NULL, context);
}

int ebc_loader_consume_tx(struct ebc_loader *loader, size_t budget, ebc_tx_fn fn, void *context)
{
	return consume(&loader->tx_ring, budget, NULL, fn, context);
}

int ebc_loader_rx_fd(const struct ebc_loader *loader)
{
	return loader->rx_ring.fd;
}

int ebc_loader_tx_fd(const struct ebc_loader *loader)
{
	return loader->tx_ring.fd;
}
