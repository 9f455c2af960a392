/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Queueing disciplines and tc filters of an interface, by rtnetlink: for the doctor (ebpf-bcctl check). */
#pragma once

#include "netlink/link.h"

#include <linux/netlink.h>

struct ebc_qdisc {
	int ifindex;
	char kind[16];
	uint32_t parent; /* TC_H_ROOT, TC_H_CLSACT, or a class's handle */
};

/* RTM_NEWQDISC. 0 or -EBADMSG; untouched on failure. Pure. */
int ebc_qdisc_parse(struct nlmsghdr *nlh, struct ebc_qdisc *ret_qdisc);
/* Up to `size` of them, the root's first; `*ret_n` is how many there are, which may be more. 0 or -errno. */
int ebc_qdisc_list(struct ebc_links *links, int ifindex, struct ebc_qdisc *list, size_t size, size_t *ret_n);

struct ebc_tc_filter {
	char kind[16]; /* "bpf", "flower", "u32", ... */
	uint32_t handle;
	uint16_t priority;
	char program[64]; /* of kind bpf: what it is called; "" else */
};

/* RTM_NEWTFILTER. 0 or -EBADMSG; untouched on failure. Pure. */
int ebc_tc_filter_parse(struct nlmsghdr *nlh, struct ebc_tc_filter *ret_filter);
/*
 * The filters at clsact's ingress or egress, up to `size`; `*ret_n` is how many there are, which may be more.
 * 0, also without a clsact, or -errno.
 */
int ebc_tc_filter_list(struct ebc_links *links, int ifindex, bool is_egress, struct ebc_tc_filter *list,
		       size_t size, size_t *ret_n);
