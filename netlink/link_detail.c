// SPDX-License-Identifier: GPL-2.0-or-later
/* Attributes of RTM_NEWLINK that only the doctor wants. */
#include "netlink/link_detail.h"

#include "netlink/link_parse.h"
#include "netlink/links.h"
#include "util/cleanup.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>

/* A list that something changed under is begun anew this often. */
#define LIST_ATTEMPTS 4

static uint32_t get_u32(struct nlattr *attr)
{
	return attr && nla_len(attr) >= (int)sizeof(uint32_t) ? nla_get_u32(attr) : 0;
}

static uint16_t get_u16(struct nlattr *attr)
{
	return attr && nla_len(attr) >= (int)sizeof(uint16_t) ? nla_get_u16(attr) : 0;
}

static uint8_t get_u8(struct nlattr *attr)
{
	return attr && nla_len(attr) >= (int)sizeof(uint8_t) ? nla_get_u8(attr) : 0;
}

/* False, with nothing to be used in `attrs`, where the attribute is missing or malformed. */
static bool nested(struct nlattr *attr, struct nlattr **attrs, int max)
{
	return attr && nla_parse_nested(attrs, max, attr, NULL) == 0;
}

static void parse_bridge(struct nlattr *data, struct ebc_link_detail *detail)
{
	struct nlattr *attrs[IFLA_BR_MAX + 1];

	if (!nested(data, attrs, IFLA_BR_MAX))
		return;
	detail->bridge.is_stp = get_u32(attrs[IFLA_BR_STP_STATE]) != 0;
	detail->bridge.is_vlan_filtering = get_u8(attrs[IFLA_BR_VLAN_FILTERING]);
	detail->bridge.is_snooping = get_u8(attrs[IFLA_BR_MCAST_SNOOPING]);
	detail->bridge.group_fwd_mask = get_u16(attrs[IFLA_BR_GROUP_FWD_MASK]);
}

static void parse_bridge_port(struct nlattr *data, struct ebc_link_detail *detail)
{
	struct nlattr *attrs[IFLA_BRPORT_MAX + 1];

	if (!nested(data, attrs, IFLA_BRPORT_MAX))
		return;
	detail->bridge_port.state = get_u8(attrs[IFLA_BRPORT_STATE]);
	detail->bridge_port.group_fwd_mask = get_u16(attrs[IFLA_BRPORT_GROUP_FWD_MASK]);
}

static void parse_bond(struct nlattr *data, struct ebc_link_detail *detail)
{
	struct nlattr *attrs[IFLA_BOND_MAX + 1];

	if (!nested(data, attrs, IFLA_BOND_MAX))
		return;
	detail->bond.mode = get_u8(attrs[IFLA_BOND_MODE]);
	detail->bond.active_ifindex = (int)get_u32(attrs[IFLA_BOND_ACTIVE_SLAVE]);
}

static void parse_info(struct nlattr *attr, const struct ebc_link *link, struct ebc_link_detail *detail)
{
	struct nlattr *info[IFLA_INFO_MAX + 1];

	if (!nested(attr, info, IFLA_INFO_MAX))
		return;
	if (link->kind == EBC_LINK_BRIDGE)
		parse_bridge(info[IFLA_INFO_DATA], detail);
	else if (strcmp(link->kind_name, "bond") == 0)
		parse_bond(info[IFLA_INFO_DATA], detail);
	if (link->is_bridge_member)
		parse_bridge_port(info[IFLA_INFO_SLAVE_DATA], detail);
}

static enum ebc_xdp_mode parse_xdp(struct nlattr *attr, uint32_t *ret_program)
{
	struct nlattr *xdp[IFLA_XDP_MAX + 1];

	if (!nested(attr, xdp, IFLA_XDP_MAX))
		return EBC_XDP_NONE;
	*ret_program = get_u32(xdp[IFLA_XDP_PROG_ID]);
	switch (get_u8(xdp[IFLA_XDP_ATTACHED])) {
	case XDP_ATTACHED_NONE:
		return EBC_XDP_NONE;
	case XDP_ATTACHED_SKB:
		return EBC_XDP_GENERIC;
	case XDP_ATTACHED_DRV:
		return EBC_XDP_DRIVER;
	case XDP_ATTACHED_HW:
		return EBC_XDP_OFFLOADED;
	default:
		return EBC_XDP_SEVERAL;
	}
}

static void parse_switch_id(struct nlattr *attr, struct ebc_link_detail *detail)
{
	if (!attr || nla_len(attr) > (int)sizeof(detail->switch_id))
		return;
	detail->switch_id_len = (uint8_t)nla_len(attr);
	memcpy(detail->switch_id, nla_data(attr), detail->switch_id_len);
}

int ebc_link_detail_parse(struct nlmsghdr *nlh, struct ebc_link_detail *ret_detail)
{
	struct ebc_link_detail detail = {};
	struct nlattr *attrs[IFLA_MAX + 1];
	const struct ifinfomsg *ifi;
	struct ebc_link link;
	int lower_ifindex, r;

	r = ebc_link_parse(nlh, &link, &lower_ifindex);
	if (r < 0 || nlmsg_parse(nlh, sizeof(*ifi), attrs, IFLA_MAX, NULL) < 0)
		return -EBADMSG;
	ifi = nlmsg_data(nlh);
	detail.ifindex = link.ifindex;
	memcpy(detail.name, link.name, sizeof(detail.name));
	memcpy(detail.kind_name, link.kind_name, sizeof(detail.kind_name));
	detail.is_ethernet = link.is_ethernet;
	detail.is_multicast = ifi->ifi_flags & IFF_MULTICAST;
	detail.master_ifindex = link.master_ifindex;
	if (attrs[IFLA_PARENT_DEV_BUS_NAME])
		nla_strlcpy(detail.parent_bus, attrs[IFLA_PARENT_DEV_BUS_NAME], sizeof(detail.parent_bus));
	detail.xdp = parse_xdp(attrs[IFLA_XDP], &detail.xdp_program);
	parse_switch_id(attrs[IFLA_PHYS_SWITCH_ID], &detail);
	parse_info(attrs[IFLA_LINKINFO], &link, &detail);
	*ret_detail = detail;
	return 0;
}

static struct nl_msg *detail_request(int ifindex, int flags)
{
	_cleanup_nl_msg_ struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETLINK, flags);
	struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC, .ifi_index = ifindex};

	if (!msg || nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO) < 0 ||
	    nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) < 0)
		return NULL;
	return TAKE_PTR(msg);
}

struct list_answer {
	struct ebc_link_detail *list;
	size_t size, n;
};

static int on_link(struct nlmsghdr *nlh, void *data)
{
	struct list_answer *answer = data;
	struct ebc_link_detail detail;
	int r = ebc_link_detail_parse(nlh, &detail);

	if (r < 0)
		return r;
	if (answer->n < answer->size)
		answer->list[answer->n] = detail;
	answer->n++;
	return 0;
}

int ebc_link_detail_get(struct ebc_links *links, int ifindex, struct ebc_link_detail *ret_detail)
{
	_cleanup_nl_msg_ struct nl_msg *msg = NULL;
	struct ebc_link_detail detail;
	struct list_answer answer = {.list = &detail, .size = 1};
	int r;

	if (ifindex <= 0)
		return -ENODEV;
	msg = detail_request(ifindex, 0);
	if (!msg)
		return -ENOMEM;
	r = ebc_rtnl_request(links->rtnl, msg, on_link, &answer);
	if (r < 0)
		return r;
	if (answer.n == 0)
		return -ENODEV;
	*ret_detail = detail;
	return 0;
}

static int list_once(struct ebc_links *links, struct list_answer *answer)
{
	_cleanup_nl_msg_ struct nl_msg *msg = detail_request(0, NLM_F_DUMP);

	return msg ? ebc_rtnl_request(links->rtnl, msg, on_link, answer) : -ENOMEM;
}

int ebc_link_detail_list(struct ebc_links *links, struct ebc_link_detail *list, size_t size, size_t *ret_n)
{
	struct list_answer answer;
	int r = -EAGAIN;

	/* Where an interface came or went meanwhile the list may lack others. */
	for (int i = 0; r == -EAGAIN && i < LIST_ATTEMPTS; i++) {
		answer = (struct list_answer){.list = list, .size = size};
		r = list_once(links, &answer);
	}
	if (r < 0)
		return r;
	*ret_n = answer.n;
	return 0;
}
