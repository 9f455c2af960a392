// SPDX-License-Identifier: GPL-2.0-or-later
/* Counts the tc filters on an interface's clsact hooks: is a qdisc that we made still needed by others? */
#include "netlink/link.h"

#include "netlink/links.h"
#include "util/cleanup.h"
#include "util/macros.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#define DUMP_ATTEMPTS 4

static int on_filter(struct nlmsghdr *nlh, void *data)
{
	const struct tcmsg *tcm = nlmsg_data(nlh);
	size_t *n = data;

	if (nlh->nlmsg_type != RTM_NEWTFILTER || !nlmsg_valid_hdr(nlh, sizeof(*tcm)))
		return -EBADMSG;
	/* Each priority is announced by an entry without a handle, before the filters in it. */
	if (tcm->tcm_handle != 0)
		(*n)++;
	return 0;
}

static int count_at(struct ebc_links *links, int ifindex, uint32_t parent, size_t *ret_n)
{
	struct tcmsg tcm = {.tcm_family = AF_UNSPEC, .tcm_ifindex = ifindex, .tcm_parent = parent};
	int r = -EAGAIN;

	for (int i = 0; r == -EAGAIN && i < DUMP_ATTEMPTS; i++) {
		_cleanup_nl_msg_ struct nl_msg *msg = NULL;
		size_t n = 0;

		msg = nlmsg_alloc_simple(RTM_GETTFILTER, NLM_F_DUMP);
		if (!msg || nlmsg_append(msg, &tcm, sizeof(tcm), NLMSG_ALIGNTO) < 0)
			return -ENOMEM;
		r = ebc_rtnl_request(links->rtnl, msg, on_filter, &n);
		if (r == 0)
			*ret_n = n;
	}
	return r;
}

int ebc_link_count_tc_filters(struct ebc_links *links, int ifindex, size_t *ret_n)
{
	const uint32_t parents[] = {
		TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS),
		TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS),
	};
	struct ebc_link link;
	size_t n_total = 0;
	int r;

	/* For an interface that does not exist the kernel answers with an empty list. */
	r = ebc_link_get_by_index(links, ifindex, &link);
	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(parents); i++) {
		size_t n = 0;

		r = count_at(links, ifindex, parents[i], &n);
		if (r < 0)
			return r;
		n_total += n;
	}
	*ret_n = n_total;
	return 0;
}
