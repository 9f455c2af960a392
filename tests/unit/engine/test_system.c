// SPDX-License-Identifier: GPL-2.0-or-later
/* A system's clock that follows: its frequency and steps, UTC and leap seconds, and others who set it. */
#include <math.h>
#include <stdlib.h>

#include "tests/unit/engine/rig.h"

#define DRIFT_PPB  20000.0
#define NEAR_NS	   100
#define MIDNIGHT_S 1719792000LL /* 2024-07-01 */
#define TRUSTED	   (PTP_FLAG_PTP_TIMESCALE | PTP_FLAG_UTC_OFFSET_VALID | PTP_FLAG_TIME_TRACEABLE)

static struct rig rig;
static int64_t real_minus_mono_at_start_ns;
static int64_t others_ns; /* by which somebody else stepped the system's clock */
static bool kernel_leaps;

static int setup(void **state)
{
	(void)state;
	rig_init(&rig, 2);
	rig.config.is_system_clock = true;
	rig.config.is_leap_by_kernel = true;
	rig.config.arbitrary_timescale = BC_ARBITRARY_PLAUSIBLE;
	others_ns = 0;
	kernel_leaps = true;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

/* The system's clock shows `utc_ns` at the start. */
static void start(int64_t utc_ns)
{
	real_minus_mono_at_start_ns = utc_ns - (int64_t)rig.now_mono_ns;
	rig_start(&rig, utc_ns + rig.config.utc_offset_s * NSEC_PER_SEC);
}

static int64_t real_ns(void)
{
	return (int64_t)rig.now_mono_ns + real_minus_mono_at_start_ns + rig.clock_step_ns +
	       rig.system_step_ns + others_ns;
}

static int64_t real_error_ns(const struct rig_master *m, int utc_offset_s)
{
	return real_ns() - (rig_master_ptp_ns(m, rig.now_mono_ns) - utc_offset_s * NSEC_PER_SEC);
}

static void set_system_clock(int64_t step_ns)
{
	others_ns += step_ns;
	bc_engine_handle_clock_step(rig.engine, step_ns, rig.now_mono_ns);
	rig_drain(&rig);
}

/* A kernel that was told of a leap second. */
static void kernel_tick(void)
{
	static int64_t last_s;
	int64_t now_s = real_ns() / NSEC_PER_SEC;
	int leap = rig.last_utc.utc.is_ours ? rig.last_utc.utc.leap : 0;

	if (kernel_leaps && now_s != last_s && now_s % 86400 == (leap > 0 ? 0 : 86399) && leap)
		set_system_clock(-leap * NSEC_PER_SEC);
	last_s = real_ns() / NSEC_PER_SEC;
}

/* All the while TAI is right: what we serve. */
static void run_with_tai_right(const struct rig_master *m, int s)
{
	for (int i = 0; i < 100 * s; i++) {
		rig_run_ns(&rig, 10 * NSEC_PER_MSEC);
		kernel_tick();
		assert_true(llabs(rig_error_ns(&rig, m)) < NEAR_NS);
	}
}

/* A master of that time, trusted of UTC, followed until the clock is right. */
static struct rig_master *follow(int64_t utc_s)
{
	struct rig_master *m = rig_master(&rig, 0, 0);

	m->step_ns = (utc_s + 37) * NSEC_PER_SEC - RIG_EPOCH_PTP_NS - (int64_t)rig.now_mono_ns;
	m->rate_ppb = DRIFT_PPB;
	m->flags = TRUSTED;
	start(utc_s * NSEC_PER_SEC + 100 * NSEC_PER_MSEC);
	rig_run_s(&rig, 60);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_true(llabs(rig_error_ns(&rig, m)) < NEAR_NS);
	assert_true(llabs(real_error_ns(m, 37)) < NEAR_NS);
	rig_snapshot(&rig);
	return m;
}

static void it_is_stepped_and_tuned_and_its_ptp_time_is_monotonic_time_plus_a_constant(void **state)
{
	(void)state;
	follow(RIG_EPOCH_PTP_NS / NSEC_PER_SEC);
	assert_true(bc_local_clock_rate_ppb(bc_engine_clock(rig.engine)) == 0);
	assert_true(fabs(rig.kernel_ppb - DRIFT_PPB) < 10);
	assert_true(fabs(rig_status(&rig).frequency_ppb + DRIFT_PPB) < 10);
	assert_int_equal(rig.n_steps, 1);
	assert_true(bc_engine_is_locked(rig.engine, rig.now_mono_ns));
}

static void it_starts_from_the_frequency_that_the_kernel_has(void **state)
{
	struct rig_master *m = rig_master(&rig, 0, 0);

	(void)state;
	rig.config.initial_frequency_ppb = -DRIFT_PPB;
	rig.kernel_ppb = DRIFT_PPB;
	start(RIG_EPOCH_PTP_NS + (int64_t)rig.now_mono_ns - 37 * NSEC_PER_SEC);
	for (int i = 0; i < 2000; i++) {
		rig_run_ns(&rig, 10 * NSEC_PER_MSEC);
		assert_true(fabs(rig.kernel_ppb - DRIFT_PPB) < 100);
	}
	assert_true(llabs(rig_error_ns(&rig, m)) < NEAR_NS);
}

static void without_a_master_it_keeps_its_frequency_and_the_phase_error_is_forgotten(void **state)
{
	struct rig_master *m = follow(RIG_EPOCH_PTP_NS / NSEC_PER_SEC);

	(void)state;
	m->step_ns += 300 * NSEC_PER_USEC;
	rig_run_s(&rig, 1);
	m->is_on = false;
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_GRAND_MASTER);
	assert_true(fabs(rig.kernel_ppb + rig_status(&rig).frequency_ppb) < 0.001);
	assert_true(fabs(rig.kernel_ppb - DRIFT_PPB) < 1000);
}

static void free_running_it_is_not_touched(void **state)
{
	struct rig_master *m = rig_master(&rig, 0, 0);

	(void)state;
	rig.config.free_running = true;
	m->flags = TRUSTED;
	m->announce.current_utc_offset_s = 38;
	start(RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 30);
	assert_true(rig.n_syncs > 10);
	assert_int_equal(rig.clock_step_ns, 0);
	assert_int_equal(rig.system_step_ns, 0);
	assert_true(rig.kernel_ppb == 0);
	assert_false(rig.last_utc.utc.is_ours);
}

static void leaps(int leap, bool is_kernel_able, bool is_left_to_kernel)
{
	struct rig_master *m;

	rig.config.is_leap_by_kernel = is_left_to_kernel;
	kernel_leaps = is_kernel_able && is_left_to_kernel;
	m = follow(MIDNIGHT_S - 100);
	m->flags |= leap > 0 ? PTP_FLAG_LEAP61 : PTP_FLAG_LEAP59;
	rig_run_s(&rig, 5);
	assert_int_equal(rig.n_utc[BC_UTC_EVENT_LEAP], 1);
	assert_int_equal(rig.last_utc.utc.leap, leap);
	assert_true(rig.last_utc.utc.is_ours);
	/* The grandmaster's change of mind comes some seconds after midnight. */
	run_with_tai_right(m, 42);
	m->announce.current_utc_offset_s = (int16_t)(37 + leap);
	m->flags = TRUSTED;
	run_with_tai_right(m, 60);
	assert_true(llabs(real_error_ns(m, 37 + leap)) < NEAR_NS);
	assert_int_equal(rig.n_utc[BC_UTC_EVENT_LEAPT], 1);
	assert_int_equal(rig.n_utc[BC_UTC_EVENT_SET_BACK], 0);
	assert_int_equal(rig.system_step_ns, kernel_leaps ? 0 : -leap * NSEC_PER_SEC);
	assert_int_equal(others_ns, kernel_leaps ? -leap * NSEC_PER_SEC : 0);
	assert_int_equal(rig.n_steps, 1);
	assert_int_equal(rig_status(&rig).utc_in_force_s, 37 + leap);
	rig_assert_nothing_refused(&rig);
	rig_stop(&rig);
}

static void a_leap_second_of_the_kernel_leaves_tai_alone(void **state)
{
	leaps(1, true, true);
	setup(state);
	leaps(-1, true, true);
}

static void a_leap_second_that_the_kernel_is_not_to_apply_is_a_step(void **state)
{
	leaps(1, false, false);
	setup(state);
	leaps(-1, false, false);
}

static void a_leap_second_that_the_kernel_forgets_is_made_up_for(void **state)
{
	leaps(1, false, true);
	setup(state);
	leaps(-1, false, true);
}

static void a_new_utc_offset_without_a_leap_second_is_one_step_and_tai_stays(void **state)
{
	struct rig_master *m = follow(RIG_EPOCH_PTP_NS / NSEC_PER_SEC);

	(void)state;
	m->announce.current_utc_offset_s = 38;
	run_with_tai_right(m, 10);
	assert_int_equal(rig.system_step_ns, -NSEC_PER_SEC);
	assert_int_equal(rig.n_utc[BC_UTC_EVENT_OFFSET], 1);
	assert_int_equal(rig.last_utc.utc.utc_offset_s, 38);
	assert_true(llabs(real_error_ns(m, 38)) < NEAR_NS);
}

static void an_offset_further_away_is_refused_and_counted(void **state)
{
	struct rig_master *m = follow(RIG_EPOCH_PTP_NS / NSEC_PER_SEC);

	(void)state;
	rig_snapshot(&rig);
	m->announce.current_utc_offset_s = 39;
	run_with_tai_right(m, 10);
	assert_int_equal(rig.system_step_ns, 0);
	assert_int_equal(rig.n_utc[BC_UTC_EVENT_REFUSED], 1);
	rig_assert_only(&rig, 0, BC_COUNTER_ANNOUNCE_UTC_OFFSET, 1);
}

static void an_offset_that_is_not_valid_any_more_is_none(void **state)
{
	struct rig_master *m = follow(RIG_EPOCH_PTP_NS / NSEC_PER_SEC);

	(void)state;
	m->flags = PTP_FLAG_PTP_TIMESCALE;
	m->announce.current_utc_offset_s = 0;
	run_with_tai_right(m, 10);
	assert_int_equal(rig.system_step_ns, 0);
	assert_true(llabs(real_error_ns(m, 37)) < NEAR_NS);
}

/* Of a master that says 36 while 37 is configured: its word is as good before anything was locked. */
static void the_first_offset_that_is_trusted_counts(void **state)
{
	struct rig_master *m = rig_master(&rig, 0, 0);

	(void)state;
	m->flags = TRUSTED;
	m->announce.current_utc_offset_s = 33;
	start(RIG_EPOCH_PTP_NS + (int64_t)rig.now_mono_ns - 33 * NSEC_PER_SEC);
	rig_run_s(&rig, 30);
	assert_true(llabs(real_error_ns(m, 33)) < NEAR_NS);
	assert_int_equal(rig.system_step_ns, 0);
	assert_true(llabs(rig.clock_step_ns) < NSEC_PER_MSEC);
}

/* Whatever the engine believes, the system's clock follows, and nothing else moves it. */
static void a_grandmaster_that_is_set_is_followed_once_it_is_believed(void **state)
{
	static const int64_t steps_ns[] = {NSEC_PER_SEC, 37 * NSEC_PER_SEC, -NSEC_PER_SEC};
	struct rig_master *m = follow(RIG_EPOCH_PTP_NS / NSEC_PER_SEC);
	int64_t before_ns;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps_ns); i++) {
		before_ns = rig.clock_step_ns;
		m->step_ns += steps_ns[i];
		/* Three Syncs are not believed. */
		rig_run_ns(&rig, 300 * NSEC_PER_MSEC);
		assert_int_equal(rig.clock_step_ns, before_ns);
		rig_run_s(&rig, 20);
		assert_true(llabs(real_error_ns(m, 37)) < NEAR_NS);
		assert_true(llabs(rig.clock_step_ns - before_ns - steps_ns[i]) < 10000);
	}
	assert_int_equal(rig.system_step_ns, 0);
}

static void a_step_that_the_guard_forbids_moves_nothing(void **state)
{
	struct rig_master *m;

	(void)state;
	rig.config.step_guard.limit_ns = 1000 * NSEC_PER_SEC;
	m = follow(RIG_EPOCH_PTP_NS / NSEC_PER_SEC);
	rig.clock_step_ns = 0;
	m->step_ns += 365 * 86400 * NSEC_PER_SEC;
	rig_run_s(&rig, 30);
	assert_int_equal(rig.clock_step_ns, 0);
	assert_int_equal(rig.system_step_ns, 0);
	assert_true(fabs(rig.kernel_ppb - DRIFT_PPB) < 100);
}

static void a_master_of_an_arbitrary_time_scale_is_taken_to_tell_utc(void **state)
{
	struct rig_master *m = rig_master(&rig, 0, 0);

	(void)state;
	m->flags = 0;
	start(RIG_EPOCH_PTP_NS + (int64_t)rig.now_mono_ns + 100 * NSEC_PER_MSEC);
	rig_run_s(&rig, 30);
	assert_true(llabs(real_error_ns(m, 0)) < NEAR_NS);
	assert_true(llabs(rig.clock_step_ns) < 110 * NSEC_PER_MSEC);
	/* Another one tells TAI: the system's clock need not move. */
	m = rig_master(&rig, 1, 1);
	m->announce.grandmaster_priority1 = 1;
	m->flags = TRUSTED;
	m->step_ns = 37 * NSEC_PER_SEC;
	rig_run_s(&rig, 30);
	assert_true(llabs(real_error_ns(m, 37)) < NEAR_NS);
	assert_true(llabs(rig.clock_step_ns) < 110 * NSEC_PER_MSEC);
	assert_int_equal(rig.n_master_steps_refused, 0);
}

static void nobody_pulls_it_to_1970(void **state)
{
	struct rig_master *m = rig_master(&rig, 0, 0);

	(void)state;
	m->flags = 0;
	m->step_ns = -RIG_EPOCH_PTP_NS + 100 * NSEC_PER_SEC;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 30);
	assert_int_equal(rig.clock_step_ns + rig.system_step_ns, 0);
	assert_true(rig.kernel_ppb == 0);
	assert_true(rig.n_timescales_refused > 0);
	assert_true(rig_counted(&rig, 0, BC_COUNTER_SYNC_EPOCH) > 10);
	/* Nor by one that says it is TAI. */
	m->flags = TRUSTED;
	rig_run_s(&rig, 30);
	assert_int_equal(rig.clock_step_ns + rig.system_step_ns, 0);
}

static void unless_it_is_configured(void **state)
{
	struct rig_master *m = rig_master(&rig, 0, 0);

	(void)state;
	rig.config.arbitrary_timescale = BC_ARBITRARY_ACCEPT;
	m->flags = 0;
	m->step_ns = -RIG_EPOCH_PTP_NS + 100 * NSEC_PER_SEC;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 30);
	assert_true(llabs(rig_error_ns(&rig, m)) < NEAR_NS);
}

static void arbitrary_time_scales_can_be_refused_altogether(void **state)
{
	struct rig_master *m = rig_master(&rig, 0, 0);

	(void)state;
	rig.config.arbitrary_timescale = BC_ARBITRARY_REFUSE;
	m->flags = 0;
	start(RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_GRAND_MASTER);
	assert_true(rig_counted(&rig, 0, BC_COUNTER_ANNOUNCE_TIMESCALE) > 10);
	m->flags = PTP_FLAG_PTP_TIMESCALE;
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
}

static void who_else_sets_it_is_undone_and_ptp_time_never_notices(void **state)
{
	static const int64_t steps_ns[] = {NSEC_PER_SEC, -NSEC_PER_SEC, 37 * NSEC_PER_SEC, 20000};
	struct rig_master *m = follow(RIG_EPOCH_PTP_NS / NSEC_PER_SEC);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps_ns); i++) {
		set_system_clock(steps_ns[i]);
		assert_true(llabs(real_error_ns(m, 37)) < NEAR_NS);
		run_with_tai_right(m, 150);
	}
	assert_int_equal(rig.n_utc[BC_UTC_EVENT_SET_BACK], ARRAY_SIZE(steps_ns));
	assert_int_equal(rig.n_steps, 1);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
}

static void who_sets_it_each_second_is_answered_ever_less(void **state)
{
	struct rig_master *m = follow(RIG_EPOCH_PTP_NS / NSEC_PER_SEC);

	(void)state;
	for (int i = 0; i < 60; i++) {
		set_system_clock(NSEC_PER_SEC);
		run_with_tai_right(m, 1);
	}
	assert_in_range(rig.n_utc[BC_UTC_EVENT_SET_BACK], 4, 8);
	run_with_tai_right(m, 20);
	assert_true(llabs(real_error_ns(m, 37)) < NEAR_NS);
}

static void before_any_master_was_followed_its_time_is_ours(void **state)
{
	int64_t before_ns;

	(void)state;
	start(RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 20);
	before_ns = bc_local_clock_ptp_ns(bc_engine_clock(rig.engine), rig.now_mono_ns);
	set_system_clock(5 * NSEC_PER_SEC);
	assert_int_equal(bc_local_clock_ptp_ns(bc_engine_clock(rig.engine), rig.now_mono_ns) - before_ns,
			 5 * NSEC_PER_SEC);
	assert_int_equal(rig.system_step_ns, 0);
}

static void assert_others_may_set_it(int64_t step_ns)
{
	int64_t before_ns = bc_local_clock_ptp_ns(bc_engine_clock(rig.engine), rig.now_mono_ns);

	set_system_clock(step_ns);
	assert_int_equal(bc_local_clock_ptp_ns(bc_engine_clock(rig.engine), rig.now_mono_ns) - before_ns,
			 step_ns);
	rig_run_s(&rig, 20);
	assert_int_equal(rig.clock_step_ns + rig.system_step_ns, 0);
	assert_int_equal(rig.n_utc[BC_UTC_EVENT_SET_BACK], 0);
	assert_false(rig.last_utc.utc.is_ours);
}

static void a_master_that_is_only_selected_does_not_make_it_ours(void **state)
{
	struct rig_master *m = rig_master(&rig, 0, 0);

	(void)state;
	/* Of 1970, then silent but for its Announce. */
	m->flags = TRUSTED;
	m->step_ns = -RIG_EPOCH_PTP_NS + 100 * NSEC_PER_SEC;
	start(RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 30);
	assert_true(rig.n_timescales_refused > 0);
	assert_others_may_set_it(5 * NSEC_PER_SEC);
	m->is_syncing = false;
	assert_others_may_set_it(-7 * NSEC_PER_SEC);
	assert_int_equal(rig_status(&rig).parent.clock_identity[7], m->identity.clock_identity[7]);
}

/* Between two Syncs that are compared. */
static void who_sets_it_while_the_first_syncs_come_does_not_spoil_them(void **state)
{
	struct rig_master *m = rig_master(&rig, 0, 0);

	(void)state;
	/* The servo that makes a frequency of the first two offsets, whatever they are. */
	rig.config.servo.type = BC_SERVO_PI;
	m->flags = TRUSTED;
	start(RIG_EPOCH_PTP_NS + (int64_t)rig.now_mono_ns - 37 * NSEC_PER_SEC);
	while (rig_state(&rig, 0) != BC_STATE_UNCALIBRATED || rig.n_syncs < 1)
		rig_run_ns(&rig, NSEC_PER_MSEC);
	assert_int_equal(rig.n_utc[BC_UTC_EVENT_OURS], 0);
	set_system_clock(5 * NSEC_PER_SEC);
	for (int i = 0; i < 200; i++) {
		rig_run_ns(&rig, 100 * NSEC_PER_MSEC);
		assert_true(fabs(rig.kernel_ppb) < 1000);
	}
	assert_true(llabs(real_error_ns(m, 37)) < NEAR_NS);
	assert_true(llabs(rig.clock_step_ns + 5 * NSEC_PER_SEC) < NSEC_PER_MSEC);
	assert_int_equal(rig.n_master_steps_refused, 0);
}

static void what_the_file_told_before_is_told_to_the_kernel_once_it_is_ours(void **state)
{
	struct rig_master *m = rig_master(&rig, 0, 0);
	struct bc_leap_info info = {.is_valid = true, .utc_offset_s = 37, .leap = 1};

	(void)state;
	m->is_on = false;
	m->step_ns = (MIDNIGHT_S - 100 + 37) * NSEC_PER_SEC - RIG_EPOCH_PTP_NS - (int64_t)rig.now_mono_ns;
	m->flags = TRUSTED | PTP_FLAG_LEAP61;
	start((MIDNIGHT_S - 100) * NSEC_PER_SEC);
	bc_engine_handle_leap_info(rig.engine, &info, rig.now_mono_ns);
	rig_run_s(&rig, 20);
	assert_false(rig.last_utc.utc.is_ours);
	m->is_on = true;
	rig_run_s(&rig, 30);
	assert_int_equal(rig.n_utc[BC_UTC_EVENT_OURS], 1);
	assert_true(rig.last_utc.utc.is_ours);
	assert_true(rig.last_utc.utc.is_trusted);
	assert_int_equal(rig.last_utc.utc.utc_offset_s, 37);
	assert_int_equal(rig.last_utc.utc.leap, 1);
	/* So the leap is the kernel's, at the second itself. */
	run_with_tai_right(m, 51);
	assert_int_equal(others_ns, -NSEC_PER_SEC);
	assert_int_equal(rig.n_utc[BC_UTC_EVENT_LEAPT], 1);
	assert_int_equal(rig.system_step_ns, 0);
}

static void a_file_tells_what_a_grandmaster_announces_of_utc(void **state)
{
	const struct bc_msg *announced = &rig.port[0].last_sent[PTP_ANNOUNCE];
	struct bc_leap_info info = {.is_valid = true, .utc_offset_s = 37, .leap = 1};

	(void)state;
	start((MIDNIGHT_S - 40) * NSEC_PER_SEC);
	rig_run_s(&rig, 20);
	assert_int_equal(announced->flags, PTP_FLAG_PTP_TIMESCALE);
	bc_engine_handle_leap_info(rig.engine, &info, rig.now_mono_ns);
	rig_run_s(&rig, 5);
	assert_int_equal(announced->flags,
			 PTP_FLAG_PTP_TIMESCALE | PTP_FLAG_UTC_OFFSET_VALID | PTP_FLAG_LEAP61);
	assert_int_equal(announced->announce.current_utc_offset_s, 37);
	assert_int_equal(rig_status(&rig).leap, 1);
	rig_run_s(&rig, 18);
	assert_int_equal(rig_status(&rig).utc_in_force_s, 38);
	info = (struct bc_leap_info){.is_valid = true, .utc_offset_s = 38};
	bc_engine_handle_leap_info(rig.engine, &info, rig.now_mono_ns);
	rig_run_s(&rig, 5);
	assert_int_equal(announced->flags, PTP_FLAG_PTP_TIMESCALE | PTP_FLAG_UTC_OFFSET_VALID);
	assert_int_equal(announced->announce.current_utc_offset_s, 38);
	info.is_valid = false;
	bc_engine_handle_leap_info(rig.engine, &info, rig.now_mono_ns);
	rig_run_s(&rig, 5);
	assert_int_equal(announced->flags, PTP_FLAG_PTP_TIMESCALE);
	/* The clock is not ours: the kernel is told nothing. */
	assert_int_equal(rig.system_step_ns, 0);
	assert_false(rig.last_utc.utc.is_ours);
}

static void after_a_step_some_syncs_are_not_used(void **state)
{
	unsigned int n_syncs;

	(void)state;
	rig.config.step_window = 16;
	follow(RIG_EPOCH_PTP_NS / NSEC_PER_SEC);
	n_syncs = rig.n_syncs;
	rig.config.step_window = 0;
	rig_stop(&rig);
	setup(state);
	follow(RIG_EPOCH_PTP_NS / NSEC_PER_SEC);
	assert_int_equal(rig.n_syncs - n_syncs, 16);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(it_is_stepped_and_tuned_and_its_ptp_time_is_monotonic_time_plus_a_constant),
		T(it_starts_from_the_frequency_that_the_kernel_has),
		T(without_a_master_it_keeps_its_frequency_and_the_phase_error_is_forgotten),
		T(free_running_it_is_not_touched),
		T(a_leap_second_of_the_kernel_leaves_tai_alone),
		T(a_leap_second_that_the_kernel_is_not_to_apply_is_a_step),
		T(a_leap_second_that_the_kernel_forgets_is_made_up_for),
		T(a_new_utc_offset_without_a_leap_second_is_one_step_and_tai_stays),
		T(an_offset_further_away_is_refused_and_counted),
		T(an_offset_that_is_not_valid_any_more_is_none),
		T(the_first_offset_that_is_trusted_counts),
		T(a_grandmaster_that_is_set_is_followed_once_it_is_believed),
		T(a_step_that_the_guard_forbids_moves_nothing),
		T(a_master_of_an_arbitrary_time_scale_is_taken_to_tell_utc),
		T(nobody_pulls_it_to_1970),
		T(unless_it_is_configured),
		T(arbitrary_time_scales_can_be_refused_altogether),
		T(who_else_sets_it_is_undone_and_ptp_time_never_notices),
		T(who_sets_it_each_second_is_answered_ever_less),
		T(before_any_master_was_followed_its_time_is_ours),
		T(a_master_that_is_only_selected_does_not_make_it_ours),
		T(who_sets_it_while_the_first_syncs_come_does_not_spoil_them),
		T(what_the_file_told_before_is_told_to_the_kernel_once_it_is_ours),
		T(a_file_tells_what_a_grandmaster_announces_of_utc),
		T(after_a_step_some_syncs_are_not_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
