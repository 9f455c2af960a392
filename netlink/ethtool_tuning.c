// SPDX-License-Identifier: GPL-2.0-or-later
/* One question for each group of settings; drivers answer those that they know. */
#include "netlink/ethtool_tuning.h"

#include "netlink/ethtool_request.h"
#include "netlink/ethtool_tuning_parse.h"
#include "util/cleanup.h"
#include "util/macros.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <net/if.h>
#include <string.h>

static const struct {
	uint8_t command;
	mnl_cb_t parse;
} questions[] = {
	/* Every interface answers this one: what is wrong with all shows here. */
	{ETHTOOL_MSG_FEATURES_GET, ebc_ethtool_parse_features},
	{ETHTOOL_MSG_LINKMODES_GET, ebc_ethtool_parse_linkmodes},
	{ETHTOOL_MSG_COALESCE_GET, ebc_ethtool_parse_coalesce},
	{ETHTOOL_MSG_EEE_GET, ebc_ethtool_parse_eee},
	{ETHTOOL_MSG_RINGS_GET, ebc_ethtool_parse_rings},
};

int ebc_ethtool_tuning_get(const char *name, struct ebc_ethtool_tuning *ret_tuning)
{
	_cleanup_genl_ struct ebc_genl *genl = NULL;
	struct ebc_ethtool_tuning tuning = {};
	int r;

	if (name[0] == '\0' || strlen(name) >= IFNAMSIZ)
		return -ENODEV;
	r = ebc_genl_new(ETHTOOL_GENL_NAME, &genl);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(questions); i++) {
		int answered =
			ebc_ethtool_request(genl, questions[i].command, name, questions[i].parse, &tuning);

		if (i == 0 || answered == -ENODEV || answered == -ETIMEDOUT)
			r = answered;
	}
	if (r < 0)
		return r;
	*ret_tuning = tuning;
	return 0;
}
