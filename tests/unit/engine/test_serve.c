// SPDX-License-Identifier: GPL-2.0-or-later
/* Serving: what is announced, the time that is given, roles that are forbidden, the queue of actions. */
#include "tests/unit/engine/two_port_bench.h"

#include <errno.h>
#include <stdlib.h>

#define NEAR_NS 5

static const struct bc_msg *announced(size_t port)
{
	return &rig.port[port].last_sent[PTP_ANNOUNCE];
}

static void without_a_better_master_our_own_time_is_served(void **state)
{
	(void)state;
	rig.config.clock_quality = (struct ptp_clock_quality){187, 0x2f, 0x1234};
	rig.config.priority1 = 77;
	rig.config.priority2 = 78;
	rig_start(&rig, RIG_EPOCH_PTP_NS + (int64_t)rig.now_mono_ns);
	rig_run_s(&rig, 10);
	for (size_t port = 0; port < 2; port++) {
		const struct bc_msg *a = announced(port), *f = &rig.port[port].last_sent[PTP_FOLLOW_UP];

		assert_int_equal(rig_state(&rig, port), BC_STATE_GRAND_MASTER);
		assert_memory_equal(a->announce.grandmaster_identity, rig.config.clock_identity, 8);
		assert_int_equal(a->announce.grandmaster_priority1, 77);
		assert_int_equal(a->announce.grandmaster_priority2, 78);
		assert_int_equal(a->announce.grandmaster_clock_quality.clock_class, 187);
		assert_int_equal(a->announce.grandmaster_clock_quality.clock_accuracy, 0x2f);
		assert_int_equal(a->announce.grandmaster_clock_quality.offset_scaled_log_variance, 0x1234);
		assert_int_equal(a->announce.steps_removed, 0);
		assert_int_equal(a->announce.current_utc_offset_s, 37);
		assert_int_equal(a->announce.time_source, 0xa0);
		assert_int_equal(a->flags, PTP_FLAG_PTP_TIMESCALE);
		assert_int_equal(a->source.port_number, port + 1);
		assert_int_equal(f->timestamp_ns,
				 RIG_EPOCH_PTP_NS + (int64_t)rig.port[port].last_sent_mono_ns[PTP_FOLLOW_UP]);
	}
	assert_int_equal(rig.port[0].last_sent[PTP_SYNC].flags, PTP_FLAG_TWO_STEP);
	assert_int_equal(rig.port[0].last_sent[PTP_SYNC].log_message_interval, -3);
}

static void the_grandmaster_and_its_time_properties_are_passed_on(void **state)
{
	struct rig_master *m;
	const struct bc_msg *a = announced(1);

	(void)state;
	m = rig_master(&rig, 0, 0);
	m->announce.steps_removed = 3;
	m->announce.current_utc_offset_s = 38;
	m->announce.grandmaster_priority2 = 99;
	memcpy(m->announce.grandmaster_identity, "grandmas", 8);
	m->flags = PTP_FLAG_LEAP61 | PTP_FLAG_UTC_OFFSET_VALID | PTP_FLAG_PTP_TIMESCALE |
		   PTP_FLAG_TIME_TRACEABLE | PTP_FLAG_FREQUENCY_TRACEABLE | PTP_FLAG_TWO_STEP;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 20);
	assert_memory_equal(a->announce.grandmaster_identity, "grandmas", 8);
	assert_int_equal(a->announce.grandmaster_priority1, 100);
	assert_int_equal(a->announce.grandmaster_priority2, 99);
	assert_memory_equal(&a->announce.grandmaster_clock_quality, &m->announce.grandmaster_clock_quality,
			    4);
	assert_int_equal(a->announce.steps_removed, 4);
	assert_int_equal(a->announce.current_utc_offset_s, 38);
	assert_int_equal(a->announce.time_source, 0x20);
	assert_int_equal(a->flags, m->flags & 0xff);
	assert_memory_equal(a->source.clock_identity, rig.config.clock_identity, 8);
	assert_true(bc_port_identity_equal(
		&(const struct ptp_port_identity){{0xa0, 0, 0, 0xff, 0xfe, 0, 0, 1}, 1}, &m->identity));
}

static void a_change_at_the_master_is_passed_on_with_the_next_announce(void **state)
{
	struct rig_master *m = rig_start_following(&rig);

	(void)state;
	rig_run_s(&rig, 5);
	m->announce.grandmaster_clock_quality.clock_class = 7;
	m->flags = PTP_FLAG_LEAP59;
	m->announce.current_utc_offset_s = 36;
	rig_run_ns(&rig, 2100 * NSEC_PER_MSEC);
	assert_int_equal(announced(1)->announce.grandmaster_clock_quality.clock_class, 7);
	assert_int_equal(announced(1)->flags, PTP_FLAG_LEAP59);
	assert_int_equal(announced(1)->announce.current_utc_offset_s, 36);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
}

static void after_the_master_is_gone_its_time_goes_on_and_its_quality_does_not(void **state)
{
	struct rig_master *m;

	(void)state;
	m = rig_master(&rig, 0, 0);
	m->rate_ppb = 50000;
	m->announce.current_utc_offset_s = 38;
	m->flags = PTP_FLAG_LEAP61 | PTP_FLAG_UTC_OFFSET_VALID | PTP_FLAG_PTP_TIMESCALE |
		   PTP_FLAG_TIME_TRACEABLE;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 120);
	m->is_on = false;
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_GRAND_MASTER);
	assert_int_equal(announced(1)->announce.grandmaster_clock_quality.clock_class, 248);
	assert_int_equal(announced(1)->announce.steps_removed, 0);
	assert_int_equal(announced(1)->announce.current_utc_offset_s, 38);
	assert_int_equal(announced(1)->flags, PTP_FLAG_UTC_OFFSET_VALID | PTP_FLAG_PTP_TIMESCALE);
	/* The frequency is held: 20 s at 1 ppb are 20 ns. */
	assert_true(llabs(rig_error_ns(&rig, m)) < 100);
}

static void a_follow_up_tells_the_time_of_the_stamp(void **state)
{
	struct rig_master *m;

	(void)state;
	rig.ports[1].egress_latency_ns = 250;
	m = rig_start_following(&rig);
	rig.port[1].stamp_delay_ns = 20 * NSEC_PER_MSEC;
	for (int i = 0; i < 100; i++) {
		uint64_t sync_mono_ns;

		rig_run_ns(&rig, 125 * NSEC_PER_MSEC);
		sync_mono_ns = rig.port[1].last_sent_mono_ns[PTP_SYNC];
		if (rig.port[1].last_sent[PTP_SYNC].sequence_id !=
		    rig.port[1].last_sent[PTP_FOLLOW_UP].sequence_id)
			continue;
		assert_true(llabs(rig.port[1].last_sent[PTP_FOLLOW_UP].timestamp_ns -
				  rig_master_ptp_ns(m, sync_mono_ns + 250)) <= NEAR_NS);
	}
	assert_in_range(rig.port[1].n_sent[PTP_SYNC] - rig.port[1].n_sent[PTP_FOLLOW_UP], 0, 1);
}

static void messages_keep_their_intervals_without_drift(void **state)
{
	unsigned int n_sync, n_announce;

	(void)state;
	rig.ports[1].log_sync_interval = -4;
	rig.ports[1].log_announce_interval = 1;
	rig_start_following(&rig);
	n_sync = rig.port[1].n_sent[PTP_SYNC];
	n_announce = rig.port[1].n_sent[PTP_ANNOUNCE];
	rig_run_s(&rig, 1000);
	assert_int_equal(rig.port[1].n_sent[PTP_SYNC] - n_sync, 16000);
	assert_int_equal(rig.port[1].n_sent[PTP_ANNOUNCE] - n_announce, 500);
	assert_int_equal(announced(1)->log_message_interval, 1);
}

static void a_client_serves_nobody(void **state)
{
	(void)state;
	rig.config.client_only = true;
	rig.config.clock_quality.clock_class = 255;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 30);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_LISTENING);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_LISTENING);
	rig_master(&rig, 0, 0);
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_LISTENING);
	rig.masters[0].is_on = false;
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_LISTENING);
	for (size_t port = 0; port < 2; port++) {
		assert_int_equal(rig.port[port].n_sent[PTP_ANNOUNCE], 0);
		assert_int_equal(rig.port[port].n_sent[PTP_SYNC], 0);
	}
}

static void without_multicast_service_there_is_neither_announce_nor_sync(void **state)
{
	(void)state;
	rig.ports[1].inhibit_multicast_service = true;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 30);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_GRAND_MASTER);
	assert_int_equal(rig.port[1].n_sent[PTP_ANNOUNCE] + rig.port[1].n_sent[PTP_SYNC], 0);
	assert_true(rig.port[0].n_sent[PTP_ANNOUNCE] > 0 && rig.port[0].n_sent[PTP_SYNC] > 0);
}

static void a_server_port_follows_nobody(void **state)
{
	struct rig_master *m;

	(void)state;
	rig.ports[0].server_only = true;
	m = rig_master(&rig, 0, 0);
	m->announce.grandmaster_priority1 = 0;
	m->is_syncing = false;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_GRAND_MASTER);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_GRAND_MASTER);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_RX_STATE), m->announce_sequence_id);
}

static void a_clock_of_class_127_or_less_follows_nobody(void **state)
{
	struct rig_master *m;

	(void)state;
	rig.config.clock_quality.clock_class = 6;
	rig.config.priority1 = 200;
	m = rig_master(&rig, 0, 0);
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_PASSIVE);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_GRAND_MASTER);
	m->is_on = false;
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_GRAND_MASTER);
}

static void a_port_waits_in_pre_master_until_news_could_have_come_round(void **state)
{
	struct rig_master *m;
	uint64_t from_mono_ns = 0;

	(void)state;
	/* A worse master on the other port: it is recommended to be master there, not left listening. */
	m = rig_master(&rig, 1, 1);
	m->is_syncing = false;
	m = rig_master(&rig, 0, 0);
	m->announce.steps_removed = 4;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	for (int i = 0; i < 2000 && rig_state(&rig, 1) != BC_STATE_MASTER; i++) {
		rig_run_ns(&rig, 10 * NSEC_PER_MSEC);
		if (rig_state(&rig, 1) == BC_STATE_PRE_MASTER && from_mono_ns == 0)
			from_mono_ns = rig.now_mono_ns;
	}
	assert_int_equal(rig_state(&rig, 1), BC_STATE_MASTER);
	assert_true(from_mono_ns != 0);
	/* stepsRemoved of ours, 5, and 1: six announce intervals. */
	assert_in_range(rig.now_mono_ns - from_mono_ns, 5980 * NSEC_PER_MSEC, 6020 * NSEC_PER_MSEC);
}

static void a_full_queue_of_actions_is_counted_and_the_rest_stays_in_order(void **state)
{
	struct bc_action action;
	uint16_t next = 0;
	uint64_t n_lost;
	unsigned int n = 0;

	(void)state;
	rig_start_following(&rig);
	for (uint16_t i = 0; i < 1000; i++) {
		struct bc_msg msg = {.type = PTP_DELAY_REQ, .source = {{9}, 1}, .sequence_id = i};
		uint8_t octets[BC_MSG_TX_MAX];
		struct bc_rx rx = {.message = octets,
				   .has_stamp = true,
				   .stamp_mono_ns = rig.now_mono_ns,
				   .transport = EBC_TRANSPORT_IEEE_802_3};

		rx.len = bc_msg_write(&msg, octets);
		bc_engine_handle_rx(rig.engine, 1, &rx, rig.now_mono_ns);
	}
	while (bc_engine_pop_action(rig.engine, &action)) {
		assert_int_equal(action.type, BC_ACTION_SEND);
		assert_int_equal(action.send.sequence_id, next++);
		n++;
	}
	n_lost = rig_counted(&rig, 1, BC_COUNTER_TX_ACTION_LOST);
	assert_true(n >= 64 && n < 1000);
	assert_int_equal(n + n_lost, 1000);
	assert_int_equal(rig_counted(&rig, 1, BC_COUNTER_TX_DELAY_RESP), n);
	rig_assert_follows(&rig, 5, NEAR_NS);
}

static void nonsense_in_the_configuration_is_refused(void **state)
{
	struct bc_engine *engine = NULL;

	(void)state;
	rig.config.n_ports = 0;
	assert_int_equal(bc_engine_new(&rig.config, 0, 0, &engine), -EINVAL);
	rig.config.n_ports = BC_MAX_PORTS + 1;
	assert_int_equal(bc_engine_new(&rig.config, 0, 0, &engine), -EINVAL);
	rig.config.n_ports = 2;
	rig.ports[1].client_only = rig.ports[1].server_only = true;
	assert_int_equal(bc_engine_new(&rig.config, 0, 0, &engine), -EINVAL);
	rig.ports[1].client_only = false;
	rig.ports[1].delay_filter_length = 0;
	assert_int_equal(bc_engine_new(&rig.config, 0, 0, &engine), -EINVAL);
	assert_null(engine);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(without_a_better_master_our_own_time_is_served),
		T(the_grandmaster_and_its_time_properties_are_passed_on),
		T(a_change_at_the_master_is_passed_on_with_the_next_announce),
		T(after_the_master_is_gone_its_time_goes_on_and_its_quality_does_not),
		T(a_follow_up_tells_the_time_of_the_stamp),
		T(messages_keep_their_intervals_without_drift),
		T(a_client_serves_nobody),
		T(without_multicast_service_there_is_neither_announce_nor_sync),
		T(a_server_port_follows_nobody),
		T(a_clock_of_class_127_or_less_follows_nobody),
		T(a_port_waits_in_pre_master_until_news_could_have_come_round),
		T(a_full_queue_of_actions_is_counted_and_the_rest_stays_in_order),
		T(nonsense_in_the_configuration_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
