// SPDX-License-Identifier: GPL-2.0-or-later
/* What a successor has of the engine before it, and what it has not. */
#include <math.h>
#include <stdlib.h>

#include "bc/engine/engine_private.h"
#include "tests/unit/engine/management_bench.h"
#include "tests/unit/engine/succeed.h"
#include "tests/unit/engine/two_port_bench.h"

#define NEAR_NS	  200
#define YEAR_NS	  (365 * 86400LL * NSEC_PER_SEC)
#define TRACEABLE (PTP_FLAG_TIME_TRACEABLE | PTP_FLAG_FREQUENCY_TRACEABLE)
#define KEPT	  (PTP_FLAG_PTP_TIMESCALE | PTP_FLAG_UTC_OFFSET_VALID)
#define UP	  0
#define DOWN	  1
/* Longer than three intervals and a random one. */
#define GONE_AFTER_S 5

/* Master 0 on the upper port, which is trusted of UTC, until the clock is locked to it. */
static struct rig_master *follow(void)
{
	struct rig_master *m = rig_master(&rig, 0, UP);

	m->flags = KEPT | TRACEABLE;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, UP), BC_STATE_SLAVE);
	assert_int_equal(rig_state(&rig, DOWN), BC_STATE_MASTER);
	return m;
}

static bool follows(const struct rig_master *m)
{
	struct bc_status status = rig_status(&rig);

	return bc_port_identity_equal(&status.parent, &m->identity);
}

static bool is_self(void)
{
	struct bc_status status = rig_status(&rig);

	return memcmp(status.grandmaster_identity, rig.config.clock_identity, PTP_CLOCK_IDENTITY_LEN) == 0;
}

static size_t n_masters(size_t port)
{
	return bc_engine_n_foreign_masters(rig.engine, port);
}

static const struct bc_msg *announced(void)
{
	return &rig.port[DOWN].last_sent[PTP_ANNOUNCE];
}

/* --- frequency --- */

static void the_frequency_held_is_the_servo_s_and_what_others_slew(void **state)
{
	struct rig_master *m;
	double usual_ppb;

	(void)state;
	m = rig_master(&rig, 0, UP);
	m->rate_ppb = 5000;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 60);
	usual_ppb = bc_engine_held_frequency_ppb(rig.engine);
	assert_true(fabs(usual_ppb + 5000) < 5);
	bc_engine_handle_mono_rate(rig.engine, 700, rig.now_mono_ns);
	assert_true(fabs(bc_engine_held_frequency_ppb(rig.engine) - usual_ppb - 700) < 0.001);
}

static void the_frequency_held_of_a_clock_that_runs_freely_is_what_it_was_started_with(void **state)
{
	(void)state;
	rig.config.free_running = true;
	rig.config.initial_frequency_ppb = 2000;
	rig.config.servo.max_frequency_ppb = 1000;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	assert_true(bc_engine_held_frequency_ppb(rig.engine) == 2000);
}

static void of_a_system_clock_the_kernel_holds_the_frequency(void **state)
{
	(void)state;
	rig.config.is_system_clock = true;
	rig.config.initial_frequency_ppb = 3000;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	assert_true(bc_engine_held_frequency_ppb(rig.engine) == 0);
}

/* The old one is slewed: that is over. */
static void one_that_is_to_run_freely_tells_the_frequency_at_which_it_does(void **state)
{
	struct rig_master *m = follow();

	(void)state;
	m->step_ns += 300 * NSEC_PER_USEC;
	rig_run_s(&rig, 1);
	assert_true(fabs(rig_status(&rig).frequency_ppb - bc_engine_held_frequency_ppb(rig.engine)) > 1000);
	rig.config.free_running = true;
	succeed(&rig, same_ports);
	assert_true(follows(m));
	assert_true(rig_status(&rig).frequency_ppb == rig.config.initial_frequency_ppb);
}

/* --- the same clock --- */

static void assert_knows_nothing(void)
{
	struct bc_status status;

	succeed(&rig, same_ports);
	status = rig_status(&rig);
	assert_true(is_self());
	assert_int_equal(status.time_flags, PTP_FLAG_PTP_TIMESCALE);
	assert_int_equal(n_masters(UP), 0);
	assert_int_equal(rig.engine->ports[DOWN].announce_sequence_id, 0);
	report_links(&rig);
	assert_int_equal(rig_state(&rig, UP), BC_STATE_LISTENING);
	assert_int_equal(rig_state(&rig, DOWN), BC_STATE_LISTENING);
}

static void another_identity_domain_or_sdo_id_inherits_nothing(void **state)
{
	follow();
	rig.config.clock_identity[7]++;
	assert_knows_nothing();
	teardown(state);
	setup(state);
	follow();
	rig.config.domain_number++;
	assert_knows_nothing();
	teardown(state);
	setup(state);
	follow();
	rig.config.sdo_id = 0x100;
	assert_knows_nothing();
}

/* --- ports --- */

static void ports_of_a_clock_that_follows_have_their_roles_as_soon_as_their_links_are_up(void **state)
{
	struct rig_master *m = follow();

	(void)state;
	succeed(&rig, same_ports);
	assert_true(follows(m));
	report_link(&rig, DOWN, BC_LINK_UP);
	assert_int_equal(rig_state(&rig, DOWN), BC_STATE_MASTER);
	report_link(&rig, UP, BC_LINK_UP);
	assert_int_equal(rig_state(&rig, UP), BC_STATE_UNCALIBRATED);
	rig_run_s(&rig, 2);
	rig_assert_follows(&rig, 5, NEAR_NS);
}

static void one_with_that_port_alone_follows_at_once(void **state)
{
	(void)state;
	rig_init(&rig, 1);
	rig_master(&rig, 0, UP);
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 10);
	replace(&rig);
	assert_int_equal(rig_state(&rig, UP), BC_STATE_UNCALIBRATED);
}

static void a_grandmaster_is_one_at_once(void **state)
{
	(void)state;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 10);
	assert_int_equal(rig_state(&rig, DOWN), BC_STATE_GRAND_MASTER);
	replace(&rig);
	assert_int_equal(rig_state(&rig, DOWN), BC_STATE_GRAND_MASTER);
}

static void a_master_that_may_only_be_client_from_now_on_listens(void **state)
{
	(void)state;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 10);
	rig.config.client_only = true;
	replace(&rig);
	rig_run_s(&rig, 10);
	assert_int_equal(rig_state(&rig, DOWN), BC_STATE_LISTENING);
}

static void a_master_without_a_link_waits_for_one_and_listens_then(void **state)
{
	(void)state;
	follow();
	succeed(&rig, same_ports);
	report_link(&rig, UP, BC_LINK_UP);
	report_link(&rig, DOWN, BC_LINK_DOWN);
	assert_int_equal(rig_state(&rig, DOWN), BC_STATE_FAULTY);
	rig_run_s(&rig, 1);
	report_link(&rig, DOWN, BC_LINK_UP);
	assert_int_not_equal(rig_state(&rig, DOWN), BC_STATE_MASTER);
}

static void sequence_numbers_go_on(void **state)
{
	struct bc_port *port;

	(void)state;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	port = &rig.engine->ports[DOWN];
	port->announce_sequence_id = 1001;
	port->sync_sequence_id = 1002;
	port->delay_req_sequence_id = 1003;
	port->signaling_sequence_id = 1004;
	succeed(&rig, same_ports);
	port = &rig.engine->ports[DOWN];
	assert_int_equal(port->announce_sequence_id, 1001);
	assert_int_equal(port->sync_sequence_id, 1002);
	assert_int_equal(port->delay_req_sequence_id, 1003);
	assert_int_equal(port->signaling_sequence_id, 1004);
}

static void ports_may_change_their_places_come_and_go(void **state)
{
	static const size_t old_ports[] = {SIZE_MAX, DOWN, UP};
	struct rig_master *m = follow();

	(void)state;
	m->port = 2;
	rig.config.n_ports = 3;
	rig.ports[2] = rig.ports[UP];
	succeed(&rig, old_ports);
	report_links(&rig);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_LISTENING);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_MASTER);
	assert_int_equal(rig_state(&rig, 2), BC_STATE_UNCALIBRATED);
	assert_true(follows(m));
}

/* Until it is clear that the port that follows does not begin, nobody hears of another grandmaster. */
static void nothing_is_decided_without_the_port_that_follows_for_a_second(void **state)
{
	struct rig_master *m = follow();

	(void)state;
	m->is_on = false;
	succeed(&rig, same_ports);
	report_link(&rig, DOWN, BC_LINK_UP);
	rig_run_ns(&rig, NSEC_PER_SEC - 1);
	assert_true(follows(m));
	assert_memory_equal(announced()->announce.grandmaster_identity, m->identity.clock_identity, 8);
	rig_run_ns(&rig, NSEC_PER_SEC / 10);
	assert_true(is_self());
}

/* --- masters --- */

/* A stranger's, which comes last of all. */
static void announce_of_stranger(const struct rig_master *like, uint8_t i)
{
	struct bc_msg msg = rig_announce_msg(&rig, like, 7);

	msg.source.clock_identity[6] = i;
	rig_inject(&rig, UP, &msg);
}

static void all_masters_that_are_known_go_over_also_into_a_table_that_is_just_large_enough(void **state)
{
	(void)state;
	for (size_t i = 1; i < RIG_MASTERS; i++)
		rig_master(&rig, i, UP);
	follow();
	rig.config.foreign_master_limit = 4;
	succeed(&rig, same_ports);
	assert_int_equal(n_masters(UP), RIG_MASTERS);
	assert_int_equal(n_masters(DOWN), 0);
}

static void of_too_many_the_one_that_is_followed_is_not_left_behind(void **state)
{
	struct rig_master *m = follow();

	(void)state;
	rig_run_ns(&rig, NSEC_PER_SEC / 2);
	for (uint8_t i = 1; i <= 6; i++)
		announce_of_stranger(m, i);
	assert_int_equal(n_masters(UP), 7);
	rig.config.foreign_master_limit = 4;
	succeed(&rig, same_ports);
	assert_int_equal(n_masters(UP), 4);
	assert_true(follows(m));
	report_links(&rig);
	assert_int_equal(rig_state(&rig, UP), BC_STATE_UNCALIBRATED);
}

/* Each in turn, by what it makes of the configuration. */
static void admit_by_steps(void)
{
	rig.config.max_steps_removed = 9;
}
static void admit_by_time_scale(void)
{
	rig.config.arbitrary_timescale = BC_ARBITRARY_REFUSE;
}
static void admit_by_class(void)
{
	rig.config.clock_class_threshold = 7;
}
static void admit_by_path(void)
{
	rig.ports[UP].is_path_traced = true;
}
static void admit_by_profile(void)
{
	rig.ports[UP].power_profile.version = BC_POWER_PROFILE_2017;
}
static void admit_any_sender(void)
{
	rig.ports[UP].ignore_source_id = true;
}
static void admit_nobody(void)
{
	rig.ports[UP].server_only = true;
}
static void admit_over_udp(void)
{
	rig.ports[UP].transport = EBC_TRANSPORT_UDP_IPV4;
}
static void admit_some(void)
{
	rig.ports[UP].n_acceptable_masters = 1;
}

static void admit_without_announce(void)
{
	rig.ports[UP].is_role_fixed = true;
	rig.config.client_only = true;
}

static void admit_802_1as(void)
{
	rig.ports[UP].follow_up_info = true;
	rig.ports[UP].is_always_capable = true;
}

static void admit_from_a_table(void)
{
	static const struct bc_unicast_table table = {.n_masters = 1,
						      .masters = {{.mac = {2, 0, 0, 0, 0, 1}}}};

	rig.ports[UP].unicast_table = &table;
}

static void a_master_is_not_inherited_by_a_port_that_admits_others(void **state)
{
	static void (*const changes[])(void) = {
		admit_by_steps,	  admit_by_time_scale, admit_by_class,	       admit_by_path,
		admit_by_profile, admit_any_sender,    admit_nobody,	       admit_over_udp,
		admit_some,	  admit_802_1as,       admit_without_announce, admit_from_a_table,
	};

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		follow();
		changes[i]();
		succeed(&rig, same_ports);
		if (n_masters(UP) != 0 || !is_self())
			fail_msg("change %zu", i);
		teardown(state);
		setup(state);
	}
	follow();
	succeed(&rig, same_ports);
	assert_int_equal(n_masters(UP), 1);
	assert_false(is_self());
}

static void a_list_of_acceptable_masters_is_the_same_by_whom_it_names(void **state)
{
	rig.ports[UP].n_acceptable_masters = 1;
	memcpy(rig.ports[UP].acceptable_masters[0], rig_master(&rig, 0, UP)->identity.clock_identity, 8);
	follow();
	succeed(&rig, same_ports);
	assert_int_equal(n_masters(UP), 1);
	rig.ports[UP].acceptable_masters[0][0]++;
	succeed(&rig, same_ports);
	assert_int_equal(n_masters(UP), 0);
	(void)state;
}

static void a_table_of_masters_is_the_same_by_whom_it_names(void **state)
{
	static struct bc_unicast_table table = {.n_masters = 1, .masters = {{.mac = {2, 0, 0, 0, 0, 1}}}};

	(void)state;
	rig.ports[UP].unicast_table = &table;
	follow();
	succeed(&rig, same_ports);
	assert_int_equal(n_masters(UP), 1);
	table.masters[0].mac[5]++;
	succeed(&rig, same_ports);
	assert_int_equal(n_masters(UP), 0);
	teardown(state);
	follow();
	table.n_masters = 2;
	succeed(&rig, same_ports);
	assert_int_equal(n_masters(UP), 0);
	teardown(state);
	follow();
	rig.ports[UP].unicast_table = NULL;
	succeed(&rig, same_ports);
	assert_int_equal(n_masters(UP), 0);
}

/* That it may be one was never shown. */
static void a_neighbour_that_has_to_show_802_1as_from_now_on_is_no_master_before(void **state)
{
	(void)state;
	rig.ports[UP].follow_up_info = rig.ports[UP].is_always_capable = true;
	rig_master(&rig, 0, UP);
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 5);
	assert_int_equal(n_masters(UP), 1);
	succeed(&rig, same_ports);
	assert_int_equal(n_masters(UP), 1);
	rig.ports[UP].is_always_capable = false;
	succeed(&rig, same_ports);
	assert_int_equal(n_masters(UP), 0);
}

/* --- the parent --- */

static void the_parent_is_known_but_nothing_that_was_measured_at_it_counts_as_measured_now(void **state)
{
	struct rig_master *m = follow();
	struct bc_status before = rig_status(&rig), after;

	(void)state;
	m->step_ns += 300 * NSEC_PER_USEC;
	rig_run_s(&rig, 1);
	assert_int_equal(before.servo_state, BC_SERVO_LOCKED);
	succeed(&rig, same_ports);
	after = rig_status(&rig);
	assert_memory_equal(after.grandmaster_identity, before.grandmaster_identity, 8);
	assert_int_equal(after.steps_removed, 1);
	assert_int_equal(after.time_flags, KEPT | TRACEABLE);
	assert_int_equal(after.offset_from_master_ns, 0);
	assert_int_equal(after.servo_state, BC_SERVO_UNLOCKED);
}

/* Twice a master may come and go. */
static struct rig_master *follow_one_that_flapped_twice(void)
{
	struct rig_master *m = follow();

	for (int i = 0; i < 2; i++) {
		m->is_on = false;
		rig_run_s(&rig, GONE_AFTER_S);
		m->is_on = true;
		m->next_announce_mono_ns = m->next_sync_mono_ns = rig.now_mono_ns;
		rig_run_s(&rig, 10);
		assert_true(follows(m));
	}
	assert_int_equal(rig.n_barred, 0);
	return m;
}

static void a_parent_that_loses_its_rank_after_it_was_inherited_has_lost_it(void **state)
{
	struct rig_master *m = follow_one_that_flapped_twice();

	(void)state;
	replace(&rig);
	m->announce.grandmaster_priority1 = 200;
	rig_run_s(&rig, 5);
	assert_false(follows(m));
	assert_int_equal(rig.n_barred, 1);
}

static void a_parent_that_is_left_for_a_better_one_has_not(void **state)
{
	struct rig_master *m = follow_one_that_flapped_twice(), *better;

	(void)state;
	replace(&rig);
	better = rig_master(&rig, 1, UP);
	better->announce.grandmaster_priority1 = 1;
	rig_run_s(&rig, 5);
	assert_false(follows(m));
	assert_true(follows(better));
	assert_int_equal(rig.n_barred, 0);
}

/* What was told before is no news. */
static void clients_are_told_once(void **state)
{
	struct rig_master *m = follow();
	unsigned int n;

	(void)state;
	rig.ports[DOWN].log_announce_interval = 3;
	succeed(&rig, same_ports);
	n = rig.port[DOWN].n_sent[PTP_ANNOUNCE];
	report_link(&rig, DOWN, BC_LINK_UP);
	rig_run_ns(&rig, 100 * NSEC_PER_MSEC);
	report_link(&rig, UP, BC_LINK_UP);
	rig_run_s(&rig, 6);
	assert_true(follows(m));
	assert_int_equal(rig.port[DOWN].n_sent[PTP_ANNOUNCE], n + 1);
}

/* --- experience --- */

static void the_timetable_of_holdover_goes_on_where_it_was_and_is_the_new_one(void **state)
{
	struct bc_holdover_status status;
	struct rig_master *m;

	(void)state;
	rig.config.holdover = (struct bc_holdover_config){.rows = {{0, 135, false, 0}}, .n_rows = 1};
	m = follow();
	m->is_on = false;
	rig_run_s(&rig, 40);
	assert_int_equal(announced()->announce.grandmaster_clock_quality.clock_class, 135);
	rig.config.holdover.rows[0].clock_class = 140;
	rig.config.holdover.rows[1] = (struct bc_holdover_row){60 * (uint64_t)NSEC_PER_SEC, 165, false, 0};
	rig.config.holdover.n_rows = 2;
	replace(&rig);
	bc_engine_holdover(rig.engine, rig.now_mono_ns, &status);
	assert_true(status.is_on);
	rig_run_s(&rig, 15);
	assert_int_equal(announced()->announce.grandmaster_clock_quality.clock_class, 140);
	rig_run_s(&rig, 10);
	assert_int_equal(announced()->announce.grandmaster_clock_quality.clock_class, 165);
	assert_int_equal(rig.n_holdover[BC_HOLDOVER_ENTERED], 1);
}

static void a_clock_that_was_in_step_is_guarded_from_the_start_by_the_new_limit(void **state)
{
	struct rig_master *m = follow();

	(void)state;
	rig.config.step_guard.limit_ns = 1000 * NSEC_PER_SEC;
	m->step_ns += YEAR_NS;
	replace(&rig);
	rig_run_s(&rig, 10);
	assert_int_equal(rig.n_step_guard, 1);
	assert_true(llabs(rig_error_ns(&rig, m) + YEAR_NS) < NEAR_NS);
}

static void masters_that_are_barred_stay_so(void **state)
{
	struct rig_master *m;

	(void)state;
	rig.config.step_guard.limit_ns = 1000 * NSEC_PER_SEC;
	m = follow();
	m->step_ns += YEAR_NS;
	rig_run_s(&rig, 3);
	assert_int_equal(rig.n_barred, 1);
	m->step_ns -= YEAR_NS;
	replace(&rig);
	rig_run_s(&rig, 40);
	assert_false(follows(m));
	rig_run_s(&rig, 25);
	assert_true(follows(m));
}

/* 60 ms are no drift of the time since the last Sync. */
static void a_clock_that_was_locked_believes_no_master_that_jumped_meanwhile_at_once(void **state)
{
	struct rig_master *m = follow();

	(void)state;
	rig_halt(&rig, 200 * NSEC_PER_MSEC);
	m->step_ns += 60 * NSEC_PER_MSEC;
	rig.n_steps = 0;
	replace(&rig);
	rig_run_ns(&rig, 60 * NSEC_PER_MSEC);
	assert_int_equal(rig_counted(&rig, UP, BC_COUNTER_SYNC_JUMP), 1);
	rig_run_s(&rig, 20);
	assert_int_equal(rig.n_master_steps_refused, 1);
	assert_int_equal(rig.n_master_steps_accepted, 1);
	assert_int_equal(rig.n_steps, 1);
}

/* --- the time scale --- */

static void one_that_is_left_without_its_master_keeps_the_time_scale_but_not_its_traceability(void **state)
{
	static const size_t no_port[RIG_PORTS] = {SIZE_MAX, SIZE_MAX, SIZE_MAX, SIZE_MAX};
	struct rig_master *m = rig_master(&rig, 0, UP);

	(void)state;
	m->announce.current_utc_offset_s = 36;
	m = follow();
	m->announce.current_utc_offset_s = 36;
	rig_run_s(&rig, 3);
	m->is_on = false;
	rig.config.utc_offset_s = 40;
	succeed(&rig, no_port);
	assert_int_equal(rig_status(&rig).time_flags, KEPT);
	assert_int_equal(rig_status(&rig).utc_offset_s, 36);
	assert_int_equal(rig_status(&rig).utc_in_force_s, 36);
	report_links(&rig);
	rig_run_s(&rig, 10);
	assert_int_equal(announced()->flags, KEPT);
	assert_int_equal(announced()->announce.current_utc_offset_s, 36);
	assert_int_equal(rig_status(&rig).utc_in_force_s, 36);
}

static void one_that_never_followed_has_the_new_configuration_s(void **state)
{
	(void)state;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 10);
	rig.config.utc_offset_s = 38;
	rig.config.time_flags = 0;
	replace(&rig);
	rig_run_s(&rig, 10);
	assert_int_equal(rig_status(&rig).utc_offset_s, 38);
	assert_int_equal(announced()->flags, 0);
	rig.config.time_flags = PTP_FLAG_PTP_TIMESCALE;
	replace(&rig);
	assert_int_equal(rig_status(&rig).utc_in_force_s, 38);
}

/* --- the system's clock --- */

/* CLOCK_REALTIME and what is configured of UTC, as a start has it. */
static void start_system_clock(struct bc_engine *old, int64_t ptp_ns)
{
	assert_int_equal(bc_engine_new(&rig.config, rig.now_mono_ns, ptp_ns, &rig.engine), 0);
	bc_engine_inherit(rig.engine, old, same_ports, rig.now_mono_ns);
	bc_engine_free(old);
	report_links(&rig);
}

static int64_t ptp_now_ns(void)
{
	return bc_local_clock_ptp_ns(bc_engine_clock(rig.engine), rig.now_mono_ns);
}

static void ptp_time_is_the_system_s_and_the_utc_offset_that_is_known(void **state)
{
	int64_t ptp_ns;

	(void)state;
	rig.config.is_system_clock = true;
	rig_master(&rig, 0, UP);
	rig.masters[0].announce.current_utc_offset_s = 36;
	follow()->announce.current_utc_offset_s = 36;
	rig_run_s(&rig, 5);
	assert_int_equal(rig_status(&rig).utc_in_force_s, 36);
	ptp_ns = ptp_now_ns();
	start_system_clock(rig.engine, ptp_ns + NSEC_PER_SEC); /* 37 is configured */
	assert_int_equal(ptp_now_ns(), ptp_ns);
	/* A virtual clock's is its own. */
	rig.config.is_system_clock = false;
	start_system_clock(rig.engine, ptp_ns);
	assert_int_equal(ptp_now_ns(), ptp_ns);
}

static void a_system_clock_that_was_ours_is_ours_before_the_first_sync(void **state)
{
	int64_t ptp_ns;

	(void)state;
	rig.config.is_system_clock = true;
	follow()->is_on = false;
	start_system_clock(rig.engine, ptp_now_ns());
	ptp_ns = ptp_now_ns();
	bc_engine_handle_clock_step(rig.engine, 5 * NSEC_PER_SEC, rig.now_mono_ns);
	rig_drain(&rig);
	assert_int_equal(ptp_now_ns(), ptp_ns);
	assert_int_equal(rig.n_utc[BC_UTC_EVENT_SET_BACK], 1);
	assert_int_equal(rig.system_step_ns, -5 * NSEC_PER_SEC);
}

static void assert_is_not_ours(void)
{
	int64_t ptp_ns = ptp_now_ns();

	bc_engine_handle_clock_step(rig.engine, 5 * NSEC_PER_SEC, rig.now_mono_ns);
	rig_drain(&rig);
	assert_int_equal(ptp_now_ns() - ptp_ns, 5 * NSEC_PER_SEC);
	assert_int_equal(rig.system_step_ns, 0);
}

static void one_that_nobody_steered_is_not_ours(void **state)
{
	/* A virtual clock was. */
	follow()->is_on = false;
	rig.config.is_system_clock = true;
	start_system_clock(rig.engine, ptp_now_ns());
	assert_is_not_ours();
	teardown(state);
	setup(state);
	/* Its master is chosen, but nothing of it was measured. */
	rig.config.is_system_clock = true;
	rig_master(&rig, 0, UP)->is_answering = false;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 10);
	rig.masters[0].is_on = false;
	start_system_clock(rig.engine, ptp_now_ns());
	assert_is_not_ours();
}

/* --- subscribers --- */

static void who_subscribed_to_events_gets_them_further(void **state)
{
	uint8_t data[2 + BC_SUBSCRIPTION_OCTETS] = {0, 60, 1 << BC_NOTIFY_PORT_STATE};
	struct request r = {.id = PTP_MID_SUBSCRIBE_EVENTS_NP,
			    .action = PTP_MANAGEMENT_SET,
			    .data = data,
			    .data_len = sizeof(data),
			    .port = ALL_PORTS};
	struct bc_management m;

	(void)state;
	follow();
	assert_int_equal(ask(&rig, &r), 1);
	rig.n_management = 0;
	replace(&rig);
	assert_true(rig.n_management > 0);
	m = answer(&rig, 0);
	assert_int_equal(m.id, PTP_MID_PORT_DATA_SET);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(the_frequency_held_is_the_servo_s_and_what_others_slew),
		T(the_frequency_held_of_a_clock_that_runs_freely_is_what_it_was_started_with),
		T(of_a_system_clock_the_kernel_holds_the_frequency),
		T(one_that_is_to_run_freely_tells_the_frequency_at_which_it_does),
		T(another_identity_domain_or_sdo_id_inherits_nothing),
		T(ports_of_a_clock_that_follows_have_their_roles_as_soon_as_their_links_are_up),
		T(one_with_that_port_alone_follows_at_once),
		T(a_grandmaster_is_one_at_once),
		T(a_master_that_may_only_be_client_from_now_on_listens),
		T(a_master_without_a_link_waits_for_one_and_listens_then),
		T(sequence_numbers_go_on),
		T(ports_may_change_their_places_come_and_go),
		T(nothing_is_decided_without_the_port_that_follows_for_a_second),
		T(all_masters_that_are_known_go_over_also_into_a_table_that_is_just_large_enough),
		T(of_too_many_the_one_that_is_followed_is_not_left_behind),
		T(a_master_is_not_inherited_by_a_port_that_admits_others),
		T(a_list_of_acceptable_masters_is_the_same_by_whom_it_names),
		T(a_table_of_masters_is_the_same_by_whom_it_names),
		T(a_neighbour_that_has_to_show_802_1as_from_now_on_is_no_master_before),
		T(the_parent_is_known_but_nothing_that_was_measured_at_it_counts_as_measured_now),
		T(a_parent_that_loses_its_rank_after_it_was_inherited_has_lost_it),
		T(a_parent_that_is_left_for_a_better_one_has_not),
		T(clients_are_told_once),
		T(the_timetable_of_holdover_goes_on_where_it_was_and_is_the_new_one),
		T(a_clock_that_was_in_step_is_guarded_from_the_start_by_the_new_limit),
		T(masters_that_are_barred_stay_so),
		T(a_clock_that_was_locked_believes_no_master_that_jumped_meanwhile_at_once),
		T(one_that_is_left_without_its_master_keeps_the_time_scale_but_not_its_traceability),
		T(one_that_never_followed_has_the_new_configuration_s),
		T(ptp_time_is_the_system_s_and_the_utc_offset_that_is_known),
		T(a_system_clock_that_was_ours_is_ours_before_the_first_sync),
		T(one_that_nobody_steered_is_not_ours),
		T(who_subscribed_to_events_gets_them_further),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
