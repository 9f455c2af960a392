// SPDX-License-Identifier: GPL-2.0-or-later
/* Decoder and encoder of PTP messages; byte offsets are those of IEEE 1588-2019 clause 13. */
#include "bc/wire/msg.h"

#include <stdio.h>
#include <string.h>

#include "util/macros.h"
#include "util/unaligned.h"

/* Year 2242. The nanoseconds of twenty years more fit an int64_t: corrections, offsets between two such
 * times, and a clock that runs on from one, do not overflow. */
#define TIMESTAMP_MAX_S ((1LL << 33) - 1)

enum {
	OFF_BODY = PTP_HEADER_LEN,
	OFF_ANNOUNCE = 44,
};

/* Length of a message without TLVs; 0: reserved type. */
static size_t fixed_len(uint8_t type)
{
	switch (type) {
	case PTP_SYNC:
	case PTP_DELAY_REQ:
	case PTP_FOLLOW_UP:
		return 44;
	case PTP_PDELAY_REQ:
	case PTP_PDELAY_RESP:
	case PTP_DELAY_RESP:
	case PTP_PDELAY_RESP_FOLLOW_UP:
		return 54;
	case PTP_ANNOUNCE:
		return 64;
	case PTP_SIGNALING:
		return 44;
	case PTP_MANAGEMENT:
		return 48;
	default:
		return 0;
	}
}

static bool has_timestamp(uint8_t type)
{
	return type != PTP_SIGNALING && type != PTP_MANAGEMENT;
}

/* Where requestingPortIdentity or targetPortIdentity is; 0: there is none. */
static size_t requesting_offset(uint8_t type)
{
	switch (type) {
	case PTP_DELAY_RESP:
	case PTP_PDELAY_RESP:
	case PTP_PDELAY_RESP_FOLLOW_UP:
		return 44;
	case PTP_SIGNALING:
	case PTP_MANAGEMENT:
		return 34;
	default:
		return 0;
	}
}

static void get_port_identity(const uint8_t *p, struct ptp_port_identity *ret)
{
	memcpy(ret->clock_identity, p, PTP_CLOCK_IDENTITY_LEN);
	ret->port_number = get_be16(p + PTP_CLOCK_IDENTITY_LEN);
}

static void put_port_identity(uint8_t *p, const struct ptp_port_identity *id)
{
	memcpy(p, id->clock_identity, PTP_CLOCK_IDENTITY_LEN);
	put_be16(p + PTP_CLOCK_IDENTITY_LEN, id->port_number);
}

static bool get_timestamp(const uint8_t *p, int64_t *ret_ns)
{
	uint64_t s = get_be48(p);
	uint32_t ns = get_be32(p + 6);

	if (ns >= NSEC_PER_SEC || s > (uint64_t)TIMESTAMP_MAX_S)
		return false;
	*ret_ns = (int64_t)s * NSEC_PER_SEC + ns;
	return true;
}

static void put_timestamp(uint8_t *p, int64_t ns)
{
	if (ns < 0)
		ns = 0;
	put_be48(p, (uint64_t)(ns / NSEC_PER_SEC));
	put_be32(p + 6, (uint32_t)(ns % NSEC_PER_SEC));
}

static void get_announce(const uint8_t *p, struct ptp_announce *ret)
{
	ret->current_utc_offset_s = (int16_t)get_be16(p);
	ret->grandmaster_priority1 = p[3];
	ret->grandmaster_clock_quality.clock_class = p[4];
	ret->grandmaster_clock_quality.clock_accuracy = p[5];
	ret->grandmaster_clock_quality.offset_scaled_log_variance = get_be16(p + 6);
	ret->grandmaster_priority2 = p[8];
	memcpy(ret->grandmaster_identity, p + 9, PTP_CLOCK_IDENTITY_LEN);
	ret->steps_removed = get_be16(p + 17);
	ret->time_source = p[19];
}

static void put_announce(uint8_t *p, const struct ptp_announce *a)
{
	put_be16(p, (uint16_t)a->current_utc_offset_s);
	p[2] = 0;
	p[3] = a->grandmaster_priority1;
	p[4] = a->grandmaster_clock_quality.clock_class;
	p[5] = a->grandmaster_clock_quality.clock_accuracy;
	put_be16(p + 6, a->grandmaster_clock_quality.offset_scaled_log_variance);
	p[8] = a->grandmaster_priority2;
	memcpy(p + 9, a->grandmaster_identity, PTP_CLOCK_IDENTITY_LEN);
	put_be16(p + 17, a->steps_removed);
	p[19] = a->time_source;
}

/* Clause 14.1: type, even length, value; no TLV that is defined has an empty value. */
static bool tlvs_are_sound(const uint8_t *p, size_t len)
{
	for (unsigned int n = 0; len > 0; n++) {
		size_t value_len;

		if (len < 4 || n == BC_MSG_MAX_TLVS)
			return false;
		value_len = get_be16(p + 2);
		if (value_len == 0 || value_len % 2 != 0 || value_len > len - 4)
			return false;
		p += 4 + value_len;
		len -= 4 + value_len;
	}
	return true;
}

enum bc_msg_result bc_msg_parse(const uint8_t *data, size_t len, struct bc_msg *ret_msg)
{
	struct bc_msg msg = {};
	size_t message_len, fixed;

	if (len < PTP_HEADER_LEN)
		return BC_MSG_SHORT;
	if ((data[1] & 0x0f) != PTP_VERSION)
		return BC_MSG_VERSION;

	msg.type = data[0] & 0x0f;
	fixed = fixed_len(msg.type);
	if (fixed == 0)
		return BC_MSG_TYPE;
	message_len = get_be16(data + 2);
	if (message_len < fixed || message_len > len)
		return BC_MSG_LENGTH;

	msg.minor_version = data[1] >> 4;
	msg.sdo_id = (uint16_t)((data[0] >> 4) << 8 | data[5]);
	msg.domain_number = data[4];
	msg.flags = get_be16(data + 6);
	msg.correction_sns = (int64_t)get_be64(data + 8);
	get_port_identity(data + 20, &msg.source);
	msg.sequence_id = get_be16(data + 30);
	msg.log_message_interval = (int8_t)data[33];

	if (has_timestamp(msg.type) && !get_timestamp(data + OFF_BODY, &msg.timestamp_ns))
		return BC_MSG_TIMESTAMP;
	if (requesting_offset(msg.type) != 0)
		get_port_identity(data + requesting_offset(msg.type), &msg.requesting);
	if (msg.type == PTP_ANNOUNCE)
		get_announce(data + OFF_ANNOUNCE, &msg.announce);
	if (!tlvs_are_sound(data + fixed, message_len - fixed))
		return BC_MSG_TLV;
	msg.tlvs = data + fixed;
	msg.tlvs_len = message_len - fixed;

	*ret_msg = msg;
	return BC_MSG_OK;
}

/* controlField, table 42: kept for PTP version 1 hardware. */
static uint8_t control_field(uint8_t type)
{
	switch (type) {
	case PTP_SYNC:
		return 0;
	case PTP_DELAY_REQ:
		return 1;
	case PTP_FOLLOW_UP:
		return 2;
	case PTP_DELAY_RESP:
		return 3;
	case PTP_MANAGEMENT:
		return 4;
	default:
		return 5;
	}
}

size_t bc_msg_write(const struct bc_msg *msg, uint8_t *buf)
{
	size_t len = fixed_len(msg->type);

	memset(buf, 0, len);
	buf[0] = (uint8_t)((msg->sdo_id >> 8) << 4 | msg->type);
	buf[1] = (uint8_t)(msg->minor_version << 4 | PTP_VERSION);
	put_be16(buf + 2, (uint16_t)len);
	buf[4] = msg->domain_number;
	buf[5] = (uint8_t)msg->sdo_id;
	put_be16(buf + 6, msg->flags);
	put_be64(buf + 8, (uint64_t)msg->correction_sns);
	put_port_identity(buf + 20, &msg->source);
	put_be16(buf + 30, msg->sequence_id);
	buf[32] = control_field(msg->type);
	buf[33] = (uint8_t)msg->log_message_interval;

	if (has_timestamp(msg->type))
		put_timestamp(buf + OFF_BODY, msg->timestamp_ns);
	if (requesting_offset(msg->type) != 0)
		put_port_identity(buf + requesting_offset(msg->type), &msg->requesting);
	if (msg->type == PTP_ANNOUNCE)
		put_announce(buf + OFF_ANNOUNCE, &msg->announce);
	if (msg->tlvs_len > 0 && msg->tlvs_len <= BC_MSG_TX_MAX - len) {
		memcpy(buf + len, msg->tlvs, msg->tlvs_len);
		len += msg->tlvs_len;
		put_be16(buf + 2, (uint16_t)len);
	}
	return len;
}

bool bc_port_identity_equal(const struct ptp_port_identity *a, const struct ptp_port_identity *b)
{
	return bc_port_identity_compare(a, b) == 0;
}

int bc_port_identity_compare(const struct ptp_port_identity *a, const struct ptp_port_identity *b)
{
	int diff = memcmp(a->clock_identity, b->clock_identity, PTP_CLOCK_IDENTITY_LEN);

	return diff != 0 ? diff : (int)a->port_number - (int)b->port_number;
}

const char *bc_clock_identity_text(const uint8_t identity[PTP_CLOCK_IDENTITY_LEN],
				   char buf[BC_CLOCK_IDENTITY_TEXT])
{
	const uint8_t *i = identity;

	snprintf(buf, BC_CLOCK_IDENTITY_TEXT, "%02x%02x%02x.%02x%02x.%02x%02x%02x", i[0], i[1], i[2], i[3],
		 i[4], i[5], i[6], i[7]);
	return buf;
}
