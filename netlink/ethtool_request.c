// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Questions to ethtool netlink. Bits are found by name: those of features have different numbers in different
 * kernels, so the kernel is asked for the long form of its bit sets.
 */
#include "netlink/ethtool_request.h"

#include <linux/ethtool_netlink.h>
#include <string.h>

/* Is this ETHTOOL_A_BITSET_BITS_BIT the one of that name, and set? In a list without mask all are set. */
static bool is_bit(const struct nlattr *bit, const char *name, bool has_mask)
{
	const struct nlattr *attr;
	bool is_name = false, is_value = false;

	mnl_attr_for_each_nested(attr, bit)
	{
		switch (mnl_attr_get_type(attr)) {
		case ETHTOOL_A_BITSET_BIT_NAME:
			is_name = mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0 &&
				  strcmp(mnl_attr_get_str(attr), name) == 0;
			break;
		case ETHTOOL_A_BITSET_BIT_VALUE:
			is_value = true;
			break;
		}
	}
	return is_name && (is_value || !has_mask);
}

bool ebc_ethtool_bitset_has(const struct nlattr *bitset, const char *name)
{
	const struct nlattr *attr, *bit, *bits = NULL;
	bool has_mask = true;

	if (mnl_attr_validate(bitset, MNL_TYPE_NESTED) < 0)
		return false;
	mnl_attr_for_each_nested(attr, bitset)
	{
		if (mnl_attr_get_type(attr) == ETHTOOL_A_BITSET_NOMASK)
			has_mask = false;
		else if (mnl_attr_get_type(attr) == ETHTOOL_A_BITSET_BITS)
			bits = attr;
	}
	if (!bits)
		return false;
	mnl_attr_for_each_nested(bit, bits)
	{
		if (is_bit(bit, name, has_mask))
			return true;
	}
	return false;
}

int ebc_ethtool_request(struct ebc_genl *genl, uint8_t command, const char *name, mnl_cb_t answer, void *data)
{
	struct nlmsghdr *nlh = ebc_genl_prepare(genl, command);
	struct nlattr *header;

	_Static_assert((int)ETHTOOL_A_TSINFO_HEADER == (int)ETHTOOL_A_FEATURES_HEADER &&
			       (int)ETHTOOL_A_TSINFO_HEADER == (int)ETHTOOL_A_LINKMODES_HEADER &&
			       (int)ETHTOOL_A_TSINFO_HEADER == (int)ETHTOOL_A_COALESCE_HEADER &&
			       (int)ETHTOOL_A_TSINFO_HEADER == (int)ETHTOOL_A_EEE_HEADER &&
			       (int)ETHTOOL_A_TSINFO_HEADER == (int)ETHTOOL_A_RINGS_HEADER,
		       "one header for all");
	header = mnl_attr_nest_start(nlh, ETHTOOL_A_TSINFO_HEADER);
	mnl_attr_put_strz(nlh, ETHTOOL_A_HEADER_DEV_NAME, name);
	mnl_attr_nest_end(nlh, header);
	return ebc_genl_request(genl, nlh, answer, data);
}
