// SPDX-License-Identifier: GPL-2.0-or-later
/* Sending frames, and the error queue in which drivers' stamps arrive. */
#include "bc/daemon/sender.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "bpf/ptp_wire.h"
#include "util/cleanup.h"
#include "util/macros.h"
#include "util/unaligned.h"

#define ETH_HEADER_LEN 14

struct sender {
	int fd;
	bool has_asked;
	uint64_t cookie;
};

static void cleanup_sender(struct sender **sender)
{
	sender_free(*sender);
}

static int switch_on_stamps(const struct sender *s)
{
	/* Receive stamps are a switch of the whole kernel: any socket that wants them turns skb->tstamp on.
	 * Transmit stamps are asked for frame by frame. */
	int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;

	return setsockopt(s->fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof(flags)) < 0 ? -errno : 0;
}

int sender_new(int socket_priority, struct sender **ret_sender)
{
	_cleanup_(cleanup_sender) struct sender *s = calloc(1, sizeof(*s));
	socklen_t len = sizeof(s->cookie);
	int r;

	if (!s)
		return -ENOMEM;
	/* Protocol 0: the socket receives nothing. */
	s->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return -errno;
	if (getsockopt(s->fd, SOL_SOCKET, SO_COOKIE, &s->cookie, &len) < 0)
		return -errno;
	if (socket_priority > 0 &&
	    setsockopt(s->fd, SOL_SOCKET, SO_PRIORITY, &socket_priority, sizeof(socket_priority)) < 0)
		return -errno;
	r = switch_on_stamps(s);
	if (r < 0)
		return r;
	*ret_sender = TAKE_PTR(s);
	return 0;
}

void sender_free(struct sender *sender)
{
	if (!sender)
		return;
	close_fd(sender->fd);
	free(sender);
}

uint64_t sender_cookie(const struct sender *sender)
{
	return sender->cookie;
}

int sender_fd(const struct sender *sender)
{
	return sender->fd;
}

bool sender_has_asked(const struct sender *sender)
{
	return sender->has_asked;
}

int sender_send(struct sender *s, int ifindex, const uint8_t *frame, size_t len, bool asks_driver)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_protocol = htobe16(get_be16(frame + 12)),
		.sll_ifindex = ifindex,
		.sll_halen = 6,
	};
	union {
		struct cmsghdr header;
		uint8_t room[CMSG_SPACE(sizeof(uint32_t))];
	} control = {};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)frame, .iov_len = len};
	struct msghdr msg = {.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &iov, .msg_iovlen = 1};

	memcpy(to.sll_addr, frame, 6);
	s->has_asked = asks_driver;
	if (asks_driver) {
		uint32_t flags = SOF_TIMESTAMPING_TX_SOFTWARE;

		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SO_TIMESTAMPING;
		control.header.cmsg_len = CMSG_LEN(sizeof(flags));
		memcpy(CMSG_DATA(&control.header), &flags, sizeof(flags));
		msg.msg_control = control.room;
		msg.msg_controllen = sizeof(control.room);
	}
	return sendmsg(s->fd, &msg, 0) < 0 ? -errno : 0;
}

/* Where the message begins in a frame that we built ourselves: no tags, no options. */
static size_t message_offset(const uint8_t *frame, size_t len)
{
	if (len < ETH_HEADER_LEN)
		return len;
	switch (get_be16(frame + 12)) {
	case 0x0800:
		return ETH_HEADER_LEN + 20 + 8;
	case 0x86dd:
		return ETH_HEADER_LEN + 40 + 8;
	default:
		return ETH_HEADER_LEN;
	}
}

/* The frame comes back with its stamp, and says itself what it is. */
static bool identify(const uint8_t *frame, size_t len, struct sender_event *ret_event)
{
	size_t offset = message_offset(frame, len);
	uint16_t port_number;

	if (len < offset + PTP_HEADER_LEN)
		return false;
	port_number = get_be16(frame + offset + 28);
	if (port_number == 0)
		return false;
	*ret_event = (struct sender_event){
		.port = port_number - 1U,
		.message_type = frame[offset] & 0x0f,
		.sequence_id = get_be16(frame + offset + 30),
	};
	return true;
}

bool sender_pop_stamp(struct sender *s, struct sender_event *ret_event, int64_t *ret_real_ns)
{
	union {
		struct cmsghdr header;
		uint8_t room[512];
	} control;
	uint8_t frame[256];
	struct iovec iov = {.iov_base = frame, .iov_len = sizeof(frame)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.room,
			     .msg_controllen = sizeof(control.room)};
	const struct timespec *stamp = NULL;
	ssize_t len = recvmsg(s->fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT);

	if (len < 0)
		return false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPING)
			stamp = (const struct timespec *)(const void *)CMSG_DATA(c);
	*ret_real_ns = 0;
	if (stamp && identify(frame, (size_t)len, ret_event))
		*ret_real_ns = (int64_t)stamp->tv_sec * NSEC_PER_SEC + stamp->tv_nsec;
	return true;
}
