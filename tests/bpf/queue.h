/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A qdisc behind a device that holds what is sent until the test lets it go: however slow the machine is,
 * nothing leaves before what the test waits for has happened.
 */
#pragma once

#include <stdint.h>

/* EtherType of the full-sized frames that hold others up: for local experiments, not PTP. */
#define QUEUE_ETHERTYPE_FILLER 0x88B5

/* Frames waited in the queue at least from here to there. */
struct queue_wait {
	uint64_t from_mono_ns, to_mono_ns;
};

/* `n` full-sized frames by this packet socket. */
void queue_send_filler(int fd, uint32_t ifindex, unsigned n);
/* From now on nothing leaves; `fd`, a packet socket, sends what stands at the head of the queue. */
void queue_hold(int fd, uint32_t ifindex);
/* Until `n` frames of the test's are in the queue. */
void queue_wait_for(uint32_t ifindex, unsigned n);
/* Lets go what waits and whatever comes. */
void queue_release(int fd, uint32_t ifindex);
/*
 * The same for more frames than the kernel sends at a time: a few at once, so that this process sends all of
 * them. What is left is for whatever process is interrupted next, and a kernel may keep tracing programs,
 * those at the tracepoints of the driver among them, out of some.
 */
void queue_release_by_portions(int fd, uint32_t ifindex);
/* queue_wait_for() and queue_release() with some milliseconds between them. */
struct queue_wait queue_release_later(int fd, uint32_t ifindex, unsigned n);
/* The device has no queue any more; what still waits is lost. */
void queue_remove(uint32_t ifindex);
