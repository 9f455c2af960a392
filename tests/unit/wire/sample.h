/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One message of every type with no field at zero, as structure and as octets, and a seeded generator. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bc/wire/msg.h"
#include "util/macros.h"

static const uint8_t sample_types[] = {
	PTP_SYNC,
	PTP_DELAY_REQ,
	PTP_PDELAY_REQ,
	PTP_PDELAY_RESP,
	PTP_FOLLOW_UP,
	PTP_DELAY_RESP,
	PTP_PDELAY_RESP_FOLLOW_UP,
	PTP_ANNOUNCE,
	PTP_SIGNALING,
	PTP_MANAGEMENT,
};

/* Lengths without TLVs, IEEE 1588-2019 13.5 to 13.12, 15.4. */
static inline size_t sample_fixed_len(uint8_t type)
{
	static const uint8_t len[16] = {
		[PTP_SYNC] = 44,       [PTP_DELAY_REQ] = 44,
		[PTP_PDELAY_REQ] = 54, [PTP_PDELAY_RESP] = 54,
		[PTP_FOLLOW_UP] = 44,  [PTP_DELAY_RESP] = 54,
		[PTP_ANNOUNCE] = 64,   [PTP_PDELAY_RESP_FOLLOW_UP] = 54,
		[PTP_SIGNALING] = 44,  [PTP_MANAGEMENT] = 48,
	};

	return len[type & 0xf];
}

static inline struct bc_msg sample_msg(uint8_t type)
{
	struct bc_msg msg = {
		.type = type,
		.minor_version = 1,
		.sdo_id = 0x1a5,
		.domain_number = 77,
		.flags = 0x1234,
		.correction_sns = -0x0123456789abcdefLL,
		.source = {{0x10, 0x22, 0x33, 0xff, 0xfe, 0x44, 0x55, 0x66}, 0xbeef},
		.sequence_id = 0xfedc,
		.log_message_interval = -3,
	};

	if (type != PTP_SIGNALING && type != PTP_MANAGEMENT)
		msg.timestamp_ns = 1700000000 * NSEC_PER_SEC + 987654321;
	if (type == PTP_DELAY_RESP || type == PTP_PDELAY_RESP || type == PTP_PDELAY_RESP_FOLLOW_UP)
		msg.requesting =
			(struct ptp_port_identity){{0xa0, 0xb1, 0xc2, 0xff, 0xfe, 0xd3, 0xe4, 0xf5}, 0x0102};
	if (type == PTP_ANNOUNCE)
		msg.announce = (struct ptp_announce){
			.current_utc_offset_s = -37,
			.grandmaster_priority1 = 1,
			.grandmaster_clock_quality = {6, 0x21, 0x4e5d},
			.grandmaster_priority2 = 2,
			.grandmaster_identity = {9, 8, 7, 6, 5, 4, 3, 2},
			.steps_removed = 0x0203,
			.time_source = 0x20,
		};
	return msg;
}

/* splitmix64 */
static inline uint64_t sample_random(uint64_t *seed)
{
	uint64_t x = *seed += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}
