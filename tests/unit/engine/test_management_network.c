// SPDX-License-Identifier: GPL-2.0-or-later
/* Management over the network: read only, limited, forwarded by its boundary hops. And events, and the slave
 * event monitor. */
#include <stdlib.h>

#include "bc/engine/management.h"
#include "tests/unit/engine/management_bench.h"

static const struct bc_action *last_sent(const struct rig *rig, size_t port)
{
	return &rig->port[port].last_send[PTP_MANAGEMENT];
}

static unsigned int n_sent(const struct rig *rig, size_t port)
{
	return rig->port[port].n_sent[PTP_MANAGEMENT];
}

/* Three ports, all of them grandmaster's. */
static void start_serving(struct rig *rig)
{
	rig_init(rig, 3);
	rig->config.management_rate_limit = 50;
	rig_start(rig, RIG_EPOCH_PTP_NS);
	rig_run_s(rig, 30);
	rig_snapshot(rig);
}

static struct bc_management sent_answer(const struct rig *rig, size_t port)
{
	return decode(last_sent(rig, port)->send.message, last_sent(rig, port)->send.len);
}

static void a_request_from_the_network_is_answered_where_it_came_from(void **state)
{
	static struct rig rig;
	struct bc_management m;

	(void)state;
	start_serving(&rig);
	ask_over_network(&rig, 1, &(struct request){.id = PTP_MID_PRIORITY1, .port = ALL_PORTS});
	assert_int_equal(n_sent(&rig, 0) + n_sent(&rig, 2), 0);
	assert_int_equal(n_sent(&rig, 1), 1);
	assert_false(last_sent(&rig, 1)->send.is_unicast);
	m = sent_answer(&rig, 1);
	assert_int_equal(m.msg.source.port_number, 2);
	assert_int_equal(m.data[0], 128);
	/* Each port answers for itself, by the one that was asked. */
	ask_over_network(&rig, 1, &(struct request){.id = PTP_MID_PORT_DATA_SET, .port = ALL_PORTS});
	assert_int_equal(n_sent(&rig, 1), 4);
	assert_int_equal(n_sent(&rig, 0) + n_sent(&rig, 2), 0);
	/* By unicast if it came so. */
	ask_over_network(
		&rig, 1,
		&(struct request){.id = PTP_MID_PRIORITY1, .port = ALL_PORTS, .flags = PTP_FLAG_UNICAST});
	assert_true(last_sent(&rig, 1)->send.is_unicast);
	assert_int_equal(last_sent(&rig, 1)->send.destination.mac[5], 0x55);
	assert_true(sent_answer(&rig, 1).msg.flags & PTP_FLAG_UNICAST);
	rig_stop(&rig);
}

static void nothing_is_set_commanded_or_subscribed_over_the_network(void **state)
{
	const struct request cases[] = {
		{.action = PTP_MANAGEMENT_SET,
		 .id = PTP_MID_PRIORITY1,
		 .port = ALL_PORTS,
		 .data = (uint8_t[2]){1},
		 .data_len = 2},
		{.action = PTP_MANAGEMENT_COMMAND, .id = PTP_MID_DISABLE_PORT, .port = 2},
		{.action = PTP_MANAGEMENT_SET,
		 .id = PTP_MID_SUBSCRIBE_EVENTS_NP,
		 .port = ALL_PORTS,
		 .data = (uint8_t[66]){0, 60, 7},
		 .data_len = 66},
	};
	static const uint16_t local[] = {PTP_MID_PORT_PROPERTIES_NP, PTP_MID_PORT_HWCLOCK_NP,
					 PTP_MID_SUBSCRIBE_EVENTS_NP};
	static struct rig rig;
	struct bc_management m;

	(void)state;
	start_serving(&rig);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ask_over_network(&rig, 0, &cases[i]);
		m = sent_answer(&rig, 0);
		assert_int_equal(error_of(&m), PTP_MANAGEMENT_NOT_SUPPORTED);
	}
	rig_assert_only(&rig, 0, BC_COUNTER_MANAGEMENT_REFUSED, ARRAY_SIZE(cases));
	assert_int_equal(n_sent(&rig, 0), ARRAY_SIZE(cases));
	for (size_t i = 0; i < ARRAY_SIZE(local); i++) {
		ask_over_network(&rig, 0, &(struct request){.id = local[i], .port = 1});
		m = sent_answer(&rig, 0);
		assert_int_equal(error_of(&m), PTP_MANAGEMENT_NOT_SUPPORTED);
	}
	rig_run_s(&rig, 10);
	assert_int_equal(rig_status(&rig).grandmaster_priority1, 128);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_GRAND_MASTER);
	assert_int_equal(rig.n_management, 0);
	rig_stop(&rig);
}

static void a_flood_is_answered_within_limits_and_others_are_still_served(void **state)
{
	static struct rig rig;
	struct request flood = {.id = PTP_MID_PORT_DATA_SET, .port = ALL_PORTS};
	struct request other = {.id = PTP_MID_PRIORITY1, .port = ALL_PORTS, .client = 1};
	unsigned int n_others = 0, n_syncs;

	(void)state;
	start_serving(&rig);
	n_syncs = rig.port[0].n_sent[PTP_SYNC];
	for (unsigned int i = 0; i < 100000; i++) {
		ask_over_network(&rig, 0, &flood);
		rig_run_ns(&rig, 100 * NSEC_PER_USEC);
		if (i % 5000 == 0) {
			unsigned int before = n_sent(&rig, 0);

			ask_over_network(&rig, 0, &other);
			n_others += n_sent(&rig, 0) - before;
		}
	}
	/* Ten seconds: 50 requests a second, four seconds' worth at once, three answers each; and 20 of the
	 * other. */
	assert_in_range(n_sent(&rig, 0), 1400, (4 + 10) * 50 * 3 + 3 + 20);
	assert_in_range(n_others, 15, 20);
	assert_true(rig_counted(&rig, 0, BC_COUNTER_RX_RATE) > 99000);
	/* The protocol goes on. */
	assert_in_range(rig.port[0].n_sent[PTP_SYNC] - n_syncs, 79, 81);
	rig_stop(&rig);
}

static void what_a_port_sends_for_management_has_a_limit_of_its_own(void **state)
{
	static struct rig rig;
	struct request flood = {.id = PTP_MID_PORT_DATA_SET, .port = ALL_PORTS};

	(void)state;
	rig_init(&rig, 3);
	rig_start(&rig, RIG_EPOCH_PTP_NS); /* requests are not limited */
	rig_run_s(&rig, 30);
	for (unsigned int i = 0; i < 10000; i++) {
		ask_over_network(&rig, 0, &flood);
		rig_run_ns(&rig, 100 * NSEC_PER_USEC);
	}
	assert_in_range(n_sent(&rig, 0), BC_MANAGEMENT_TX_PER_S,
			BC_MANAGEMENT_TX_PER_S + BC_MANAGEMENT_TX_BURST + 1);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_MANAGEMENT_LIMITED) + n_sent(&rig, 0), 30000);
	rig_stop(&rig);
}

static void messages_go_on_to_the_other_ports_one_hop_less(void **state)
{
	static const uint8_t other[PTP_CLOCK_IDENTITY_LEN] = {9, 9, 9};
	static struct rig rig;
	struct request request = {
		.id = PTP_MID_PRIORITY1, .port = ALL_PORTS, .target = other, .boundary_hops = 2};
	struct bc_management m;

	(void)state;
	start_serving(&rig);
	ask_over_network(&rig, 0, &request);
	assert_int_equal(n_sent(&rig, 0), 0);
	assert_int_equal(n_sent(&rig, 1), 1);
	assert_int_equal(n_sent(&rig, 2), 1);
	m = sent_answer(&rig, 2);
	assert_int_equal(m.boundary_hops, 1);
	assert_int_equal(m.starting_boundary_hops, 2);
	assert_memory_equal(&m.msg.source, &tool_identity, sizeof(tool_identity));
	/* At the end of its way, or for us alone, it goes no further. */
	request.boundary_hops = 0;
	ask_over_network(&rig, 0, &request);
	request.boundary_hops = 2;
	request.target = rig.config.clock_identity;
	ask_over_network(&rig, 0, &request);
	assert_int_equal(n_sent(&rig, 1) + n_sent(&rig, 2), 2);
	assert_int_equal(n_sent(&rig, 0), 1);
	/* What is for everyone is answered, too, and the answer comes as far. */
	request.target = NULL;
	ask_over_network(&rig, 0, &request);
	assert_int_equal(n_sent(&rig, 0), 2);
	assert_int_equal(n_sent(&rig, 1) + n_sent(&rig, 2), 4);
	m = sent_answer(&rig, 0);
	assert_int_equal(m.starting_boundary_hops, 0);
	rig_stop(&rig);
}

static void a_socket_asks_the_network_through_us_and_gets_its_answers(void **state)
{
	static struct rig rig;
	struct request request = {.id = PTP_MID_PRIORITY1, .port = ALL_PORTS, .boundary_hops = 1};
	struct request response = {.action = PTP_MANAGEMENT_RESPONSE,
				   .id = PTP_MID_PRIORITY1,
				   .port = 4711,
				   .target = tool_identity.clock_identity,
				   .data = (uint8_t[2]){5},
				   .data_len = 2,
				   .boundary_hops = 1,
				   .client = 9};
	struct bc_management m;

	(void)state;
	start_serving(&rig);
	assert_int_equal(ask(&rig, &request), 1);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(n_sent(&rig, i), 1);
	ask_over_network(&rig, 2, &response);
	assert_int_equal(rig.n_management, 2);
	m = answer(&rig, 1);
	assert_int_equal(m.data[0], 5);
	assert_memory_equal(rig.management[1].management.client.address, "/a0", 3);
	rig_stop(&rig);
}

static void a_disabled_port_still_answers(void **state)
{
	static struct rig rig;
	struct bc_management m;

	(void)state;
	start_serving(&rig);
	ask(&rig, &(struct request){.action = PTP_MANAGEMENT_COMMAND, .id = PTP_MID_DISABLE_PORT, .port = 1});
	ask_over_network(&rig, 0, &(struct request){.id = PTP_MID_PORT_DATA_SET, .port = 1});
	m = sent_answer(&rig, 0);
	assert_int_equal(m.data[10], BC_STATE_DISABLED);
	rig_stop(&rig);
}

static void subscribe(struct rig *rig, uint8_t client, uint8_t events, uint16_t duration_s)
{
	uint8_t data[66] = {(uint8_t)(duration_s >> 8), (uint8_t)duration_s, events};
	struct request r = {.action = PTP_MANAGEMENT_SET,
			    .id = PTP_MID_SUBSCRIBE_EVENTS_NP,
			    .port = ALL_PORTS,
			    .data = data,
			    .data_len = sizeof(data),
			    .client = client};
	struct bc_management m;

	assert_int_equal(ask(rig, &r), 1);
	m = answer(rig, 0);
	assert_int_equal(m.id, PTP_MID_SUBSCRIBE_EVENTS_NP);
	if (duration_s)
		assert_memory_equal(m.data, data, 3);
	rig->n_management = 0;
}

static void subscribers_hear_of_what_they_asked_for_until_it_expires(void **state)
{
	static struct rig rig;
	struct bc_management m;

	(void)state;
	rig_start_following(&rig);
	subscribe(&rig, 0, 1 << BC_NOTIFY_TIME_SYNC, 10);
	rig_run_s(&rig, 2);
	assert_in_range(rig.n_management, 15, 17);
	m = answer(&rig, 0);
	assert_int_equal(m.id, PTP_MID_TIME_STATUS_NP);
	assert_int_equal(m.action, PTP_MANAGEMENT_RESPONSE);
	assert_memory_equal(&m.msg.requesting, &tool_identity, sizeof(tool_identity));
	/* Its sequence numbers are its own. */
	assert_int_equal(m.msg.sequence_id, 0);
	m = answer(&rig, 1);
	assert_int_equal(m.msg.sequence_id, 1);
	rig_run_s(&rig, 12);
	rig.n_management = 0;
	rig_run_s(&rig, 2);
	assert_int_equal(rig.n_management, 0);

	subscribe(&rig, 0, 1 << BC_NOTIFY_PORT_STATE | 1 << BC_NOTIFY_PARENT_DATA_SET, 60);
	rig_run_s(&rig, 2);
	assert_int_equal(rig.n_management, 0);
	rig.masters[0].is_on = false;
	rig_run_s(&rig, 20);
	assert_in_range(rig.n_management, 2, 6);
	for (unsigned int i = 0, n_parent = 0, n_port = 0; i < rig.n_management; i++) {
		m = answer(&rig, i);
		n_parent += m.id == PTP_MID_PARENT_DATA_SET;
		n_port += m.id == PTP_MID_PORT_DATA_SET;
		if (i == rig.n_management - 1) {
			assert_int_equal(n_parent, 1);
			assert_int_equal(n_parent + n_port, rig.n_management);
		}
	}
	/* And no longer than he wants. */
	subscribe(&rig, 0, 0, 0);
	rig.masters[0].is_on = true;
	rig_run_s(&rig, 20);
	assert_int_equal(rig.n_management, 0);
	rig_stop(&rig);
}

static void subscribers_are_bounded_and_the_oldest_goes(void **state)
{
	static struct rig rig;
	struct bc_management_client client = {.len = 3, .address = {'/', 'a', '0' + 5}};
	unsigned int n_of_first = 0;

	(void)state;
	rig_start_following(&rig);
	for (unsigned int i = 0; i <= BC_SUBSCRIBERS; i++) {
		subscribe(&rig, (uint8_t)i, 1 << BC_NOTIFY_PORT_STATE, 600);
		rig_run_ns(&rig, NSEC_PER_MSEC);
	}
	/* One whose socket is gone is forgotten. */
	bc_engine_forget_management_client(rig.engine, &client);
	rig.n_management = 0;
	bc_engine_handle_link(rig.engine, 0, BC_LINK_DOWN, rig.now_mono_ns);
	rig_drain(&rig);
	for (unsigned int i = 0; i < MIN(rig.n_management, RIG_MANAGEMENT); i++)
		n_of_first += rig.management[i].management.client.address[2] == '0';
	assert_int_equal(n_of_first, 0);
	/* As many as there is room for; the queue is not filled with them. */
	assert_true(rig.n_management + rig_counted(&rig, 0, BC_COUNTER_MANAGEMENT_LOST) >=
		    BC_SUBSCRIBERS - 1);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_TX_ACTION_LOST), 0);
	rig_stop(&rig);
}

static void the_monitor_gets_every_measurement(void **state)
{
	static struct rig rig;
	const uint8_t *tlv = rig.slave_event.slave_event.message + 44;
	struct rig_master *master;

	(void)state;
	rig_init(&rig, 2);
	rig.config.monitors_slave_events = true;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	master = rig_master(&rig, 0, 0);
	rig_run_s(&rig, 20);
	rig.n_slave_events = 0;
	rig_run_s(&rig, 4);
	/* Eight Syncs a second and a Delay_Req now and then. */
	assert_in_range(rig.n_slave_events, 32, 60);
	master->is_answering = false;
	rig_run_s(&rig, 2);
	assert_int_equal(get_be16(tlv), PTP_TLV_SLAVE_RX_SYNC_TIMING_DATA);
	assert_int_equal(get_be16(tlv + 2), 10 + 34);
	assert_memory_equal(tlv + 4, master->identity.clock_identity, PTP_CLOCK_IDENTITY_LEN);
	/* Received less sent is the way. */
	assert_true(llabs((int64_t)(get_be48(tlv + 38) * NSEC_PER_SEC + get_be32(tlv + 44)) -
			  (int64_t)(get_be48(tlv + 16) * NSEC_PER_SEC + get_be32(tlv + 22)) -
			  ((int64_t)get_be64(tlv + 26) >> 16) - master->delay_out_ns) < 1000);
	rig_stop(&rig);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_from_the_network_is_answered_where_it_came_from),
		cmocka_unit_test(nothing_is_set_commanded_or_subscribed_over_the_network),
		cmocka_unit_test(a_flood_is_answered_within_limits_and_others_are_still_served),
		cmocka_unit_test(what_a_port_sends_for_management_has_a_limit_of_its_own),
		cmocka_unit_test(messages_go_on_to_the_other_ports_one_hop_less),
		cmocka_unit_test(a_socket_asks_the_network_through_us_and_gets_its_answers),
		cmocka_unit_test(a_disabled_port_still_answers),
		cmocka_unit_test(subscribers_hear_of_what_they_asked_for_until_it_expires),
		cmocka_unit_test(subscribers_are_bounded_and_the_oldest_goes),
		cmocka_unit_test(the_monitor_gets_every_measurement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
