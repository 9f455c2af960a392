// SPDX-License-Identifier: GPL-2.0-or-later
/* Which message a frame is that comes back with its transmit stamp. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "bc/daemon/driver_stamp.h"
#include "bc/wire/encap.h"
#include "bpf/ptp_wire.h"

enum {
	MESSAGE_LEN = 44
};

/* A Pdelay_Req of port 0x0102, number 0xfffe. */
static size_t make_frame(enum ebc_transport transport, uint8_t *frame, size_t size)
{
	struct bc_encap encap = {.transport = transport};
	uint8_t message[MESSAGE_LEN] = {0x10 | PTP_PDELAY_REQ, 0x12, 0, MESSAGE_LEN};

	memcpy(message + 28, (uint8_t[]){0x01, 0x02, 0xff, 0xfe}, 4);
	return bc_encap_write(&encap, true, message, sizeof(message), frame, size);
}

static size_t insert_tag(uint8_t *frame, size_t len)
{
	memmove(frame + 16, frame + 12, len - 12);
	memcpy(frame + 12, (uint8_t[]){0x81, 0x00, 0x00, 0x05}, 4);
	return len + 4;
}

static void assert_identified(const uint8_t *frame, size_t len)
{
	struct driver_stamp stamp = {.real_ns = 7};

	assert_true(driver_stamp_identify(frame, len, &stamp));
	assert_int_equal(stamp.real_ns, 7);
	assert_int_equal(stamp.port_number, 0x0102);
	assert_int_equal(stamp.message_type, PTP_PDELAY_REQ);
	assert_int_equal(stamp.sequence_id, 0xfffe);
}

static const enum ebc_transport transports[] = {EBC_TRANSPORT_IEEE_802_3, EBC_TRANSPORT_UDP_IPV4,
						EBC_TRANSPORT_UDP_IPV6};

static void frames_of_each_transport_are_known_with_and_without_tags(void **state)
{
	uint8_t frame[256];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		size_t len = make_frame(transports[i], frame, sizeof(frame));

		assert_identified(frame, len);
		len = insert_tag(frame, len);
		assert_identified(frame, len);
		len = insert_tag(frame, len);
		assert_identified(frame, len);
	}
}

static void options_of_ipv4_are_passed_over(void **state)
{
	uint8_t frame[256];
	size_t len = make_frame(EBC_TRANSPORT_UDP_IPV4, frame, sizeof(frame));

	(void)state;
	memmove(frame + 14 + 24, frame + 14 + 20, len - 14 - 20);
	frame[14] = 0x46;
	assert_identified(frame, len + 4);
}

/* In memory of just that length, for the sanitizer to see a read beyond it. */
static bool is_identified(const uint8_t *frame, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);
	struct driver_stamp stamp;
	bool r;

	assert_non_null(copy);
	memcpy(copy, frame, len);
	r = driver_stamp_identify(copy, len, &stamp);
	free(copy);
	return r;
}

static void frames_cut_off_before_the_header_ends_are_unknown(void **state)
{
	uint8_t frame[256];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		size_t len = make_frame(transports[i], frame, sizeof(frame)),
		       padding = transports[i] == EBC_TRANSPORT_UDP_IPV6 ? 2 : 0,
		       enough = len - padding - (MESSAGE_LEN - PTP_HEADER_LEN);

		for (size_t n = 0; n <= len; n++)
			assert_int_equal(is_identified(frame, n), n >= enough);
	}
}

static void other_ethertypes_and_port_0_are_not_ours(void **state)
{
	uint8_t frame[256];
	size_t len = make_frame(EBC_TRANSPORT_IEEE_802_3, frame, sizeof(frame));

	(void)state;
	frame[13] ^= 1;
	assert_false(is_identified(frame, len));
	frame[13] ^= 1;
	memset(frame + 14 + 28, 0, 2);
	assert_false(is_identified(frame, len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_of_each_transport_are_known_with_and_without_tags),
		cmocka_unit_test(options_of_ipv4_are_passed_over),
		cmocka_unit_test(frames_cut_off_before_the_header_ends_are_unknown),
		cmocka_unit_test(other_ethertypes_and_port_0_are_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
