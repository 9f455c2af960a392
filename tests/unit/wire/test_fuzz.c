// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Millions of mutated messages and frames from a fixed seed. The sanitizers are the judge; besides,
 * what is accepted must be within its ranges and must survive being written again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "bc/wire/encap.h"
#include "tests/unit/wire/sample.h"
#include "util/unaligned.h"

#define ROUNDS 3000000u
#define ROOM   160

/* One to four octets changed, often in the fields that steer the parser; sometimes another length. */
static size_t mutate(uint8_t *data, size_t len, uint64_t *seed)
{
	static const uint8_t values[] = {0, 1, 2, 0x7f, 0x80, 0xfe, 0xff};
	uint64_t r = sample_random(seed);

	for (unsigned int n = r & 3, i = 0; i <= n; i++) {
		uint64_t x = sample_random(seed);
		size_t at = x & 0x100 ? (x >> 16) % len : (x >> 16) % 4;

		data[at] = x & 0x200 ? (uint8_t)x : values[x % ARRAY_SIZE(values)];
	}
	if (r & 4)
		len = (r >> 8) % (ROOM + 1);
	if (r & 8 && len >= 4)
		put_be16(data + 2, (uint16_t)len);
	return len;
}

static bool is_within_ranges(const struct bc_msg *msg, size_t len)
{
	return len >= PTP_HEADER_LEN && sample_fixed_len(msg->type) != 0 &&
	       len >= sample_fixed_len(msg->type) && msg->sdo_id < 0x1000 && msg->minor_version < 16 &&
	       msg->timestamp_ns >= 0;
}

static bool is_written_as_read(const struct bc_msg *msg)
{
	uint8_t buf[BC_MSG_TX_MAX], again[BC_MSG_TX_MAX];
	struct bc_msg copy;
	size_t len = bc_msg_write(msg, buf);

	return bc_msg_parse(buf, len, &copy) == BC_MSG_OK && bc_msg_write(&copy, again) == len &&
	       memcmp(buf, again, len) == 0;
}

static void mutated_messages_are_refused_or_within_their_ranges(void **state)
{
	unsigned int n_result[BC_MSG_TLV + 1] = {};
	uint64_t seed = 1588;

	(void)state;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		struct bc_msg msg = sample_msg(sample_types[i % ARRAY_SIZE(sample_types)]);
		uint8_t data[ROOM] = {};
		size_t len = bc_msg_write(&msg, data);
		enum bc_msg_result result;

		if (i & 1) {
			put_be16(data + len + 2, 4);
			len += 8;
			put_be16(data + 2, (uint16_t)len);
		}
		len = mutate(data, len, &seed);
		result = bc_msg_parse(data, len, &msg);
		n_result[result]++;
		if (result == BC_MSG_OK && (!is_within_ranges(&msg, len) || !is_written_as_read(&msg)))
			fail_msg("round %u: accepted nonsense", i);
	}
	/* The mutations reach every outcome. */
	for (size_t i = 0; i < ARRAY_SIZE(n_result); i++)
		assert_true(n_result[i] > 1000);
}

static void mutated_frames_are_refused_or_right(void **state)
{
	static const enum ebc_transport transports[] = {EBC_TRANSPORT_IEEE_802_3, EBC_TRANSPORT_UDP_IPV4,
							EBC_TRANSPORT_UDP_IPV6};
	unsigned int n_accepted = 0, n_refused = 0;
	uint64_t seed = 319;

	(void)state;
	for (unsigned int i = 0; i < ROUNDS / 3; i++) {
		struct bc_encap e = {.transport = transports[i % 3], .hop_limit = 1};
		struct bc_msg msg = sample_msg(PTP_SYNC);
		uint8_t message[BC_MSG_TX_MAX], frame[ROOM] = {};
		size_t offset = i % 3 == 0 ? 14 : i % 3 == 1 ? 42 : 62;
		struct bc_address source;
		bool is_multicast;
		uint64_t r = sample_random(&seed);
		size_t len =
			bc_encap_write(&e, true, message, bc_msg_write(&msg, message), frame, sizeof(frame));

		if (r & 1)
			frame[(r >> 8) % len] = (uint8_t)(r >> 32);
		if (r & 2)
			put_be16(frame + 12, r & 4 ? 0x8100 : 0x88a8);
		if (r & 8)
			offset = (r >> 16) % (len + 2);
		if (r & 16)
			len = (r >> 24) % (len + 1);
		if (bc_encap_read(frame, len, offset, e.transport, &source, &is_multicast))
			n_accepted++;
		else
			n_refused++;
	}
	assert_true(n_accepted > 1000);
	assert_true(n_refused > 1000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(mutated_messages_are_refused_or_within_their_ranges),
		cmocka_unit_test(mutated_frames_are_refused_or_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
