// SPDX-License-Identifier: GPL-2.0-or-later
/* Time that jumps: the whole program halted, or the master's time set. */
#include "tests/unit/engine/two_port_bench.h"

#include <math.h>
#include <stdlib.h>

#define NEAR_NS 5

static const int64_t halts_ns[] = {1 * NSEC_PER_SEC, 1500 * NSEC_PER_MSEC, 10 * NSEC_PER_SEC,
				   60 * NSEC_PER_SEC};

static unsigned int n_sent(size_t port)
{
	unsigned int n = 0;

	for (int type = 0; type < 16; type++)
		n += rig.port[port].n_sent[type];
	return n;
}

static void a_halt_makes_no_burst_of_messages(void **state)
{
	(void)state;
	rig_start_following(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(halts_ns); i++) {
		unsigned int n;

		rig_halt(&rig, halts_ns[i]);
		n = n_sent(1);
		rig_run_ns(&rig, 100 * NSEC_PER_MSEC);
		/* At most what was due: an Announce, a Sync and its Follow_Up. */
		assert_in_range(n_sent(1) - n, 1, 5);
		rig_run_s(&rig, 10);
	}
}

static void a_halt_is_not_the_loss_of_the_master(void **state)
{
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(halts_ns); i++) {
		rig_halt(&rig, halts_ns[i]);
		/* It speaks again some time after. */
		m->next_announce_mono_ns = rig.now_mono_ns + (uint64_t)NSEC_PER_SEC;
		m->next_sync_mono_ns = rig.now_mono_ns + (uint64_t)NSEC_PER_SEC / 10;
		rig_assert_follows(&rig, 10, NEAR_NS);
	}
	assert_int_equal(rig_state_changes(&rig, 0), 0);
	assert_int_equal(rig_state_changes(&rig, 1), 0);
}

static void a_long_halt_is_counted_once_a_port(void **state)
{
	(void)state;
	rig_start_following(&rig);
	rig_halt(&rig, 10 * NSEC_PER_SEC);
	rig_run_s(&rig, 10);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_TIMER_LATE), 1);
	assert_int_equal(rig_counted(&rig, 1, BC_COUNTER_TIMER_LATE), 1);
}

static void a_master_that_died_during_a_halt_is_given_up_soon_after(void **state)
{
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	rig_halt(&rig, 60 * NSEC_PER_SEC);
	m->is_on = false;
	rig_run_s(&rig, 5);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_GRAND_MASTER);
}

static void frames_from_before_a_halt_are_discarded(void **state)
{
	struct rig_master *m = rig_start_following(&rig);
	uint64_t before_mono_ns = rig.now_mono_ns;

	(void)state;
	rig_halt(&rig, 10 * NSEC_PER_SEC);
	for (uint16_t i = 0; i < 80; i++) {
		struct bc_msg sync = rig_sync_msg(&rig, m, (uint16_t)(m->sync_sequence_id - 80 + i));

		rig_inject_stamped(&rig, 0, &sync, before_mono_ns + i * (uint64_t)NSEC_PER_SEC / 8);
	}
	/* Those of the last second are as good as new. */
	assert_in_range(rig_counted(&rig, 0, BC_COUNTER_RX_STALE), 71, 72);
	rig_assert_follows(&rig, 10, NEAR_NS);
}

static void a_stamp_from_before_a_halt_makes_no_follow_up(void **state)
{
	unsigned int n;
	uint16_t sequence_id;

	(void)state;
	rig_start_following(&rig);
	rig.port[1].holds_stamps = true;
	n = rig.port[1].n_sent[PTP_SYNC];
	while (rig.port[1].n_sent[PTP_SYNC] == n)
		rig_run_ns(&rig, NSEC_PER_MSEC);
	sequence_id = rig.port[1].last_sent[PTP_SYNC].sequence_id;
	rig.port[1].holds_stamps = false;
	rig_halt(&rig, 10 * NSEC_PER_SEC);
	rig_run_ns(&rig, 10 * NSEC_PER_MSEC);
	n = rig.port[1].n_sent[PTP_FOLLOW_UP];
	bc_engine_handle_tx_stamp(rig.engine, 1, PTP_SYNC, sequence_id,
				  rig.now_mono_ns - 10 * (uint64_t)NSEC_PER_SEC);
	rig_drain(&rig);
	assert_int_equal(rig.port[1].n_sent[PTP_FOLLOW_UP], n);
	assert_int_equal(rig_counted(&rig, 1, BC_COUNTER_TX_STAMP_UNMATCHED), 1);
	assert_int_equal(rig_counted(&rig, 1, BC_COUNTER_TX_STAMP_MISSING), 0);
}

static void a_halt_does_not_open_a_loop(void **state)
{
	(void)state;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 10);
	for (int i = 0; i < 40; i++) {
		struct bc_msg msg = rig.port[0].last_sent[PTP_ANNOUNCE];

		rig_inject(&rig, 1, &msg);
		if (i == 20) {
			rig_snapshot(&rig);
			rig_halt(&rig, 10 * NSEC_PER_SEC);
		}
		rig_run_ns(&rig, NSEC_PER_SEC / 2);
	}
	assert_int_equal(rig_state(&rig, 1), BC_STATE_PASSIVE);
	assert_int_equal(rig_state_changes(&rig, 1), 0);
}

static void a_jump_of_the_master_is_refused_then_accepted(void **state)
{
	static const int64_t jumps_ns[] = {NSEC_PER_SEC, 37 * NSEC_PER_SEC, -37 * NSEC_PER_SEC,
					   365 * 86400 * NSEC_PER_SEC, 500 * NSEC_PER_MSEC,
					   /* What a master could run off by meanwhile, and did not. */
					   100 * NSEC_PER_MSEC, -60 * NSEC_PER_MSEC};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(jumps_ns); i++) {
		struct rig_master *m;

		rig_init(&rig, 2);
		m = rig_start_following(&rig);
		m->step_ns += jumps_ns[i];
		rig_run_ns(&rig, 2 * NSEC_PER_SEC / 8 + 1);
		assert_int_equal(rig.n_master_steps_refused, 1);
		assert_int_equal(rig.n_master_steps_accepted, 0);
		assert_true(llabs(rig_error_ns(&rig, m) + jumps_ns[i]) <= NEAR_NS);
		rig_run_s(&rig, 10);
		assert_int_equal(rig.n_master_steps_refused, 1);
		assert_int_equal(rig.n_master_steps_accepted, 1);
		/* Three refused; with the fourth our time is where the master's is, and the port in its
		 * state. */
		assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_SYNC_JUMP), 3);
		assert_true(llabs(rig_error_ns(&rig, m)) <= NEAR_NS);
		assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
		if (i + 1 < ARRAY_SIZE(jumps_ns))
			rig_stop(&rig);
	}
}

/* A boundary clock that starts together with those behind it: its step is not its rate. */
static void a_jump_before_the_first_lock_is_no_frequency(void **state)
{
	for (unsigned int n_before = 1; n_before <= 3; n_before++) {
		struct rig_master *m;

		rig_init(&rig, 2);
		m = rig_master(&rig, 0, 0);
		rig_start(&rig, RIG_EPOCH_PTP_NS + (int64_t)rig.now_mono_ns);
		while (rig.n_syncs < n_before)
			rig_run_ns(&rig, 10 * NSEC_PER_MSEC);
		m->step_ns = -100 * NSEC_PER_MSEC;
		for (int i = 0; i < 30; i++) {
			rig_run_ns(&rig, 100 * NSEC_PER_MSEC);
			assert_true(fabs(rig_status(&rig).frequency_ppb) < 1000);
		}
		assert_true(llabs(rig_error_ns(&rig, m)) < 1000);
		if (n_before < 3)
			teardown(state);
	}
}

static void one_sync_that_lies_is_refused_and_forgotten(void **state)
{
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	for (int i = 0; i < 20; i++) {
		m->step_ns = i % 2 ? 37 * NSEC_PER_SEC : -NSEC_PER_SEC;
		rig_master_sync(&rig, m);
		m->step_ns = 0;
		rig_assert_follows(&rig, 1, NEAR_NS);
	}
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_SYNC_JUMP), 20);
	assert_int_equal(rig.n_master_steps_accepted, 0);
	assert_int_equal(rig_status(&rig).mean_path_delay_ns, 1000);
}

/* Two jumps that are as small as this differ by less than two that agree may. */
static void one_late_sync_costs_one_also_where_little_is_allowed(void **state)
{
	struct rig_master *m;

	(void)state;
	rig.config.sanity_freq_limit_ppb = 1e6;
	m = rig_start_following(&rig);
	for (int i = 0; i < 10; i++) {
		m->step_ns = 1200 * NSEC_PER_USEC;
		rig_master_sync(&rig, m);
		m->step_ns = 0;
		rig_assert_follows(&rig, 5, NEAR_NS);
	}
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_SYNC_JUMP), 10);
	assert_int_equal(rig.n_master_steps_accepted, 0);
}

static void a_path_delay_is_not_measured_across_a_jump(void **state)
{
	struct rig_master *m;

	(void)state;
	rig.ports[0].log_min_delay_req_interval = -3;
	m = rig_start_following(&rig);
	m->log_delay_req_interval = -3;
	rig_run_s(&rig, 5);
	m->step_ns = 100 * NSEC_PER_MSEC;
	for (int i = 0; i < 200; i++) {
		rig_run_ns(&rig, 10 * NSEC_PER_MSEC);
		assert_in_range(rig_status(&rig).mean_path_delay_ns, 900, 1100);
	}
}

static void an_accepted_jump_is_stepped_whatever_the_step_threshold(void **state)
{
	struct rig_master *m;

	(void)state;
	rig.config.servo.step_threshold_s = 1000.0;
	m = rig_start_following(&rig);
	m->step_ns = -37 * NSEC_PER_SEC;
	rig_run_s(&rig, 10);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_true(llabs(rig_error_ns(&rig, m)) < 100);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_halt_makes_no_burst_of_messages),
		T(a_halt_is_not_the_loss_of_the_master),
		T(a_long_halt_is_counted_once_a_port),
		T(a_master_that_died_during_a_halt_is_given_up_soon_after),
		T(frames_from_before_a_halt_are_discarded),
		T(a_stamp_from_before_a_halt_makes_no_follow_up),
		T(a_halt_does_not_open_a_loop),
		T(a_jump_of_the_master_is_refused_then_accepted),
		T(a_jump_before_the_first_lock_is_no_frequency),
		T(one_sync_that_lies_is_refused_and_forgotten),
		T(one_late_sync_costs_one_also_where_little_is_allowed),
		T(a_path_delay_is_not_measured_across_a_jump),
		T(an_accepted_jump_is_stepped_whatever_the_step_threshold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
