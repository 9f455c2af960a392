/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Event messages that nothing follows: kept with what the queue lately added, or handed to the daemon. */
#include <bpf/bpf.h>
#include <poll.h>
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

static const enum ebc_transport transports[] = {EBC_TRANSPORT_IEEE_802_3, EBC_TRANSPORT_UDP_IPV4,
						EBC_TRANSPORT_UDP_IPV6};

/* As the programs have it: what the port's queue lately added. */
struct queue {
	uint32_t to_start_ns[EBC_QUEUE_RECENT], to_stamp_ns[EBC_QUEUE_RECENT];
	uint32_t n, pad;
	uint64_t last_mono_ns;
};

/* Makes the programs believe that `n` event messages met these, `age_ns` ago. */
static void set_queue(const struct box *box, uint32_t port, const uint32_t *to_start_ns,
		      const uint32_t *to_stamp_ns, uint32_t n, uint64_t age_ns)
{
	_cleanup_fd_ int fd = box_map(box, "ebc_queues");
	struct queue queue = {.n = n, .last_mono_ns = rig_mono_ns() - age_ns};

	for (uint32_t i = 0; i < MIN(n, EBC_QUEUE_RECENT); i++) {
		queue.to_start_ns[i] = to_start_ns[i];
		queue.to_stamp_ns[i] = to_stamp_ns[i];
	}
	assert_int_equal(bpf_map_update_elem(fd, &port, &queue, BPF_ANY), 0);
}

static void set_flat_queue(const struct box *box, uint32_t to_start_ns, uint32_t to_stamp_ns, uint32_t n)
{
	uint32_t start[EBC_QUEUE_RECENT], stamp[EBC_QUEUE_RECENT];

	for (int i = 0; i < EBC_QUEUE_RECENT; i++) {
		start[i] = to_start_ns;
		stamp[i] = to_stamp_ns;
	}
	set_queue(box, 1, start, stamp, n, 0);
}

static int with_policy(void **state, enum ebc_one_step policy)
{
	const struct box *box = *state;
	int r = box_reset(state);

	ebc_loader_ctl(box->loader)->one_step = (uint8_t)policy;
	return r;
}

static int setup_auto(void **state)
{
	return with_policy(state, EBC_ONE_STEP_AUTO);
}

static int setup_keep(void **state)
{
	return with_policy(state, EBC_ONE_STEP_KEEP);
}

static int setup_convert(void **state)
{
	return with_policy(state, EBC_ONE_STEP_CONVERT);
}

static int64_t expect_kept(struct box *box, const struct message *sent)
{
	uint64_t kept = box_counter(box, 1, EBC_COUNTER_TX_ONE_STEP_KEPT),
		 converted = box_counter(box, 1, EBC_COUNTER_TX_ONE_STEP_CONVERTED);
	struct message out;
	int64_t added_sns = box_pass(box, 0, 1, sent, &out);

	assert_int_equal(box_counter(box, 1, EBC_COUNTER_TX_ONE_STEP_KEPT) - kept, 1);
	assert_int_equal(box_counter(box, 1, EBC_COUNTER_TX_ONE_STEP_CONVERTED), converted);
	return added_sns;
}

static void copy_departure(void *context, const struct ebc_departure_record *record)
{
	*(struct ebc_departure_record *)context = *record;
}

/* The record of port 1 in the ring; port 2 makes one of its own. */
static void take_copy(struct box *box, struct rig_rx *ret)
{
	do
		assert_true(rig_take_rx(box->loader, ret));
	while (ret->head.port_index != 1);
}

static void take_departure(struct box *box, struct ebc_departure_record *ret)
{
	struct pollfd wait = {.fd = ebc_loader_departure_fd(box->loader), .events = POLLIN};

	do
		assert_int_equal(poll(&wait, 1, RIG_PATIENCE_MS), 1);
	while (ebc_loader_consume_departures(box->loader, 1, copy_departure, ret) != 1 ||
	       ret->key.ifindex != box->port_ifindex[1]);
}

/* It leaves with twoStepFlag; the daemon gets it as it was, and the time it was in the queue. */
static void expect_converted(struct box *box, const struct message *sent)
{
	uint64_t converted = box_counter(box, 1, EBC_COUNTER_TX_ONE_STEP_CONVERTED),
		 before_mono_ns = rig_mono_ns();
	struct ebc_departure_record departure;
	struct message as_two_step = *sent, out;
	struct rig_rx rx;
	int64_t added_sns;

	message_set_two_step(&as_two_step, true);
	box_send(box, 0, sent);
	added_sns = box_expect(box, 1, &as_two_step, &out);
	assert_true(added_sns > 0);
	if (sent->transport != EBC_TRANSPORT_IEEE_802_3)
		assert_int_equal(message_stored_checksum(&out), message_udp_checksum(&out));
	take_departure(box, &departure);
	assert_int_equal(box_counter(box, 1, EBC_COUNTER_TX_ONE_STEP_CONVERTED) - converted, 1);
	take_copy(box, &rx);
	assert_int_equal(rx.head.reason, EBC_RX_CONVERTED);
	assert_int_equal(rx.head.ifindex, box->port_ifindex[1]);
	assert_int_equal(rx.head.ptp_offset, sent->ptp_offset);
	assert_int_equal(rx.head.frame_len, sent->len);
	assert_memory_equal(rx.frame, sent->octets, sent->len);
	assert_int_equal(rx.head.tc_mono_ns, departure.tc_mono_ns);
	assert_true(departure.queued_sns > 0);
	assert_true((added_sns >> 16) + (departure.queued_sns >> 16) <
		    (int64_t)(rig_mono_ns() - before_mono_ns));
}

static void build(struct box *box, enum ebc_transport transport, uint8_t type, struct message *ret)
{
	message_new(transport, type, box_next_sequence_id(box), ret);
	message_set_two_step(ret, false);
	message_set_correction_sns(ret, 0x7777777);
}

static void kept_ones_get_the_median_of_the_queue(void **state)
{
	static const uint32_t start[] = {100, 100, 100, 100, 100, 100, 100, 100},
			      /* Its median is the fifth in order. */
		stamp[] = {500000000, 700000000, 100, 200, 600000000, 300, 400, 400000000};
	struct box *box = *state;

	for (size_t t = 0; t < ARRAY_SIZE(transports); t++)
		for (int type = TYPE_SYNC; type <= TYPE_PDELAY_RESP; type += TYPE_PDELAY_RESP) {
			struct message sent;
			uint64_t start_mono_ns;
			int64_t added_ns;

			build(box, transports[t], (uint8_t)type, &sent);
			set_queue(box, 1, start, stamp, 8, 0);
			start_mono_ns = rig_mono_ns();
			added_ns = expect_kept(box, &sent) >> 16;
			assert_true(added_ns > 400000000 &&
				    added_ns - 400000000 < (int64_t)(rig_mono_ns() - start_mono_ns));
			/* The message itself counts from now on. */
			build(box, transports[t], (uint8_t)type, &sent);
			set_flat_queue(box, 100, 900000000, 1);
			added_ns = expect_kept(box, &sent) >> 16;
			assert_true(added_ns > 900000000);
			box_drain(state);
		}
}

static void what_is_too_old_is_not_added(void **state)
{
	static const uint32_t start[EBC_QUEUE_RECENT] = {100}, stamp[EBC_QUEUE_RECENT] = {900000000};
	struct box *box = *state;
	struct message sent;

	set_queue(box, 1, start, stamp, 1, EBC_QUEUE_RECENT_AGE_NS + NSEC_PER_SEC);
	build(box, EBC_TRANSPORT_UDP_IPV4, TYPE_SYNC, &sent);
	assert_true(expect_kept(box, &sent) >> 16 < 900000000);
	set_queue(box, 1, start, stamp, 1, EBC_QUEUE_RECENT_AGE_NS - 30 * NSEC_PER_SEC);
	build(box, EBC_TRANSPORT_UDP_IPV4, TYPE_SYNC, &sent);
	assert_true(expect_kept(box, &sent) >> 16 > 900000000);
}

static void converted_ones_become_two_step(void **state)
{
	struct box *box = *state;

	for (size_t t = 0; t < ARRAY_SIZE(transports); t++)
		for (int type = TYPE_SYNC; type <= TYPE_PDELAY_RESP; type += TYPE_PDELAY_RESP) {
			struct message sent;

			build(box, transports[t], (uint8_t)type, &sent);
			expect_converted(box, &sent);
			box_drain(state);
		}
}

static void auto_keeps_them_while_the_queue_is_short(void **state)
{
	struct box *box = *state;
	struct message sent;

	set_flat_queue(box, EBC_ONE_STEP_QUEUE_NS - 1, 3000, 8);
	build(box, EBC_TRANSPORT_UDP_IPV6, TYPE_SYNC, &sent);
	expect_kept(box, &sent);
	set_flat_queue(box, EBC_ONE_STEP_QUEUE_NS, 3000, 8);
	build(box, EBC_TRANSPORT_UDP_IPV6, TYPE_SYNC, &sent);
	box_drain(state);
	expect_converted(box, &sent);
	box_drain(state);
	/* Not known: as if it were long. */
	set_flat_queue(box, 0, 0, 0);
	build(box, EBC_TRANSPORT_UDP_IPV6, TYPE_SYNC, &sent);
	expect_converted(box, &sent);
}

/* What the tracepoint measures is what decides. */
static void auto_converts_behind_a_backlog(void **state)
{
	struct box *box = *state;
	struct message event, out;

	set_flat_queue(box, 0, 0, 0);
	box_hold(box, 1);
	for (int i = 0; i < EBC_QUEUE_RECENT; i++) {
		build(box, EBC_TRANSPORT_IEEE_802_3, TYPE_DELAY_REQ, &event);
		box_send(box, 0, &event);
	}
	box_release_later(box, 1, EBC_QUEUE_RECENT);
	for (int i = 0; i < EBC_QUEUE_RECENT; i++)
		assert_true(box_receive(box, 1, &out, NULL));
	box_drain(state);
	build(box, EBC_TRANSPORT_IEEE_802_3, TYPE_SYNC, &event);
	expect_converted(box, &event);
	box_remove_queue(box, 1);
}

/* Nobody would send the followers. */
static void without_lease_nothing_is_converted(void **state)
{
	struct box *box = *state;
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(box->loader);
	uint64_t lease_mono_ns = ctl->lease_until_mono_ns;
	struct message sent;

	ctl->lease_until_mono_ns = 0;
	ctl->corrects_without_lease = 1;
	build(box, EBC_TRANSPORT_UDP_IPV4, TYPE_SYNC, &sent);
	assert_true(expect_kept(box, &sent) > 0);
	ctl->corrects_without_lease = 0;
	ctl->lease_until_mono_ns = lease_mono_ns;
}

/* A flag that changed would break the check value. */
static void authenticated_ones_are_never_converted(void **state)
{
	struct frame_spec spec = message_spec(EBC_TRANSPORT_UDP_IPV4, TYPE_SYNC, 0);
	struct box *box = *state;
	struct message sent;

	ebc_loader_ctl(box->loader)->is_auth_mutable = 1;
	spec.sequence_id = box_next_sequence_id(box);
	spec.ptp_octets = 44 + 4 + 22;
	message_build(&spec, &sent);
	memcpy(message_ptp(&sent) + 44, "\x80\x09\x00\x16", 4);
	message_set_two_step(&sent, false);
	assert_true(expect_kept(box, &sent) > 0);
	ebc_loader_ctl(box->loader)->is_auth_mutable = 0;
}

static void two_step_ones_and_requests_are_left_alone(void **state)
{
	static const uint8_t types[] = {TYPE_SYNC, TYPE_DELAY_REQ, TYPE_PDELAY_REQ, TYPE_PDELAY_RESP};
	struct box *box = *state;
	uint64_t converted = box_counter(box, 1, EBC_COUNTER_TX_ONE_STEP_CONVERTED),
		 kept = box_counter(box, 1, EBC_COUNTER_TX_ONE_STEP_KEPT);
	struct message sent, out;

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		build(box, EBC_TRANSPORT_UDP_IPV4, types[i], &sent);
		message_set_two_step(&sent, types[i] == TYPE_SYNC || types[i] == TYPE_PDELAY_RESP);
		assert_true(box_pass(box, 0, 1, &sent, &out) > 0);
	}
	assert_int_equal(box_counter(box, 1, EBC_COUNTER_TX_ONE_STEP_CONVERTED), converted);
	assert_int_equal(box_counter(box, 1, EBC_COUNTER_TX_ONE_STEP_KEPT), kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(kept_ones_get_the_median_of_the_queue, setup_keep),
		cmocka_unit_test_setup(what_is_too_old_is_not_added, setup_keep),
		cmocka_unit_test_setup(converted_ones_become_two_step, setup_convert),
		cmocka_unit_test_setup(auto_keeps_them_while_the_queue_is_short, setup_auto),
		cmocka_unit_test_setup(auto_converts_behind_a_backlog, setup_auto),
		cmocka_unit_test_setup(without_lease_nothing_is_converted, setup_convert),
		cmocka_unit_test_setup(authenticated_ones_are_never_converted, setup_convert),
		cmocka_unit_test_setup(two_step_ones_and_requests_are_left_alone, setup_convert),
	};

	if (geteuid() != 0) {
		puts("needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, box_setup_direct, box_teardown);
}
