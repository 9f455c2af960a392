/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which PTP frames the ingress program takes, leaves or drops, and the stamps that it gives them. */
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/bpf/run.h"
#include "util/macros.h"

static const enum ebc_transport transports[] = {EBC_TRANSPORT_IEEE_802_3, EBC_TRANSPORT_UDP_IPV4,
						EBC_TRANSPORT_UDP_IPV6};

static struct run run;

static int setup(void **state)
{
	struct ebc_loader_options options = rig_options();

	options.domain_number = 24;
	options.sdo_id = 0x1AB;
	options.rx_ring_bytes = 8192;
	run_new(&run, &options);
	*state = &run;
	return 0;
}

static int teardown(void **state)
{
	run_free(&run);
	(void)state;
	return 0;
}

static struct frame_spec own_sync(enum ebc_transport transport)
{
	struct frame_spec spec = frame_sync(transport);

	spec.domain_number = 24;
	spec.sdo_id = 0x1AB;
	return spec;
}

static void other_domains_and_sdo_ids_pass(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		struct frame_spec spec = own_sync(transports[i]);

		expect_consumed(&run, &spec);
		for (int domain = 0; domain < 256; domain++) {
			spec.domain_number = (uint8_t)domain;
			if (domain != 24)
				expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_DOMAIN);
		}
		spec = own_sync(transports[i]);
		for (unsigned int bit = 0; bit < 12; bit++) {
			spec.sdo_id = (uint16_t)(0x1AB ^ 1U << bit);
			expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_SDO);
		}
	}
}

static void only_version_2_is_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		struct frame_spec spec = own_sync(transports[i]);

		for (unsigned int version = 0; version < 256; version++) {
			spec.version = (uint8_t)version;
			spec.ptp_octets = 44;
			if ((version & 0x0F) == 2) {
				expect_consumed(&run, &spec);
				continue;
			}
			expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_VERSION);
			spec.ptp_octets = 2; /* no need of a whole header to see that */
			expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_VERSION);
		}
	}
}

static void message_length_beyond_the_message_is_dropped(void **state)
{
	static const uint32_t wrong[] = {0, 1, 33, 45, 0x2C00, 32767, 32768, 65535};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		struct frame_spec spec = own_sync(transports[i]);

		for (size_t w = 0; w < ARRAY_SIZE(wrong); w++) {
			spec.message_length = wrong[w];
			expect_dropped(&run, &spec, EBC_COUNTER_RX_DROPPED_LENGTH);
		}
		spec.message_length = 34; /* shorter than what is there: padding */
		expect_consumed(&run, &spec);
	}
}

static void padding_is_the_message_s_on_ethernet_only(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		struct frame_spec spec = own_sync(transports[i]);

		spec.padding = 18;
		expect_consumed(&run, &spec);
		spec.message_length = 44 + 18;
		if (transports[i] == EBC_TRANSPORT_IEEE_802_3)
			expect_consumed(&run, &spec);
		else
			expect_dropped(&run, &spec, EBC_COUNTER_RX_DROPPED_LENGTH);
	}
}

static void udp_length_bounds_the_message(void **state)
{
	(void)state;
	for (size_t i = 1; i < ARRAY_SIZE(transports); i++) {
		struct frame_spec spec = own_sync(transports[i]);

		for (spec.udp_length = 0; spec.udp_length < 8 + 34; spec.udp_length++)
			expect_dropped(&run, &spec, EBC_COUNTER_RX_DROPPED_SHORT);
		for (; spec.udp_length < 8 + 44; spec.udp_length++)
			expect_dropped(&run, &spec, EBC_COUNTER_RX_DROPPED_LENGTH);
		spec.udp_length = 65535; /* beyond the packet: the packet bounds it */
		expect_consumed(&run, &spec);
		spec.ip_length = 65535;
		expect_consumed(&run, &spec);
		spec.message_length = 45;
		expect_dropped(&run, &spec, EBC_COUNTER_RX_DROPPED_LENGTH);
	}
}

static void long_messages_are_taken_up_to_the_largest_record(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		struct frame_spec spec = own_sync(transports[i]);
		uint8_t frame[FRAME_OCTETS];
		size_t overhead = frame_build(&spec, frame, NULL) - spec.ptp_octets;

		for (size_t len = EBC_RX_FRAME_SMALL - 2; len < EBC_RX_FRAME_SMALL + 3; len++) {
			spec.ptp_octets = len - overhead;
			expect_consumed(&run, &spec);
		}
		spec.ptp_octets = EBC_RX_FRAME_LARGE - overhead;
		expect_consumed(&run, &spec);
		spec.ptp_octets++;
		expect_dropped(&run, &spec, EBC_COUNTER_RX_DROPPED_LONG);
	}
}

static void unicast_is_taken_only_to_own_addresses(void **state)
{
	static const uint8_t own_ipv6[] = {0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3};
	const uint8_t *own_macs[] = {run.conf.mac, run.conf.bridge_mac};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++)
		for (size_t m = 0; m < ARRAY_SIZE(own_macs); m++) {
			struct frame_spec spec = own_sync(transports[i]);

			memcpy(spec.dst_mac, own_macs[m], 6);
			expect_consumed(&run, &spec); /* the IP address is multicast still */
			spec.dst_ipv4 = 0xC0000203;
			memcpy(spec.dst_ipv6, own_ipv6, 16);
			expect_consumed(&run, &spec);
			for (size_t octet = 0; octet < 6; octet++) {
				spec.dst_mac[octet] ^= 0x40;
				expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_UNICAST);
				spec.dst_mac[octet] ^= 0x40;
			}
			if (transports[i] == EBC_TRANSPORT_IEEE_802_3)
				continue;
			for (unsigned int bit = 0; bit < 32; bit++) {
				spec.dst_ipv4 = 0xC0000203 ^ 1U << bit;
				spec.dst_ipv6[bit / 2] ^= (uint8_t)(1 << bit % 8);
				/* One bit off is another's, but .2 is ours too, and some are multicast. */
				if (bit != 0 && bit != 29)
					expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_UNICAST);
				memcpy(spec.dst_ipv6, own_ipv6, 16);
			}
			/* Unused entries of the list are zero, and zero is nobody's address. */
			spec.dst_ipv4 = 0;
			memset(spec.dst_ipv6, 0, 16);
			expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_UNICAST);
		}
}

static void all_multicast_is_taken(void **state)
{
	struct frame_spec spec = own_sync(EBC_TRANSPORT_IEEE_802_3);

	(void)state;
	memcpy(spec.dst_mac, "\x01\x80\xC2\x00\x00\x0E", 6);
	expect_consumed(&run, &spec);
	spec = own_sync(EBC_TRANSPORT_UDP_IPV4);
	spec.dst_ipv4 = 0xE000006B;
	expect_consumed(&run, &spec);
	spec.dst_ipv4 = 0xEFFFFFFF;
	expect_consumed(&run, &spec);
	spec.dst_ipv4 = 0xDFFFFFFF;
	expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_UNICAST);
	spec.dst_ipv4 = 0xF0000000;
	expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_UNICAST);
	spec = own_sync(EBC_TRANSPORT_UDP_IPV6);
	spec.dst_ipv6[1] = 0x02;
	expect_consumed(&run, &spec);
	spec.dst_ipv6[0] = 0xFE;
	expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_UNICAST);
}

/* A bridge forwards the traffic of others through the port: broken or not, it is not ours to drop. */
static void malformed_frames_to_others_pass(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		struct frame_spec spec = own_sync(transports[i]);

		spec.ptp_octets = 20;
		expect_dropped(&run, &spec, EBC_COUNTER_RX_DROPPED_SHORT);
		spec.tags[0] = (struct frame_tag){0x8100, 5};
		expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_VLAN);
		spec.tags[0].ethertype = 0;
		memcpy(spec.dst_mac, "\x02\x00\x00\x00\x00\x77", 6);
		expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_UNICAST);
		spec = own_sync(transports[i]);
		spec.domain_number = 3;
		spec.message_length = 9999;
		expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_DOMAIN);
	}
}

static void everything_passes_without_a_lease(void **state)
{
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(run.loader);
	struct frame_spec spec = own_sync(EBC_TRANSPORT_UDP_IPV4);
	uint64_t lease = ctl->lease_until_mono_ns;

	(void)state;
	ctl->lease_until_mono_ns = rig_mono_ns();
	expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_LEASE);
	spec.message_length = 0;
	expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_LEASE);
	ctl->lease_until_mono_ns = 0;
	expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_LEASE);
	ctl->lease_until_mono_ns = lease;
	expect_dropped(&run, &spec, EBC_COUNTER_RX_DROPPED_LENGTH);
}

static void frames_of_other_interfaces_are_left_alone(void **state)
{
	struct frame_spec spec = own_sync(EBC_TRANSPORT_IEEE_802_3);
	uint32_t port = run.lab.port_ifindex;

	(void)state;
	run.lab.port_ifindex = 1; /* the loopback device */
	expect_passed(&run, &spec, NO_COUNTER);
	spec.message_length = 0;
	expect_passed(&run, &spec, NO_COUNTER);
	run.lab.port_ifindex = port;
}

static void updated_addresses_count_at_once(void **state)
{
	struct frame_spec spec = own_sync(EBC_TRANSPORT_IEEE_802_3);
	struct ebc_port_conf before = run.conf;

	(void)state;
	memcpy(spec.dst_mac, "\x02\x00\x00\x00\x12\x34", 6);
	expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_UNICAST);
	memcpy(run.conf.mac, spec.dst_mac, 6);
	run_update(&run);
	expect_consumed(&run, &spec);
	run.conf = before;
	run_update(&run);
	expect_passed(&run, &spec, EBC_COUNTER_RX_PASSED_UNICAST);
}

#define reset_test(f) cmocka_unit_test_setup(f, run_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		reset_test(other_domains_and_sdo_ids_pass),
		reset_test(only_version_2_is_taken),
		reset_test(message_length_beyond_the_message_is_dropped),
		reset_test(padding_is_the_message_s_on_ethernet_only),
		reset_test(udp_length_bounds_the_message),
		reset_test(long_messages_are_taken_up_to_the_largest_record),
		reset_test(unicast_is_taken_only_to_own_addresses),
		reset_test(all_multicast_is_taken),
		reset_test(malformed_frames_to_others_pass),
		reset_test(everything_passes_without_a_lease),
		reset_test(frames_of_other_interfaces_are_left_alone),
		reset_test(updated_addresses_count_at_once),
	};

	if (geteuid() != 0) {
		puts("needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
