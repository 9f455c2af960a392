// SPDX-License-Identifier: GPL-2.0-or-later
/* A plain array in order of age: 256 short entries are moved faster than a cleverer structure is read. */
#include "netlink/link_queue.h"

#include <stdio.h>
#include <string.h>

static void remove_at(struct ebc_link_queue *queue, size_t i)
{
	queue->n--;
	memmove(&queue->events[i], &queue->events[i + 1], (queue->n - i) * sizeof(queue->events[0]));
}

static bool is_overrun(const struct ebc_link_queue *queue)
{
	return queue->n == 1 && queue->events[0].type == EBC_LINK_EVENT_OVERRUN;
}

void ebc_link_queue_overrun(struct ebc_link_queue *queue)
{
	queue->events[0] = (struct ebc_link_event){.type = EBC_LINK_EVENT_OVERRUN};
	queue->n = 1;
}

void ebc_link_queue_push(struct ebc_link_queue *queue, enum ebc_link_event_type type, int ifindex,
			 const char *name)
{
	struct ebc_link_event event = {.type = type, .ifindex = ifindex};

	if (is_overrun(queue))
		return;
	snprintf(event.name, sizeof(event.name), "%s", name);

	/* A REMOVED makes all before it pointless; a CHANGED leaves the REMOVED of its predecessor. */
	for (size_t i = queue->n; i-- > 0;) {
		const struct ebc_link_event *old = &queue->events[i];

		if (old->ifindex != ifindex ||
		    (type == EBC_LINK_EVENT_CHANGED && old->type == EBC_LINK_EVENT_REMOVED))
			continue;
		/* Address events come without a name: keep the last one known. */
		if (event.name[0] == '\0')
			memcpy(event.name, old->name, sizeof(event.name));
		remove_at(queue, i);
	}

	if (queue->n == EBC_LINK_QUEUE_SIZE)
		ebc_link_queue_overrun(queue);
	else
		queue->events[queue->n++] = event;
}

bool ebc_link_queue_pop(struct ebc_link_queue *queue, struct ebc_link_event *ret_event)
{
	if (queue->n == 0)
		return false;
	*ret_event = queue->events[0];
	remove_at(queue, 0);
	return true;
}
