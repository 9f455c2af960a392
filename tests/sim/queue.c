// SPDX-License-Identifier: GPL-2.0-or-later
/* A binary heap of small entries over a pool of events. */
#include "tests/sim/queue.h"

#include <stdio.h>
#include <stdlib.h>

struct entry {
	int64_t true_ns;
	uint64_t order;
	size_t slot;
};

struct sim_queue {
	size_t limit, n;
	uint64_t next_order;
	struct entry *heap;
	struct sim_event *events;
	size_t *free_slots; /* the first limit - n are free */
};

void sim_queue_free(struct sim_queue *queue)
{
	if (!queue)
		return;
	free(queue->heap);
	free(queue->events);
	free(queue->free_slots);
	free(queue);
}

struct sim_queue *sim_queue_new(size_t limit)
{
	struct sim_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return NULL;
	queue->limit = limit;
	queue->heap = calloc(limit, sizeof(queue->heap[0]));
	queue->events = calloc(limit, sizeof(queue->events[0]));
	queue->free_slots = calloc(limit, sizeof(queue->free_slots[0]));
	if (!queue->heap || !queue->events || !queue->free_slots) {
		sim_queue_free(queue);
		return NULL;
	}
	for (size_t i = 0; i < limit; i++)
		queue->free_slots[i] = limit - 1 - i;
	return queue;
}

static bool is_before(const struct entry *a, const struct entry *b)
{
	return a->true_ns != b->true_ns ? a->true_ns < b->true_ns : a->order < b->order;
}

void sim_queue_push(struct sim_queue *queue, const struct sim_event *event)
{
	struct entry entry = {.true_ns = event->true_ns, .order = queue->next_order++};
	size_t i = queue->n;

	if (queue->n == queue->limit) {
		fprintf(stderr, "simulation: more than %zu events on their way\n", queue->limit);
		abort();
	}
	entry.slot = queue->free_slots[queue->limit - 1 - queue->n++];
	queue->events[entry.slot] = *event;
	for (; i > 0 && is_before(&entry, &queue->heap[(i - 1) / 2]); i = (i - 1) / 2)
		queue->heap[i] = queue->heap[(i - 1) / 2];
	queue->heap[i] = entry;
}

bool sim_queue_pop(struct sim_queue *queue, int64_t until_true_ns, struct sim_event *ret_event)
{
	struct entry last;
	size_t i = 0;

	if (queue->n == 0 || queue->heap[0].true_ns > until_true_ns)
		return false;
	*ret_event = queue->events[queue->heap[0].slot];
	last = queue->heap[--queue->n];
	queue->free_slots[queue->limit - 1 - queue->n] = queue->heap[0].slot;
	for (size_t child; (child = 2 * i + 1) < queue->n; i = child) {
		if (child + 1 < queue->n && is_before(&queue->heap[child + 1], &queue->heap[child]))
			child++;
		if (!is_before(&queue->heap[child], &last))
			break;
		queue->heap[i] = queue->heap[child];
	}
	queue->heap[i] = last;
	return true;
}
