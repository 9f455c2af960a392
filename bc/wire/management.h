/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Management messages (IEEE 1588-2019 clause 15): the part of the message that only they have, the
 * MANAGEMENT and MANAGEMENT_ERROR_STATUS TLVs, and cursors over the fields of a data set. The identifiers
 * from 0xC000 on are those of linuxptp. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bc/wire/msg.h"

/* actionField, table 57. */
enum ptp_management_action {
	PTP_MANAGEMENT_GET = 0,
	PTP_MANAGEMENT_SET = 1,
	PTP_MANAGEMENT_RESPONSE = 2,
	PTP_MANAGEMENT_COMMAND = 3,
	PTP_MANAGEMENT_ACKNOWLEDGE = 4,
};

/* managementId, table 59: those that are served, and those that are known. */
enum ptp_management_id {
	PTP_MID_NULL_MANAGEMENT = 0x0000,
	PTP_MID_CLOCK_DESCRIPTION = 0x0001,
	PTP_MID_USER_DESCRIPTION = 0x0002,
	PTP_MID_SAVE_IN_NON_VOLATILE_STORAGE = 0x0003,
	PTP_MID_RESET_NON_VOLATILE_STORAGE = 0x0004,
	PTP_MID_INITIALIZE = 0x0005,
	PTP_MID_FAULT_LOG = 0x0006,
	PTP_MID_FAULT_LOG_RESET = 0x0007,
	PTP_MID_DEFAULT_DATA_SET = 0x2000,
	PTP_MID_CURRENT_DATA_SET = 0x2001,
	PTP_MID_PARENT_DATA_SET = 0x2002,
	PTP_MID_TIME_PROPERTIES_DATA_SET = 0x2003,
	PTP_MID_PORT_DATA_SET = 0x2004,
	PTP_MID_PRIORITY1 = 0x2005,
	PTP_MID_PRIORITY2 = 0x2006,
	PTP_MID_DOMAIN = 0x2007,
	PTP_MID_SLAVE_ONLY = 0x2008,
	PTP_MID_LOG_ANNOUNCE_INTERVAL = 0x2009,
	PTP_MID_ANNOUNCE_RECEIPT_TIMEOUT = 0x200A,
	PTP_MID_LOG_SYNC_INTERVAL = 0x200B,
	PTP_MID_VERSION_NUMBER = 0x200C,
	PTP_MID_ENABLE_PORT = 0x200D,
	PTP_MID_DISABLE_PORT = 0x200E,
	PTP_MID_TIME = 0x200F,
	PTP_MID_CLOCK_ACCURACY = 0x2010,
	PTP_MID_UTC_PROPERTIES = 0x2011,
	PTP_MID_TRACEABILITY_PROPERTIES = 0x2012,
	PTP_MID_TIMESCALE_PROPERTIES = 0x2013,
	PTP_MID_UNICAST_NEGOTIATION_ENABLE = 0x2014,
	PTP_MID_PATH_TRACE_LIST = 0x2015,
	PTP_MID_PATH_TRACE_ENABLE = 0x2016,
	PTP_MID_GRANDMASTER_CLUSTER_TABLE = 0x2017,
	PTP_MID_UNICAST_MASTER_TABLE = 0x2018,
	PTP_MID_UNICAST_MASTER_MAX_TABLE_SIZE = 0x2019,
	PTP_MID_ACCEPTABLE_MASTER_TABLE = 0x201A,
	PTP_MID_ACCEPTABLE_MASTER_TABLE_ENABLED = 0x201B,
	PTP_MID_ACCEPTABLE_MASTER_MAX_TABLE_SIZE = 0x201C,
	PTP_MID_ALTERNATE_MASTER = 0x201D,
	PTP_MID_ALTERNATE_TIME_OFFSET_ENABLE = 0x201E,
	PTP_MID_ALTERNATE_TIME_OFFSET_NAME = 0x201F,
	PTP_MID_ALTERNATE_TIME_OFFSET_MAX_KEY = 0x2020,
	PTP_MID_ALTERNATE_TIME_OFFSET_PROPERTIES = 0x2021,
	PTP_MID_EXTERNAL_PORT_CONFIGURATION_ENABLED = 0x3000,
	PTP_MID_MASTER_ONLY = 0x3001,
	PTP_MID_HOLDOVER_UPGRADE_ENABLE = 0x3002,
	PTP_MID_EXT_PORT_CONFIG_PORT_DATA_SET = 0x3003,
	PTP_MID_TRANSPARENT_CLOCK_DEFAULT_DATA_SET = 0x4000,
	PTP_MID_TRANSPARENT_CLOCK_PORT_DATA_SET = 0x4001,
	PTP_MID_PRIMARY_DOMAIN = 0x4002,
	PTP_MID_DELAY_MECHANISM = 0x6000,
	PTP_MID_LOG_MIN_PDELAY_REQ_INTERVAL = 0x6001,
	PTP_MID_TIME_STATUS_NP = 0xC000,
	PTP_MID_GRANDMASTER_SETTINGS_NP = 0xC001,
	PTP_MID_PORT_DATA_SET_NP = 0xC002,
	PTP_MID_SUBSCRIBE_EVENTS_NP = 0xC003,
	PTP_MID_PORT_PROPERTIES_NP = 0xC004,
	PTP_MID_PORT_STATS_NP = 0xC005,
	PTP_MID_SYNCHRONIZATION_UNCERTAIN_NP = 0xC006,
	PTP_MID_PORT_SERVICE_STATS_NP = 0xC007,
	PTP_MID_UNICAST_MASTER_TABLE_NP = 0xC008,
	PTP_MID_PORT_HWCLOCK_NP = 0xC009,
	PTP_MID_POWER_PROFILE_SETTINGS_NP = 0xC00A,
	PTP_MID_PORT_CORRECTIONS_NP = 0xC00C,
};

/* managementErrorId, table 109. */
enum ptp_management_error {
	PTP_MANAGEMENT_OK = 0, /* not on the wire */
	PTP_MANAGEMENT_RESPONSE_TOO_BIG = 1,
	PTP_MANAGEMENT_NO_SUCH_ID = 2,
	PTP_MANAGEMENT_WRONG_LENGTH = 3,
	PTP_MANAGEMENT_WRONG_VALUE = 4,
	PTP_MANAGEMENT_NOT_SETABLE = 5,
	PTP_MANAGEMENT_NOT_SUPPORTED = 6,
};

#define PTP_MANAGEMENT_LEN		 48 /* header, target, hops, action */
#define PTP_MANAGEMENT_BOUNDARY_HOPS_OFF 45

/* A management message, decoded; what points, points into it. */
struct bc_management {
	struct bc_msg msg; /* its target is msg.requesting */
	uint8_t starting_boundary_hops, boundary_hops;
	uint8_t action;
	bool has_id; /* there is one TLV, and it is a MANAGEMENT TLV */
	uint16_t id;
	const uint8_t *data; /* dataField */
	size_t data_len;     /* even */
};

/* `msg` is a management message that bc_msg_parse() decoded from `message`. */
void bc_management_read(const struct bc_msg *msg, const uint8_t *message, struct bc_management *ret);
/* Encodes into `buf` (at least BC_MSG_TX_MAX octets), with what is in msg.tlvs; returns the length. Of the
 * rest only the header, the hops and the action are taken. */
size_t bc_management_write(const struct bc_management *management, uint8_t *buf);

/* A data field being written. What does not fit makes it too big, and is left out. */
struct bc_data_writer {
	size_t len;
	bool is_too_big;
	/* Behind header, TLV header and managementId. */
	uint8_t octets[BC_MSG_TX_MAX - PTP_MANAGEMENT_LEN - 6];
};

void bc_data_put8(struct bc_data_writer *writer, uint8_t value);
void bc_data_put16(struct bc_data_writer *writer, uint16_t value);
void bc_data_put32(struct bc_data_writer *writer, uint32_t value);
void bc_data_put48(struct bc_data_writer *writer, uint64_t value);
void bc_data_put64(struct bc_data_writer *writer, uint64_t value);
/* The counters of linuxptp are little-endian. */
void bc_data_put_le64(struct bc_data_writer *writer, uint64_t value);
void bc_data_put(struct bc_data_writer *writer, const void *octets, size_t len);
void bc_data_put_port_identity(struct bc_data_writer *writer, const struct ptp_port_identity *identity);
void bc_data_put_clock_quality(struct bc_data_writer *writer, const struct ptp_clock_quality *quality);
/* PTPText (5.3.9): at most 255 octets, without padding. */
void bc_data_put_text(struct bc_data_writer *writer, const char *text, size_t len);
/* TimeInterval (5.3.2); what is beyond its range is written as its end. */
void bc_data_put_time_interval(struct bc_data_writer *writer, int64_t ns);

/* A MANAGEMENT TLV around the data, an error status TLV; into `tlv`, BC_MSG_TX_MAX octets. The length. */
size_t bc_management_tlv_write(uint16_t id, const struct bc_data_writer *data, uint8_t *tlv);
size_t bc_management_error_write(uint16_t id, enum ptp_management_error error, uint8_t *tlv);
