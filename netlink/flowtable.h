/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nftables' flow tables, whose flows pass the rest of the stack by. nfnetlink by libmnl. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <linux/netlink.h>
#include <net/if.h>

#define EBC_FLOWTABLE_DEVICES 64

struct ebc_flowtable {
	char table[64], name[64]; /* longer ones are cut */
	bool is_offloaded;	  /* to the network card */
	size_t n_devices;	  /* those beyond EBC_FLOWTABLE_DEVICES are left out */
	char devices[EBC_FLOWTABLE_DEVICES][IFNAMSIZ];
};

/* NFT_MSG_NEWFLOWTABLE. 0 or -EBADMSG; untouched on failure. Pure. */
int ebc_flowtable_parse(const struct nlmsghdr *nlh, struct ebc_flowtable *ret_flowtable);
/*
 * Up to `size` of them; `*ret_n` is how many there are, which may be more. 0, also for a kernel without
 * nftables, -EPERM (needs CAP_NET_ADMIN), -ETIMEDOUT (one second), or another -errno.
 */
int ebc_flowtable_list(struct ebc_flowtable *list, size_t size, size_t *ret_n);
