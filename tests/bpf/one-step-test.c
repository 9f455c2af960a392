/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One-step Sync of the daemon's own: the time that the egress program writes into it, as the peer gets it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "bc/engine/local_clock.h"
#include "tests/bpf/message.h"
#include "tests/bpf/sender.h"
#include "util/macros.h"
#include "util/unaligned.h"

#define EPOCH_PTP_NS (1700000000LL * NSEC_PER_SEC + 999999000LL)
#define DAY_NS	     (86400LL * NSEC_PER_SEC)

static const enum ebc_transport transports[] = {EBC_TRANSPORT_IEEE_802_3, EBC_TRANSPORT_UDP_IPV4,
						EBC_TRANSPORT_UDP_IPV6};

struct bench {
	struct sender *sender;
	int peer_fd;
	uint16_t sequence_id;
};

static struct bench bench;

static int setup(void **state)
{
	int r = sender_setup(state);

	bench = (struct bench){.sender = *state};
	netlab_enter(bench.sender->lab.peer_fd);
	bench.peer_fd = rig_listen(bench.sender->lab.peer_ifindex);
	netlab_enter(bench.sender->lab.box_fd);
	return r;
}

static int teardown(void **state)
{
	close(bench.peer_fd);
	return sender_teardown(state);
}

/* As the daemon does it. */
static void publish(const struct bc_local_clock *clock)
{
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(bench.sender->loader);

	ctl->clock_ref_frac = clock->ref_frac;
	ctl->clock_ref_mono_ns = clock->ref_mono_ns;
	ctl->clock_ref_ptp_ns = clock->ref_ptp_ns;
	ctl->clock_rate_q62 = clock->rate_q62;
	ctl->clock_seq = 2;
}

static struct bc_local_clock clock_of(int64_t age_ns, double rate)
{
	return (struct bc_local_clock){
		.ref_mono_ns = rig_mono_ns() - (uint64_t)age_ns,
		.ref_ptp_ns = EPOCH_PTP_NS,
		.ref_frac = 0xC0000000,
		.rate_q62 = (int64_t)(rate * 0x1p62),
	};
}

/* A one-step Sync with this allowance, unless the caller changed that. */
static void sync_new(enum ebc_transport transport, int64_t allowance_sns, struct message *ret)
{
	message_new(transport, TYPE_SYNC, ++bench.sequence_id, ret);
	message_set_two_step(ret, false);
	message_set_correction_sns(ret, allowance_sns);
}

/* Sends it as the daemon does: how it arrives, and the record of its departure. */
static struct ebc_tx_record pass(const struct message *sent, struct message *ret_received)
{
	uint32_t port = bench.sender->lab.port_ifindex;
	size_t len;

	*ret_received = *sent;
	assert_true(rig_send(bench.sender->fd, port, sent->octets, sent->len));
	do
		len = rig_receive(bench.peer_fd, ret_received->octets, sizeof(ret_received->octets),
				  RIG_PATIENCE_MS, NULL);
	while (len > 0 && (len != sent->len || memcmp(ret_received->octets + 6, sent->octets + 6, 6) != 0 ||
			   get_be16(message_ptp(ret_received) + 30) != bench.sequence_id));
	assert_int_equal(len, sent->len);
	if (sent->transport != EBC_TRANSPORT_IEEE_802_3)
		assert_int_equal(message_stored_checksum(ret_received), message_udp_checksum(ret_received));
	return sender_expect(bench.sender, port, bench.sequence_id);
}

static int64_t origin_ptp_ns(struct message *message)
{
	const uint8_t *timestamp = message_ptp(message) + 34;

	/* What was not written may be any number. */
	return (int64_t)(((uint64_t)get_be16(timestamp) << 32 | get_be32(timestamp + 2)) * NSEC_PER_SEC +
			 get_be32(timestamp + 6));
}

/* The time is what the daemon's own arithmetic makes of the record's stamp at tc egress. */
static void check_time(enum ebc_transport transport, const struct bc_local_clock *clock,
		       int64_t allowance_sns)
{
	struct message sent, received;
	struct ebc_tx_record record;
	int64_t told_sns;

	publish(clock);
	sync_new(transport, allowance_sns, &sent);
	record = pass(&sent, &received);
	assert_true(record.is_one_step);
	assert_false(message_is_two_step(&received));
	assert_int_equal(message_correction_sns(&received), 0);
	/* To the nearest nanosecond; what the clock says here is without its fraction. */
	told_sns = (origin_ptp_ns(&received) - bc_local_clock_ptp_ns(clock, record.tc_mono_ns)) * 65536;
	assert_true(told_sns - allowance_sns > -0x8000);
	assert_true(told_sns - allowance_sns < 0x18000);
	/* Nothing else of the message is touched. */
	memcpy(message_ptp(&received) + 34, message_ptp(&sent) + 34, 10);
	message_expect_same(&sent, &received);
}

static void a_sync_tells_when_it_left_by_the_published_clock(void **state)
{
	static const double rates[] = {0.0, 1e-9, -1e-9, 100e-6, -100e-6, 0.5, -0.5, 0.9, -0.9};
	static const int64_t ages_ns[] = {0, 1000, 300LL * NSEC_PER_SEC, DAY_NS, -NSEC_PER_SEC};

	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(transports); t++)
		for (size_t r = 0; r < ARRAY_SIZE(rates); r++)
			for (size_t a = 0; a < ARRAY_SIZE(ages_ns); a++) {
				struct bc_local_clock clock = clock_of(ages_ns[a], rates[r]);

				check_time(transports[t], &clock, 0);
			}
}

static void fractions_count(void **state)
{
	static const struct {
		uint32_t clock_frac;
		int64_t allowance_sns, ns;
	} cases[] = {
		{0, 0, 0},
		{0x40000000, 0, 0},
		{0xC0000000, 0, 1},
		{0xC0000000, 0x8000, 1},
		{0xC0000000, 0xC000, 2},
		{0x40000000, -0xC001, -1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bc_local_clock clock = clock_of(0, 0.0);
		struct message sent, received;
		uint64_t tc_mono_ns;

		clock.ref_frac = cases[i].clock_frac;
		publish(&clock);
		sync_new(EBC_TRANSPORT_UDP_IPV4, cases[i].allowance_sns, &sent);
		tc_mono_ns = pass(&sent, &received).tc_mono_ns;
		assert_int_equal(origin_ptp_ns(&received),
				 bc_local_clock_ptp_ns(&clock, tc_mono_ns) + cases[i].ns);
	}
}

static void what_comes_after_tc_egress_is_added(void **state)
{
	static const int64_t allowances_sns[] = {65536,	   1500LL << 16,      (1500LL << 16) + 0x7FFF,
						 -65536LL, -(20LL << 16) - 1, NSEC_PER_SEC * 65536};
	struct bc_local_clock clock = clock_of(1000000, 10e-6);

	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(transports); t++)
		for (size_t i = 0; i < ARRAY_SIZE(allowances_sns); i++)
			check_time(transports[t], &clock, allowances_sns[i]);
}

static void expect_two_step(enum ebc_transport transport)
{
	struct message sent, received;
	struct ebc_tx_record record;

	sync_new(transport, 1500LL << 16, &sent);
	record = pass(&sent, &received);
	assert_false(record.is_one_step);
	assert_true(message_is_two_step(&received));
	assert_int_equal(message_correction_sns(&received), 0);
	assert_int_equal(origin_ptp_ns(&received), origin_ptp_ns(&sent));
}

static void without_a_clock_to_read_a_follow_up_has_to_tell(void **state)
{
	volatile struct ebc_ctl *ctl = ebc_loader_ctl(bench.sender->loader);
	struct bc_local_clock clock = clock_of(0, 0.0);

	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(transports); t++) {
		publish(&clock);
		ctl->clock_seq = 0;
		expect_two_step(transports[t]);
		ctl->clock_seq = 3; /* being written */
		expect_two_step(transports[t]);
		check_time(transports[t], &clock, 0);
	}
	clock.ref_ptp_ns = -DAY_NS; /* a time that PTP cannot tell */
	publish(&clock);
	expect_two_step(EBC_TRANSPORT_UDP_IPV6);
}

static void other_messages_and_two_step_syncs_are_left_alone(void **state)
{
	static const uint8_t types[] = {TYPE_DELAY_REQ, TYPE_PDELAY_REQ, TYPE_PDELAY_RESP};
	struct bc_local_clock clock = clock_of(0, 0.0);
	struct message sent, received;

	(void)state;
	publish(&clock);
	sync_new(EBC_TRANSPORT_UDP_IPV4, 77, &sent);
	message_set_two_step(&sent, true);
	assert_false(pass(&sent, &received).is_one_step);
	assert_memory_equal(sent.octets, received.octets, sent.len);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct ebc_tx_record record;
		uint8_t before[FRAME_OCTETS], after[FRAME_OCTETS];
		size_t len;

		message_new(EBC_TRANSPORT_IEEE_802_3, types[i], ++bench.sequence_id, &sent);
		message_set_correction_sns(&sent, 77);
		memcpy(before, sent.octets, sent.len);
		assert_true(
			rig_send(bench.sender->fd, bench.sender->lab.port_ifindex, sent.octets, sent.len));
		do
			len = rig_receive(bench.peer_fd, after, sizeof(after), RIG_PATIENCE_MS, NULL);
		while (len > 0 && (len != sent.len || after[14] != before[14]));
		assert_int_equal(len, sent.len);
		assert_memory_equal(before, after, sent.len);
		assert_true(rig_wait_tx(bench.sender->loader, RIG_PATIENCE_MS, &record));
		assert_false(record.is_one_step);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_sync_tells_when_it_left_by_the_published_clock),
		T(fractions_count),
		T(what_comes_after_tc_egress_is_added),
		T(without_a_clock_to_read_a_follow_up_has_to_tell),
		T(other_messages_and_two_step_syncs_are_left_alone),
	};

	if (geteuid() != 0) {
		puts("needs root");
		return 77;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
