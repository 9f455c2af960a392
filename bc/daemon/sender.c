// SPDX-License-Identifier: GPL-2.0-or-later
/* Sending frames. */
#include "bc/daemon/sender.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "bc/daemon/driver_stamp.h"
#include "util/cleanup.h"
#include "util/macros.h"
#include "util/unaligned.h"

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
		uint32_t flags = driver_stamp_send_flags();

		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SO_TIMESTAMPING;
		control.header.cmsg_len = CMSG_LEN(sizeof(flags));
		memcpy(CMSG_DATA(&control.header), &flags, sizeof(flags));
		msg.msg_control = control.room;
		msg.msg_controllen = sizeof(control.room);
	}
	return sendmsg(s->fd, &msg, 0) < 0 ? -errno : 0;
}
