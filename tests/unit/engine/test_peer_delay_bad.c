// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers to a Pdelay_Req that are wrong, too many, or meant for others: counted, and nothing else. */
#include "tests/unit/engine/peer_bench.h"

#include <stdlib.h>

#include "util/unaligned.h"

#define COUNT(b, id) bench_count(b, BC_PEER_DELAY_COUNTER_##id)

static struct bench new_bench(void)
{
	struct bc_peer_delay_config config = bench_config();
	struct bench b;

	bench_init(&b, &config);
	return b;
}

static void the_answer_to_an_older_request_is_not_taken(void **state)
{
	struct bench_answer a = bench_answer(1234, 5000);
	struct bench b = new_bench();

	(void)state;
	bench_receive(&b,
		      &(struct bc_msg){.type = PTP_PDELAY_RESP,
				       .domain_number = 5,
				       .source = bench_neighbor,
				       .requesting = bench_own},
		      b.now_mono_ns);
	assert_int_equal(COUNT(&b, UNMATCHED), 1);
	bench_next_request(&b);
	bench_answer_messages(&b, &a);
	bench_stamp_request(&b, &a);
	bench_next_request(&b);
	bench_receive(&b, &a.resp, b.now_mono_ns);
	bench_receive(&b, &a.follow_up, b.now_mono_ns);
	assert_int_equal(COUNT(&b, UNMATCHED), 3);
	assert_int_equal(COUNT(&b, LOST), 1);
	bench_settle(&b);
	assert_false(bench_status(&b).is_valid);
	bench_done(&b);
}

static void a_second_answer_of_the_same_neighbor_is_not_taken(void **state)
{
	struct bench_answer a = bench_answer(1234, 5000);
	struct bench b = new_bench();

	(void)state;
	bench_next_request(&b);
	bench_answer_messages(&b, &a);
	bench_stamp_request(&b, &a);
	bench_receive(&b, &a.resp, a.t4_mono_ns);
	bench_receive(&b, &a.resp, a.t4_mono_ns + 2000);
	bench_receive(&b, &a.follow_up, 0);
	a.follow_up.timestamp_ns += 9000;
	bench_receive(&b, &a.follow_up, 0);
	bench_settle(&b);
	assert_int_equal(COUNT(&b, UNMATCHED), 2);
	assert_ns_equal(bench_status(&b).mean_link_delay_ns, 1234);
	assert_false(bench_status(&b).has_several_responders);
	bench_done(&b);
}

static void answers_to_others_are_ignored(void **state)
{
	struct bench b = new_bench();

	(void)state;
	for (unsigned int wrong = 0; wrong < 4; wrong++) {
		struct bench_answer a = bench_answer(1234, 5000);
		struct bc_msg *msgs[] = {&a.resp, &a.follow_up};

		bench_next_request(&b);
		bench_answer_messages(&b, &a);
		bench_stamp_request(&b, &a);
		for (size_t i = 0; i < 2; i++) {
			msgs[i]->domain_number ^= wrong == 0;
			msgs[i]->sdo_id ^= wrong == 1;
			msgs[i]->requesting.port_number ^= wrong == 2;
			msgs[i]->requesting.clock_identity[7] ^= wrong == 3;
		}
		bench_deliver(&b, &a);
		bench_settle(&b);
		assert_false(bench_status(&b).is_valid);
		assert_int_equal(COUNT(&b, IGNORED), 2 * (wrong + 1));
	}
	bench_done(&b);
}

static void another_transport_is_ignored(void **state)
{
	struct bench_answer a = bench_answer(1234, 5000);
	struct bench b = new_bench();

	(void)state;
	bench_next_request(&b);
	bench_answer_messages(&b, &a);
	bench_stamp_request(&b, &a);
	b.config.transport = EBC_TRANSPORT_UDP_IPV4;
	bench_deliver(&b, &a);
	bench_settle(&b);
	assert_int_equal(COUNT(&b, IGNORED), 2);
	assert_false(bench_status(&b).is_valid);
	bench_done(&b);
}

static void our_own_messages_that_come_back_are_ignored(void **state)
{
	struct bench_answer a = bench_answer(1234, 5000);
	struct bench b = new_bench();
	struct bc_action action;
	struct bc_msg req;

	(void)state;
	req = bench_next_request(&b);
	bench_receive(&b, &req, b.now_mono_ns);
	assert_int_equal(COUNT(&b, OWN), 1);
	assert_false(bc_peer_delay_pop_action(b.pd, &action));
	a.source = bench_own;
	bench_answer_messages(&b, &a);
	bench_stamp_request(&b, &a);
	bench_deliver(&b, &a);
	bench_settle(&b);
	assert_int_equal(COUNT(&b, OWN), 3);
	assert_false(bench_status(&b).is_valid);
	bench_done(&b);
}

static void answers_without_a_stamp_or_with_an_old_one_are_refused(void **state)
{
	struct bench_answer a = bench_answer(1234, 5000);
	struct bench b = new_bench();
	uint8_t message[BC_MSG_TX_MAX];
	struct bc_rx rx = {.message = message, .transport = EBC_TRANSPORT_IEEE_802_3};

	(void)state;
	bench_next_request(&b);
	bench_answer_messages(&b, &a);
	rx.len = bc_msg_write(&a.resp, message);
	bc_peer_delay_handle_rx(b.pd, &rx, b.now_mono_ns);
	assert_int_equal(COUNT(&b, NO_STAMP), 1);
	rx.has_stamp = true;
	rx.stamp_mono_ns = b.now_mono_ns - NSEC_PER_SEC - 1;
	bc_peer_delay_handle_rx(b.pd, &rx, b.now_mono_ns);
	assert_int_equal(COUNT(&b, STALE), 1);
	assert_int_equal(COUNT(&b, RX_RESP), 0);
	bench_done(&b);
}

/* In memory of just the length, so that a sanitizer sees an octet too many. */
static void malformed_messages_are_refused(void **state)
{
	struct bench_answer a = bench_answer(1234, 5000);
	struct bench b = new_bench();
	uint8_t message[BC_MSG_TX_MAX];
	unsigned int n_refused = 0;
	size_t len;

	(void)state;
	bench_next_request(&b);
	bench_answer_messages(&b, &a);
	bench_stamp_request(&b, &a);
	len = bc_msg_write(&a.resp, message);
	for (size_t n = 0; n <= len; n++) {
		uint8_t *copy = malloc(n ? n : 1);
		struct bc_rx rx = {.message = copy,
				   .len = n,
				   .has_stamp = true,
				   .stamp_mono_ns = b.now_mono_ns,
				   .transport = EBC_TRANSPORT_IEEE_802_3};

		assert_non_null(copy);
		memcpy(copy, message, n);
		if (n == len)
			put_be32(copy + 40, NSEC_PER_SEC); /* nanoseconds */
		bc_peer_delay_handle_rx(b.pd, &rx, b.now_mono_ns);
		free(copy);
		assert_int_equal(COUNT(&b, REFUSED), ++n_refused);
	}
	assert_int_equal(COUNT(&b, RX_RESP), 0);
	bench_deliver(&b, &a);
	bench_settle(&b);
	assert_true(bench_status(&b).is_valid);
	bench_done(&b);
}

static void extremes_are_refused_and_do_not_overflow(void **state)
{
	static const int64_t corrections_sns[] = {INT64_MIN, INT64_MAX, INT64_MIN + 1,
						  5LL << 46, 3LL << 46, -(5LL << 46)};
	struct bench b = new_bench();
	uint64_t n = 0;

	(void)state;
	for (unsigned int i = 0; i < 2 * ARRAY_SIZE(corrections_sns); i++) {
		struct bench_answer a = bench_answer(1234, 5000);

		*(i % 2 ? &a.resp_correction_sns : &a.follow_up_correction_sns) = corrections_sns[i / 2];
		bench_exchange(&b, &a);
		assert_int_equal(COUNT(&b, OUT_OF_RANGE), ++n);
	}
	for (unsigned int i = 0; i < 4; i++) {
		struct bench_answer a = bench_answer(1234, 5000);

		bench_next_request(&b);
		bench_answer_messages(&b, &a);
		bench_stamp_request(&b, &a);
		if (i < 2)
			a.follow_up.timestamp_ns = i ? 0 : (1LL << 33) * NSEC_PER_SEC - 1;
		if (i == 2) /* left after it came back */
			a.t4_mono_ns = a.t1_mono_ns - 1;
		if (i == 3)
			a.t4_mono_ns = a.t1_mono_ns + NSEC_PER_SEC + 1;
		b.now_mono_ns = MAX(b.now_mono_ns, a.t1_mono_ns);
		bench_deliver(&b, &a);
		if (i < 3)
			bench_settle(&b);
		else
			bench_next_request(&b);
		assert_int_equal(COUNT(&b, OUT_OF_RANGE), ++n);
	}
	assert_false(bench_status(&b).is_valid);
	assert_ns_equal(bench_status(&b).mean_link_delay_ns, 0);
	assert_int_equal(COUNT(&b, LOST), 0);
	bench_done(&b);
}

static void two_responders_spoil_a_measurement_and_nothing_else(void **state)
{
	struct bench_answer a = bench_answer(1234, 5000), other = bench_answer(1, 9000);
	struct bench b = new_bench();

	(void)state;
	other.source = bench_stranger;
	bench_exchange(&b, &a);
	for (unsigned int i = 0; i < 20; i++) {
		struct bench_answer *first = i % 2 ? &other : &a, *second = i % 2 ? &a : &other;

		bench_next_request(&b);
		bench_answer_messages(&b, &a);
		bench_answer_messages(&b, &other);
		bench_stamp_request(&b, &a);
		bench_deliver(&b, first);
		bench_deliver(&b, second);
		bench_settle(&b);
		assert_true(bench_status(&b).has_several_responders);
		assert_int_equal(COUNT(&b, SEVERAL_RESPONDERS), i + 1);
		assert_ns_equal(bench_status(&b).mean_link_delay_ns, 1234);
		assert_int_equal(bench_status(&b).is_valid, i <= 3);
	}
	assert_int_equal(COUNT(&b, LOST), 0);
	/* One answer again: measured at once, and soon not flagged any more. */
	bench_exchange(&b, &a);
	assert_true(bench_status(&b).is_valid);
	bench_exchange(&b, &a);
	bench_exchange(&b, &a);
	assert_true(bench_status(&b).has_several_responders);
	bench_exchange(&b, &a);
	assert_false(bench_status(&b).has_several_responders);
	bench_done(&b);
}

static void half_an_answer_of_a_second_responder_spoils_it_too(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		struct bench_answer a = bench_answer(1234, 5000), other = bench_answer(1, 9000);
		struct bench b = new_bench();

		other.source = bench_stranger;
		bench_next_request(&b);
		bench_answer_messages(&b, &a);
		bench_answer_messages(&b, &other);
		bench_stamp_request(&b, &a);
		if (i == 0)
			bench_receive(&b, &other.follow_up, 0);
		if (i == 1)
			bench_receive(&b, &other.resp, other.t4_mono_ns);
		bench_deliver(&b, &a);
		if (i == 2)
			bench_receive(&b, &other.follow_up, 0);
		if (i == 3)
			bench_receive(&b, &other.resp, other.t4_mono_ns);
		bench_settle(&b);
		assert_true(bench_status(&b).has_several_responders);
		assert_false(bench_status(&b).is_valid);
		assert_int_equal(COUNT(&b, SEVERAL_RESPONDERS), 1);
		bench_done(&b);
	}
}

static void an_intermittent_second_responder_stays_flagged(void **state)
{
	struct bench_answer a = bench_answer(1234, 5000), other = bench_answer(1, 9000);
	struct bench b = new_bench();

	(void)state;
	other.source = bench_stranger;
	for (unsigned int i = 0; i < 12; i++) {
		bench_next_request(&b);
		bench_answer_messages(&b, &a);
		bench_answer_messages(&b, &other);
		bench_stamp_request(&b, &a);
		bench_deliver(&b, &a);
		if (i % 3 == 0)
			bench_deliver(&b, &other);
		bench_settle(&b);
		assert_true(bench_status(&b).has_several_responders);
	}
	assert_true(bench_status(&b).is_valid);
	assert_ns_equal(bench_status(&b).mean_link_delay_ns, 1234);
	bench_done(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_answer_to_an_older_request_is_not_taken),
		cmocka_unit_test(a_second_answer_of_the_same_neighbor_is_not_taken),
		cmocka_unit_test(answers_to_others_are_ignored),
		cmocka_unit_test(another_transport_is_ignored),
		cmocka_unit_test(our_own_messages_that_come_back_are_ignored),
		cmocka_unit_test(answers_without_a_stamp_or_with_an_old_one_are_refused),
		cmocka_unit_test(malformed_messages_are_refused),
		cmocka_unit_test(extremes_are_refused_and_do_not_overflow),
		cmocka_unit_test(two_responders_spoil_a_measurement_and_nothing_else),
		cmocka_unit_test(half_an_answer_of_a_second_responder_spoils_it_too),
		cmocka_unit_test(an_intermittent_second_responder_stays_flagged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
