/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is behind the handle of link.h: look-ups and events have a socket each. Private to this folder. */
#pragma once

#include "netlink/link_queue.h"
#include "netlink/rtnl.h"

struct ebc_links {
	struct ebc_rtnl *rtnl;
	struct nl_sock *events;
	struct ebc_link_queue queue;
};
