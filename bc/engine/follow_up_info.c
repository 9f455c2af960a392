// SPDX-License-Identifier: GPL-2.0-or-later
/* The TLV's fields, there and back. */
#include "bc/engine/follow_up_info.h"

#include <math.h>
#include <string.h>

#include "util/unaligned.h"

#define ORGANIZATION 0x0080c2
#define SUB_TYPE     1
#define VALUE_LEN    28
/* cumulativeScaledRateOffset is in 2^-41. */
#define RATE_SCALE 0x1p41

/* In the value, organizationId and organizationSubType included. */
enum {
	OFF_RATE = 6,
	OFF_TIME_BASE = 10,
	OFF_PHASE_CHANGE = 12,
	OFF_FREQ_CHANGE = 24,
};

/* Without what removes phase just now. */
static int32_t own_rate(const struct bc_engine *engine)
{
	double ppb = engine->slave && !engine->config.free_running
			     ? -bc_servo_frequency_ppb(engine->servo) - engine->mono_rate_ppb
			     : bc_local_clock_rate_ppb(&engine->clock);

	return (int32_t)llround(fmax(INT32_MIN, fmin(INT32_MAX, ppb * 1e-9 * RATE_SCALE)));
}

void bc_follow_up_info_add(const struct bc_engine *engine, struct bc_tlv_buffer *tlvs)
{
	const struct bc_follow_up_info *info = &engine->status.follow_up_info;
	uint8_t *value = bc_tlv_add(tlvs, PTP_TLV_ORGANIZATION_EXTENSION, VALUE_LEN);

	if (!value)
		return;
	memcpy(value, (uint8_t[]){0x00, 0x80, 0xc2, 0x00, 0x00, SUB_TYPE}, 6);
	put_be32(value + OFF_RATE, (uint32_t)own_rate(engine));
	if (!engine->slave)
		return;
	put_be16(value + OFF_TIME_BASE, info->gm_time_base_indicator);
	memcpy(value + OFF_PHASE_CHANGE, info->last_gm_phase_change, sizeof(info->last_gm_phase_change));
	put_be32(value + OFF_FREQ_CHANGE, (uint32_t)info->scaled_last_gm_freq_change);
}

bool bc_follow_up_info_take(struct bc_engine *engine, const struct bc_msg *follow_up)
{
	struct bc_follow_up_info *info = &engine->status.follow_up_info;
	struct bc_tlv tlv;

	if (!bc_tlv_find_organization(follow_up, ORGANIZATION, SUB_TYPE, &tlv) || tlv.len < VALUE_LEN)
		return false;
	info->cumulative_scaled_rate_offset = (int32_t)get_be32(tlv.value + OFF_RATE);
	info->gm_time_base_indicator = get_be16(tlv.value + OFF_TIME_BASE);
	memcpy(info->last_gm_phase_change, tlv.value + OFF_PHASE_CHANGE, sizeof(info->last_gm_phase_change));
	info->scaled_last_gm_freq_change = (int32_t)get_be32(tlv.value + OFF_FREQ_CHANGE);
	return true;
}
