// SPDX-License-Identifier: GPL-2.0-or-later
/* Masters that are lost, come and go, or want too much: what is announced, whom the clock takes, and where it
 * is. */
#include <math.h>
#include <stdlib.h>

#include "tests/unit/engine/rig.h"

#define IN_STEP_NS   50
#define YEAR_NS	     (365 * 86400LL * NSEC_PER_SEC)
#define TRACEABLE    (PTP_FLAG_TIME_TRACEABLE | PTP_FLAG_FREQUENCY_TRACEABLE)
#define DOWN	     1 /* the port on which we serve */
#define GONE_AFTER_S 5 /* the receipt timeout of three intervals and a random one */

static struct rig rig;

static int setup(void **state)
{
	(void)state;
	rig_init(&rig, 3);
	rig.config.step_guard.limit_ns = 1000 * NSEC_PER_SEC;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

static void set_timetable(void)
{
	rig.config.holdover = (struct bc_holdover_config){
		.rows = {{0, 135, true, 0x24}, {60 * (uint64_t)NSEC_PER_SEC, 165, false, 0}},
		.n_rows = 2,
		.traceable_ns = 30 * (uint64_t)NSEC_PER_SEC,
	};
}

/* Master 0, followed on port 0 for `s` seconds. */
static struct rig_master *follow(int s)
{
	struct rig_master *m = rig_master(&rig, 0, 0);

	m->flags = PTP_FLAG_PTP_TIMESCALE | PTP_FLAG_UTC_OFFSET_VALID | TRACEABLE | PTP_FLAG_LEAP61;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, s);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	return m;
}

static bool follows(const struct rig_master *m)
{
	struct bc_status status = rig_status(&rig);

	return bc_port_identity_equal(&status.parent, &m->identity);
}

static const struct bc_msg *announced(size_t port)
{
	return &rig.port[port].last_sent[PTP_ANNOUNCE];
}

static void assert_announced(uint8_t clock_class, uint8_t accuracy, uint16_t flags)
{
	for (size_t port = 1; port < rig.config.n_ports; port++) {
		const struct bc_msg *msg = announced(port);

		assert_int_equal(msg->announce.grandmaster_clock_quality.clock_class, clock_class);
		assert_int_equal(msg->announce.grandmaster_clock_quality.clock_accuracy, accuracy);
		assert_int_equal(msg->flags & 0xff, flags);
		assert_int_equal(msg->announce.current_utc_offset_s, 37);
		assert_int_equal(msg->announce.steps_removed, 0);
		assert_memory_equal(msg->announce.grandmaster_identity, rig.config.clock_identity, 8);
	}
}

/* --- without a master --- */

static void without_a_timetable_the_own_class_is_announced_at_once(void **state)
{
	struct rig_master *m = follow(20);

	(void)state;
	assert_int_equal(announced(DOWN)->announce.grandmaster_clock_quality.clock_class, 6);
	assert_int_equal(announced(DOWN)->flags & 0xff, m->flags);
	m->is_on = false;
	rig_run_s(&rig, GONE_AFTER_S);
	assert_announced(248, 0xfe, PTP_FLAG_PTP_TIMESCALE | PTP_FLAG_UTC_OFFSET_VALID);
	assert_int_equal(rig.n_holdover[BC_HOLDOVER_ENTERED], 1);
	rig_run_s(&rig, 600);
	assert_int_equal(rig.n_holdover[BC_HOLDOVER_DEGRADED], 0);
}

static void class_accuracy_and_traceability_follow_the_timetable(void **state)
{
	const uint16_t kept = PTP_FLAG_PTP_TIMESCALE | PTP_FLAG_UTC_OFFSET_VALID;
	struct bc_holdover_status status;
	struct rig_master *m;

	(void)state;
	set_timetable();
	m = follow(20);
	m->is_on = false;
	rig_run_s(&rig, GONE_AFTER_S);
	assert_announced(135, 0x24, kept | TRACEABLE);
	bc_engine_holdover(rig.engine, rig.now_mono_ns, &status);
	assert_true(status.is_on);
	assert_in_range(rig.now_mono_ns - status.in_step_mono_ns, 5 * NSEC_PER_SEC - NSEC_PER_SEC / 4,
			5 * NSEC_PER_SEC);
	rig_run_s(&rig, 23);
	assert_announced(135, 0x24, kept | TRACEABLE);
	rig_run_s(&rig, 4);
	assert_announced(135, 0x24, kept);
	rig_run_s(&rig, 26);
	assert_announced(135, 0x24, kept);
	rig_run_s(&rig, 4);
	assert_announced(165, 0xfe, kept);
	assert_int_equal(rig.last_holdover.holdover.clock_class, 165);
	assert_int_equal(rig.n_holdover[BC_HOLDOVER_DEGRADED], 1);

	m->is_on = true;
	m->next_announce_mono_ns = m->next_sync_mono_ns = rig.now_mono_ns;
	rig_run_s(&rig, 10);
	assert_true(follows(m));
	assert_int_equal(rig.n_holdover[BC_HOLDOVER_LEFT], 1);
	assert_int_equal(announced(DOWN)->announce.grandmaster_clock_quality.clock_class, 6);
	bc_engine_holdover(rig.engine, rig.now_mono_ns, &status);
	assert_false(status.is_on);
}

static void no_better_class_is_claimed_than_the_lost_grandmaster_had(void **state)
{
	struct rig_master *m;

	(void)state;
	set_timetable();
	m = rig_master(&rig, 0, 0);
	m->announce.grandmaster_clock_quality = (struct ptp_clock_quality){187, 0x31, 0xffff};
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 20);
	m->is_on = false;
	rig_run_s(&rig, GONE_AFTER_S);
	assert_announced(187, 0x31, PTP_FLAG_PTP_TIMESCALE);
}

/* As good as the master's in all but identity, where ours is the lower one. */
static void a_timetable_makes_nobody_leave_a_master_that_is_there(void **state)
{
	static const uint8_t classes[] = {135, 140, 165, 187};

	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		struct rig_master *m;

		set_timetable();
		m = rig_master(&rig, 0, 0);
		m->announce.grandmaster_clock_quality = (struct ptp_clock_quality){classes[i], 0xfe, 0xffff};
		m->announce.grandmaster_priority1 = rig.config.priority1;
		m->announce.grandmaster_priority2 = rig.config.priority2;
		memset(m->announce.grandmaster_identity, 0xff, sizeof(m->announce.grandmaster_identity));
		rig_start(&rig, RIG_EPOCH_PTP_NS);
		rig_run_s(&rig, 100);
		assert_true(follows(m));
		assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
		teardown(state);
		setup(state);
	}
}

static void a_clock_that_was_never_in_step_has_nothing_to_hold(void **state)
{
	struct rig_master *m;

	(void)state;
	set_timetable();
	m = rig_master(&rig, 0, 0);
	m->is_answering = false;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 20);
	assert_true(follows(m));
	m->is_on = false;
	rig_run_s(&rig, GONE_AFTER_S);
	assert_announced(248, 0xfe, PTP_FLAG_PTP_TIMESCALE);
	assert_int_equal(rig.n_holdover[BC_HOLDOVER_ENTERED], 0);
}

/* A master that is chosen and lost before it was measured does not begin the timetable anew. */
static void the_timetable_counts_from_when_the_clock_was_last_in_step(void **state)
{
	struct rig_master *m, *mute;

	(void)state;
	set_timetable();
	m = follow(20);
	m->is_on = false;
	rig_run_s(&rig, 40);
	mute = rig_master(&rig, 1, 0);
	mute->is_syncing = false;
	mute->flags = m->flags;
	rig_run_s(&rig, 10);
	assert_true(follows(mute));
	mute->is_on = false;
	rig_run_s(&rig, 15);
	assert_announced(165, 0xfe, PTP_FLAG_PTP_TIMESCALE | PTP_FLAG_UTC_OFFSET_VALID);
}

static void after_holdover_the_error_is_slewed_away(void **state)
{
	struct rig_master *m = follow(120);
	unsigned int n_steps = rig.n_steps;
	int64_t away_ns = 0;

	(void)state;
	m->is_on = false;
	rig_run_s(&rig, 1000);
	/* As if our oscillator had wandered by 40 ppb. */
	m->step_ns += 40 * NSEC_PER_USEC;
	m->is_on = true;
	m->next_announce_mono_ns = m->next_sync_mono_ns = rig.now_mono_ns;
	for (int i = 0; i < 10000; i++) {
		rig_run_ns(&rig, NSEC_PER_MSEC);
		away_ns = MAX(away_ns, llabs(rig_error_ns(&rig, m)));
	}
	assert_int_equal(rig.n_steps, n_steps);
	assert_int_equal(rig.n_master_steps_refused, 0);
	assert_in_range(away_ns, 40 * NSEC_PER_USEC, 41 * NSEC_PER_USEC);
	rig_assert_follows(&rig, 5, IN_STEP_NS);
}

static void what_changes_is_announced_at_once_on_every_port_and_no_oftener_than_four_times_an_interval(
	void **state)
{
	struct rig_master *m = follow(20);
	unsigned int n;

	(void)state;
	rig_run_ns(&rig, 300 * NSEC_PER_MSEC);
	m->announce.grandmaster_clock_quality.clock_class = 7;
	rig_master_announce(&rig, m);
	rig_run_ns(&rig, 250 * NSEC_PER_MSEC);
	for (size_t port = 1; port < rig.config.n_ports; port++)
		assert_int_equal(announced(port)->announce.grandmaster_clock_quality.clock_class, 7);
	n = rig.port[DOWN].n_sent[PTP_ANNOUNCE];
	for (int i = 0; i < 100; i++) {
		m->announce.grandmaster_clock_quality.clock_class = (uint8_t)(6 + i % 2);
		rig_master_announce(&rig, m);
		rig_run_ns(&rig, 100 * NSEC_PER_MSEC);
	}
	assert_in_range(rig.port[DOWN].n_sent[PTP_ANNOUNCE] - n, 30, 42);
}

/* --- steps --- */

static void jump(struct rig_master *m, int64_t step_ns)
{
	m->step_ns += step_ns;
	rig_run_s(&rig, 3);
}

static void by_default_a_minute_is_followed_and_a_year_is_not(void **state)
{
	static const int64_t years_ns[] = {YEAR_NS, -YEAR_NS, 2000 * NSEC_PER_SEC};
	static const int64_t steps_ns[] = {NSEC_PER_SEC, -NSEC_PER_SEC, 37 * NSEC_PER_SEC};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps_ns); i++) {
		struct rig_master *m;

		rig_init(&rig, 3);
		rig.config.step_guard.limit_ns = 1000 * NSEC_PER_SEC;
		m = follow(20);
		jump(m, steps_ns[i]);
		rig_assert_follows(&rig, 5, IN_STEP_NS);
		assert_int_equal(rig.n_step_guard, 0);

		rig_snapshot(&rig);
		jump(m, years_ns[i]);
		assert_false(follows(m));
		assert_int_equal(rig.n_step_guard, 1);
		assert_int_equal(rig.n_barred, 1);
		assert_false(rig.last_step_guard.step_guard.is_followed);
		assert_true(llabs(rig.last_step_guard.step_guard.step_ns - years_ns[i]) < NSEC_PER_MSEC);
		assert_memory_equal(rig.last_step_guard.step_guard.identity.clock_identity,
				    m->identity.clock_identity, 8);
		assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_SYNC_STEP_GUARD), 4);
		assert_int_equal(rig.n_holdover[BC_HOLDOVER_ENTERED], 1);
		assert_true(llabs(rig_error_ns(&rig, m) + years_ns[i]) < IN_STEP_NS);
		rig_stop(&rig);
	}
	rig_init(&rig, 2);
}

static void a_master_that_is_right_again_is_taken_when_its_bar_is_over(void **state)
{
	struct rig_master *m = follow(20);

	(void)state;
	jump(m, YEAR_NS);
	assert_false(follows(m));
	m->step_ns -= YEAR_NS;
	rig_run_s(&rig, 50);
	assert_false(follows(m));
	rig_run_s(&rig, 15);
	rig_assert_follows(&rig, 5, IN_STEP_NS);
}

static void one_that_stays_wrong_is_asked_ever_more_seldom(void **state)
{
	struct rig_master *m = follow(20);

	(void)state;
	jump(m, YEAR_NS);
	rig_run_s(&rig, 3600);
	/* 60, 120, 240, 480, 960, 1920 s. */
	assert_in_range(rig.n_barred, 6, 7);
	assert_true(llabs(rig_error_ns(&rig, m) + YEAR_NS) < 1000);
}

static void a_start_is_not_guarded(void **state)
{
	struct rig_master *m = rig_master(&rig, 0, 0);

	(void)state;
	rig_start(&rig, RIG_EPOCH_PTP_NS - YEAR_NS);
	rig_run_s(&rig, 10);
	assert_true(llabs(rig_error_ns(&rig, m)) < 1000);
	assert_int_equal(rig.n_step_guard, 0);
}

static void where_the_operator_wants_it_a_year_is_followed_with_an_alarm(void **state)
{
	struct rig_master *m;

	(void)state;
	rig.config.step_guard.only_warns = true;
	m = follow(20);
	jump(m, YEAR_NS);
	assert_true(follows(m));
	assert_int_equal(rig.n_step_guard, 1);
	assert_true(rig.last_step_guard.step_guard.is_followed);
	rig_assert_follows(&rig, 5, IN_STEP_NS);
}

static void a_lower_limit_refuses_a_second(void **state)
{
	struct rig_master *m;

	(void)state;
	rig.config.step_guard.limit_ns = 100 * NSEC_PER_MSEC;
	m = follow(20);
	jump(m, NSEC_PER_SEC);
	assert_false(follows(m));
	assert_true(llabs(rig_error_ns(&rig, m) + NSEC_PER_SEC) < IN_STEP_NS);
}

static void small_steps_together_exhaust_the_budget_of_an_hour(void **state)
{
	struct rig_master *m;

	(void)state;
	rig.config.step_guard.budget_ns = 5 * NSEC_PER_SEC / 2;
	m = follow(20);
	jump(m, NSEC_PER_SEC);
	assert_true(follows(m));
	jump(m, -NSEC_PER_SEC);
	assert_true(follows(m));
	jump(m, NSEC_PER_SEC);
	assert_false(follows(m));
	assert_int_equal(rig.n_step_guard, 1);
	/* 24 minutes drain a second. */
	rig_run_s(&rig, 3600);
	assert_true(follows(m));
	rig_assert_follows(&rig, 5, IN_STEP_NS);
}

/* Not even by many Syncs of which no two agree. */
static void times_that_agree_on_nothing_do_not_get_past_the_guard(void **state)
{
	struct rig_master *m = follow(20);

	(void)state;
	for (int i = 0; i < 40 && follows(m); i++) {
		m->step_ns = (i % 2 ? 1 : -1) * (i + 2) * YEAR_NS;
		rig_run_ns(&rig, NSEC_PER_SEC / 8);
	}
	assert_false(follows(m));
	m->step_ns = 0;
	assert_true(llabs(rig_error_ns(&rig, m)) < IN_STEP_NS);
}

static void a_rogue_with_another_time_is_named_left_and_the_old_grandmaster_taken_again(void **state)
{
	struct rig_master *good = follow(20), *rogue = rig_master(&rig, 1, 0);
	int64_t worst_ns = 0;

	(void)state;
	rogue->announce.grandmaster_priority1 = 0;
	rogue->step_ns = YEAR_NS;
	rig.n_best_master = 0;
	for (int i = 0; i < 1000 && rig.n_best_master == 0; i++)
		rig_run_ns(&rig, 10 * NSEC_PER_MSEC);
	assert_true(follows(rogue));
	assert_memory_equal(rig.last_best_master.best_master.grandmaster_identity,
			    rogue->identity.clock_identity, 8);
	assert_memory_equal(rig.last_best_master.best_master.old_identity, good->identity.clock_identity, 8);
	for (int i = 0; i < 1000; i++) {
		rig_run_ns(&rig, 30 * NSEC_PER_MSEC);
		worst_ns = MAX(worst_ns, llabs(rig_error_ns(&rig, good)));
	}
	assert_true(follows(good));
	assert_int_equal(rig.n_step_guard, 1);
	assert_true(worst_ns < IN_STEP_NS);
}

/* At a start the first one that is heard is not always the best one. */
static void a_better_master_that_comes_before_the_clock_is_in_step_is_stepped_to(void **state)
{
	struct rig_master *other = rig_master(&rig, 1, 2), *best;

	(void)state;
	rig_start(&rig, RIG_EPOCH_PTP_NS - YEAR_NS);
	while (rig.n_steps == 0)
		rig_run_ns(&rig, NSEC_PER_MSEC);
	assert_true(follows(other));
	best = rig_master(&rig, 0, 0);
	best->step_ns = 37 * NSEC_PER_SEC;
	best->next_announce_mono_ns = best->next_sync_mono_ns = rig.now_mono_ns;
	rig_master_announce(&rig, best);
	rig_master_announce(&rig, best);
	rig_run_s(&rig, 5);
	assert_true(follows(best));
	assert_int_equal(rig.n_steps, 2);
	assert_true(llabs(rig_error_ns(&rig, best)) < 1000);
}

/* --- coming and going --- */

/* Two masters in step, the better one on port 0, the other on port 2. */
static void start_with_two(struct rig_master **ret_best, struct rig_master **ret_other)
{
	*ret_other = rig_master(&rig, 1, 2);
	*ret_best = follow(20);
}

static void a_master_whose_rank_flaps_every_second_is_left_alone(void **state)
{
	struct rig_master *flapping, *other;
	unsigned int n_steps;
	int64_t worst_ns = 0;

	(void)state;
	start_with_two(&flapping, &other);
	rig.n_best_master = 0;
	n_steps = rig.n_steps;
	for (int i = 0; i < 600; i++) {
		flapping->announce.grandmaster_priority1 = i % 2 ? 100 : 200;
		rig_master_announce(&rig, flapping);
		rig_run_ns(&rig, NSEC_PER_SEC / 2);
		worst_ns = MAX(worst_ns, llabs(rig_error_ns(&rig, other)));
	}
	/* 3 times freely, then after 8, 16, 32 and 64 s. */
	assert_in_range(rig.n_best_master, 10, 24);
	assert_true(rig.n_barred >= 5);
	assert_int_equal(rig.n_steps, n_steps);
	assert_true(worst_ns < 2 * IN_STEP_NS);
	/* Well-behaved, it is the best again. */
	flapping->announce.grandmaster_priority1 = 100;
	rig_run_s(&rig, 70);
	assert_true(follows(flapping));
}

static void so_is_one_that_falls_silent_again_and_again(void **state)
{
	struct rig_master *flapping, *other;

	(void)state;
	start_with_two(&flapping, &other);
	rig.n_best_master = 0;
	for (int i = 0; i < 60; i++) {
		flapping->is_on = i % 2;
		flapping->next_announce_mono_ns = flapping->next_sync_mono_ns = rig.now_mono_ns;
		rig_run_s(&rig, 5);
	}
	assert_in_range(rig.n_best_master, 6, 20);
	assert_true(rig.n_barred >= 3);
}

static void one_that_is_lost_once_is_taken_again_at_once(void **state)
{
	struct rig_master *best, *other;

	(void)state;
	start_with_two(&best, &other);
	for (int i = 0; i < 2; i++) {
		best->is_on = false;
		rig_run_s(&rig, GONE_AFTER_S);
		assert_true(follows(other));
		best->is_on = true;
		best->next_announce_mono_ns = best->next_sync_mono_ns = rig.now_mono_ns;
		rig_run_s(&rig, 3);
		assert_true(follows(best));
	}
	assert_int_equal(rig.n_barred, 0);
}

/* Four path delays are waited for, but not for ever. */
static void a_new_master_that_answers_once_is_followed_nevertheless(void **state)
{
	struct rig_master *best, *other;

	(void)state;
	start_with_two(&best, &other);
	best->is_on = false;
	while (!follows(other))
		rig_run_ns(&rig, NSEC_PER_MSEC);
	for (int i = 0; i < 1000 && rig_status(&rig).mean_path_delay_ns == 0; i++)
		rig_run_ns(&rig, NSEC_PER_MSEC);
	other->is_answering = false;
	rig_run_s(&rig, 3);
	assert_int_equal(rig_state(&rig, 2), BC_STATE_UNCALIBRATED);
	rig_run_s(&rig, 6);
	assert_int_equal(rig_state(&rig, 2), BC_STATE_SLAVE);
	assert_true(llabs(rig_error_ns(&rig, other)) < IN_STEP_NS);
}

/* --- single messages --- */

static void a_sync_that_is_a_millisecond_late_is_counted_and_moves_nothing(void **state)
{
	static const int64_t corrections_ns[] = {NSEC_PER_MSEC, -NSEC_PER_MSEC};
	struct rig_master *m = follow(60);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(corrections_ns); i++) {
		rig_run_ns(&rig, 60 * NSEC_PER_MSEC);
		rig_snapshot(&rig);
		m->sync_correction_sns = corrections_ns[i] * 65536;
		rig_master_sync(&rig, m);
		m->sync_correction_sns = 0;
		rig_assert_only(&rig, 0, BC_COUNTER_SYNC_OUTLIER, 1);
		rig_assert_follows(&rig, 5, IN_STEP_NS);
	}
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(without_a_timetable_the_own_class_is_announced_at_once),
		T(class_accuracy_and_traceability_follow_the_timetable),
		T(no_better_class_is_claimed_than_the_lost_grandmaster_had),
		T(a_timetable_makes_nobody_leave_a_master_that_is_there),
		T(a_clock_that_was_never_in_step_has_nothing_to_hold),
		T(the_timetable_counts_from_when_the_clock_was_last_in_step),
		T(after_holdover_the_error_is_slewed_away),
		T(what_changes_is_announced_at_once_on_every_port_and_no_oftener_than_four_times_an_interval),
		T(by_default_a_minute_is_followed_and_a_year_is_not),
		T(a_master_that_is_right_again_is_taken_when_its_bar_is_over),
		T(one_that_stays_wrong_is_asked_ever_more_seldom),
		T(a_start_is_not_guarded),
		T(a_better_master_that_comes_before_the_clock_is_in_step_is_stepped_to),
		T(where_the_operator_wants_it_a_year_is_followed_with_an_alarm),
		T(a_lower_limit_refuses_a_second),
		T(small_steps_together_exhaust_the_budget_of_an_hour),
		T(times_that_agree_on_nothing_do_not_get_past_the_guard),
		T(a_rogue_with_another_time_is_named_left_and_the_old_grandmaster_taken_again),
		T(a_master_whose_rank_flaps_every_second_is_left_alone),
		T(so_is_one_that_falls_silent_again_and_again),
		T(one_that_is_lost_once_is_taken_again_at_once),
		T(a_new_master_that_answers_once_is_followed_nevertheless),
		T(a_sync_that_is_a_millisecond_late_is_counted_and_moves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
