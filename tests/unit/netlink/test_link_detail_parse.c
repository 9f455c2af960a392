// SPDX-License-Identifier: GPL-2.0-or-later
/* Bridges, their members, bonds, queues, filters and flow tables, as the kernel would tell of them. */
#include "netlink/flowtable.h"
#include "netlink/link_detail.h"
#include "netlink/qdisc.h"
#include "netlink/rtnl.h"
#include "util/cleanup.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <netlink/attr.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t mac[6] = {2, 0, 0, 1, 2, 3};

static struct nl_msg *new_link(uint32_t flags)
{
	struct ifinfomsg ifi = {.ifi_index = 7, .ifi_type = ARPHRD_ETHER, .ifi_flags = flags};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, 0);

	assert_non_null(msg);
	nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO);
	nla_put_string(msg, IFLA_IFNAME, "eth0");
	nla_put(msg, IFLA_ADDRESS, sizeof(mac), mac);
	return msg;
}

struct link_info {
	struct nlattr *info, *data;
};

/* IFLA_LINKINFO, in which the data of an interface of this kind, or of a member of one, follow. */
static struct link_info begin_info(struct nl_msg *msg, const char *kind, bool is_member)
{
	struct link_info begun = {.info = nla_nest_start(msg, IFLA_LINKINFO)};

	nla_put_string(msg, is_member ? IFLA_INFO_SLAVE_KIND : IFLA_INFO_KIND, kind);
	begun.data = nla_nest_start(msg, is_member ? IFLA_INFO_SLAVE_DATA : IFLA_INFO_DATA);
	return begun;
}

static void end_info(struct nl_msg *msg, const struct link_info *begun)
{
	nla_nest_end(msg, begun->data);
	nla_nest_end(msg, begun->info);
}

static struct ebc_link_detail parse(struct nl_msg *msg)
{
	struct ebc_link_detail detail;

	assert_int_equal(ebc_link_detail_parse(nlmsg_hdr(msg), &detail), 0);
	return detail;
}

static void a_card_has_its_bus(void **state)
{
	_cleanup_nl_msg_ struct nl_msg *msg = new_link(IFF_MULTICAST);
	struct ebc_link_detail detail;

	(void)state;
	nla_put_string(msg, IFLA_PARENT_DEV_BUS_NAME, "usb");
	detail = parse(msg);
	assert_int_equal(detail.ifindex, 7);
	assert_string_equal(detail.name, "eth0");
	assert_string_equal(detail.parent_bus, "usb");
	assert_true(detail.is_ethernet && detail.is_multicast);
	assert_int_equal(detail.xdp, EBC_XDP_NONE);
}

static void a_bridge_tells_what_it_lets_through(void **state)
{
	_cleanup_nl_msg_ struct nl_msg *msg = new_link(0);
	struct ebc_link_detail detail;
	struct link_info info;

	(void)state;
	info = begin_info(msg, "bridge", false);
	nla_put_u32(msg, IFLA_BR_STP_STATE, 1);
	nla_put_u8(msg, IFLA_BR_VLAN_FILTERING, 1);
	nla_put_u16(msg, IFLA_BR_GROUP_FWD_MASK, 0x4000);
	end_info(msg, &info);
	detail = parse(msg);
	assert_true(detail.bridge.is_stp && detail.bridge.is_vlan_filtering);
	assert_false(detail.bridge.is_snooping);
	assert_int_equal(detail.bridge.group_fwd_mask, 0x4000);
}

static void a_member_of_a_bridge_has_its_state(void **state)
{
	_cleanup_nl_msg_ struct nl_msg *msg = new_link(0);
	struct ebc_link_detail detail;
	struct link_info info;

	(void)state;
	nla_put_u32(msg, IFLA_MASTER, 3);
	info = begin_info(msg, "bridge", true);
	nla_put_u8(msg, IFLA_BRPORT_STATE, EBC_BRIDGE_PORT_BLOCKING);
	nla_put_u16(msg, IFLA_BRPORT_GROUP_FWD_MASK, 8);
	end_info(msg, &info);
	detail = parse(msg);
	assert_int_equal(detail.master_ifindex, 3);
	assert_int_equal(detail.bridge_port.state, EBC_BRIDGE_PORT_BLOCKING);
	assert_int_equal(detail.bridge_port.group_fwd_mask, 8);
}

static void a_bond_has_its_mode_and_the_member_that_sends(void **state)
{
	_cleanup_nl_msg_ struct nl_msg *msg = new_link(0);
	struct ebc_link_detail detail;
	struct link_info info;

	(void)state;
	info = begin_info(msg, "bond", false);
	nla_put_u8(msg, IFLA_BOND_MODE, 4);
	nla_put_u32(msg, IFLA_BOND_ACTIVE_SLAVE, 9);
	end_info(msg, &info);
	detail = parse(msg);
	assert_int_equal(detail.bond.mode, 4);
	assert_int_equal(detail.bond.active_ifindex, 9);
}

static void xdp_has_a_place_where_it_runs(void **state)
{
	static const enum ebc_xdp_mode modes[] = {
		[XDP_ATTACHED_NONE] = EBC_XDP_NONE,	[XDP_ATTACHED_DRV] = EBC_XDP_DRIVER,
		[XDP_ATTACHED_SKB] = EBC_XDP_GENERIC,	[XDP_ATTACHED_HW] = EBC_XDP_OFFLOADED,
		[XDP_ATTACHED_MULTI] = EBC_XDP_SEVERAL,
	};

	(void)state;
	for (uint8_t i = XDP_ATTACHED_NONE; i <= XDP_ATTACHED_MULTI; i++) {
		_cleanup_nl_msg_ struct nl_msg *msg = new_link(0);
		struct nlattr *xdp = nla_nest_start(msg, IFLA_XDP);

		nla_put_u8(msg, IFLA_XDP_ATTACHED, i);
		nla_put_u32(msg, IFLA_XDP_PROG_ID, 40U + i);
		nla_nest_end(msg, xdp);
		assert_int_equal(parse(msg).xdp, modes[i]);
		assert_int_equal(parse(msg).xdp_program, 40 + i);
	}
}

static void a_switch_has_an_id_of_bounded_length(void **state)
{
	static const uint8_t id[EBC_SWITCH_ID_MAX + 1] = {1, 2, 3};

	(void)state;
	for (int len = EBC_SWITCH_ID_MAX; len <= EBC_SWITCH_ID_MAX + 1; len++) {
		_cleanup_nl_msg_ struct nl_msg *msg = new_link(0);
		struct ebc_link_detail detail;

		nla_put(msg, IFLA_PHYS_SWITCH_ID, len, id);
		detail = parse(msg);
		assert_int_equal(detail.switch_id_len, len == EBC_SWITCH_ID_MAX ? len : 0);
		assert_memory_equal(detail.switch_id, id, detail.switch_id_len);
	}
}

static void attributes_that_are_too_short_read_as_nothing(void **state)
{
	_cleanup_nl_msg_ struct nl_msg *msg = new_link(0);
	struct ebc_link_detail detail;
	struct link_info info;

	(void)state;
	info = begin_info(msg, "bridge", false);
	nla_put_u8(msg, IFLA_BR_STP_STATE, 1);
	nla_put_u8(msg, IFLA_BR_GROUP_FWD_MASK, 0xff);
	end_info(msg, &info);
	detail = parse(msg);
	assert_false(detail.bridge.is_stp);
	assert_int_equal(detail.bridge.group_fwd_mask, 0);
}

static struct nl_msg *new_tc(int type, const struct tcmsg *tcm, const char *kind)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, 0);

	assert_non_null(msg);
	nlmsg_append(msg, (void *)tcm, sizeof(*tcm), NLMSG_ALIGNTO);
	if (kind)
		nla_put_string(msg, TCA_KIND, kind);
	return msg;
}

static void a_qdisc_has_its_kind_and_its_place(void **state)
{
	const struct tcmsg tcm = {.tcm_ifindex = 7, .tcm_handle = 0x80010000, .tcm_parent = TC_H_ROOT};
	_cleanup_nl_msg_ struct nl_msg *msg = new_tc(RTM_NEWQDISC, &tcm, "tbf");
	_cleanup_nl_msg_ struct nl_msg *nameless = new_tc(RTM_NEWQDISC, &tcm, NULL);
	struct ebc_qdisc qdisc = {};

	(void)state;
	assert_int_equal(ebc_qdisc_parse(nlmsg_hdr(nameless), &qdisc), -EBADMSG);
	assert_int_equal(qdisc.ifindex, 0);
	assert_int_equal(ebc_qdisc_parse(nlmsg_hdr(msg), &qdisc), 0);
	assert_string_equal(qdisc.kind, "tbf");
	assert_int_equal(qdisc.ifindex, 7);
	assert_int_equal(qdisc.parent, TC_H_ROOT);
}

static void a_bpf_filter_has_the_name_of_its_program(void **state)
{
	const struct tcmsg tcm = {.tcm_ifindex = 7, .tcm_handle = 1, .tcm_info = 49152U << 16};
	_cleanup_nl_msg_ struct nl_msg *msg = new_tc(RTM_NEWTFILTER, &tcm, "bpf");
	struct nlattr *options = nla_nest_start(msg, TCA_OPTIONS);
	struct ebc_tc_filter filter;

	(void)state;
	nla_put_string(msg, TCA_BPF_NAME, "foreign.o:[classifier]");
	nla_nest_end(msg, options);
	assert_int_equal(ebc_tc_filter_parse(nlmsg_hdr(msg), &filter), 0);
	assert_string_equal(filter.kind, "bpf");
	assert_string_equal(filter.program, "foreign.o:[classifier]");
	assert_int_equal(filter.priority, 49152);
	assert_int_equal(filter.handle, 1);
}

static void a_flow_table_has_devices_and_may_be_the_cards(void **state)
{
	static _Alignas(struct nlmsghdr) uint8_t buffer[8192];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct ebc_flowtable flowtable;
	struct nlattr *hook, *devices;

	(void)state;
	nlh->nlmsg_type = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWFLOWTABLE;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct nfgenmsg));
	mnl_attr_put_strz(nlh, NFTA_FLOWTABLE_TABLE, "filter");
	mnl_attr_put_strz(nlh, NFTA_FLOWTABLE_NAME, "fast");
	mnl_attr_put_u32(nlh, NFTA_FLOWTABLE_FLAGS, htobe32(NFT_FLOWTABLE_HW_OFFLOAD));
	hook = mnl_attr_nest_start(nlh, NFTA_FLOWTABLE_HOOK);
	devices = mnl_attr_nest_start(nlh, NFTA_FLOWTABLE_HOOK_DEVS);
	for (int i = 0; i < 2 * EBC_FLOWTABLE_DEVICES; i++)
		mnl_attr_put_strz(nlh, NFTA_DEVICE_NAME, i ? "eth1" : "a_name_that_is_longer_than_sixteen");
	mnl_attr_nest_end(nlh, devices);
	mnl_attr_nest_end(nlh, hook);
	assert_int_equal(ebc_flowtable_parse(nlh, &flowtable), 0);
	assert_string_equal(flowtable.table, "filter");
	assert_string_equal(flowtable.name, "fast");
	assert_true(flowtable.is_offloaded);
	assert_int_equal(flowtable.n_devices, EBC_FLOWTABLE_DEVICES);
	assert_string_equal(flowtable.devices[0], "a_name_that_is_");
	assert_string_equal(flowtable.devices[1], "eth1");

	nlh->nlmsg_len = NLMSG_HDRLEN;
	assert_int_equal(ebc_flowtable_parse(nlh, &flowtable), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_card_has_its_bus),
		cmocka_unit_test(a_bridge_tells_what_it_lets_through),
		cmocka_unit_test(a_member_of_a_bridge_has_its_state),
		cmocka_unit_test(a_bond_has_its_mode_and_the_member_that_sends),
		cmocka_unit_test(xdp_has_a_place_where_it_runs),
		cmocka_unit_test(a_switch_has_an_id_of_bounded_length),
		cmocka_unit_test(attributes_that_are_too_short_read_as_nothing),
		cmocka_unit_test(a_qdisc_has_its_kind_and_its_place),
		cmocka_unit_test(a_bpf_filter_has_the_name_of_its_program),
		cmocka_unit_test(a_flow_table_has_devices_and_may_be_the_cards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
