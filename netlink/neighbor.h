/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The MAC address that frames to an IP address go to: its own, or that of the next hop. The kernel finds it
 * out (ARP, neighbour discovery) and remembers it; here it is asked, and asked to find out, without ever
 * waiting.
 */
#pragma once

#include <stdint.h>

#include "netlink/link.h"

/*
 * `ip`: an IPv4 (family AF_INET) or IPv6 address in network order; `ifindex`: the interface that frames leave
 * by, or for a member of a bridge the bridge, which has the addresses. 0, -EAGAIN (the kernel is finding out:
 * ask again in a moment), -ENETUNREACH or -EHOSTUNREACH (no way there, or one's own address), or another
 * -errno; the results are untouched on failure. ret_source is the address of ours that the kernel would send
 * from, or all zeros.
 */
int ebc_neighbor_get(struct ebc_links *links, int ifindex, int family, const uint8_t *ip, uint8_t ret_mac[6],
		     uint8_t ret_source[16]);
