/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From answers of ethtool netlink to what they say: of libmnl's callback type, `data` is a struct
 * ebc_ethtool_tuning. Pure, so that cards which a test machine does not have can be shown to them. Private to
 * this folder.
 */
#pragma once

#include <libmnl/libmnl.h>

int ebc_ethtool_parse_linkmodes(const struct nlmsghdr *nlh, void *data);
int ebc_ethtool_parse_features(const struct nlmsghdr *nlh, void *data);
int ebc_ethtool_parse_coalesce(const struct nlmsghdr *nlh, void *data);
int ebc_ethtool_parse_eee(const struct nlmsghdr *nlh, void *data);
int ebc_ethtool_parse_rings(const struct nlmsghdr *nlh, void *data);
