// SPDX-License-Identifier: GPL-2.0-or-later
/* A master that is lost, replaced, or comes back with another time. */
#include "tests/unit/engine/two_port_bench.h"

#include <math.h>
#include <stdlib.h>

//		  (NSEC_PER_SEC / 8)
#define DRIFT_PPB	  20000
#define RATE_MAX_PPB	  1e6 /* 0.1 %: more than any clock drifts, less than any slew over seconds */
#define BETTER_THAN_FIRST 90

static double rate_ppb(void)
{
	return bc_local_clock_rate_ppb(bc_engine_clock(rig.engine));
}

static bool follows(const struct rig_master *m)
{
	struct bc_status status = rig_status(&rig);

	return bc_port_identity_equal(&status.parent, &m->identity);
}

/* Until the next Sync was used. */
static void run_one_sync(void)
{
	unsigned int n = rig.n_syncs;

	for (int i = 0; i < 1000 && rig.n_syncs == n; i++)
		rig_run_ns(&rig, NSEC_PER_MSEC);
	assert_int_equal(rig.n_syncs, n + 1);
}

static void loses_its_master_while_it_removes_phase(enum bc_servo_type type, int64_t phase_ns)
{
	struct rig_master *m;
	double removing_ppb;
	int64_t error_ns;

	rig_init(&rig, 2);
	rig.config.servo = (struct bc_servo_config){
		.type = type,
		.first_step_threshold_s = 0.00002,
		.pi_proportional_exponent = -0.3,
		.pi_integral_exponent = 0.4,
	};
	m = rig_master(&rig, 0, 0);
	m->rate_ppb = DRIFT_PPB;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 200);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_true(fabs(rate_ppb() - DRIFT_PPB) < 100);

	m->step_ns += phase_ns;
	for (int i = 0; i < 8 && fabs(rate_ppb() - DRIFT_PPB) < 10000; i++)
		run_one_sync();
	assert_true(fabs(rate_ppb() - DRIFT_PPB) >= 10000);
	removing_ppb = rate_ppb() - DRIFT_PPB;
	assert_true(removing_ppb * (double)phase_ns > 0);
	m->is_on = false;
	rig_run_s(&rig, 5);

	/* What the servo took of the phase for frequency stays; it is little of what it was removing. */
	assert_int_equal(rig_state(&rig, 0), BC_STATE_GRAND_MASTER);
	if (fabs(rate_ppb() - DRIFT_PPB) > 0.2 * fabs(removing_ppb))
		fail_msg("servo %d: held at %.0f ppb, the frequency is %d, it was removing phase at %.0f",
			 (int)type, rate_ppb(), DRIFT_PPB, removing_ppb);
	assert_true(fabs(rate_ppb() + rig_status(&rig).frequency_ppb) < 0.001);
	error_ns = rig_error_ns(&rig, m);
	rig_run_s(&rig, 100);
	assert_true(fabs((double)(rig_error_ns(&rig, m) - error_ns)) < 0.2 * 100 * fabs(removing_ppb));
	rig_stop(&rig);
}

static void after_the_loss_of_the_master_no_phase_is_removed(void **state)
{
	static const enum bc_servo_type types[] = {BC_SERVO_KALMAN, BC_SERVO_PI, BC_SERVO_LINREG};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		loses_its_master_while_it_removes_phase(types[i], 300 * 1000);
		loses_its_master_while_it_removes_phase(types[i], -300 * 1000);
	}
}

/* The first master falls silent, and a better one is chosen a tenth of a second before the earliest time at
 * which the first one's silence could count. */
static void changes_master_just_before_the_timeout(uint64_t seed, uint8_t sync_receipt_timeout)
{
	struct rig_master *old_master, *new_master;
	uint64_t last_mono_ns;

	rig_init(&rig, 2);
	rig.config.seed = seed;
	rig.ports[0].sync_receipt_timeout = sync_receipt_timeout;
	old_master = rig_master(&rig, 0, 0);
	if (sync_receipt_timeout)
		old_master->log_sync_interval = 0;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	last_mono_ns = rig.now_mono_ns;
	rig_master_announce(&rig, old_master);
	if (sync_receipt_timeout)
		rig_master_sync(&rig, old_master);
	old_master->is_on = false;

	new_master = rig_master(&rig, 1, 0);
	new_master->announce.grandmaster_priority1 = BETTER_THAN_FIRST;
	new_master->is_syncing = false;
	new_master->next_announce_mono_ns = last_mono_ns + 1900 * (uint64_t)NSEC_PER_MSEC;
	rig_run_ns(&rig, 3 * NSEC_PER_SEC);
	assert_true(follows(new_master));
	rig_snapshot(&rig);
	for (int i = 0; i < 500; i++) {
		rig_run_ns(&rig, 10 * NSEC_PER_MSEC);
		assert_true(follows(new_master));
		assert_int_equal(rig_state(&rig, 0), BC_STATE_UNCALIBRATED);
	}
	assert_int_equal(rig_state_changes(&rig, 0), 0);
	assert_int_equal(rig_state_changes(&rig, 1), 0);

	/* It is believed for as long as it speaks. */
	new_master->is_on = false;
	rig_run_ns(&rig, 4100 * NSEC_PER_MSEC);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_GRAND_MASTER);
	rig_stop(&rig);
}

static void a_new_master_is_not_charged_with_the_silence_of_the_old_one(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 100; seed++)
		changes_master_just_before_the_timeout(seed * 7919, 0);
}

static void nor_with_the_silence_of_its_syncs(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++)
		changes_master_just_before_the_timeout(seed * 7919, 3);
}

/* Time as clients see it: two readings of the clock, a millisecond apart, where it is not stepped. */
static void assert_runs_evenly_to_one_step(int s, int64_t step_ns)
{
	for (int i = 0; i < 1000 * s; i++) {
		int64_t before_ns = bc_local_clock_ptp_ns(bc_engine_clock(rig.engine), rig.now_mono_ns);
		unsigned int n_steps = rig.n_steps;
		int64_t advance_ns;

		rig_run_ns(&rig, NSEC_PER_MSEC);
		advance_ns = bc_local_clock_ptp_ns(bc_engine_clock(rig.engine), rig.now_mono_ns) - before_ns;
		assert_true(fabs(rate_ppb()) < RATE_MAX_PPB);
		if (rig.n_steps != n_steps)
			advance_ns -= step_ns;
		assert_in_range(advance_ns, NSEC_PER_MSEC - 10000, NSEC_PER_MSEC + 10000);
	}
	assert_int_equal(rig.n_steps, 1);
}

static const int64_t away_ns[] = {37 * NSEC_PER_SEC, -37 * NSEC_PER_SEC, NSEC_PER_SEC, -NSEC_PER_SEC};
/* As configured by default, and never. */
static const double first_steps_s[] = {0.00002, 0};

static void assert_refused_thrice_then_stepped(const struct rig_master *m, int64_t step_ns)
{
	rig.n_steps = rig.n_master_steps_refused = rig.n_master_steps_accepted = 0;
	rig_snapshot(&rig);
	assert_runs_evenly_to_one_step(20, step_ns);
	assert_int_equal(rig_counted(&rig, m->port, BC_COUNTER_SYNC_JUMP), 3);
	assert_int_equal(rig.n_master_steps_refused, 1);
	assert_int_equal(rig.n_master_steps_accepted, 1);
	assert_int_equal(rig_state(&rig, m->port), BC_STATE_SLAVE);
	assert_true(llabs(rig_error_ns(&rig, m)) < 100);
}

static void a_grandmaster_restarts_elsewhere(double first_step_s, int64_t step_ns)
{
	struct rig_master *m;

	rig_init(&rig, 2);
	rig.config.servo.first_step_threshold_s = first_step_s;
	m = rig_start_following(&rig);
	m->is_on = false;
	rig_run_s(&rig, 10);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_GRAND_MASTER);
	m->is_on = true;
	m->next_announce_mono_ns = m->next_sync_mono_ns = rig.now_mono_ns;
	m->announce_sequence_id = m->sync_sequence_id = 0;
	m->step_ns += step_ns;
	assert_refused_thrice_then_stepped(m, step_ns);
	rig_stop(&rig);
}

static void a_grandmaster_that_restarts_elsewhere_is_refused_thrice_then_stepped_to(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(away_ns); i++)
		for (size_t k = 0; k < ARRAY_SIZE(first_steps_s); k++)
			a_grandmaster_restarts_elsewhere(first_steps_s[k], away_ns[i]);
}

/* It is announced all the time, and its path delay known: the first Sync alone decides. */
static void a_master_whose_syncs_pause_may_not_run_off_meanwhile(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(away_ns); i++) {
		struct rig_master *m;

		rig_init(&rig, 2);
		/* The filter of the default servo would forgive one such Sync; this one would not. */
		rig.config.servo = (struct bc_servo_config){
			.type = BC_SERVO_PI,
			.first_step_threshold_s = 0.00002,
			.pi_proportional_const = 0.7,
			.pi_integral_const = 0.3,
		};
		m = rig_start_following(&rig);
		m->is_syncing = false;
		rig_run_s(&rig, 10);
		assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
		m->is_syncing = true;
		m->next_sync_mono_ns = rig.now_mono_ns;
		m->step_ns += away_ns[i];
		assert_refused_thrice_then_stepped(m, away_ns[i]);
		assert_int_equal(rig_state_changes(&rig, 0), 0);
		rig_stop(&rig);
	}
}

static void another_master_is_elsewhere(double first_step_s, int64_t step_ns, size_t port)
{
	struct rig_master *m;

	rig_init(&rig, 2);
	rig.config.servo.first_step_threshold_s = first_step_s;
	rig_start_following(&rig);
	m = rig_master(&rig, 1, port);
	m->announce.grandmaster_priority1 = BETTER_THAN_FIRST;
	m->step_ns = step_ns;
	assert_refused_thrice_then_stepped(m, step_ns);
	assert_true(follows(m));
	rig_stop(&rig);
}

static void another_master_elsewhere_is_refused_thrice_then_stepped_to(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(away_ns); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(first_steps_s); k++) {
			another_master_is_elsewhere(first_steps_s[k], away_ns[i], 0);
			another_master_is_elsewhere(first_steps_s[k], away_ns[i], 1);
		}
	}
}

static void an_accepted_jump_is_right_also_when_the_master_runs_fast_or_slow(void **state)
{
	static const double rates_ppb[] = {50000, -50000};

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(away_ns); i++) {
		struct rig_master *m;

		rig_init(&rig, 2);
		m = rig_master(&rig, 0, 0);
		m->rate_ppb = rates_ppb[i % 2];
		rig_start(&rig, RIG_EPOCH_PTP_NS);
		rig_run_s(&rig, 60);
		assert_true(llabs(rig_error_ns(&rig, m)) < 100);
		m->step_ns += away_ns[i / 2];
		for (int k = 0; k < 1000 && rig.n_master_steps_accepted == 0; k++)
			rig_run_ns(&rig, NSEC_PER_MSEC);
		assert_int_equal(rig.n_master_steps_accepted, 1);
		/* Before the servo could have mended it. */
		assert_true(llabs(rig_error_ns(&rig, m)) < 1000);
		for (int k = 0; k < 1000; k++) {
			rig_run_ns(&rig, NSEC_PER_MSEC);
			assert_true(llabs(rig_error_ns(&rig, m)) < 1000);
		}
		rig_stop(&rig);
	}
}

/* CLOCK_MONOTONIC runs faster by this from now on: a master's rate, told in it, falls by as much. */
static void slew(struct rig_master *m, double by_ppb)
{
	int64_t before_ns = rig_master_ptp_ns(m, rig.now_mono_ns);

	m->rate_ppb -= by_ppb;
	m->step_ns += before_ns - rig_master_ptp_ns(m, rig.now_mono_ns);
}

static void a_slewed_system_clock_is_not_followed(void **state)
{
	static const double slews_ppb[] = {50000, -50000, 0, 50000};
	struct rig_master *m;
	double now_ppb = 0;

	(void)state;
	m = rig_master(&rig, 0, 0);
	m->rate_ppb = DRIFT_PPB;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 120);
	for (size_t i = 0; i < ARRAY_SIZE(slews_ppb); i++) {
		slew(m, slews_ppb[i] - now_ppb);
		now_ppb = slews_ppb[i];
		bc_engine_handle_mono_rate(rig.engine, now_ppb, rig.now_mono_ns);
		rig_drain(&rig);
		assert_true(fabs(rate_ppb() - (DRIFT_PPB - now_ppb)) < 10);
		rig_assert_follows(&rig, 30, 50);
		/* The servo had nothing to learn. */
		assert_true(fabs(rig_status(&rig).frequency_ppb + DRIFT_PPB) < 10);
	}
}

static void nor_is_it_while_there_is_no_master(void **state)
{
	static const double slews_ppb[] = {50000, -50000, 0};
	struct rig_master *m;
	double now_ppb = 0;
	int64_t error_ns;

	(void)state;
	m = rig_master(&rig, 0, 0);
	m->rate_ppb = DRIFT_PPB;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 120);
	/* Told before the loss: holdover begins with the slew in force. */
	slew(m, 10000);
	now_ppb = 10000;
	bc_engine_handle_mono_rate(rig.engine, now_ppb, rig.now_mono_ns);
	m->is_on = false;
	rig_run_s(&rig, 10);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_GRAND_MASTER);
	error_ns = rig_error_ns(&rig, m);
	for (size_t i = 0; i < ARRAY_SIZE(slews_ppb); i++) {
		slew(m, slews_ppb[i] - now_ppb);
		now_ppb = slews_ppb[i];
		bc_engine_handle_mono_rate(rig.engine, now_ppb, rig.now_mono_ns);
		rig_drain(&rig);
		rig_run_s(&rig, 30);
		/* 50 ppm would be 1.5 ms. */
		assert_true(llabs(rig_error_ns(&rig, m) - error_ns) < 1000);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(after_the_loss_of_the_master_no_phase_is_removed),
		T(a_new_master_is_not_charged_with_the_silence_of_the_old_one),
		T(nor_with_the_silence_of_its_syncs),
		T(a_grandmaster_that_restarts_elsewhere_is_refused_thrice_then_stepped_to),
		T(a_master_whose_syncs_pause_may_not_run_off_meanwhile),
		T(another_master_elsewhere_is_refused_thrice_then_stepped_to),
		T(an_accepted_jump_is_right_also_when_the_master_runs_fast_or_slow),
		T(a_slewed_system_clock_is_not_followed),
		T(nor_is_it_while_there_is_no_master),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
