// SPDX-License-Identifier: GPL-2.0-or-later
/* Announce messages: whom the clock follows, what it refuses, and floods. */
#include "tests/unit/engine/two_port_bench.h"

#include <time.h>

#define NEAR_NS 5

static bool is_grandmaster(const struct rig_master *m)
{
	struct bc_status status = rig_status(&rig);

	return memcmp(status.grandmaster_identity, m->announce.grandmaster_identity, 8) == 0;
}

static void one_announce_is_not_enough(void **state)
{
	struct rig_master *m;

	(void)state;
	m = rig_master(&rig, 0, 0);
	m->is_announcing = m->is_syncing = false;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_master_announce(&rig, m);
	rig_run_ns(&rig, 100 * NSEC_PER_MSEC);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_LISTENING);
	rig_master_announce(&rig, m);
	rig_run_ns(&rig, 100 * NSEC_PER_MSEC);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_UNCALIBRATED);
	assert_int_equal(rig.n_foreign, 1);
}

static void the_better_of_two_masters_is_followed_on_whichever_port(void **state)
{
	struct rig_master *worse = rig_start_following(&rig), *better;

	(void)state;
	worse->announce.grandmaster_priority1 = 100;
	better = rig_master(&rig, 1, 1);
	better->announce.grandmaster_priority1 = 99;
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_SLAVE);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_MASTER);
	assert_true(is_grandmaster(better));
	better->is_on = false;
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_true(is_grandmaster(worse));
	assert_int_equal(rig_state(&rig, 1), BC_STATE_MASTER);
}

static void a_better_master_on_the_same_port_takes_over(void **state)
{
	struct rig_master *better;
	struct ptp_port_identity parent;

	(void)state;
	rig_start_following(&rig);
	better = rig_master(&rig, 1, 0);
	better->announce.grandmaster_priority1 = 99;
	rig_run_s(&rig, 10);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_true(is_grandmaster(better));
	parent = rig_status(&rig).parent;
	assert_true(bc_port_identity_equal(&parent, &better->identity));
}

static void the_same_grandmaster_by_a_second_way_makes_that_port_passive(void **state)
{
	struct rig_master *near = rig_start_following(&rig), *far;

	(void)state;
	far = rig_master(&rig, 1, 1);
	far->identity.clock_identity[0] = 1; /* below ours: figure 35 breaks the tie by topology */
	far->announce = near->announce;
	far->announce.steps_removed = 1;
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_PASSIVE);
	/* A passive port says nothing. */
	memset(rig.port[1].n_sent, 0, sizeof(rig.port[1].n_sent));
	rig_run_s(&rig, 10);
	for (int type = 0; type < 16; type++)
		assert_int_equal(rig.port[1].n_sent[type], 0);
	far->is_on = false;
	rig_run_s(&rig, 10);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_MASTER);
}

static void a_silent_master_is_given_up_after_the_receipt_timeout(void **state)
{
	struct rig_master *m = rig_start_following(&rig);
	uint64_t silent_mono_ns = rig.now_mono_ns;

	(void)state;
	m->is_on = false;
	while (rig_state(&rig, 0) == BC_STATE_SLAVE)
		rig_run_ns(&rig, 10 * NSEC_PER_MSEC);
	/* Three intervals after the last Announce, up to one of random time. */
	assert_in_range(rig.now_mono_ns - silent_mono_ns, 2 * NSEC_PER_SEC, 4 * NSEC_PER_SEC + 20000000);
	rig_run_s(&rig, 1);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_GRAND_MASTER);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_GRAND_MASTER);
	assert_true(rig.last_best_master.best_master.is_self);
}

static void announce_without_sync_keeps_the_master(void **state)
{
	(void)state;
	rig_start_following(&rig)->is_syncing = false;
	rig_run_s(&rig, 30);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
}

static void a_sync_receipt_timeout_gives_up_a_master_without_sync(void **state)
{
	struct rig_master *m;

	(void)state;
	rig.ports[0].sync_receipt_timeout = 8;
	m = rig_start_following(&rig);
	rig_assert_follows(&rig, 10, NEAR_NS);
	m->is_syncing = false;
	rig_run_ns(&rig, 1200 * NSEC_PER_MSEC);
	assert_int_not_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
}

static void a_single_lost_announce_loses_no_master(void **state)
{
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	for (int i = 0; i < 20; i++) {
		m->next_announce_mono_ns += NSEC_PER_SEC;
		rig_assert_follows(&rig, 3, NEAR_NS);
	}
	assert_int_equal(rig_state_changes(&rig, 0), 0);
}

/* Fewer losses in a row than the receipt timeout allows. */
static void two_of_three_announces_lost_lose_no_master(void **state)
{
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	m->is_announcing = false;
	for (int i = 0; i < 20; i++) {
		rig_run_ns(&rig, 2900 * NSEC_PER_MSEC);
		rig_master_announce(&rig, m);
		assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	}
	assert_int_equal(rig_state_changes(&rig, 0), 0);
	rig_assert_nothing_refused(&rig);
}

static void steps_removed_of_255_and_more_are_refused(void **state)
{
	static const uint16_t steps[] = {255, 256, 32768, 65534, 65535};
	struct rig_master *m;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		rig_init(&rig, 2);
		m = rig_master(&rig, 0, 0);
		m->announce.steps_removed = steps[i];
		rig_start(&rig, RIG_EPOCH_PTP_NS);
		rig_run_s(&rig, 10);
		assert_int_equal(rig_state(&rig, 0), BC_STATE_GRAND_MASTER);
		assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_ANNOUNCE_STEPS_REMOVED),
				 m->announce_sequence_id);
		assert_int_equal(bc_engine_n_foreign_masters(rig.engine, 0), 0);
		if (i + 1 < ARRAY_SIZE(steps))
			rig_stop(&rig);
	}
}

static void the_own_steps_removed_is_one_more_and_never_wraps(void **state)
{
	struct rig_master *m;

	(void)state;
	m = rig_master(&rig, 0, 0);
	m->announce.steps_removed = 254;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	/* Qualification of the other port takes 256 announce intervals. */
	rig_run_s(&rig, 300);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_int_equal(rig_status(&rig).steps_removed, 255);
	assert_int_equal(rig.port[1].last_sent[PTP_ANNOUNCE].announce.steps_removed, 255);
}

static void max_steps_removed_is_obeyed(void **state)
{
	struct rig_master *m;

	(void)state;
	rig.config.max_steps_removed = 5;
	m = rig_start_following(&rig);
	m->announce.steps_removed = 4;
	rig_run_s(&rig, 10);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	m->announce.steps_removed = 5;
	rig_run_s(&rig, 10);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_GRAND_MASTER);
}

static void two_looped_ports_leave_one_passive_and_no_storm(void **state)
{
	unsigned int n_before, n_after;

	(void)state;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	/* Port 0 and 1 are on one wire: what one sends the other hears. */
	for (int i = 0; i < 60; i++) {
		for (size_t p = 0; p < 2; p++) {
			struct bc_msg msg = rig.port[p].last_sent[PTP_ANNOUNCE];

			if (rig.now_mono_ns - rig.port[p].last_sent_mono_ns[PTP_ANNOUNCE] <
				    NSEC_PER_SEC / 2 &&
			    rig.port[p].n_sent[PTP_ANNOUNCE])
				rig_inject(&rig, 1 - p, &msg);
		}
		rig_run_ns(&rig, NSEC_PER_SEC / 2);
	}
	assert_int_equal(rig_state(&rig, 0), BC_STATE_GRAND_MASTER);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_PASSIVE);
	rig_snapshot(&rig);
	n_before = rig.port[1].n_sent[PTP_ANNOUNCE];
	for (int i = 0; i < 120; i++) {
		struct bc_msg msg = rig.port[0].last_sent[PTP_ANNOUNCE];

		if (i % 2)
			rig_inject(&rig, 1, &msg);
		rig_run_ns(&rig, NSEC_PER_SEC / 2);
	}
	n_after = rig.port[1].n_sent[PTP_ANNOUNCE];
	assert_int_equal(n_after, n_before);
	assert_int_equal(rig_state_changes(&rig, 1), 0);
	assert_int_equal(rig_state_changes(&rig, 0), 0);
	rig_assert_only(&rig, 1, BC_COUNTER_RX_OWN_CLOCK, 60);
	/* The loop is opened: both serve again. */
	rig_run_s(&rig, 10);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_GRAND_MASTER);
}

static void hear_port_0_on_port_1_for_20_s(void)
{
	for (int i = 0; i < 20; i++) {
		struct bc_msg msg = rig.port[0].last_sent[PTP_ANNOUNCE];

		rig_inject(&rig, 1, &msg);
		rig_run_s(&rig, 1);
	}
}

static void a_loop_is_told_once_and_again_when_it_comes_again(void **state)
{
	(void)state;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 10);
	for (unsigned int n = 1; n <= 3; n++) {
		hear_port_0_on_port_1_for_20_s();
		assert_int_equal(rig.n_loops, n);
		assert_int_equal(rig.last_loop.port, 1);
		assert_int_equal(rig.last_loop.loop.port_number, 1);
		rig_run_s(&rig, 10);
		assert_int_equal(rig.n_loops, n);
	}
}

static void who_bears_our_identity_silences_no_port(void **state)
{
	static const struct {
		uint16_t port_number, later;
	} forged[] = {{1, 100}, {2, 100}, {1, 0x8000}, {0, 0}, {7, 0}};

	(void)state;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 10);
	rig_snapshot(&rig);
	for (size_t i = 0; i < 4 * ARRAY_SIZE(forged); i++) {
		struct bc_msg msg = rig.port[0].last_sent[PTP_ANNOUNCE];

		msg.source.port_number = forged[i % ARRAY_SIZE(forged)].port_number;
		msg.sequence_id = (uint16_t)(msg.sequence_id + forged[i % ARRAY_SIZE(forged)].later);
		rig_inject(&rig, 1, &msg);
		rig_run_s(&rig, 1);
		assert_int_equal(rig_state(&rig, 1), BC_STATE_GRAND_MASTER);
	}
	assert_int_equal(bc_engine_counters(rig.engine, 1)->value[BC_COUNTER_ANNOUNCE_OWN_IDENTITY],
			 4 * ARRAY_SIZE(forged));
	assert_int_equal(rig.n_loops, 0);
}

static void our_own_frames_that_come_back_are_counted_and_ignored(void **state)
{
	(void)state;
	rig_start_following(&rig);
	for (int i = 0; i < 50; i++) {
		struct bc_msg msg = rig.port[1].last_sent[i % 2 ? PTP_ANNOUNCE : PTP_SYNC];

		rig_inject(&rig, 1, &msg);
		rig_run_ns(&rig, 100 * NSEC_PER_MSEC);
	}
	rig_assert_only(&rig, 1, BC_COUNTER_RX_OWN_PORT, 50);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_MASTER);
	rig_assert_follows(&rig, 1, NEAR_NS);
}

static void a_grandmaster_that_bears_our_identity_is_refused(void **state)
{
	struct rig_master *impostor;

	(void)state;
	rig_start_following(&rig);
	impostor = rig_master(&rig, 1, 1);
	impostor->is_syncing = false;
	impostor->announce.grandmaster_priority1 = 0;
	memcpy(impostor->announce.grandmaster_identity, rig.config.clock_identity, 8);
	rig_run_s(&rig, 20);
	rig_assert_only(&rig, 1, BC_COUNTER_ANNOUNCE_OWN_GRANDMASTER, impostor->announce_sequence_id);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
}

static void flood(size_t port, unsigned int n, uint8_t priority1)
{
	struct rig_master rogue = rig.masters[0];

	rogue.announce.grandmaster_priority1 = priority1;
	for (unsigned int i = 0; i < n; i++) {
		struct bc_msg msg;

		rogue.identity.clock_identity[1] = (uint8_t)(i >> 16);
		rogue.identity.clock_identity[3] = (uint8_t)(i >> 8);
		rogue.identity.clock_identity[4] = (uint8_t)i;
		memcpy(rogue.announce.grandmaster_identity, rogue.identity.clock_identity, 8);
		msg = rig_announce_msg(&rig, &rogue, 1);
		rig_inject(&rig, port, &msg);
		rig_run_ns(&rig, 50 * NSEC_PER_USEC);
	}
}

static void a_flood_of_20000_identities_keeps_the_grandmaster(void **state)
{
	struct rig_master *m = rig_start_following(&rig);
	struct timespec from, to;

	(void)state;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	flood(0, 20000, 0);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	print_message("20000 Announces: %.1f ms of CPU\n",
		      (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) * 1e-6);
	assert_true(is_grandmaster(m));
	assert_int_equal(bc_engine_n_foreign_masters(rig.engine, 0), rig.config.foreign_master_limit);
	rig_assert_only(&rig, 0, BC_COUNTER_FOREIGN_MASTER_EVICTED, 20000 - 15);
	assert_int_equal(rig_state_changes(&rig, 0), 0);
	rig_assert_follows(&rig, 10, NEAR_NS);
}

static void a_flood_on_a_passive_port_leaves_it_passive(void **state)
{
	struct rig_master *near = rig_start_following(&rig), *far;

	(void)state;
	far = rig_master(&rig, 1, 1);
	far->identity.clock_identity[0] = 1; /* below ours: figure 35 breaks the tie by topology */
	far->announce = near->announce;
	far->announce.steps_removed = 1;
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_PASSIVE);
	rig_snapshot(&rig);
	flood(1, 20000, 255);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_PASSIVE);
	assert_int_equal(rig_state_changes(&rig, 1), 0);
}

static void a_master_that_flaps_with_every_message_does_not_stop_our_own_sync(void **state)
{
	struct rig_master *m = rig_start_following(&rig);
	unsigned int n = rig.port[1].n_sent[PTP_SYNC];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		m->announce.grandmaster_priority2 ^= 1;
		rig_master_announce(&rig, m);
		rig_run_ns(&rig, 10 * NSEC_PER_MSEC);
	}
	assert_in_range(rig.port[1].n_sent[PTP_SYNC] - n, 79, 81);
	rig_assert_follows(&rig, 1, NEAR_NS);
}

static void a_thousand_changes_a_second_make_twenty_decisions(void **state)
{
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	rig.n_best_master = 0;
	for (int i = 0; i < 1000; i++) {
		m->announce.grandmaster_identity[0] = (uint8_t)i;
		rig_master_announce(&rig, m);
		rig_run_ns(&rig, NSEC_PER_MSEC);
	}
	assert_in_range(rig.n_best_master, 1, 21);
	rig_assert_follows(&rig, 1, NEAR_NS);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(one_announce_is_not_enough),
		T(the_better_of_two_masters_is_followed_on_whichever_port),
		T(a_better_master_on_the_same_port_takes_over),
		T(the_same_grandmaster_by_a_second_way_makes_that_port_passive),
		T(a_silent_master_is_given_up_after_the_receipt_timeout),
		T(announce_without_sync_keeps_the_master),
		T(a_sync_receipt_timeout_gives_up_a_master_without_sync),
		T(a_single_lost_announce_loses_no_master),
		T(two_of_three_announces_lost_lose_no_master),
		T(steps_removed_of_255_and_more_are_refused),
		T(the_own_steps_removed_is_one_more_and_never_wraps),
		T(max_steps_removed_is_obeyed),
		T(two_looped_ports_leave_one_passive_and_no_storm),
		T(a_loop_is_told_once_and_again_when_it_comes_again),
		T(who_bears_our_identity_silences_no_port),
		T(our_own_frames_that_come_back_are_counted_and_ignored),
		T(a_grandmaster_that_bears_our_identity_is_refused),
		T(a_flood_of_20000_identities_keeps_the_grandmaster),
		T(a_flood_on_a_passive_port_leaves_it_passive),
		T(a_master_that_flaps_with_every_message_does_not_stop_our_own_sync),
		T(a_thousand_changes_a_second_make_twenty_decisions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
