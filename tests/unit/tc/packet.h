/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames as records of the receive ring, octet by octet, and checksums computed in another way than the
 * code's: over the whole packet, modulo 65535 in one big number.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/ebc_abi.h"
#include "bpf/ptp_wire.h"
#include "tc/frame.h"

#define PACKET_IFINDEX	  7
#define PACKET_PORT_INDEX 3
#define PACKET_TC_MONO_NS 5000000123ULL

enum packet_checksum {
	PACKET_WHOLE = 0,
	PACKET_PARTIAL, /* of the pseudo-header alone */
	PACKET_NONE,
	PACKET_WRONG,
};

struct packet {
	enum ebc_transport transport;
	unsigned int num_tags; /* in the frame, 0..2 */
	bool has_tag_beside;
	size_t extension_len; /* IPv4 options or IPv6 extension headers: a multiple of 8 */
	enum packet_checksum checksum;
	uint8_t type;
	uint16_t flags, sequence_id;
	int64_t correction_sns;
	size_t tlv_len;	    /* behind the message's body, in messageLength */
	size_t padding_len; /* behind the message */
	uint8_t reason;
};

/* A record and the octets behind it. */
union packet_record {
	struct ebc_rx_record record;
	uint8_t octets[sizeof(struct ebc_rx_record) + EBC_RX_FRAME_LARGE];
};

/* No field is left at zero that has a meaning; padding is zero. */
void packet_build(const struct packet *packet, union packet_record *ret_record);

/* Length of a message without TLVs. */
size_t packet_body_len(uint8_t type);

/* 0 when right, 1..65534 by how much it is off; over the addresses, protocol and length of the packet at
 * `ip_offset` and the UDP datagram before the PTP header. */
uint32_t packet_udp_error(const struct tclk_frame *frame);
/* The same of the IPv4 header. */
uint32_t packet_ip_error(const struct tclk_frame *frame);

/* splitmix64 */
static inline uint64_t packet_random(uint64_t *seed)
{
	uint64_t x = *seed += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}
