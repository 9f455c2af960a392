/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Event messages of every envelope through a box, over a bridge and carried by the programs: corrected by
 * the time between, no other octet changed, and the UDP checksum right for an independent eye.
 */
#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/bpf/box.h"
#include "util/cleanup.h"
#include "util/macros.h"

static const enum ebc_transport transports[] = {EBC_TRANSPORT_IEEE_802_3, EBC_TRANSPORT_UDP_IPV4,
						EBC_TRANSPORT_UDP_IPV6};
static const uint8_t event_types[] = {TYPE_SYNC, TYPE_DELAY_REQ, TYPE_PDELAY_REQ, TYPE_PDELAY_RESP};

/* In at port 0, out at the two others: corrected there by no more than what passed meanwhile. */
static void pass_corrected(struct box *box, const struct message *sent)
{
	uint64_t before_mono_ns = rig_mono_ns();

	box_send(box, 0, sent);
	for (int to = 1; to < BOX_PORTS; to++) {
		struct message out;
		int64_t added_sns = box_expect(box, to, sent, &out);

		assert_true(added_sns > 0);
		assert_true(added_sns < (int64_t)(rig_mono_ns() - before_mono_ns) << 16);
		if (sent->transport != EBC_TRANSPORT_IEEE_802_3)
			assert_int_equal(message_stored_checksum(&out), message_udp_checksum(&out));
	}
}

/* A two-step message: one whose correction nothing but its residence decides. */
static void build(struct box *box, struct frame_spec *spec, struct message *ret)
{
	spec->sequence_id = box_next_sequence_id(box);
	message_build(spec, ret);
	message_set_two_step(ret, true);
	message_set_correction_sns(ret, 0x123456789ABCLL);
}

static void every_event_message_is_corrected(void **state)
{
	struct box *box = *state;
	uint64_t corrected = box_counter(box, 1, EBC_COUNTER_TX_CORRECTED);

	for (size_t t = 0; t < ARRAY_SIZE(transports); t++)
		for (size_t i = 0; i < ARRAY_SIZE(event_types); i++) {
			struct frame_spec spec = message_spec(transports[t], event_types[i], 0);
			struct message sent;

			build(box, &spec, &sent);
			pass_corrected(box, &sent);
		}
	assert_int_equal(box_counter(box, 1, EBC_COUNTER_TX_CORRECTED) - corrected,
			 ARRAY_SIZE(transports) * ARRAY_SIZE(event_types));
}

static void behind_vlan_tags_too(void **state)
{
	struct box *box = *state;

	for (size_t t = 0; t < ARRAY_SIZE(transports); t++)
		for (size_t tags = 1; tags <= 2; tags++) {
			struct frame_spec spec = message_spec(transports[t], TYPE_SYNC, 0);
			struct message sent;

			spec.tags[0] = (struct frame_tag){tags == 2 ? 0x88A8 : 0x8100, 0x6064};
			if (tags == 2)
				spec.tags[1] = (struct frame_tag){0x8100, 0x00C8};
			build(box, &spec, &sent);
			pass_corrected(box, &sent);
		}
}

static void behind_ipv4_options_and_ipv6_extensions(void **state)
{
	struct box *box = *state;
	struct frame_spec spec = message_spec(EBC_TRANSPORT_UDP_IPV4, TYPE_SYNC, 0);
	struct message sent;

	for (uint8_t ihl = 6; ihl <= 15; ihl++) {
		spec.ihl = ihl;
		build(box, &spec, &sent);
		pass_corrected(box, &sent);
	}
	spec = message_spec(EBC_TRANSPORT_UDP_IPV6, TYPE_SYNC, 0);
	for (spec.n_exts = 1; spec.n_exts <= 2; spec.n_exts++) {
		spec.exts[0] = (struct frame_ext){.type = 0, .length_8octets = 1};
		spec.exts[1] = (struct frame_ext){.type = 60};
		build(box, &spec, &sent);
		pass_corrected(box, &sent);
	}
}

/* IPv6 senders append two octets; on Ethernet the frame may be filled up. */
static void padding_stays(void **state)
{
	struct box *box = *state;

	for (size_t t = 0; t < ARRAY_SIZE(transports); t++) {
		struct frame_spec spec = message_spec(transports[t], TYPE_SYNC, 0);
		struct message sent;

		spec.padding = 16;
		build(box, &spec, &sent);
		pass_corrected(box, &sent);
		spec.padding = 0;
		spec.ptp_octets += 2;
		spec.message_length = 44;
		build(box, &spec, &sent);
		pass_corrected(box, &sent);
	}
}

/* All sums that a carry can make, and those in which the checksum becomes zero. */
static void checksums_are_right_whatever_the_carries(void **state)
{
	struct box *box = *state;

	for (int i = 0; i < 200; i++) {
		struct frame_spec spec =
			message_spec(i % 2 ? EBC_TRANSPORT_UDP_IPV4 : EBC_TRANSPORT_UDP_IPV6, TYPE_SYNC, 0);
		struct message sent;

		build(box, &spec, &sent);
		message_set_correction_sns(&sent,
					   i % 4 < 2 ? -1LL - i * 0x10001LL : 0xFFFFFFFFFFLL << i % 16);
		pass_corrected(box, &sent);
	}
}

static void no_checksum_stays_none(void **state)
{
	struct box *box = *state;
	struct frame_spec spec = message_spec(EBC_TRANSPORT_UDP_IPV4, TYPE_SYNC, 0);
	struct message sent, out;

	build(box, &spec, &sent);
	message_store_checksum(&sent, 0);
	assert_true(box_pass(box, 0, 1, &sent, &out) > 0);
	assert_int_equal(message_stored_checksum(&out), 0);
}

/* The receiver shall see the sender's fault, not one that was mended on the way. */
static void a_wrong_checksum_stays_as_wrong(void **state)
{
	struct box *box = *state;

	for (size_t t = 1; t < ARRAY_SIZE(transports); t++) {
		struct frame_spec spec = message_spec(transports[t], TYPE_SYNC, 0);
		struct message sent, out;
		uint32_t wrong_by = 0x1111;

		build(box, &spec, &sent);
		message_store_checksum(&sent, (uint16_t)((message_udp_checksum(&sent) + wrong_by) % 0xFFFF));
		assert_true(box_pass(box, 0, 1, &sent, &out) > 0);
		assert_int_equal(message_stored_checksum(&out) % 0xFFFF,
				 (message_udp_checksum(&out) + wrong_by) % 0xFFFF);
	}
}

/* The checksum of what leaves by the device is then made in software, over the octets as they are. */
static void switch_checksum_offload_off(const char *name)
{
	_cleanup_fd_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ethtool_value off = {.cmd = ETHTOOL_STXCSUM};
	struct ifreq request = {.ifr_data = (char *)&off};

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	assert_int_equal(ioctl(fd, SIOCETHTOOL, &request), 0);
}

/* A frame whose checksum the sender's stack left to the device carries only the pseudo-header's sum here. */
static void a_partial_checksum_becomes_right(void **state)
{
	struct box *box = *state;
	struct sockaddr_in group = {
		.sin_family = AF_INET, .sin_port = htons(319), .sin_addr.s_addr = htonl(0xE0000181)};
	struct message sent, out = {.transport = EBC_TRANSPORT_UDP_IPV4};
	struct ip_mreqn interface = {.imr_ifindex = (int)box->far_ifindex[0]};
	int fd;

	switch_checksum_offload_off("port1");
	netlab_enter(box->far_fd);
	assert_int_equal(netlab_run("ip addr add 192.0.2.1/24 dev far0"), 0);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof(interface)), 0);
	for (int i = 0; i < 20; i++) {
		message_new(EBC_TRANSPORT_UDP_IPV4, TYPE_SYNC, box_next_sequence_id(box), &sent);
		message_set_two_step(&sent, true);
		assert_int_equal(
			sendto(fd, message_ptp(&sent), 44, 0, (const struct sockaddr *)&group, sizeof(group)),
			44);
		assert_true(box_receive(box, 1, &out, NULL));
		out.ptp_offset = sent.ptp_offset;
		assert_int_equal(out.len, sent.len);
		assert_true(message_correction_sns(&out) > 0);
		assert_memory_equal(message_ptp(&out) + 16, message_ptp(&sent) + 16, 44 - 16);
		assert_int_equal(message_stored_checksum(&out), message_udp_checksum(&out));
	}
	close(fd);
	netlab_enter(box->box_fd);
}

static void unicast_over_the_bridge_is_corrected(void **state)
{
	struct box *box = *state;

	for (size_t t = 0; t < ARRAY_SIZE(transports); t++) {
		struct frame_spec spec = message_spec(transports[t], TYPE_DELAY_REQ, 0);
		struct message sent, out;

		memcpy(spec.dst_mac, box->far_mac[2], 6);
		build(box, &spec, &sent);
		memcpy(sent.octets + 6, box->far_mac[0], 6);
		assert_true(box_pass(box, 0, 2, &sent, &out) > 0);
		/* The answer comes back, and the bridge knows the way. */
		memcpy(spec.dst_mac, box->far_mac[0], 6);
		build(box, &spec, &sent);
		memcpy(sent.octets + 6, box->far_mac[2], 6);
		assert_true(box_pass(box, 2, 0, &sent, &out) > 0);
	}
}

/* The connection tracking of IP sees the frames, and whatever else hangs at its hooks. */
static void netfilter_on_the_bridge_does_not_harm(void **state)
{
	struct box *box = *state;

	if (!box_set_bridge_netfilter(true))
		skip();
	for (int i = 0; i < 4; i++) {
		struct frame_spec spec = message_spec(EBC_TRANSPORT_UDP_IPV4, event_types[i], 0);
		struct message sent;

		build(box, &spec, &sent);
		pass_corrected(box, &sent);
	}
	box_set_bridge_netfilter(false);
}

/* Other people's 01-80-C2-00-00-0x (LLDP) stays where it is, and our own port's frames are no clones. */
static void nothing_else_is_carried(void **state)
{
	struct box *box = *state;
	struct message frame;

	message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_PDELAY_REQ, box_next_sequence_id(box), &frame);
	memcpy(frame.octets + 12, "\x88\xCC", 2);
	box_send(box, 0, &frame);
	box_expect_nothing(box, 0);
}

#define reset_test(f) cmocka_unit_test_setup(f, box_reset)

#define EVERYWHERE                                                                                         \
	reset_test(every_event_message_is_corrected), reset_test(behind_vlan_tags_too),                    \
		reset_test(behind_ipv4_options_and_ipv6_extensions), reset_test(padding_stays),            \
		reset_test(checksums_are_right_whatever_the_carries), reset_test(no_checksum_stays_none),  \
		reset_test(a_wrong_checksum_stays_as_wrong), reset_test(a_partial_checksum_becomes_right), \
		reset_test(nothing_else_is_carried)

int main(void)
{
	const struct CMUnitTest direct_tests[] = {EVERYWHERE};
	const struct CMUnitTest bridge_tests[] = {
		EVERYWHERE,
		reset_test(unicast_over_the_bridge_is_corrected),
		reset_test(netfilter_on_the_bridge_does_not_harm),
	};

	if (geteuid() != 0) {
		puts("needs root");
		return 77;
	}
	return cmocka_run_group_tests(direct_tests, box_setup_direct, box_teardown) +
	       cmocka_run_group_tests(bridge_tests, box_setup_bridge, box_teardown);
}
