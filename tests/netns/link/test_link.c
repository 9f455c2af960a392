// SPDX-License-Identifier: GPL-2.0-or-later
/* Look-ups of real interfaces in a namespace of their own, which is new for each test. */
#include "netlink/link.h"

#include "tests/netns/link/private_netns.h"
#include "util/macros.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

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

static struct ebc_link get(struct ebc_links *links, const char *name)
{
	struct ebc_link link;

	assert_int_equal(ebc_link_get_by_name(links, name, &link), 0);
	return link;
}

static void assert_ipv4(struct in_addr actual, const char *expected)
{
	char text[INET_ADDRSTRLEN];

	assert_string_equal(inet_ntop(AF_INET, &actual, text, sizeof(text)), expected);
}

static void assert_ipv6(const struct in6_addr *actual, const char *expected)
{
	char text[INET6_ADDRSTRLEN];

	assert_string_equal(inet_ntop(AF_INET6, actual, text, sizeof(text)), expected);
}

/* Waits for events, five seconds at most, until `is_so` says yes of the interface. */
static bool wait_until(struct ebc_links *links, const char *name, bool (*is_so)(const struct ebc_link *))
{
	struct timespec begin, now;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		struct pollfd pollfd = {.fd = ebc_links_fd(links), .events = POLLIN};
		struct ebc_link_event event;
		struct ebc_link link = get(links, name);

		if (is_so(&link))
			return true;
		poll(&pollfd, 1, 1000);
		assert_int_equal(ebc_links_dispatch(links), 0);
		while (ebc_links_pop_event(links, &event))
			;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - begin.tv_sec < 5);
	return false;
}

static void veth_is_found_by_name_and_by_ifindex(void **state)
{
	struct ebc_links *links = *state;
	struct ebc_link by_name, by_index;

	RUN("ip", "link", "add", "v0", "address", "02:00:00:00:00:0a", "mtu", "1400", "type", "veth", "peer",
	    "name", "v1");
	by_name = get(links, "v0");
	assert_string_equal(by_name.name, "v0");
	assert_int_equal(by_name.ifindex, if_nametoindex("v0"));
	assert_string_equal(by_name.kind_name, "veth");
	assert_int_equal(by_name.kind, EBC_LINK_PLAIN);
	assert_memory_equal(by_name.mac, ((uint8_t[]){2, 0, 0, 0, 0, 0x0a}), 6);
	assert_true(by_name.is_ethernet);
	assert_false(by_name.is_bridge_member || by_name.is_bond_member || by_name.has_xdp);
	assert_int_equal(by_name.mtu, 1400);
	assert_int_equal(by_name.master_ifindex, 0);
	assert_int_equal(by_name.n_lowest, 1);
	assert_int_equal(by_name.lowest[0], by_name.ifindex);
	assert_int_equal(by_name.n_ipv4 + by_name.n_ipv6, 0);

	assert_int_equal(ebc_link_get_by_index(links, by_name.ifindex, &by_index), 0);
	assert_memory_equal(&by_index, &by_name, sizeof(by_name));
}

static void missing_interface_is_enodev_and_nothing_is_written(void **state)
{
	static const char *const names[] = {"nobody", "", "a_name_that_is_longer_than_sixteen"};
	struct ebc_links *links = *state;
	struct ebc_link link = {.ifindex = 99};
	char endless[300];

	memset(endless, 'x', sizeof(endless) - 1);
	endless[sizeof(endless) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(ebc_link_get_by_name(links, names[i], &link), -ENODEV);
	assert_int_equal(ebc_link_get_by_name(links, endless, &link), -ENODEV);
	assert_int_equal(ebc_link_get_by_index(links, 4711, &link), -ENODEV);
	assert_int_equal(ebc_link_get_by_index(links, 0, &link), -ENODEV);
	assert_int_equal(ebc_link_get_by_index(links, -1, &link), -ENODEV);
	assert_int_equal(link.ifindex, 99);
	/* The socket is as good as before. */
	assert_string_equal(get(links, "lo").name, "lo");
}

static void loopback_and_tun_are_not_ethernet(void **state)
{
	struct ebc_links *links = *state;

	assert_false(get(links, "lo").is_ethernet);
	if (private_netns_run((const char *const[]){"ip", "tuntap", "add", "t0", "mode", "tun", NULL}) == 0)
		assert_false(get(links, "t0").is_ethernet);
}

static void names_with_odd_characters_are_found(void **state)
{
	static const char *const names[] = {"a'b;$(x)`\"", "-x",       "[global]",
					    "caf\xc3\xa9", "\x1b[31m", "fifteen_letters"};
	struct ebc_links *links = *state;
	int ifindex;

	RUN("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
	ifindex = get(links, "v0").ifindex;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char index_text[16];
		struct ebc_link link;

		/* `ip` takes no such name for the old one, but does for the new one. */
		snprintf(index_text, sizeof(index_text), "if%d", ifindex);
		RUN("ip", "link", "set", index_text, "name", names[i]);
		link = get(links, names[i]);
		assert_int_equal(link.ifindex, ifindex);
		assert_string_equal(link.name, names[i]);
	}
}

static void alternative_name_leads_to_the_real_one(void **state)
{
	struct ebc_links *links = *state;

	RUN("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
	RUN("ip", "link", "property", "add", "dev", "v0", "altname", "short_alt");
	RUN("ip", "link", "property", "add", "dev", "v0", "altname", "an_alternative_name_of_some_length");
	assert_string_equal(get(links, "short_alt").name, "v0");
	assert_string_equal(get(links, "an_alternative_name_of_some_length").name, "v0");
}

static bool has_carrier(const struct ebc_link *link)
{
	return link->has_carrier;
}

static bool has_no_carrier(const struct ebc_link *link)
{
	return !link->has_carrier;
}

static void up_and_carrier_follow_both_ends(void **state)
{
	struct ebc_links *links = *state;

	RUN("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
	assert_false(get(links, "v0").is_up);
	assert_false(get(links, "v0").has_carrier);

	RUN("ip", "link", "set", "v0", "up");
	assert_true(get(links, "v0").is_up);
	assert_true(wait_until(links, "v0", has_no_carrier));

	RUN("ip", "link", "set", "v1", "up");
	assert_true(wait_until(links, "v0", has_carrier));

	RUN("ip", "link", "set", "v1", "down");
	assert_true(wait_until(links, "v0", has_no_carrier));
	assert_true(get(links, "v0").is_up);
}

/* Without the addresses that the kernel gives by itself. */
static void make_veth(void)
{
	RUN("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
	RUN("ip", "link", "set", "v0", "addrgenmode", "none");
	RUN("ip", "link", "set", "v1", "addrgenmode", "none");
}

static void own_addresses_come_with_link_local_first(void **state)
{
	struct ebc_links *links = *state;
	struct ebc_link link;

	make_veth();
	RUN("ip", "link", "set", "v0", "up");
	RUN("ip", "addr", "add", "192.0.2.1/24", "dev", "v0");
	RUN("ip", "addr", "add", "10.0.0.1", "peer", "10.0.0.2", "dev", "v0");
	RUN("ip", "addr", "add", "198.51.100.1/24", "dev", "v1");
	RUN("ip", "addr", "add", "2001:db8::1/64", "dev", "v0", "nodad");
	RUN("ip", "addr", "add", "fe80::1/64", "dev", "v0", "nodad");
	link = get(links, "v0");
	assert_int_equal(link.n_ipv4, 2);
	assert_int_equal(link.n_own_ipv4, 2);
	assert_ipv4(link.ipv4[0], "192.0.2.1");
	assert_ipv4(link.ipv4[1], "10.0.0.1");
	assert_int_equal(link.n_ipv6, 2);
	assert_int_equal(link.n_own_ipv6, 2);
	assert_ipv6(&link.ipv6[0], "fe80::1");
	assert_ipv6(&link.ipv6[1], "2001:db8::1");
}

static void link_local_address_is_kept_where_there_are_too_many(void **state)
{
	struct ebc_links *links = *state;
	struct ebc_link link;

	make_veth();
	RUN("ip", "link", "set", "v0", "up");
	for (int i = 1; i <= 8; i++) {
		char ipv4[32], ipv6[32];

		snprintf(ipv4, sizeof(ipv4), "192.0.2.%d/32", i);
		snprintf(ipv6, sizeof(ipv6), "2001:db8::%d/128", i);
		RUN("ip", "addr", "add", ipv4, "dev", "v0");
		RUN("ip", "addr", "add", ipv6, "dev", "v0", "nodad");
	}
	RUN("ip", "addr", "add", "fe80::1/64", "dev", "v0", "nodad");
	link = get(links, "v0");
	assert_int_equal(link.n_ipv4, EBC_LINK_ADDRESSES);
	assert_ipv4(link.ipv4[0], "192.0.2.1");
	assert_int_equal(link.n_ipv6, EBC_LINK_ADDRESSES);
	assert_ipv6(&link.ipv6[0], "fe80::1");
}

static bool has_ipv6(const struct ebc_link *link)
{
	return link->n_ipv6 > 0;
}

static void tentative_address_appears_when_it_is_usable(void **state)
{
	struct ebc_links *links = *state;

	make_veth();
	RUN("ip", "addr", "add", "2001:db8::1/64", "dev", "v0");
	assert_int_equal(get(links, "v0").n_ipv6, 0);

	/* Duplicate address detection begins with the carrier, and its end is an event. */
	RUN("ip", "link", "set", "v1", "up");
	RUN("ip", "link", "set", "v0", "up");
	assert_int_equal(get(links, "v0").n_ipv6, 0);
	assert_true(wait_until(links, "v0", has_ipv6));
	assert_ipv6(&get(links, "v0").ipv6[0], "2001:db8::1");
}

static void bridge_member_knows_its_bridge(void **state)
{
	struct ebc_links *links = *state;
	struct ebc_link link, bridge;

	RUN("ip", "link", "add", "br0", "address", "02:00:00:00:00:bb", "type", "bridge");
	RUN("ip", "link", "set", "br0", "addrgenmode", "none");
	make_veth();
	RUN("ip", "link", "set", "br0", "up");
	RUN("ip", "link", "set", "v0", "up");
	RUN("ip", "addr", "add", "192.0.2.1/24", "dev", "br0");
	RUN("ip", "addr", "add", "fe80::bb/64", "dev", "br0", "nodad");
	RUN("ip", "addr", "add", "192.0.2.2/24", "dev", "v0");
	RUN("ip", "addr", "add", "2001:db8::2/64", "dev", "v0", "nodad");
	assert_false(get(links, "v0").is_bridge_member);

	RUN("ip", "link", "set", "v0", "master", "br0");
	bridge = get(links, "br0");
	assert_int_equal(bridge.kind, EBC_LINK_BRIDGE);
	assert_false(bridge.is_bridge_member);
	assert_int_equal(bridge.n_lowest, 1);
	assert_int_equal(bridge.lowest[0], bridge.ifindex);

	link = get(links, "v0");
	assert_true(link.is_bridge_member);
	assert_false(link.is_bond_member);
	assert_int_equal(link.master_ifindex, bridge.ifindex);
	assert_memory_equal(link.bridge_mac, bridge.mac, 6);
	assert_int_equal(link.n_own_ipv4, 1);
	assert_int_equal(link.n_ipv4, 2);
	assert_ipv4(link.ipv4[0], "192.0.2.2");
	assert_ipv4(link.ipv4[1], "192.0.2.1");
	assert_int_equal(link.n_own_ipv6, 1);
	assert_int_equal(link.n_ipv6, 2);
	assert_ipv6(&link.ipv6[0], "2001:db8::2");
	assert_ipv6(&link.ipv6[1], "fe80::bb");

	RUN("ip", "link", "set", "v0", "nomaster");
	link = get(links, "v0");
	assert_false(link.is_bridge_member);
	assert_memory_equal(link.bridge_mac, ((uint8_t[6]){0}), 6);
	assert_int_equal(link.n_ipv4, 1);
}

static void rename_is_seen_at_once(void **state)
{
	struct ebc_links *links = *state;
	struct ebc_link link;
	int ifindex;

	RUN("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
	ifindex = get(links, "v0").ifindex;
	RUN("ip", "link", "set", "v0", "name", "uplink");
	assert_int_equal(ebc_link_get_by_name(links, "v0", &link), -ENODEV);
	assert_int_equal(get(links, "uplink").ifindex, ifindex);
}

static void recreated_interface_has_its_new_ifindex(void **state)
{
	struct ebc_links *links = *state;
	struct ebc_link link;
	int ifindex;

	RUN("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
	ifindex = get(links, "v0").ifindex;
	RUN("ip", "link", "del", "v0");
	assert_int_equal(ebc_link_get_by_name(links, "v0", &link), -ENODEV);
	assert_int_equal(ebc_link_get_by_index(links, ifindex, &link), -ENODEV);
	RUN("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
	assert_int_not_equal(get(links, "v0").ifindex, ifindex);
}

static void stack_is_followed_to_its_lowest_device(void **state)
{
	struct ebc_links *links = *state;
	struct ebc_link upper, lower;

	RUN("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
	if (private_netns_run((const char *const[]){"ip", "link", "add", "m0", "link", "v0", "type",
						    "macvlan", "mode", "bridge", NULL}) != 0)
		skip();
	lower = get(links, "v0");
	upper = get(links, "m0");
	assert_string_equal(upper.kind_name, "macvlan");
	assert_int_equal(upper.n_lowest, 1);
	assert_int_equal(upper.lowest[0], lower.ifindex);
	assert_int_equal(lower.lowest[0], lower.ifindex);
}

static void stack_moved_to_another_namespace_ends_at_itself(void **state)
{
	struct ebc_links *links = *state;
	struct private_netns_holder holder;
	struct ebc_link link;
	char pid[16];

	RUN("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
	if (private_netns_run((const char *const[]){"ip", "link", "add", "m0", "link", "v0", "type",
						    "macvlan", "mode", "bridge", NULL}) != 0)
		skip();
	assert_int_equal(private_netns_hold(&holder), 0);
	snprintf(pid, sizeof(pid), "%d", holder.pid);
	RUN("ip", "link", "set", "v0", "netns", pid);
	assert_int_equal(ebc_link_get_by_name(links, "v0", &link), -ENODEV);
	link = get(links, "m0");
	assert_int_equal(link.n_lowest, 1);
	assert_int_equal(link.lowest[0], link.ifindex);
	private_netns_release(&holder);
}

static void vlan_has_its_id_and_its_real_device(void **state)
{
	struct ebc_links *links = *state;
	struct ebc_link vlan;

	RUN("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
	if (private_netns_run((const char *const[]){"ip", "link", "add", "link", "v0", "name", "v0.5", "type",
						    "vlan", "id", "5", NULL}) != 0)
		skip();
	vlan = get(links, "v0.5");
	assert_int_equal(vlan.kind, EBC_LINK_VLAN);
	assert_int_equal(vlan.vlan_id, 5);
	assert_int_equal(vlan.n_lowest, 1);
	assert_int_equal(vlan.lowest[0], get(links, "v0").ifindex);
}

static void bond_ends_at_its_members(void **state)
{
	struct ebc_links *links = *state;
	struct ebc_link bond;

	RUN("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
	if (private_netns_run((const char *const[]){"ip", "link", "add", "bond7", "type", "bond", NULL}) != 0)
		skip();
	RUN("ip", "link", "set", "v0", "master", "bond7");
	RUN("ip", "link", "set", "v1", "master", "bond7");
	bond = get(links, "bond7");
	assert_int_equal(bond.kind, EBC_LINK_BOND);
	assert_int_equal(bond.n_lowest, 2);
	assert_true(get(links, "v0").is_bond_member);
	assert_false(get(links, "v0").is_bridge_member);
}

#define LINK_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LINK_TEST(veth_is_found_by_name_and_by_ifindex),
		LINK_TEST(missing_interface_is_enodev_and_nothing_is_written),
		LINK_TEST(loopback_and_tun_are_not_ethernet),
		LINK_TEST(names_with_odd_characters_are_found),
		LINK_TEST(alternative_name_leads_to_the_real_one),
		LINK_TEST(up_and_carrier_follow_both_ends),
		LINK_TEST(own_addresses_come_with_link_local_first),
		LINK_TEST(link_local_address_is_kept_where_there_are_too_many),
		LINK_TEST(tentative_address_appears_when_it_is_usable),
		LINK_TEST(bridge_member_knows_its_bridge),
		LINK_TEST(rename_is_seen_at_once),
		LINK_TEST(recreated_interface_has_its_new_ifindex),
		LINK_TEST(stack_is_followed_to_its_lowest_device),
		LINK_TEST(stack_moved_to_another_namespace_ends_at_itself),
		LINK_TEST(vlan_has_its_id_and_its_real_device),
		LINK_TEST(bond_ends_at_its_members),
	};

	if (!private_netns_is_permitted())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
