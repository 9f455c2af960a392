// SPDX-License-Identifier: GPL-2.0-or-later
/* See socket_batch.h. */
#include "bc/daemon/socket_batch.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "bpf/ptp_wire.h"
#include "util/ether.h"
#include "util/macros.h"

/* Over IPv6 two octets of padding. */
#define MESSAGE_MAX (ETHER_HEADER_LEN + PTP_MESSAGE_MAX + 2)

struct slot {
	struct iovec part;
	union {
		struct cmsghdr header;
		uint8_t room[192]; /* three stamps, the overflow, and whom it is for */
	} control;
	struct sockaddr_storage from;
	uint8_t message[MESSAGE_MAX];
};

struct socket_batch {
	struct mmsghdr headers[SOCKET_BATCH_MAX];
	struct slot slots[SOCKET_BATCH_MAX];
};

struct socket_batch *socket_batch_new(void)
{
	return calloc(1, sizeof(struct socket_batch));
}

void socket_batch_free(struct socket_batch *batch)
{
	free(batch);
}

size_t socket_batch_read(struct socket_batch *b, int fd, size_t max)
{
	unsigned int n = (unsigned int)MIN(max, SOCKET_BATCH_MAX);
	int r;

	for (unsigned int i = 0; i < n; i++) {
		struct slot *slot = &b->slots[i];

		slot->part = (struct iovec){.iov_base = slot->message, .iov_len = sizeof(slot->message)};
		b->headers[i].msg_hdr = (struct msghdr){
			.msg_name = &slot->from,
			.msg_namelen = sizeof(slot->from),
			.msg_iov = &slot->part,
			.msg_iovlen = 1,
			.msg_control = slot->control.room,
			.msg_controllen = sizeof(slot->control.room),
		};
	}
	r = n > 0 ? recvmmsg(fd, b->headers, n, MSG_DONTWAIT, NULL) : 0;
	return r < 0 ? 0 : (size_t)r;
}

/* Of multicast it says nothing that an answer could come from. */
static void read_local_ipv4(const uint8_t *data, struct socket_message *ret)
{
	struct in_pktinfo info;

	memcpy(&info, data, sizeof(info));
	if (!IN_MULTICAST(ntohl(info.ipi_addr.s_addr)))
		memcpy(ret->source.local_ip, &info.ipi_addr, 4);
}

static void read_local_ipv6(const uint8_t *data, struct socket_message *ret)
{
	struct in6_pktinfo info;

	memcpy(&info, data, sizeof(info));
	if (!IN6_IS_ADDR_MULTICAST(&info.ipi6_addr))
		memcpy(ret->source.local_ip, &info.ipi6_addr, 16);
}

static void read_control(const struct msghdr *header, struct socket_message *ret)
{
	/* CMSG_NXTHDR() takes no constant one. */
	struct msghdr msg = *header;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		struct timespec stamp;

		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
			read_local_ipv4(CMSG_DATA(c), ret);
		else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO)
			read_local_ipv6(CMSG_DATA(c), ret);
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SO_TIMESTAMPING) {
			memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
			ret->real_ns = (int64_t)stamp.tv_sec * NSEC_PER_SEC + stamp.tv_nsec;
		} else if (c->cmsg_type == SO_RXQ_OVFL) {
			memcpy(&ret->n_overflow, CMSG_DATA(c), sizeof(ret->n_overflow));
			ret->has_overflow = true;
		}
	}
}

struct socket_message socket_batch_get(const struct socket_batch *b, size_t i, enum ebc_transport transport)
{
	const struct slot *slot = &b->slots[i];
	const struct msghdr *header = &b->headers[i].msg_hdr;
	struct socket_message m = {
		.message = slot->message,
		.len = b->headers[i].msg_len,
		.is_truncated = header->msg_flags & MSG_TRUNC,
	};

	read_control(header, &m);
	switch (transport) {
	case EBC_TRANSPORT_UDP_IPV4:
		memcpy(m.source.ip, &((const struct sockaddr_in *)(const void *)&slot->from)->sin_addr, 4);
		break;
	case EBC_TRANSPORT_UDP_IPV6:
		memcpy(m.source.ip, &((const struct sockaddr_in6 *)(const void *)&slot->from)->sin6_addr, 16);
		break;
	default:
		/* The socket's filter has seen the whole header. */
		memcpy(m.source.mac, slot->message + 6, 6);
		m.message += MIN(ETHER_HEADER_LEN, m.len);
		m.len -= MIN(ETHER_HEADER_LEN, m.len);
		break;
	}
	return m;
}
