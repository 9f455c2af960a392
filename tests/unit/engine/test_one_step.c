// SPDX-License-Identifier: GPL-2.0-or-later
/* One-step Sync sent: what is in it, when a Follow_Up still comes, and that the switch works at any time. */
#include "tests/unit/engine/two_port_bench.h"

#define PORT	     1
#define ALLOWANCE_NS 1700

static const struct bc_msg *last_sync(void)
{
	return &rig.port[PORT].last_sent[PTP_SYNC];
}

static unsigned int n_sent(uint8_t type)
{
	return rig.port[PORT].n_sent[type];
}

/* A clock that serves, whose Syncs' fate the test itself tells. */
static void start(bool is_one_step)
{
	rig_start_following(&rig);
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, PORT), BC_STATE_MASTER);
	rig.port[PORT].holds_stamps = true;
	bc_engine_set_one_step(rig.engine, PORT, is_one_step, ALLOWANCE_NS);
}

static void run_to_next_sync(void)
{
	unsigned int n = n_sent(PTP_SYNC);

	while (n_sent(PTP_SYNC) == n)
		rig_run_ns(&rig, NSEC_PER_MSEC);
}

static void a_one_step_sync_has_its_time_and_the_rest_in_correction_field(void **state)
{
	uint64_t sent_mono_ns;

	(void)state;
	rig.ports[PORT].egress_latency_ns = -200;
	start(true);
	run_to_next_sync();
	sent_mono_ns = rig.port[PORT].last_sent_mono_ns[PTP_SYNC];
	assert_int_equal(last_sync()->flags & PTP_FLAG_TWO_STEP, 0);
	assert_int_equal(last_sync()->timestamp_ns,
			 bc_local_clock_ptp_ns(bc_engine_clock(rig.engine), sent_mono_ns));
	assert_int_equal(last_sync()->correction_sns, (ALLOWANCE_NS - 200) * 65536);
}

static void no_follow_up_comes_after_a_sync_that_told_its_time(void **state)
{
	unsigned int n;

	(void)state;
	start(true);
	n = n_sent(PTP_FOLLOW_UP);
	rig_snapshot(&rig);
	for (int i = 0; i < 100; i++) {
		run_to_next_sync();
		bc_engine_handle_one_step_left(rig.engine, PORT, last_sync()->sequence_id, rig.now_mono_ns);
		rig_drain(&rig);
	}
	rig_run_s(&rig, 1);
	assert_int_equal(n_sent(PTP_FOLLOW_UP), n);
	assert_int_equal(rig_counted(&rig, PORT, BC_COUNTER_TX_STAMP_UNMATCHED), 0);
	assert_int_equal(rig_state(&rig, PORT), BC_STATE_MASTER);
}

static void a_sync_that_had_to_become_two_step_gets_its_follow_up(void **state)
{
	uint64_t stamp_mono_ns;
	unsigned int n;

	(void)state;
	start(true);
	run_to_next_sync();
	n = n_sent(PTP_FOLLOW_UP);
	stamp_mono_ns = rig.now_mono_ns;
	bc_engine_handle_tx_stamp(rig.engine, PORT, PTP_SYNC, last_sync()->sequence_id, stamp_mono_ns);
	rig_drain(&rig);
	assert_int_equal(n_sent(PTP_FOLLOW_UP), n + 1);
	assert_int_equal(rig.port[PORT].last_sent[PTP_FOLLOW_UP].sequence_id, last_sync()->sequence_id);
	assert_int_equal(rig.port[PORT].last_sent[PTP_FOLLOW_UP].timestamp_ns,
			 bc_local_clock_ptp_ns(bc_engine_clock(rig.engine), stamp_mono_ns));
}

static void the_port_changes_over_and_back_at_any_time(void **state)
{
	(void)state;
	start(false);
	run_to_next_sync();
	assert_int_equal(last_sync()->flags, PTP_FLAG_TWO_STEP);
	assert_int_equal(last_sync()->correction_sns, 0);
	bc_engine_set_one_step(rig.engine, PORT, true, 5);
	run_to_next_sync();
	assert_int_equal(last_sync()->flags, 0);
	assert_int_equal(last_sync()->correction_sns, 5 * 65536);
	bc_engine_set_one_step(rig.engine, PORT, false, 0);
	run_to_next_sync();
	assert_int_equal(last_sync()->flags, PTP_FLAG_TWO_STEP);
	assert_int_equal(last_sync()->correction_sns, 0);
}

static void one_step_syncs_of_which_nothing_is_heard_make_the_port_faulty(void **state)
{
	(void)state;
	start(true);
	rig_snapshot(&rig);
	rig_run_s(&rig, 5);
	assert_true(rig_counted(&rig, PORT, BC_COUNTER_TX_STAMP_MISSING) >= 8);
	assert_true(rig.port[PORT].n_faults > 0);
}

static void one_that_nobody_sent_is_counted(void **state)
{
	(void)state;
	start(true);
	rig_snapshot(&rig);
	bc_engine_handle_one_step_left(rig.engine, PORT, (uint16_t)(last_sync()->sequence_id + 1),
				       rig.now_mono_ns);
	assert_int_equal(rig_counted(&rig, PORT, BC_COUNTER_TX_STAMP_UNMATCHED), 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_one_step_sync_has_its_time_and_the_rest_in_correction_field),
		T(no_follow_up_comes_after_a_sync_that_told_its_time),
		T(a_sync_that_had_to_become_two_step_gets_its_follow_up),
		T(the_port_changes_over_and_back_at_any_time),
		T(one_step_syncs_of_which_nothing_is_heard_make_the_port_faulty),
		T(one_that_nobody_sent_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
