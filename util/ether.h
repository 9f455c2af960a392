/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ethernet headers with up to two VLAN tags in the frame. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/unaligned.h"

#define ETHER_HEADER_LEN    14
#define ETHER_TYPE_OFFSET   12
#define ETHER_VLAN_TAG_LEN  4
#define ETHER_VLAN_TAGS_MAX 2

#define ETHER_TYPE_IPV4	   0x0800
#define ETHER_TYPE_IPV6	   0x86DD
#define ETHER_TYPE_VLAN	   0x8100
#define ETHER_TYPE_SERVICE 0x88A8 /* the outer tag of IEEE 802.1ad */

static inline bool ether_type_is_vlan(uint16_t ethertype)
{
	return ethertype == ETHER_TYPE_VLAN || ethertype == ETHER_TYPE_SERVICE;
}

/* Where the payload begins, behind the tags; the two octets before are its type. `len` at least
 * ETHER_HEADER_LEN; the result is at most `len`. */
static inline size_t ether_payload_offset(const uint8_t *frame, size_t len)
{
	size_t offset = ETHER_HEADER_LEN;

	for (int tags = 0; tags < ETHER_VLAN_TAGS_MAX && offset + ETHER_VLAN_TAG_LEN <= len; tags++) {
		if (!ether_type_is_vlan(get_be16(frame + offset - 2)))
			break;
		offset += ETHER_VLAN_TAG_LEN;
	}
	return offset;
}
