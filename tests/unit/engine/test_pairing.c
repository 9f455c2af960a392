// SPDX-License-Identifier: GPL-2.0-or-later
/* Sync and Follow_Up that do not belong together, are old, foreign, or cannot be true. */
#include "tests/unit/engine/two_port_bench.h"

#include <stdlib.h>

#define SNS(ns) ((int64_t)(ns)*65536)
/* The clock of a rig without noise is this near to its master. */
#define NEAR_NS 5

static void a_sync_from_another_than_the_parent_is_ignored(void **state)
{
	struct rig_master *m = rig_start_following(&rig);
	struct rig_master rogue = *m;

	(void)state;
	rogue.identity.clock_identity[7] = 0x66;
	rogue.step_ns = 37 * NSEC_PER_SEC;
	for (int i = 0; i < 100; i++) {
		rig_run_ns(&rig, 33 * NSEC_PER_MSEC);
		rig_master_sync(&rig, &rogue);
	}
	rig_assert_only(&rig, 0, BC_COUNTER_RX_NOT_PARENT, 200);
	rig_assert_follows(&rig, 5, NEAR_NS);
	assert_int_equal(rig_state_changes(&rig, 0), 0);
}

static void another_port_of_the_parents_clock_is_not_the_parent(void **state)
{
	struct rig_master *m = rig_start_following(&rig);
	struct rig_master other = *m;

	(void)state;
	other.identity.port_number = 2;
	other.step_ns = NSEC_PER_SEC;
	rig_master_sync(&rig, &other);
	rig_assert_only(&rig, 0, BC_COUNTER_RX_NOT_PARENT, 2);
	rig_assert_follows(&rig, 5, NEAR_NS);
}

static void a_replay_of_sixty_seconds_of_sync_and_follow_up_is_ignored(void **state)
{
	struct rig_master *m = rig_start_following(&rig);
	struct rig_master old = *m;
	unsigned int n_syncs;

	(void)state;
	rig_run_s(&rig, 60);
	old.step_ns = -60 * NSEC_PER_SEC;
	rig_snapshot(&rig);
	n_syncs = rig.n_syncs;
	for (int i = 0; i < 480; i++) {
		rig_run_ns(&rig, 10 * NSEC_PER_MSEC);
		rig_master_sync(&rig, &old);
	}
	rig_run_s(&rig, 1);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_SYNC_REPLAYED), 480);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_FOLLOW_UP_ORPHAN), 480);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_SYNC_JUMP), 0);
	/* And no good sample was lost to it. */
	assert_in_range(rig.n_syncs - n_syncs, 46, 48);
	rig_assert_follows(&rig, 5, NEAR_NS);
	assert_int_equal(rig_state_changes(&rig, 0), 0);
}

static void a_repeated_pair_is_used_once(void **state)
{
	struct rig_master *m = rig_start_following(&rig);
	unsigned int n_syncs;

	(void)state;
	n_syncs = rig.n_syncs;
	for (int i = 0; i < 50; i++) {
		rig_run_ns(&rig, NSEC_PER_SEC / 8);
		m->sync_sequence_id--;
		rig_master_sync(&rig, m);
	}
	rig_run_ns(&rig, NSEC_PER_SEC / 8);
	assert_int_equal(rig.n_syncs - n_syncs, 51);
	rig_assert_follows(&rig, 5, NEAR_NS);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_SYNC_REPLAYED), 50);
}

/* The network doubled a Sync: the stamp of the copy is no time of arrival. */
static void the_first_of_two_equal_syncs_counts(void **state)
{
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	m->is_syncing = false;
	for (int i = 0; i < 40; i++) {
		uint16_t sequence_id = m->sync_sequence_id++;
		int64_t origin_ptp_ns = rig_master_ptp_ns(m, rig.now_mono_ns - 1000);
		struct bc_msg sync = rig_sync_msg(&rig, m, sequence_id);
		struct bc_msg follow_up = rig_follow_up_msg(&rig, m, sequence_id, origin_ptp_ns);

		rig_inject(&rig, 0, &sync);
		rig_run_ns(&rig, 50 * NSEC_PER_USEC);
		rig_inject(&rig, 0, &sync);
		rig_inject(&rig, 0, &follow_up);
		assert_in_range(rig.last_sync.sync.offset_ns + 10, 0, 20);
		rig_run_ns(&rig, 100 * NSEC_PER_MSEC);
	}
	rig_assert_only(&rig, 0, BC_COUNTER_SYNC_REPLAYED, 40);
	assert_in_range(rig_error_ns(&rig, m) + NEAR_NS, 0, 2 * NEAR_NS);
}

static void a_master_that_began_anew_is_believed_after_a_silence(void **state)
{
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	m->sync_sequence_id = 0;
	rig_run_s(&rig, 3);
	rig.n_syncs = 0;
	rig_assert_follows(&rig, 10, NEAR_NS);
	assert_in_range(rig.n_syncs, 79, 81);
	/* Refused for the second that a silence takes, no longer. */
	assert_in_range(rig_counted(&rig, 0, BC_COUNTER_SYNC_REPLAYED), 6, 9);
}

static void a_sync_without_follow_up_is_lost_alone_and_counted(void **state)
{
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	m->omits_follow_up = true;
	rig.n_syncs = 0;
	rig_run_s(&rig, 2);
	assert_int_equal(rig.n_syncs, 0);
	m->omits_follow_up = false;
	rig_assert_follows(&rig, 5, NEAR_NS);
	assert_in_range(rig_counted(&rig, 0, BC_COUNTER_SYNC_UNPAIRED), 15, 17);
	rig_assert_only(&rig, 0, BC_COUNTER_SYNC_UNPAIRED, rig_counted(&rig, 0, BC_COUNTER_SYNC_UNPAIRED));
}

static void an_orphan_follow_up_is_counted_and_pairs_with_nothing(void **state)
{
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	for (int i = 0; i < 20; i++) {
		struct bc_msg msg = rig_follow_up_msg(&rig, m, (uint16_t)(30000 + i), 5 * NSEC_PER_SEC);

		rig_inject(&rig, 0, &msg);
		rig_run_ns(&rig, 10 * NSEC_PER_MSEC);
	}
	rig_assert_follows(&rig, 5, NEAR_NS);
	rig_assert_only(&rig, 0, BC_COUNTER_FOLLOW_UP_ORPHAN, 20);
}

static void a_two_step_flag_that_toggles_does_no_harm(void **state)
{
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	m->is_syncing = false;
	for (int i = 0; i < 100; i++) {
		m->is_one_step = !m->is_one_step;
		rig_run_ns(&rig, NSEC_PER_SEC / 8);
		rig_master_sync(&rig, m);
	}
	rig_assert_nothing_refused(&rig);
	assert_in_range(rig_error_ns(&rig, m) + NEAR_NS, 0, 2 * NEAR_NS);
}

static void a_follow_up_behind_each_one_step_sync_is_an_orphan(void **state)
{
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	m->is_syncing = false;
	m->is_one_step = true;
	for (int i = 0; i < 80; i++) {
		struct bc_msg msg;

		rig_run_ns(&rig, NSEC_PER_SEC / 8);
		rig_master_sync(&rig, m);
		msg = rig_follow_up_msg(&rig, m, (uint16_t)(m->sync_sequence_id - 1), NSEC_PER_SEC);
		rig_inject(&rig, 0, &msg);
	}
	rig_assert_only(&rig, 0, BC_COUNTER_FOLLOW_UP_ORPHAN, 79);
	assert_in_range(rig_error_ns(&rig, m) + NEAR_NS, 0, 2 * NEAR_NS);
}

static void a_correction_at_an_extreme_costs_that_sync_alone(void **state)
{
	static const int64_t extremes[] = {INT64_MAX, INT64_MIN, SNS(2 * NSEC_PER_SEC),
					   -SNS(2 * NSEC_PER_SEC)};
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(extremes); i++) {
		m->sync_correction_sns = extremes[i];
		rig_master_sync(&rig, m);
		m->sync_correction_sns = 0;
		m->follow_up_correction_sns = extremes[i];
		rig_run_ns(&rig, 10 * NSEC_PER_MSEC);
		rig_master_sync(&rig, m);
		m->follow_up_correction_sns = 0;
		rig_assert_follows(&rig, 2, NEAR_NS);
	}
	rig_assert_only(&rig, 0, BC_COUNTER_SYNC_CORRECTION, 2 * ARRAY_SIZE(extremes));
}

static void a_delay_resp_with_an_extreme_correction_is_refused(void **state)
{
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	m->delay_resp_correction_sns = INT64_MIN;
	rig_run_s(&rig, 5);
	m->delay_resp_correction_sns = INT64_MAX;
	rig_run_s(&rig, 5);
	m->delay_resp_correction_sns = 0;
	rig_assert_follows(&rig, 5, NEAR_NS);
	assert_int_equal(rig_status(&rig).mean_path_delay_ns, 1000);
	assert_true(rig_counted(&rig, 0, BC_COUNTER_DELAY_REFUSED) >= 4);
	rig_assert_only(&rig, 0, BC_COUNTER_DELAY_REFUSED, rig_counted(&rig, 0, BC_COUNTER_DELAY_REFUSED));
}

static void a_sudden_millisecond_in_one_correction_does_not_move_the_clock(void **state)
{
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	rig_run_s(&rig, 60);
	for (int i = 0; i < 10; i++) {
		m->sync_correction_sns = i % 2 ? SNS(NSEC_PER_MSEC) : -SNS(NSEC_PER_MSEC);
		rig_run_ns(&rig, NSEC_PER_SEC / 8);
		m->sync_correction_sns = 0;
		rig_assert_follows(&rig, 3, NEAR_NS);
	}
	assert_int_equal(rig_state_changes(&rig, 0), 0);
}

/* Times that are well-formed and cannot be true: at most a jump that is refused. */
static void impossible_origins_are_dropped(void **state)
{
	static const int64_t origins_ns[] = {0, 1, NSEC_PER_SEC - 1, (1LL << 32) * NSEC_PER_SEC,
					     ((1LL << 33) - 1) * NSEC_PER_SEC + 999999999};
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(origins_ns); i++) {
		uint16_t sequence_id = m->sync_sequence_id++;
		struct bc_msg sync = rig_sync_msg(&rig, m, sequence_id);
		struct bc_msg follow_up = rig_follow_up_msg(&rig, m, sequence_id, origins_ns[i]);

		sync.correction_sns = follow_up.correction_sns = SNS(NSEC_PER_SEC);
		rig_inject(&rig, 0, &sync);
		rig_inject(&rig, 0, &follow_up);
		rig_assert_follows(&rig, 2, NEAR_NS);
	}
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_RX_TIMESTAMP), 3);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_SYNC_JUMP), 2);
	assert_int_equal(rig.n_master_steps_accepted, 0);
	assert_int_equal(rig_state_changes(&rig, 0), 0);
}

static void a_sync_without_stamp_is_counted_and_not_used(void **state)
{
	struct rig_master *m = rig_start_following(&rig);
	struct bc_msg msg = rig_sync_msg(&rig, m, m->sync_sequence_id++);
	uint8_t octets[BC_MSG_TX_MAX];
	struct bc_rx rx = {.message = octets, .transport = EBC_TRANSPORT_IEEE_802_3};

	(void)state;
	rx.len = bc_msg_write(&msg, octets);
	bc_engine_handle_rx(rig.engine, 0, &rx, rig.now_mono_ns);
	rig_drain(&rig);
	rig_assert_only(&rig, 0, BC_COUNTER_RX_NO_STAMP, 1);
	rig_assert_follows(&rig, 5, NEAR_NS);
}

static void assume_two_step_waits_for_a_follow_up_whatever_the_flag_says(void **state)
{
	struct rig_master *m;

	(void)state;
	rig.config.assume_two_step = true;
	m = rig_start_following(&rig);
	m->is_syncing = false;
	rig.n_syncs = 0;
	for (int i = 0; i < 40; i++) {
		uint16_t sequence_id = m->sync_sequence_id++;
		struct bc_msg sync, follow_up;

		rig_run_ns(&rig, NSEC_PER_SEC / 8);
		sync = rig_sync_msg(&rig, m, sequence_id);
		follow_up =
			rig_follow_up_msg(&rig, m, sequence_id, rig_master_ptp_ns(m, rig.now_mono_ns - 1000));
		sync.flags = 0;
		rig_inject(&rig, 0, &sync);
		rig_inject(&rig, 0, &follow_up);
	}
	assert_int_equal(rig.n_syncs, 40);
	rig_assert_nothing_refused(&rig);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_sync_from_another_than_the_parent_is_ignored),
		T(another_port_of_the_parents_clock_is_not_the_parent),
		T(a_replay_of_sixty_seconds_of_sync_and_follow_up_is_ignored),
		T(a_repeated_pair_is_used_once),
		T(the_first_of_two_equal_syncs_counts),
		T(a_master_that_began_anew_is_believed_after_a_silence),
		T(a_sync_without_follow_up_is_lost_alone_and_counted),
		T(an_orphan_follow_up_is_counted_and_pairs_with_nothing),
		T(a_two_step_flag_that_toggles_does_no_harm),
		T(a_follow_up_behind_each_one_step_sync_is_an_orphan),
		T(a_correction_at_an_extreme_costs_that_sync_alone),
		T(a_delay_resp_with_an_extreme_correction_is_refused),
		T(a_sudden_millisecond_in_one_correction_does_not_move_the_clock),
		T(impossible_origins_are_dropped),
		T(a_sync_without_stamp_is_counted_and_not_used),
		T(assume_two_step_waits_for_a_follow_up_whatever_the_flag_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
