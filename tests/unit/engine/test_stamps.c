// SPDX-License-Identifier: GPL-2.0-or-later
/* Transmit stamps that come late, now and then, or not at all; links that come and go. */
#include "tests/unit/engine/rig.h"

#define NEAR_NS 5

static struct rig rig;

static int setup(void **state)
{
	(void)state;
	rig_init(&rig, 3);
	rig_start_following(&rig);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

static void a_stamp_that_comes_late_costs_nothing(void **state)
{
	(void)state;
	/* Eighty times the time after which others give up the port. */
	rig.port[1].stamp_delay_ns = 800 * NSEC_PER_MSEC;
	rig_run_s(&rig, 60);
	rig_assert_nothing_refused(&rig);
	assert_int_equal(rig_state_changes(&rig, 1), 0);
	assert_in_range(rig.port[1].n_sent[PTP_SYNC] - rig.port[1].n_sent[PTP_FOLLOW_UP], 0, 8);
}

/* More messages under way than eight, at the highest rates, and never a stamp that is missing. */
static void stamps_that_come_120_to_150_ms_late_at_high_rates_make_no_port_faulty(void **state)
{
	uint64_t random = 1;

	(void)state;
	rig_stop(&rig);
	rig_init(&rig, 3);
	rig.ports[0].log_min_delay_req_interval = -6;
	rig.ports[1].log_sync_interval = -7;
	rig_start_following(&rig)->log_delay_req_interval = -6;
	rig_run_s(&rig, 2);
	rig_snapshot(&rig);
	for (int i = 0; i < 6000; i++) {
		for (size_t p = 0; p < 2; p++) {
			random = random * 6364136223846793005ULL + 1442695040888963407ULL;
			rig.port[p].stamp_delay_ns = (120 + (random >> 33) % 31) * NSEC_PER_MSEC;
		}
		rig_run_ns(&rig, 10 * NSEC_PER_MSEC);
	}
	assert_in_range(rig_counted(&rig, 0, BC_COUNTER_TX_DELAY_REQ), 3400, 4300);
	assert_in_range(rig_counted(&rig, 1, BC_COUNTER_TX_SYNC), 7679, 7681);
	/* 150 ms are 20 Syncs. */
	assert_in_range(rig_counted(&rig, 1, BC_COUNTER_TX_SYNC) -
				rig_counted(&rig, 1, BC_COUNTER_TX_FOLLOW_UP),
			0, 20);
	for (size_t p = 0; p < 3; p++) {
		assert_int_equal(rig_counted(&rig, p, BC_COUNTER_TX_STAMP_MISSING), 0);
		assert_int_equal(rig_counted(&rig, p, BC_COUNTER_TX_STAMP_UNMATCHED), 0);
		assert_int_equal(rig_state_changes(&rig, p), 0);
		assert_int_equal(rig.port[p].n_faults, 0);
	}
}

/* Later than the table of those under way is long: their messages are lost, the port is not. */
static void stamps_that_come_800_ms_late_at_high_rates_make_no_port_faulty(void **state)
{
	(void)state;
	rig_stop(&rig);
	rig_init(&rig, 3);
	rig.ports[0].log_min_delay_req_interval = -6;
	rig.ports[1].log_sync_interval = -7;
	rig_start_following(&rig)->log_delay_req_interval = -6;
	rig.port[0].stamp_delay_ns = rig.port[1].stamp_delay_ns = 800 * NSEC_PER_MSEC;
	rig_run_s(&rig, 30);
	for (size_t p = 0; p < 3; p++) {
		assert_int_equal(rig_state_changes(&rig, p), 0);
		assert_int_equal(rig.port[p].n_faults, 0);
	}
}

static void without_any_stamp_a_port_is_faulty_at_every_rate(void **state)
{
	(void)state;
	for (int8_t log_interval = -7; log_interval <= -2; log_interval++) {
		rig_stop(&rig);
		rig_init(&rig, 3);
		rig.ports[0].log_min_delay_req_interval = log_interval;
		rig.ports[1].log_sync_interval = log_interval;
		rig_start_following(&rig)->log_delay_req_interval = log_interval;
		rig.port[0].stamp_loss_every = rig.port[1].stamp_loss_every = 1;
		rig_run_ns(&rig, 900 * NSEC_PER_MSEC);
		assert_int_equal(rig.port[0].n_faults, 0);
		assert_int_equal(rig.port[1].n_faults, 0);
		rig_run_s(&rig, 4);
		assert_int_equal(rig_state(&rig, 1), BC_STATE_FAULTY);
		assert_int_equal(rig.port[1].n_faults, 1);
		assert_int_equal(rig_state(&rig, 0), BC_STATE_FAULTY);
		assert_int_equal(rig.port[0].n_faults, 1);
	}
}

static void one_stamp_in_ten_missing_costs_that_message_alone(void **state)
{
	unsigned int n_sync = rig.port[1].n_sent[PTP_SYNC], n_follow_up = rig.port[1].n_sent[PTP_FOLLOW_UP];
	uint64_t n_missing;

	(void)state;
	rig.port[1].stamp_loss_every = 10;
	rig_run_s(&rig, 100);
	rig.port[1].stamp_loss_every = 0;
	rig_run_s(&rig, 2);
	n_sync = rig.port[1].n_sent[PTP_SYNC] - n_sync;
	n_follow_up = rig.port[1].n_sent[PTP_FOLLOW_UP] - n_follow_up;
	n_missing = rig_counted(&rig, 1, BC_COUNTER_TX_STAMP_MISSING);
	assert_in_range(n_missing, 80, 81);
	assert_in_range(n_sync - n_follow_up, n_missing, n_missing + 1);
	rig_assert_only(&rig, 1, BC_COUNTER_TX_STAMP_MISSING, n_missing);
	assert_int_equal(rig_state_changes(&rig, 1), 0);
	assert_int_equal(rig.port[1].n_faults, 0);
}

static void without_any_stamp_the_port_is_faulty_and_the_others_serve(void **state)
{
	unsigned int n_follow_up;

	(void)state;
	rig.port[1].stamp_loss_every = 1;
	rig_run_ns(&rig, 2500 * NSEC_PER_MSEC);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_FAULTY);
	assert_int_equal(rig.port[1].n_faults, 1);
	assert_int_equal(rig_state_changes(&rig, 0), 0);
	assert_int_equal(rig_state_changes(&rig, 2), 0);
	n_follow_up = rig.port[2].n_sent[PTP_FOLLOW_UP];
	rig_assert_follows(&rig, 30, NEAR_NS);
	assert_in_range(rig.port[2].n_sent[PTP_FOLLOW_UP] - n_follow_up, 239, 241);
	assert_int_equal(rig_state(&rig, 2), BC_STATE_MASTER);
}

static void the_time_between_attempts_doubles_up_to_sixteen_times(void **state)
{
	static const int expected_s[] = {4, 8, 16, 32, 64, 64, 64};

	(void)state;
	rig.port[1].stamp_loss_every = 1;
	for (size_t i = 0; i < ARRAY_SIZE(expected_s); i++) {
		unsigned int n_faults = rig.port[1].n_faults;

		while (rig.port[1].n_faults == n_faults)
			rig_run_ns(&rig, 100 * NSEC_PER_MSEC);
		while (rig_state(&rig, 1) == BC_STATE_FAULTY)
			rig_run_ns(&rig, 100 * NSEC_PER_MSEC);
		assert_int_equal(rig.port[1].last_cleared_mono_ns - rig.port[1].last_fault_mono_ns,
				 expected_s[i] * NSEC_PER_SEC);
	}
	rig_assert_follows(&rig, 1, NEAR_NS);
}

static void a_port_recovers_when_its_stamps_come_again_and_the_back_off_with_it(void **state)
{
	(void)state;
	rig.port[1].stamp_loss_every = 1;
	rig_run_s(&rig, 60);
	assert_true(rig.port[1].n_faults >= 2);
	rig.port[1].stamp_loss_every = 0;
	rig_run_s(&rig, 60);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_MASTER);
	rig.port[1].stamp_loss_every = 1;
	rig_run_ns(&rig, 2500 * NSEC_PER_MSEC);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_FAULTY);
	while (rig_state(&rig, 1) == BC_STATE_FAULTY)
		rig_run_ns(&rig, 100 * NSEC_PER_MSEC);
	assert_int_equal(rig.port[1].last_cleared_mono_ns - rig.port[1].last_fault_mono_ns, 4 * NSEC_PER_SEC);
}

static void a_slave_port_without_stamps_is_given_up_too(void **state)
{
	(void)state;
	rig.port[0].stamp_loss_every = 1;
	rig_run_s(&rig, 30);
	assert_true(rig.port[0].n_faults >= 1);
	assert_true(rig.port[2].n_sent[PTP_FOLLOW_UP] > 0);
	rig.port[0].stamp_loss_every = 0;
	rig_run_s(&rig, 100);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	rig_assert_follows(&rig, 10, NEAR_NS);
}

static void a_stamp_that_nobody_waits_for_is_counted(void **state)
{
	(void)state;
	bc_engine_handle_tx_stamp(rig.engine, 1, PTP_SYNC, 54321, rig.now_mono_ns);
	bc_engine_handle_tx_stamp(rig.engine, 1, PTP_DELAY_REQ, 54321, rig.now_mono_ns);
	bc_engine_handle_tx_stamp(rig.engine, 1, PTP_PDELAY_REQ, 1, rig.now_mono_ns);
	rig_assert_only(&rig, 1, BC_COUNTER_TX_STAMP_UNMATCHED, 3);
}

static void a_stamp_is_used_once(void **state)
{
	unsigned int n;

	(void)state;
	rig_run_ns(&rig, 200 * NSEC_PER_MSEC);
	n = rig.port[1].n_sent[PTP_FOLLOW_UP];
	bc_engine_handle_tx_stamp(rig.engine, 1, PTP_SYNC, rig.port[1].last_sent[PTP_SYNC].sequence_id,
				  rig.now_mono_ns);
	rig_drain(&rig);
	assert_int_equal(rig.port[1].n_sent[PTP_FOLLOW_UP], n);
	rig_assert_only(&rig, 1, BC_COUNTER_TX_STAMP_UNMATCHED, 1);
}

static void a_link_that_goes_down_makes_the_port_faulty_until_it_is_up(void **state)
{
	unsigned int n;

	(void)state;
	bc_engine_handle_link(rig.engine, 1, BC_LINK_DOWN, rig.now_mono_ns);
	rig_drain(&rig);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_FAULTY);
	n = rig.port[1].n_sent[PTP_SYNC];
	rig_assert_follows(&rig, 100, NEAR_NS);
	assert_int_equal(rig.port[1].n_sent[PTP_SYNC], n);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_FAULTY);
	bc_engine_handle_link(rig.engine, 1, BC_LINK_UP, rig.now_mono_ns);
	rig_drain(&rig);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_LISTENING);
	rig_run_s(&rig, 8);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_MASTER);
}

static void the_masters_link_lost_is_noticed_at_once_and_healed(void **state)
{
	(void)state;
	bc_engine_handle_link(rig.engine, 0, BC_LINK_DOWN, rig.now_mono_ns);
	rig_drain(&rig);
	rig.masters[0].is_on = false;
	rig_run_ns(&rig, 200 * NSEC_PER_MSEC);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_FAULTY);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_GRAND_MASTER);
	rig_run_s(&rig, 5);
	rig.masters[0].is_on = true;
	bc_engine_handle_link(rig.engine, 0, BC_LINK_UP, rig.now_mono_ns);
	rig_drain(&rig);
	rig_run_s(&rig, 5);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	rig_assert_follows(&rig, 10, 100);
}

static void a_hundred_flaps_at_10_hz_end_where_they_began(void **state)
{
	(void)state;
	for (int i = 0; i < 100; i++) {
		bc_engine_handle_link(rig.engine, 0, BC_LINK_DOWN, rig.now_mono_ns);
		rig_drain(&rig);
		rig_run_ns(&rig, 50 * NSEC_PER_MSEC);
		bc_engine_handle_link(rig.engine, 0, BC_LINK_UP, rig.now_mono_ns);
		rig_drain(&rig);
		rig_run_ns(&rig, 50 * NSEC_PER_MSEC);
	}
	rig_run_s(&rig, 10);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	rig_assert_follows(&rig, 10, 100);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_stamp_that_comes_late_costs_nothing),
		T(stamps_that_come_120_to_150_ms_late_at_high_rates_make_no_port_faulty),
		T(stamps_that_come_800_ms_late_at_high_rates_make_no_port_faulty),
		T(without_any_stamp_a_port_is_faulty_at_every_rate),
		T(one_stamp_in_ten_missing_costs_that_message_alone),
		T(without_any_stamp_the_port_is_faulty_and_the_others_serve),
		T(the_time_between_attempts_doubles_up_to_sixteen_times),
		T(a_port_recovers_when_its_stamps_come_again_and_the_back_off_with_it),
		T(a_slave_port_without_stamps_is_given_up_too),
		T(a_stamp_that_nobody_waits_for_is_counted),
		T(a_stamp_is_used_once),
		T(a_link_that_goes_down_makes_the_port_faulty_until_it_is_up),
		T(the_masters_link_lost_is_noticed_at_once_and_healed),
		T(a_hundred_flaps_at_10_hz_end_where_they_began),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
