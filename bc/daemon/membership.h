/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Group memberships of a port. The programs consume PTP before any socket sees it, but a NIC filters
 * by MAC address and a snooping switch by IGMP and MLD: somebody must ask for the groups.
 */
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "bpf/ebc_abi.h"

struct membership {
	bool is_joined;
	int ifindex;
	int fd[2];				       /* of IPv4 and IPv6; -1: none */
	int packet_fd;				       /* borrowed */
	const struct membership_groups *packet_groups; /* those joined on it; NULL: none; borrowed */
};

#define MEMBERSHIP_NONE ((struct membership){.fd = {-1, -1}})

struct membership_groups {
	enum ebc_transport transport;
	bool all_transports; /* and the others too, as far as the interface has them */
	uint8_t mac[2][6];   /* L2: general and peer delay */
	struct in_addr ipv4[2];
	struct in6_addr ipv6[2];
};

/* For the Ethernet groups of any number of ports: the kernel waits up to 20 ms at the end of each packet
 * socket. A descriptor, or -errno, with which Ethernet groups are not joined. */
int membership_packet_socket(void);
/* Joins on `ifindex`, leaving what was joined before. 0 or -errno. Socket and groups are borrowed until the
 * membership is left. */
int membership_join(struct membership *membership, int packet_fd, int ifindex,
		    const struct membership_groups *groups);
void membership_leave(struct membership *membership);
