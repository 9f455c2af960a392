// SPDX-License-Identifier: GPL-2.0-or-later
/* Attributes of link modes, features, coalescing, EEE and rings. One of the wrong size is one that is
 * missing. */
#include "netlink/ethtool_tuning_parse.h"

#include "netlink/ethtool_request.h"
#include "netlink/ethtool_tuning.h"
#include "util/macros.h"

#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <string.h>

/* The first `n` kinds of attributes of an answer, by kind; NULL where there is none. */
static void collect(const struct nlmsghdr *nlh, const struct nlattr **attrs, size_t n)
{
	const struct nlattr *attr;

	memset(attrs, 0, n * sizeof(*attrs));
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
	{
		if (mnl_attr_get_type(attr) < n)
			attrs[mnl_attr_get_type(attr)] = attr;
	}
}

static bool read_u32(const struct nlattr *attr, uint32_t *ret_value)
{
	if (!attr || mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
		return false;
	*ret_value = mnl_attr_get_u32(attr);
	return true;
}

static bool read_bool(const struct nlattr *attr, bool *ret_value)
{
	if (!attr || mnl_attr_validate(attr, MNL_TYPE_U8) < 0)
		return false;
	*ret_value = mnl_attr_get_u8(attr);
	return true;
}

int ebc_ethtool_parse_linkmodes(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attrs[ETHTOOL_A_LINKMODES_DUPLEX + 1];
	struct ebc_ethtool_tuning *tuning = data;
	uint32_t speed_mbps;

	collect(nlh, attrs, ARRAY_SIZE(attrs));
	if (read_u32(attrs[ETHTOOL_A_LINKMODES_SPEED], &speed_mbps) && speed_mbps != (uint32_t)SPEED_UNKNOWN)
		tuning->speed_mbps = speed_mbps;
	if (attrs[ETHTOOL_A_LINKMODES_DUPLEX] &&
	    mnl_attr_validate(attrs[ETHTOOL_A_LINKMODES_DUPLEX], MNL_TYPE_U8) >= 0) {
		uint8_t duplex = mnl_attr_get_u8(attrs[ETHTOOL_A_LINKMODES_DUPLEX]);

		if (duplex == DUPLEX_HALF)
			tuning->duplex = EBC_DUPLEX_HALF;
		else if (duplex == DUPLEX_FULL)
			tuning->duplex = EBC_DUPLEX_FULL;
	}
	return MNL_CB_OK;
}

int ebc_ethtool_parse_features(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attrs[ETHTOOL_A_FEATURES_ACTIVE + 1], *active;
	struct ebc_ethtool_tuning *tuning = data;

	collect(nlh, attrs, ARRAY_SIZE(attrs));
	active = attrs[ETHTOOL_A_FEATURES_ACTIVE];
	if (!active)
		return MNL_CB_OK;
	tuning->has_features = true;
	tuning->has_gro_hw = ebc_ethtool_bitset_has(active, "rx-gro-hw");
	tuning->has_gro_fraglist = ebc_ethtool_bitset_has(active, "rx-gro-list");
	tuning->has_gro_udp_forwarding = ebc_ethtool_bitset_has(active, "rx-udp-gro-forwarding");
	tuning->has_lro = ebc_ethtool_bitset_has(active, "rx-lro");
	tuning->has_tso = ebc_ethtool_bitset_has(active, "tx-tcp-segmentation") ||
			  ebc_ethtool_bitset_has(active, "tx-tcp6-segmentation");
	tuning->has_hw_tc = ebc_ethtool_bitset_has(active, "hw-tc-offload");
	return MNL_CB_OK;
}

int ebc_ethtool_parse_coalesce(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attrs[ETHTOOL_A_COALESCE_USE_ADAPTIVE_RX + 1];
	struct ebc_ethtool_tuning *tuning = data;

	collect(nlh, attrs, ARRAY_SIZE(attrs));
	tuning->has_rx_usecs = read_u32(attrs[ETHTOOL_A_COALESCE_RX_USECS], &tuning->rx_usecs);
	tuning->has_rx_adaptive =
		read_bool(attrs[ETHTOOL_A_COALESCE_USE_ADAPTIVE_RX], &tuning->is_rx_adaptive);
	tuning->has_coalesce = true;
	return MNL_CB_OK;
}

int ebc_ethtool_parse_eee(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attrs[ETHTOOL_A_EEE_ENABLED + 1];
	struct ebc_ethtool_tuning *tuning = data;

	collect(nlh, attrs, ARRAY_SIZE(attrs));
	tuning->has_eee = read_bool(attrs[ETHTOOL_A_EEE_ENABLED], &tuning->is_eee_enabled);
	read_bool(attrs[ETHTOOL_A_EEE_ACTIVE], &tuning->is_eee_active);
	return MNL_CB_OK;
}

int ebc_ethtool_parse_rings(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attrs[ETHTOOL_A_RINGS_TX + 1];
	struct ebc_ethtool_tuning *tuning = data;

	collect(nlh, attrs, ARRAY_SIZE(attrs));
	tuning->has_tx_ring = read_u32(attrs[ETHTOOL_A_RINGS_TX], &tuning->tx_ring);
	return MNL_CB_OK;
}
