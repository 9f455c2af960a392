// SPDX-License-Identifier: GPL-2.0-or-later
/* Datagrams for readers that are behind: in order, for a second, and no more of them than there is room for.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "bc/daemon/datagram_queue.h"
#include "util/macros.h"

/* As that of the daemon: a reader's own queue is full before it, also where that is long
 * (net.unix.max_dgram_qlen). */
#define SEND_BUFFER (1 << 22)

/* Two readers with names that belong to no file. */
struct bench {
	struct datagram_queue *queue;
	int fd;
	int readers[2];
	struct sockaddr_un addresses[2];
	socklen_t len;
};

static struct bench bench;

static int setup(void **state)
{
	const int octets = SEND_BUFFER;

	(void)state;
	bench = (struct bench){.fd = socket(AF_UNIX, SOCK_DGRAM, 0), .queue = datagram_queue_new()};
	if (setsockopt(bench.fd, SOL_SOCKET, SO_SNDBUFFORCE, &octets, sizeof(octets)) < 0)
		assert_return_code(setsockopt(bench.fd, SOL_SOCKET, SO_SNDBUF, &octets, sizeof(octets)),
				   errno);
	for (int i = 0; i < 2; i++) {
		int n = snprintf(bench.addresses[i].sun_path + 1, 60, "ebpf-bc-queue-%d-%d", (int)getpid(),
				 i);

		bench.addresses[i].sun_family = AF_UNIX;
		bench.len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
		bench.readers[i] = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
		assert_return_code(bind(bench.readers[i], (struct sockaddr *)&bench.addresses[i], bench.len),
				   errno);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	datagram_queue_free(bench.queue);
	close(bench.fd);
	close(bench.readers[0]);
	close(bench.readers[1]);
	return 0;
}

static int send_to(int reader, int number, uint64_t now_mono_ns)
{
	return datagram_queue_send(bench.queue, bench.fd, &bench.addresses[reader], bench.len,
				   (const uint8_t *)&number, sizeof(number), now_mono_ns);
}

/* The next number, or -1. */
static int read_one(int reader)
{
	int number;

	return recv(bench.readers[reader], &number, sizeof(number), 0) == sizeof(number) ? number : -1;
}

/* Until the kernel takes no more; returns how many it took. */
static int fill(int reader)
{
	int n = 0;

	while (!datagram_queue_is_waiting(bench.queue))
		assert_int_equal(send_to(reader, n++, 0), 0);
	return n - 1;
}

static void what_a_reader_cannot_take_waits_and_keeps_its_order(void **state)
{
	int n = fill(0);

	(void)state;
	assert_int_equal(send_to(0, n + 1, 0), 0);
	/* Others do not wait for it. */
	assert_int_equal(send_to(1, 99, 0), 0);
	assert_int_equal(read_one(1), 99);
	assert_int_equal(read_one(0), 0);
	/* There is room now, but not before those that wait. */
	assert_int_equal(send_to(0, n + 2, 0), 0);
	for (int expected = 1, got; expected <= n + 2; expected++) {
		datagram_queue_flush(bench.queue, 1);
		got = read_one(0);
		assert_int_equal(got, expected);
	}
	assert_false(datagram_queue_is_waiting(bench.queue));
}

static void what_waited_for_a_second_is_given_up(void **state)
{
	(void)state;
	fill(0);
	datagram_queue_flush(bench.queue, NSEC_PER_SEC - 1);
	assert_true(datagram_queue_is_waiting(bench.queue));
	datagram_queue_flush(bench.queue, NSEC_PER_SEC);
	assert_false(datagram_queue_is_waiting(bench.queue));
}

static void a_reader_that_stalls_leaves_room_for_others(void **state)
{
	int r = 0;

	(void)state;
	fill(0);
	for (int i = 0; i < 1000 && r == 0; i++)
		r = send_to(0, 0, 0);
	assert_int_equal(r, -ENOBUFS);
	while (read_one(1) >= 0)
		;
	for (int i = 0; i < 20; i++)
		assert_int_equal(send_to(1, 1, 0), 0);
}

static void what_waits_for_a_reader_that_is_gone_goes_with_it(void **state)
{
	(void)state;
	fill(0);
	close(bench.readers[0]);
	bench.readers[0] = -1;
	datagram_queue_flush(bench.queue, 1);
	assert_false(datagram_queue_is_waiting(bench.queue));
	assert_int_equal(send_to(0, 0, 1), -ECONNREFUSED);
}

static void what_is_forgotten_is_not_sent(void **state)
{
	int n = fill(0);

	(void)state;
	datagram_queue_clear(bench.queue);
	assert_false(datagram_queue_is_waiting(bench.queue));
	assert_int_equal(read_one(0), 0);
	datagram_queue_flush(bench.queue, 1);
	for (int i = 1; i < n; i++)
		assert_int_equal(read_one(0), i);
	assert_int_equal(read_one(0), -1);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(what_a_reader_cannot_take_waits_and_keeps_its_order),
		T(what_waited_for_a_second_is_given_up),
		T(a_reader_that_stalls_leaves_room_for_others),
		T(what_waits_for_a_reader_that_is_gone_goes_with_it),
		T(what_is_forgotten_is_not_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
