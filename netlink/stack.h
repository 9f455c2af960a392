/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is at the bottom of a stack of interfaces (a VLAN on a bond on two Ethernet ports). Pure: the
 * interfaces come from a source that the caller gives. Private to this folder.
 */
#pragma once

#include "netlink/link.h"

/* More interfaces than that are not looked at, however they are stacked (the kernel nests 8 deep). */
#define EBC_STACK_MAX_VISITED 32

struct ebc_stack_source {
	/* The link itself, and what it passes its frames to (0: nothing, or unknown here). */
	int (*get)(void *data, int ifindex, struct ebc_link *ret_link, int *ret_lower_ifindex);
	/* Up to `size` members of a bond into `members`. */
	int (*get_members)(void *data, int master_ifindex, int *members, size_t size, size_t *ret_n);
	void *data;
};

/*
 * Fills `link->lowest` and adds to has_switch_id and has_xdp those of everything below. `link` with its
 * `lower_ifindex` is as ebc_link_parse() left it. Whatever has nothing visible below it counts as lowest.
 * 0 or what the source failed with, then `link` is untouched.
 */
int ebc_stack_resolve(const struct ebc_stack_source *source, struct ebc_link *link, int lower_ifindex);
