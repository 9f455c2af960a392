/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Alternate time scales (IEEE 1588-2019 16.3): local times that management describes and Announce messages
 * carry, so that clients can show them. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bc/wire/tlv.h"

/* Key numbers are below this, as in ptp4l. */
#define BC_ALTERNATE_TIMES	   4
#define BC_ALTERNATE_TIME_NAME_MAX 10

struct bc_alternate_time {
	bool is_enabled;
	int32_t current_offset_s, jump_s;
	uint64_t next_jump_ptp_s; /* 48 bits */
	uint8_t name_len;
	char name[BC_ALTERNATE_TIME_NAME_MAX];
};

/* Adds an ALTERNATE_TIME_OFFSET_INDICATOR for each that is enabled and for which there is room. */
void bc_alternate_times_append(const struct bc_alternate_time times[BC_ALTERNATE_TIMES],
			       struct bc_tlv_buffer *tlvs);
