// SPDX-License-Identifier: GPL-2.0-or-later
/* Management messages and data fields, octet by octet. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "bc/wire/management.h"
#include "tests/unit/wire/sample.h"
#include "util/unaligned.h"

static struct bc_management sample(const uint8_t *tlvs, size_t len)
{
	struct bc_management m = {
		.msg = sample_msg(PTP_MANAGEMENT),
		.starting_boundary_hops = 5,
		.boundary_hops = 3,
		.action = PTP_MANAGEMENT_COMMAND,
	};

	m.msg.requesting = (struct ptp_port_identity){{1, 2, 3, 4, 5, 6, 7, 8}, 0x090a};
	m.msg.tlvs = tlvs;
	m.msg.tlvs_len = len;
	return m;
}

static struct bc_management read_back(const uint8_t *octets, size_t len)
{
	struct bc_management m;
	struct bc_msg msg;

	assert_int_equal(bc_msg_parse(octets, len, &msg), BC_MSG_OK);
	bc_management_read(&msg, octets, &m);
	return m;
}

static void a_message_is_read_as_it_was_written(void **state)
{
	struct bc_data_writer data = {};
	uint8_t tlv[BC_MSG_TX_MAX], octets[BC_MSG_TX_MAX];
	struct bc_management m;
	size_t len;

	(void)state;
	bc_data_put8(&data, 0x11);
	bc_data_put16(&data, 0x2233);
	bc_data_put32(&data, 0x44556677);
	m = sample(tlv, bc_management_tlv_write(PTP_MID_PRIORITY1, &data, tlv));
	len = bc_management_write(&m, octets);
	/* Clause 15.4.1, table 56. */
	assert_int_equal(len, 48 + 6 + 8);
	assert_memory_equal(octets + 34, ((uint8_t[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 5, 3, 3, 0}), 14);
	assert_memory_equal(octets + 48,
			    ((uint8_t[]){0, 1, 0, 10, 0x20, 5, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0}),
			    14);

	m = read_back(octets, len);
	assert_int_equal(m.starting_boundary_hops, 5);
	assert_int_equal(m.boundary_hops, 3);
	assert_int_equal(m.action, PTP_MANAGEMENT_COMMAND);
	assert_true(m.has_id);
	assert_int_equal(m.id, PTP_MID_PRIORITY1);
	assert_int_equal(m.data_len, 8);
	assert_ptr_equal(m.data, octets + 54);
	assert_int_equal(m.msg.requesting.port_number, 0x090a);
}

static void a_message_without_one_management_tlv_has_no_identifier(void **state)
{
	static const uint8_t two[] = {0, 1, 0, 2, 0x20, 5, 0, 1, 0, 2, 0x20, 5};
	static const uint8_t other[] = {0, 3, 0, 2, 0x20, 5};
	uint8_t octets[BC_MSG_TX_MAX], error[BC_MSG_TX_MAX];
	struct bc_management m = sample(NULL, 0);

	(void)state;
	assert_false(read_back(octets, bc_management_write(&m, octets)).has_id);
	m = sample(two, sizeof(two));
	assert_false(read_back(octets, bc_management_write(&m, octets)).has_id);
	m = sample(two, sizeof(two) / 2);
	assert_true(read_back(octets, bc_management_write(&m, octets)).has_id);
	m = sample(other, sizeof(other));
	assert_false(read_back(octets, bc_management_write(&m, octets)).has_id);
	m = sample(error, bc_management_error_write(0x2005, PTP_MANAGEMENT_NOT_SETABLE, error));
	assert_false(read_back(octets, bc_management_write(&m, octets)).has_id);
	assert_memory_equal(error, ((uint8_t[]){0, 2, 0, 8, 0, 5, 0x20, 5, 0, 0, 0, 0}), 12);
}

static void fields_have_their_form(void **state)
{
	struct bc_data_writer data = {};
	static const uint8_t expected[] = {8,	 7,    6,    5,	   4, 3, 2, 1, 0xff, 0xff,
					   0xff, 0xff, 0xff, 0xfe, 0, 0, 1, 2, 0,    3};

	(void)state;
	bc_data_put_text(&data, "ab", 2);
	bc_data_put48(&data, 0x123456789aULL);
	bc_data_put_le64(&data, 0x0102030405060708ULL);
	bc_data_put_time_interval(&data, -2);
	bc_data_put_clock_quality(&data, &(struct ptp_clock_quality){1, 2, 3});
	assert_int_equal(data.octets[0], 2);
	assert_memory_equal(data.octets + 1, "ab", 2);
	assert_int_equal(get_be48(data.octets + 3), 0x123456789aULL);
	assert_int_equal(data.len, 9 + sizeof(expected));
	assert_memory_equal(data.octets + 9, expected, sizeof(expected));
}

static void a_time_interval_beyond_its_range_is_its_end(void **state)
{
	static const struct {
		int64_t ns, sns;
	} cases[] = {
		{0, 0},
		{-1, -65536},
		{INT64_MAX >> 16, (INT64_MAX >> 16) * 65536},
		{(INT64_MAX >> 16) + 1, INT64_MAX},
		{INT64_MAX, INT64_MAX},
		{INT64_MIN, INT64_MIN},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bc_data_writer data = {};

		bc_data_put_time_interval(&data, cases[i].ns);
		assert_int_equal((int64_t)get_be64(data.octets), cases[i].sns);
	}
}

static void what_does_not_fit_is_left_out_and_told(void **state)
{
	struct bc_data_writer data = {};
	uint8_t tlv[BC_MSG_TX_MAX], octets[BC_MSG_TX_MAX], text[300] = {};
	struct bc_management m;

	(void)state;
	bc_data_put_text(&data, (const char *)text, sizeof(text));
	assert_int_equal(data.len, 256);
	assert_false(data.is_too_big);
	bc_data_put(&data, text, sizeof(data.octets) - 256);
	assert_false(data.is_too_big);
	/* The longest there is makes the longest message. */
	m = sample(tlv, bc_management_tlv_write(PTP_MID_DOMAIN, &data, tlv));
	assert_int_equal(bc_management_write(&m, octets), BC_MSG_TX_MAX);
	bc_data_put8(&data, 1);
	assert_true(data.is_too_big);
	assert_int_equal(data.len, sizeof(data.octets));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_is_read_as_it_was_written),
		cmocka_unit_test(a_message_without_one_management_tlv_has_no_identifier),
		cmocka_unit_test(fields_have_their_form),
		cmocka_unit_test(a_time_interval_beyond_its_range_is_its_end),
		cmocka_unit_test(what_does_not_fit_is_left_out_and_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
