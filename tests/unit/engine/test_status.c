// SPDX-License-Identifier: GPL-2.0-or-later
/* What is told of clock and ports at each turn of a clock's life. */
#include "bc/engine/status.h"

#include "tests/unit/engine/two_port_bench.h"

#define DOWN	     1 /* the port on which we serve */
#define GONE_AFTER_S 5 /* the receipt timeout of three intervals and a random one */

static struct bc_clock_status clock_now(void)
{
	struct bc_clock_status status;

	bc_engine_get_status(rig.engine, rig.now_mono_ns, &status);
	return status;
}

static struct bc_port_status port_now(size_t port)
{
	struct bc_port_status status;

	bc_engine_get_port_status(rig.engine, port, &status);
	return status;
}

static void a_clock_alone_listens_and_then_is_grandmaster(void **state)
{
	struct bc_clock_status s;

	(void)state;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	s = clock_now();
	assert_int_equal(s.state, BC_CLOCK_LISTENING);
	assert_string_equal(bc_clock_state_name(s.state), "listening");
	rig_run_s(&rig, GONE_AFTER_S);
	s = clock_now();
	assert_int_equal(s.state, BC_CLOCK_GRANDMASTER);
	assert_true(s.is_self && s.may_be_grandmaster && !s.is_following && !s.holdover.is_on);
	assert_memory_equal(s.clock_identity, rig.config.clock_identity, 8);
	assert_memory_equal(s.data_sets.grandmaster_identity, rig.config.clock_identity, 8);
	assert_false(port_now(0).has_peer || port_now(0).has_delay);
}

static void a_client_without_a_master_listens_and_may_not_be_one(void **state)
{
	struct bc_clock_status s;

	(void)state;
	rig.config.client_only = true;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, GONE_AFTER_S);
	s = clock_now();
	assert_int_equal(s.state, BC_CLOCK_LISTENING);
	assert_false(s.may_be_grandmaster);
}

static void a_master_is_acquired_and_then_locked_to(void **state)
{
	struct rig_master *m = rig_master(&rig, 0, 0);
	bool was_acquiring = false;
	struct bc_clock_status s;

	(void)state;
	m->delay_out_ns = m->delay_back_ns = 700;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	for (int i = 0; i < 200; i++) {
		rig_run_ns(&rig, NSEC_PER_SEC / 10);
		was_acquiring |= clock_now().state == BC_CLOCK_ACQUIRING;
	}
	assert_true(was_acquiring);
	s = clock_now();
	assert_int_equal(s.state, BC_CLOCK_LOCKED);
	assert_true(s.is_following && !s.is_self);
	assert_int_equal(s.parent_port, 0);
	assert_true(bc_port_identity_equal(&s.data_sets.parent, &m->identity));
	assert_in_range(s.ptp_ns, rig_master_ptp_ns(m, rig.now_mono_ns) - 1000,
			rig_master_ptp_ns(m, rig.now_mono_ns) + 1000);
	/* Announce goes on, Sync does not. */
	m->is_syncing = false;
	rig_run_s(&rig, 3);
	assert_int_equal(clock_now().state, BC_CLOCK_ACQUIRING);
}

static void a_lost_master_leaves_holdover(void **state)
{
	struct rig_master *m = rig_start_following(&rig);
	struct bc_clock_status s;

	(void)state;
	m->is_on = false;
	rig_run_s(&rig, GONE_AFTER_S);
	s = clock_now();
	assert_int_equal(s.state, BC_CLOCK_HOLDOVER);
	assert_true(s.holdover.is_on && s.is_self && !s.is_following);
	m->is_on = true;
	rig_run_s(&rig, 20);
	assert_int_equal(clock_now().state, BC_CLOCK_LOCKED);
}

static void a_port_tells_its_state_and_since_when(void **state)
{
	struct bc_port_status s;
	uint64_t down_mono_ns;

	(void)state;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, GONE_AFTER_S);
	s = port_now(DOWN);
	assert_int_equal(s.state, rig_state(&rig, DOWN));
	assert_in_range(s.since_mono_ns, 1, rig.now_mono_ns - 1);
	rig_run_s(&rig, 3);
	assert_int_equal(port_now(DOWN).since_mono_ns, s.since_mono_ns);
	down_mono_ns = rig.now_mono_ns;
	bc_engine_handle_link(rig.engine, DOWN, BC_LINK_DOWN, down_mono_ns);
	rig_run_s(&rig, 2);
	assert_int_equal(port_now(DOWN).state, BC_STATE_FAULTY);
	assert_int_equal(port_now(DOWN).since_mono_ns, down_mono_ns);
}

static void a_following_port_tells_whom_and_how_far(void **state)
{
	struct rig_master *m = rig_master(&rig, 0, 0);
	struct bc_port_status s;

	(void)state;
	m->delay_out_ns = m->delay_back_ns = 700;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 20);
	s = port_now(0);
	assert_int_equal(s.mechanism, BC_DELAY_E2E);
	assert_true(s.has_peer && bc_port_identity_equal(&s.peer, &m->identity));
	assert_true(s.has_delay);
	assert_in_range(s.delay_ns, 690, 710);
	assert_int_equal(s.log_sync_interval, rig.ports[0].log_sync_interval);
	assert_false(s.is_one_step);
	s = port_now(DOWN);
	assert_false(s.has_peer || s.has_delay);
	bc_engine_set_one_step(rig.engine, DOWN, true, 0);
	assert_true(port_now(DOWN).is_one_step);
}

static void a_delay_that_is_not_measured_is_the_configured_one(void **state)
{
	(void)state;
	rig.ports[DOWN].delay_mechanism = BC_DELAY_NONE;
	rig.ports[DOWN].initial_delay_ns = 1234;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	assert_int_equal(port_now(DOWN).mechanism, BC_DELAY_NONE);
	assert_true(port_now(DOWN).has_delay);
	assert_int_equal(port_now(DOWN).delay_ns, 1234);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(a_clock_alone_listens_and_then_is_grandmaster),
		CASE(a_client_without_a_master_listens_and_may_not_be_one),
		CASE(a_master_is_acquired_and_then_locked_to),
		CASE(a_lost_master_leaves_holdover),
		CASE(a_port_tells_its_state_and_since_when),
		CASE(a_following_port_tells_whom_and_how_far),
		CASE(a_delay_that_is_not_measured_is_the_configured_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
