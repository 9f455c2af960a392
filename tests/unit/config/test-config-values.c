/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parsing of values by type, and the limits of every number option. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/config/config-fixture.h"
#include "config/private.h"
#include "util/macros.h"

static int parse(enum ebc_option option, const char *text, struct ebc_value *ret_value)
{
	return ebc_value_parse(ebc_option_info(option), text, ret_value);
}

static void integers_are_decimal_hexadecimal_or_octal(void **state)
{
	static const struct {
		const char *text;
		int64_t value;
	} good[] = {{"0", 0}, {"128", 128}, {"+5", 5}, {"0x80", 128}, {"0XfF", 255}, {"010", 8}};
	static const char *const bad[] = {"",	 "x",	"12a", "1 2", "080",  "0x",
					  "1.0", "1e1", "--1", "- 1", "ASAP", "128#"};
	struct ebc_value value = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(parse(EBC_OPT_PRIORITY1, good[i].text, &value), 0);
		assert_int_equal(value.integer, good[i].value);
	}
	value.integer = 77;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse(EBC_OPT_PRIORITY1, bad[i], &value), -EINVAL);
	assert_int_equal(parse(EBC_OPT_PRIORITY1, "256", &value), -ERANGE);
	assert_int_equal(parse(EBC_OPT_PRIORITY1, "-1", &value), -ERANGE);
	assert_int_equal(parse(EBC_OPT_PRIORITY1, "99999999999999999999999", &value), -ERANGE);
	assert_int_equal(value.integer, 77);
}

static void every_integer_option_has_both_its_limits_and_nothing_beyond(void **state)
{
	(void)state;
	for (size_t i = 0; i < EBC_N_OPTIONS; i++) {
		const struct ebc_option_info *info = ebc_option_info((enum ebc_option)i);
		const struct {
			int64_t value;
			int expected;
		} probes[] = {{info->int_min, 0},
			      {info->int_max, 0},
			      {info->int_min - 1, -ERANGE},
			      {info->int_max + 1, -ERANGE}};

		if (info->type != EBC_TYPE_INT && info->type != EBC_TYPE_BOOL)
			continue;
		for (size_t p = 0; p < ARRAY_SIZE(probes); p++) {
			struct ebc_value value = {0};
			char text[32];

			snprintf(text, sizeof(text), "%" PRId64, probes[p].value);
			assert_int_equal(ebc_value_parse(info, text, &value), probes[p].expected);
			if (probes[p].expected == 0)
				assert_true(value.integer == probes[p].value);
		}
	}
}

static void fault_intervals_may_be_asap(void **state)
{
	struct ebc_value value = {0};

	(void)state;
	assert_int_equal(parse(EBC_OPT_FAULT_RESET_INTERVAL, "ASAP", &value), 0);
	assert_int_equal(value.integer, -128);
	assert_int_equal(parse(EBC_OPT_FAULT_RESET_INTERVAL, "ASAPx", &value), -EINVAL);
}

static void doubles_are_finite_numbers_in_range(void **state)
{
	static const char *const bad[] = {"", "nan", "-nan", "1e-3x", "0,5", ".", "e5", "1 2"};
	static const char *const beyond[] = {"inf", "-inf", "1e999", "-0.001", "1.1e9"};
	struct ebc_value value = {0};

	(void)state;
	assert_int_equal(parse(EBC_OPT_STEP_THRESHOLD, "1.5e-3", &value), 0);
	assert_true(value.real > 0.001499 && value.real < 0.001501);
	assert_int_equal(parse(EBC_OPT_PI_PROPORTIONAL_EXPONENT, "-0.3", &value), 0);
	assert_true(value.real < -0.299 && value.real > -0.301);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(parse(EBC_OPT_STEP_THRESHOLD, bad[i], &value), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(beyond); i++)
		assert_int_equal(parse(EBC_OPT_STEP_THRESHOLD, beyond[i], &value), -ERANGE);
	assert_int_equal(parse(EBC_OPT_PI_PROPORTIONAL_NORM_MAX, "1", &value), 0);
	assert_int_equal(parse(EBC_OPT_PI_PROPORTIONAL_NORM_MAX, "1.001", &value), -ERANGE);
	assert_int_equal(parse(EBC_OPT_PI_PROPORTIONAL_NORM_MAX, "0", &value), -ERANGE);
}

static void enumerations_ignore_case_but_want_the_whole_word(void **state)
{
	struct ebc_value value = {0};

	(void)state;
	assert_int_equal(parse(EBC_OPT_NETWORK_TRANSPORT, "udpv6", &value), 0);
	assert_int_equal(value.integer, EBC_NETWORK_TRANSPORT_UDPV6);
	assert_int_equal(parse(EBC_OPT_NETWORK_TRANSPORT, "L2", &value), 0);
	assert_int_equal(value.integer, EBC_NETWORK_TRANSPORT_L2);
	assert_int_equal(parse(EBC_OPT_NETWORK_TRANSPORT, "UDP", &value), -EINVAL);
	assert_int_equal(parse(EBC_OPT_NETWORK_TRANSPORT, "L2 ", &value), -EINVAL);
	assert_int_equal(parse(EBC_OPT_NETWORK_TRANSPORT, "", &value), -EINVAL);
}

static void mac_addresses_are_six_octets_with_colons(void **state)
{
	static const char *const bad[] = {"",
					  "01:1B:19:00:00",
					  "01:1B:19:00:00:00:00",
					  "01:1B:19:00:00:0",
					  "01:1B:19:00:00:000",
					  "01-1B-19-00-00-00",
					  "1:1B:19:00:00:00",
					  "01:1G:19:00:00:00",
					  " 01:1B:19:00:00:00",
					  "01:1B:19:00:00:00 ",
					  "01:1B:19:00:00:"};
	static const uint8_t expected[6] = {0x01, 0x1b, 0x19, 0x00, 0xaf, 0xFE}, zero[6] = {0};
	uint8_t mac[6] = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(ebc_parse_mac(bad[i], mac), -EINVAL);
		assert_memory_equal(mac, zero, sizeof(mac));
	}
	assert_int_equal(ebc_parse_mac("01:1B:19:00:af:FE", mac), 0);
	assert_memory_equal(mac, expected, sizeof(mac));
}

static void clock_identities_have_two_dots(void **state)
{
	static const char *const bad[] = {"",
					  "001122fffe334455",
					  "001122.fffe.33445",
					  "001122.fffe.3344556",
					  "00112.2fffe.334455",
					  "001122:fffe:334455",
					  "001122.fffe.33445g"};
	static const uint8_t expected[8] = {0x00, 0x11, 0x22, 0xff, 0xfe, 0x33, 0x44, 0x55}, zero[8] = {0};
	uint8_t identity[8] = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(ebc_parse_clock_identity(bad[i], identity), -EINVAL);
		assert_memory_equal(identity, zero, sizeof(identity));
	}
	assert_int_equal(ebc_parse_clock_identity("001122.FFfe.334455", identity), 0);
	assert_memory_equal(identity, expected, sizeof(identity));
}

static void groups_are_multicast_addresses(void **state)
{
	struct ebc_value value = {0};

	(void)state;
	assert_int_equal(parse(EBC_OPT_PTP_DST_IPV4, "239.1.2.3", &value), 0);
	assert_int_equal(parse(EBC_OPT_PTP_DST_IPV4, "10.0.0.1", &value), -ERANGE);
	assert_int_equal(parse(EBC_OPT_PTP_DST_IPV4, "239.1.2", &value), -EINVAL);
	assert_int_equal(parse(EBC_OPT_PTP_DST_IPV4, "ff02::1", &value), -EINVAL);
	assert_int_equal(parse(EBC_OPT_PTP_DST_IPV6, "FF0E:0:0:0:0:0:0:181", &value), 0);
	assert_int_equal(parse(EBC_OPT_PTP_DST_IPV6, "fe80::1", &value), -ERANGE);
	assert_int_equal(parse(EBC_OPT_PTP_DST_IPV6, "224.0.1.129", &value), -EINVAL);
}

static void source_address_is_of_either_family_or_empty(void **state)
{
	struct ebc_value value = {0};

	(void)state;
	assert_int_equal(parse(EBC_OPT_UDP_SOURCE_ADDRESS, "", &value), 0);
	assert_int_equal(parse(EBC_OPT_UDP_SOURCE_ADDRESS, "192.0.2.1", &value), 0);
	assert_int_equal(parse(EBC_OPT_UDP_SOURCE_ADDRESS, "2001:db8::1", &value), 0);
	assert_int_equal(parse(EBC_OPT_UDP_SOURCE_ADDRESS, "eth0", &value), -EINVAL);
	assert_int_equal(parse(EBC_OPT_UDP_SOURCE_ADDRESS, "192.0.2.1/24", &value), -EINVAL);
}

static void pin_path_is_absolute_or_empty(void **state)
{
	struct ebc_value value = {0};

	(void)state;
	assert_int_equal(parse(EBC_OPT_BPF_PIN_PATH, "/sys/fs/bpf/mine", &value), 0);
	assert_int_equal(parse(EBC_OPT_BPF_PIN_PATH, "", &value), 0);
	assert_int_equal(parse(EBC_OPT_BPF_PIN_PATH, "mine", &value), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_are_decimal_hexadecimal_or_octal),
		cmocka_unit_test(every_integer_option_has_both_its_limits_and_nothing_beyond),
		cmocka_unit_test(fault_intervals_may_be_asap),
		cmocka_unit_test(doubles_are_finite_numbers_in_range),
		cmocka_unit_test(enumerations_ignore_case_but_want_the_whole_word),
		cmocka_unit_test(mac_addresses_are_six_octets_with_colons),
		cmocka_unit_test(clock_identities_have_two_dots),
		cmocka_unit_test(groups_are_multicast_addresses),
		cmocka_unit_test(source_address_is_of_either_family_or_empty),
		cmocka_unit_test(pin_path_is_absolute_or_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
