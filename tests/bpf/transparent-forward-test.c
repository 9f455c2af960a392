/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where multicast goes: to which ports, how often, and that a ring ends it. */
#include <bpf/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/bpf/box.h"
#include "util/cleanup.h"
#include "util/macros.h"

/* As the program has it: when a message was seen, and where. */
struct seen {
	uint64_t tc_mono_ns, rx_mono_ns;
	uint32_t ifindex, in_port_index;
};

/* Time passes for what the programs remember. An update moves the entry: keys first. */
static void age_what_was_seen(const struct box *box, uint64_t ns)
{
	static struct ebc_event_key keys[EBC_SEEN];
	_cleanup_fd_ int fd = box_map(box, "ebc_seen");
	size_t n = 0;

	while (bpf_map_get_next_key(fd, n ? &keys[n - 1] : NULL, &keys[n]) == 0)
		assert_true(++n < EBC_SEEN);
	for (size_t i = 0; i < n; i++) {
		struct seen seen;

		assert_int_equal(bpf_map_lookup_elem(fd, &keys[i], &seen), 0);
		seen.tc_mono_ns -= ns;
		assert_int_equal(bpf_map_update_elem(fd, &keys[i], &seen, BPF_EXIST), 0);
	}
}

static void expect_at_others(struct box *box, int from, const struct message *sent)
{
	struct message out;

	for (int to = 0; to < BOX_PORTS; to++)
		if (to != from)
			box_expect(box, to, sent, &out);
}

static void every_message_goes_once_to_every_other_port(void **state)
{
	struct box *box = *state;

	for (int from = 0; from < BOX_PORTS; from++)
		for (uint8_t type = 0; type < 16; type++) {
			struct message message;

			message_new(EBC_TRANSPORT_UDP_IPV4, type, box_next_sequence_id(box), &message);
			message_set_two_step(&message, true);
			box_send(box, from, &message);
			expect_at_others(box, from, &message);
		}
	box_expect_nothing(box, 0);
	box_expect_nothing(box, 1);
}

static void l2_peer_delay_goes_where_bridges_do_not_carry_it(void **state)
{
	static const uint8_t types[] = {TYPE_PDELAY_REQ, TYPE_PDELAY_RESP, TYPE_PDELAY_RESP_FOLLOW_UP};
	struct box *box = *state;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct message message;

		message_new(EBC_TRANSPORT_IEEE_802_3, types[i], box_next_sequence_id(box), &message);
		message_set_two_step(&message, true);
		box_send(box, 2, &message);
		expect_at_others(box, 2, &message);
	}
	box_expect_nothing(box, 2);
}

static void expect_dropped_as_seen(struct box *box, int from, const struct message *message)
{
	uint64_t dropped = box_counter(box, from, EBC_COUNTER_RX_DROPPED_SEEN);

	box_send(box, from, message);
	box_expect_nothing(box, from);
	assert_int_equal(box_counter(box, from, EBC_COUNTER_RX_DROPPED_SEEN) - dropped, 1);
}

static void a_copy_is_dropped_for_a_second_by_whatever_port_it_comes(void **state)
{
	struct box *box = *state;

	for (uint8_t type = 0; type < 16; type++) {
		struct message message;

		message_new(EBC_TRANSPORT_IEEE_802_3, type, box_next_sequence_id(box), &message);
		memcpy(message.octets, "\x01\x1B\x19\x00\x00\x00", 6);
		message_set_two_step(&message, true);
		box_send(box, 0, &message);
		expect_at_others(box, 0, &message);
		expect_dropped_as_seen(box, 1, &message);
		expect_dropped_as_seen(box, 2, &message);
		expect_dropped_as_seen(box, 0, &message); /* two of our ports lead to one network */
		age_what_was_seen(box, NSEC_PER_SEC / 2);
		expect_dropped_as_seen(box, 1, &message);
		age_what_was_seen(box, NSEC_PER_SEC);
		box_send(box, 1, &message);
		expect_at_others(box, 1, &message);
	}
}

/* One octet differs in what tells messages apart. */
static void other_messages_are_no_copies(void **state)
{
	static const size_t offsets[] = {4, 5, 20, 29, 30, 31};
	struct box *box = *state;

	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++) {
		struct message message;

		message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_SYNC, box_next_sequence_id(box), &message);
		message_set_two_step(&message, true);
		box_send(box, 0, &message);
		expect_at_others(box, 0, &message);
		message_ptp(&message)[offsets[i]] ^= 0x80;
		box_send(box, 1, &message);
		expect_at_others(box, 1, &message);
	}
}

/* Bridges and their spanning tree do not see the copies of these: the programs must end rings themselves. */
static void a_ring_of_bridges_ends_l2_peer_delay(void **state)
{
	struct box *box = *state;
	struct message message;

	message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_PDELAY_REQ, box_next_sequence_id(box), &message);
	box_send(box, 0, &message);
	expect_at_others(box, 0, &message);
	expect_dropped_as_seen(box, 1, &message);
}

/* In a ring of boxes that carry them, each would go round for ever. */
static void a_ring_ends_messages_of_other_domains(void **state)
{
	volatile struct ebc_ctl *ctl;
	struct box *box = *state;
	struct message message;

	ctl = ebc_loader_ctl(box->loader);
	ctl->has_all_domains = 0;
	ctl->domain_number = 9;
	for (uint8_t type = 0; type < 16; type++) {
		uint64_t cloned;

		message_new(EBC_TRANSPORT_IEEE_802_3, type, box_next_sequence_id(box), &message);
		memcpy(message.octets, "\x01\x1B\x19\x00\x00\x00", 6);
		box_send(box, 0, &message);
		cloned = box_counter(box, 1, EBC_COUNTER_RX_CLONED);
		box_send(box, 1, &message);
		assert_int_equal(box_counter(box, 1, EBC_COUNTER_RX_CLONED), cloned);
	}
	ctl->has_all_domains = 1;
}

/* Nothing tells one of these from the next: to carry them is to let them go round. */
static void what_has_no_key_is_not_carried_round(void **state)
{
	struct box *box = *state;
	uint64_t cloned[BOX_PORTS];
	struct message message;
	struct frame_spec spec;

	for (int i = 0; i < BOX_PORTS; i++)
		cloned[i] = box_counter(box, i, EBC_COUNTER_RX_CLONED);
	spec = message_spec(EBC_TRANSPORT_IEEE_802_3, TYPE_DELAY_RESP, box_next_sequence_id(box));
	spec.ptp_octets = 44; /* no requestingPortIdentity */
	message_build(&spec, &message);
	box_send(box, 0, &message);
	box_send(box, 1, &message);
	spec = message_spec(EBC_TRANSPORT_UDP_IPV4, TYPE_SYNC, box_next_sequence_id(box));
	spec.version = 1;
	message_build(&spec, &message);
	box_send(box, 0, &message);
	box_send(box, 1, &message);
	assert_int_equal(box_counter(box, 1, EBC_COUNTER_RX_CLONED), cloned[1]);
}

/* Where the ports are unknown it is probably somebody's video. */
static void fragments_of_others_are_not_carried(void **state)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_UDP_IPV4);
	struct box *box = *state;
	struct message fragment;

	spec.ipv4_fragment = 0x0010;
	message_build(&spec, &fragment);
	box_send(box, 0, &fragment);
	box_expect_nothing(box, 0);
}

static void a_port_that_is_gone_gets_nothing(void **state)
{
	struct box *box = *state;
	struct message message, out;

	ebc_loader_detach_port(box->loader, box->port_ifindex[2]);
	message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_ANNOUNCE, box_next_sequence_id(box), &message);
	box_pass(box, 0, 1, &message, &out);
	assert_int_equal(ebc_loader_attach_port(box->loader, box->port_ifindex[2], &box->conf[2],
						&box->port_ifindex[2], 1),
			 0);
	box_expect_nothing(box, 0); /* port 2 gets it first of all */
}

static void a_port_that_is_down_is_counted(void **state)
{
	struct box *box = *state;
	uint64_t failed = box_counter(box, 0, EBC_COUNTER_RX_CLONE_FAILED);
	struct message message, out;

	assert_int_equal(netlab_run("ip link set port2 down"), 0);
	message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_ANNOUNCE, box_next_sequence_id(box), &message);
	box_send(box, 0, &message);
	box_expect(box, 1, &message, &out);
	assert_int_equal(netlab_run("ip link set port2 up"), 0);
	assert_int_equal(box_counter(box, 0, EBC_COUNTER_RX_CLONE_FAILED) - failed, 1);
}

/* Members of one bridge, ports outside it: each way once. */
static void auto_and_direct_with_a_bridge_carry_once(void **state)
{
	static const enum ebc_forward ways[] = {EBC_FORWARD_AUTO, EBC_FORWARD_DIRECT};
	struct box *box = *state;

	assert_int_equal(netlab_run("ip link set port2 nomaster"), 0);
	box->conf[2].bridge_ifindex = 0;
	for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
		for (int i = 0; i < BOX_PORTS; i++)
			box->conf[i].forward = (uint8_t)ways[w];
		box_update(box);
		for (int from = 0; from < BOX_PORTS; from++) {
			struct message message;

			message_new(EBC_TRANSPORT_UDP_IPV4, TYPE_SYNC, box_next_sequence_id(box), &message);
			message_set_two_step(&message, true);
			box_send(box, from, &message);
			expect_at_others(box, from, &message);
			message_new(EBC_TRANSPORT_IEEE_802_3, TYPE_PDELAY_REQ, box_next_sequence_id(box),
				    &message);
			box_send(box, from, &message);
			expect_at_others(box, from, &message);
			box_expect_nothing(box, from);
		}
	}
	assert_int_equal(netlab_run("ip link set port2 master br0"), 0);
	for (int i = 0; i < BOX_PORTS; i++) {
		box->conf[i].forward = EBC_FORWARD_BRIDGE;
		box->conf[i].bridge_ifindex = box->bridge_ifindex;
	}
	box_update(box);
}

#define reset_test(f) cmocka_unit_test_setup(f, box_reset)

int main(void)
{
	const struct CMUnitTest direct_tests[] = {
		reset_test(every_message_goes_once_to_every_other_port),
		reset_test(l2_peer_delay_goes_where_bridges_do_not_carry_it),
		reset_test(a_copy_is_dropped_for_a_second_by_whatever_port_it_comes),
		reset_test(other_messages_are_no_copies),
		reset_test(a_ring_ends_messages_of_other_domains),
		reset_test(what_has_no_key_is_not_carried_round),
		reset_test(fragments_of_others_are_not_carried),
		reset_test(a_port_that_is_gone_gets_nothing),
		reset_test(a_port_that_is_down_is_counted),
	};
	const struct CMUnitTest bridge_tests[] = {
		reset_test(every_message_goes_once_to_every_other_port),
		reset_test(l2_peer_delay_goes_where_bridges_do_not_carry_it),
		reset_test(a_ring_of_bridges_ends_l2_peer_delay),
		reset_test(auto_and_direct_with_a_bridge_carry_once),
	};

	if (geteuid() != 0) {
		puts("needs root");
		return 77;
	}
	return cmocka_run_group_tests(direct_tests, box_setup_direct, box_teardown) +
	       cmocka_run_group_tests(bridge_tests, box_setup_bridge, box_teardown);
}
