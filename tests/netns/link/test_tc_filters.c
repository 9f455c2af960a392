// SPDX-License-Identifier: GPL-2.0-or-later
/* The count of tc filters, with programs so short that they need no compiler. */
#include "netlink/link.h"

#include "tests/netns/link/private_netns.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static int set_up(void **state)
{
	struct ebc_links *links = NULL;

	if (private_netns_enter() < 0 || ebc_links_new(&links) < 0)
		return -1;
	*state = links;
	return 0;
}

static int tear_down(void **state)
{
	ebc_links_free(*state);
	return 0;
}

static size_t count(struct ebc_links *links, const char *name)
{
	size_t n = 77;

	assert_int_equal(ebc_link_count_tc_filters(links, (int)if_nametoindex(name), &n), 0);
	return n;
}

/* One instruction: return 0. */
#define ADD_FILTER(name, hook, priority)                                                                \
	RUN("tc", "filter", "add", "dev", name, hook, "prio", priority, "bpf", "bytecode", "1,6 0 0 0", \
	    "flowid", "1:1")

static void interface_without_a_qdisc_has_no_filters(void **state)
{
	struct ebc_links *links = *state;

	RUN("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
	assert_int_equal(count(links, "v0"), 0);
	RUN("tc", "qdisc", "add", "dev", "v0", "clsact");
	assert_int_equal(count(links, "v0"), 0);
}

static void filters_of_both_hooks_and_all_priorities_count(void **state)
{
	struct ebc_links *links = *state;

	RUN("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
	RUN("tc", "qdisc", "add", "dev", "v0", "clsact");
	RUN("tc", "qdisc", "add", "dev", "v1", "clsact");
	ADD_FILTER("v0", "ingress", "1");
	assert_int_equal(count(links, "v0"), 1);
	ADD_FILTER("v0", "egress", "1");
	assert_int_equal(count(links, "v0"), 2);
	ADD_FILTER("v0", "egress", "1");
	ADD_FILTER("v0", "egress", "7");
	assert_int_equal(count(links, "v0"), 4);
	assert_int_equal(count(links, "v1"), 0);
	RUN("tc", "filter", "del", "dev", "v0", "egress");
	assert_int_equal(count(links, "v0"), 1);
	RUN("tc", "filter", "del", "dev", "v0", "ingress");
	assert_int_equal(count(links, "v0"), 0);
}

static void filters_of_another_qdisc_do_not_count(void **state)
{
	struct ebc_links *links = *state;

	RUN("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
	RUN("tc", "qdisc", "add", "dev", "v0", "root", "handle", "1:", "htb");
	RUN("tc", "filter", "add", "dev", "v0", "parent", "1:", "prio", "1", "bpf", "bytecode", "1,6 0 0 0",
	    "flowid", "1:1");
	assert_int_equal(count(links, "v0"), 0);
}

static void ingress_qdisc_of_others_is_not_empty(void **state)
{
	struct ebc_links *links = *state;

	RUN("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
	RUN("tc", "qdisc", "add", "dev", "v0", "ingress");
	ADD_FILTER("v0", "ingress", "1");
	assert_true(count(links, "v0") > 0);
}

static void hundreds_of_filters_are_counted_over_several_reads(void **state)
{
	struct ebc_links *links = *state;

	RUN("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
	RUN("tc", "qdisc", "add", "dev", "v0", "clsact");
	RUN("sh", "-c",
	    "for i in $(seq 600); do"
	    " echo filter add dev v0 ingress prio 1 bpf bytecode \\\"1,6 0 0 0\\\" flowid 1:1; done"
	    " | tc -batch -");
	assert_int_equal(count(links, "v0"), 600);
}

static void missing_interface_is_enodev(void **state)
{
	struct ebc_links *links = *state;
	size_t n = 77;

	assert_int_equal(ebc_link_count_tc_filters(links, 4711, &n), -ENODEV);
	assert_int_equal(ebc_link_count_tc_filters(links, 0, &n), -ENODEV);
	assert_int_equal(n, 77);
}

#define FILTER_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILTER_TEST(interface_without_a_qdisc_has_no_filters),
		FILTER_TEST(filters_of_both_hooks_and_all_priorities_count),
		FILTER_TEST(filters_of_another_qdisc_do_not_count),
		FILTER_TEST(ingress_qdisc_of_others_is_not_empty),
		FILTER_TEST(hundreds_of_filters_are_counted_over_several_reads),
		FILTER_TEST(missing_interface_is_enodev),
	};

	if (!private_netns_is_permitted())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
