// SPDX-License-Identifier: GPL-2.0-or-later
/* Decoder and encoder of management messages; byte offsets are those of IEEE 1588-2019 clause 15. */
#include "bc/wire/management.h"

#include <string.h>

#include "bc/wire/tlv.h"
#include "util/macros.h"
#include "util/unaligned.h"

enum {
	OFF_STARTING_BOUNDARY_HOPS = 44,
	OFF_ACTION = 46,
};

#define MANAGEMENT_ID_LEN      2
#define ERROR_STATUS_VALUE_LEN 8

void bc_management_read(const struct bc_msg *msg, const uint8_t *message, struct bc_management *ret)
{
	size_t offset = 0;
	struct bc_tlv tlv;

	*ret = (struct bc_management){
		.msg = *msg,
		.starting_boundary_hops = message[OFF_STARTING_BOUNDARY_HOPS],
		.boundary_hops = message[PTP_MANAGEMENT_BOUNDARY_HOPS_OFF],
		.action = message[OFF_ACTION] & 0x0f,
	};
	if (!bc_tlv_next(msg, &offset, &tlv) || offset != msg->tlvs_len || tlv.type != PTP_TLV_MANAGEMENT)
		return;
	ret->has_id = true;
	ret->id = get_be16(tlv.value);
	ret->data = tlv.value + MANAGEMENT_ID_LEN;
	ret->data_len = tlv.len - MANAGEMENT_ID_LEN;
}

size_t bc_management_write(const struct bc_management *management, uint8_t *buf)
{
	size_t len = bc_msg_write(&management->msg, buf);

	buf[OFF_STARTING_BOUNDARY_HOPS] = management->starting_boundary_hops;
	buf[PTP_MANAGEMENT_BOUNDARY_HOPS_OFF] = management->boundary_hops;
	buf[OFF_ACTION] = management->action;
	return len;
}

void bc_data_put(struct bc_data_writer *writer, const void *octets, size_t len)
{
	if (len > sizeof(writer->octets) - writer->len) {
		writer->is_too_big = true;
		return;
	}
	if (len > 0)
		memcpy(writer->octets + writer->len, octets, len);
	writer->len += len;
}

void bc_data_put8(struct bc_data_writer *writer, uint8_t value)
{
	bc_data_put(writer, &value, 1);
}

void bc_data_put16(struct bc_data_writer *writer, uint16_t value)
{
	uint8_t p[2];

	put_be16(p, value);
	bc_data_put(writer, p, sizeof(p));
}

void bc_data_put32(struct bc_data_writer *writer, uint32_t value)
{
	uint8_t p[4];

	put_be32(p, value);
	bc_data_put(writer, p, sizeof(p));
}

void bc_data_put48(struct bc_data_writer *writer, uint64_t value)
{
	uint8_t p[6];

	put_be48(p, value);
	bc_data_put(writer, p, sizeof(p));
}

void bc_data_put64(struct bc_data_writer *writer, uint64_t value)
{
	uint8_t p[8];

	put_be64(p, value);
	bc_data_put(writer, p, sizeof(p));
}

void bc_data_put_le64(struct bc_data_writer *writer, uint64_t value)
{
	for (unsigned int i = 0; i < 8; i++)
		bc_data_put8(writer, (uint8_t)(value >> (8 * i)));
}

void bc_data_put_port_identity(struct bc_data_writer *writer, const struct ptp_port_identity *identity)
{
	bc_data_put(writer, identity->clock_identity, PTP_CLOCK_IDENTITY_LEN);
	bc_data_put16(writer, identity->port_number);
}

void bc_data_put_clock_quality(struct bc_data_writer *writer, const struct ptp_clock_quality *quality)
{
	bc_data_put8(writer, quality->clock_class);
	bc_data_put8(writer, quality->clock_accuracy);
	bc_data_put16(writer, quality->offset_scaled_log_variance);
}

void bc_data_put_text(struct bc_data_writer *writer, const char *text, size_t len)
{
	len = MIN(len, 255);
	bc_data_put8(writer, (uint8_t)len);
	bc_data_put(writer, text, len);
}

void bc_data_put_time_interval(struct bc_data_writer *writer, int64_t ns)
{
	int64_t sns = ns > INT64_MAX >> 16 ? INT64_MAX : ns < -(INT64_MAX >> 16) ? INT64_MIN : ns * 65536;

	bc_data_put64(writer, (uint64_t)sns);
}

size_t bc_management_tlv_write(uint16_t id, const struct bc_data_writer *data, uint8_t *tlv)
{
	size_t len = data->len + data->len % 2;

	put_be16(tlv, PTP_TLV_MANAGEMENT);
	put_be16(tlv + 2, (uint16_t)(MANAGEMENT_ID_LEN + len));
	put_be16(tlv + 4, id);
	memcpy(tlv + 6, data->octets, data->len);
	if (len != data->len)
		tlv[6 + data->len] = 0;
	return 6 + len;
}

size_t bc_management_error_write(uint16_t id, enum ptp_management_error error, uint8_t *tlv)
{
	put_be16(tlv, PTP_TLV_MANAGEMENT_ERROR_STATUS);
	put_be16(tlv + 2, ERROR_STATUS_VALUE_LEN);
	put_be16(tlv + 4, (uint16_t)error);
	put_be16(tlv + 6, id);
	put_be32(tlv + 8, 0);
	return PTP_TLV_HEADER_LEN + ERROR_STATUS_VALUE_LEN;
}
