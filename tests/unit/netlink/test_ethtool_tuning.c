// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers of network cards that the test machine does not have, and malformed ones. */
#include "netlink/ethtool_tuning.h"
#include "netlink/ethtool_tuning_parse.h"

#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static _Alignas(struct nlmsghdr) uint8_t buffer[4096];

static struct nlmsghdr *answer(void)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);

	mnl_nlmsg_put_extra_header(nlh, sizeof(struct genlmsghdr));
	return nlh;
}

static void put_bit(struct nlmsghdr *nlh, const char *name)
{
	struct nlattr *bit = mnl_attr_nest_start(nlh, ETHTOOL_A_BITSET_BITS_BIT);

	mnl_attr_put_strz(nlh, ETHTOOL_A_BITSET_BIT_NAME, name);
	mnl_attr_nest_end(nlh, bit);
}

static void speed_and_duplex_are_those_of_the_link(void **state)
{
	struct ebc_ethtool_tuning tuning = {};
	struct nlmsghdr *nlh = answer();

	(void)state;
	mnl_attr_put_u32(nlh, ETHTOOL_A_LINKMODES_SPEED, 100);
	mnl_attr_put_u8(nlh, ETHTOOL_A_LINKMODES_DUPLEX, DUPLEX_HALF);
	assert_int_equal(ebc_ethtool_parse_linkmodes(nlh, &tuning), MNL_CB_OK);
	assert_int_equal(tuning.speed_mbps, 100);
	assert_int_equal(tuning.duplex, EBC_DUPLEX_HALF);
}

static void without_carrier_there_is_no_speed(void **state)
{
	struct ebc_ethtool_tuning tuning = {};
	struct nlmsghdr *nlh = answer();

	(void)state;
	mnl_attr_put_u32(nlh, ETHTOOL_A_LINKMODES_SPEED, (uint32_t)SPEED_UNKNOWN);
	mnl_attr_put_u8(nlh, ETHTOOL_A_LINKMODES_DUPLEX, DUPLEX_UNKNOWN);
	assert_int_equal(ebc_ethtool_parse_linkmodes(nlh, &tuning), MNL_CB_OK);
	assert_int_equal(tuning.speed_mbps, 0);
	assert_int_equal(tuning.duplex, EBC_DUPLEX_UNKNOWN);
}

static void only_active_features_count(void **state)
{
	struct ebc_ethtool_tuning tuning = {};
	struct nlmsghdr *nlh = answer();
	struct nlattr *active, *bits;

	(void)state;
	active = mnl_attr_nest_start(nlh, ETHTOOL_A_FEATURES_ACTIVE);
	mnl_attr_put(nlh, ETHTOOL_A_BITSET_NOMASK, 0, NULL);
	bits = mnl_attr_nest_start(nlh, ETHTOOL_A_BITSET_BITS);
	put_bit(nlh, "rx-lro");
	put_bit(nlh, "rx-udp-gro-forwarding");
	put_bit(nlh, "tx-tcp6-segmentation");
	mnl_attr_nest_end(nlh, bits);
	mnl_attr_nest_end(nlh, active);
	assert_int_equal(ebc_ethtool_parse_features(nlh, &tuning), MNL_CB_OK);
	assert_true(tuning.has_features && tuning.has_lro && tuning.has_tso && tuning.has_gro_udp_forwarding);
	assert_false(tuning.has_gro_fraglist || tuning.has_gro_hw || tuning.has_hw_tc);
}

static void what_a_driver_does_not_know_of_coalescing_is_not_there(void **state)
{
	struct ebc_ethtool_tuning tuning = {};
	struct nlmsghdr *nlh = answer();

	(void)state;
	mnl_attr_put_u32(nlh, ETHTOOL_A_COALESCE_RX_USECS, 50);
	assert_int_equal(ebc_ethtool_parse_coalesce(nlh, &tuning), MNL_CB_OK);
	assert_true(tuning.has_coalesce && tuning.has_rx_usecs);
	assert_int_equal(tuning.rx_usecs, 50);
	assert_false(tuning.has_rx_adaptive || tuning.is_rx_adaptive);

	mnl_attr_put_u8(nlh, ETHTOOL_A_COALESCE_USE_ADAPTIVE_RX, 1);
	ebc_ethtool_parse_coalesce(nlh, &tuning);
	assert_true(tuning.has_rx_adaptive && tuning.is_rx_adaptive);
}

static void eee_may_be_enabled_and_not_active(void **state)
{
	struct ebc_ethtool_tuning tuning = {};
	struct nlmsghdr *nlh = answer();

	(void)state;
	mnl_attr_put_u8(nlh, ETHTOOL_A_EEE_ACTIVE, 0);
	mnl_attr_put_u8(nlh, ETHTOOL_A_EEE_ENABLED, 1);
	assert_int_equal(ebc_ethtool_parse_eee(nlh, &tuning), MNL_CB_OK);
	assert_true(tuning.has_eee && tuning.is_eee_enabled);
	assert_false(tuning.is_eee_active);
}

static void the_ring_is_that_for_sending(void **state)
{
	struct ebc_ethtool_tuning tuning = {};
	struct nlmsghdr *nlh = answer();

	(void)state;
	mnl_attr_put_u32(nlh, ETHTOOL_A_RINGS_RX, 512);
	assert_int_equal(ebc_ethtool_parse_rings(nlh, &tuning), MNL_CB_OK);
	assert_false(tuning.has_tx_ring);
	mnl_attr_put_u32(nlh, ETHTOOL_A_RINGS_TX, 256);
	ebc_ethtool_parse_rings(nlh, &tuning);
	assert_true(tuning.has_tx_ring);
	assert_int_equal(tuning.tx_ring, 256);
}

static void an_attribute_of_the_wrong_size_is_one_that_is_missing(void **state)
{
	struct ebc_ethtool_tuning tuning = {}, nothing = {};
	struct nlmsghdr *nlh = answer();

	(void)state;
	/* 16 bits, under the numbers of all that is read. */
	for (uint16_t type = 1; type < 40; type++)
		mnl_attr_put_u16(nlh, type, 0x0101);
	ebc_ethtool_parse_linkmodes(nlh, &tuning);
	ebc_ethtool_parse_eee(nlh, &tuning);
	ebc_ethtool_parse_rings(nlh, &tuning);
	assert_memory_equal(&tuning, &nothing, sizeof(tuning));
	ebc_ethtool_parse_coalesce(nlh, &tuning);
	assert_false(tuning.has_rx_usecs || tuning.has_rx_adaptive);
	tuning = nothing;
	ebc_ethtool_parse_features(nlh, &tuning);
	assert_false(tuning.has_lro || tuning.has_tso);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(speed_and_duplex_are_those_of_the_link),
		cmocka_unit_test(without_carrier_there_is_no_speed),
		cmocka_unit_test(only_active_features_count),
		cmocka_unit_test(what_a_driver_does_not_know_of_coalescing_is_not_there),
		cmocka_unit_test(eee_may_be_enabled_and_not_active),
		cmocka_unit_test(the_ring_is_that_for_sending),
		cmocka_unit_test(an_attribute_of_the_wrong_size_is_one_that_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
