// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Attributes of RTM_NEWLINK and RTM_NEWADDR. They are read one by one, not through libnl-route's link
 * objects, since those know nothing of XDP and of the kind of a link's master.
 */
#include "netlink/link_parse.h"

#include "util/macros.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <string.h>

static struct nla_policy link_policy[IFLA_MAX + 1] = {
	[IFLA_IFNAME] = {.type = NLA_STRING, .maxlen = IFNAMSIZ},
	[IFLA_MTU] = {.type = NLA_U32},
	[IFLA_LINK] = {.type = NLA_U32},
	[IFLA_MASTER] = {.type = NLA_U32},
	[IFLA_LINKINFO] = {.type = NLA_NESTED},
	[IFLA_XDP] = {.type = NLA_NESTED},
};

static struct nla_policy info_policy[IFLA_INFO_MAX + 1] = {
	[IFLA_INFO_KIND] = {.type = NLA_STRING},
	[IFLA_INFO_SLAVE_KIND] = {.type = NLA_STRING},
	[IFLA_INFO_DATA] = {.type = NLA_NESTED},
};

static struct nla_policy vlan_policy[IFLA_VLAN_MAX + 1] = {
	[IFLA_VLAN_ID] = {.type = NLA_U16},
};

static struct nla_policy xdp_policy[IFLA_XDP_MAX + 1] = {
	[IFLA_XDP_ATTACHED] = {.type = NLA_U8},
};

static struct nla_policy address_policy[IFA_MAX + 1] = {
	[IFA_FLAGS] = {.type = NLA_U32},
};

static enum ebc_link_kind kind_of(const char *name)
{
	if (strcmp(name, "vlan") == 0)
		return EBC_LINK_VLAN;
	/* A team is to PTP what a bond is: its members are what frames leave by. */
	if (strcmp(name, "bond") == 0 || strcmp(name, "team") == 0)
		return EBC_LINK_BOND;
	if (strcmp(name, "bridge") == 0)
		return EBC_LINK_BRIDGE;
	return EBC_LINK_PLAIN;
}

/* IFLA_LINK alone does not say it: for a veth it is the peer, for a tunnel only the way to the other end. */
static bool passes_frames_to_link(const char *kind_name)
{
	static const char *const kinds[] = {"vlan", "macvlan", "macvtap", "ipvlan"};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kind_name, kinds[i]) == 0)
			return true;
	return false;
}

static int parse_info(struct nlattr *attr, struct ebc_link *link)
{
	struct nlattr *info[IFLA_INFO_MAX + 1], *vlan[IFLA_VLAN_MAX + 1];

	if (nla_parse_nested(info, IFLA_INFO_MAX, attr, info_policy) < 0)
		return -EBADMSG;

	if (info[IFLA_INFO_KIND])
		nla_strlcpy(link->kind_name, info[IFLA_INFO_KIND], sizeof(link->kind_name));
	link->kind = kind_of(link->kind_name);

	/* The kind of its *master*: a member of a VRF or of Open vSwitch is neither of the two. */
	if (link->master_ifindex && info[IFLA_INFO_SLAVE_KIND]) {
		enum ebc_link_kind master_kind = kind_of(nla_get_string(info[IFLA_INFO_SLAVE_KIND]));

		link->is_bridge_member = master_kind == EBC_LINK_BRIDGE;
		link->is_bond_member = master_kind == EBC_LINK_BOND;
	}

	if (link->kind == EBC_LINK_VLAN && info[IFLA_INFO_DATA]) {
		if (nla_parse_nested(vlan, IFLA_VLAN_MAX, info[IFLA_INFO_DATA], vlan_policy) < 0)
			return -EBADMSG;
		if (vlan[IFLA_VLAN_ID])
			link->vlan_id = nla_get_u16(vlan[IFLA_VLAN_ID]);
	}
	return 0;
}

static int parse_xdp(struct nlattr *attr, struct ebc_link *link)
{
	struct nlattr *xdp[IFLA_XDP_MAX + 1];

	if (nla_parse_nested(xdp, IFLA_XDP_MAX, attr, xdp_policy) < 0)
		return -EBADMSG;
	link->has_xdp = xdp[IFLA_XDP_ATTACHED] && nla_get_u8(xdp[IFLA_XDP_ATTACHED]) != XDP_ATTACHED_NONE;
	return 0;
}

int ebc_link_parse(struct nlmsghdr *nlh, struct ebc_link *ret_link, int *ret_lower_ifindex)
{
	struct nlattr *attrs[IFLA_MAX + 1];
	struct ebc_link link = {0};
	const struct ifinfomsg *ifi;
	int lower_ifindex = 0;

	if (nlh->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse(nlh, sizeof(*ifi), attrs, IFLA_MAX, link_policy) < 0)
		return -EBADMSG;
	ifi = nlmsg_data(nlh);
	if (ifi->ifi_index <= 0 || !attrs[IFLA_IFNAME])
		return -EBADMSG;

	link.ifindex = ifi->ifi_index;
	nla_strlcpy(link.name, attrs[IFLA_IFNAME], sizeof(link.name));
	link.is_up = ifi->ifi_flags & IFF_UP;
	link.has_carrier = ifi->ifi_flags & IFF_RUNNING;
	if (attrs[IFLA_ADDRESS] && nla_len(attrs[IFLA_ADDRESS]) == sizeof(link.mac)) {
		memcpy(link.mac, nla_data(attrs[IFLA_ADDRESS]), sizeof(link.mac));
		link.is_ethernet = ifi->ifi_type == ARPHRD_ETHER && !(ifi->ifi_flags & IFF_LOOPBACK);
	}
	if (attrs[IFLA_MTU])
		link.mtu = nla_get_u32(attrs[IFLA_MTU]);
	if (attrs[IFLA_MASTER])
		link.master_ifindex = (int)nla_get_u32(attrs[IFLA_MASTER]);
	link.has_switch_id = attrs[IFLA_PHYS_SWITCH_ID] && nla_len(attrs[IFLA_PHYS_SWITCH_ID]) > 0;
	if (attrs[IFLA_LINKINFO] && parse_info(attrs[IFLA_LINKINFO], &link) < 0)
		return -EBADMSG;
	if (attrs[IFLA_XDP] && parse_xdp(attrs[IFLA_XDP], &link) < 0)
		return -EBADMSG;

	/* With a namespace beside it, IFLA_LINK is the number of somebody else's interface. */
	if (attrs[IFLA_LINK] && !attrs[IFLA_LINK_NETNSID] && passes_frames_to_link(link.kind_name))
		lower_ifindex = (int)nla_get_u32(attrs[IFLA_LINK]);

	*ret_link = link;
	*ret_lower_ifindex = lower_ifindex;
	return 0;
}

int ebc_link_parse_address(struct nlmsghdr *nlh, struct ebc_link_address *ret_address)
{
	struct nlattr *attrs[IFA_MAX + 1], *bytes;
	struct ebc_link_address address = {0};
	const struct ifaddrmsg *ifa;
	uint32_t flags;
	size_t size;

	if (nlh->nlmsg_type != RTM_NEWADDR ||
	    nlmsg_parse(nlh, sizeof(*ifa), attrs, IFA_MAX, address_policy) < 0)
		return -EBADMSG;
	ifa = nlmsg_data(nlh);
	if (ifa->ifa_family == AF_INET)
		size = sizeof(address.ipv4);
	else if (ifa->ifa_family == AF_INET6)
		size = sizeof(address.ipv6);
	else
		return -EAFNOSUPPORT;

	/* On a point-to-point address IFA_ADDRESS is the other end, and IFA_LOCAL is ours. */
	bytes = attrs[IFA_LOCAL] ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS];
	if (!bytes || nla_len(bytes) != (int)size)
		return -EBADMSG;

	address.ifindex = (int)ifa->ifa_index;
	address.family = ifa->ifa_family;
	memcpy(&address.ipv6, nla_data(bytes), size);
	address.is_link_local = address.family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&address.ipv6);

	/* A kernel binds to a tentative address only if it is optimistic. */
	flags = attrs[IFA_FLAGS] ? nla_get_u32(attrs[IFA_FLAGS]) : ifa->ifa_flags;
	address.is_usable =
		!(flags & IFA_F_DADFAILED) && (!(flags & IFA_F_TENTATIVE) || (flags & IFA_F_OPTIMISTIC));

	*ret_address = address;
	return 0;
}
