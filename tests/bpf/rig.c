/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets and rings for the tests: see rig.h. */
#include "tests/bpf/rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <cmocka.h>

#include "util/macros.h"

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

uint64_t rig_mono_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

int64_t rig_real_minus_mono_ns(void)
{
	int64_t best = 0;
	uint64_t best_width = UINT64_MAX;

	for (int i = 0; i < 20; i++) {
		uint64_t before = clock_ns(CLOCK_MONOTONIC), real = clock_ns(CLOCK_REALTIME);
		uint64_t width = clock_ns(CLOCK_MONOTONIC) - before;

		if (width < best_width) {
			best_width = width;
			best = (int64_t)(real - before - width / 2);
		}
	}
	return best;
}

void rig_sleep_until(uint64_t mono_ns)
{
	const struct timespec end = {.tv_sec = (time_t)(mono_ns / NSEC_PER_SEC),
				     .tv_nsec = (long)(mono_ns % NSEC_PER_SEC)};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR)
		;
}

struct ebc_loader_options rig_options(void)
{
	return (struct ebc_loader_options){
		.rx_stamp = EBC_STAMP_SKB,
		.rx_ring_bytes = 262144,
		.tx_ring_bytes = 65536,
	};
}

struct ebc_loader *rig_loader(const struct ebc_loader_options *options)
{
	struct ebc_loader *loader = NULL;
	char reason[256];
	int r = ebc_loader_new(options, &loader, reason, sizeof(reason));

	if (r < 0)
		fail_msg("ebc_loader_new: %d, %s", r, reason);
	ebc_loader_ctl(loader)->real_minus_mono_ns = rig_real_minus_mono_ns();
	ebc_loader_ctl(loader)->lease_until_mono_ns = rig_mono_ns() + 3600 * NSEC_PER_SEC;
	return loader;
}

void rig_attach(struct ebc_loader *loader, const struct netlab *lab)
{
	struct ebc_port_conf conf = {.port_index = 0};

	memcpy(conf.mac, lab->port_mac, sizeof(conf.mac));
	assert_int_equal(ebc_loader_attach_port(loader, lab->port_ifindex, &conf, &lab->port_ifindex, 1), 0);
}

uint64_t rig_counter(struct ebc_loader *loader, enum ebc_counter counter)
{
	struct ebc_counters counters;

	assert_int_equal(ebc_loader_counters(loader, 0, &counters), 0);
	return counters.value[counter];
}

int rig_socket(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	return fd;
}

int rig_daemon_socket(struct ebc_loader *loader)
{
	int fd = rig_socket();
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len), 0);
	ebc_loader_ctl(loader)->tx_socket_cookie = cookie;
	return fd;
}

int rig_send(int fd, uint32_t ifindex, const void *frame, size_t len)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = (int)ifindex, .sll_halen = 6};

	return sendto(fd, frame, len, 0, (const struct sockaddr *)&address, sizeof(address)) == (ssize_t)len;
}

int rig_listen(uint32_t ifindex)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET, .sll_protocol = htons(0x0003), .sll_ifindex = (int)ifindex};
	int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
	int fd = rig_socket();

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)), 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

size_t rig_receive(int fd, uint8_t *frame, size_t size, int timeout_ms, uint64_t *ret_mono_ns)
{
	union {
		char octets[256];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_base = frame, .iov_len = size};
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	ssize_t len;

	if (poll(&wait, 1, timeout_ms) != 1)
		return 0;
	len = recvmsg(fd, &message, 0);
	if (len <= 0)
		return 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c && ret_mono_ns; c = CMSG_NXTHDR(&message, c)) {
		struct timespec stamp;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_TIMESTAMPING)
			continue;
		memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
		*ret_mono_ns =
			(uint64_t)(stamp.tv_sec * NSEC_PER_SEC + stamp.tv_nsec - rig_real_minus_mono_ns());
	}
	return (size_t)len;
}

static void copy_tx(void *context, const struct ebc_tx_record *record)
{
	*(struct ebc_tx_record *)context = *record;
}

static void copy_rx(void *context, const struct ebc_rx_record *record)
{
	struct rig_rx *rx = context;

	rx->head = *record;
	assert_true(record->frame_len <= sizeof(rx->frame));
	memcpy(rx->frame, record->frame, record->frame_len);
}

/* A ring is readable as soon as a record is begun on another CPU, before it can be had. */
bool rig_wait_tx(struct ebc_loader *loader, int timeout_ms, struct ebc_tx_record *ret_record)
{
	struct pollfd wait = {.fd = ebc_loader_tx_fd(loader), .events = POLLIN};

	while (poll(&wait, 1, timeout_ms) == 1)
		if (ebc_loader_consume_tx(loader, 1, copy_tx, ret_record) == 1)
			return true;
	return false;
}

bool rig_wait_rx(struct ebc_loader *loader, int timeout_ms, struct rig_rx *ret_rx)
{
	struct pollfd wait = {.fd = ebc_loader_rx_fd(loader), .events = POLLIN};

	while (poll(&wait, 1, timeout_ms) == 1)
		if (ebc_loader_consume_rx(loader, 1, copy_rx, ret_rx) == 1)
			return true;
	return false;
}

bool rig_take_rx(struct ebc_loader *loader, struct rig_rx *ret_rx)
{
	return ebc_loader_consume_rx(loader, 1, copy_rx, ret_rx) == 1;
}
