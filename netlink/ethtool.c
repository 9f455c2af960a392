// SPDX-License-Identifier: GPL-2.0-or-later
/* Time-stamping abilities and features over ethtool netlink. */
#include "netlink/ethtool.h"

#include "netlink/ethtool_request.h"
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

static int on_tsinfo(const struct nlmsghdr *nlh, void *data)
{
	struct ebc_ethtool_info *info = data;
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
	{
		switch (mnl_attr_get_type(attr)) {
		case ETHTOOL_A_TSINFO_TIMESTAMPING:
			info->has_tx_software = ebc_ethtool_bitset_has(attr, "software-transmit");
			info->has_rx_software = ebc_ethtool_bitset_has(attr, "software-receive");
			info->has_tx_hardware = ebc_ethtool_bitset_has(attr, "hardware-transmit");
			info->has_rx_hardware = ebc_ethtool_bitset_has(attr, "hardware-receive");
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
			info->has_gro_fraglist = ebc_ethtool_bitset_has(attr, "rx-gro-list");
	}
	return MNL_CB_OK;
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
	r = ebc_ethtool_request(genl, ETHTOOL_MSG_TSINFO_GET, name, on_tsinfo, &info);
	if (r < 0)
		return r;
	/* The rest is good to have: a driver without it is no reason to know nothing. */
	(void)ebc_ethtool_request(genl, ETHTOOL_MSG_FEATURES_GET, name, on_features, &info);
	get_driver(name, &info);

	*ret_info = info;
	return 0;
}
