/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PTP messages, decoded and encoded (IEEE 1588-2019 clause 13). Pure. Decoding copies what the engine
 * needs into host order and checks every length; it never reads beyond `len`.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/ptp_wire.h"

#define PTP_CLOCK_IDENTITY_LEN 8
#define BC_MSG_MAX_TLVS	       32
/* The longest message that the engine sends by itself, TLVs included. */
#define BC_MSG_TX_MAX 512

struct ptp_port_identity {
	uint8_t clock_identity[PTP_CLOCK_IDENTITY_LEN];
	uint16_t port_number;
};

struct ptp_clock_quality {
	uint8_t clock_class;
	uint8_t clock_accuracy;
	uint16_t offset_scaled_log_variance;
};

struct ptp_announce {
	int16_t current_utc_offset_s;
	uint8_t grandmaster_priority1;
	struct ptp_clock_quality grandmaster_clock_quality;
	uint8_t grandmaster_priority2;
	uint8_t grandmaster_identity[PTP_CLOCK_IDENTITY_LEN];
	uint16_t steps_removed;
	uint8_t time_source;
};

struct bc_msg {
	uint8_t type; /* enum ptp_message_type */
	uint8_t minor_version;
	uint16_t sdo_id; /* 12 bits */
	uint8_t domain_number;
	uint16_t flags;		/* PTP_FLAG_* */
	int64_t correction_sns; /* 2^-16 ns */
	struct ptp_port_identity source;
	uint16_t sequence_id;
	int8_t log_message_interval;

	/* originTimestamp, preciseOriginTimestamp or receiveTimestamp, ns since the epoch of the time scale.
	 * Absent in Signaling and Management. */
	int64_t timestamp_ns;
	struct ptp_port_identity requesting; /* Delay_Resp, Pdelay_Resp, Pdelay_Resp_Follow_Up; the target's
					      * in Signaling and Management */
	struct ptp_announce announce;

	/* What follows the fixed part (clause 14): borrowed from the buffer that was decoded, and good as
	 * long as that; whoever keeps a message clears it. To be encoded: the caller's. */
	const uint8_t *tlvs;
	size_t tlvs_len;
};

/* Why a message was refused; each has a counter of its own in the engine. */
enum bc_msg_result {
	BC_MSG_OK = 0,
	BC_MSG_SHORT,	  /* fewer octets than the common header */
	BC_MSG_LENGTH,	  /* messageLength below the type's length or beyond what was received */
	BC_MSG_VERSION,	  /* not versionPTP 2 */
	BC_MSG_TYPE,	  /* reserved messageType */
	BC_MSG_TIMESTAMP, /* nanoseconds of 10^9 or more, or seconds beyond year 2242 */
	BC_MSG_TLV,	  /* TLV of no, odd or excessive length, too many of them, or a remainder */
};

/* Decodes `len` octets; *ret_msg is untouched unless BC_MSG_OK. Octets behind messageLength are padding. */
enum bc_msg_result bc_msg_parse(const uint8_t *data, size_t len, struct bc_msg *ret_msg);

/* Encodes into `buf` (at least BC_MSG_TX_MAX octets); returns the length. timestamp_ns below 0 is written as
 * 0: PTP time has no negative values. TLVs that do not fit are left out, all of them. Signaling and
 * management messages carry their targetPortIdentity in `requesting`. */
size_t bc_msg_write(const struct bc_msg *msg, uint8_t *buf);

bool bc_port_identity_equal(const struct ptp_port_identity *a, const struct ptp_port_identity *b);
/* memcmp order: clock identity, then port number. */
int bc_port_identity_compare(const struct ptp_port_identity *a, const struct ptp_port_identity *b);

/* "001122.fffe.334455", as ptp4l writes it. */
#define BC_CLOCK_IDENTITY_TEXT 20
const char *bc_clock_identity_text(const uint8_t identity[PTP_CLOCK_IDENTITY_LEN],
				   char buf[BC_CLOCK_IDENTITY_TEXT]);
