// SPDX-License-Identifier: GPL-2.0-or-later
/* What drivers that every kernel has say of themselves. */
#include "netlink/ethtool.h"

#include "tests/netns/link/private_netns.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static int set_up(void **state)
{
	(void)state;
	return private_netns_enter() < 0 ? -1 : 0;
}

static void veth_stamps_in_software_and_has_no_clock(void **state)
{
	struct ebc_ethtool_info info;

	(void)state;
	RUN("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
	assert_int_equal(ebc_ethtool_get("v0", &info), 0);
	assert_string_equal(info.driver, "veth");
	assert_true(info.has_tx_software);
	assert_true(info.has_rx_software);
	assert_false(info.has_tx_hardware);
	assert_false(info.has_rx_hardware);
	assert_int_equal(info.phc_index, -1);
}

static void bridge_does_not_stamp_what_it_sends(void **state)
{
	struct ebc_ethtool_info info;

	(void)state;
	RUN("ip", "link", "add", "br0", "type", "bridge");
	assert_int_equal(ebc_ethtool_get("br0", &info), 0);
	assert_string_equal(info.driver, "bridge");
	assert_false(info.has_tx_software);
	assert_true(info.has_rx_software);
}

static void interface_without_a_driver_has_an_empty_name(void **state)
{
	struct ebc_ethtool_info info;

	(void)state;
	assert_int_equal(ebc_ethtool_get("lo", &info), 0);
	assert_string_equal(info.driver, "");
	assert_false(info.has_tx_hardware);
}

/* By the old ioctls, so that the answer of one interface is checked against the other. */
static bool switch_gro_fraglist(const char *name, bool on)
{
	struct {
		struct ethtool_gstrings head;
		char names[128][ETH_GSTRING_LEN];
	} strings = {.head = {.cmd = ETHTOOL_GSTRINGS, .string_set = ETH_SS_FEATURES}};
	struct {
		struct ethtool_sfeatures head;
		struct ethtool_set_features_block blocks[4];
	} features = {.head = {.cmd = ETHTOOL_SFEATURES}};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = {.ifr_data = (void *)&strings};
	bool is_done = false;

	memcpy(ifr.ifr_name, name, strlen(name) + 1);
	assert_true(fd >= 0);
	if (ioctl(fd, SIOCETHTOOL, &ifr) == 0) {
		features.head.size = (strings.head.len + 31) / 32;
		for (unsigned int i = 0; i < strings.head.len && i < 128; i++) {
			if (strcmp(strings.names[i], "rx-gro-list") != 0)
				continue;
			features.blocks[i / 32].valid = 1U << (i % 32);
			features.blocks[i / 32].requested = on ? 1U << (i % 32) : 0;
			ifr.ifr_data = (void *)&features;
			is_done = ioctl(fd, SIOCETHTOOL, &ifr) >= 0;
		}
	}
	close(fd);
	return is_done;
}

static void fraglist_gro_is_seen_when_it_is_switched_on(void **state)
{
	struct ebc_ethtool_info info;

	(void)state;
	RUN("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
	assert_int_equal(ebc_ethtool_get("v0", &info), 0);
	assert_false(info.has_gro_fraglist);
	if (!switch_gro_fraglist("v0", true))
		skip();
	assert_int_equal(ebc_ethtool_get("v0", &info), 0);
	assert_true(info.has_gro_fraglist);
	assert_true(switch_gro_fraglist("v0", false));
	assert_int_equal(ebc_ethtool_get("v0", &info), 0);
	assert_false(info.has_gro_fraglist);
}

static void missing_interface_is_enodev_and_nothing_is_written(void **state)
{
	struct ebc_ethtool_info info = {.phc_index = 99};

	(void)state;
	assert_int_equal(ebc_ethtool_get("nobody", &info), -ENODEV);
	assert_int_equal(ebc_ethtool_get("", &info), -ENODEV);
	assert_int_equal(ebc_ethtool_get("a_name_that_is_longer_than_sixteen", &info), -ENODEV);
	assert_int_equal(info.phc_index, 99);
}

static void a_hundred_queries_leave_no_descriptor_open(void **state)
{
	struct ebc_ethtool_info info;
	int before = dup(0), after;

	(void)state;
	close(before);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(ebc_ethtool_get("lo", &info), 0);
		assert_int_equal(ebc_ethtool_get("nobody", &info), -ENODEV);
	}
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

#define INFO_TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		INFO_TEST(veth_stamps_in_software_and_has_no_clock),
		INFO_TEST(bridge_does_not_stamp_what_it_sends),
		INFO_TEST(interface_without_a_driver_has_an_empty_name),
		INFO_TEST(fraglist_gro_is_seen_when_it_is_switched_on),
		INFO_TEST(missing_interface_is_enodev_and_nothing_is_written),
		INFO_TEST(a_hundred_queries_leave_no_descriptor_open),
	};

	if (!private_netns_is_permitted())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
