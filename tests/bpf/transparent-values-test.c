/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What else goes into correctionField, where it ends, and what changes besides it. */
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/bpf/box.h"
#include "tests/bpf/foreign.h"
#include "util/macros.h"
#include "util/unaligned.h"

#define NS(n) ((int64_t)(n)*65536)

static void build(struct box *box, uint8_t type, struct message *ret)
{
	message_new(EBC_TRANSPORT_UDP_IPV4, type, box_next_sequence_id(box), ret);
	message_set_two_step(ret, type == TYPE_SYNC || type == TYPE_PDELAY_RESP);
}

/* Asserts that `type` gets about so much, and less than a second of residence on top. */
static void expect_added(struct box *box, uint8_t type, int64_t seconds)
{
	struct message sent, out;
	int64_t added_sns;

	build(box, type, &sent);
	added_sns = box_pass(box, 0, 1, &sent, &out);
	if (added_sns <= NS(seconds * NSEC_PER_SEC) || added_sns >= NS((seconds + 1) * NSEC_PER_SEC))
		fail_msg("type %d: %lld ns", type, (long long)(added_sns >> 16));
	assert_int_equal(message_stored_checksum(&out), message_udp_checksum(&out));
	box_expect(box, 2, &sent, &out);
}

static void asymmetry_goes_to_what_comes_in_and_from_requests_that_leave(void **state)
{
	struct box *box = *state;

	box->conf[0].delay_asymmetry_sns = NS(100 * NSEC_PER_SEC);
	box->conf[1].delay_asymmetry_sns = NS(10 * NSEC_PER_SEC);
	box_update(box);
	expect_added(box, TYPE_SYNC, 100);
	expect_added(box, TYPE_PDELAY_RESP, 100);
	expect_added(box, TYPE_DELAY_REQ, -10);
	expect_added(box, TYPE_PDELAY_REQ, -10);
	box->conf[0].delay_asymmetry_sns = NS(-100 * NSEC_PER_SEC);
	box_update(box);
	expect_added(box, TYPE_SYNC, -100);
}

static void the_link_s_delay_goes_to_sync_alone(void **state)
{
	struct box *box = *state;

	box->conf[0].link_delay_sns = NS(7 * NSEC_PER_SEC);
	box->conf[1].link_delay_sns = NS(50 * NSEC_PER_SEC);
	box_update(box);
	expect_added(box, TYPE_SYNC, 7);
	expect_added(box, TYPE_DELAY_REQ, 0);
	expect_added(box, TYPE_PDELAY_REQ, 0);
	expect_added(box, TYPE_PDELAY_RESP, 0);
}

static void latencies_are_of_the_port_in_and_of_the_port_out(void **state)
{
	struct box *box = *state;

	box->conf[0].ingress_latency_ns = 1 * NSEC_PER_SEC;
	box->conf[0].egress_latency_ns = 2 * NSEC_PER_SEC;
	box->conf[1].egress_latency_ns = -2 * NSEC_PER_SEC;
	box->conf[1].ingress_latency_ns = 2 * NSEC_PER_SEC;
	box_update(box);
	for (uint8_t type = TYPE_SYNC; type <= TYPE_PDELAY_RESP; type++)
		expect_added(box, type, -1);
}

/* 1/1024 more, seen on a time that the queue makes long. */
static void residence_is_of_the_grandmaster_s_seconds(void **state)
{
	volatile struct ebc_ctl *ctl;
	struct box *box = *state;
	struct message sync, follow_up, out;
	struct ebc_residence_key key = {};
	static struct ebc_residence residence;
	int64_t queue_sns[2];
	bool has_key = false;

	ctl = ebc_loader_ctl(box->loader);
	for (int i = 0; i < 2; i++) {
		ctl->rate_offset_2m32 = i ? -(1LL << 22) : 1LL << 22;
		assert_int_equal(ebc_loader_clear_residences(box->loader), 0);
		build(box, TYPE_SYNC, &sync);
		message_new(EBC_TRANSPORT_UDP_IPV4, TYPE_FOLLOW_UP, box->sequence_id, &follow_up);
		box_hold(box, 1);
		box_send(box, 0, &sync);
		box_release_later(box, 1, 1);
		box_expect(box, 1, &sync, &out);
		queue_sns[i] = box_pass(box, 0, 1, &follow_up, &out);
		/* What was measured is told in nanoseconds of CLOCK_MONOTONIC. */
		for (has_key = false;
		     ebc_loader_next_residence(box->loader, &has_key, &key, &residence) == 1 &&
		     key.out_port_index != 1;)
			;
		assert_int_equal(key.out_port_index, 1);
		assert_int_equal(residence.queued.count, 1);
		assert_int_equal(queue_sns[i],
				 NS((int64_t)residence.queued.sum_ns) +
					 (i ? -1 : 1) * (NS((int64_t)residence.queued.sum_ns) >> 10) -
					 (i && (residence.queued.sum_ns << 16) % 1024 ? 1 : 0));
		box_remove_queue(box, 1);
		box_drain(state);
	}
}

static void a_field_that_would_overflow_stays(void **state)
{
	static const int64_t at_the_end[] = {INT64_MAX, INT64_MAX - 1, INT64_MAX - NS(100)};
	struct box *box = *state;
	struct message sent, out;

	for (size_t i = 0; i < ARRAY_SIZE(at_the_end); i++) {
		uint64_t counted = box_counter(box, 1, EBC_COUNTER_TX_RANGE);

		build(box, TYPE_SYNC, &sent);
		message_set_correction_sns(&sent, at_the_end[i]);
		assert_int_equal(box_pass(box, 0, 1, &sent, &out), 0);
		assert_int_equal(message_stored_checksum(&out), message_stored_checksum(&sent));
		assert_int_equal(box_counter(box, 1, EBC_COUNTER_TX_RANGE) - counted, 1);
	}
	box_drain(state);
	build(box, TYPE_SYNC, &sent);
	message_set_correction_sns(&sent, INT64_MAX - NS(4 * NSEC_PER_SEC));
	assert_true(box_pass(box, 0, 1, &sent, &out) > 0);
	box->conf[1].delay_asymmetry_sns = NS(100 * NSEC_PER_SEC);
	box_update(box);
	build(box, TYPE_DELAY_REQ, &sent);
	message_set_correction_sns(&sent, INT64_MIN + 1);
	assert_int_equal(box_pass(box, 0, 1, &sent, &out), 0);
}

/* Carries from octet to octet, over the whole field and its sign. */
static void the_sum_is_right_in_network_order(void **state)
{
	static const int64_t before[] = {0,
					 -1,
					 0xFFFF,
					 0xFFFFFFFF,
					 NS(-50),
					 1LL << 31,
					 (1LL << 48) - 1,
					 -(1LL << 48),
					 0xFFFFFFFFFFFF,
					 INT64_MIN};
	struct box *box = *state;

	for (size_t i = 0; i < ARRAY_SIZE(before); i++) {
		struct message sent, out;
		int64_t added_sns;

		build(box, TYPE_SYNC, &sent);
		message_set_correction_sns(&sent, before[i]);
		added_sns = box_pass(box, 0, 1, &sent, &out);
		assert_true(added_sns > 0 && added_sns < NS(NSEC_PER_SEC));
		assert_int_equal(message_stored_checksum(&out), message_udp_checksum(&out));
	}
}

static void steps_are_counted_where_wished(void **state)
{
	static const uint16_t steps[] = {0, 1, 254, 255, 256, 0x7FFF, 0xFFFE, 0xFFFF};
	volatile struct ebc_ctl *ctl;
	struct box *box = *state;
	struct message sent, out;

	ctl = ebc_loader_ctl(box->loader);
	for (int is_counting = 0; is_counting <= 1; is_counting++)
		for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
			ctl->counts_steps = (uint8_t)is_counting;
			build(box, TYPE_ANNOUNCE, &sent);
			put_be16(message_ptp(&sent) + 61, steps[i]);
			message_set_correction_sns(&sent, 0); /* and with it the checksum */
			box_send(box, 0, &sent);
			put_be16(message_ptp(&sent) + 61,
				 (uint16_t)(steps[i] + (is_counting && steps[i] != 0xFFFF)));
			assert_int_equal(box_expect(box, 1, &sent, &out), 0);
			assert_int_equal(message_stored_checksum(&out), message_udp_checksum(&out));
		}
}

/* A checksum that becomes zero is written as 0xFFFF: zero says that there is none. */
static void a_checksum_never_becomes_none(void **state)
{
	struct box *box = *state;
	struct message sent, after, out;
	uint16_t seek = 0;

	ebc_loader_ctl(box->loader)->counts_steps = 1;
	build(box, TYPE_ANNOUNCE, &sent);
	do {
		put_be16(message_ptp(&sent) + 44, ++seek); /* nobody looks at it */
		put_be16(message_ptp(&sent) + 61, 6);
		after = sent;
		message_set_correction_sns(&after, 0); /* and with it the checksum */
	} while (message_stored_checksum(&after) != 0xFFFF && seek != 0xFFFF);
	assert_int_equal(message_stored_checksum(&after), 0xFFFF);
	put_be16(message_ptp(&sent) + 61, 5);
	message_set_correction_sns(&sent, 0);
	box_send(box, 0, &sent);
	assert_int_equal(box_expect(box, 1, &after, &out), 0);
	assert_int_equal(message_stored_checksum(&out), 0xFFFF);
}

static void authenticated_messages_change_only_where_they_may(void **state)
{
	struct frame_spec spec = message_spec(EBC_TRANSPORT_UDP_IPV6, TYPE_SYNC, 0);
	struct box *box = *state;
	struct message sent, out;

	for (int is_mutable = 0; is_mutable <= 1; is_mutable++) {
		ebc_loader_ctl(box->loader)->is_auth_mutable = (uint8_t)is_mutable;
		spec.sequence_id = box_next_sequence_id(box);
		spec.ptp_octets = 44 + 4 + 22;
		message_build(&spec, &sent);
		memcpy(message_ptp(&sent) + 44, "\x80\x09\x00\x16", 4);
		message_set_two_step(&sent, true);
		assert_int_equal(box_pass(box, 0, 1, &sent, &out) > 0, is_mutable);
		assert_int_equal(message_stored_checksum(&out), message_udp_checksum(&out));
	}
}

/* Such a verdict resets skb->tc_index and ends the list of filters; the mark in the hash stays. */
static void filters_of_others_do_not_harm(void **state)
{
	struct box *box = *state;
	struct foreign_filter in, out_filter;
	struct message sent, out;

	foreign_filter_new(TC_ACT_OK, &in);
	foreign_filter_new(TC_ACT_OK, &out_filter);
	foreign_filter_attach(&in, box->port_ifindex[0], EBC_DIRECTION_RX);
	foreign_filter_attach(&out_filter, box->port_ifindex[1], EBC_DIRECTION_TX);
	for (uint8_t type = TYPE_SYNC; type <= TYPE_PDELAY_RESP; type++) {
		build(box, type, &sent);
		assert_true(box_pass(box, 0, 1, &sent, &out) > 0);
	}
	assert_true(foreign_filter_count(&in) >= 4);
	assert_true(foreign_filter_count(&out_filter) >= 4);
	assert_int_equal(netlab_run("tc qdisc del dev port0 clsact && tc qdisc del dev port1 clsact"), 0);
	foreign_filter_free(&in);
	foreign_filter_free(&out_filter);
}

/* Sent by some program of the box: nothing is known of when it came in. */
static void event_messages_of_the_box_s_own_programs_stay(void **state)
{
	struct box *box = *state;
	uint64_t unmarked = box_counter(box, 1, EBC_COUNTER_TX_UNMARKED);
	struct message sent, out;

	build(box, TYPE_SYNC, &sent);
	assert_true(rig_send(box->filler, box->port_ifindex[1], sent.octets, sent.len));
	assert_int_equal(box_expect(box, 1, &sent, &out), 0);
	assert_int_equal(box_counter(box, 1, EBC_COUNTER_TX_UNMARKED) - unmarked, 1);
}

#define reset_test(f) cmocka_unit_test_setup(f, box_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		reset_test(asymmetry_goes_to_what_comes_in_and_from_requests_that_leave),
		reset_test(the_link_s_delay_goes_to_sync_alone),
		reset_test(latencies_are_of_the_port_in_and_of_the_port_out),
		reset_test(residence_is_of_the_grandmaster_s_seconds),
		reset_test(a_field_that_would_overflow_stays),
		reset_test(the_sum_is_right_in_network_order),
		reset_test(steps_are_counted_where_wished),
		reset_test(a_checksum_never_becomes_none),
		reset_test(authenticated_messages_change_only_where_they_may),
		reset_test(filters_of_others_do_not_harm),
		reset_test(event_messages_of_the_box_s_own_programs_stay),
	};

	if (geteuid() != 0) {
		puts("needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, box_setup_direct, box_teardown) +
	       cmocka_run_group_tests(tests, box_setup_bridge, box_teardown);
}
