// SPDX-License-Identifier: GPL-2.0-or-later
/* See driver_stamp.h. */
#include "bc/daemon/driver_stamp.h"

#include <linux/net_tstamp.h>
#include <sys/socket.h>
#include <time.h>

#include "bpf/ptp_wire.h"
#include "util/ether.h"
#include "util/macros.h"
#include "util/unaligned.h"

/* The longest header of an event message, and its common part: no more is looked at. */
#define LOOKED_AT 160

uint32_t driver_stamp_send_flags(void)
{
	return SOF_TIMESTAMPING_TX_SOFTWARE;
}

/* Where the message begins; `len` when nowhere. IPv6 of ours has no extension headers. */
static size_t message_offset(const uint8_t *frame, size_t len)
{
	size_t payload;

	if (len < ETHER_HEADER_LEN)
		return len;
	payload = ether_payload_offset(frame, len);
	switch (get_be16(frame + payload - 2)) {
	case ETHER_TYPE_IPV4:
		return payload < len ? payload + (frame[payload] & 0x0fU) * 4 + 8 : len;
	case ETHER_TYPE_IPV6:
		return payload + 40 + 8;
	case PTP_ETHERTYPE:
		return payload;
	default:
		return len;
	}
}

bool driver_stamp_identify(const uint8_t *frame, size_t len, struct driver_stamp *ret_stamp)
{
	size_t offset = message_offset(frame, len);
	const uint8_t *message = frame + offset;

	if (len < offset + PTP_HEADER_LEN || get_be16(message + 28) == 0)
		return false;
	ret_stamp->port_number = get_be16(message + 28);
	ret_stamp->message_type = message[0] & 0x0f;
	ret_stamp->sequence_id = get_be16(message + 30);
	return true;
}

bool driver_stamp_pop(int fd, struct driver_stamp *ret_stamp)
{
	union {
		struct cmsghdr header;
		uint8_t room[512];
	} control;
	uint8_t frame[LOOKED_AT];
	struct iovec iov = {.iov_base = frame, .iov_len = sizeof(frame)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.room,
			     .msg_controllen = sizeof(control.room)};
	const struct timespec *stamp = NULL;
	ssize_t len = recvmsg(fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT);

	if (len < 0)
		return false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPING)
			stamp = (const struct timespec *)(const void *)CMSG_DATA(c);
	*ret_stamp = (struct driver_stamp){};
	if (stamp && driver_stamp_identify(frame, (size_t)len, ret_stamp))
		ret_stamp->real_ns = (int64_t)stamp->tv_sec * NSEC_PER_SEC + stamp->tv_nsec;
	return true;
}
