/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Path trace (IEEE 1588-2019 16.2): each boundary clock adds its identity to a list in Announce, and discards
 * an Announce whose list has it already: what made a loop cannot come round a second time. Pure.
 */
#pragma once

#include "bc/wire/tlv.h"

/* Longer lists are looked through, but not kept: they would not fit into an Announce of ours. */
#define BC_PATH_MAX 48

/* The list of an Announce. */
struct bc_path {
	uint8_t n;
	bool is_too_long;
	uint8_t identity[BC_PATH_MAX][PTP_CLOCK_IDENTITY_LEN];
};

bool bc_path_trace_has(const struct bc_msg *announce, const uint8_t identity[PTP_CLOCK_IDENTITY_LEN]);
/* Empty where the Announce has no list. */
void bc_path_trace_read(const struct bc_msg *announce, struct bc_path *ret_path);
/* Adds the TLV: the parent's path (NULL: we are the grandmaster) and our identity. Nothing is added when it
 * is too long to be sent whole, `room` being what all TLVs of the message may take. */
void bc_path_trace_append(struct bc_tlv_buffer *tlvs, size_t room, const struct bc_path *path,
			  const uint8_t identity[PTP_CLOCK_IDENTITY_LEN]);
