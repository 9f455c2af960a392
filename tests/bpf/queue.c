/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A token bucket without tokens, and then with plenty: see queue.h. */
#include "tests/bpf/queue.h"

#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tests/bpf/netlab.h"
#include "tests/bpf/rig.h"
#include "util/macros.h"

/* The first full-sized frame empties the bucket; the next has its tokens after three minutes. */
#define HELD	 "tbf rate 64bit burst 1600 limit 4000000"
#define RELEASED "tbf rate 1gbit burst 100000 limit 4000000"
/* Fewer small frames than the kernel sends in one go (net.core.dev_weight, 64). */
#define PORTION	   "tbf rate 128bit burst 3000 limit 4000000"
#define WAIT_NS	   (6 * NSEC_PER_MSEC)
#define POLL_NS	   NSEC_PER_MSEC
#define FRAME_SIZE 1514
#define NUDGE_SIZE 60

static void set(const char *verb, uint32_t ifindex, const char *qdisc)
{
	char name[IF_NAMESIZE];

	assert_non_null(if_indextoname(ifindex, name));
	assert_int_equal(netlab_run("tc qdisc %s dev %s root %s", verb, name, qdisc), 0);
}

/* Frames in the device's qdisc. */
static unsigned backlog(uint32_t ifindex)
{
	char name[IF_NAMESIZE], text[4096], *place;
	unsigned n;

	assert_non_null(if_indextoname(ifindex, name));
	assert_int_equal(netlab_read(text, sizeof(text), "tc -s qdisc show dev %s root", name), 0);
	place = strstr(text, "backlog ");
	assert_non_null(place);
	assert_int_equal(sscanf(place, "backlog %*s %up", &n), 1);
	return n;
}

static void send_filler(int fd, uint32_t ifindex, size_t octets)
{
	static const uint8_t frame[FRAME_SIZE] = {0x02,
						  0,
						  0,
						  0,
						  0,
						  1,
						  0x02,
						  0,
						  0,
						  0,
						  0,
						  2,
						  QUEUE_ETHERTYPE_FILLER >> 8,
						  QUEUE_ETHERTYPE_FILLER & 0xFF};

	assert_true(rig_send(fd, ifindex, frame, octets));
}

void queue_send_filler(int fd, uint32_t ifindex, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		send_filler(fd, ifindex, FRAME_SIZE);
}

void queue_hold(int fd, uint32_t ifindex)
{
	set("replace", ifindex, HELD);
	queue_send_filler(fd, ifindex, 2);
	assert_true(backlog(ifindex) > 0);
}

void queue_wait_for(uint32_t ifindex, unsigned n)
{
	uint64_t end_mono_ns = rig_mono_ns() + RIG_PATIENCE_MS * NSEC_PER_MSEC;

	while (backlog(ifindex) < 1 + n) {
		assert_true(rig_mono_ns() < end_mono_ns);
		rig_sleep_until(rig_mono_ns() + POLL_NS);
	}
}

void queue_release(int fd, uint32_t ifindex)
{
	set("change", ifindex, RELEASED);
	/* The kernel looks into the queue again when something is put into it. */
	queue_send_filler(fd, ifindex, 1);
}

void queue_release_by_portions(int fd, uint32_t ifindex)
{
	/* Each change fills the bucket. */
	do {
		set("change", ifindex, PORTION);
		send_filler(fd, ifindex, NUDGE_SIZE);
	} while (backlog(ifindex) > 0);
	queue_release(fd, ifindex);
}

struct queue_wait queue_release_later(int fd, uint32_t ifindex, unsigned n)
{
	struct queue_wait wait;

	queue_wait_for(ifindex, n);
	wait.from_mono_ns = rig_mono_ns();
	rig_sleep_until(wait.from_mono_ns + WAIT_NS);
	wait.to_mono_ns = rig_mono_ns();
	queue_release(fd, ifindex);
	return wait;
}

void queue_remove(uint32_t ifindex)
{
	set("del", ifindex, "");
}
