// SPDX-License-Identifier: GPL-2.0-or-later
/* Joining groups on sockets that never receive anything. */
#include "bc/daemon/membership.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>

#include "util/cleanup.h"
#include "util/macros.h"

static int change_packet(int packet_fd, int option, int ifindex, const struct membership_groups *groups)
{
	int r = 0;

	for (int i = 0; i < 2; i++) {
		struct packet_mreq mreq = {
			.mr_ifindex = ifindex, .mr_type = PACKET_MR_MULTICAST, .mr_alen = 6};

		memcpy(mreq.mr_address, groups->mac[i], 6);
		if (setsockopt(packet_fd, SOL_PACKET, option, &mreq, sizeof(mreq)) < 0)
			r = -errno;
	}
	return r;
}

static int join_packet(int packet_fd, int ifindex, const struct membership_groups *groups)
{
	int r = packet_fd < 0 ? packet_fd : change_packet(packet_fd, PACKET_ADD_MEMBERSHIP, ifindex, groups);

	if (packet_fd >= 0 && r < 0)
		change_packet(packet_fd, PACKET_DROP_MEMBERSHIP, ifindex, groups);
	return r;
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

int membership_packet_socket(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static int join(struct membership *membership, const struct membership_groups *groups,
		enum ebc_transport transport)
{
	int r = transport == EBC_TRANSPORT_UDP_IPV4 ? join_ipv4(membership->ifindex, groups)
		: transport == EBC_TRANSPORT_UDP_IPV6
			? join_ipv6(membership->ifindex, groups)
			: join_packet(membership->packet_fd, membership->ifindex, groups);

	if (r < 0)
		return r;
	if (transport == EBC_TRANSPORT_IEEE_802_3)
		membership->packet_groups = groups;
	else
		membership->fd[transport == EBC_TRANSPORT_UDP_IPV6] = r;
	return 0;
}

int membership_join(struct membership *membership, int packet_fd, int ifindex,
		    const struct membership_groups *groups)
{
	static const enum ebc_transport transports[] = {EBC_TRANSPORT_UDP_IPV4, EBC_TRANSPORT_UDP_IPV6,
							EBC_TRANSPORT_IEEE_802_3};

	membership_leave(membership);
	membership->packet_fd = packet_fd;
	membership->ifindex = ifindex;
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		int r;

		if (!groups->all_transports && transports[i] != groups->transport)
			continue;
		r = join(membership, groups, transports[i]);
		if (r < 0 && transports[i] == groups->transport) {
			membership_leave(membership);
			return r;
		}
	}
	membership->is_joined = true;
	return 0;
}

void membership_leave(struct membership *membership)
{
	/* Fails when the interface has gone, and the membership with it. */
	if (membership->packet_groups)
		change_packet(membership->packet_fd, PACKET_DROP_MEMBERSHIP, membership->ifindex,
			      membership->packet_groups);
	for (size_t i = 0; i < ARRAY_SIZE(membership->fd); i++)
		close_fd(membership->fd[i]);
	*membership = MEMBERSHIP_NONE;
}
