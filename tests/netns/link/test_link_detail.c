// SPDX-License-Identifier: GPL-2.0-or-later
/* What the doctor asks the kernel about interfaces, of real ones. */
#include "netlink/ethtool_tuning.h"
#include "netlink/flowtable.h"
#include "netlink/link_detail.h"
#include "netlink/qdisc.h"

#include "tests/netns/link/private_netns.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct ebc_links *links;

static int set_up(void **state)
{
	(void)state;
	if (private_netns_enter() < 0 || ebc_links_new(&links) < 0)
		return -1;
	RUN("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
	RUN("ip", "link", "set", "v0", "up");
	RUN("ip", "link", "set", "v1", "up");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	ebc_links_free(links);
	return 0;
}

static struct ebc_link_detail detail_of(const char *name)
{
	struct ebc_link_detail detail;

	assert_int_equal(ebc_link_detail_get(links, (int)if_nametoindex(name), &detail), 0);
	return detail;
}

static void bridge_and_member_are_told(void **state)
{
	struct ebc_link_detail detail;

	(void)state;
	RUN("ip", "link", "add", "br0", "type", "bridge", "stp_state", "1", "group_fwd_mask", "0x4000");
	RUN("ip", "link", "set", "v0", "master", "br0");
	detail = detail_of("br0");
	assert_string_equal(detail.kind_name, "bridge");
	assert_true(detail.bridge.is_stp);
	assert_int_equal(detail.bridge.group_fwd_mask, 0x4000);
	assert_int_equal(detail_of("v0").master_ifindex, detail.ifindex);
	RUN("ip", "link", "set", "br0", "type", "bridge", "group_fwd_mask", "0");
	assert_int_equal(detail_of("br0").bridge.group_fwd_mask, 0);
}

static void all_interfaces_are_listed_and_counted_beyond_the_list(void **state)
{
	struct ebc_link_detail list[2];
	size_t n = 0;

	(void)state;
	assert_int_equal(ebc_link_detail_list(links, list, 2, &n), 0);
	assert_true(n >= 3); /* and what a kernel makes in each namespace */
	assert_string_equal(list[0].name, "lo");
	assert_false(list[0].is_ethernet);
}

static void the_qdisc_is_that_of_this_interface(void **state)
{
	struct ebc_qdisc list[4];
	size_t n = 0;

	(void)state;
	RUN("tc", "qdisc", "add", "dev", "v0", "root", "tbf", "rate", "10mbit", "burst", "2kb", "limit",
	    "9kb");
	assert_int_equal(ebc_qdisc_list(links, (int)if_nametoindex("v1"), list, 4, &n), 0);
	assert_int_equal(n, 1);
	assert_string_equal(list[0].kind, "noqueue");
	assert_int_equal(ebc_qdisc_list(links, (int)if_nametoindex("v0"), list, 4, &n), 0);
	assert_string_equal(list[0].kind, "tbf");
	assert_int_equal(list[0].parent, TC_H_ROOT);
}

static void without_clsact_there_are_no_filters(void **state)
{
	struct ebc_tc_filter list[4];
	size_t n = 7;

	(void)state;
	assert_int_equal(ebc_tc_filter_list(links, (int)if_nametoindex("v0"), false, list, 4, &n), 0);
	assert_int_equal(n, 0);
	RUN("tc", "qdisc", "add", "dev", "v0", "clsact");
	assert_int_equal(ebc_tc_filter_list(links, (int)if_nametoindex("v0"), true, list, 4, &n), 0);
	assert_int_equal(n, 0);
}

static void a_veth_has_features_and_no_coalescing_nor_eee(void **state)
{
	struct ebc_ethtool_tuning tuning = {.speed_mbps = 7};

	(void)state;
	assert_int_equal(ebc_ethtool_tuning_get("nobody", &tuning), -ENODEV);
	assert_int_equal(tuning.speed_mbps, 7);
	assert_int_equal(ebc_ethtool_tuning_get("v0", &tuning), 0);
	assert_true(tuning.has_features && tuning.has_tso);
	assert_int_equal(tuning.speed_mbps, 10000);
	assert_int_equal(tuning.duplex, EBC_DUPLEX_FULL);
	assert_false(tuning.has_coalesce || tuning.has_eee);
}

static void an_empty_namespace_has_no_flow_tables(void **state)
{
	struct ebc_flowtable flowtable;
	size_t n = 7;

	(void)state;
	assert_int_equal(ebc_flowtable_list(&flowtable, 1, &n), 0);
	assert_int_equal(n, 0);
}

#define DETAIL_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DETAIL_TEST(bridge_and_member_are_told),
		DETAIL_TEST(all_interfaces_are_listed_and_counted_beyond_the_list),
		DETAIL_TEST(the_qdisc_is_that_of_this_interface),
		DETAIL_TEST(without_clsact_there_are_no_filters),
		DETAIL_TEST(a_veth_has_features_and_no_coalescing_nor_eee),
		DETAIL_TEST(an_empty_namespace_has_no_flow_tables),
	};

	if (!private_netns_is_permitted())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
