/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bounded queue of link events that keeps, for each interface, only what a reader still has to know.
 * Private to this folder.
 */
#pragma once

#include "netlink/link.h"

#define EBC_LINK_QUEUE_SIZE 256

/* Ready for use when zeroed. */
struct ebc_link_queue {
	size_t n;
	struct ebc_link_event events[EBC_LINK_QUEUE_SIZE];
};

/*
 * Appends a CHANGED or REMOVED event. It takes the place of older ones of the same interface that it makes
 * pointless: at most one REMOVED and, behind it, one CHANGED wait for an interface. A full queue becomes
 * one OVERRUN event. `name` may be "".
 */
void ebc_link_queue_push(struct ebc_link_queue *queue, enum ebc_link_event_type type, int ifindex,
			 const char *name);
/* Replaces everything by one OVERRUN; what is pushed while that waits is covered by it. */
void ebc_link_queue_overrun(struct ebc_link_queue *queue);
/* Takes the oldest event; false when there is none. */
bool ebc_link_queue_pop(struct ebc_link_queue *queue, struct ebc_link_event *ret_event);
