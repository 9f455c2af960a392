/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The envelope of a PTP message: Ethernet, or Ethernet with IPv4 or IPv6 and UDP (IEEE 1588-2019
 * annexes C, D, E). Frames are built whole, so that a port needs no address configuration of the
 * kernel and every event frame passes the port's own transmit hooks. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/ebc_abi.h"

/* Ethernet 14, IPv6 40, UDP 8, two octets of padding behind the message over IPv6. */
#define BC_ENCAP_MAX 64

/* Where a frame goes to or came from; which fields count depends on the transport. */
struct bc_address {
	uint8_t mac[6];
	uint8_t ip[16]; /* IPv4 in the first four octets; network order */
	/* Of a peer: the address of ours that it asked, and hears from; zero: the port's usual one. */
	uint8_t local_ip[16];
};

struct bc_encap {
	enum ebc_transport transport;
	struct bc_address source;
	struct bc_address destination;
	uint8_t dscp;	   /* 0..63 */
	uint8_t hop_limit; /* TTL or hop limit */
};

/* Writes the frame (headers, message, padding of annex D) into `frame`; returns its length, or 0 when
 * it does not fit `size`. `is_event` chooses the UDP port. */
size_t bc_encap_write(const struct bc_encap *encap, bool is_event, const uint8_t *message, size_t message_len,
		      uint8_t *frame, size_t size);

/*
 * Checks the UDP checksum of a received frame whose PTP header is at `ptp_offset`. True when it is right,
 * absent (IPv4 zero), or partial: a frame that never left the machine carries only the sum of its
 * pseudo-header. Fills the sender's addresses. True for frames without UDP.
 */
bool bc_encap_read(const uint8_t *frame, size_t frame_len, size_t ptp_offset, enum ebc_transport transport,
		   struct bc_address *ret_source, bool *ret_is_multicast);
