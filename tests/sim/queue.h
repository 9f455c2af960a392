/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events in the order of their time; of equal times, in the order of their making. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bc/wire/msg.h"

enum sim_event_type {
	SIM_EVENT_FRAME,    /* arrived at a port */
	SIM_EVENT_TX_STAMP, /* of a message that left a port */
	SIM_EVENT_TIMER,    /* a node's deadline */
	SIM_EVENT_SAMPLE,   /* of all time errors */
};

struct sim_event {
	int64_t true_ns;
	enum sim_event_type type;
	uint16_t node, port;
	uint16_t sequence_id;
	uint8_t message_type;
	uint8_t len;
	int64_t at_true_ns; /* when it happened; true_ns: when the engine is told */
	uint64_t stamp_mono_ns;
	uint8_t message[BC_MSG_TX_MAX];
};

struct sim_queue;

/* NULL: no memory. The caller owns the queue. */
struct sim_queue *sim_queue_new(size_t limit);
void sim_queue_free(struct sim_queue *queue);
/* Aborts when the queue is full: a storm, or a bound that is too low. */
void sim_queue_push(struct sim_queue *queue, const struct sim_event *event);
/* The next event if it is not later than until_true_ns. */
bool sim_queue_pop(struct sim_queue *queue, int64_t until_true_ns, struct sim_event *ret_event);
