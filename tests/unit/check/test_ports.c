// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said of ports of many kinds, by facts of our own making. */
#include <errno.h>
#include <linux/pkt_sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/check/port_judge.h"
#include "tests/unit/check/tree.h"
#include "util/macros.h"

static struct port_facts port;

static void put_qdisc(const char *kind, uint32_t parent)
{
	struct ebc_qdisc *qdisc = &port.qdiscs[port.n_qdiscs++];

	snprintf(qdisc->kind, sizeof(qdisc->kind), "%s", kind);
	qdisc->parent = parent;
}

/* A card as it should be: up, tuned, and nobody in the way. */
static int make_good_card(void **state)
{
	(void)state;
	port = (struct port_facts){.name = "eth0",
				   .has_driver = true,
				   .has_tuning = true,
				   .has_sysfs = true,
				   .has_ipv6 = true,
				   .has_bql = true};
	port.use = (struct port_use){.is_named = true, .is_stamped_behind_queue = true};
	port.link = (struct ebc_link){.ifindex = 7,
				      .name = "eth0",
				      .mac = {2, 0, 0, 1, 2, 3},
				      .is_ethernet = true,
				      .is_up = true,
				      .has_carrier = true,
				      .mtu = 1500,
				      .n_lowest = 1,
				      .lowest = {7}};
	port.detail = (struct ebc_link_detail){
		.ifindex = 7, .name = "eth0", .is_ethernet = true, .is_multicast = true, .parent_bus = "pci"};
	port.driver = (struct ebc_ethtool_info){.driver = "igb", .has_tx_software = true};
	port.tuning = (struct ebc_ethtool_tuning){.speed_mbps = 1000,
						  .duplex = EBC_DUPLEX_FULL,
						  .has_features = true,
						  .has_coalesce = true,
						  .has_rx_usecs = true,
						  .has_rx_adaptive = true,
						  .has_eee = true,
						  .has_tx_ring = true,
						  .tx_ring = 256};
	put_qdisc("fq_codel", TC_H_ROOT);
	return 0;
}

static int forget(void **state)
{
	(void)state;
	findings_free(&told);
	return 0;
}

static void judge_port(void *facts)
{
	port_judge(facts, &told);
}

static void judge(void)
{
	judge_everywhere(judge_port, &port);
}

static const struct finding *assert_told(const char *topic, enum finding_level level)
{
	const struct finding *finding = findings_get(&told, topic, "eth0");

	assert_non_null(finding);
	assert_int_equal(finding->level, level);
	return finding;
}

static size_t n_not_good(void)
{
	size_t n = 0;

	for (size_t i = 0; i < told.n; i++)
		n += told.list[i].level != FINDING_GOOD;
	return n;
}

/* That one alone is not good. */
static void assert_only(const char *topic, enum finding_level level, const char *mend)
{
	judge();
	assert_string_equal(assert_told(topic, level)->mend, mend);
	assert_int_equal(n_not_good(), 1);
}

static void a_card_as_it_should_be_is_good(void **state)
{
	(void)state;
	judge();
	assert_int_equal(n_not_good(), 0);
	assert_told("coalescing", FINDING_GOOD);
	assert_told("offloads", FINDING_GOOD);
	assert_string_equal(told.list[0].port, "eth0");
}

static void an_interface_that_is_not_there_has_nothing_else_said_of_it(void **state)
{
	(void)state;
	port.error = -ENODEV;
	strcpy(port.nearest, "eth1");
	assert_only("link", FINDING_PROBLEM, "ip link  # shows those that there are");
	assert_int_equal(told.n, 1);
	assert_non_null(strstr(told.list[0].text, "eth1"));
}

static void what_is_down_is_a_problem_only_where_it_is_meant_to_be_a_port(void **state)
{
	(void)state;
	port.link.is_up = port.link.has_carrier = false;
	assert_only("link", FINDING_PROBLEM, "ip link set dev eth0 up");
	port.use.is_named = false;
	assert_only("link", FINDING_NOTE, "ip link set dev eth0 up");
	port.link.is_up = true;
	port.use.is_named = true;
	assert_only("link", FINDING_NOTE, "ip -s link show dev eth0  # and look at the cable");
}

static void half_duplex_small_mtu_no_mac_and_no_multicast_are_told(void **state)
{
	(void)state;
	port.tuning.duplex = EBC_DUPLEX_HALF;
	assert_only("speed", FINDING_NOTE, "ethtool -s eth0 autoneg on");
	make_good_card(state);
	port.link.mtu = 255;
	assert_only("mtu", FINDING_PROBLEM, "ip link set dev eth0 mtu 1500");
	make_good_card(state);
	memset(port.link.mac, 0, 6);
	assert_only("mac", FINDING_PROBLEM, "ip link set dev eth0 address 02:00:00:00:00:07");
	make_good_card(state);
	port.detail.is_multicast = false;
	assert_only("multicast", FINDING_PROBLEM, "ip link set dev eth0 multicast on");
}

static void udp_needs_an_address_which_may_be_the_bridges(void **state)
{
	(void)state;
	port.use.needs_address = port.use.is_udp4 = true;
	assert_only("address", FINDING_PROBLEM,
		    "ip address add 192.0.2.1/24 dev eth0  # with one of this network");
	port.link.n_ipv4 = 1;
	judge();
	assert_int_equal(n_not_good(), 0);

	port.use.is_udp4 = false;
	port.use.is_udp6 = true;
	port.link.is_bridge_member = true;
	port.detail.bridge_port.state = EBC_BRIDGE_PORT_FORWARDING;
	port.master = (struct ebc_link_detail){.ifindex = 9, .name = "br0", .kind_name = "bridge"};
	assert_only("address", FINDING_PROBLEM, "ip link set dev br0 addrgenmode eui64");
	port.link.has_carrier = false;
	assert_only("link", FINDING_NOTE, "ip -s link show dev eth0  # and look at the cable");
	port.link.has_carrier = true;
	port.is_ipv6_disabled = true;
	assert_only("address", FINDING_PROBLEM, "echo 0 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6");
	port.has_ipv6 = false;
	assert_only("address", FINDING_PROBLEM,
		    "network_transport UDPv4  # in the configuration, for this port");
	port.use.needs_address = false;
	judge();
	assert_int_equal(n_not_good(), 0);
}

static void an_igb_with_coalescing_and_eee_is_told_how_to_be_without(void **state)
{
	(void)state;
	port.tuning.rx_usecs = 50;
	port.tuning.is_eee_enabled = true;
	assert_only("coalescing", FINDING_NOTE, "ethtool -C eth0 adaptive-rx off rx-usecs 0");
	assert_non_null(strstr(assert_told("eee", FINDING_GOOD)->text, "the other end"));
	port.link.has_carrier = false;
	judge();
	assert_non_null(strstr(assert_told("eee", FINDING_GOOD)->text, "when it is connected"));
	port.link.has_carrier = true;
	port.tuning.is_eee_active = true;
	judge();
	assert_string_equal(assert_told("eee", FINDING_NOTE)->mend, "ethtool --set-eee eth0 eee off");
	assert_int_equal(n_not_good(), 2);
}

static void the_mend_of_coalescing_has_only_what_the_driver_knows(void **state)
{
	(void)state;
	port.tuning.has_rx_adaptive = false;
	port.tuning.rx_usecs = 3;
	assert_only("coalescing", FINDING_NOTE, "ethtool -C eth0 rx-usecs 0");
	port.tuning.has_rx_usecs = false;
	port.tuning.has_rx_adaptive = port.tuning.is_rx_adaptive = true;
	assert_only("coalescing", FINDING_NOTE, "ethtool -C eth0 adaptive-rx off");
	port.tuning.has_coalesce = false;
	assert_only("coalescing", FINDING_NOTE, "");
}

static void offloads_that_keep_messages_back_are_told(void **state)
{
	(void)state;
	port.tuning.has_gro_fraglist = true;
	assert_only("gro-list", FINDING_PROBLEM, "ethtool -K eth0 rx-gro-list off");
	make_good_card(state);
	port.tuning.has_gro_udp_forwarding = true;
	assert_only("gro-udp", FINDING_PROBLEM, "ethtool -K eth0 rx-udp-gro-forwarding off");
	assert_null(findings_get(&told, "offloads", "eth0"));
	make_good_card(state);
	port.tuning.has_lro = port.tuning.has_gro_hw = true;
	assert_only("receive-offload", FINDING_NOTE, "ethtool -K eth0 lro off rx-gro-hw off");
	make_good_card(state);
	port.tuning.has_hw_tc = true;
	assert_only("hw-tc-offload", FINDING_NOTE, "ethtool -K eth0 hw-tc-offload off");
	make_good_card(state);
	port.tuning.has_tso = true;
	assert_only("tso", FINDING_NOTE, "ethtool -K eth0 tso off gso off");
	assert_non_null(strstr(findings_get(&told, "tso", "eth0")->why, "524 us"));
	/* 64 KiB are soon gone there. */
	port.tuning.speed_mbps = 25000;
	judge();
	assert_int_equal(n_not_good(), 0);
}

static void a_ring_counts_only_where_no_queue_limit_was_at_work(void **state)
{
	(void)state;
	port.has_bql = false;
	assert_only("tx-ring", FINDING_NOTE, "ethtool -G eth0 tx 128");
	port.tuning.tx_ring = 128;
	judge();
	assert_int_equal(n_not_good(), 0);
}

static void a_card_of_a_virtual_machine_is_told_and_not_what_only_cards_have(void **state)
{
	static const char *const drivers[] = {"virtio_net", "vmxnet3", "vif", "hv_netvsc"};

	(void)state;
	strcpy(port.detail.parent_bus, "virtio");
	port.tuning.has_tso = true;
	port.tuning.has_coalesce = port.has_bql = false;
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		strcpy(port.driver.driver, drivers[i]);
		assert_only("driver", FINDING_NOTE, "");
	}
	strcpy(port.driver.driver, "veth");
	judge();
	assert_int_equal(n_not_good(), 0);
}

static void usb_wireless_and_macvlan_are_told(void **state)
{
	(void)state;
	strcpy(port.detail.parent_bus, "usb");
	port.tuning.speed_mbps = 0;
	assert_only("driver", FINDING_NOTE, "");
	port.is_wireless = true;
	assert_only("driver", FINDING_NOTE, "iw dev eth0 set power_save off");
	make_good_card(state);
	strcpy(port.driver.driver, "");
	strcpy(port.detail.kind_name, "macvlan");
	strcpy(port.lowest, "eth5");
	assert_only("driver", FINDING_NOTE, "[eth5]  # in the configuration, in place of [eth0]");
}

static void a_driver_that_does_not_stamp_cannot_be_used_without_bpf(void **state)
{
	(void)state;
	port.driver.has_tx_software = false;
	assert_only("stamping", FINDING_NOTE, "");
	port.use.is_software = true;
	assert_only("stamping", FINDING_PROBLEM, "time_stamping bpf  # in the configuration");
}

static void a_member_of_a_bridge_is_good_until_the_bridge_forwards_peer_delay(void **state)
{
	(void)state;
	port.link.is_bridge_member = true;
	port.detail.bridge_port.state = EBC_BRIDGE_PORT_FORWARDING;
	port.master = (struct ebc_link_detail){.ifindex = 9, .name = "br0", .kind_name = "bridge"};
	judge();
	assert_told("bridge", FINDING_GOOD);
	assert_int_equal(n_not_good(), 0);
	port.master.bridge.group_fwd_mask = 0x4008;
	assert_only("group-fwd-mask", FINDING_NOTE, "ip link set dev br0 type bridge group_fwd_mask 0x8");
	port.master.bridge.group_fwd_mask = 8;
	port.detail.bridge_port.group_fwd_mask = 0x4000;
	assert_only("group-fwd-mask", FINDING_NOTE,
		    "ip link set dev eth0 type bridge_slave group_fwd_mask 0x0");
	port.detail.bridge_port.group_fwd_mask = 0;
	port.detail.bridge_port.state = EBC_BRIDGE_PORT_BLOCKING;
	assert_only("spanning-tree", FINDING_NOTE, "bridge -d link show dev eth0  # tells more");
}

static void by_sockets_a_member_of_a_bridge_hears_no_udp(void **state)
{
	(void)state;
	port.link.is_bridge_member = true;
	port.master = (struct ebc_link_detail){.ifindex = 9, .name = "br0", .kind_name = "bridge"};
	port.use.is_software = true;
	port.detail.bridge_port.state = EBC_BRIDGE_PORT_FORWARDING;
	judge();
	assert_int_equal(n_not_good(), 0);
	port.use.is_udp4 = true;
	assert_only("bridge", FINDING_PROBLEM, "time_stamping bpf  # in the configuration");
}

static void of_bonds_only_one_by_one_is_good(void **state)
{
	(void)state;
	port.link.kind = EBC_LINK_BOND;
	strcpy(port.link.kind_name, "bond");
	strcpy(port.lowest, "eth5, eth6");
	port.detail.bond.mode = 1;
	judge();
	assert_told("bond", FINDING_GOOD);
	port.detail.bond.mode = 4;
	judge();
	assert_non_null(strstr(assert_told("bond", FINDING_NOTE)->text, "802.3ad"));
	port.detail.bond.mode = 200;
	judge();
	assert_told("bond", FINDING_NOTE);
	*port.lowest = '\0';
	judge();
	assert_told("bond", FINDING_PROBLEM);
	strcpy(port.link.kind_name, "team");
	strcpy(port.lowest, "eth5");
	judge();
	assert_told("bond", FINDING_NOTE);
}

static void a_member_of_a_bond_is_told_that_the_bond_is_the_port(void **state)
{
	(void)state;
	port.link.is_bond_member = true;
	port.master = (struct ebc_link_detail){.ifindex = 9, .name = "bond0", .kind_name = "bond"};
	assert_only("bond", FINDING_NOTE, "[bond0]  # in the configuration, in place of [eth0]");
	/* Seen because the bond is the port. */
	port.below = "bond0";
	judge();
	assert_int_equal(n_not_good(), 0);
}

static void a_switch_chip_is_a_problem_where_it_forwards_by_itself(void **state)
{
	(void)state;
	port.link.has_switch_id = true;
	assert_only("switch", FINDING_NOTE, "");
	port.link.is_bridge_member = true;
	port.detail.bridge_port.state = EBC_BRIDGE_PORT_FORWARDING;
	port.master = (struct ebc_link_detail){.ifindex = 9, .name = "br0", .kind_name = "bridge"};
	/* The only one of it there. */
	assert_only("switch", FINDING_NOTE, "");
	port.n_of_same_switch = 1;
	assert_only("switch", FINDING_PROBLEM, "ip link set dev eth0 nomaster");
}

static void ports_of_one_switch_have_one_id_and_one_bridge(void **state)
{
	const struct ebc_link_detail list[] = {
		{.ifindex = 7, .master_ifindex = 9, .switch_id_len = 2, .switch_id = {1, 2}},
		{.ifindex = 8, .master_ifindex = 9, .switch_id_len = 2, .switch_id = {1, 2}},
		{.ifindex = 10, .master_ifindex = 9, .switch_id_len = 2, .switch_id = {1, 3}},
		{.ifindex = 11, .master_ifindex = 9},
		{.ifindex = 12, .master_ifindex = 13, .switch_id_len = 2, .switch_id = {1, 2}},
	};

	(void)state;
	assert_int_equal(port_n_of_same_switch(&list[0], list, ARRAY_SIZE(list)), 1);
	assert_int_equal(port_n_of_same_switch(&list[2], list, ARRAY_SIZE(list)), 0);
	assert_int_equal(port_n_of_same_switch(&list[4], list, ARRAY_SIZE(list)), 0);
}

static void a_vlan_is_told_with_what_is_below(void **state)
{
	(void)state;
	port.link.kind = EBC_LINK_VLAN;
	port.link.vlan_id = 5;
	strcpy(port.lowest, "eth5");
	judge();
	assert_string_equal(assert_told("vlan", FINDING_GOOD)->text, "VLAN 5 on eth5");
}

static void a_queue_is_good_if_the_stamp_comes_after_it(void **state)
{
	(void)state;
	port.n_qdiscs = 0;
	put_qdisc("mq", TC_H_ROOT);
	put_qdisc("fq_codel", 0x10001);
	put_qdisc("clsact", TC_H_CLSACT);
	judge();
	assert_string_equal(assert_told("qdisc", FINDING_GOOD)->text, "queueing discipline mq with fq_codel");
	port.use.is_stamped_behind_queue =
		false; /* the driver's stamp does as well, but not for frames of others */
	judge();
	assert_int_equal(n_not_good(), 0);
	port.use.is_transparent = true;
	assert_only("qdisc", FINDING_NOTE,
		    "tc qdisc replace dev eth0 root pfifo_fast  # PTP with a priority goes first");
	port.n_qdiscs = 0;
	put_qdisc("noqueue", TC_H_ROOT);
	judge();
	assert_int_equal(n_not_good(), 0);
}

static void what_keeps_frames_back_on_a_free_line_is_told_wherever_it_is(void **state)
{
	static const char *const kinds[] = {"tbf", "htb", "hfsc", "cake", "taprio", "netem"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		port.n_qdiscs = 0;
		put_qdisc(kinds[i], TC_H_ROOT);
		assert_only("qdisc", FINDING_NOTE, "tc qdisc del dev eth0 root");
	}
	port.n_qdiscs = 0;
	put_qdisc("mq", TC_H_ROOT);
	put_qdisc("fq_codel", 0x10001);
	put_qdisc("tbf", 0x10002);
	assert_only("qdisc", FINDING_NOTE, "tc qdisc del dev eth0 root");
	port.n_qdiscs = 0;
	put_qdisc("mqprio", TC_H_ROOT);
	put_qdisc("etf", 0x10003);
	assert_only("etf", FINDING_NOTE, "tc -s qdisc show dev eth0  # what etf dropped");
	port.n_qdiscs = 0;
	put_qdisc("etf", TC_H_ROOT);
	assert_only("qdisc", FINDING_PROBLEM, "tc qdisc del dev eth0 root");
	put_qdisc("tbf", 0x10001);
	/* More than are in the list. */
	port.n_qdiscs = 10 * PORT_QDISCS;
	judge();
	port.qdiscs_error = -ETIMEDOUT;
	assert_only("qdisc", FINDING_NOTE, "");
}

#define IF_BY_LINK "  # refused: bpftool link list, and end its owner"

static void an_xdp_program_is_told_with_where_it_runs(void **state)
{
	(void)state;
	port.detail.xdp = EBC_XDP_GENERIC;
	assert_only("xdp", FINDING_NOTE, "ip link set dev eth0 xdpgeneric off" IF_BY_LINK);
	port.detail.xdp = EBC_XDP_SEVERAL;
	assert_only("xdp", FINDING_NOTE,
		    "ip link set dev eth0 xdpgeneric off; ip link set dev eth0 xdpdrv off" IF_BY_LINK);
	port.detail.xdp = EBC_XDP_DRIVER;
	strcpy(port.xdp_name, "xdp_pass");
	assert_only("xdp", FINDING_NOTE, "ip link set dev eth0 xdpdrv off" IF_BY_LINK);
	assert_non_null(strstr(assert_told("xdp", FINDING_NOTE)->text, "(in the driver): xdp_pass"));
}

static void put_program(struct port_programs *programs, const char *name, bool is_ours)
{
	strcpy(programs->list[programs->n].name, name);
	programs->list[programs->n++].is_ours = is_ours;
}

static void a_program_at_tc_is_told_only_where_it_is_in_the_way(void **state)
{
	(void)state;
	/* The daemon does not run: it will be in front. */
	put_program(&port.tcx_ingress, "cil_from_net", false);
	judge();
	assert_int_equal(n_not_good(), 0);
	put_program(&port.tcx_ingress, "ebc_ingress", true);
	assert_only("tc-programs", FINDING_NOTE, "bpftool prog show name cil_from_net  # tells whose it is");
	strcpy(port.tcx_ingress.list[0].name, "id 7");
	assert_only("tc-programs", FINDING_NOTE, "bpftool prog show id 7  # tells whose it is");
	strcpy(port.tcx_ingress.list[0].name, "cil_from_net");
	judge();
	assert_non_null(strstr(findings_get(&told, "tc-programs", "eth0")->text, "cil_from_net"));
	port.tcx_ingress.n = 0;
	put_program(&port.tcx_ingress, "ebc_ingress", true);
	put_program(&port.tcx_ingress, "cil_from_net", false);
	put_program(&port.tcx_egress, "ebc_egress", true);
	judge();
	assert_int_equal(n_not_good(), 0);
	put_program(&port.tcx_egress, "cil_to_net", false);
	assert_only("tc-programs", FINDING_NOTE, "bpftool prog show name cil_to_net  # tells whose it is");
	assert_non_null(strstr(assert_told("tc-programs", FINDING_NOTE)->text, "first cil_to_net"));
	port.tcx_egress.n = 0;
	port.n_egress_filters = 1;
	strcpy(port.egress_filter.kind, "flower");
	assert_only("tc-programs", FINDING_NOTE, "tc filter show dev eth0 egress");
}

static void a_filter_of_tc_is_told_with_how_to_be_rid_of_it(void **state)
{
	(void)state;
	port.n_ingress_filters = 2;
	port.ingress_filter = (struct ebc_tc_filter){.kind = "flower", .priority = 49152};
	assert_only("tc-programs", FINDING_NOTE, "tc filter del dev eth0 ingress pref 49152");
}

static void what_only_root_may_see_is_a_note_that_says_so(void **state)
{
	(void)state;
	port.tcx_ingress.error = -EPERM;
	port.flowtables_error = -EPERM;
	judge();
	assert_int_equal(n_not_good(), 2);
	assert_string_equal(assert_told("flowtable", FINDING_NOTE)->why, "only root may");
}

static void a_flow_table_matters_in_the_card(void **state)
{
	(void)state;
	port.has_flowtable = true;
	port.flowtable = (struct ebc_flowtable){.table = "filter", .name = "fast"};
	judge();
	assert_int_equal(n_not_good(), 0);
	port.flowtable.is_offloaded = true;
	judge();
	assert_told("flowtable", FINDING_NOTE);
	assert_mend_on_router(judge_port, &port, "flowtable", "eth0",
			      "uci set firewall.@defaults[0].flow_offloading_hw=0 && uci commit firewall && "
			      "/etc/init.d/firewall restart");
}

static void rps_matters_where_the_stamp_comes_after_it(void **state)
{
	(void)state;
	port.has_rps = true;
	port.is_stamped_before_rps = ANSWER_YES;
	judge();
	assert_int_equal(n_not_good(), 0);
	port.is_stamped_before_rps = ANSWER_UNKNOWN;
	judge();
	assert_non_null(strstr(assert_told("rps", FINDING_NOTE)->text, "cannot be seen"));
	port.is_stamped_before_rps = ANSWER_NO;
	assert_only("rps", FINDING_NOTE, "sysctl -w net.core.netdev_tstamp_prequeue=1");
}

static void threads_and_deferred_interrupts_are_told(void **state)
{
	(void)state;
	port.is_threaded = true;
	assert_only("threaded-napi", FINDING_NOTE, "echo 0 > /sys/class/net/eth0/threaded");
	port.is_threaded = false;
	port.gro_flush_timeout_ns = 20000;
	judge();
	assert_int_equal(n_not_good(), 0);
	port.napi_defer_hard_irqs = 2;
	assert_only("deferred-interrupts", FINDING_NOTE, "echo 0 > /sys/class/net/eth0/napi_defer_hard_irqs");
}

static void without_its_sysfs_that_is_said_and_nothing_guessed(void **state)
{
	(void)state;
	port.has_sysfs = port.has_bql = false;
	judge();
	assert_told("rps", FINDING_NOTE);
	assert_int_equal(n_not_good(), 1);
}

static void the_nearest_name_differs_by_few_letters_and_is_of_ethernet(void **state)
{
	static const struct ebc_link_detail list[] = {{.name = "lo"},
						      {.name = "eth0", .is_ethernet = true},
						      {.name = "enp3s0", .is_ethernet = true},
						      {.name = "e", .is_ethernet = true}};

	(void)state;
	assert_string_equal(port_nearest_name(list, 4, "ethh0"), "eth0");
	assert_string_equal(port_nearest_name(list, 4, "eth1"), "eth0");
	assert_string_equal(port_nearest_name(list, 4, "enp3s0f0"), "enp3s0");
	assert_null(port_nearest_name(list, 4, "wlan0"));
	assert_null(port_nearest_name(list, 4, "l"));
	assert_null(port_nearest_name(list, 0, "eth0"));
	assert_null(port_nearest_name(list, 4, "a_name_that_is_much_longer_than_any_interface_of_linux"));
}

static void what_the_configuration_wants_of_a_port_is_its_own_value(void **state)
{
	struct port_use use = {.is_named = true};
	const char text[] = "[global]\nnetwork_transport UDPv6\ntime_stamping software\nlocal_clock virtual\n"
			    "[eth0]\nnetwork_transport L2\n[eth1]\n[eth2]\nudp_source_address fe80::1\n";
	struct ebc_config *config;

	(void)state;
	port_use_of(NULL, "eth0", &use);
	assert_false(use.is_udp4 || use.is_software);
	assert_int_equal(ebc_config_new(&config), 0);
	assert_int_equal(ebc_config_read_text(config, "test", text, strlen(text)), 0);
	assert_int_equal(ebc_config_finish(config), 0);
	port_use_of(config, "eth0", &use);
	assert_true(use.is_named && use.is_software);
	assert_false(use.is_udp6 || use.is_udp4 || use.needs_address || use.is_transparent);
	port_use_of(config, "eth1", &use);
	assert_true(use.is_udp6 && use.needs_address);
	port_use_of(config, "eth2", &use);
	assert_true(use.is_udp6 && !use.needs_address);
	/* --port may name what the file does not. */
	port_use_of(config, "eth9", &use);
	assert_true(use.is_udp6 && use.needs_address);
	ebc_config_free(config);
}

#define PORT_TEST(f) cmocka_unit_test_setup_teardown(f, make_good_card, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PORT_TEST(a_card_as_it_should_be_is_good),
		PORT_TEST(an_interface_that_is_not_there_has_nothing_else_said_of_it),
		PORT_TEST(what_is_down_is_a_problem_only_where_it_is_meant_to_be_a_port),
		PORT_TEST(half_duplex_small_mtu_no_mac_and_no_multicast_are_told),
		PORT_TEST(udp_needs_an_address_which_may_be_the_bridges),
		PORT_TEST(an_igb_with_coalescing_and_eee_is_told_how_to_be_without),
		PORT_TEST(the_mend_of_coalescing_has_only_what_the_driver_knows),
		PORT_TEST(offloads_that_keep_messages_back_are_told),
		PORT_TEST(a_ring_counts_only_where_no_queue_limit_was_at_work),
		PORT_TEST(a_card_of_a_virtual_machine_is_told_and_not_what_only_cards_have),
		PORT_TEST(usb_wireless_and_macvlan_are_told),
		PORT_TEST(a_driver_that_does_not_stamp_cannot_be_used_without_bpf),
		PORT_TEST(a_member_of_a_bridge_is_good_until_the_bridge_forwards_peer_delay),
		PORT_TEST(by_sockets_a_member_of_a_bridge_hears_no_udp),
		PORT_TEST(of_bonds_only_one_by_one_is_good),
		PORT_TEST(a_member_of_a_bond_is_told_that_the_bond_is_the_port),
		PORT_TEST(a_switch_chip_is_a_problem_where_it_forwards_by_itself),
		PORT_TEST(ports_of_one_switch_have_one_id_and_one_bridge),
		PORT_TEST(a_vlan_is_told_with_what_is_below),
		PORT_TEST(a_queue_is_good_if_the_stamp_comes_after_it),
		PORT_TEST(what_keeps_frames_back_on_a_free_line_is_told_wherever_it_is),
		PORT_TEST(an_xdp_program_is_told_with_where_it_runs),
		PORT_TEST(a_program_at_tc_is_told_only_where_it_is_in_the_way),
		PORT_TEST(a_filter_of_tc_is_told_with_how_to_be_rid_of_it),
		PORT_TEST(what_only_root_may_see_is_a_note_that_says_so),
		PORT_TEST(a_flow_table_matters_in_the_card),
		PORT_TEST(rps_matters_where_the_stamp_comes_after_it),
		PORT_TEST(threads_and_deferred_interrupts_are_told),
		PORT_TEST(without_its_sysfs_that_is_said_and_nothing_guessed),
		PORT_TEST(the_nearest_name_differs_by_few_letters_and_is_of_ethernet),
		PORT_TEST(what_the_configuration_wants_of_a_port_is_its_own_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
