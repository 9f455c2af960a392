/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PTP messages as octets of a frame: what the tests of the transparent clock write into them, read from
 * them and compare. Independent of the headers that the programs under test use.
 */
#pragma once

#include <stdbool.h>

#include "tests/bpf/frames.h"

enum {
	TYPE_SYNC = 0x0,
	TYPE_DELAY_REQ = 0x1,
	TYPE_PDELAY_REQ = 0x2,
	TYPE_PDELAY_RESP = 0x3,
	TYPE_FOLLOW_UP = 0x8,
	TYPE_DELAY_RESP = 0x9,
	TYPE_PDELAY_RESP_FOLLOW_UP = 0xA,
	TYPE_ANNOUNCE = 0xB,
	TYPE_SIGNALING = 0xC,
	TYPE_MANAGEMENT = 0xD,
};

struct message {
	enum ebc_transport transport;
	size_t len, ptp_offset;
	uint8_t octets[FRAME_OCTETS];
};

/* A description of a message of this type, of its right length, to its multicast address and UDP port. */
struct frame_spec message_spec(enum ebc_transport transport, uint8_t type, uint16_t sequence_id);
/* Its frame; with a right UDP checksum where there is one. */
void message_build(const struct frame_spec *spec, struct message *ret);
/* Both in one. */
void message_new(enum ebc_transport transport, uint8_t type, uint16_t sequence_id, struct message *ret);

/* The PTP header. */
uint8_t *message_ptp(struct message *message);
/* Scaled nanoseconds; setting it keeps the checksum right, as all the others do. */
int64_t message_correction_sns(const struct message *message);
void message_set_correction_sns(struct message *message, int64_t correction_sns);
bool message_is_two_step(const struct message *message);
void message_set_two_step(struct message *message, bool is_two_step);
/* Octet 9 of the identity is the last of its port number. */
void message_set_source(struct message *message, const uint8_t *port_identity);
void message_set_requesting(struct message *message, const uint8_t *port_identity);

/* The UDP checksum that the octets ought to have, from pseudo-header to the last of them. */
uint16_t message_udp_checksum(const struct message *message);
uint16_t message_stored_checksum(const struct message *message);
void message_store_checksum(struct message *message, uint16_t checksum);

/* Asserts that all octets are the same but those of correctionField and UDP checksum. */
void message_expect_same(const struct message *before, const struct message *after);
