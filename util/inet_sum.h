/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Internet checksum (RFC 1071) as a sum that is carried on and folded at the end. A stored checksum is
 * the complement of the folded sum. Sums of up to 65535 octets do not overflow.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "util/unaligned.h"

#define INET_PROTOCOL_UDP 17

/* One's complement sum, not folded: `sum` plus `len` octets, the first of which is a high one. */
static inline uint32_t inet_sum(const uint8_t *p, size_t len, uint32_t sum)
{
	for (; len > 1; p += 2, len -= 2)
		sum += get_be16(p);
	if (len > 0)
		sum += (uint32_t)p[0] << 8;
	return sum;
}

static inline uint16_t inet_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Sums of the pseudo-headers of UDP (RFC 768, RFC 8200 8.1); `ip` points at the IP header. */
static inline uint32_t inet_sum_pseudo_ipv4(const uint8_t *ip, size_t udp_len)
{
	return inet_sum(ip + 12, 8, INET_PROTOCOL_UDP + (uint32_t)udp_len);
}

static inline uint32_t inet_sum_pseudo_ipv6(const uint8_t *ip, size_t udp_len)
{
	return inet_sum(ip + 8, 32, INET_PROTOCOL_UDP + (uint32_t)udp_len);
}

/* The UDP checksum to store for a whole sum: zero, which means "none", is written as its other form. */
static inline uint16_t inet_udp_checksum(uint32_t sum)
{
	uint16_t checksum = (uint16_t)~inet_fold(sum);

	return checksum ? checksum : 0xffff;
}
