// SPDX-License-Identifier: GPL-2.0-or-later
/* What is held and what has left, in either order, too late, and too many of it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "tc/completer.h"
#include "tests/unit/tc/packet.h"
#include "util/macros.h"
#include "util/unaligned.h"

#define CAPACITY 4
#define QUEUED	 (12345LL << 16)

struct bench {
	struct tclk_completer *completer;
	uint64_t now_mono_ns;
};

static int setup(void **state)
{
	static struct bench bench;

	bench = (struct bench){.now_mono_ns = PACKET_TC_MONO_NS};
	*state = &bench;
	return tclk_completer_new(CAPACITY, &bench.completer);
}

static int teardown(void **state)
{
	struct bench *b = *state;

	tclk_completer_free(b->completer);
	return 0;
}

static struct packet parked(uint8_t type, uint16_t sequence_id)
{
	return (struct packet){
		.transport = EBC_TRANSPORT_UDP_IPV4,
		.checksum = PACKET_PARTIAL,
		.type = type,
		.sequence_id = sequence_id,
		.correction_sns = 1 << 16,
		.reason = EBC_RX_PARKED,
	};
}

static struct packet converted(uint8_t type, uint16_t sequence_id)
{
	struct packet p = parked(type, sequence_id);

	p.reason = EBC_RX_CONVERTED;
	return p;
}

static void hold(struct bench *b, struct packet p)
{
	union packet_record r;

	packet_build(&p, &r);
	tclk_completer_hold(b->completer, &r.record, b->now_mono_ns);
}

static struct ebc_departure_record departure_of(struct packet p)
{
	struct ebc_departure_record d = {.tc_mono_ns = PACKET_TC_MONO_NS, .queued_sns = QUEUED};
	union packet_record r;
	struct tclk_frame f;

	packet_build(&p, &r);
	assert_true(tclk_frame_from_record(&r.record, &f));
	assert_true(tclk_frame_event_key(&f, PACKET_IFINDEX, &d.key));
	return d;
}

static void depart(struct bench *b, struct packet p)
{
	struct ebc_departure_record d = departure_of(p);

	tclk_completer_departed(b->completer, &d, b->now_mono_ns);
}

static void assert_pops(struct bench *b, uint8_t type, uint16_t sequence_id, int64_t correction_sns)
{
	struct tclk_send send;
	const uint8_t *ptp;

	assert_true(tclk_completer_pop(b->completer, &send));
	ptp = send.frame.octets + send.frame.ptp_offset;
	assert_int_equal(send.port_index, PACKET_PORT_INDEX);
	assert_int_equal(send.ifindex, PACKET_IFINDEX);
	assert_int_equal(ptp[0] & 0xf, type);
	assert_int_equal(get_be16(ptp + 30), sequence_id);
	assert_int_equal((int64_t)get_be64(ptp + 8), correction_sns);
	assert_int_equal(packet_udp_error(&send.frame), 0);
}

static void assert_nothing(struct bench *b)
{
	struct tclk_send send;

	assert_false(tclk_completer_pop(b->completer, &send));
}

static uint64_t count(struct bench *b, enum tclk_counter counter)
{
	return tclk_completer_count(b->completer, PACKET_PORT_INDEX, counter);
}

static void a_parked_follower_is_completed_when_its_event_leaves(void **state)
{
	struct bench *b = *state;

	hold(b, parked(PTP_FOLLOW_UP, 9));
	assert_nothing(b);
	depart(b, parked(PTP_FOLLOW_UP, 8));
	assert_nothing(b);
	depart(b, parked(PTP_FOLLOW_UP, 9));
	assert_pops(b, PTP_FOLLOW_UP, 9, QUEUED + (1 << 16));
	assert_nothing(b);
	assert_int_equal(count(b, TCLK_COUNTER_COMPLETED), 1);
	assert_int_equal(count(b, TCLK_COUNTER_GENERATED), 0);
}

static void a_parked_follower_finds_an_event_that_has_left(void **state)
{
	struct bench *b = *state;

	depart(b, parked(PTP_PDELAY_RESP_FOLLOW_UP, 9));
	hold(b, parked(PTP_PDELAY_RESP_FOLLOW_UP, 9));
	assert_pops(b, PTP_PDELAY_RESP_FOLLOW_UP, 9, QUEUED + (1 << 16));
	/* A departure is used once. */
	hold(b, parked(PTP_PDELAY_RESP_FOLLOW_UP, 9));
	assert_nothing(b);
}

static void a_converted_message_is_followed_in_either_order(void **state)
{
	struct bench *b = *state;

	hold(b, converted(PTP_SYNC, 1));
	assert_nothing(b);
	depart(b, converted(PTP_SYNC, 1));
	assert_pops(b, PTP_FOLLOW_UP, 1, QUEUED);
	depart(b, converted(PTP_PDELAY_RESP, 2));
	hold(b, converted(PTP_PDELAY_RESP, 2));
	assert_pops(b, PTP_PDELAY_RESP_FOLLOW_UP, 2, QUEUED);
	assert_int_equal(count(b, TCLK_COUNTER_GENERATED), 2);
}

static void a_converted_message_that_left_twice_is_told_apart_by_its_time(void **state)
{
	struct bench *b = *state;
	struct ebc_departure_record other = departure_of(converted(PTP_SYNC, 1));

	other.tc_mono_ns++;
	other.queued_sns = 0;
	hold(b, converted(PTP_SYNC, 1));
	tclk_completer_departed(b->completer, &other, b->now_mono_ns);
	assert_nothing(b);
	depart(b, converted(PTP_SYNC, 1));
	assert_pops(b, PTP_FOLLOW_UP, 1, QUEUED);
}

static void another_port_or_requester_is_another_message(void **state)
{
	struct bench *b = *state;
	struct ebc_departure_record d = departure_of(parked(PTP_PDELAY_RESP_FOLLOW_UP, 1));

	hold(b, parked(PTP_PDELAY_RESP_FOLLOW_UP, 1));
	d.key.ifindex++;
	tclk_completer_departed(b->completer, &d, b->now_mono_ns);
	d.key.ifindex--;
	d.key.requesting_port_identity[9] ^= 1;
	tclk_completer_departed(b->completer, &d, b->now_mono_ns);
	assert_nothing(b);
	d.key.requesting_port_identity[9] ^= 1;
	tclk_completer_departed(b->completer, &d, b->now_mono_ns);
	assert_pops(b, PTP_PDELAY_RESP_FOLLOW_UP, 1, QUEUED + (1 << 16));
}

static void frames_leave_in_the_order_in_which_they_were_completed(void **state)
{
	struct bench *b = *state;
	static const uint16_t order[] = {3, 1, 4, 2};

	for (uint16_t i = 1; i <= 4; i++)
		hold(b, parked(PTP_FOLLOW_UP, i));
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		depart(b, parked(PTP_FOLLOW_UP, order[i]));
	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		assert_pops(b, PTP_FOLLOW_UP, order[i], QUEUED + (1 << 16));
}

static void what_waits_for_a_second_expires(void **state)
{
	struct bench *b = *state;
	uint64_t start_mono_ns = b->now_mono_ns;

	assert_true(tclk_completer_next_deadline_mono_ns(b->completer) == UINT64_MAX);
	hold(b, parked(PTP_FOLLOW_UP, 1));
	b->now_mono_ns += 300 * NSEC_PER_MSEC;
	hold(b, parked(PTP_FOLLOW_UP, 2));
	assert_true(tclk_completer_next_deadline_mono_ns(b->completer) == start_mono_ns + NSEC_PER_SEC);

	tclk_completer_handle_timer(b->completer, start_mono_ns + NSEC_PER_SEC - 1);
	assert_int_equal(count(b, TCLK_COUNTER_EXPIRED), 0);
	tclk_completer_handle_timer(b->completer, start_mono_ns + NSEC_PER_SEC);
	assert_int_equal(count(b, TCLK_COUNTER_EXPIRED), 1);
	assert_true(tclk_completer_next_deadline_mono_ns(b->completer) == b->now_mono_ns + NSEC_PER_SEC);

	depart(b, parked(PTP_FOLLOW_UP, 1));
	assert_nothing(b);
	depart(b, parked(PTP_FOLLOW_UP, 2));
	assert_pops(b, PTP_FOLLOW_UP, 2, QUEUED + (1 << 16));
}

static void a_departure_that_nobody_waits_for_is_forgotten_after_a_second(void **state)
{
	struct bench *b = *state;

	hold(b, parked(PTP_FOLLOW_UP, 1));
	depart(b, parked(PTP_FOLLOW_UP, 1));
	assert_pops(b, PTP_FOLLOW_UP, 1, QUEUED + (1 << 16));
	depart(b, parked(PTP_FOLLOW_UP, 2));
	assert_true(tclk_completer_next_deadline_mono_ns(b->completer) == b->now_mono_ns + NSEC_PER_SEC);
	assert_int_equal(count(b, TCLK_COUNTER_UNMATCHED), 0);
	b->now_mono_ns += NSEC_PER_SEC;
	hold(b, parked(PTP_FOLLOW_UP, 2));
	assert_nothing(b);
	assert_int_equal(count(b, TCLK_COUNTER_UNMATCHED), 1);
}

static void a_departure_of_a_port_that_held_nothing_counts_for_no_port(void **state)
{
	struct bench *b = *state;

	for (uint16_t i = 0; i < CAPACITY + 1; i++)
		depart(b, parked(PTP_FOLLOW_UP, i));
	assert_int_equal(tclk_completer_count(b->completer, TCLK_PORT_UNKNOWN, TCLK_COUNTER_UNMATCHED), 1);
	assert_int_equal(count(b, TCLK_COUNTER_UNMATCHED), 0);
	/* The oldest is gone, the others are there. */
	hold(b, parked(PTP_FOLLOW_UP, 0));
	assert_nothing(b);
	hold(b, parked(PTP_FOLLOW_UP, 1));
	assert_pops(b, PTP_FOLLOW_UP, 1, QUEUED + (1 << 16));
}

static void the_oldest_gives_way_when_the_table_is_full(void **state)
{
	struct bench *b = *state;

	for (uint16_t i = 0; i < CAPACITY + 2; i++)
		hold(b, parked(PTP_FOLLOW_UP, i));
	assert_int_equal(count(b, TCLK_COUNTER_EVICTED), 2);
	for (uint16_t i = 0; i < CAPACITY + 2; i++)
		depart(b, parked(PTP_FOLLOW_UP, i));
	for (uint16_t i = 2; i < CAPACITY + 2; i++)
		assert_pops(b, PTP_FOLLOW_UP, i, QUEUED + (1 << 16));
	assert_nothing(b);
}

static void what_nobody_fetches_gives_way_too(void **state)
{
	struct bench *b = *state;

	for (uint16_t i = 0; i < CAPACITY + 1; i++) {
		hold(b, parked(PTP_FOLLOW_UP, i));
		depart(b, parked(PTP_FOLLOW_UP, i));
	}
	assert_int_equal(count(b, TCLK_COUNTER_EVICTED), 1);
	for (uint16_t i = 1; i < CAPACITY + 1; i++)
		assert_pops(b, PTP_FOLLOW_UP, i, QUEUED + (1 << 16));
	assert_nothing(b);
}

static void a_doubled_follower_is_completed_twice(void **state)
{
	struct bench *b = *state;

	hold(b, parked(PTP_FOLLOW_UP, 1));
	hold(b, parked(PTP_FOLLOW_UP, 1));
	depart(b, parked(PTP_FOLLOW_UP, 1));
	assert_pops(b, PTP_FOLLOW_UP, 1, QUEUED + (1 << 16));
	assert_pops(b, PTP_FOLLOW_UP, 1, QUEUED + (1 << 16));
	assert_nothing(b);
}

static void what_is_no_follower_is_malformed(void **state)
{
	struct bench *b = *state;
	union packet_record r;
	struct packet p;

	hold(b, parked(PTP_SYNC, 1));
	hold(b, parked(PTP_ANNOUNCE, 1));
	hold(b, converted(PTP_DELAY_REQ, 1));
	hold(b, converted(PTP_FOLLOW_UP, 1));
	p = parked(PTP_FOLLOW_UP, 1);
	p.reason = EBC_RX_OBSERVED;
	hold(b, p);
	assert_int_equal(count(b, TCLK_COUNTER_MALFORMED), 5);

	p = parked(PTP_FOLLOW_UP, 1);
	packet_build(&p, &r);
	r.record.port_index = EBC_MAX_PORTS;
	tclk_completer_hold(b->completer, &r.record, b->now_mono_ns);
	assert_int_equal(tclk_completer_count(b->completer, TCLK_PORT_UNKNOWN, TCLK_COUNTER_MALFORMED), 1);
	assert_true(tclk_completer_next_deadline_mono_ns(b->completer) == UINT64_MAX);
}

/* Thousands in and out of a small table: what a slip in its lists would not survive. */
static void a_storm_is_completed_or_counted(void **state)
{
	struct bench *b = *state;
	uint64_t seed = 1, n_held = 0, n_popped = 0;
	struct tclk_send send;

	for (unsigned int i = 0; i < 20000; i++) {
		uint64_t r = packet_random(&seed);
		struct packet p = parked(PTP_FOLLOW_UP, (uint16_t)(r >> 8) % 6);

		if (r & 1) {
			hold(b, p);
			n_held++;
		} else {
			depart(b, p);
		}
		b->now_mono_ns += (r >> 32) % (100 * NSEC_PER_MSEC);
		while (tclk_completer_pop(b->completer, &send))
			n_popped++;
	}
	b->now_mono_ns += NSEC_PER_SEC;
	tclk_completer_handle_timer(b->completer, b->now_mono_ns);
	assert_true(tclk_completer_next_deadline_mono_ns(b->completer) == UINT64_MAX);
	assert_true(n_popped > 1000);
	assert_int_equal(count(b, TCLK_COUNTER_COMPLETED), n_popped);
	assert_int_equal(n_popped + count(b, TCLK_COUNTER_EXPIRED) + count(b, TCLK_COUNTER_EVICTED), n_held);
}

static void a_capacity_out_of_range_is_refused(void **state)
{
	struct tclk_completer *c = NULL;

	(void)state;
	assert_int_equal(tclk_completer_new(0, &c), -EINVAL);
	assert_int_equal(tclk_completer_new(4097, &c), -EINVAL);
	assert_null(c);
	tclk_completer_free(c);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_parked_follower_is_completed_when_its_event_leaves),
		TEST(a_parked_follower_finds_an_event_that_has_left),
		TEST(a_converted_message_is_followed_in_either_order),
		TEST(a_converted_message_that_left_twice_is_told_apart_by_its_time),
		TEST(another_port_or_requester_is_another_message),
		TEST(frames_leave_in_the_order_in_which_they_were_completed),
		TEST(what_waits_for_a_second_expires),
		TEST(a_departure_that_nobody_waits_for_is_forgotten_after_a_second),
		TEST(a_departure_of_a_port_that_held_nothing_counts_for_no_port),
		TEST(the_oldest_gives_way_when_the_table_is_full),
		TEST(what_nobody_fetches_gives_way_too),
		TEST(a_doubled_follower_is_completed_twice),
		TEST(what_is_no_follower_is_malformed),
		TEST(a_storm_is_completed_or_counted),
		cmocka_unit_test(a_capacity_out_of_range_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
