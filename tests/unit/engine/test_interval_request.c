// SPDX-License-Identifier: GPL-2.0-or-later
/* Interval requests (IEEE 802.1AS): what a neighbour gets, what it does not get, and what we ask for. */
#include "tests/unit/engine/rig.h"

#include "bc/engine/interval_request.h"

static struct rig rig;

static int setup(void **state)
{
	(void)state;
	rig_init(&rig, 2);
	rig.ports[0].interval_request_min = -5;
	rig.ports[0].interval_request_max = 2;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

static const struct ptp_port_identity everybody = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 0xffff};

static void request_all(const struct ptp_port_identity *target, int8_t link_delay, int8_t sync,
			int8_t announce)
{
	uint8_t tlv[] = {
		0, 3, 0, 12, 0, 0x80, 0xc2, 0, 0, 2, (uint8_t)link_delay, (uint8_t)sync, (uint8_t)announce,
		0, 0, 0};
	struct bc_msg msg = {
		.type = PTP_SIGNALING,
		.source = {{0xa0, 0, 0, 0xff, 0xfe, 0, 0, 9}, 1},
		.requesting = *target,
		.tlvs = tlv,
		.tlvs_len = sizeof(tlv),
	};

	rig_inject(&rig, 0, &msg);
}

static void request_of(const struct ptp_port_identity *target, int8_t sync, int8_t announce)
{
	request_all(target, BC_INTERVAL_NO_CHANGE, sync, announce);
}

static void request(int8_t sync, int8_t announce)
{
	request_of(&everybody, sync, announce);
}

static void start_as_master(void)
{
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	rig_run_s(&rig, 10);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_GRAND_MASTER);
	rig_snapshot(&rig);
}

/* Messages of the type in the next 10 s. */
static unsigned int sent_in_10_s(uint8_t type)
{
	unsigned int n = rig.port[0].n_sent[type];

	rig_run_s(&rig, 10);
	return rig.port[0].n_sent[type] - n;
}

static void a_neighbour_gets_other_intervals_and_the_first_ones_back(void **state)
{
	(void)state;
	start_as_master();
	request(-4, -1);
	rig_run_s(&rig, 2);
	assert_in_range(sent_in_10_s(PTP_SYNC), 159, 161);
	assert_in_range(sent_in_10_s(PTP_ANNOUNCE), 19, 21);
	assert_int_equal(rig.port[0].last_sent[PTP_SYNC].log_message_interval, -4);
	assert_int_equal(rig.port[0].last_sent[PTP_FOLLOW_UP].log_message_interval, -4);
	assert_int_equal(rig.port[0].last_sent[PTP_ANNOUNCE].log_message_interval, -1);
	request(BC_INTERVAL_NO_CHANGE, BC_INTERVAL_NO_CHANGE);
	assert_in_range(sent_in_10_s(PTP_SYNC), 159, 161);
	request(BC_INTERVAL_INITIAL, BC_INTERVAL_INITIAL);
	rig_run_s(&rig, 2);
	assert_in_range(sent_in_10_s(PTP_SYNC), 79, 81);
	assert_in_range(sent_in_10_s(PTP_ANNOUNCE), 9, 11);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_INTERVAL_REQUEST), 3);
	rig_assert_nothing_refused(&rig);
}

static void what_is_asked_for_is_bounded(void **state)
{
	(void)state;
	start_as_master();
	request(-7, -7);
	rig_run_s(&rig, 2);
	assert_in_range(sent_in_10_s(PTP_SYNC), 319, 321);
	assert_in_range(sent_in_10_s(PTP_ANNOUNCE), 319, 321);
	request(100, 100);
	rig_run_s(&rig, 4);
	assert_int_equal(rig.port[0].last_sent[PTP_SYNC].log_message_interval, 2);
	assert_int_equal(rig.port[0].last_sent[PTP_ANNOUNCE].log_message_interval, 1);
	assert_in_range(sent_in_10_s(PTP_SYNC), 2, 3);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_INTERVAL_REQUEST_LIMITED), 4);
}

static void nobody_stops_us_but_where_it_is_allowed(void **state)
{
	(void)state;
	start_as_master();
	request(BC_INTERVAL_STOP, BC_INTERVAL_STOP);
	assert_in_range(sent_in_10_s(PTP_SYNC), 79, 81);
	assert_in_range(sent_in_10_s(PTP_ANNOUNCE), 9, 11);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_INTERVAL_REQUEST_LIMITED), 2);

	rig_stop(&rig);
	rig_init(&rig, 2);
	rig.ports[0].interval_request_may_stop = true;
	start_as_master();
	request(BC_INTERVAL_STOP, BC_INTERVAL_STOP);
	assert_int_equal(sent_in_10_s(PTP_SYNC), 0);
	assert_in_range(sent_in_10_s(PTP_ANNOUNCE), 9, 11);
	request(BC_INTERVAL_INITIAL, BC_INTERVAL_NO_CHANGE);
	assert_in_range(sent_in_10_s(PTP_SYNC), 79, 81);
}

/* Each request would otherwise start the interval anew. */
static void a_flood_of_requests_neither_silences_nor_hurries_us(void **state)
{
	unsigned int n;

	(void)state;
	start_as_master();
	n = rig.port[0].n_sent[PTP_SYNC];
	for (int i = 0; i < 10000; i++) {
		request(i % 2 ? -4 : -3, BC_INTERVAL_NO_CHANGE);
		rig_run_ns(&rig, NSEC_PER_MSEC);
	}
	assert_in_range(rig.port[0].n_sent[PTP_SYNC] - n, 79, 165);
}

static void only_a_master_that_is_meant_listens(void **state)
{
	struct ptp_port_identity other = {{1, 2, 3, 4, 5, 6, 7, 8}, 1}, ours = {{}, 1};

	(void)state;
	rig_start_following(&rig);
	rig_snapshot(&rig);
	request(-4, -4);
	rig_assert_only(&rig, 0, BC_COUNTER_RX_STATE, 1);
	rig_stop(&rig);
	rig_init(&rig, 2);
	rig.ports[0].interval_request_min = -5;
	start_as_master();
	request_of(&other, -4, -4);
	memcpy(ours.clock_identity, rig.config.clock_identity, sizeof(ours.clock_identity));
	ours.port_number = 2;
	request_of(&ours, -4, -4);
	rig_assert_only(&rig, 0, BC_COUNTER_RX_NOT_TARGET, 2);
	assert_in_range(sent_in_10_s(PTP_SYNC), 79, 81);
	ours.port_number = 1;
	request_of(&ours, -4, -4);
	rig_run_s(&rig, 2);
	assert_in_range(sent_in_10_s(PTP_SYNC), 159, 161);
}

static void a_port_that_becomes_master_again_has_its_own_intervals(void **state)
{
	(void)state;
	start_as_master();
	request(-5, -5);
	bc_engine_handle_link(rig.engine, 0, BC_LINK_DOWN, rig.now_mono_ns);
	bc_engine_handle_link(rig.engine, 0, BC_LINK_UP, rig.now_mono_ns);
	rig_run_s(&rig, 10);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_GRAND_MASTER);
	assert_in_range(sent_in_10_s(PTP_SYNC), 79, 81);
}

static void start_measuring_links(void)
{
	for (size_t i = 0; i < 2; i++) {
		rig.ports[i].delay_mechanism = BC_DELAY_P2P;
		rig.ports[i].log_min_pdelay_req_interval = 0;
		rig.ports[i].neighbor_prop_delay_thresh_ns = NSEC_PER_SEC;
		rig.ports[i].min_neighbor_prop_delay_ns = -NSEC_PER_SEC;
		rig.ports[i].allowed_lost_responses = 255;
	}
	start_as_master();
}

static void peer_delay_is_measured_as_often_as_the_neighbour_asks(void **state)
{
	(void)state;
	start_measuring_links();
	assert_in_range(sent_in_10_s(PTP_PDELAY_REQ), 9, 11);
	request_all(&everybody, -7, BC_INTERVAL_NO_CHANGE, BC_INTERVAL_NO_CHANGE);
	rig_run_s(&rig, 2);
	assert_in_range(sent_in_10_s(PTP_PDELAY_REQ), 310, 330);
	assert_in_range(sent_in_10_s(PTP_SYNC), 79, 81);
	request_all(&everybody, BC_INTERVAL_STOP, BC_INTERVAL_NO_CHANGE, BC_INTERVAL_NO_CHANGE);
	assert_in_range(sent_in_10_s(PTP_PDELAY_REQ), 310, 330);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_INTERVAL_REQUEST_LIMITED), 2);
	request_all(&everybody, BC_INTERVAL_INITIAL, BC_INTERVAL_NO_CHANGE, BC_INTERVAL_NO_CHANGE);
	rig_run_s(&rig, 2);
	assert_in_range(sent_in_10_s(PTP_PDELAY_REQ), 9, 11);
}

static int8_t asked_sync_interval(void)
{
	const struct bc_action *action = &rig.port[0].last_send[PTP_SIGNALING];

	/* Header, target, TLV header, organizationId and sub-type, linkDelayInterval. */
	return (int8_t)action->send.message[34 + 10 + 4 + 6 + 1];
}

static void a_stable_client_asks_for_its_interval(void **state)
{
	static const uint8_t tail[] = {0, 3, 0, 12, 0, 0x80, 0xc2, 0, 0, 2, 0x80, 1, 0x80, 0, 0, 0};
	const struct bc_action *action = &rig.port[0].last_send[PTP_SIGNALING];
	struct rig_master *m;

	(void)state;
	rig.ports[0].requests_intervals = true;
	rig.ports[0].oper_log_sync_interval = 1;
	rig.config.servo.offset_threshold_ns = 1000;
	rig.config.servo.num_offset_values = 8;
	m = rig_master(&rig, 0, 0);
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	for (int i = 0; i < 200 && rig.port[0].n_sent[PTP_SIGNALING] == 0; i++)
		rig_run_ns(&rig, 100 * NSEC_PER_MSEC);
	assert_int_equal(rig_status(&rig).servo_state, BC_SERVO_LOCKED_STABLE);
	assert_int_equal(rig.port[0].n_sent[PTP_SIGNALING], 1);
	assert_int_equal(action->send.len, 34 + 10 + sizeof(tail));
	assert_memory_equal(action->send.message + 34, &everybody, 8);
	assert_memory_equal(action->send.message + 44, tail, sizeof(tail));
	m->log_sync_interval = 1;
	rig_run_s(&rig, 60);
	assert_int_equal(rig.port[0].n_sent[PTP_SIGNALING], 1);
	/* Far off and stable no more, it wants the first interval back. */
	m->step_ns = 20000;
	rig_run_s(&rig, 4);
	assert_int_equal(rig.port[0].n_sent[PTP_SIGNALING], 2);
	assert_int_equal(asked_sync_interval(), BC_INTERVAL_INITIAL);
}

static void a_master_that_does_not_listen_is_asked_three_times(void **state)
{
	(void)state;
	rig.ports[0].requests_intervals = true;
	rig.ports[0].oper_log_sync_interval = 0;
	rig.config.servo.offset_threshold_ns = 1000;
	rig.config.servo.num_offset_values = 8;
	rig_start_following(&rig);
	rig_run_s(&rig, 60);
	assert_int_equal(rig.port[0].n_sent[PTP_SIGNALING], 3);
	assert_int_equal(asked_sync_interval(), 0);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_neighbour_gets_other_intervals_and_the_first_ones_back),
		T(what_is_asked_for_is_bounded),
		T(nobody_stops_us_but_where_it_is_allowed),
		T(a_flood_of_requests_neither_silences_nor_hurries_us),
		T(only_a_master_that_is_meant_listens),
		T(a_port_that_becomes_master_again_has_its_own_intervals),
		T(peer_delay_is_measured_as_often_as_the_neighbour_asks),
		T(a_stable_client_asks_for_its_interval),
		T(a_master_that_does_not_listen_is_asked_three_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
