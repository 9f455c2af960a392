/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the requests of ethtool netlink have in common. Private to this folder. */
#pragma once

#include "netlink/genl.h"

#include <stdbool.h>

/* Asks `command` (ETHTOOL_MSG_..._GET) about an interface, shorter than IFNAMSIZ. 0 or -errno. */
int ebc_ethtool_request(struct ebc_genl *genl, uint8_t command, const char *name, mnl_cb_t answer,
			void *data);
/* Whether that bit is there and set; false for what is no bit set in the long form. */
bool ebc_ethtool_bitset_has(const struct nlattr *bitset, const char *name);
