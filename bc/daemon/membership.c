// SPDX-License-Identifier: GPL-2.0-or-later
/* Joining groups on sockets that never receive anything. */
#include "bc/daemon/membership.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>

#include "util/cleanup.h"

static int join_packet(int ifindex, const struct membership_groups *groups)
{
	_cleanup_fd_ int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		struct packet_mreq mreq = {
			.mr_ifindex = ifindex, .mr_type = PACKET_MR_MULTICAST, .mr_alen = 6};

		memcpy(mreq.mr_address, groups->mac[i], 6);
		if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &mreq, sizeof(mreq)) < 0)
			return -errno;
	}
	return TAKE_FD(fd);
}

static int join_ipv4(int ifindex, const struct membership_groups *groups)
{
	_cleanup_fd_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		struct ip_mreqn mreq = {.imr_multiaddr = groups->ipv4[i], .imr_ifindex = ifindex};

		if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mreq, sizeof(mreq)) < 0)
			return -errno;
	}
	return TAKE_FD(fd);
}

static int join_ipv6(int ifindex, const struct membership_groups *groups)
{
	_cleanup_fd_ int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		struct ipv6_mreq mreq = {.ipv6mr_multiaddr = groups->ipv6[i],
					 .ipv6mr_interface = (unsigned int)ifindex};

		if (setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &mreq, sizeof(mreq)) < 0)
			return -errno;
	}
	return TAKE_FD(fd);
}

int membership_join(struct membership *membership, int ifindex, const struct membership_groups *groups)
{
	int fd;

	membership_leave(membership);
	switch (groups->transport) {
	case EBC_TRANSPORT_UDP_IPV4:
		fd = join_ipv4(ifindex, groups);
		break;
	case EBC_TRANSPORT_UDP_IPV6:
		fd = join_ipv6(ifindex, groups);
		break;
	default:
		fd = join_packet(ifindex, groups);
		break;
	}
	if (fd < 0)
		return fd;
	membership->fd = fd;
	return 0;
}

void membership_leave(struct membership *membership)
{
	membership->fd = close_fd(membership->fd);
}
