/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds PTP frames from a description, right or wrong on purpose. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bpf/ebc_abi.h"

#define FRAME_TAGS     3
#define FRAME_EXTS     8
#define FRAME_OCTETS   4096
#define FRAME_AS_IT_IS 0x10000 /* for lengths: the right one */

struct frame_tag {
	uint16_t ethertype, vid;
};

struct frame_ext {
	uint8_t type; /* as in the next-header field that announces it */
	uint8_t length_8octets;
	uint16_t fragment; /* of a fragment header: offset and M bit */
};

struct frame_spec {
	enum ebc_transport transport;
	uint8_t dst_mac[6];
	struct frame_tag tags[FRAME_TAGS]; /* ethertype 0: none */
	uint32_t dst_ipv4;		   /* host order */
	uint8_t dst_ipv6[16];
	uint8_t ihl; /* 0: 5 */
	uint16_t ipv4_fragment;
	struct frame_ext exts[FRAME_EXTS];
	size_t n_exts;
	uint16_t dst_port;
	uint32_t ip_length;	 /* total length, or payload length of IPv6 */
	uint32_t udp_length;	 /* FRAME_AS_IT_IS: right */
	uint32_t message_length; /* of the PTP header */
	size_t ptp_octets;	 /* really there */
	size_t padding;		 /* behind the IP packet or the message */
	uint8_t message_type, version, domain_number;
	uint16_t sdo_id, sequence_id;
};

/* A right Sync of domain 0 to the multicast address of its transport. */
struct frame_spec frame_sync(enum ebc_transport transport);
/* Returns the octets of the frame; `ret_ptp_offset` may be NULL. */
size_t frame_build(const struct frame_spec *spec, uint8_t *frame, size_t *ret_ptp_offset);
