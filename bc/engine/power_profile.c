// SPDX-License-Identifier: GPL-2.0-or-later
/* The IEEE C37.238 organization extension TLVs, read and written. */
#include "bc/engine/power_profile.h"

#include <string.h>

#include "util/unaligned.h"

#define ORGANIZATION 0x1c129d
/* Sub-type 1: grandmasterID, grandmasterTimeInaccuracy, networkTimeInaccuracy, 2 octets reserved. Sub-type 2:
 * grandmasterID, 4 octets reserved, totalTimeInaccuracy, 2 reserved. Behind organizationId and sub-type. */
#define VALUE_LEN 18

enum {
	OFF_GRANDMASTER_ID = 6,
	OFF_GRANDMASTER_INACCURACY = 8,
	OFF_LAST_INACCURACY = 12, /* the network's, or the total one */
};

void bc_power_profile_read(const struct bc_msg *announce, enum bc_power_profile_version version,
			   struct bc_power_profile *ret_profile)
{
	struct bc_tlv tlv;

	*ret_profile = (struct bc_power_profile){};
	if (version == BC_POWER_PROFILE_NONE ||
	    !bc_tlv_find_organization(announce, ORGANIZATION, version, &tlv) || tlv.len < VALUE_LEN)
		return;
	ret_profile->version = version;
	ret_profile->grandmaster_id = get_be16(tlv.value + OFF_GRANDMASTER_ID);
	if (version == BC_POWER_PROFILE_2011) {
		ret_profile->grandmaster_inaccuracy_ns = get_be32(tlv.value + OFF_GRANDMASTER_INACCURACY);
		ret_profile->network_inaccuracy_ns = get_be32(tlv.value + OFF_LAST_INACCURACY);
	} else {
		ret_profile->total_inaccuracy_ns = get_be32(tlv.value + OFF_LAST_INACCURACY);
	}
}

/* What nobody knows is not known of the sum either; nor is one that does not fit. */
static uint32_t add(uint32_t a_ns, uint32_t b_ns)
{
	uint64_t sum_ns = (uint64_t)a_ns + b_ns;

	if (a_ns == BC_INACCURACY_UNKNOWN || b_ns == BC_INACCURACY_UNKNOWN)
		return BC_INACCURACY_UNKNOWN;
	return sum_ns < BC_INACCURACY_UNKNOWN ? (uint32_t)sum_ns : BC_INACCURACY_UNKNOWN;
}

static struct bc_power_profile pass_on(const struct bc_power_profile *settings,
				       const struct bc_power_profile *parent)
{
	struct bc_power_profile p = *settings;

	if (!parent || parent->version != settings->version)
		return p;
	p.grandmaster_id = parent->grandmaster_id;
	p.grandmaster_inaccuracy_ns = parent->grandmaster_inaccuracy_ns;
	p.network_inaccuracy_ns = add(settings->network_inaccuracy_ns, parent->network_inaccuracy_ns);
	p.total_inaccuracy_ns = add(settings->total_inaccuracy_ns, parent->total_inaccuracy_ns);
	return p;
}

void bc_power_profile_append(struct bc_tlv_buffer *tlvs, size_t room, const struct bc_power_profile *settings,
			     const struct bc_power_profile *parent)
{
	struct bc_power_profile p = pass_on(settings, parent);
	uint8_t *value;

	if (p.version == BC_POWER_PROFILE_NONE || tlvs->len + PTP_TLV_HEADER_LEN + VALUE_LEN > room)
		return;
	value = bc_tlv_add(tlvs, PTP_TLV_ORGANIZATION_EXTENSION, VALUE_LEN);
	if (!value)
		return;
	put_be32(value, ORGANIZATION << 8); /* the sub-type's upper octets are 0 */
	put_be16(value + 4, (uint16_t)p.version);
	put_be16(value + OFF_GRANDMASTER_ID, p.grandmaster_id);
	if (p.version == BC_POWER_PROFILE_2011) {
		put_be32(value + OFF_GRANDMASTER_INACCURACY, p.grandmaster_inaccuracy_ns);
		put_be32(value + OFF_LAST_INACCURACY, p.network_inaccuracy_ns);
	} else {
		put_be32(value + OFF_LAST_INACCURACY, p.total_inaccuracy_ns);
	}
}
