// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages built by hand: kinds of links that the test machine may lack, and malformed ones. */
#include "netlink/link_parse.h"

#include "netlink/rtnl.h"
#include "util/cleanup.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <netlink/attr.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t mac[6] = {2, 0, 0, 1, 2, 3};

/* RTM_NEWLINK of interface 7 with a name, a MAC and flags; the tests add to it. */
static struct nl_msg *new_link(uint16_t arp_type, uint32_t flags)
{
	struct ifinfomsg ifi = {.ifi_index = 7, .ifi_type = arp_type, .ifi_flags = flags};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, 0);

	assert_non_null(msg);
	assert_int_equal(nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO), 0);
	assert_int_equal(nla_put_string(msg, IFLA_IFNAME, "eth0"), 0);
	assert_int_equal(nla_put(msg, IFLA_ADDRESS, sizeof(mac), mac), 0);
	return msg;
}

static struct nlattr *begin_info(struct nl_msg *msg, const char *kind)
{
	struct nlattr *info = nla_nest_start(msg, IFLA_LINKINFO);

	assert_non_null(info);
	if (kind)
		assert_int_equal(nla_put_string(msg, IFLA_INFO_KIND, kind), 0);
	return info;
}

static void put_kind(struct nl_msg *msg, const char *kind)
{
	nla_nest_end(msg, begin_info(msg, kind));
}

static void put_slave_kind(struct nl_msg *msg, const char *kind, uint32_t master_ifindex)
{
	struct nlattr *info;

	assert_int_equal(nla_put_u32(msg, IFLA_MASTER, master_ifindex), 0);
	info = begin_info(msg, NULL);
	assert_int_equal(nla_put_string(msg, IFLA_INFO_SLAVE_KIND, kind), 0);
	nla_nest_end(msg, info);
}

static void put_vlan(struct nl_msg *msg, uint16_t vlan_id)
{
	struct nlattr *info = begin_info(msg, "vlan");
	struct nlattr *data = nla_nest_start(msg, IFLA_INFO_DATA);

	assert_non_null(data);
	assert_int_equal(nla_put_u16(msg, IFLA_VLAN_ID, vlan_id), 0);
	nla_nest_end(msg, data);
	nla_nest_end(msg, info);
}

static struct ebc_link parse(struct nl_msg *msg, int *ret_lower_ifindex)
{
	struct ebc_link link;

	assert_int_equal(ebc_link_parse(nlmsg_hdr(msg), &link, ret_lower_ifindex), 0);
	return link;
}

static void ethernet_link_is_read_whole(void **state)
{
	_cleanup_nl_msg_ struct nl_msg *msg = new_link(ARPHRD_ETHER, IFF_UP | IFF_RUNNING);
	struct ebc_link link;
	int lower;

	(void)state;
	nla_put_u32(msg, IFLA_MTU, 1500);
	link = parse(msg, &lower);
	assert_int_equal(link.ifindex, 7);
	assert_string_equal(link.name, "eth0");
	assert_string_equal(link.kind_name, "");
	assert_int_equal(link.kind, EBC_LINK_PLAIN);
	assert_memory_equal(link.mac, mac, sizeof(mac));
	assert_true(link.is_ethernet && link.is_up && link.has_carrier);
	assert_false(link.is_bridge_member || link.is_bond_member || link.has_xdp || link.has_switch_id);
	assert_int_equal(link.mtu, 1500);
	assert_int_equal(lower, 0);
}

static void loopback_and_tunnels_are_not_ethernet(void **state)
{
	_cleanup_nl_msg_ struct nl_msg *loopback = new_link(ARPHRD_LOOPBACK, IFF_UP | IFF_LOOPBACK);
	_cleanup_nl_msg_ struct nl_msg *tunnel = new_link(ARPHRD_NONE, IFF_UP);
	_cleanup_nl_msg_ struct nl_msg *odd = new_link(ARPHRD_ETHER, IFF_LOOPBACK);
	int lower;

	(void)state;
	assert_false(parse(loopback, &lower).is_ethernet);
	assert_false(parse(tunnel, &lower).is_ethernet);
	assert_false(parse(odd, &lower).is_ethernet);
}

static void vlan_has_its_id_and_its_real_device(void **state)
{
	_cleanup_nl_msg_ struct nl_msg *msg = new_link(ARPHRD_ETHER, 0);
	struct ebc_link link;
	int lower;

	(void)state;
	nla_put_u32(msg, IFLA_LINK, 3);
	put_vlan(msg, 4094);
	link = parse(msg, &lower);
	assert_int_equal(link.kind, EBC_LINK_VLAN);
	assert_int_equal(link.vlan_id, 4094);
	assert_int_equal(lower, 3);
}

static void vlan_of_another_namespace_has_no_visible_real_device(void **state)
{
	_cleanup_nl_msg_ struct nl_msg *msg = new_link(ARPHRD_ETHER, 0);
	int lower;

	(void)state;
	nla_put_u32(msg, IFLA_LINK, 3);
	nla_put_s32(msg, IFLA_LINK_NETNSID, 0);
	put_vlan(msg, 5);
	assert_int_equal(parse(msg, &lower).vlan_id, 5);
	assert_int_equal(lower, 0);
}

static void peer_of_a_veth_is_not_below_it(void **state)
{
	_cleanup_nl_msg_ struct nl_msg *msg = new_link(ARPHRD_ETHER, 0);
	struct ebc_link link;
	int lower;

	(void)state;
	nla_put_u32(msg, IFLA_LINK, 3);
	put_kind(msg, "veth");
	link = parse(msg, &lower);
	assert_string_equal(link.kind_name, "veth");
	assert_int_equal(link.kind, EBC_LINK_PLAIN);
	assert_int_equal(lower, 0);
}

static void bond_and_team_are_bonds(void **state)
{
	_cleanup_nl_msg_ struct nl_msg *bond = new_link(ARPHRD_ETHER, 0);
	_cleanup_nl_msg_ struct nl_msg *team = new_link(ARPHRD_ETHER, 0);
	int lower;

	(void)state;
	put_kind(bond, "bond");
	put_kind(team, "team");
	assert_int_equal(parse(bond, &lower).kind, EBC_LINK_BOND);
	assert_int_equal(parse(team, &lower).kind, EBC_LINK_BOND);
}

static void master_says_what_a_link_is_member_of(void **state)
{
	static const struct {
		const char *slave_kind;
		bool is_bridge_member, is_bond_member;
	} cases[] = {
		{"bridge", true, false}, {"bond", false, true},		{"team", false, true},
		{"vrf", false, false},	 {"openvswitch", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_nl_msg_ struct nl_msg *msg = new_link(ARPHRD_ETHER, 0);
		struct ebc_link link;
		int lower;

		put_slave_kind(msg, cases[i].slave_kind, 12);
		link = parse(msg, &lower);
		assert_int_equal(link.master_ifindex, 12);
		assert_int_equal(link.is_bridge_member, cases[i].is_bridge_member);
		assert_int_equal(link.is_bond_member, cases[i].is_bond_member);
		assert_int_equal(link.kind, EBC_LINK_PLAIN);
	}
}

static void switch_id_is_seen(void **state)
{
	_cleanup_nl_msg_ struct nl_msg *msg = new_link(ARPHRD_ETHER, 0);
	int lower;

	(void)state;
	nla_put(msg, IFLA_PHYS_SWITCH_ID, sizeof(mac), mac);
	assert_true(parse(msg, &lower).has_switch_id);
}

static void xdp_is_seen_only_when_attached(void **state)
{
	(void)state;
	for (uint8_t attached = XDP_ATTACHED_NONE; attached <= XDP_ATTACHED_MULTI; attached++) {
		_cleanup_nl_msg_ struct nl_msg *msg = new_link(ARPHRD_ETHER, 0);
		struct nlattr *xdp = nla_nest_start(msg, IFLA_XDP);
		int lower;

		nla_put_u8(msg, IFLA_XDP_ATTACHED, attached);
		nla_nest_end(msg, xdp);
		assert_int_equal(parse(msg, &lower).has_xdp, attached != XDP_ATTACHED_NONE);
	}
}

static void malformed_link_is_refused_and_nothing_is_written(void **state)
{
	_cleanup_nl_msg_ struct nl_msg *msg = new_link(ARPHRD_ETHER, 0);
	_cleanup_nl_msg_ struct nl_msg *long_name = new_link(ARPHRD_ETHER, 0);
	_cleanup_nl_msg_ struct nl_msg *short_master = new_link(ARPHRD_ETHER, 0);
	struct ebc_link link = {.ifindex = 99};
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	int lower = 98;

	(void)state;
	nla_put_string(long_name, IFLA_IFNAME, "sixteen_letters_");
	assert_int_equal(ebc_link_parse(nlmsg_hdr(long_name), &link, &lower), -EBADMSG);
	nla_put_u8(short_master, IFLA_MASTER, 1);
	assert_int_equal(ebc_link_parse(nlmsg_hdr(short_master), &link, &lower), -EBADMSG);

	nlh->nlmsg_type = RTM_DELLINK;
	assert_int_equal(ebc_link_parse(nlh, &link, &lower), -EBADMSG);
	nlh->nlmsg_type = RTM_NEWLINK;
	/* Cut anywhere before the end of the name there is no link to speak of. */
	for (uint32_t length = NLMSG_HDRLEN; length < NLMSG_LENGTH(sizeof(struct ifinfomsg)) + 9; length++) {
		nlh->nlmsg_len = length;
		assert_int_equal(ebc_link_parse(nlh, &link, &lower), -EBADMSG);
	}
	assert_int_equal(link.ifindex, 99);
	assert_int_equal(lower, 98);
}

static struct nl_msg *new_address(int family, uint8_t flags)
{
	struct ifaddrmsg ifa = {.ifa_family = (uint8_t)family, .ifa_flags = flags, .ifa_index = 7};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWADDR, 0);

	assert_non_null(msg);
	assert_int_equal(nlmsg_append(msg, &ifa, sizeof(ifa), NLMSG_ALIGNTO), 0);
	return msg;
}

static void ipv4_address_of_ours_goes_before_the_other_end(void **state)
{
	_cleanup_nl_msg_ struct nl_msg *msg = new_address(AF_INET, IFA_F_PERMANENT);
	struct ebc_link_address address;

	(void)state;
	nla_put_u32(msg, IFA_ADDRESS, htonl(0x0a000002));
	nla_put_u32(msg, IFA_LOCAL, htonl(0x0a000001));
	assert_int_equal(ebc_link_parse_address(nlmsg_hdr(msg), &address), 0);
	assert_int_equal(address.ifindex, 7);
	assert_int_equal(address.family, AF_INET);
	assert_int_equal(ntohl(address.ipv4.s_addr), 0x0a000001);
	assert_true(address.is_usable);
	assert_false(address.is_link_local);
}

static void flags_say_whether_an_ipv6_address_is_usable(void **state)
{
	static const struct {
		uint32_t flags;
		bool is_usable;
	} cases[] = {
		{IFA_F_PERMANENT, true},
		{IFA_F_TENTATIVE, false},
		{IFA_F_TENTATIVE | IFA_F_OPTIMISTIC, true},
		{IFA_F_PERMANENT | IFA_F_DADFAILED, false},
		{IFA_F_NODAD | IFA_F_MANAGETEMPADDR, true},
	};
	const struct in6_addr link_local = {.s6_addr = {0xfe, 0x80, [15] = 1}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		_cleanup_nl_msg_ struct nl_msg *msg = new_address(AF_INET6, (uint8_t)cases[i].flags);
		struct ebc_link_address address;

		nla_put(msg, IFA_ADDRESS, sizeof(link_local), &link_local);
		nla_put_u32(msg, IFA_FLAGS, cases[i].flags);
		assert_int_equal(ebc_link_parse_address(nlmsg_hdr(msg), &address), 0);
		assert_int_equal(address.is_usable, cases[i].is_usable);
		assert_true(address.is_link_local);
		assert_memory_equal(&address.ipv6, &link_local, sizeof(link_local));
	}
}

static void address_of_the_wrong_size_or_family_is_refused(void **state)
{
	_cleanup_nl_msg_ struct nl_msg *too_short = new_address(AF_INET6, 0);
	_cleanup_nl_msg_ struct nl_msg *none = new_address(AF_INET, 0);
	_cleanup_nl_msg_ struct nl_msg *other = new_address(AF_PACKET, 0);
	struct ebc_link_address address = {.ifindex = 99};

	(void)state;
	nla_put_u32(too_short, IFA_ADDRESS, 1);
	assert_int_equal(ebc_link_parse_address(nlmsg_hdr(too_short), &address), -EBADMSG);
	assert_int_equal(ebc_link_parse_address(nlmsg_hdr(none), &address), -EBADMSG);
	assert_int_equal(ebc_link_parse_address(nlmsg_hdr(other), &address), -EAFNOSUPPORT);
	assert_int_equal(address.ifindex, 99);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ethernet_link_is_read_whole),
		cmocka_unit_test(loopback_and_tunnels_are_not_ethernet),
		cmocka_unit_test(vlan_has_its_id_and_its_real_device),
		cmocka_unit_test(vlan_of_another_namespace_has_no_visible_real_device),
		cmocka_unit_test(peer_of_a_veth_is_not_below_it),
		cmocka_unit_test(bond_and_team_are_bonds),
		cmocka_unit_test(master_says_what_a_link_is_member_of),
		cmocka_unit_test(switch_id_is_seen),
		cmocka_unit_test(xdp_is_seen_only_when_attached),
		cmocka_unit_test(malformed_link_is_refused_and_nothing_is_written),
		cmocka_unit_test(ipv4_address_of_ours_goes_before_the_other_end),
		cmocka_unit_test(flags_say_whether_an_ipv6_address_is_usable),
		cmocka_unit_test(address_of_the_wrong_size_or_family_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
