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

static int join(int ifindex, const struct membership_groups *groups, enum ebc_transport transport)
{
	switch (transport) {
	case EBC_TRANSPORT_UDP_IPV4:
		return join_ipv4(ifindex, groups);
	case EBC_TRANSPORT_UDP_IPV6:
		return join_ipv6(ifindex, groups);
	default:
		return join_packet(ifindex, groups);
	}
}

int membership_join(struct membership *membership, int ifindex, const struct membership_groups *groups)
{
	static const enum ebc_transport transports[MEMBERSHIP_TRANSPORTS] = {
		EBC_TRANSPORT_UDP_IPV4, EBC_TRANSPORT_UDP_IPV6, EBC_TRANSPORT_IEEE_802_3};

	membership_leave(membership);
	for (int i = 0; i < MEMBERSHIP_TRANSPORTS; i++) {
		int r;

		if (!groups->all_transports && transports[i] != groups->transport)
			continue;
		r = join(ifindex, groups, transports[i]);
		if (r < 0 && transports[i] == groups->transport) {
			membership_leave(membership);
			return r;
		}
		membership->fd[i] = r < 0 ? -1 : r;
	}
	membership->is_joined = true;
	return 0;
}

void membership_leave(struct membership *membership)
{
	for (int i = 0; i < MEMBERSHIP_TRANSPORTS; i++)
		membership->fd[i] = close_fd(membership->fd[i]);
	membership->is_joined = false;
}
