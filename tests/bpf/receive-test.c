/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The receive side on a real (veth) path, for what a test run cannot show: tags that the kernel takes
 * out of the frame, the kernel's own receive stamps, frames too short for a test run.
 */
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

static const enum ebc_transport transports[] = {EBC_TRANSPORT_IEEE_802_3, EBC_TRANSPORT_UDP_IPV4,
						EBC_TRANSPORT_UDP_IPV6};

static struct run run;
static int send_fd, listen_fd; /* at the peer; at the port, to switch receive stamps on */

static int setup(void **state)
{
	struct ebc_loader_options options = rig_options();

	run_new(&run, &options);
	listen_fd = rig_listen(run.lab.port_ifindex);
	netlab_enter(run.lab.peer_fd);
	send_fd = rig_socket();
	netlab_enter(run.lab.box_fd);
	*state = &run;
	return 0;
}

static int teardown(void **state)
{
	close(send_fd);
	close(listen_fd);
	run_free(&run);
	(void)state;
	return 0;
}

static size_t send_spec(const struct frame_spec *spec, uint8_t *frame)
{
	size_t len = frame_build(spec, frame, NULL);

	assert_true(rig_send(send_fd, run.lab.peer_ifindex, frame, len));
	return len;
}

/* Sends an untagged frame and asserts that it is the next in the ring: all before it were not taken. */
static void assert_next_is_a_plain_frame(void)
{
	static uint16_t sequence_id;
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_IEEE_802_3);
	uint8_t frame[FRAME_OCTETS];

	spec.sequence_id = ++sequence_id;
	send_spec(&spec, frame);
	assert_true(rig_wait_rx(run.loader, RIG_PATIENCE_MS, &run.rx));
	assert_memory_equal(run.rx.frame, frame, run.rx.head.frame_len);
}

/* The kernel moves the outer tag out of the frame before tc: the record is without it. */
static void offloaded_priority_tags_are_looked_through(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++)
		for (size_t tags = 1; tags <= 3; tags++) {
			struct frame_spec spec = frame_sync(transports[i]);
			uint8_t frame[FRAME_OCTETS];
			size_t len, ptp_offset;

			for (size_t t = 0; t < tags; t++)
				spec.tags[t] = (struct frame_tag){t ? 0x8100 : 0x88A8, 0x6000};
			len = send_spec(&spec, frame);
			frame_build(&spec, frame, &ptp_offset);
			assert_true(rig_wait_rx(run.loader, RIG_PATIENCE_MS, &run.rx));
			assert_int_equal(run.rx.head.frame_len, len - 4);
			assert_int_equal(run.rx.head.ptp_offset, ptp_offset - 4);
			assert_int_equal(run.rx.head.ptp_len, spec.ptp_octets);
			assert_memory_equal(run.rx.frame, frame, 12);
			assert_memory_equal(run.rx.frame + 12, frame + 16, len - 16);
		}
}

static void offloaded_vlan_tags_pass(void **state)
{
	uint64_t passed = rig_counter(run.loader, EBC_COUNTER_RX_PASSED_VLAN);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++)
		for (size_t which = 0; which < 3; which++) {
			struct frame_spec spec = frame_sync(transports[i]);
			uint8_t frame[FRAME_OCTETS];

			spec.tags[0] = (struct frame_tag){0x8100, 0};
			spec.tags[1] = (struct frame_tag){0x8100, 0};
			spec.tags[2] = (struct frame_tag){0x8100, 0};
			spec.tags[which].vid = 100;
			send_spec(&spec, frame);
		}
	assert_next_is_a_plain_frame();
	assert_int_equal(rig_counter(run.loader, EBC_COUNTER_RX_PASSED_VLAN) - passed, 9);
}

static void cut_off_frames_are_never_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++) {
		struct frame_spec spec = frame_sync(transports[i]);
		uint8_t frame[FRAME_OCTETS];
		size_t len = frame_build(&spec, frame, NULL);

		for (size_t cut = 14; cut < len; cut++)
			assert_true(rig_send(send_fd, run.lab.peer_ifindex, frame, cut));
	}
	assert_next_is_a_plain_frame();
}

/* The kernel switches its receive stamps on from a work queue, some time after the socket asked for them. */
static void wait_until_the_kernel_stamps(void)
{
	uint64_t end_mono_ns = rig_mono_ns() + RIG_PATIENCE_MS * NSEC_PER_MSEC;

	do {
		assert_true(rig_mono_ns() < end_mono_ns);
		assert_next_is_a_plain_frame();
	} while (run.rx.head.stamp_source != EBC_STAMP_SKB);
}

static void the_kernel_s_receive_stamp_is_used(void **state)
{
	uint64_t replaced, n_late = 0;

	(void)state;
	wait_until_the_kernel_stamps();
	replaced = rig_counter(run.loader, EBC_COUNTER_RX_STAMP_REPLACED);
	for (int i = 0; i < 20; i++) {
		uint64_t before = rig_mono_ns();

		assert_next_is_a_plain_frame();
		if (run.rx.head.tc_mono_ns - before >= EBC_RX_STAMP_MAX_AGE_NS) {
			n_late++; /* its stamp may have been too old already */
			continue;
		}
		assert_int_equal(run.rx.head.stamp_source, EBC_STAMP_SKB);
		assert_true(before <= run.rx.head.stamp_mono_ns);
		assert_true(run.rx.head.stamp_mono_ns <= run.rx.head.tc_mono_ns);
	}
	assert_true(rig_counter(run.loader, EBC_COUNTER_RX_STAMP_REPLACED) - replaced <= n_late);
}

/* Several record sizes mixed, in order, none lost. */
static void frames_arrive_in_order(void **state)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_UDP_IPV4);
	uint8_t frame[FRAME_OCTETS];

	(void)state;
	for (uint16_t i = 0; i < 100; i++) {
		spec.sequence_id = i;
		spec.ptp_octets = i % 2 ? 44 : 1000;
		send_spec(&spec, frame);
	}
	for (uint16_t i = 0; i < 100; i++) {
		assert_true(rig_wait_rx(run.loader, RIG_PATIENCE_MS, &run.rx));
		assert_int_equal(run.rx.frame[run.rx.head.ptp_offset + 31], i);
	}
}

#define reset_test(f) cmocka_unit_test_setup(f, run_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		reset_test(offloaded_priority_tags_are_looked_through),
		reset_test(offloaded_vlan_tags_pass),
		reset_test(cut_off_frames_are_never_taken),
		reset_test(the_kernel_s_receive_stamp_is_used),
		reset_test(frames_arrive_in_order),
	};

	if (geteuid() != 0) {
		puts("needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
