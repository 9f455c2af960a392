/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the ingress program takes for PTP, and where it finds the message: every transport and wrapping. */
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/bpf/run.h"
#include "util/macros.h"
#include "util/unaligned.h"

static const enum ebc_transport transports[] = {EBC_TRANSPORT_IEEE_802_3, EBC_TRANSPORT_UDP_IPV4,
						EBC_TRANSPORT_UDP_IPV6};

static int setup(void **state)
{
	static struct run run;
	struct ebc_loader_options options = rig_options();

	run_new(&run, &options);
	*state = &run;
	return 0;
}

static int teardown(void **state)
{
	run_free(*state);
	return 0;
}

static void every_transport_is_consumed(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		struct frame_spec spec = frame_sync(transports[i]);

		expect_consumed(*state, &spec);
		for (uint8_t type = 0; type < 16; type++) {
			spec.message_type = type;
			spec.dst_port = type < 8 ? 319 : 320;
			expect_consumed(*state, &spec);
		}
	}
}

static void other_protocols_and_ports_are_not_ours(void **state)
{
	uint8_t frame[FRAME_OCTETS];
	size_t len;

	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		static const uint16_t ports[] = {0, 318, 321, 53, 0x3F01, 65535};
		struct frame_spec spec = frame_sync(transports[i]);

		for (size_t p = 0; p < ARRAY_SIZE(ports) && i > 0; p++) {
			spec.dst_port = ports[p]; /* the source port is 319 */
			expect_passed(*state, &spec, NO_COUNTER);
		}
		spec.dst_port = 319;
		len = frame_build(&spec, frame, NULL);
		put_be16(frame + 12, 0x88F8);
		expect_octets_passed(*state, frame, len, NO_COUNTER);
		put_be16(frame + 12, 0x0026); /* a length: LLC */
		expect_octets_passed(*state, frame, len, NO_COUNTER);
	}
	for (int protocol = 0; protocol < 256; protocol++) {
		struct frame_spec spec = frame_sync(EBC_TRANSPORT_UDP_IPV4);

		if (protocol == 17)
			continue;
		len = frame_build(&spec, frame, NULL);
		frame[14 + 9] = (uint8_t)protocol;
		expect_octets_passed(*state, frame, len, NO_COUNTER);
		spec = frame_sync(EBC_TRANSPORT_UDP_IPV6);
		len = frame_build(&spec, frame, NULL);
		frame[14 + 6] = (uint8_t)protocol;
		/* Read as an extension header, the UDP header announces ICMP (1, of source port 319). */
		expect_octets_passed(*state, frame, len, NO_COUNTER);
	}
}

static void wrong_ip_version_is_not_ours(void **state)
{
	for (size_t i = 1; i < ARRAY_SIZE(transports); i++) {
		struct frame_spec spec = frame_sync(transports[i]);
		uint8_t frame[FRAME_OCTETS];
		size_t len = frame_build(&spec, frame, NULL);
		uint8_t low = frame[14] & 0x0F, right = frame[14] >> 4;

		for (uint8_t version = 0; version < 16; version++) {
			frame[14] = (uint8_t)(version << 4 | low);
			if (version != right)
				expect_octets_passed(*state, frame, len, NO_COUNTER);
		}
	}
}

static void priority_tags_in_the_frame_are_looked_through(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		struct frame_spec spec = frame_sync(transports[i]);

		spec.tags[0] = (struct frame_tag){0x8100, 0xE000};
		expect_consumed(*state, &spec);
		spec.tags[0].ethertype = 0x88A8;
		expect_consumed(*state, &spec);
		spec.tags[1] = (struct frame_tag){0x8100, 0x2000};
		expect_consumed(*state, &spec);
		spec.tags[2] = (struct frame_tag){0x8100, 0};
		expect_passed(*state, &spec, NO_COUNTER); /* deeper than anyone tags */
	}
}

static void frames_of_a_vlan_pass(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		struct frame_spec spec = frame_sync(transports[i]);

		spec.tags[0] = (struct frame_tag){0x8100, 1};
		expect_passed(*state, &spec, EBC_COUNTER_RX_PASSED_VLAN);
		spec.tags[0].vid = 0xEFFF;
		expect_passed(*state, &spec, EBC_COUNTER_RX_PASSED_VLAN);
		spec.tags[1] = (struct frame_tag){0x8100, 0};
		expect_passed(*state, &spec, EBC_COUNTER_RX_PASSED_VLAN);
		spec.tags[0] = (struct frame_tag){0x88A8, 0};
		spec.tags[1].vid = 7;
		expect_passed(*state, &spec, EBC_COUNTER_RX_PASSED_VLAN);
	}
}

static void ipv4_options_are_skipped(void **state)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_UDP_IPV4);

	for (uint8_t ihl = 5; ihl < 16; ihl++) {
		spec.ihl = ihl;
		expect_consumed(*state, &spec);
	}
}

static void ipv4_header_lengths_that_lie_are_not_ours(void **state)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_UDP_IPV4);
	uint8_t frame[FRAME_OCTETS];
	size_t len = frame_build(&spec, frame, NULL);

	for (uint8_t ihl = 0; ihl < 16; ihl++) {
		frame[14] = (uint8_t)(0x40 | ihl);
		if (ihl != 5)
			expect_octets_passed(*state, frame, len, NO_COUNTER);
	}
	spec.ihl = 15;
	for (uint32_t total = 0; total < 60 + 8; total++) {
		spec.ip_length = total; /* ends before the UDP header does */
		expect_passed(*state, &spec, NO_COUNTER);
	}
}

static void ipv4_fragments_pass(void **state)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_UDP_IPV4);

	spec.ipv4_fragment = 0x4000; /* do not fragment */
	expect_consumed(*state, &spec);
	spec.ipv4_fragment = 0x8000; /* reserved */
	expect_consumed(*state, &spec);
	spec.ipv4_fragment = 0x2000;
	expect_passed(*state, &spec, EBC_COUNTER_RX_PASSED_FRAGMENT);
	spec.ipv4_fragment = 0x2001;
	expect_passed(*state, &spec, EBC_COUNTER_RX_PASSED_FRAGMENT);
	spec.ipv4_fragment = 0x1FFF;
	expect_passed(*state, &spec, EBC_COUNTER_RX_PASSED_FRAGMENT);
	spec.ipv4_fragment = 0x2000;
	spec.dst_port = 53; /* the first fragment has ports */
	expect_passed(*state, &spec, NO_COUNTER);
}

static void ipv6_extension_headers_are_skipped(void **state)
{
	static const uint8_t types[] = {0, 43, 60};
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_UDP_IPV6);

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		for (uint8_t length = 0; length < 32; length++) {
			spec.exts[0] = (struct frame_ext){.type = types[i], .length_8octets = length};
			spec.n_exts = 1;
			expect_consumed(*state, &spec);
		}
	for (spec.n_exts = 0; spec.n_exts <= 4; spec.n_exts++) {
		for (size_t i = 0; i < spec.n_exts; i++)
			spec.exts[i] = (struct frame_ext){.type = types[i % 3], .length_8octets = 1};
		expect_consumed(*state, &spec);
	}
}

static void endless_ipv6_extension_headers_are_not_ours(void **state)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_UDP_IPV6);

	for (size_t i = 0; i < FRAME_EXTS; i++)
		spec.exts[i] = (struct frame_ext){.type = 60};
	for (spec.n_exts = 5; spec.n_exts <= FRAME_EXTS; spec.n_exts++)
		expect_passed(*state, &spec, NO_COUNTER);
	spec.n_exts = 1;
	spec.exts[0] = (struct frame_ext){.type = 51}; /* authentication: its length counts otherwise */
	expect_passed(*state, &spec, NO_COUNTER);
	spec.exts[0] = (struct frame_ext){.type = 50};
	expect_passed(*state, &spec, NO_COUNTER);
}

static void ipv6_extension_header_beyond_the_packet_is_not_ours(void **state)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_UDP_IPV6);
	uint8_t frame[FRAME_OCTETS];
	size_t len;

	spec.exts[0] = (struct frame_ext){.type = 0};
	spec.n_exts = 1;
	len = frame_build(&spec, frame, NULL);
	for (unsigned int length = 1; length < 256; length++) {
		frame[14 + 40 + 1] = (uint8_t)length;
		expect_octets_passed(*state, frame, len, NO_COUNTER);
	}
}

static void ipv6_fragments_pass(void **state)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_UDP_IPV6);

	spec.exts[0] = (struct frame_ext){.type = 0};
	for (size_t at = 0; at < 2; at++) {
		spec.n_exts = at + 1;
		spec.exts[at] = (struct frame_ext){.type = 44, .fragment = 0x0001};
		expect_passed(*state, &spec, EBC_COUNTER_RX_PASSED_FRAGMENT);
		spec.exts[at].fragment = 0x0008;
		expect_passed(*state, &spec, EBC_COUNTER_RX_PASSED_FRAGMENT);
		spec.exts[at].fragment = 0;
		expect_passed(*state, &spec, EBC_COUNTER_RX_PASSED_FRAGMENT);
	}
	spec.dst_port = 53;
	expect_passed(*state, &spec, NO_COUNTER);
}

/* Every frame, cut off at every octet. What is left of a message that is the clock's is dropped. */
static void truncated_frames_are_never_consumed(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++)
		for (size_t tags = 0; tags < 3; tags++) {
			struct frame_spec spec = frame_sync(transports[i]);
			uint8_t frame[FRAME_OCTETS];
			size_t ptp_offset, len, cut = 14;

			for (size_t t = 0; t < tags; t++)
				spec.tags[t].ethertype = 0x8100;
			if (transports[i] == EBC_TRANSPORT_UDP_IPV6)
				spec.exts[spec.n_exts++] = (struct frame_ext){.type = 0, .length_8octets = 1};
			len = frame_build(&spec, frame, &ptp_offset);
			/* The kernel refuses to test-run less than the IP header that the type announces. */
			if (tags == 0 && transports[i] == EBC_TRANSPORT_UDP_IPV4)
				cut += 20;
			if (tags == 0 && transports[i] == EBC_TRANSPORT_UDP_IPV6)
				cut += 40;
			for (; cut < ptp_offset; cut++)
				expect_octets_passed(*state, frame, cut, NO_COUNTER);
			for (; cut < ptp_offset + 34; cut++)
				expect_octets_dropped(*state, frame, cut, EBC_COUNTER_RX_DROPPED_SHORT);
			for (; cut < len; cut++)
				expect_octets_dropped(*state, frame, cut, EBC_COUNTER_RX_DROPPED_LENGTH);
		}
}

#define reset_test(f) cmocka_unit_test_setup(f, run_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		reset_test(every_transport_is_consumed),
		reset_test(other_protocols_and_ports_are_not_ours),
		reset_test(wrong_ip_version_is_not_ours),
		reset_test(priority_tags_in_the_frame_are_looked_through),
		reset_test(frames_of_a_vlan_pass),
		reset_test(ipv4_options_are_skipped),
		reset_test(ipv4_header_lengths_that_lie_are_not_ours),
		reset_test(ipv4_fragments_pass),
		reset_test(ipv6_extension_headers_are_skipped),
		reset_test(endless_ipv6_extension_headers_are_not_ours),
		reset_test(ipv6_extension_header_beyond_the_packet_is_not_ours),
		reset_test(ipv6_fragments_pass),
		reset_test(truncated_frames_are_never_consumed),
	};

	if (geteuid() != 0) {
		puts("needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
