// SPDX-License-Identifier: GPL-2.0-or-later
/* Stepping through TLVs that bc_msg_parse() has found sound, and appending new ones. */
#include "bc/wire/tlv.h"

#include <string.h>

#include "util/unaligned.h"

bool bc_tlv_next(const struct bc_msg *msg, size_t *offset, struct bc_tlv *ret_tlv)
{
	const uint8_t *p;

	if (msg->tlvs_len - *offset < PTP_TLV_HEADER_LEN)
		return false;
	p = msg->tlvs + *offset;
	*ret_tlv =
		(struct bc_tlv){.type = get_be16(p), .len = get_be16(p + 2), .value = p + PTP_TLV_HEADER_LEN};
	*offset += PTP_TLV_HEADER_LEN + (size_t)ret_tlv->len;
	return true;
}

bool bc_tlv_find(const struct bc_msg *msg, uint16_t type, struct bc_tlv *ret_tlv)
{
	struct bc_tlv tlv;

	for (size_t offset = 0; bc_tlv_next(msg, &offset, &tlv);) {
		if (tlv.type != type)
			continue;
		*ret_tlv = tlv;
		return true;
	}
	return false;
}

static uint32_t get_be24(const uint8_t *p)
{
	return (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
}

bool bc_tlv_find_organization(const struct bc_msg *msg, uint32_t organization, uint32_t sub_type,
			      struct bc_tlv *ret_tlv)
{
	struct bc_tlv tlv;

	for (size_t offset = 0; bc_tlv_next(msg, &offset, &tlv);) {
		if (tlv.type != PTP_TLV_ORGANIZATION_EXTENSION || tlv.len < 6 ||
		    get_be24(tlv.value) != organization || get_be24(tlv.value + 3) != sub_type)
			continue;
		*ret_tlv = tlv;
		return true;
	}
	return false;
}

uint8_t *bc_tlv_add(struct bc_tlv_buffer *buffer, uint16_t type, size_t len)
{
	size_t padded = len + len % 2;
	uint8_t *p = buffer->data + buffer->len;

	if (len > sizeof(buffer->data) - PTP_TLV_HEADER_LEN ||
	    padded > sizeof(buffer->data) - PTP_TLV_HEADER_LEN ||
	    buffer->len > sizeof(buffer->data) - PTP_TLV_HEADER_LEN - padded)
		return NULL;
	put_be16(p, type);
	put_be16(p + 2, (uint16_t)padded);
	memset(p + PTP_TLV_HEADER_LEN, 0, padded);
	buffer->len += PTP_TLV_HEADER_LEN + padded;
	return p + PTP_TLV_HEADER_LEN;
}
