// SPDX-License-Identifier: GPL-2.0-or-later
/* TLVs behind a message: which chains are accepted, and that the work on them is bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bc/wire/tlv.h"
#include "tests/unit/wire/sample.h"
#include "util/cleanup.h"
#include "util/unaligned.h"

struct chain {
	uint8_t octets[0x10000];
	size_t len;
};

static void begin(struct chain *chain, uint8_t type)
{
	struct bc_msg msg = sample_msg(type);

	memset(chain->octets, 0, sizeof(chain->octets));
	chain->len = bc_msg_write(&msg, chain->octets);
}

/* A TLV that claims `value_len` octets of value and has `present` of them. */
static void claim(struct chain *chain, uint16_t value_len, size_t present)
{
	put_be16(chain->octets + chain->len, 0x2005);
	put_be16(chain->octets + chain->len + 2, value_len);
	chain->len += 4 + present;
}

static enum bc_msg_result parse(struct chain *chain)
{
	_cleanup_free_ uint8_t *copy = malloc(chain->len);
	struct bc_msg msg;

	assert_non_null(copy);
	put_be16(chain->octets + 2, (uint16_t)chain->len);
	memcpy(copy, chain->octets, chain->len);
	return bc_msg_parse(copy, chain->len, &msg);
}

static void a_sound_chain_is_accepted_behind_every_type(void **state)
{
	static struct chain chain;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sample_types); i++) {
		begin(&chain, sample_types[i]);
		claim(&chain, 2, 2);
		claim(&chain, 10, 10);
		claim(&chain, 1000, 1000);
		assert_int_equal(parse(&chain), BC_MSG_OK);
	}
}

static void an_empty_value_is_refused(void **state)
{
	static struct chain chain;

	(void)state;
	begin(&chain, PTP_ANNOUNCE);
	claim(&chain, 2, 2);
	claim(&chain, 0, 0);
	assert_int_equal(parse(&chain), BC_MSG_TLV);
}

static void an_odd_value_is_refused(void **state)
{
	static struct chain chain;

	(void)state;
	for (uint16_t len = 1; len < 100; len += 2) {
		begin(&chain, PTP_FOLLOW_UP);
		claim(&chain, len, len);
		assert_int_equal(parse(&chain), BC_MSG_TLV);
	}
}

static void a_value_beyond_the_message_is_refused(void **state)
{
	static struct chain chain;

	(void)state;
	begin(&chain, PTP_SIGNALING);
	claim(&chain, 0xffff, 20);
	assert_int_equal(parse(&chain), BC_MSG_TLV);
	begin(&chain, PTP_SIGNALING);
	claim(&chain, 0xfffe, 20);
	assert_int_equal(parse(&chain), BC_MSG_TLV);
	begin(&chain, PTP_SIGNALING);
	claim(&chain, 22, 20);
	assert_int_equal(parse(&chain), BC_MSG_TLV);
	begin(&chain, PTP_SIGNALING);
	claim(&chain, 20, 20);
	assert_int_equal(parse(&chain), BC_MSG_OK);
}

static void a_remainder_too_short_for_a_tlv_is_refused(void **state)
{
	static struct chain chain;

	(void)state;
	for (size_t rest = 1; rest < 4; rest++) {
		begin(&chain, PTP_MANAGEMENT);
		claim(&chain, 4, 4);
		chain.len += rest;
		assert_int_equal(parse(&chain), BC_MSG_TLV);
	}
}

static void a_remainder_behind_the_message_is_padding(void **state)
{
	static struct chain chain;
	struct bc_msg msg;

	(void)state;
	begin(&chain, PTP_MANAGEMENT);
	claim(&chain, 4, 4);
	assert_int_equal(parse(&chain), BC_MSG_OK);
	for (size_t rest = 1; rest < 8; rest++)
		assert_int_equal(bc_msg_parse(chain.octets, chain.len + rest, &msg), BC_MSG_OK);
}

static void as_many_tlvs_as_the_limit_are_accepted_and_no_more(void **state)
{
	static struct chain chain;

	(void)state;
	begin(&chain, PTP_ANNOUNCE);
	for (int i = 0; i < BC_MSG_MAX_TLVS; i++)
		claim(&chain, 2, 2);
	assert_int_equal(parse(&chain), BC_MSG_OK);
	claim(&chain, 2, 2);
	assert_int_equal(parse(&chain), BC_MSG_TLV);
}

static void five_hundred_tlvs_are_refused(void **state)
{
	static struct chain chain;

	(void)state;
	begin(&chain, PTP_ANNOUNCE);
	for (int i = 0; i < 500; i++)
		claim(&chain, 2, 2);
	assert_int_equal(parse(&chain), BC_MSG_TLV);
}

static void what_is_added_is_found_again_in_order(void **state)
{
	static const uint8_t organization[] = {0x00, 0x80, 0xc2, 0, 0, 1};
	struct bc_tlv_buffer buffer = {};
	struct bc_msg msg = sample_msg(PTP_ANNOUNCE), parsed;
	uint8_t octets[BC_MSG_TX_MAX];
	struct bc_tlv tlv;
	size_t offset = 0;

	(void)state;
	memset(bc_tlv_add(&buffer, PTP_TLV_PATH_TRACE, 8), 7, 8);
	assert_non_null(bc_tlv_add(&buffer, PTP_TLV_MANAGEMENT, 3));
	memcpy(bc_tlv_add(&buffer, PTP_TLV_ORGANIZATION_EXTENSION, 10), organization, sizeof(organization));
	msg.tlvs = buffer.data;
	msg.tlvs_len = buffer.len;
	assert_int_equal(bc_msg_parse(octets, bc_msg_write(&msg, octets), &parsed), BC_MSG_OK);

	assert_true(bc_tlv_next(&parsed, &offset, &tlv));
	assert_int_equal(tlv.type, PTP_TLV_PATH_TRACE);
	assert_int_equal(tlv.len, 8);
	assert_int_equal(tlv.value[7], 7);
	assert_true(bc_tlv_next(&parsed, &offset, &tlv));
	assert_int_equal(tlv.len, 4); /* padded */
	assert_true(bc_tlv_find_organization(&parsed, 0x0080c2, 1, &tlv));
	assert_int_equal(tlv.len, 10);
	assert_false(bc_tlv_find_organization(&parsed, 0x0080c2, 2, &tlv));
	assert_false(bc_tlv_find(&parsed, PTP_TLV_AUTHENTICATION, &tlv));
}

static void what_does_not_fit_is_not_added(void **state)
{
	struct bc_tlv_buffer buffer = {};

	(void)state;
	assert_null(bc_tlv_add(&buffer, PTP_TLV_PATH_TRACE, BC_MSG_TX_MAX - 3));
	assert_null(bc_tlv_add(&buffer, PTP_TLV_PATH_TRACE, SIZE_MAX));
	assert_int_equal(buffer.len, 0);
	assert_non_null(bc_tlv_add(&buffer, PTP_TLV_PATH_TRACE, BC_MSG_TX_MAX - 8));
	assert_null(bc_tlv_add(&buffer, PTP_TLV_PATH_TRACE, 2));
	assert_non_null(bc_tlv_add(&buffer, PTP_TLV_PATH_TRACE, 0));
}

/* Announce and TLVs together are longer than a message of ours: it goes without them. */
static void tlvs_beyond_the_longest_message_are_left_out(void **state)
{
	struct bc_tlv_buffer buffer = {};
	struct bc_msg msg = sample_msg(PTP_ANNOUNCE);
	uint8_t octets[BC_MSG_TX_MAX];

	(void)state;
	assert_non_null(bc_tlv_add(&buffer, PTP_TLV_PATH_TRACE, BC_MSG_TX_MAX - 64 - 2));
	msg.tlvs = buffer.data;
	msg.tlvs_len = buffer.len;
	assert_int_equal(bc_msg_write(&msg, octets), 64);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_chain_is_accepted_behind_every_type),
		cmocka_unit_test(an_empty_value_is_refused),
		cmocka_unit_test(an_odd_value_is_refused),
		cmocka_unit_test(a_value_beyond_the_message_is_refused),
		cmocka_unit_test(a_remainder_too_short_for_a_tlv_is_refused),
		cmocka_unit_test(a_remainder_behind_the_message_is_padding),
		cmocka_unit_test(as_many_tlvs_as_the_limit_are_accepted_and_no_more),
		cmocka_unit_test(five_hundred_tlvs_are_refused),
		cmocka_unit_test(what_is_added_is_found_again_in_order),
		cmocka_unit_test(what_does_not_fit_is_not_added),
		cmocka_unit_test(tlvs_beyond_the_longest_message_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
