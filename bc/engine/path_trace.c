// SPDX-License-Identifier: GPL-2.0-or-later
/* The PATH_TRACE TLV, read and written. A length that is no multiple of an identity's leaves a remainder,
 * ignored. */
#include "bc/engine/path_trace.h"

#include <string.h>

#include "util/macros.h"

bool bc_path_trace_has(const struct bc_msg *announce, const uint8_t identity[PTP_CLOCK_IDENTITY_LEN])
{
	struct bc_tlv tlv;

	if (!bc_tlv_find(announce, PTP_TLV_PATH_TRACE, &tlv))
		return false;
	for (size_t i = 0; i + PTP_CLOCK_IDENTITY_LEN <= tlv.len; i += PTP_CLOCK_IDENTITY_LEN)
		if (memcmp(tlv.value + i, identity, PTP_CLOCK_IDENTITY_LEN) == 0)
			return true;
	return false;
}

void bc_path_trace_read(const struct bc_msg *announce, struct bc_path *ret_path)
{
	struct bc_tlv tlv;
	size_t n;

	ret_path->n = 0;
	ret_path->is_too_long = false;
	if (!bc_tlv_find(announce, PTP_TLV_PATH_TRACE, &tlv))
		return;
	n = tlv.len / PTP_CLOCK_IDENTITY_LEN;
	ret_path->is_too_long = n > BC_PATH_MAX;
	if (ret_path->is_too_long)
		return;
	ret_path->n = (uint8_t)n;
	memcpy(ret_path->identity, tlv.value, n * PTP_CLOCK_IDENTITY_LEN);
}

void bc_path_trace_append(struct bc_tlv_buffer *tlvs, size_t room, const struct bc_path *path,
			  const uint8_t identity[PTP_CLOCK_IDENTITY_LEN])
{
	size_t n = path ? path->n : 0;
	size_t len = (n + 1) * PTP_CLOCK_IDENTITY_LEN;
	uint8_t *value;

	if ((path && path->is_too_long) || tlvs->len + PTP_TLV_HEADER_LEN + len > room)
		return;
	value = bc_tlv_add(tlvs, PTP_TLV_PATH_TRACE, len);
	if (!value)
		return;
	if (n > 0)
		memcpy(value, path->identity, n * PTP_CLOCK_IDENTITY_LEN);
	memcpy(value + n * PTP_CLOCK_IDENTITY_LEN, identity, PTP_CLOCK_IDENTITY_LEN);
}
