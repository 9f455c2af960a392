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

#define MEMBERSHIP_TRANSPORTS 3

struct membership {
	bool is_joined;
	int fd[MEMBERSHIP_TRANSPORTS]; /* -1: none */
};

#define MEMBERSHIP_NONE ((struct membership){.fd = {-1, -1, -1}})

struct membership_groups {
	enum ebc_transport transport;
	bool all_transports; /* and the others too, as far as the interface has them */
	uint8_t mac[2][6];   /* L2: general and peer delay */
	struct in_addr ipv4[2];
	struct in6_addr ipv6[2];
};

/* Joins on `ifindex`, leaving what was joined before. 0 or -errno. */
int membership_join(struct membership *membership, int ifindex, const struct membership_groups *groups);
void membership_leave(struct membership *membership);
