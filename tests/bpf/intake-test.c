/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stamps, limits and rings of the receive side. */
#include <bpf/bpf.h>
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

#define SMALL_RECORD_OCTETS (8 + sizeof(struct ebc_rx_record) + EBC_RX_FRAME_SMALL) /* in the ring */

static struct run run;

static int setup(void **state)
{
	struct ebc_loader_options options = rig_options();

	options.rx_ring_bytes = 4096;
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

/* Runs an event frame; true when its stamp is the skb's. */
static bool is_stamped_by_skb(uint64_t *ret_stamp_mono_ns)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_UDP_IPV4);
	uint64_t replaced = rig_counter(run.loader, EBC_COUNTER_RX_STAMP_REPLACED);
	uint8_t frame[FRAME_OCTETS];

	run_frame(&run, EBC_DIRECTION_RX, frame, frame_build(&spec, frame, NULL));
	assert_true(rig_wait_rx(run.loader, 0, &run.rx));
	*ret_stamp_mono_ns = run.rx.head.stamp_mono_ns;
	replaced = rig_counter(run.loader, EBC_COUNTER_RX_STAMP_REPLACED) - replaced;
	if (run.rx.head.stamp_source == EBC_STAMP_SKB) {
		assert_int_equal(replaced, 0);
		assert_true(run.rx.head.stamp_mono_ns <= run.rx.head.tc_mono_ns);
		return true;
	}
	assert_int_equal(run.rx.head.stamp_source, EBC_STAMP_TC);
	assert_int_equal(run.rx.head.stamp_mono_ns, run.rx.head.tc_mono_ns);
	assert_int_equal(replaced, 1);
	return false;
}

/* That of the skb, unless it became too old on its way into the program: false. */
static bool expect_skb_stamp(uint64_t *ret_stamp_mono_ns)
{
	bool is_by_skb = is_stamped_by_skb(ret_stamp_mono_ns);

	assert_true(is_by_skb || !run_stamp_was_fresh(&run));
	return is_by_skb;
}

static void skb_stamp_is_brought_to_the_monotonic_scale(void **state)
{
	uint64_t stamp, before;

	(void)state;
	run.skb_age_ns = 5 * NSEC_PER_MSEC;
	before = rig_mono_ns();
	if (expect_skb_stamp(&stamp))
		assert_true(stamp >= before - 5 * NSEC_PER_MSEC - 10000 &&
			    stamp <= rig_mono_ns() - 5 * NSEC_PER_MSEC);
	run.skb_age_ns = 0;
}

static void stale_future_and_missing_stamps_are_replaced(void **state)
{
	uint64_t stamp;

	(void)state;
	run.skb_age_ns = EBC_RX_STAMP_MAX_AGE_NS - 20 * NSEC_PER_MSEC;
	expect_skb_stamp(&stamp);
	run.skb_age_ns = EBC_RX_STAMP_MAX_AGE_NS;
	assert_false(is_stamped_by_skb(&stamp));
	run.skb_age_ns = -NSEC_PER_SEC;
	assert_false(is_stamped_by_skb(&stamp));
	run.skb_age_ns = -37 * NSEC_PER_SEC;
	assert_false(is_stamped_by_skb(&stamp));
	run.skb_age_ns = 10 * NSEC_PER_SEC;
	assert_false(is_stamped_by_skb(&stamp));
	run.has_no_skb_stamp = true;
	assert_false(is_stamped_by_skb(&stamp));
	run.has_no_skb_stamp = false;
	run.skb_age_ns = 0;
}

static void replaced_stamps_of_general_messages_are_not_counted(void **state)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_UDP_IPV4);

	(void)state;
	spec.message_type = 0x8;
	spec.dst_port = 320;
	run.has_no_skb_stamp = true;
	expect_consumed(&run, &spec); /* checks that no other counter moves */
	run.has_no_skb_stamp = false;
}

static void a_stepped_clock_makes_stamps_unusable_until_the_offset_is_renewed(void **state)
{
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(run.loader);
	int64_t offset = ctl->real_minus_mono_ns;
	uint64_t stamp;

	(void)state;
	ctl->real_minus_mono_ns = offset - NSEC_PER_SEC;
	assert_false(is_stamped_by_skb(&stamp));
	ctl->real_minus_mono_ns = offset + NSEC_PER_SEC;
	assert_false(is_stamped_by_skb(&stamp));
	ctl->real_minus_mono_ns = offset;
	expect_skb_stamp(&stamp);
}

static void tc_stamps_can_be_chosen(void **state)
{
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(run.loader);
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_UDP_IPV4);

	(void)state;
	ctl->rx_stamp_source = EBC_STAMP_TC;
	run.has_no_skb_stamp = true;
	expect_consumed(&run, &spec); /* nothing is replaced */
	assert_int_equal(run.rx.head.stamp_source, EBC_STAMP_TC);
	assert_int_equal(run.rx.head.stamp_mono_ns, run.rx.head.tc_mono_ns);
	run.has_no_skb_stamp = false;
	ctl->rx_stamp_source = EBC_STAMP_SKB;
}

static void drain(void)
{
	while (rig_wait_rx(run.loader, 0, &run.rx))
		;
}

/* One after the other: the ring has room for each, however many the limit lets through. */
static void run_frames(int n, const uint8_t *frame, size_t len)
{
	for (int i = 0; i < n; i++) {
		run_frame(&run, EBC_DIRECTION_RX, frame, len);
		drain();
	}
}

static void a_burst_passes_and_the_rest_is_dropped(void **state)
{
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(run.loader);
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_IEEE_802_3);

	(void)state;
	ctl->rx_burst = 5;
	ctl->rx_rate_per_s = 1;
	for (int i = 0; i < 5; i++)
		expect_consumed(&run, &spec);
	for (int i = 0; i < 5; i++)
		expect_dropped(&run, &spec, EBC_COUNTER_RX_DROPPED_RATE);
	ctl->rx_rate_per_s = 0; /* no limit */
	for (int i = 0; i < 20; i++)
		expect_consumed(&run, &spec);
}

static void the_bucket_fills_at_its_rate(void **state)
{
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(run.loader);
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_IEEE_802_3);
	const struct timespec pause = {.tv_nsec = 25 * NSEC_PER_MSEC};
	uint8_t frame[FRAME_OCTETS];
	size_t len = frame_build(&spec, frame, NULL);
	uint64_t elapsed_ns, taken, before;

	(void)state;
	run.conf.port_index = 1; /* a bucket that nobody used; its counters too */
	run_update(&run);
	ctl->rx_burst = 3;
	ctl->rx_rate_per_s = 100;
	before = rig_mono_ns();
	run_frames(10, frame, len);
	nanosleep(&pause, NULL);
	run_frames(10, frame, len);
	elapsed_ns = rig_mono_ns() - before;
	run.conf.port_index = 0;
	run_update(&run);

	struct ebc_counters counters;

	assert_int_equal(ebc_loader_counters(run.loader, 1, &counters), 0);
	taken = counters.value[EBC_COUNTER_RX_EVENT];
	assert_int_equal(taken + counters.value[EBC_COUNTER_RX_DROPPED_RATE], 20);
	assert_true(taken >= 3 + 2); /* what 25 ms bring */
	assert_true(taken <= 3 + elapsed_ns / (10 * NSEC_PER_MSEC) + 1);
	ctl->rx_rate_per_s = 0;
}

static void ports_have_buckets_of_their_own(void **state)
{
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(run.loader);
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_IEEE_802_3);
	uint8_t frame[FRAME_OCTETS];
	size_t len = frame_build(&spec, frame, NULL);

	(void)state;
	ctl->rx_burst = 1;
	ctl->rx_rate_per_s = 1;
	for (uint32_t port = 2; port < 6; port++) {
		run.conf.port_index = port;
		run_update(&run);
		run_frame(&run, EBC_DIRECTION_RX, frame, len);
		assert_true(rig_wait_rx(run.loader, 0, &run.rx));
		assert_int_equal(run.rx.head.port_index, port);
		run_frame(&run, EBC_DIRECTION_RX, frame, len);
		assert_false(rig_wait_rx(run.loader, 0, &run.rx));
	}
	ctl->rx_rate_per_s = 0;
	run.conf.port_index = 0;
	run_update(&run);
}

static void a_full_ring_is_counted_and_recovers(void **state)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_UDP_IPV6);
	uint64_t room = 4096 / SMALL_RECORD_OCTETS;
	uint64_t taken = rig_counter(run.loader, EBC_COUNTER_RX_EVENT);
	uint8_t frame[FRAME_OCTETS];
	size_t len = frame_build(&spec, frame, NULL);
	int consumed = run_frame(&run, EBC_DIRECTION_RX, frame, len);

	(void)state;
	for (int i = 1; i < 40; i++)
		assert_int_equal(run_frame(&run, EBC_DIRECTION_RX, frame, len), consumed);
	assert_true(consumed == TC_ACT_SHOT || consumed == TC_ACT_STOLEN);
	taken = rig_counter(run.loader, EBC_COUNTER_RX_EVENT) - taken;
	assert_true(taken >= room - 1 && taken <= room);
	assert_int_equal(rig_counter(run.loader, EBC_COUNTER_RX_DROPPED_RING_FULL), 40 - taken);
	drain();
	expect_consumed(&run, &spec);
}

static void count_records(void *context, const struct ebc_rx_record *record)
{
	(void)record;
	++*(int *)context;
}

static void no_more_records_than_asked_for_are_handed_out(void **state)
{
	struct frame_spec spec = frame_sync(EBC_TRANSPORT_IEEE_802_3);
	uint8_t frame[FRAME_OCTETS];
	size_t len = frame_build(&spec, frame, NULL);
	int handed = 0;

	(void)state;
	for (int i = 0; i < 7; i++)
		run_frame(&run, EBC_DIRECTION_RX, frame, len);
	assert_int_equal(ebc_loader_consume_rx(run.loader, 0, count_records, &handed), 0);
	assert_int_equal(ebc_loader_consume_rx(run.loader, 3, count_records, &handed), 3);
	assert_int_equal(handed, 3);
	assert_int_equal(ebc_loader_consume_rx(run.loader, 100, count_records, &handed), 4);
	assert_int_equal(handed, 7);
	assert_int_equal(ebc_loader_consume_rx(run.loader, 100, count_records, &handed), 0);
}

#define reset_test(f) cmocka_unit_test_setup(f, run_reset)

int main(void)
{
	const struct CMUnitTest tests[] = {
		reset_test(skb_stamp_is_brought_to_the_monotonic_scale),
		reset_test(stale_future_and_missing_stamps_are_replaced),
		reset_test(replaced_stamps_of_general_messages_are_not_counted),
		reset_test(a_stepped_clock_makes_stamps_unusable_until_the_offset_is_renewed),
		reset_test(tc_stamps_can_be_chosen),
		reset_test(a_burst_passes_and_the_rest_is_dropped),
		reset_test(the_bucket_fills_at_its_rate),
		reset_test(ports_have_buckets_of_their_own),
		reset_test(a_full_ring_is_counted_and_recovers),
		reset_test(no_more_records_than_asked_for_are_handed_out),
	};

	if (geteuid() != 0) {
		puts("needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
