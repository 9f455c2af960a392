// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Time-stamping abilities and features over ethtool netlink. Bits are found by name: those of features
 * have different numbers in different kernels, so the kernel is asked for the long form of its bit sets.
 */
#include "netlink/ethtool.h"

#include "netlink/genl.h"
#include "util/cleanup.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

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

static bool bitset_has(const struct nlattr *bitset, const char *name)
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

static int on_tsinfo(const struct nlmsghdr *nlh, void *data)
{
	struct ebc_ethtool_info *info = data;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
	{
		switch (mnl_attr_get_type(attr)) {
		case ETHTOOL_A_TSINFO_TIMESTAMPING:
			info->has_tx_software = bitset_has(attr, "software-transmit");
			info->has_rx_software = bitset_has(attr, "software-receive");
			info->has_tx_hardware = bitset_has(attr, "hardware-transmit");
			info->has_rx_hardware = bitset_has(attr, "hardware-receive");
			break;
		case ETHTOOL_A_TSINFO_PHC_INDEX:
			if (mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
				info->phc_index = (int)mnl_attr_get_u32(attr);
			break;
		}
	}
	return MNL_CB_OK;
}

static int on_features(const struct nlmsghdr *nlh, void *data)
{
	struct ebc_ethtool_info *info = data;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
	{
		if (mnl_attr_get_type(attr) == ETHTOOL_A_FEATURES_ACTIVE)
			info->has_gro_fraglist = bitset_has(attr, "rx-gro-list");
	}
	return MNL_CB_OK;
}

/* In all requests of ethtool netlink the header is the first attribute: number 1, an interface in it. */
static int get(struct ebc_genl *genl, uint8_t command, const char *name, mnl_cb_t answer,
	       struct ebc_ethtool_info *info)
{
	struct nlmsghdr *nlh = ebc_genl_prepare(genl, command);
	struct nlattr *header;

	_Static_assert((int)ETHTOOL_A_TSINFO_HEADER == (int)ETHTOOL_A_FEATURES_HEADER, "one header for both");
	header = mnl_attr_nest_start(nlh, ETHTOOL_A_TSINFO_HEADER);
	mnl_attr_put_strz(nlh, ETHTOOL_A_HEADER_DEV_NAME, name);
	mnl_attr_nest_end(nlh, header);
	return ebc_genl_request(genl, nlh, answer, info);
}

/*
 * Ethtool netlink has no message for the driver's name, and a link in /sys is there for physical devices
 * only, and in the namespace that /sys was mounted in: hence the ioctl.
 */
static void get_driver(const char *name, struct ebc_ethtool_info *info)
{
	struct ethtool_drvinfo drvinfo = {.cmd = ETHTOOL_GDRVINFO};
	struct ifreq ifr = {.ifr_data = (void *)&drvinfo};
	_cleanup_fd_ int fd = -1;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	memcpy(ifr.ifr_name, name, strlen(name) + 1);
	if (ioctl(fd, SIOCETHTOOL, &ifr) == 0)
		memcpy(info->driver, drvinfo.driver, sizeof(info->driver) - 1);
}

int ebc_ethtool_get(const char *name, struct ebc_ethtool_info *ret_info)
{
	struct ebc_ethtool_info info = {.phc_index = -1};
	_cleanup_genl_ struct ebc_genl *genl = NULL;
	int r;

	if (name[0] == '\0' || strlen(name) >= IFNAMSIZ)
		return -ENODEV;
	r = ebc_genl_new(ETHTOOL_GENL_NAME, &genl);
	if (r < 0)
		return r;
	r = get(genl, ETHTOOL_MSG_TSINFO_GET, name, on_tsinfo, &info);
	if (r < 0)
		return r;
	/* The rest is good to have: a driver without it is no reason to know nothing. */
	(void)get(genl, ETHTOOL_MSG_FEATURES_GET, name, on_features, &info);
	get_driver(name, &info);

	*ret_info = info;
	return 0;
}
