// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Envelopes: the octets of each transport, checksums against a computation of another make, and what
 * is accepted from the network.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bc/wire/encap.h"
#include "tests/unit/wire/sample.h"
#include "util/cleanup.h"
#include "util/unaligned.h"

#define ETH  14
#define IPV4 20
#define IPV6 40
#define UDP  8

static const uint8_t group_v4[4] = {224, 0, 1, 129};
static const uint8_t group_v6[16] = {0xff, 0x0e, [14] = 0x01, [15] = 0x81};
static const uint8_t host_v4[4] = {192, 0, 2, 33};
static const uint8_t host_v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 0x21};

static struct bc_encap make_encap(enum ebc_transport transport)
{
	struct bc_encap e = {
		.transport = transport,
		.source = {.mac = {0x02, 1, 2, 3, 4, 5}},
		.destination = {.mac = {0x01, 0x1b, 0x19, 0, 0, 0}},
		.dscp = 46,
		.hop_limit = 1,
	};

	if (transport == EBC_TRANSPORT_UDP_IPV4) {
		memcpy(e.source.ip, host_v4, 4);
		memcpy(e.destination.ip, group_v4, 4);
	} else if (transport == EBC_TRANSPORT_UDP_IPV6) {
		memcpy(e.source.ip, host_v6, 16);
		memcpy(e.destination.ip, group_v6, 16);
	}
	return e;
}

/* Of another make than the code's: modulo 65535 in one big number, octet by octet. */
static uint32_t octet_sum(const uint8_t *p, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum = (sum + p[i] * (i % 2 ? 1u : 256u)) % 65535u;
	return sum;
}

static uint32_t udp_sum(const uint8_t *ip, size_t ip_len, const uint8_t *udp)
{
	size_t udp_len = get_be16(udp + 4);
	uint32_t sum = ip_len == IPV6 ? octet_sum(ip + 8, 32, 0) : octet_sum(ip + 12, 8, 0);

	sum = (sum + 17 + (uint32_t)udp_len) % 65535u;
	return octet_sum(udp, udp_len, sum);
}

struct frame {
	uint8_t octets[256];
	size_t len, ptp_offset, ip_len;
	enum ebc_transport transport;
};

static struct frame make_frame(enum ebc_transport transport)
{
	struct bc_encap e = make_encap(transport);
	struct bc_msg msg = sample_msg(PTP_DELAY_REQ);
	struct frame f = {.transport = transport};
	uint8_t message[BC_MSG_TX_MAX];
	size_t len = bc_msg_write(&msg, message);

	f.ip_len = transport == EBC_TRANSPORT_UDP_IPV4	 ? IPV4
		   : transport == EBC_TRANSPORT_UDP_IPV6 ? IPV6
							 : 0;
	f.ptp_offset = ETH + f.ip_len + (f.ip_len ? UDP : 0);
	f.len = bc_encap_write(&e, true, message, len, f.octets, sizeof(f.octets));
	assert_true(f.len > 0);
	assert_memory_equal(f.octets + f.ptp_offset, message, len);
	return f;
}

/* In memory of exactly the frame's size. */
static bool read_frame(const struct frame *f, struct bc_address *ret_source, bool *ret_is_multicast)
{
	_cleanup_free_ uint8_t *copy = malloc(f->len ? f->len : 1);

	assert_non_null(copy);
	memcpy(copy, f->octets, f->len);
	return bc_encap_read(copy, f->len, f->ptp_offset, f->transport, ret_source, ret_is_multicast);
}

static bool is_accepted(const struct frame *f)
{
	struct bc_address source;
	bool is_multicast;

	return read_frame(f, &source, &is_multicast);
}

static uint8_t *udp_of(struct frame *f)
{
	return f->octets + f->ptp_offset - UDP;
}

static void insert(struct frame *f, size_t at, const void *octets, size_t len)
{
	memmove(f->octets + at + len, f->octets + at, f->len - at);
	memcpy(f->octets + at, octets, len);
	f->len += len;
	f->ptp_offset += len;
}

static void an_ethernet_frame_is_addresses_type_and_message(void **state)
{
	struct frame f = make_frame(EBC_TRANSPORT_IEEE_802_3);
	static const uint8_t header[ETH] = {0x01, 0x1b, 0x19, 0, 0, 0, 0x02, 1, 2, 3, 4, 5, 0x88, 0xf7};

	(void)state;
	assert_int_equal(f.len, ETH + 44);
	assert_memory_equal(f.octets, header, ETH);
}

static void an_ipv4_frame_has_the_fields_of_annex_c(void **state)
{
	struct frame f = make_frame(EBC_TRANSPORT_UDP_IPV4);
	const uint8_t *ip = f.octets + ETH, *udp = ip + IPV4;

	(void)state;
	assert_int_equal(f.len, ETH + IPV4 + UDP + 44);
	assert_int_equal(get_be16(f.octets + 12), 0x0800);
	assert_int_equal(ip[0], 0x45);
	assert_int_equal(ip[1], 46 << 2);
	assert_int_equal(get_be16(ip + 2), IPV4 + UDP + 44);
	assert_int_equal(ip[8], 1);
	assert_int_equal(ip[9], 17);
	assert_memory_equal(ip + 12, host_v4, 4);
	assert_memory_equal(ip + 16, group_v4, 4);
	assert_int_equal(octet_sum(ip, IPV4, 0), 0);
	assert_int_not_equal(get_be16(ip + 10), 0);
	assert_int_equal(get_be16(udp), 319);
	assert_int_equal(get_be16(udp + 2), 319);
	assert_int_equal(get_be16(udp + 4), UDP + 44);
	assert_int_equal(udp_sum(ip, IPV4, udp), 0);
}

static void an_ipv6_frame_has_two_octets_of_padding(void **state)
{
	struct frame f = make_frame(EBC_TRANSPORT_UDP_IPV6);
	const uint8_t *ip = f.octets + ETH, *udp = ip + IPV6;

	(void)state;
	assert_int_equal(f.len, ETH + IPV6 + UDP + 44 + 2);
	assert_int_equal(get_be16(f.octets + 12), 0x86dd);
	assert_int_equal(get_be32(ip), 0x60000000 | 46u << 22);
	assert_int_equal(get_be16(ip + 4), UDP + 46);
	assert_int_equal(ip[6], 17);
	assert_int_equal(ip[7], 1);
	assert_memory_equal(ip + 8, host_v6, 16);
	assert_memory_equal(ip + 24, group_v6, 16);
	assert_int_equal(get_be16(udp + 4), UDP + 46);
	assert_int_equal(get_be16(f.octets + f.len - 2), 0);
	assert_int_equal(udp_sum(ip, IPV6, udp), 0);
}

static void general_messages_go_to_port_320(void **state)
{
	struct bc_encap e = make_encap(EBC_TRANSPORT_UDP_IPV4);
	uint8_t message[44] = {8}, frame[128];

	(void)state;
	assert_true(bc_encap_write(&e, false, message, sizeof(message), frame, sizeof(frame)) > 0);
	assert_int_equal(get_be16(frame + ETH + IPV4), 320);
	assert_int_equal(get_be16(frame + ETH + IPV4 + 2), 320);
}

static void checksums_are_right_for_any_contents_and_never_zero(void **state)
{
	static const enum ebc_transport transports[] = {EBC_TRANSPORT_UDP_IPV4, EBC_TRANSPORT_UDP_IPV6};
	uint64_t seed = 1;

	(void)state;
	for (unsigned int i = 0; i < 140000; i++) {
		struct bc_encap e = make_encap(transports[i % 2]);
		size_t ip_len = i % 2 ? IPV6 : IPV4, message_len = 34 + i % 31;
		uint8_t message[64], frame[256];
		const uint8_t *udp = frame + ETH + ip_len;

		for (size_t n = 0; n < message_len; n++)
			message[n] = (uint8_t)sample_random(&seed);
		assert_true(bc_encap_write(&e, true, message, message_len, frame, sizeof(frame)) > 0);
		if (udp_sum(frame + ETH, ip_len, udp) != 0 || get_be16(udp + 6) == 0)
			fail_msg("wrong checksum in round %u", i);
	}
}

static void a_frame_that_does_not_fit_is_not_begun(void **state)
{
	static const enum ebc_transport transports[] = {EBC_TRANSPORT_IEEE_802_3, EBC_TRANSPORT_UDP_IPV4,
							EBC_TRANSPORT_UDP_IPV6};
	static const size_t needed[] = {ETH + 44, ETH + IPV4 + UDP + 44, ETH + IPV6 + UDP + 46};
	uint8_t message[44] = {}, frame[ETH + IPV6 + UDP + 46];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		struct bc_encap e = make_encap(transports[i]);

		memset(frame, 0xee, sizeof(frame));
		assert_int_equal(bc_encap_write(&e, true, message, 44, frame, needed[i] - 1), 0);
		assert_int_equal(frame[0], 0xee);
		assert_int_equal(bc_encap_write(&e, true, message, 44, frame, needed[i]), needed[i]);
	}
	assert_true(BC_ENCAP_MAX >= sizeof(frame) - 44);
}

static void what_was_written_is_accepted_and_names_its_sender(void **state)
{
	static const enum ebc_transport transports[] = {EBC_TRANSPORT_IEEE_802_3, EBC_TRANSPORT_UDP_IPV4,
							EBC_TRANSPORT_UDP_IPV6};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		struct frame f = make_frame(transports[i]);
		struct bc_encap e = make_encap(transports[i]);
		struct bc_address source;
		bool is_multicast = false;

		assert_true(read_frame(&f, &source, &is_multicast));
		assert_true(is_multicast);
		assert_memory_equal(source.mac, e.source.mac, 6);
		assert_memory_equal(source.ip, e.source.ip, 16);
		f.octets[0] = 0x02;
		assert_true(read_frame(&f, &source, &is_multicast));
		assert_false(is_multicast);
	}
}

static void every_single_bit_error_under_the_checksum_is_refused(void **state)
{
	static const enum ebc_transport transports[] = {EBC_TRANSPORT_UDP_IPV4, EBC_TRANSPORT_UDP_IPV6};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		struct frame f = make_frame(transports[i]);

		/* Ports, checksum, message; the length field is a case of its own. */
		for (size_t bit = 0; bit < 8 * (f.len - f.ptp_offset + UDP); bit++) {
			if (bit / 8 == 4 || bit / 8 == 5)
				continue;
			udp_of(&f)[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_false(is_accepted(&f));
			udp_of(&f)[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		assert_true(is_accepted(&f));
	}
}

static void a_partial_checksum_is_accepted(void **state)
{
	static const enum ebc_transport transports[] = {EBC_TRANSPORT_UDP_IPV4, EBC_TRANSPORT_UDP_IPV6};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		struct frame f = make_frame(transports[i]);
		const uint8_t *ip = f.octets + ETH;
		uint32_t sum = f.ip_len == IPV6 ? octet_sum(ip + 8, 32, 0) : octet_sum(ip + 12, 8, 0);

		sum = (sum + 17 + get_be16(udp_of(&f) + 4)) % 65535u;
		put_be16(udp_of(&f) + 6, (uint16_t)sum);
		assert_true(is_accepted(&f));
		put_be16(udp_of(&f) + 6, (uint16_t)(sum + 1));
		assert_false(is_accepted(&f));
	}
}

static void a_zero_checksum_is_no_checksum_in_ipv4_and_wrong_in_ipv6(void **state)
{
	struct frame v4 = make_frame(EBC_TRANSPORT_UDP_IPV4), v6 = make_frame(EBC_TRANSPORT_UDP_IPV6);

	(void)state;
	put_be16(udp_of(&v4) + 6, 0);
	put_be16(udp_of(&v6) + 6, 0);
	assert_true(is_accepted(&v4));
	assert_false(is_accepted(&v6));
}

static void a_udp_length_beyond_the_frame_or_below_its_header_is_refused(void **state)
{
	struct frame f = make_frame(EBC_TRANSPORT_UDP_IPV4);
	static const uint16_t wrong[] = {0, 1, 7, 44 + UDP + 1, 0xffff};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		put_be16(udp_of(&f) + 6, 0);
		put_be16(udp_of(&f) + 4, wrong[i]);
		assert_false(is_accepted(&f));
	}
}

static void octets_behind_the_datagram_are_not_summed(void **state)
{
	struct frame f = make_frame(EBC_TRANSPORT_UDP_IPV4);

	(void)state;
	memset(f.octets + f.len, 0xa7, 11);
	f.len += 11;
	assert_true(is_accepted(&f));
}

static void one_or_two_tags_in_the_frame_are_skipped(void **state)
{
	static const uint8_t inner[4] = {0x81, 0x00, 0x60, 0x0a}, outer[4] = {0x88, 0xa8, 0x00, 0x14};
	static const enum ebc_transport transports[] = {EBC_TRANSPORT_IEEE_802_3, EBC_TRANSPORT_UDP_IPV4,
							EBC_TRANSPORT_UDP_IPV6};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		struct frame f = make_frame(transports[i]);
		struct bc_encap e = make_encap(transports[i]);
		struct bc_address source;
		bool is_multicast;

		insert(&f, 12, inner, 4);
		assert_true(read_frame(&f, &source, &is_multicast));
		assert_memory_equal(source.ip, e.source.ip, 16);
		insert(&f, 12, outer, 4);
		assert_true(read_frame(&f, &source, &is_multicast));
		assert_memory_equal(source.ip, e.source.ip, 16);
		if (transports[i] == EBC_TRANSPORT_IEEE_802_3)
			continue;
		f.octets[f.ptp_offset + 9] ^= 1;
		assert_false(is_accepted(&f));
	}
}

static void ipv4_options_are_skipped(void **state)
{
	static const uint8_t options[8] = {0x94, 4, 0, 0, 1, 1, 1, 0};
	struct frame f = make_frame(EBC_TRANSPORT_UDP_IPV4);
	struct bc_address source;
	bool is_multicast;

	(void)state;
	insert(&f, ETH + IPV4, options, sizeof(options));
	f.octets[ETH] = 0x47;
	assert_true(read_frame(&f, &source, &is_multicast));
	assert_memory_equal(source.ip, host_v4, 4);
	f.octets[f.len - 1] ^= 1;
	assert_false(is_accepted(&f));
}

static void an_offset_that_leaves_no_room_for_the_headers_is_refused(void **state)
{
	static const enum ebc_transport transports[] = {EBC_TRANSPORT_UDP_IPV4, EBC_TRANSPORT_UDP_IPV6};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		struct frame f = make_frame(transports[i]);
		size_t right = f.ptp_offset;

		for (f.ptp_offset = 0; f.ptp_offset < right; f.ptp_offset++)
			assert_false(is_accepted(&f));
		f.ptp_offset = f.len + 1;
		assert_false(is_accepted(&f));
	}
}

static void a_refused_frame_leaves_the_results_untouched(void **state)
{
	struct frame f = make_frame(EBC_TRANSPORT_UDP_IPV4);
	struct bc_address source, untouched;
	bool is_multicast = false;

	(void)state;
	memset(&source, 0x5a, sizeof(source));
	memcpy(&untouched, &source, sizeof(source));
	f.octets[f.len - 1] ^= 1;
	assert_false(read_frame(&f, &source, &is_multicast));
	assert_memory_equal(&source, &untouched, sizeof(source));
	assert_false(is_multicast);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ethernet_frame_is_addresses_type_and_message),
		cmocka_unit_test(an_ipv4_frame_has_the_fields_of_annex_c),
		cmocka_unit_test(an_ipv6_frame_has_two_octets_of_padding),
		cmocka_unit_test(general_messages_go_to_port_320),
		cmocka_unit_test(checksums_are_right_for_any_contents_and_never_zero),
		cmocka_unit_test(a_frame_that_does_not_fit_is_not_begun),
		cmocka_unit_test(what_was_written_is_accepted_and_names_its_sender),
		cmocka_unit_test(every_single_bit_error_under_the_checksum_is_refused),
		cmocka_unit_test(a_partial_checksum_is_accepted),
		cmocka_unit_test(a_zero_checksum_is_no_checksum_in_ipv4_and_wrong_in_ipv6),
		cmocka_unit_test(a_udp_length_beyond_the_frame_or_below_its_header_is_refused),
		cmocka_unit_test(octets_behind_the_datagram_are_not_summed),
		cmocka_unit_test(one_or_two_tags_in_the_frame_are_skipped),
		cmocka_unit_test(ipv4_options_are_skipped),
		cmocka_unit_test(an_offset_that_leaves_no_room_for_the_headers_is_refused),
		cmocka_unit_test(a_refused_frame_leaves_the_results_untouched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
