/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From one rtnetlink message to what it says of a link or an address. Pure: no sockets, so that links
 * which a test machine does not have can be shown to it. Private to this folder.
 */
#pragma once

#include "netlink/link.h"

#include <linux/netlink.h>

/*
 * Fills what RTM_NEWLINK says by itself: no addresses, no bridge_mac, no lowest devices. `*ret_lower_ifindex`
 * is the device that this one passes its frames to, 0 for none or one in another namespace. 0 or -EBADMSG;
 * untouched on failure.
 */
int ebc_link_parse(struct nlmsghdr *nlh, struct ebc_link *ret_link, int *ret_lower_ifindex);

struct ebc_link_address {
	int ifindex;
	int family;	    /* AF_INET or AF_INET6 */
	bool is_usable;	    /* not tentative, no duplicate found */
	bool is_link_local; /* IPv6 only */
	union {
		struct in_addr ipv4;
		struct in6_addr ipv6;
	};
};

/* RTM_NEWADDR. 0, -EBADMSG, -EAFNOSUPPORT (neither IPv4 nor IPv6); untouched on failure. */
int ebc_link_parse_address(struct nlmsghdr *nlh, struct ebc_link_address *ret_address);
