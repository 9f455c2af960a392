// SPDX-License-Identifier: GPL-2.0-or-later
/* Whose Announce messages count: the list of acceptable masters, and the rates of senders and newcomers. */
#include <stdlib.h>

#include "tests/unit/engine/rig.h"

#define IN_STEP_NS 50

static struct rig rig;

static int setup(void **state)
{
	(void)state;
	rig_init(&rig, 2);
	rig.config.announce_rate_limit = 16;
	rig.config.signaling_rate_limit = rig.config.management_rate_limit = 10;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

/* Priority1 0, a second away from everybody else. */
static struct rig_master *rogue(size_t i, size_t port)
{
	struct rig_master *m = rig_master(&rig, i, port);

	m->announce.grandmaster_priority1 = 0;
	m->step_ns = NSEC_PER_SEC;
	return m;
}

static void a_rogue_that_is_not_acceptable_is_counted_and_not_followed(void **state)
{
	const uint8_t good[PTP_CLOCK_IDENTITY_LEN] = {0xa0, 0, 0, 0xff, 0xfe, 0, 0, 1};

	(void)state;
	memcpy(rig.ports[0].acceptable_masters[0], good, sizeof(good));
	rig.ports[0].n_acceptable_masters = 1;
	rig_start_following(&rig);
	rogue(1, 0);
	rig_snapshot(&rig);
	rig_assert_follows(&rig, 30, IN_STEP_NS);
	assert_in_range(rig_counted(&rig, 0, BC_COUNTER_ANNOUNCE_NOT_ACCEPTABLE), 29, 31);
	assert_int_equal(rig_state_changes(&rig, 0), 0);
	assert_int_equal(bc_engine_n_foreign_masters(rig.engine, 0), 1);
}

/* The list of one port says nothing of another. */
static void the_list_belongs_to_the_port(void **state)
{
	(void)state;
	rig.ports[1].acceptable_masters[0][0] = 1;
	rig.ports[1].n_acceptable_masters = 1;
	rig_start_following(&rig);
	rogue(1, 1);
	rig_snapshot(&rig);
	rig_assert_follows(&rig, 10, IN_STEP_NS);
	assert_in_range(rig_counted(&rig, 1, BC_COUNTER_ANNOUNCE_NOT_ACCEPTABLE), 9, 11);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_ANNOUNCE_NOT_ACCEPTABLE), 0);
}

static void a_flood_of_identities_is_limited_and_the_grandmaster_kept(void **state)
{
	struct rig_master *m = rig_start_following(&rig), stranger;
	struct bc_msg announce;

	(void)state;
	stranger = *m;
	stranger.announce.grandmaster_priority1 = 0;
	rig_snapshot(&rig);
	/* 20000 a second for three seconds. */
	for (unsigned int i = 0; i < 60000; i++) {
		rig_run_ns(&rig, 50 * NSEC_PER_USEC);
		stranger.identity.clock_identity[5] = (uint8_t)(i >> 16);
		stranger.identity.clock_identity[6] = (uint8_t)(i >> 8);
		stranger.identity.clock_identity[7] = (uint8_t)i;
		stranger.identity.port_number = 77;
		announce = rig_announce_msg(&rig, &stranger, 0);
		rig_inject(&rig, 0, &announce);
		assert_true(llabs(rig_error_ns(&rig, m)) < IN_STEP_NS);
	}
	assert_int_equal(rig_state_changes(&rig, 0), 0);
	assert_int_equal(rig_state_changes(&rig, 1), 0);
	assert_true(bc_engine_n_foreign_masters(rig.engine, 0) <= rig.config.foreign_master_limit);
	/* As many as the table has places, and two a second. */
	assert_in_range(rig_counted(&rig, 0, BC_COUNTER_RX_RATE), 60000 - 24, 60000 - 20);
	assert_true(rig_counted(&rig, 0, BC_COUNTER_FOREIGN_MASTER_EVICTED) < 10);
	rig_assert_follows(&rig, 10, IN_STEP_NS);
}

static void one_sender_is_limited_and_no_other_pays(void **state)
{
	struct rig_master *m = rig_start_following(&rig), *busy = rig_master(&rig, 1, 0);
	struct bc_msg announce;

	(void)state;
	(void)m;
	busy->announce.grandmaster_priority1 = 200;
	busy->is_syncing = false;
	busy->is_announcing = false;
	announce = rig_announce_msg(&rig, busy, 0);
	rig_snapshot(&rig);
	for (unsigned int i = 0; i < 2000; i++) {
		rig_run_ns(&rig, NSEC_PER_MSEC);
		rig_inject(&rig, 0, &announce);
	}
	/* Four seconds' worth at once, then 16 a second. */
	assert_in_range(rig_counted(&rig, 0, BC_COUNTER_RX_RATE), 2000 - 64 - 33, 2000 - 64 - 31);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_RX_ANNOUNCE),
			 2000 - rig_counted(&rig, 0, BC_COUNTER_RX_RATE) + 2);
	rig_assert_follows(&rig, 5, IN_STEP_NS);
}

static void signaling_and_management_are_limited_each_for_itself(void **state)
{
	static const uint8_t types[] = {PTP_SIGNALING, PTP_MANAGEMENT};
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct bc_msg msg = rig_announce_msg(&rig, m, 0);

		msg.type = types[i];
		rig_snapshot(&rig);
		for (unsigned int n = 0; n < 100; n++)
			rig_inject(&rig, 0, &msg);
		assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_RX_RATE), 60);
	}
}

/* 5000 messages a second from one address, each in another name; a tool elsewhere asks ten a second. */
static void a_flood_of_names_from_one_address_leaves_others_their_turn(void **state)
{
	struct rig_master *m = rig_start_following(&rig);
	struct bc_msg msg = rig_announce_msg(&rig, m, 0);
	unsigned int n_heard = 0;
	uint8_t octets[BC_MSG_TX_MAX];
	struct bc_rx rx = {.message = octets, .transport = EBC_TRANSPORT_IEEE_802_3};

	(void)state;
	msg.type = PTP_MANAGEMENT;
	for (unsigned int i = 0; i < 5 * 5000; i++) {
		bool is_tool = i % 500 == 499;
		uint64_t n_refused;

		rig_run_ns(&rig, 200 * NSEC_PER_USEC);
		msg.source.port_number = is_tool ? 7 : (uint16_t)(100 + i);
		rx.source.mac[5] = is_tool;
		rx.len = bc_msg_write(&msg, octets);
		n_refused = rig_counted(&rig, 0, BC_COUNTER_RX_RATE);
		bc_engine_handle_rx(rig.engine, 0, &rx, rig.now_mono_ns);
		rig_drain(&rig);
		n_heard += is_tool && rig_counted(&rig, 0, BC_COUNTER_RX_RATE) == n_refused;
	}
	assert_int_equal(n_heard, 50);
	/* 256 at once and 64 a second, of those that the table did not happen to remember. */
	assert_in_range(rig_counted(&rig, 0, BC_COUNTER_RX_RATE), 25000 - 50 - 256 - 64 * 5 - 5, 25000 - 500);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_rogue_that_is_not_acceptable_is_counted_and_not_followed),
		T(the_list_belongs_to_the_port),
		T(a_flood_of_identities_is_limited_and_the_grandmaster_kept),
		T(one_sender_is_limited_and_no_other_pays),
		T(a_flood_of_names_from_one_address_leaves_others_their_turn),
		T(signaling_and_management_are_limited_each_for_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
