/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The TLVs behind a message (IEEE 1588-2019 clause 14), one after the other, and a buffer to build some.
 * Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bc/wire/msg.h"

/* tlvType, table 52. */
enum ptp_tlv_type {
	PTP_TLV_MANAGEMENT = 0x0001,
	PTP_TLV_MANAGEMENT_ERROR_STATUS = 0x0002,
	PTP_TLV_ORGANIZATION_EXTENSION = 0x0003,
	PTP_TLV_REQUEST_UNICAST_TRANSMISSION = 0x0004,
	PTP_TLV_GRANT_UNICAST_TRANSMISSION = 0x0005,
	PTP_TLV_CANCEL_UNICAST_TRANSMISSION = 0x0006,
	PTP_TLV_ACKNOWLEDGE_CANCEL_UNICAST_TRANSMISSION = 0x0007,
	PTP_TLV_PATH_TRACE = 0x0008,
	PTP_TLV_ALTERNATE_TIME_OFFSET_INDICATOR = 0x0009,
	PTP_TLV_SLAVE_RX_SYNC_TIMING_DATA = 0x8004,
	PTP_TLV_SLAVE_RX_SYNC_COMPUTED_DATA = 0x8005,
	PTP_TLV_SLAVE_TX_EVENT_TIMESTAMPS = 0x8006,
	PTP_TLV_AUTHENTICATION = 0x8009,
};

#define PTP_TLV_HEADER_LEN 4

struct bc_tlv {
	uint16_t type;
	uint16_t len;	      /* of the value, even */
	const uint8_t *value; /* borrowed from the message */
};

/* Steps through a decoded message's TLVs: *offset is 0 at first. False: no more. */
bool bc_tlv_next(const struct bc_msg *msg, size_t *offset, struct bc_tlv *ret_tlv);
/* The first one of that type. */
bool bc_tlv_find(const struct bc_msg *msg, uint16_t type, struct bc_tlv *ret_tlv);
/* The first organization extension with these organizationId and organizationSubType, each of 24 bits. */
bool bc_tlv_find_organization(const struct bc_msg *msg, uint32_t organization, uint32_t sub_type,
			      struct bc_tlv *ret_tlv);

/* TLVs that are being written, for bc_msg.tlvs. */
struct bc_tlv_buffer {
	size_t len;
	uint8_t data[BC_MSG_TX_MAX];
};

/* Room for a value of `len` octets, zeroed (an odd length gets an octet of padding); NULL: it does not fit.
 */
uint8_t *bc_tlv_add(struct bc_tlv_buffer *buffer, uint16_t type, size_t len);
