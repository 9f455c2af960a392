// SPDX-License-Identifier: GPL-2.0-or-later
/* Which distribution a tree is of, and how a tool is had there that is missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/check/tree.h"
#include "util/macros.h"

static struct distribution look(void)
{
	struct distribution distribution;

	distribution_look(tree_root, &distribution);
	return distribution;
}

static void a_family_is_known_by_os_release(void **state)
{
	static const struct {
		const char *text;
		enum distribution_family family;
	} cases[] = {
		{"PRETTY_NAME=\"A\"\nID=debian\n", FAMILY_DEBIAN},
		{"ID=raspbian\nID_LIKE=debian\n", FAMILY_DEBIAN},
		{"ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", FAMILY_DEBIAN},
		{"ID=\"openwrt\"\nID_LIKE=\"lede openwrt\"\n", FAMILY_OPENWRT},
		{"ID=fedora\nVERSION_ID=40\n", FAMILY_UNKNOWN},
		{"VARIANT_ID=debian\n", FAMILY_UNKNOWN},
		{"ID=nodebian\nID_LIKE=\"debianish\"\n", FAMILY_UNKNOWN},
		{"ID-debian\nID_LIKE", FAMILY_UNKNOWN},
		{"ID=", FAMILY_UNKNOWN},
		{"", FAMILY_UNKNOWN},
	};

	(void)state;
	assert_int_equal(look().family, FAMILY_UNKNOWN);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		tree_write("/usr/lib/os-release", cases[i].text);
		assert_int_equal(look().family, cases[i].family);
	}
	tree_write("/etc/os-release", "ID=debian\n"); /* goes before the other */
	assert_int_equal(look().family, FAMILY_DEBIAN);
	tree_write("/etc/openwrt_release", "DISTRIB_ID='OpenWrt'\n");
	assert_int_equal(look().family, FAMILY_OPENWRT);
}

static void services_and_packages_are_known_by_what_is_there(void **state)
{
	(void)state;
	assert_false(look().has_systemd || look().has_apk);
	tree_make_directory("/run/systemd/system");
	tree_write("/usr/bin/apk", "");
	assert_true(look().has_systemd && look().has_apk);
}

static const char *mend_of(const char *command, const struct distribution *distribution)
{
	findings_free(&told);
	told.distribution = *distribution;
	finding_mend(finding_add(&told, FINDING_NOTE, "test", ""), "%s", command);
	distribution_add_tools(tree_root, &told);
	return told.list[0].mend;
}

static void a_tool_that_is_missing_is_installed_first(void **state)
{
	const struct distribution debian = {.family = FAMILY_DEBIAN}, other = {},
				  router = {.family = FAMILY_OPENWRT},
				  apk = {.family = FAMILY_OPENWRT, .has_apk = true};

	(void)state;
	assert_string_equal(mend_of("ethtool -K a tso off", &debian),
			    "apt install ethtool && ethtool -K a tso off");
	assert_string_equal(mend_of("ethtool -K a tso off", &router),
			    "opkg update && opkg install ethtool && ethtool -K a tso off");
	assert_string_equal(mend_of("ethtool -K a tso off", &apk), "apk add ethtool && ethtool -K a tso off");
	assert_string_equal(mend_of("ethtool -K a tso off", &other),
			    "ethtool -K a tso off  # (ethtool was not found)");
	assert_string_equal(mend_of("hwclock -w  # once", &router),
			    "hwclock -w  # once (hwclock was not found)");
	assert_string_equal(mend_of("ethtoolish", &debian), "ethtoolish");
	assert_string_equal(mend_of("", &debian), "");
	tree_write("/usr/sbin/ethtool", "");
	assert_string_equal(mend_of("ethtool -K a tso off", &debian), "ethtool -K a tso off");
}

static void ubuntus_packages_are_not_debians(void **state)
{
	const struct distribution debian = {.family = FAMILY_DEBIAN},
				  ubuntu = {.family = FAMILY_DEBIAN, .is_ubuntu = true};

	(void)state;
	tree_write("/etc/os-release", "ID=debian\n");
	assert_false(look().is_ubuntu);
	tree_write("/etc/os-release", "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n");
	assert_true(look().is_ubuntu);
	assert_string_equal(mend_of("cpupower idle-set -D 10", &debian),
			    "apt install linux-cpupower && cpupower idle-set -D 10");
	assert_string_equal(mend_of("cpupower idle-set -D 10", &ubuntu),
			    "apt install linux-tools-generic && cpupower idle-set -D 10");
	assert_string_equal(mend_of("tc qdisc", &ubuntu), "apt install iproute2 && tc qdisc");
}

static void a_routers_small_ip_is_enough_for_what_it_can(void **state)
{
	static const char bridge[] = "ip link set dev b type bridge group_fwd_mask 0x0";
	static const char up[] = "ip link set dev a up";
	const struct distribution router = {.family = FAMILY_OPENWRT};
	char path[128];

	(void)state;
	tree_link("/sbin/ip", "../bin/busybox");
	assert_string_equal(mend_of(up, &router), up);
	assert_string_equal(mend_of(bridge, &router),
			    "opkg update && opkg install ip-full && ip link set dev b type bridge "
			    "group_fwd_mask 0x0");
	snprintf(path, sizeof(path), "%s/sbin/ip", tree_root);
	assert_int_equal(unlink(path), 0);
	tree_link("/sbin/ip", "/usr/libexec/ip-full");
	assert_string_equal(mend_of(bridge, &router), bridge);
}

static void an_option_is_set_where_the_configuration_is_made(void **state)
{
	struct distribution router = {.family = FAMILY_OPENWRT, .uci_clock = "main"}, other = {};
	struct finding finding = {};

	(void)state;
	finding_mend_by_option(&finding, &router, "clientOnly", "1");
	assert_string_equal(finding.mend, "uci set ebpf-bc.main.clientOnly=1 && uci commit ebpf-bc && "
					  "/etc/init.d/ebpf-bc reload");
	finding_mend_by_option(&finding, &other, "clientOnly", "1");
	assert_string_equal(finding.mend, "clientOnly 1  # in the configuration");
	distribution_set_configuration(&other, "/var/run/ebpf-bc/main.conf");
	assert_string_equal(other.uci_clock, "");
	distribution_set_configuration(&router, "/tmp/run/ebpf-bc/lab_2.conf");
	finding_mend_by_option(&finding, &router, "clientOnly", "1");
	assert_string_equal(finding.mend, "uci set ebpf-bc.lab_2.clientOnly=1 && uci commit ebpf-bc && "
					  "/etc/init.d/ebpf-bc reload");
}

static void a_file_of_ones_own_is_not_ucis(void **state)
{
	static const char *const paths[] = {"-",
					    "/etc/my.conf",
					    "/var/run/ebpf-bc/",
					    "/var/run/ebpf-bc/.conf",
					    "/var/run/ebpf-bc/main.conf.new",
					    "/var/run/ebpf-bc/a/b.conf",
					    "/var/run/ebpf-bc/a_name_that_is_too_long_for_a_clock_.conf"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		struct distribution router = {.family = FAMILY_OPENWRT, .uci_clock = "main"};
		struct finding finding = {};

		distribution_set_configuration(&router, paths[i]);
		finding_mend_by_option(&finding, &router, "clientOnly", "1");
		assert_string_equal(finding.mend, "clientOnly 1  # in the configuration");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(a_family_is_known_by_os_release),
		TREE_TEST(services_and_packages_are_known_by_what_is_there),
		TREE_TEST(a_tool_that_is_missing_is_installed_first),
		TREE_TEST(ubuntus_packages_are_not_debians),
		TREE_TEST(a_routers_small_ip_is_enough_for_what_it_can),
		TREE_TEST(an_option_is_set_where_the_configuration_is_made),
		TREE_TEST(a_file_of_ones_own_is_not_ucis),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
