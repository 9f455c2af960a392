// SPDX-License-Identifier: GPL-2.0-or-later
/* The codec of PTP messages: what it writes it reads again, and what it refuses and why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/wire/sample.h"
#include "util/cleanup.h"
#include "util/unaligned.h"

static void assert_msg_equal(const struct bc_msg *a, const struct bc_msg *b)
{
	assert_int_equal(a->type, b->type);
	assert_int_equal(a->minor_version, b->minor_version);
	assert_int_equal(a->sdo_id, b->sdo_id);
	assert_int_equal(a->domain_number, b->domain_number);
	assert_int_equal(a->flags, b->flags);
	assert_true(a->correction_sns == b->correction_sns);
	assert_true(bc_port_identity_equal(&a->source, &b->source));
	assert_int_equal(a->sequence_id, b->sequence_id);
	assert_int_equal(a->log_message_interval, b->log_message_interval);
	assert_true(a->timestamp_ns == b->timestamp_ns);
	assert_true(bc_port_identity_equal(&a->requesting, &b->requesting));
	assert_int_equal(a->announce.current_utc_offset_s, b->announce.current_utc_offset_s);
	assert_int_equal(a->announce.grandmaster_priority1, b->announce.grandmaster_priority1);
	assert_memory_equal(&a->announce.grandmaster_clock_quality, &b->announce.grandmaster_clock_quality,
			    sizeof(a->announce.grandmaster_clock_quality));
	assert_int_equal(a->announce.grandmaster_priority2, b->announce.grandmaster_priority2);
	assert_memory_equal(a->announce.grandmaster_identity, b->announce.grandmaster_identity,
			    PTP_CLOCK_IDENTITY_LEN);
	assert_int_equal(a->announce.steps_removed, b->announce.steps_removed);
	assert_int_equal(a->announce.time_source, b->announce.time_source);
}

/* In memory of exactly that size, so that the address sanitizer sees any octet read too many. */
static enum bc_msg_result parse_exact(const uint8_t *data, size_t len, struct bc_msg *ret_msg)
{
	_cleanup_free_ uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, data, len);
	return bc_msg_parse(copy, len, ret_msg);
}

static void every_type_survives_writing_and_reading(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sample_types); i++) {
		struct bc_msg out = sample_msg(sample_types[i]), in;
		uint8_t buf[BC_MSG_TX_MAX];
		size_t len = bc_msg_write(&out, buf);

		assert_int_equal(len, sample_fixed_len(out.type));
		assert_int_equal(parse_exact(buf, len, &in), BC_MSG_OK);
		assert_msg_equal(&in, &out);
	}
}

static void a_delay_resp_has_its_octets_where_the_standard_puts_them(void **state)
{
	static const uint8_t expected[54] = {
		0x19, 0x12, 0x00, 0x36, 77,   0xa5, 0x12, 0x34, /* header */
		0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x11, /* correction */
		0,    0,    0,	  0,	0x10, 0x22, 0x33, 0xff, 0xfe, 0x44,
		0x55, 0x66, 0xbe, 0xef,					    /* source */
		0xfe, 0xdc, 3,	  0xfd,					    /* sequence */
		0x00, 0x00, 0x65, 0x53, 0xf1, 0x00, 0x3a, 0xde, 0x68, 0xb1, /* timestamp */
		0xa0, 0xb1, 0xc2, 0xff, 0xfe, 0xd3, 0xe4, 0xf5, 0x01, 0x02, /* requesting */
	};
	struct bc_msg msg = sample_msg(PTP_DELAY_RESP);
	uint8_t buf[BC_MSG_TX_MAX];

	(void)state;
	assert_int_equal(bc_msg_write(&msg, buf), sizeof(expected));
	assert_memory_equal(buf, expected, sizeof(expected));
}

static void a_pdelay_req_has_ten_reserved_octets_behind_its_timestamp(void **state)
{
	static const uint8_t expected[20] = {0x00, 0x00, 0x65, 0x53, 0xf1, 0x00, 0x3a, 0xde, 0x68, 0xb1};
	struct bc_msg msg = sample_msg(PTP_PDELAY_REQ);
	uint8_t buf[BC_MSG_TX_MAX];

	(void)state;
	memset(buf, 0xff, sizeof(buf));
	assert_int_equal(bc_msg_write(&msg, buf), 54);
	assert_int_equal(buf[0], 0x12);
	assert_int_equal(buf[32], 5);
	assert_memory_equal(buf + 34, expected, sizeof(expected));
}

static void pdelay_answers_have_their_octets_where_the_standard_puts_them(void **state)
{
	static const uint8_t types[] = {PTP_PDELAY_RESP, PTP_PDELAY_RESP_FOLLOW_UP};
	static const uint8_t expected[20] = {
		0x00, 0x00, 0x65, 0x53, 0xf1, 0x00, 0x3a, 0xde, 0x68, 0xb1, /* timestamp */
		0xa0, 0xb1, 0xc2, 0xff, 0xfe, 0xd3, 0xe4, 0xf5, 0x01, 0x02, /* requesting */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct bc_msg msg = sample_msg(types[i]);
		uint8_t buf[BC_MSG_TX_MAX];

		assert_int_equal(bc_msg_write(&msg, buf), 54);
		assert_int_equal(buf[0], 0x10 | types[i]);
		assert_int_equal(buf[32], 5);
		assert_memory_equal(buf + 34, expected, sizeof(expected));
	}
}

static void an_announce_body_has_its_octets_where_the_standard_puts_them(void **state)
{
	static const uint8_t expected[20] = {0xff, 0xdb, 0, 1, 6, 0x21, 0x4e, 0x5d, 2, 9,
					     8,	   7,	 6, 5, 4, 3,	2,    2,    3, 0x20};
	struct bc_msg msg = sample_msg(PTP_ANNOUNCE);
	uint8_t buf[BC_MSG_TX_MAX];

	(void)state;
	assert_int_equal(bc_msg_write(&msg, buf), 64);
	assert_memory_equal(buf + 44, expected, sizeof(expected));
}

static void every_truncation_is_refused_and_leaves_the_result_untouched(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sample_types); i++) {
		struct bc_msg out = sample_msg(sample_types[i]), in, untouched;
		uint8_t buf[BC_MSG_TX_MAX];
		size_t len = bc_msg_write(&out, buf);

		memset(&in, 0x5a, sizeof(in));
		memcpy(&untouched, &in, sizeof(in));
		for (size_t n = 0; n < len; n++) {
			assert_int_equal(parse_exact(buf, n, &in),
					 n < PTP_HEADER_LEN ? BC_MSG_SHORT : BC_MSG_LENGTH);
			assert_memory_equal(&in, &untouched, sizeof(in));
		}
	}
}

static void a_message_length_below_its_type_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sample_types); i++) {
		struct bc_msg out = sample_msg(sample_types[i]), in;
		uint8_t buf[BC_MSG_TX_MAX];
		size_t len = bc_msg_write(&out, buf);

		for (size_t claimed = 0; claimed < len; claimed++) {
			put_be16(buf + 2, (uint16_t)claimed);
			assert_int_equal(parse_exact(buf, len, &in), BC_MSG_LENGTH);
		}
	}
}

static void a_message_length_beyond_the_frame_is_refused(void **state)
{
	struct bc_msg msg = sample_msg(PTP_SYNC), in;
	uint8_t buf[BC_MSG_TX_MAX];
	size_t len = bc_msg_write(&msg, buf);

	(void)state;
	put_be16(buf + 2, (uint16_t)(len + 1));
	assert_int_equal(parse_exact(buf, len, &in), BC_MSG_LENGTH);
	put_be16(buf + 2, 0xffff);
	assert_int_equal(parse_exact(buf, len, &in), BC_MSG_LENGTH);
}

static void octets_behind_the_message_are_padding(void **state)
{
	struct bc_msg out = sample_msg(PTP_SYNC), in;
	uint8_t buf[PTP_MESSAGE_MAX];
	size_t len;

	(void)state;
	memset(buf, 0xff, sizeof(buf));
	len = bc_msg_write(&out, buf);
	for (size_t padding = 1; len + padding <= sizeof(buf); padding++)
		assert_int_equal(bc_msg_parse(buf, len + padding, &in), BC_MSG_OK);
	assert_msg_equal(&in, &out);
}

static void only_version_2_is_read(void **state)
{
	struct bc_msg msg = sample_msg(PTP_SYNC), in;
	uint8_t buf[BC_MSG_TX_MAX];
	size_t len = bc_msg_write(&msg, buf);

	(void)state;
	for (unsigned int version = 0; version < 16; version++) {
		buf[1] = (uint8_t)(0x10 | version);
		assert_int_equal(parse_exact(buf, len, &in), version == 2 ? BC_MSG_OK : BC_MSG_VERSION);
	}
}

static void every_minor_version_is_read(void **state)
{
	struct bc_msg msg = sample_msg(PTP_SYNC), in;
	uint8_t buf[BC_MSG_TX_MAX];
	size_t len = bc_msg_write(&msg, buf);

	(void)state;
	for (unsigned int minor = 0; minor < 16; minor++) {
		buf[1] = (uint8_t)(minor << 4 | 2);
		assert_int_equal(parse_exact(buf, len, &in), BC_MSG_OK);
		assert_int_equal(in.minor_version, minor);
	}
}

static void reserved_types_are_refused(void **state)
{
	static const uint8_t reserved[] = {4, 5, 6, 7, 0xe, 0xf};
	struct bc_msg msg = sample_msg(PTP_ANNOUNCE), in;
	uint8_t buf[BC_MSG_TX_MAX];
	size_t len = bc_msg_write(&msg, buf);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
		buf[0] = (uint8_t)(0x10 | reserved[i]);
		assert_int_equal(parse_exact(buf, len, &in), BC_MSG_TYPE);
	}
}

static enum bc_msg_result parse_timestamp(uint64_t s, uint32_t ns, int64_t *ret_ns)
{
	struct bc_msg msg = sample_msg(PTP_SYNC);
	uint8_t buf[BC_MSG_TX_MAX];
	size_t len = bc_msg_write(&msg, buf);
	enum bc_msg_result result;

	put_be48(buf + 34, s);
	put_be32(buf + 40, ns);
	result = parse_exact(buf, len, &msg);
	if (result == BC_MSG_OK)
		*ret_ns = msg.timestamp_ns;
	return result;
}

static void nanoseconds_of_a_second_and_more_are_refused(void **state)
{
	int64_t ns;

	(void)state;
	assert_int_equal(parse_timestamp(5, 999999999, &ns), BC_MSG_OK);
	assert_int_equal(ns, 5999999999);
	assert_int_equal(parse_timestamp(5, 1000000000, &ns), BC_MSG_TIMESTAMP);
	assert_int_equal(parse_timestamp(5, 0xffffffff, &ns), BC_MSG_TIMESTAMP);
}

static void seconds_that_64_bits_of_nanoseconds_cannot_hold_are_refused(void **state)
{
	int64_t ns;

	(void)state;
	assert_int_equal(parse_timestamp(0, 0, &ns), BC_MSG_OK);
	assert_int_equal(ns, 0);
	assert_int_equal(parse_timestamp(1ULL << 32, 7, &ns), BC_MSG_OK);
	assert_true(ns == (1LL << 32) * NSEC_PER_SEC + 7);
	assert_int_equal(parse_timestamp((1ULL << 48) - 1, 999999999, &ns), BC_MSG_TIMESTAMP);
	assert_int_equal(parse_timestamp(INT64_MAX / NSEC_PER_SEC + 1, 0, &ns), BC_MSG_TIMESTAMP);
}

static void the_latest_time_that_is_read_leaves_years_of_headroom(void **state)
{
	uint64_t s = INT64_MAX / NSEC_PER_SEC;
	int64_t ns = 0;

	(void)state;
	while (parse_timestamp(s, 999999999, &ns) != BC_MSG_OK)
		s -= 1 << 20;
	assert_true(ns <= INT64_MAX - 10 * 365 * 86400 * NSEC_PER_SEC);
	assert_true(ns >= (1LL << 32) * NSEC_PER_SEC);
}

static void times_before_the_epoch_are_written_as_the_epoch(void **state)
{
	struct bc_msg msg = sample_msg(PTP_FOLLOW_UP), in;
	uint8_t buf[BC_MSG_TX_MAX];

	(void)state;
	msg.timestamp_ns = -1;
	assert_int_equal(parse_exact(buf, bc_msg_write(&msg, buf), &in), BC_MSG_OK);
	assert_int_equal(in.timestamp_ns, 0);
	msg.timestamp_ns = INT64_MIN;
	assert_int_equal(parse_exact(buf, bc_msg_write(&msg, buf), &in), BC_MSG_OK);
	assert_int_equal(in.timestamp_ns, 0);
}

static void extreme_corrections_and_intervals_survive(void **state)
{
	static const int64_t corrections[] = {INT64_MIN, -1, 0, 1, INT64_MAX};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(corrections); i++) {
		struct bc_msg msg = sample_msg(PTP_SYNC), in;
		uint8_t buf[BC_MSG_TX_MAX];

		msg.correction_sns = corrections[i];
		msg.log_message_interval = (int8_t)(i % 2 ? -128 : 127);
		assert_int_equal(parse_exact(buf, bc_msg_write(&msg, buf), &in), BC_MSG_OK);
		assert_msg_equal(&in, &msg);
	}
}

static void identities_are_ordered_by_clock_and_then_by_port(void **state)
{
	struct ptp_port_identity a = {{1, 2, 3, 4, 5, 6, 7, 8}, 0x00ff}, b = a;

	(void)state;
	assert_true(bc_port_identity_equal(&a, &b));
	assert_int_equal(bc_port_identity_compare(&a, &b), 0);
	b.port_number = 0x0100;
	assert_true(bc_port_identity_compare(&a, &b) < 0);
	assert_true(bc_port_identity_compare(&b, &a) > 0);
	b.clock_identity[7] = 7;
	assert_true(bc_port_identity_compare(&a, &b) > 0);
	b = a;
	b.clock_identity[0] = 0x80;
	assert_true(bc_port_identity_compare(&a, &b) < 0);
	assert_false(bc_port_identity_equal(&a, &b));
}

static void an_identity_is_written_as_ptp4l_writes_it(void **state)
{
	static const uint8_t identity[8] = {0x00, 0x11, 0x22, 0xff, 0xfe, 0x33, 0x44, 0x55};
	char buf[BC_CLOCK_IDENTITY_TEXT];

	(void)state;
	assert_string_equal(bc_clock_identity_text(identity, buf), "001122.fffe.334455");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_survives_writing_and_reading),
		cmocka_unit_test(a_delay_resp_has_its_octets_where_the_standard_puts_them),
		cmocka_unit_test(a_pdelay_req_has_ten_reserved_octets_behind_its_timestamp),
		cmocka_unit_test(pdelay_answers_have_their_octets_where_the_standard_puts_them),
		cmocka_unit_test(an_announce_body_has_its_octets_where_the_standard_puts_them),
		cmocka_unit_test(every_truncation_is_refused_and_leaves_the_result_untouched),
		cmocka_unit_test(a_message_length_below_its_type_is_refused),
		cmocka_unit_test(a_message_length_beyond_the_frame_is_refused),
		cmocka_unit_test(octets_behind_the_message_are_padding),
		cmocka_unit_test(only_version_2_is_read),
		cmocka_unit_test(every_minor_version_is_read),
		cmocka_unit_test(reserved_types_are_refused),
		cmocka_unit_test(nanoseconds_of_a_second_and_more_are_refused),
		cmocka_unit_test(seconds_that_64_bits_of_nanoseconds_cannot_hold_are_refused),
		cmocka_unit_test(the_latest_time_that_is_read_leaves_years_of_headroom),
		cmocka_unit_test(times_before_the_epoch_are_written_as_the_epoch),
		cmocka_unit_test(extreme_corrections_and_intervals_survive),
		cmocka_unit_test(identities_are_ordered_by_clock_and_then_by_port),
		cmocka_unit_test(an_identity_is_written_as_ptp4l_writes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
