// SPDX-License-Identifier: GPL-2.0-or-later
/* RTM_GETQDISC and RTM_GETTFILTER. */
#include "netlink/qdisc.h"

#include "netlink/links.h"
#include "util/cleanup.h"

#include <errno.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>

static struct nla_policy tc_policy[TCA_MAX + 1] = {
	[TCA_KIND] = {.type = NLA_STRING},
	[TCA_OPTIONS] = {.type = NLA_UNSPEC},
};

static struct nla_policy bpf_policy[TCA_BPF_MAX + 1] = {
	[TCA_BPF_NAME] = {.type = NLA_STRING},
};

int ebc_qdisc_parse(struct nlmsghdr *nlh, struct ebc_qdisc *ret_qdisc)
{
	struct nlattr *attrs[TCA_MAX + 1];
	struct ebc_qdisc qdisc = {};
	const struct tcmsg *tcm;

	if (nlh->nlmsg_type != RTM_NEWQDISC ||
	    nlmsg_parse(nlh, sizeof(*tcm), attrs, TCA_MAX, tc_policy) < 0 || !attrs[TCA_KIND])
		return -EBADMSG;
	tcm = nlmsg_data(nlh);
	qdisc.ifindex = tcm->tcm_ifindex;
	qdisc.parent = tcm->tcm_parent;
	nla_strlcpy(qdisc.kind, attrs[TCA_KIND], sizeof(qdisc.kind));
	*ret_qdisc = qdisc;
	return 0;
}

static void parse_bpf(struct nlattr *options, struct ebc_tc_filter *filter)
{
	struct nlattr *attrs[TCA_BPF_MAX + 1];

	if (options && nla_parse_nested(attrs, TCA_BPF_MAX, options, bpf_policy) == 0 && attrs[TCA_BPF_NAME])
		nla_strlcpy(filter->program, attrs[TCA_BPF_NAME], sizeof(filter->program));
}

int ebc_tc_filter_parse(struct nlmsghdr *nlh, struct ebc_tc_filter *ret_filter)
{
	struct nlattr *attrs[TCA_MAX + 1];
	struct ebc_tc_filter filter = {};
	const struct tcmsg *tcm;

	if (nlh->nlmsg_type != RTM_NEWTFILTER ||
	    nlmsg_parse(nlh, sizeof(*tcm), attrs, TCA_MAX, tc_policy) < 0 || !attrs[TCA_KIND])
		return -EBADMSG;
	tcm = nlmsg_data(nlh);
	filter.handle = tcm->tcm_handle;
	filter.priority = (uint16_t)(tcm->tcm_info >> 16);
	nla_strlcpy(filter.kind, attrs[TCA_KIND], sizeof(filter.kind));
	if (strcmp(filter.kind, "bpf") == 0)
		parse_bpf(attrs[TCA_OPTIONS], &filter);
	*ret_filter = filter;
	return 0;
}

static struct nl_msg *dump_request(int type, const struct tcmsg *tcm)
{
	_cleanup_nl_msg_ struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_DUMP);

	if (!msg || nlmsg_append(msg, (void *)tcm, sizeof(*tcm), NLMSG_ALIGNTO) < 0)
		return NULL;
	return TAKE_PTR(msg);
}

struct qdisc_answer {
	int ifindex;
	struct ebc_qdisc *list;
	size_t size, n;
};

/* The kernel tells those of all interfaces. */
static int on_qdisc(struct nlmsghdr *nlh, void *data)
{
	struct qdisc_answer *answer = data;
	struct ebc_qdisc qdisc;
	int r = ebc_qdisc_parse(nlh, &qdisc);

	if (r < 0 || qdisc.ifindex != answer->ifindex)
		return r;
	if (answer->n < answer->size)
		answer->list[answer->n] = qdisc;
	answer->n++;
	return 0;
}

int ebc_qdisc_list(struct ebc_links *links, int ifindex, struct ebc_qdisc *list, size_t size, size_t *ret_n)
{
	_cleanup_nl_msg_ struct nl_msg *msg =
		dump_request(RTM_GETQDISC, &(struct tcmsg){.tcm_ifindex = ifindex});
	struct qdisc_answer answer = {.ifindex = ifindex, .list = list, .size = size};
	int r;

	if (!msg)
		return -ENOMEM;
	r = ebc_rtnl_request(links->rtnl, msg, on_qdisc, &answer);
	if (r < 0)
		return r;
	*ret_n = answer.n;
	return 0;
}

struct filter_answer {
	struct ebc_tc_filter *list;
	size_t size, n;
};

static int on_filter(struct nlmsghdr *nlh, void *data)
{
	struct filter_answer *answer = data;
	struct ebc_tc_filter filter;
	int r = ebc_tc_filter_parse(nlh, &filter);

	/* A chain of filters comes before them with no handle: it is none itself. */
	if (r < 0 || filter.handle == 0)
		return r;
	if (answer->n < answer->size)
		answer->list[answer->n] = filter;
	answer->n++;
	return 0;
}

int ebc_tc_filter_list(struct ebc_links *links, int ifindex, bool is_egress, struct ebc_tc_filter *list,
		       size_t size, size_t *ret_n)
{
	struct tcmsg tcm = {.tcm_ifindex = ifindex,
			    .tcm_parent =
				    TC_H_MAKE(TC_H_CLSACT, is_egress ? TC_H_MIN_EGRESS : TC_H_MIN_INGRESS)};
	_cleanup_nl_msg_ struct nl_msg *msg = dump_request(RTM_GETTFILTER, &tcm);
	struct filter_answer answer = {.list = list, .size = size};
	int r;

	if (!msg)
		return -ENOMEM;
	r = ebc_rtnl_request(links->rtnl, msg, on_filter, &answer);
	if (r < 0)
		return r;
	*ret_n = answer.n;
	return 0;
}
