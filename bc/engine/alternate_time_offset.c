// SPDX-License-Identifier: GPL-2.0-or-later
/* The ALTERNATE_TIME_OFFSET_INDICATOR TLV (16.3.3). */
#include "bc/engine/alternate_time_offset.h"

#include <string.h>

#include "util/unaligned.h"

#define FIXED_LEN 16 /* keyField, currentOffset, jumpSeconds, timeOfNextJump, length of displayName */

static void append(uint8_t key, const struct bc_alternate_time *time, struct bc_tlv_buffer *tlvs)
{
	uint8_t *p =
		bc_tlv_add(tlvs, PTP_TLV_ALTERNATE_TIME_OFFSET_INDICATOR, FIXED_LEN + (size_t)time->name_len);

	if (!p)
		return;
	p[0] = key;
	put_be32(p + 1, (uint32_t)time->current_offset_s);
	put_be32(p + 5, (uint32_t)time->jump_s);
	put_be48(p + 9, time->next_jump_ptp_s);
	p[15] = time->name_len;
	memcpy(p + FIXED_LEN, time->name, time->name_len);
}

void bc_alternate_times_append(const struct bc_alternate_time times[BC_ALTERNATE_TIMES],
			       struct bc_tlv_buffer *tlvs)
{
	for (uint8_t key = 0; key < BC_ALTERNATE_TIMES; key++)
		if (times[key].is_enabled)
			append(key, &times[key], tlvs);
}
