/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PTP on the wire (IEEE 1588-2019 clause 13 and annexes C to F): what the kernel programs and the
 * user-space codec both need. Only fixed-width kernel types, so that BPF programs can include it.
 */
#pragma once

#include <linux/types.h>

#define PTP_ETHERTYPE	 0x88F7
#define PTP_EVENT_PORT	 319
#define PTP_GENERAL_PORT 320
#define PTP_VERSION	 2
#define PTP_HEADER_LEN	 34
/* The longest message that is taken in: an Ethernet payload. */
#define PTP_MESSAGE_MAX 1500

/* messageType, 13.3.2.3. Below 8: event messages, which are time-stamped. */
enum ptp_message_type {
	PTP_SYNC = 0x0,
	PTP_DELAY_REQ = 0x1,
	PTP_PDELAY_REQ = 0x2,
	PTP_PDELAY_RESP = 0x3,
	PTP_FOLLOW_UP = 0x8,
	PTP_DELAY_RESP = 0x9,
	PTP_PDELAY_RESP_FOLLOW_UP = 0xA,
	PTP_ANNOUNCE = 0xB,
	PTP_SIGNALING = 0xC,
	PTP_MANAGEMENT = 0xD,
};

#define PTP_IS_EVENT(message_type) ((message_type) < 8)

/* flagField, 13.3.2.8, as a big-endian 16-bit number (first octet high). */
#define PTP_FLAG_ALTERNATE_MASTER	   0x0100
#define PTP_FLAG_TWO_STEP		   0x0200
#define PTP_FLAG_UNICAST		   0x0400
#define PTP_FLAG_LEAP61			   0x0001
#define PTP_FLAG_LEAP59			   0x0002
#define PTP_FLAG_UTC_OFFSET_VALID	   0x0004
#define PTP_FLAG_PTP_TIMESCALE		   0x0008
#define PTP_FLAG_TIME_TRACEABLE		   0x0010
#define PTP_FLAG_FREQUENCY_TRACEABLE	   0x0020
#define PTP_FLAG_SYNCHRONIZATION_UNCERTAIN 0x0040

/* The common header, 13.3.1. All multi-octet fields are big-endian and unaligned. */
struct ptp_header {
	__u8 major_sdo_id_message_type; /* majorSdoId << 4 | messageType */
	__u8 minor_version_version;	/* minorVersionPTP << 4 | versionPTP */
	__be16 message_length_be16;
	__u8 domain_number;
	__u8 minor_sdo_id;
	__be16 flags_be16;
	__be64 correction_be64; /* 2^-16 ns */
	__be32 message_type_specific_be32;
	__u8 source_port_identity[10]; /* clockIdentity[8], portNumber */
	__be16 sequence_id_be16;
	__u8 control_field;
	__s8 log_message_interval;
} __attribute__((packed));

_Static_assert(sizeof(struct ptp_header) == PTP_HEADER_LEN, "PTP common header is 34 octets");
