// SPDX-License-Identifier: GPL-2.0-or-later
/* Following a master: offset, path delay and everything that corrects them. */
#include "tests/unit/engine/two_port_bench.h"

#include <stdlib.h>

#define SNS(ns) ((int64_t)(ns)*65536)

static void a_two_step_master_is_followed(void **state)
{
	(void)state;
	rig_start_following(&rig);
	rig_assert_follows(&rig, 30, 5);
	assert_int_equal(rig_status(&rig).mean_path_delay_ns, 1000);
	rig_assert_nothing_refused(&rig);
	assert_int_equal(rig_state_changes(&rig, 0), 0);
}

static void a_one_step_master_is_followed(void **state)
{
	(void)state;
	rig_start_following(&rig)->is_one_step = true;
	rig_assert_follows(&rig, 30, 5);
	rig_assert_nothing_refused(&rig);
}

static void a_follow_up_may_come_before_its_sync(void **state)
{
	(void)state;
	rig_start_following(&rig)->sends_follow_up_first = true;
	rig.n_syncs = 0;
	rig_assert_follows(&rig, 30, 5);
	assert_in_range(rig.n_syncs, 239, 241);
	rig_assert_nothing_refused(&rig);
}

static void a_master_that_runs_fast_or_slow_is_followed(void **state)
{
	static const double rates_ppb[] = {-100000, -35000, 35000, 100000};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rates_ppb); i++) {
		struct rig_master *m;

		rig_init(&rig, 2);
		m = rig_master(&rig, 0, 0);
		m->rate_ppb = rates_ppb[i];
		rig_start(&rig, RIG_EPOCH_PTP_NS);
		rig_run_s(&rig, 60);
		rig_assert_follows(&rig, 10, 30);
		assert_true(llabs((int64_t)(rig_status(&rig).frequency_ppb + rates_ppb[i])) < 50);
		if (i + 1 < ARRAY_SIZE(rates_ppb))
			rig_stop(&rig);
	}
}

static void a_start_far_away_is_stepped_once_and_near_within_five_seconds(void **state)
{
	static const int64_t away_ns[] = {100 * NSEC_PER_MSEC, -100 * NSEC_PER_MSEC,
					  86400 * 365 * 20 * NSEC_PER_SEC};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(away_ns); i++) {
		struct rig_master *m;
		uint64_t limit_mono_ns;

		rig_init(&rig, 2);
		m = rig_master(&rig, 0, 0);
		m->rate_ppb = 20000;
		rig_start(&rig, RIG_EPOCH_PTP_NS + (int64_t)rig.now_mono_ns + away_ns[i]);
		limit_mono_ns = rig.now_mono_ns + 6 * NSEC_PER_SEC;
		while (rig.now_mono_ns < limit_mono_ns)
			rig_run_ns(&rig, NSEC_PER_SEC / 10);
		assert_true(llabs(rig_error_ns(&rig, m)) < 1000);
		assert_int_equal(rig.n_steps, 1);
		if (i + 1 < ARRAY_SIZE(away_ns))
			rig_stop(&rig);
	}
}

static void is_slewed(enum bc_servo_type type, int64_t away_ns, uint64_t seed)
{
	struct rig_master *m;

	rig_init(&rig, 2);
	rig.config.seed = seed;
	rig.config.servo = (struct bc_servo_config){
		.type = type,
		.pi_proportional_exponent = -0.3,
		.pi_integral_exponent = 0.4,
	};
	m = rig_master(&rig, 0, 0);
	rig_start(&rig, RIG_EPOCH_PTP_NS + (int64_t)rig.now_mono_ns + away_ns);
	/* PI takes 37 s for its first estimate of the frequency, and overshoots. */
	rig_run_s(&rig, 150);
	assert_int_equal(rig.n_steps, 0);
	assert_int_equal(rig.n_master_steps_refused, 0);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_SYNC_JUMP), 0);
	assert_true(llabs(rig_error_ns(&rig, m)) < llabs(away_ns) / 20);
	rig_stop(&rig);
}

/* Also when a Sync comes just as an overshooting clock passes the master: hence several seeds. */
static void a_start_far_away_is_slewed_where_no_step_is_allowed(void **state)
{
	static const enum bc_servo_type types[] = {BC_SERVO_KALMAN, BC_SERVO_PI, BC_SERVO_LINREG};
	static const int64_t away_ns[] = {50 * NSEC_PER_MSEC, -50 * NSEC_PER_MSEC, 2 * NSEC_PER_SEC,
					  -2 * NSEC_PER_SEC};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		for (size_t k = 0; k < ARRAY_SIZE(away_ns); k++)
			for (uint64_t seed = 1; seed <= 10; seed++)
				is_slewed(types[i], away_ns[k], seed);
}

static void corrections_of_sync_and_follow_up_add_to_the_origin(void **state)
{
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	/* A transparent clock held the Sync for 30 us, half of it told in each message. */
	m->delay_out_ns = 31000;
	m->sync_correction_sns = SNS(12000) + 0x8000;
	m->follow_up_correction_sns = SNS(18000) - 0x8000;
	rig_assert_follows(&rig, 30, 5);
	assert_int_equal(rig_status(&rig).mean_path_delay_ns, 1000);
}

static void a_negative_correction_counts_too(void **state)
{
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	m->delay_out_ns = 500;
	m->sync_correction_sns = -SNS(500);
	rig_assert_follows(&rig, 30, 5);
	assert_int_equal(rig_status(&rig).mean_path_delay_ns, 1000);
}

static void a_one_step_sync_carries_its_correction_alone(void **state)
{
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	m->is_one_step = true;
	m->delay_out_ns = 31000;
	m->sync_correction_sns = SNS(30000);
	rig_assert_follows(&rig, 30, 5);
}

static void the_correction_of_a_delay_resp_is_subtracted(void **state)
{
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	m->delay_back_ns = 41000;
	m->delay_resp_correction_sns = SNS(40000);
	rig_assert_follows(&rig, 30, 5);
	assert_int_equal(rig_status(&rig).mean_path_delay_ns, 1000);
}

static void an_asymmetry_shows_as_half_of_it(void **state)
{
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	m->delay_out_ns = 3000;
	rig_run_s(&rig, 60);
	assert_in_range(-rig_error_ns(&rig, m), 990, 1010);
	assert_int_equal(rig_status(&rig).mean_path_delay_ns, 2000);
}

static void delay_asymmetry_takes_it_away(void **state)
{
	struct rig_master *m;

	(void)state;
	rig.ports[0].delay_asymmetry_ns = 1000; /* master to slave longer than the mean */
	m = rig_master(&rig, 0, 0);
	m->delay_out_ns = 3000;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 30);
	rig_assert_follows(&rig, 10, 10);
	assert_int_equal(rig_status(&rig).mean_path_delay_ns, 2000);
}

/* Our stamps are late at the receiver by 700 ns and early at the sender by 400. */
static void latencies_move_the_stamps_to_the_wire(void **state)
{
	struct rig_master *m;

	(void)state;
	rig.ports[0].ingress_latency_ns = 700;
	rig.ports[0].egress_latency_ns = 400;
	m = rig_master(&rig, 0, 0);
	m->delay_out_ns = 1700;
	m->delay_back_ns = 1400;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 30);
	rig_assert_follows(&rig, 10, 10);
	assert_int_equal(rig_status(&rig).mean_path_delay_ns, 1000);
}

static void a_free_running_clock_measures_and_is_not_touched(void **state)
{
	struct rig_master *m;
	struct bc_local_clock before;

	(void)state;
	rig.config.free_running = true;
	m = rig_master(&rig, 0, 0);
	rig_start(&rig, RIG_EPOCH_PTP_NS + (int64_t)rig.now_mono_ns + 12345);
	before = *bc_engine_clock(rig.engine);
	rig_run_s(&rig, 30);
	assert_memory_equal(bc_engine_clock(rig.engine), &before, sizeof(before));
	assert_int_equal(rig_status(&rig).offset_from_master_ns, 12345);
	assert_int_equal(rig_error_ns(&rig, m), 12345);
	assert_int_equal(rig.n_steps, 0);
}

static void sequence_numbers_wrap_and_nothing_is_lost(void **state)
{
	struct rig_master *m;

	(void)state;
	m = rig_master(&rig, 0, 0);
	m->sync_sequence_id = 65535 - 20 * 8 - 40;
	m->announce_sequence_id = 65535 - 20 - 5;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 20);
	rig_snapshot(&rig);
	rig.n_syncs = 0;
	rig_assert_follows(&rig, 20, 5);
	assert_true(m->sync_sequence_id < 1000);
	assert_in_range(rig.n_syncs, 159, 161);
	rig_assert_nothing_refused(&rig);
}

static void our_own_sequence_numbers_wrap_and_nothing_is_lost(void **state)
{
	(void)state;
	rig.ports[0].log_min_delay_req_interval = -7;
	rig.ports[1].log_sync_interval = -7;
	rig_start_following(&rig)->log_delay_req_interval = -7;
	rig_run_s(&rig, 530);
	assert_true(rig.port[0].n_sent[PTP_DELAY_REQ] > 65536);
	assert_true(rig.port[1].n_sent[PTP_SYNC] > 65536);
	/* The scripted master has one answer on its way; a few requests follow each other too closely. */
	assert_in_range(rig_counted(&rig, 0, BC_COUNTER_TX_DELAY_REQ) -
				rig_counted(&rig, 0, BC_COUNTER_RX_DELAY_RESP),
			0, 30);
	assert_int_equal(rig.port[1].n_sent[PTP_SYNC], rig.port[1].n_sent[PTP_FOLLOW_UP]);
	rig_assert_nothing_refused(&rig);
}

static void delay_requests_keep_to_the_masters_interval(void **state)
{
	struct rig_master *m = rig_start_following(&rig);
	unsigned int n = rig.port[0].n_sent[PTP_DELAY_REQ];

	(void)state;
	m->log_delay_req_interval = 3;
	rig_run_s(&rig, 16);
	n = rig.port[0].n_sent[PTP_DELAY_REQ];
	rig_run_s(&rig, 800);
	/* Uniform in 0 to 16 s: 100, give or take. */
	assert_in_range(rig.port[0].n_sent[PTP_DELAY_REQ] - n, 75, 130);
}

static void an_interval_out_of_bounds_is_not_obeyed(void **state)
{
	static const int8_t nonsense[] = {-128, -8, 8, 22, 127};
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(nonsense); i++) {
		unsigned int n = rig.port[0].n_sent[PTP_DELAY_REQ];

		m->log_delay_req_interval = nonsense[i];
		rig_run_s(&rig, 200);
		assert_in_range(rig.port[0].n_sent[PTP_DELAY_REQ] - n, 140, 280);
	}
}

static void intervals_that_sync_and_announce_lie_about_do_no_harm(void **state)
{
	static const int8_t nonsense[] = {-128, -8, 8, 22, 127};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(nonsense); i++) {
		struct rig_master *m;

		rig_init(&rig, 2);
		m = rig_master(&rig, 0, 0);
		m->lies_about_intervals = true;
		m->claimed_log_interval = nonsense[i];
		rig_start(&rig, RIG_EPOCH_PTP_NS);
		rig_run_s(&rig, 30);
		rig_snapshot(&rig);
		rig_assert_follows(&rig, 20, 5);
		rig_assert_nothing_refused(&rig);
		m->is_on = false;
		rig_run_s(&rig, 6);
		assert_int_equal(rig_state(&rig, 0), BC_STATE_GRAND_MASTER);
		if (i + 1 < ARRAY_SIZE(nonsense))
			rig_stop(&rig);
	}
}

static void inhibited_delay_requests_are_not_sent(void **state)
{
	(void)state;
	rig.ports[0].inhibit_delay_req = true;
	rig_master(&rig, 0, 0);
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 20);
	assert_int_equal(rig.port[0].n_sent[PTP_DELAY_REQ], 0);
}

static void a_hybrid_client_asks_the_address_that_its_master_sends_from(void **state)
{
	const struct bc_action *request = &rig.port[0].last_send[PTP_DELAY_REQ];

	(void)state;
	rig.ports[0].hybrid_e2e = true;
	rig_master(&rig, 0, 0);
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_true(request->send.is_unicast);
	assert_memory_equal(request->send.destination.mac, ((uint8_t[]){0x02, 0xaa, 0, 0, 0, 0x55}), 6);
	assert_int_equal(rig.port[0].last_sent[PTP_DELAY_REQ].flags, PTP_FLAG_UNICAST);
}

static void it_is_locked_only_while_sync_comes(void **state)
{
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	assert_true(bc_engine_is_locked(rig.engine, rig.now_mono_ns));
	/* It goes on announcing. */
	m->is_syncing = false;
	rig_run_ns(&rig, 900 * NSEC_PER_MSEC);
	assert_true(bc_engine_is_locked(rig.engine, rig.now_mono_ns));
	rig_run_ns(&rig, 300 * NSEC_PER_MSEC);
	assert_false(bc_engine_is_locked(rig.engine, rig.now_mono_ns));
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	m->is_syncing = true;
	m->log_sync_interval = 1;
	rig_run_s(&rig, 10);
	for (int i = 0; i < 200; i++) {
		rig_run_ns(&rig, 100 * NSEC_PER_MSEC);
		assert_true(bc_engine_is_locked(rig.engine, rig.now_mono_ns));
	}
	m->is_syncing = false;
	rig_run_s(&rig, 5);
	assert_true(bc_engine_is_locked(rig.engine, rig.now_mono_ns));
	rig_run_s(&rig, 4);
	assert_false(bc_engine_is_locked(rig.engine, rig.now_mono_ns));
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_two_step_master_is_followed),
		T(a_one_step_master_is_followed),
		T(a_follow_up_may_come_before_its_sync),
		T(a_master_that_runs_fast_or_slow_is_followed),
		T(a_start_far_away_is_stepped_once_and_near_within_five_seconds),
		T(a_start_far_away_is_slewed_where_no_step_is_allowed),
		T(corrections_of_sync_and_follow_up_add_to_the_origin),
		T(a_negative_correction_counts_too),
		T(a_one_step_sync_carries_its_correction_alone),
		T(the_correction_of_a_delay_resp_is_subtracted),
		T(an_asymmetry_shows_as_half_of_it),
		T(delay_asymmetry_takes_it_away),
		T(latencies_move_the_stamps_to_the_wire),
		T(a_free_running_clock_measures_and_is_not_touched),
		T(sequence_numbers_wrap_and_nothing_is_lost),
		T(our_own_sequence_numbers_wrap_and_nothing_is_lost),
		T(delay_requests_keep_to_the_masters_interval),
		T(an_interval_out_of_bounds_is_not_obeyed),
		T(intervals_that_sync_and_announce_lie_about_do_no_harm),
		T(inhibited_delay_requests_are_not_sent),
		T(a_hybrid_client_asks_the_address_that_its_master_sends_from),
		T(it_is_locked_only_while_sync_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
