/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The transmit stamp on a real (veth) path: behind each kind of qdisc, beside the filters of others. */
#include <linux/pkt_cls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/bpf/foreign.h"
#include "tests/bpf/queue.h"
#include "tests/bpf/sender.h"
#include "util/macros.h"

static void set_qdisc(const char *qdisc)
{
	assert_int_equal(netlab_run("tc qdisc replace dev port0 root %s", qdisc), 0);
}

static void check_stamps(struct sender *sender)
{
	uint32_t port = sender->lab.port_ifindex;

	for (uint16_t i = 0; i < 50; i++) {
		uint64_t before = rig_mono_ns();
		struct ebc_tx_record record;

		sender_send_event(sender, port, i);
		record = sender_expect(sender, port, i);
		assert_true(before <= record.tc_mono_ns);
		assert_int_equal(record.port_index, 0);
	}
	assert_int_equal(rig_counter(sender->loader, EBC_COUNTER_TX_EVENT), 50);
	assert_int_equal(rig_counter(sender->loader, EBC_COUNTER_TX_STAMP), 50);
}

static void stamp_comes_without_qdisc(void **state)
{
	check_stamps(*state);
}

static void stamp_comes_behind_pfifo_fast(void **state)
{
	set_qdisc("pfifo_fast");
	check_stamps(*state);
}

static void stamp_comes_behind_tbf(void **state)
{
	set_qdisc("tbf rate 100mbit burst 10k latency 50ms");
	check_stamps(*state);
}

static void stamp_comes_behind_htb(void **state)
{
	set_qdisc("handle 1: htb default 0");
	check_stamps(*state);
}

/* Such a verdict resets skb->tc_index and ends the list of filters. */
static void filters_of_others_that_say_ok_do_not_harm_the_stamp(void **state)
{
	struct sender *sender = *state;
	struct foreign_filter foreign;

	foreign_filter_new(TC_ACT_OK, &foreign);
	foreign_filter_attach(&foreign, sender->lab.port_ifindex, EBC_DIRECTION_TX);
	set_qdisc("tbf rate 100mbit burst 10k latency 50ms");
	check_stamps(sender);
	assert_true(foreign_filter_count(&foreign) >= 50);
	foreign_filter_free(&foreign);
}

static void stamp_is_taken_after_the_wait_in_the_qdisc(void **state)
{
	struct sender *sender = *state;
	uint32_t port = sender->lab.port_ifindex;
	struct ebc_tx_record record;
	struct queue_wait wait;

	queue_hold(sender->fd, port);
	sender_send_event(sender, port, 7);
	assert_false(rig_wait_tx(sender->loader, 0, &record));
	wait = queue_release_later(sender->fd, port, 1);
	record = sender_expect(sender, port, 7);
	assert_true(record.tc_mono_ns < wait.from_mono_ns && record.stamp_mono_ns > wait.to_mono_ns);
}

/* As many as there are slots wait in the qdisc; each has its own. */
static void frames_that_wait_together_get_a_stamp_each(void **state)
{
	struct sender *sender = *state;
	uint32_t port = sender->lab.port_ifindex;
	uint64_t last_mono_ns = 0;

	queue_hold(sender->fd, port);
	for (uint16_t i = 0; i < EBC_TX_SLOTS; i++)
		sender_send_event(sender, port, i);
	queue_release_by_portions(sender->fd, port);
	for (uint16_t i = 0; i < EBC_TX_SLOTS; i++) {
		struct ebc_tx_record record = sender_expect(sender, port, i);

		assert_true(record.stamp_mono_ns > last_mono_ns);
		last_mono_ns = record.stamp_mono_ns;
	}
}

/* The oldest lose their slots, and nothing gets another frame's stamp. */
static void more_waiting_frames_than_slots_cost_the_oldest_their_stamps(void **state)
{
	struct sender *sender = *state;
	uint32_t port = sender->lab.port_ifindex;

	queue_hold(sender->fd, port);
	for (uint16_t i = 0; i < EBC_TX_SLOTS + 40; i++)
		sender_send_event(sender, port, i);
	queue_release_by_portions(sender->fd, port);
	for (uint16_t i = 40; i < EBC_TX_SLOTS + 40; i++)
		sender_expect(sender, port, i);
	assert_int_equal(rig_counter(sender->loader, EBC_COUNTER_TX_EVENT), EBC_TX_SLOTS + 40);
	assert_int_equal(rig_counter(sender->loader, EBC_COUNTER_TX_STAMP), EBC_TX_SLOTS);
}

static void general_messages_get_no_stamp(void **state)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_UDP_IPV4);
	struct sender *sender = *state;
	uint32_t port = sender->lab.port_ifindex;
	uint8_t frame[FRAME_OCTETS];

	spec.message_type = 0x8;
	spec.dst_port = 320;
	assert_true(rig_send(sender->fd, port, frame, frame_build(&spec, frame, NULL)));
	sender_send_event(sender, port, 1);
	sender_expect(sender, port, 1);
	assert_int_equal(rig_counter(sender->loader, EBC_COUNTER_TX_EVENT), 1);
}

static void every_transport_is_stamped(void **state)
{
	struct sender *sender = *state;
	uint8_t frame[FRAME_OCTETS];

	for (int transport = EBC_TRANSPORT_UDP_IPV4; transport <= EBC_TRANSPORT_IEEE_802_3; transport++)
		for (uint8_t type = 0; type < 4; type++) {
			struct frame_spec spec = frame_sync((enum ebc_transport)transport);
			struct ebc_tx_record record;

			spec.message_type = type;
			spec.sequence_id = (uint16_t)(0xFF00 + transport);
			assert_true(rig_send(sender->fd, sender->lab.port_ifindex, frame,
					     frame_build(&spec, frame, NULL)));
			assert_true(rig_wait_tx(sender->loader, RIG_PATIENCE_MS, &record));
			assert_int_equal(record.message_type, type);
			assert_int_equal(record.sequence_id, 0xFF00 + transport);
		}
}

static void a_full_ring_is_counted(void **state)
{
	uint32_t room = 65536 / (sizeof(struct ebc_tx_record) + 8), lost;
	struct sender *sender = *state;

	for (uint32_t i = 0; i < room + 100; i++)
		sender_send_event(sender, sender->lab.port_ifindex, (uint16_t)i);
	lost = (uint32_t)rig_counter(sender->loader, EBC_COUNTER_TX_STAMP_RING_FULL);
	assert_true(lost >= 100 && lost <= 101);
	assert_int_equal(rig_counter(sender->loader, EBC_COUNTER_TX_STAMP) + lost, room + 100);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The time of the next event frame from our stamp to the peer's. */
static int64_t measure_flight_ns(struct sender *sender, int peer_fd, uint16_t sequence_id)
{
	struct ebc_tx_record record;
	uint64_t peer_mono_ns = 0;
	uint8_t frame[FRAME_OCTETS];

	sender_send_event(sender, sender->lab.port_ifindex, sequence_id);
	record = sender_expect(sender, sender->lab.port_ifindex, sequence_id);
	do
		assert_true(rig_receive(peer_fd, frame, sizeof(frame), RIG_PATIENCE_MS, &peer_mono_ns) > 0);
	while (frame[12] != 0x88 || frame[13] != 0xF7);
	return (int64_t)(peer_mono_ns - record.stamp_mono_ns);
}

/* Sorts, and prints the distribution. */
static void sort_flights(const char *stamp, int64_t *flight_ns, size_t n)
{
	qsort(flight_ns, n, sizeof(flight_ns[0]), by_value);
	printf("%s to the peer's receive stamp: min %lld p50 %lld p99 %lld ns\n", stamp,
	       (long long)flight_ns[0], (long long)flight_ns[n / 2], (long long)flight_ns[n * 99 / 100]);
}

/* By turns, so that whatever else the machine does is the same for both. */
static void a_stamp_at_start_xmit_is_before_the_peer_s_own_and_one_halfway_is_later(void **state)
{
	static int64_t start_ns[200], halfway_ns[200];
	struct sender *halfway = *state, start;
	uint16_t sequence_id = 0;
	int peer_fd;

	sender_new_beside(halfway, EBC_STAMP_START_XMIT, &start);
	netlab_enter(halfway->lab.peer_fd);
	peer_fd = rig_listen(halfway->lab.peer_ifindex);
	netlab_enter(halfway->lab.box_fd);
	/* The kernel begins to stamp a little later: until then the peer has none, or one much too early. */
	while (llabs(measure_flight_ns(halfway, peer_fd, sequence_id++)) > 1000000)
		assert_true(sequence_id < 1000);
	for (size_t i = 0; i < ARRAY_SIZE(start_ns); i++) {
		start_ns[i] = measure_flight_ns(&start, peer_fd, sequence_id++);
		halfway_ns[i] = measure_flight_ns(halfway, peer_fd, sequence_id++);
	}
	close(peer_fd);
	sender_free_beside(&start);
	sort_flights("start_xmit", start_ns, ARRAY_SIZE(start_ns));
	sort_flights("halfway", halfway_ns, ARRAY_SIZE(halfway_ns));
	assert_true(start_ns[0] > 0);
	assert_true(halfway_ns[ARRAY_SIZE(halfway_ns) / 2] < start_ns[ARRAY_SIZE(start_ns) / 2]);
}

#define sender_test(f) cmocka_unit_test_setup_teardown(f, sender_setup, sender_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		sender_test(stamp_comes_without_qdisc),
		sender_test(stamp_comes_behind_pfifo_fast),
		sender_test(stamp_comes_behind_tbf),
		sender_test(stamp_comes_behind_htb),
		sender_test(filters_of_others_that_say_ok_do_not_harm_the_stamp),
		sender_test(stamp_is_taken_after_the_wait_in_the_qdisc),
		sender_test(frames_that_wait_together_get_a_stamp_each),
		sender_test(more_waiting_frames_than_slots_cost_the_oldest_their_stamps),
		sender_test(general_messages_get_no_stamp),
		sender_test(every_transport_is_stamped),
		sender_test(a_full_ring_is_counted),
		sender_test(a_stamp_at_start_xmit_is_before_the_peer_s_own_and_one_halfway_is_later),
	};

	if (geteuid() != 0) {
		puts("needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
