// SPDX-License-Identifier: GPL-2.0-or-later
/* What a port may be: telecom profiles, thresholds, clocks that never are grandmasters, roles that are fixed.
 */
#include <errno.h>
#include <stdlib.h>

#include "tests/unit/engine/two_port_bench.h"

static bool is_grandmaster(const struct rig_master *m)
{
	struct bc_status status = rig_status(&rig);

	return memcmp(status.grandmaster_identity, m->announce.grandmaster_identity, 8) == 0;
}

static bool is_parent(const struct rig_master *m)
{
	struct bc_status status = rig_status(&rig);

	return bc_port_identity_equal(&status.parent, &m->identity);
}

static void start(void)
{
	rig_start(&rig, RIG_EPOCH_PTP_NS + 1000);
	rig_snapshot(&rig);
}

static void telecom_prefers_the_port_of_lower_local_priority(void **state)
{
	struct rig_master *first = rig_master(&rig, 0, 0), *second = rig_master(&rig, 1, 1);

	(void)state;
	first->announce.grandmaster_priority1 = 1; /* means nothing */
	rig.config.is_telecom = true;
	rig.config.local_priority = 128;
	rig.ports[0].local_priority = 128;
	rig.ports[1].local_priority = 127;
	start();
	rig_run_s(&rig, 20);
	assert_true(is_grandmaster(second));
	assert_int_equal(rig_state(&rig, 1), BC_STATE_SLAVE);
	/* The first is as good otherwise: it is not served by us. */
	assert_int_equal(rig_state(&rig, 0), BC_STATE_MASTER);
	second->is_on = false;
	rig_run_s(&rig, 20);
	assert_true(is_grandmaster(first));
}

static void telecom_grandmasters_stay_active_side_by_side(void **state)
{
	struct rig_master *other = rig_master(&rig, 0, 0);

	(void)state;
	rig.config.is_telecom = true;
	rig.config.local_priority = rig.ports[0].local_priority = rig.ports[1].local_priority = 128;
	rig.config.clock_quality = (struct ptp_clock_quality){6, 0x21, 0x4e5d};
	start();
	rig_run_s(&rig, 20);
	/* Its identity is the higher one, so that the cable between the two has its master here. */
	assert_int_equal(rig_state(&rig, 0), BC_STATE_GRAND_MASTER);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_GRAND_MASTER);
	other->announce.grandmaster_clock_quality.clock_accuracy = 0x20;
	rig_run_s(&rig, 10);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_PASSIVE);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_GRAND_MASTER);
}

static void a_master_beyond_the_class_threshold_is_not_followed_until_it_is_better(void **state)
{
	struct rig_master *m = rig_master(&rig, 0, 0);

	(void)state;
	rig.config.clock_class_threshold = 7;
	m->announce.grandmaster_clock_quality.clock_class = 8;
	start();
	rig_run_s(&rig, 10);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_GRAND_MASTER);
	assert_in_range(rig_counted(&rig, 0, BC_COUNTER_ANNOUNCE_CLOCK_CLASS), 9, 11);
	assert_int_equal(rig.last_announce_refused.announce_refused.reason, BC_COUNTER_ANNOUNCE_CLOCK_CLASS);
	m->announce.grandmaster_clock_quality.clock_class = 7;
	rig_run_s(&rig, 10);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	m->announce.grandmaster_clock_quality.clock_class = 52;
	rig_run_ns(&rig, 1100 * NSEC_PER_MSEC);
	assert_int_not_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
}

static void a_clock_that_is_never_grandmaster_serves_only_while_it_follows(void **state)
{
	struct rig_master *m = rig_master(&rig, 0, 0);

	(void)state;
	m->is_on = false;
	m->announce.grandmaster_priority1 = 255; /* worse than ours: followed all the same */
	rig.config.never_grandmaster = true;
	rig.config.clock_quality.clock_class = 255;
	start();
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_LISTENING);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_LISTENING);
	assert_int_equal(rig.port[0].n_sent[PTP_ANNOUNCE] + rig.port[1].n_sent[PTP_ANNOUNCE], 0);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_ANNOUNCE_TIMEOUT), 0);

	m->is_on = true;
	m->next_announce_mono_ns = m->next_sync_mono_ns = rig.now_mono_ns;
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_MASTER);

	m->is_on = false;
	rig_run_s(&rig, 10);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_LISTENING);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_LISTENING);
	/* One master was lost, though both have waited in vain since. */
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_ANNOUNCE_TIMEOUT), 1);
	assert_int_equal(rig_counted(&rig, 1, BC_COUNTER_ANNOUNCE_TIMEOUT), 0);
}

static void a_fixed_server_is_master_at_once_whoever_else_is_there(void **state)
{
	struct rig_master *m = rig_master(&rig, 0, 0);

	(void)state;
	m->announce.grandmaster_priority1 = 0;
	for (size_t i = 0; i < 2; i++) {
		rig.ports[i].is_role_fixed = rig.ports[i].server_only = true;
		rig.ports[i].inhibit_announce = i == 1;
	}
	start();
	assert_int_equal(rig_state(&rig, 0), BC_STATE_MASTER);
	rig_run_s(&rig, 10);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_MASTER);
	assert_in_range(rig.port[1].n_sent[PTP_SYNC], 79, 82);
	assert_int_equal(rig.port[1].n_sent[PTP_ANNOUNCE], 0);
	assert_int_not_equal(rig.port[0].n_sent[PTP_ANNOUNCE], 0);
	bc_engine_handle_link(rig.engine, 0, BC_LINK_DOWN, rig.now_mono_ns);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_FAULTY);
	bc_engine_handle_link(rig.engine, 0, BC_LINK_UP, rig.now_mono_ns);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_MASTER);
}

static struct rig_master *silent_master(size_t i, size_t port)
{
	struct rig_master *m = rig_master(&rig, i, port);

	m->is_announcing = false;
	return m;
}

static void a_fixed_client_follows_the_first_whose_sync_it_hears(void **state)
{
	struct rig_master *first = silent_master(0, 0), *second;

	(void)state;
	rig.config.client_only = true;
	rig.config.clock_quality.clock_class = 255;
	rig.ports[0].is_role_fixed = rig.ports[0].inhibit_announce = true;
	rig.ports[1].is_role_fixed = rig.ports[1].server_only = true;
	start();
	assert_int_equal(rig_state(&rig, 1), BC_STATE_MASTER);
	rig_run_s(&rig, 5);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_true(is_parent(first));
	second = silent_master(1, 0);
	second->identity.clock_identity[0] = 0; /* would win any comparison */
	rig_run_s(&rig, 5);
	assert_true(is_parent(first));
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_true(llabs(rig_error_ns(&rig, first)) < 100);

	first->is_on = false;
	rig_run_s(&rig, 10);
	assert_true(is_parent(second));
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	second->is_on = false;
	rig_run_s(&rig, 10);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_LISTENING);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_MASTER);
	assert_int_equal(rig_status(&rig).steps_removed, 0);
}

static void a_fixed_client_follows_none_but_acceptable_masters(void **state)
{
	static const uint8_t acceptable[PTP_CLOCK_IDENTITY_LEN] = {0xa0, 0, 0, 0xff, 0xfe, 0, 0, 2};

	(void)state;
	silent_master(0, 0);
	rig.config.client_only = true;
	rig.ports[0].is_role_fixed = rig.ports[1].is_role_fixed = true;
	memcpy(rig.ports[0].acceptable_masters[0], acceptable, sizeof(acceptable));
	rig.ports[0].n_acceptable_masters = 1;
	start();
	rig_run_s(&rig, 5);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_LISTENING);
	assert_in_range(rig_counted(&rig, 0, BC_COUNTER_ANNOUNCE_NOT_ACCEPTABLE), 39, 41);
	silent_master(1, 0);
	rig_run_s(&rig, 5);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
}

/* The master announces itself and sends no Sync; somebody else does. */
static void only_who_ignores_source_ids_takes_sync_from_others(void **state)
{
	(void)state;
	for (int ignores = 0; ignores < 2; ignores++) {
		struct rig_master *m, *other;

		rig_init(&rig, 2);
		rig.ports[0].ignore_source_id = ignores;
		m = rig_master(&rig, 0, 0);
		m->is_syncing = m->is_answering = false;
		other = silent_master(1, 0);
		start();
		rig_run_s(&rig, 10);
		assert_true(is_parent(m));
		assert_int_equal(rig_state(&rig, 0), ignores ? BC_STATE_SLAVE : BC_STATE_UNCALIBRATED);
		if (ignores)
			assert_true(llabs(rig_error_ns(&rig, other)) < 100);
		else
			assert_int_not_equal(rig_counted(&rig, 0, BC_COUNTER_RX_NOT_PARENT), 0);
		rig_stop(&rig);
	}
}

static void roles_that_nobody_fixed_are_refused(void **state)
{
	struct bc_engine *engine;

	(void)state;
	rig.ports[0].is_role_fixed = true;
	assert_int_equal(bc_engine_new(&rig.config, rig.now_mono_ns, 0, &engine), -EINVAL);
}

static void a_grandmaster_that_bears_our_identity_is_told(void **state)
{
	struct rig_master *m = rig_master(&rig, 0, 0);

	(void)state;
	memcpy(m->announce.grandmaster_identity, rig.config.clock_identity, 8);
	m->announce.grandmaster_priority1 = 0;
	start();
	rig_run_s(&rig, 10);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_GRAND_MASTER);
	assert_in_range(rig_counted(&rig, 0, BC_COUNTER_ANNOUNCE_OWN_GRANDMASTER), 9, 11);
	assert_int_equal(rig.n_announces_refused, rig_counted(&rig, 0, BC_COUNTER_ANNOUNCE_OWN_GRANDMASTER));
	assert_true(bc_port_identity_equal(&rig.last_announce_refused.announce_refused.sender, &m->identity));
}

static void of_two_grandmasters_of_one_identity_one_is_the_source(void **state)
{
	struct rig_master *near = rig_master(&rig, 0, 0), *far = rig_master(&rig, 1, 1);

	(void)state;
	far->identity = near->identity;
	far->announce = near->announce;
	far->step_ns = NSEC_PER_SEC;
	start();
	rig_run_s(&rig, 30);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_PASSIVE);
	assert_true(llabs(rig_error_ns(&rig, near)) < 100);
	rig_snapshot(&rig);
	rig_run_s(&rig, 30);
	assert_int_equal(rig_state_changes(&rig, 0) + rig_state_changes(&rig, 1), 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(telecom_prefers_the_port_of_lower_local_priority),
		T(telecom_grandmasters_stay_active_side_by_side),
		T(a_master_beyond_the_class_threshold_is_not_followed_until_it_is_better),
		T(a_clock_that_is_never_grandmaster_serves_only_while_it_follows),
		T(a_fixed_server_is_master_at_once_whoever_else_is_there),
		T(a_fixed_client_follows_the_first_whose_sync_it_hears),
		T(a_fixed_client_follows_none_but_acceptable_masters),
		T(only_who_ignores_source_ids_takes_sync_from_others),
		T(roles_that_nobody_fixed_are_refused),
		T(a_grandmaster_that_bears_our_identity_is_told),
		T(of_two_grandmasters_of_one_identity_one_is_the_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
