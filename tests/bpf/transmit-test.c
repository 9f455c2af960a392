/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The transmit stamp on a real (veth) path: behind each kind of qdisc, beside the filters of others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/bpf/foreign.h"
#include "tests/bpf/frames.h"
#include "tests/bpf/rig.h"
#include "util/macros.h"

static struct netlab lab;
static struct ebc_loader *loader;
static int fd; /* the daemon's */

static int setup(void **state)
{
	struct ebc_loader_options options = rig_options();
	const int octets = 4000000;

	netlab_new(&lab);
	loader = rig_loader(&options);
	assert_int_equal(ebc_loader_tx_stamp(loader, NULL), EBC_STAMP_START_XMIT);
	rig_attach(loader, &lab);
	fd = rig_daemon_socket(loader);
	/* Hundreds of frames will wait in a qdisc. */
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &octets, sizeof(octets)), 0);
	(void)state;
	return 0;
}

static int teardown(void **state)
{
	close(fd);
	ebc_loader_free(loader);
	netlab_free(&lab);
	(void)state;
	return 0;
}

static void send_event(uint16_t sequence_id)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_IEEE_802_3);
	uint8_t frame[FRAME_OCTETS];

	spec.sequence_id = sequence_id;
	assert_true(rig_send(fd, lab.port_ifindex, frame, frame_build(&spec, frame, NULL)));
}

static void send_filler(void)
{
	uint8_t frame[1514] = {0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x88, 0xB5};

	assert_true(rig_send(fd, lab.port_ifindex, frame, sizeof(frame)));
}

static void check_stamps(const char *qdisc)
{
	if (qdisc)
		assert_int_equal(netlab_run("tc qdisc replace dev port0 root %s", qdisc), 0);
	for (uint16_t i = 0; i < 50; i++) {
		struct ebc_tx_record record;
		uint64_t before, after;

		before = rig_mono_ns();
		send_event(i);
		assert_true(rig_wait_tx(loader, 1000, &record));
		after = rig_mono_ns();
		assert_int_equal(record.sequence_id, i);
		assert_int_equal(record.ifindex, lab.port_ifindex);
		assert_int_equal(record.port_index, 0);
		assert_int_equal(record.message_type, 0);
		assert_int_equal(record.stamp_source, EBC_STAMP_START_XMIT);
		assert_true(before <= record.tc_mono_ns);
		assert_true(record.tc_mono_ns < record.stamp_mono_ns);
		assert_true(record.stamp_mono_ns <= after);
	}
	assert_int_equal(rig_counter(loader, EBC_COUNTER_TX_EVENT), 50);
	assert_int_equal(rig_counter(loader, EBC_COUNTER_TX_STAMP), 50);
}

static void stamp_comes_without_qdisc(void **state)
{
	(void)state;
	check_stamps(NULL);
}

static void stamp_comes_behind_pfifo_fast(void **state)
{
	(void)state;
	check_stamps("pfifo_fast");
}

static void stamp_comes_behind_tbf(void **state)
{
	(void)state;
	check_stamps("tbf rate 100mbit burst 10k latency 50ms");
}

static void stamp_comes_behind_htb(void **state)
{
	(void)state;
	check_stamps("handle 1: htb default 0");
}

/* Such a verdict resets skb->tc_index and ends the list of filters. */
static void filters_of_others_that_say_ok_do_not_harm_the_stamp(void **state)
{
	struct foreign_filter foreign;

	(void)state;
	foreign_filter_new(TC_ACT_OK, &foreign);
	foreign_filter_attach(&foreign, lab.port_ifindex, EBC_DIRECTION_TX);
	check_stamps("tbf rate 100mbit burst 10k latency 50ms");
	assert_true(foreign_filter_count(&foreign) >= 50);
	foreign_filter_free(&foreign);
}

static void stamp_is_taken_after_the_wait_in_the_qdisc(void **state)
{
	struct ebc_tx_record record;

	(void)state;
	assert_int_equal(netlab_run("tc qdisc replace dev port0 root tbf rate 8mbit burst 1600 limit 400000"),
			 0);
	for (int i = 0; i < 10; i++) /* 1.5 ms each */
		send_filler();
	send_event(7);
	assert_false(rig_wait_tx(loader, 0, &record));
	assert_true(rig_wait_tx(loader, 1000, &record));
	assert_int_equal(record.sequence_id, 7);
	assert_true(record.stamp_mono_ns - record.tc_mono_ns > 5 * NSEC_PER_MSEC);
}

/* As many as there are slots wait in the qdisc; each has its own. */
static void frames_that_wait_together_get_a_stamp_each(void **state)
{
	uint64_t last_mono_ns = 0;

	(void)state;
	assert_int_equal(netlab_run("tc qdisc replace dev port0 root tbf rate 8mbit burst 1600 limit 400000"),
			 0);
	for (int i = 0; i < 60; i++)
		send_filler();
	for (uint16_t i = 0; i < EBC_TX_SLOTS; i++)
		send_event(i);
	for (uint16_t i = 0; i < EBC_TX_SLOTS; i++) {
		struct ebc_tx_record record;

		assert_true(rig_wait_tx(loader, 1000, &record));
		assert_int_equal(record.sequence_id, i);
		assert_true(record.stamp_mono_ns > last_mono_ns);
		last_mono_ns = record.stamp_mono_ns;
	}
}

/* The oldest lose their slots, and nothing gets another frame's stamp. */
static void more_waiting_frames_than_slots_cost_the_oldest_their_stamps(void **state)
{
	(void)state;
	assert_int_equal(netlab_run("tc qdisc replace dev port0 root tbf rate 8mbit burst 1600 limit 400000"),
			 0);
	for (int i = 0; i < 60; i++)
		send_filler();
	for (uint16_t i = 0; i < EBC_TX_SLOTS + 40; i++)
		send_event(i);
	for (uint16_t i = 40; i < EBC_TX_SLOTS + 40; i++) {
		struct ebc_tx_record record;

		assert_true(rig_wait_tx(loader, 1000, &record));
		assert_int_equal(record.sequence_id, i);
	}
	assert_int_equal(rig_counter(loader, EBC_COUNTER_TX_EVENT), EBC_TX_SLOTS + 40);
	assert_int_equal(rig_counter(loader, EBC_COUNTER_TX_STAMP), EBC_TX_SLOTS);
}

static void general_messages_get_no_stamp(void **state)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_UDP_IPV4);
	struct ebc_tx_record record;
	uint8_t frame[FRAME_OCTETS];

	(void)state;
	spec.message_type = 0x8;
	spec.dst_port = 320;
	assert_true(rig_send(fd, lab.port_ifindex, frame, frame_build(&spec, frame, NULL)));
	send_event(1);
	assert_true(rig_wait_tx(loader, 1000, &record));
	assert_int_equal(record.sequence_id, 1);
	assert_int_equal(rig_counter(loader, EBC_COUNTER_TX_EVENT), 1);
}

static void a_full_ring_is_counted(void **state)
{
	uint32_t room = 65536 / (sizeof(struct ebc_tx_record) + 8), lost;

	(void)state;
	for (uint32_t i = 0; i < room + 100; i++)
		send_event((uint16_t)i);
	lost = (uint32_t)rig_counter(loader, EBC_COUNTER_TX_STAMP_RING_FULL);
	assert_true(lost >= 100 && lost <= 101);
	assert_int_equal(rig_counter(loader, EBC_COUNTER_TX_STAMP) + lost, room + 100);
}

static void a_stacked_port_is_stamped_at_the_device_below(void **state)
{
	struct ebc_port_conf conf = {.port_index = 0};
	struct ebc_tx_record record;
	uint32_t upper;

	(void)state;
	assert_int_equal(netlab_run("ip link add upper0 link port0 type macvlan mode private && "
				    "ip link set upper0 up"),
			 0);
	ebc_loader_detach_port(loader, lab.port_ifindex);
	upper = netlab_ifindex("upper0");
	assert_int_equal(ebc_loader_attach_port(loader, upper, &conf, &lab.port_ifindex, 1), 0);
	/* A wait below the upper device: a stamp there would miss it. */
	assert_int_equal(netlab_run("tc qdisc replace dev port0 root tbf rate 8mbit burst 1600 limit 400000"),
			 0);
	for (int i = 0; i < 10; i++)
		send_filler();
	lab.port_ifindex = upper;
	send_event(5);
	assert_true(rig_wait_tx(loader, 1000, &record));
	assert_int_equal(record.ifindex, upper);
	assert_int_equal(record.sequence_id, 5);
	assert_true(record.stamp_mono_ns - record.tc_mono_ns > 5 * NSEC_PER_MSEC);
	assert_false(rig_wait_tx(loader, 20, &record));
}

static uint32_t namespace_inum(void)
{
	struct stat namespace;

	assert_int_equal(stat("/proc/thread-self/ns/net", &namespace), 0);
	return (uint32_t) namespace.st_ino;
}

/*
 * The peer bridges the frame, mark and all, to a device whose number is that of the device below our
 * port. It counts only for a clock in the peer's namespace.
 */
static void a_device_of_another_namespace_with_the_same_number_does_not_count(void **state)
{
	struct ebc_port_conf conf = {.port_index = 0};
	const uint32_t lowest = 7777;
	struct ebc_tx_record record;

	(void)state;
	netlab_enter(lab.peer_fd);
	assert_int_equal(netlab_run("ip link add br0 type bridge && ip link set br0 up && "
				    "ip link add fwd0 index 7777 type veth peer name end0 && "
				    "ip link set peer0 master br0 && ip link set fwd0 master br0 && "
				    "ip link set end0 up && ip link set fwd0 up"),
			 0);
	for (int i = 0; netlab_run("bridge link show dev fwd0 | grep -q forwarding"); i++) {
		assert_true(i < 100);
		usleep(20000);
	}
	netlab_enter(lab.box_fd);
	assert_int_equal(ebc_loader_update_port(loader, lab.port_ifindex, &conf, &lowest, 1), 0);
	send_event(1);
	assert_false(rig_wait_tx(loader, 50, &record));
	netlab_enter(lab.peer_fd);
	ebc_loader_ctl(loader)->netns_inum = namespace_inum();
	netlab_enter(lab.box_fd);
	send_event(2);
	assert_true(rig_wait_tx(loader, 1000, &record)); /* so it did pass by there */
	assert_int_equal(record.sequence_id, 2);
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The time of the next event frame from our stamp to the peer's. */
static int64_t measure_flight_ns(int peer_fd, uint16_t sequence_id)
{
	struct ebc_tx_record record;
	uint64_t peer_mono_ns = 0;
	uint8_t frame[FRAME_OCTETS];

	send_event(sequence_id);
	assert_true(rig_wait_tx(loader, 1000, &record));
	assert_int_equal(record.sequence_id, sequence_id);
	do
		assert_true(rig_receive(peer_fd, frame, sizeof(frame), 1000, &peer_mono_ns) > 0);
	while (frame[12] != 0x88 || frame[13] != 0xF7);
	return (int64_t)(peer_mono_ns - record.stamp_mono_ns);
}

static void stamp_is_before_the_peer_s_own(void **state)
{
	static int64_t flight_ns[200];
	uint16_t sequence_id = 0;
	int peer_fd;

	(void)state;
	netlab_enter(lab.peer_fd);
	peer_fd = rig_listen(lab.peer_ifindex);
	netlab_enter(lab.box_fd);
	while (measure_flight_ns(peer_fd, sequence_id++) < 0) /* the kernel begins to stamp a little later */
		assert_true(sequence_id < 1000);
	for (size_t i = 0; i < ARRAY_SIZE(flight_ns); i++) {
		flight_ns[i] = measure_flight_ns(peer_fd, sequence_id++);
		assert_true(flight_ns[i] > 0);
	}
	qsort(flight_ns, ARRAY_SIZE(flight_ns), sizeof(flight_ns[0]), by_value);
	printf("start_xmit to the peer's receive stamp: min %lld p50 %lld p99 %lld ns\n",
	       (long long)flight_ns[0], (long long)flight_ns[ARRAY_SIZE(flight_ns) / 2],
	       (long long)flight_ns[ARRAY_SIZE(flight_ns) * 99 / 100]);
	close(peer_fd);
}

#define lab_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		lab_test(stamp_comes_without_qdisc),
		lab_test(stamp_comes_behind_pfifo_fast),
		lab_test(stamp_comes_behind_tbf),
		lab_test(stamp_comes_behind_htb),
		lab_test(filters_of_others_that_say_ok_do_not_harm_the_stamp),
		lab_test(stamp_is_taken_after_the_wait_in_the_qdisc),
		lab_test(frames_that_wait_together_get_a_stamp_each),
		lab_test(more_waiting_frames_than_slots_cost_the_oldest_their_stamps),
		lab_test(general_messages_get_no_stamp),
		lab_test(a_full_ring_is_counted),
		lab_test(a_stacked_port_is_stamped_at_the_device_below),
		lab_test(a_device_of_another_namespace_with_the_same_number_does_not_count),
		lab_test(stamp_is_before_the_peer_s_own),
	};

	if (geteuid() != 0) {
		puts("needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
