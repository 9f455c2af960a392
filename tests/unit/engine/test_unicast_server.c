// SPDX-License-Identifier: GPL-2.0-or-later
/* Unicast service: what is granted and sent, what is denied and why, and how it ends. */
#include "tests/unit/engine/rig.h"

#include <stdlib.h>

#include "bc/wire/tlv.h"
#include "util/unaligned.h"

#define CLIENTS 8

static struct rig rig;

static int setup(void **state)
{
	(void)state;
	rig_init(&rig, 1);
	rig.config.max_unicast_clients = 100;
	rig.ports[0].inhibit_multicast_service = true;
	rig.ports[0].unicast_limits = (struct bc_unicast_limits){
		.max_clients = CLIENTS, .max_rate = 1000, .max_duration_s = 300, .min_log_interval = -7};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rig_stop(&rig);
	return 0;
}

static void start_as_master(void)
{
	rig_start(&rig, RIG_EPOCH_PTP_NS + (int64_t)rig.now_mono_ns);
	rig_run_s(&rig, 10);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_GRAND_MASTER);
	rig_snapshot(&rig);
}

/* A Signaling message of client `id` from a MAC address that ends in `host`. */
static void signal_from_host(uint16_t host, uint16_t id, uint16_t tlv_type, const uint8_t *value, size_t len)
{
	struct bc_msg msg = {.type = PTP_SIGNALING, .flags = PTP_FLAG_UNICAST, .source = {{9}, id}};
	struct bc_tlv_buffer tlvs = {.len = 0};
	uint8_t octets[BC_MSG_TX_MAX];
	struct bc_rx rx = {.message = octets, .transport = EBC_TRANSPORT_IEEE_802_3};

	memset(&msg.requesting, 0xff, sizeof(msg.requesting));
	memcpy(bc_tlv_add(&tlvs, tlv_type, len), value, len);
	msg.tlvs = tlvs.data;
	msg.tlvs_len = tlvs.len;
	rx.len = bc_msg_write(&msg, octets);
	put_be16(rx.source.mac + 4, host);
	bc_engine_handle_rx(rig.engine, 0, &rx, rig.now_mono_ns);
	rig_drain(&rig);
}

/* From the client's own address. */
static void signal_from(uint16_t id, uint16_t tlv_type, const uint8_t *value, size_t len)
{
	signal_from_host(id, id, tlv_type, value, len);
}

/* Whether client `id` got something at `host`. */
static bool is_granted_at(uint16_t host, uint16_t id, uint8_t message_type, int8_t log_interval)
{
	uint64_t n = rig_counted(&rig, 0, BC_COUNTER_UNICAST_GRANTED);
	uint8_t value[6] = {(uint8_t)(message_type << 4), (uint8_t)log_interval, 0, 0, 0, 100};

	signal_from_host(host, id, PTP_TLV_REQUEST_UNICAST_TRANSMISSION, value, sizeof(value));
	return rig_counted(&rig, 0, BC_COUNTER_UNICAST_GRANTED) > n;
}

/* Returns the duration that was granted, seconds. */
static uint32_t request(uint16_t id, uint8_t message_type, int8_t log_interval, uint32_t duration_s)
{
	const struct bc_action *answer = &rig.port[0].last_send[PTP_SIGNALING];
	unsigned int n = rig.port[0].n_sent[PTP_SIGNALING];
	uint8_t value[6] = {(uint8_t)(message_type << 4), (uint8_t)log_interval};
	struct bc_tlv tlv;
	struct bc_msg msg;

	put_be32(value + 2, duration_s);
	signal_from(id, PTP_TLV_REQUEST_UNICAST_TRANSMISSION, value, sizeof(value));
	assert_int_equal(rig.port[0].n_sent[PTP_SIGNALING], n + 1);
	assert_true(answer->send.is_unicast);
	assert_int_equal(get_be16(answer->send.destination.mac + 4), id);
	assert_int_equal(bc_msg_parse(answer->send.message, answer->send.len, &msg), BC_MSG_OK);
	assert_int_equal(msg.flags, PTP_FLAG_UNICAST);
	assert_int_equal(msg.requesting.port_number, id);
	assert_true(bc_tlv_find(&msg, PTP_TLV_GRANT_UNICAST_TRANSMISSION, &tlv));
	assert_int_equal(tlv.len, 8);
	assert_int_equal(tlv.value[0], message_type << 4);
	assert_int_equal((int8_t)tlv.value[1], log_interval);
	assert_int_equal(tlv.value[7], get_be32(tlv.value + 2) > 0);
	return get_be32(tlv.value + 2);
}

static void cancel(uint16_t id, uint8_t message_type)
{
	signal_from(id, PTP_TLV_CANCEL_UNICAST_TRANSMISSION, (uint8_t[]){(uint8_t)(message_type << 4), 0}, 2);
}

static void a_client_gets_what_it_asked_for_until_it_expires(void **state)
{
	unsigned int n_sync, n_announce, n_follow_up;

	(void)state;
	start_as_master();
	assert_int_equal(request(5, PTP_ANNOUNCE, 1, 100), 100);
	assert_int_equal(request(5, PTP_SYNC, -4, 100), 100);
	assert_int_equal(request(5, PTP_DELAY_RESP, -4, 100), 100);
	assert_int_equal(bc_engine_n_unicast_clients(rig.engine), 1);
	rig_run_s(&rig, 10);
	n_sync = rig.port[0].n_sent[PTP_SYNC];
	n_announce = rig.port[0].n_sent[PTP_ANNOUNCE];
	n_follow_up = rig.port[0].n_sent[PTP_FOLLOW_UP];
	rig_run_s(&rig, 80);
	assert_int_equal(rig.port[0].n_sent[PTP_SYNC] - n_sync, 80 * 16);
	assert_int_equal(rig.port[0].n_sent[PTP_FOLLOW_UP] - n_follow_up, 80 * 16);
	assert_int_equal(rig.port[0].n_sent[PTP_ANNOUNCE] - n_announce, 40);
	for (unsigned int i = 0; i < 3; i++) {
		uint8_t type = (uint8_t[]){PTP_SYNC, PTP_FOLLOW_UP, PTP_ANNOUNCE}[i];

		assert_true(rig.port[0].last_send[type].send.is_unicast);
		assert_int_equal(get_be16(rig.port[0].last_send[type].send.destination.mac + 4), 5);
		assert_true(rig.port[0].last_sent[type].flags & PTP_FLAG_UNICAST);
		assert_int_equal(rig.port[0].last_sent[type].log_message_interval, 0x7f);
	}
	rig_run_s(&rig, 11);
	n_sync = rig.port[0].n_sent[PTP_SYNC];
	rig_run_s(&rig, 10);
	assert_int_equal(rig.port[0].n_sent[PTP_SYNC], n_sync);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_UNICAST_EXPIRED), 3);
	assert_int_equal(bc_engine_n_unicast_clients(rig.engine), 0);
}

static void each_client_has_sequence_numbers_of_its_own_and_its_own_follow_ups(void **state)
{
	uint16_t next[4];
	bool has_next[4] = {};
	struct bc_action action;

	(void)state;
	start_as_master();
	for (uint16_t id = 1; id < 4; id++)
		assert_int_equal(request(id, PTP_SYNC, -3, 100), 100);
	for (int i = 0; i < 800; i++) {
		rig.now_mono_ns += 10 * NSEC_PER_MSEC;
		bc_engine_handle_timer(rig.engine, rig.now_mono_ns);
		while (bc_engine_pop_action(rig.engine, &action)) {
			uint16_t id = get_be16(action.send.destination.mac + 4);

			if (action.type != BC_ACTION_SEND || action.send.message_type == PTP_ANNOUNCE)
				continue;
			assert_in_range(id, 1, 3);
			if (action.send.message_type == PTP_FOLLOW_UP) {
				assert_int_equal(action.send.sequence_id, (uint16_t)(next[id] - 1));
				continue;
			}
			if (has_next[id])
				assert_int_equal(action.send.sequence_id, next[id]);
			has_next[id] = true;
			next[id] = (uint16_t)(action.send.sequence_id + 1);
			bc_engine_handle_tx_stamp(rig.engine, 0, PTP_SYNC, action.send.sequence_id,
						  rig.now_mono_ns);
		}
	}
	assert_true(has_next[1] && has_next[2] && has_next[3]);
	rig_assert_nothing_refused(&rig);
}

static void a_renewal_prolongs_and_another_interval_replaces(void **state)
{
	unsigned int n;

	(void)state;
	start_as_master();
	assert_int_equal(request(1, PTP_SYNC, 0, 20), 20);
	rig_run_s(&rig, 15);
	assert_int_equal(request(1, PTP_SYNC, 0, 20), 20);
	rig_run_s(&rig, 15);
	n = rig.port[0].n_sent[PTP_SYNC];
	assert_in_range(n, 29, 31);
	assert_int_equal(request(1, PTP_SYNC, -3, 20), 20);
	rig_run_s(&rig, 10);
	assert_in_range(rig.port[0].n_sent[PTP_SYNC] - n, 79, 81);
	assert_int_equal(bc_engine_n_unicast_clients(rig.engine), 1);
}

static void a_cancel_ends_a_grant_and_is_acknowledged(void **state)
{
	unsigned int n;
	struct bc_tlv tlv;
	struct bc_msg msg;

	(void)state;
	start_as_master();
	request(1, PTP_SYNC, -3, 100);
	rig_run_s(&rig, 1);
	/* Of somebody else, and of what was not granted: nothing. */
	cancel(2, PTP_SYNC);
	cancel(1, PTP_ANNOUNCE);
	assert_int_equal(bc_engine_n_unicast_clients(rig.engine), 1);
	n = rig.port[0].n_sent[PTP_SIGNALING];
	cancel(1, PTP_SYNC);
	assert_int_equal(rig.port[0].n_sent[PTP_SIGNALING], n + 1);
	assert_int_equal(bc_msg_parse(rig.port[0].last_send[PTP_SIGNALING].send.message,
				      rig.port[0].last_send[PTP_SIGNALING].send.len, &msg),
			 BC_MSG_OK);
	assert_true(bc_tlv_find(&msg, PTP_TLV_ACKNOWLEDGE_CANCEL_UNICAST_TRANSMISSION, &tlv));
	assert_int_equal(tlv.value[0], PTP_SYNC << 4);
	n = rig.port[0].n_sent[PTP_SYNC];
	rig_run_s(&rig, 5);
	assert_int_equal(rig.port[0].n_sent[PTP_SYNC], n);
	assert_int_equal(bc_engine_n_unicast_clients(rig.engine), 0);
}

static void what_is_too_much_is_denied_for_its_reason(void **state)
{
	(void)state;
	rig.ports[0].unicast_limits.min_log_interval = -5;
	rig.ports[0].unicast_limits.max_rate = 100;
	start_as_master();
	assert_int_equal(request(1, PTP_SYNC, -6, 100), 0);
	assert_int_equal(request(1, PTP_SYNC, 16, 100), 0);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_UNICAST_DENIED_INTERVAL), 2);
	assert_int_equal(request(1, PTP_PDELAY_RESP, 0, 100), 0);
	assert_int_equal(request(1, PTP_SYNC, 0, 0), 0);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_UNICAST_DENIED_SERVICE), 2);
	/* Three times 32 a second fit into 100, a fourth does not; once one goes, or is slower, it does. */
	for (uint16_t id = 1; id <= 3; id++)
		assert_int_equal(request(id, PTP_SYNC, -5, 3600000), 300);
	assert_int_equal(request(4, PTP_SYNC, -5, 100), 0);
	assert_int_equal(request(4, PTP_SYNC, -2, 100), 100);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_UNICAST_DENIED_RATE), 1);
	assert_int_equal(request(3, PTP_SYNC, 0, 100), 100);
	assert_int_equal(request(5, PTP_SYNC, -4, 100), 100);
	cancel(1, PTP_SYNC);
	assert_int_equal(request(6, PTP_SYNC, -5, 100), 100);
}

static void clients_are_counted_on_each_port_and_on_all(void **state)
{
	(void)state;
	start_as_master();
	for (uint16_t id = 1; id <= CLIENTS; id++)
		assert_int_equal(request(id, PTP_ANNOUNCE, 0, 100), 100);
	assert_int_equal(request(100, PTP_ANNOUNCE, 0, 100), 0);
	/* Those who are clients remain so. */
	assert_int_equal(request(3, PTP_ANNOUNCE, 0, 100), 100);
	assert_int_equal(request(3, PTP_SYNC, 0, 100), 100);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_UNICAST_DENIED_CLIENTS), 1);
	rig_stop(&rig);
	rig.config.max_unicast_clients = 2;
	start_as_master();
	assert_int_equal(request(1, PTP_ANNOUNCE, 0, 100), 100);
	assert_int_equal(request(2, PTP_ANNOUNCE, 0, 100), 100);
	assert_int_equal(request(3, PTP_ANNOUNCE, 0, 100), 0);
}

static void one_host_in_many_names_leaves_room_for_others(void **state)
{
	(void)state;
	rig.ports[0].unicast_limits.max_rate = 100;
	rig.ports[0].unicast_limits.max_host_percent = 25;
	start_as_master();
	/* A host of one name may have all the rate, and of several a quarter: of eight clients, and of 100/s.
	 */
	assert_true(is_granted_at(1, 1, PTP_SYNC, -5));
	assert_false(is_granted_at(1, 2, PTP_SYNC, 0));
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_UNICAST_DENIED_RATE), 1);
	assert_true(is_granted_at(1, 1, PTP_SYNC, -4));
	assert_true(is_granted_at(1, 2, PTP_SYNC, -3));
	assert_false(is_granted_at(1, 2, PTP_ANNOUNCE, -1));
	assert_false(is_granted_at(1, 3, PTP_ANNOUNCE, 1));
	/* Who has it keeps it, and may ask for less. */
	assert_true(is_granted_at(1, 1, PTP_SYNC, -4));
	assert_true(is_granted_at(1, 1, PTP_SYNC, -2));
	assert_false(is_granted_at(1, 3, PTP_ANNOUNCE, 1));
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_UNICAST_DENIED_CLIENTS), 2);
	for (uint16_t id = 10; id < 16; id++)
		assert_true(is_granted_at(id, id, PTP_SYNC, -2));
	/* What it had is free again once it is over. */
	rig_run_s(&rig, 101);
	assert_int_equal(bc_engine_n_unicast_clients(rig.engine), 0);
	assert_true(is_granted_at(1, 5, PTP_SYNC, -3));
	assert_true(is_granted_at(1, 6, PTP_SYNC, -3));
}

/* 3000 requests a second in as many names: the client's grants of 20 s are renewed all the same. */
static void who_is_served_is_served_through_a_flood_of_names(void **state)
{
	const uint8_t wish[6] = {PTP_ANNOUNCE << 4, 0, 0, 0, 0, 100};
	unsigned int n_renewed = 0, n_others = 0, n_sync;

	(void)state;
	rig.config.signaling_rate_limit = 50;
	rig.ports[0].unicast_limits.max_host_percent = 25;
	start_as_master();
	assert_int_equal(request(1, PTP_SYNC, -3, 20), 20);
	n_sync = rig.port[0].n_sent[PTP_SYNC];
	for (uint32_t i = 0; i < 60 * 3000; i++) {
		if (i % 3000 == 0)
			rig_run_s(&rig, 1);
		signal_from_host(9, (uint16_t)(2 + i % 65000), PTP_TLV_REQUEST_UNICAST_TRANSMISSION, wish,
				 sizeof(wish));
		if (i % 45000 == 44999)
			n_renewed += request(1, PTP_SYNC, -3, 20) == 20;
	}
	assert_int_equal(n_renewed, 4);
	assert_in_range(rig.port[0].n_sent[PTP_SYNC] - n_sync, 60 * 8 - 8, 60 * 8 + 8);
	/* The flood has its quarter, and a newcomer elsewhere finds a place. */
	assert_int_equal(bc_engine_n_unicast_clients(rig.engine), 3);
	for (unsigned int i = 0; i < 10 && n_others == 0; i++) {
		rig_run_s(&rig, 1);
		n_others += is_granted_at(3, 3, PTP_SYNC, 0);
	}
	assert_int_equal(n_others, 1);
}

static void news_is_told_at_once_and_no_oftener_than_four_times_an_interval(void **state)
{
	struct rig_master *m;
	unsigned int n;

	(void)state;
	teardown(NULL);
	rig_init(&rig, 2);
	rig.config.max_unicast_clients = CLIENTS;
	rig.ports[0].inhibit_multicast_service = true;
	rig.ports[0].unicast_limits = (struct bc_unicast_limits){
		.max_clients = CLIENTS, .max_rate = 1000, .max_duration_s = 300, .min_log_interval = -7};
	m = rig_master(&rig, 0, 1);
	rig_start(&rig, RIG_EPOCH_PTP_NS + (int64_t)rig.now_mono_ns);
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_MASTER);
	/* A client of Sync alone is not told anything. */
	assert_int_equal(request(9, PTP_SYNC, 2, 300), 300);
	for (uint16_t id = 1; id <= 3; id++)
		assert_int_equal(request(id, PTP_ANNOUNCE, 3, 300), 300);
	for (int i = 0; i < 5; i++) {
		rig_run_ns(&rig, 8100 * NSEC_PER_MSEC);
		n = rig.port[0].n_sent[PTP_ANNOUNCE];
		m->announce.grandmaster_clock_quality.clock_class = (uint8_t)(6 + i % 2);
		rig_master_announce(&rig, m);
		/* A quarter of the interval at the latest. */
		rig_run_ns(&rig, 2100 * NSEC_PER_MSEC);
		assert_in_range(rig.port[0].n_sent[PTP_ANNOUNCE] - n, i == 0 ? 0 : 3, 6);
		assert_int_equal(
			rig.port[0].last_sent[PTP_ANNOUNCE].announce.grandmaster_clock_quality.clock_class,
			6 + i % 2);
	}
	n = rig.port[0].n_sent[PTP_ANNOUNCE];
	for (int i = 0; i < 400; i++) {
		m->announce.grandmaster_clock_quality.clock_class = (uint8_t)(6 + i % 2);
		rig_master_announce(&rig, m);
		rig_run_ns(&rig, 100 * NSEC_PER_MSEC);
	}
	assert_in_range(rig.port[0].n_sent[PTP_ANNOUNCE] - n, 3 * 18, 3 * 21);
	n = rig.port[0].n_sent[PTP_ANNOUNCE];
	rig_run_s(&rig, 80);
	assert_in_range(rig.port[0].n_sent[PTP_ANNOUNCE] - n, 3 * 9, 3 * 11);
}

static void who_is_not_master_denies_and_sends_nothing(void **state)
{
	unsigned int n;

	(void)state;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_LISTENING);
	assert_int_equal(request(1, PTP_SYNC, 0, 100), 0);
	rig_run_s(&rig, 10);
	assert_int_equal(request(1, PTP_SYNC, -3, 300), 300);
	/* A better master comes: nothing is sent. It goes: the grant still holds. */
	rig_master(&rig, 0, 0);
	rig_run_s(&rig, 10);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	n = rig.port[0].n_sent[PTP_SYNC];
	rig_run_s(&rig, 10);
	assert_int_equal(rig.port[0].n_sent[PTP_SYNC], n);
	rig.masters[0].is_on = false;
	rig_run_s(&rig, 20);
	assert_true(rig.port[0].n_sent[PTP_SYNC] > n + 50);
}

static void a_name_from_another_address_is_another_client(void **state)
{
	struct bc_action *sync = &rig.port[0].last_send[PTP_SYNC];

	(void)state;
	start_as_master();
	request(1, PTP_SYNC, -3, 100);
	rig_run_s(&rig, 1);
	/* The same identity: 9...-1, but asked from where client 7 is. */
	for (int i = 0; i < 2; i++) {
		struct bc_msg msg = {.type = PTP_SIGNALING, .source = {{9}, 1}};
		uint8_t value[6] = {PTP_SYNC << 4, 0, 0, 0, 0, 100}, octets[BC_MSG_TX_MAX];
		struct bc_tlv_buffer tlvs = {.len = 0};
		struct bc_rx rx = {.message = octets,
				   .transport = EBC_TRANSPORT_IEEE_802_3,
				   .source = {.mac = {0, 0, 0, 0, 0, 7}}};

		memset(&msg.requesting, 0xff, sizeof(msg.requesting));
		memcpy(bc_tlv_add(&tlvs,
				  i == 0 ? PTP_TLV_REQUEST_UNICAST_TRANSMISSION
					 : PTP_TLV_CANCEL_UNICAST_TRANSMISSION,
				  i == 0 ? 6 : 2),
		       value, i == 0 ? 6 : 2);
		msg.tlvs = tlvs.data;
		msg.tlvs_len = tlvs.len;
		rx.len = bc_msg_write(&msg, octets);
		bc_engine_handle_rx(rig.engine, 0, &rx, rig.now_mono_ns);
		rig_drain(&rig);
		assert_int_equal(bc_engine_n_unicast_clients(rig.engine), 2 - i);
	}
	rig_run_s(&rig, 1);
	assert_int_equal(get_be16(sync->send.destination.mac + 4), 1);
}

static void stamps_that_do_not_come_cost_their_message_and_then_the_port(void **state)
{
	(void)state;
	start_as_master();
	request(1, PTP_SYNC, -4, 300);
	rig.port[0].stamp_loss_every = 4;
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_GRAND_MASTER);
	assert_in_range(rig_counted(&rig, 0, BC_COUNTER_TX_STAMP_MISSING), 70, 80);
	rig.port[0].stamp_loss_every = 1;
	rig_run_s(&rig, 3);
	assert_int_equal(rig.port[0].n_faults, 1);
	rig.port[0].stamp_loss_every = 0;
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_GRAND_MASTER);
}

static void many_syncs_that_wait_for_late_stamps_keep_their_clients(void **state)
{
	unsigned int n_follow_up;

	(void)state;
	rig.ports[0].unicast_limits.max_rate = 2000;
	start_as_master();
	rig.port[0].holds_stamps = true;
	for (uint16_t id = 1; id <= CLIENTS; id++)
		assert_int_equal(request(id, PTP_SYNC, -7, 100), 100);
	/* 1024 a second, none stamped: every one is remembered with its client. */
	rig_run_ns(&rig, 900 * NSEC_PER_MSEC);
	n_follow_up = rig.port[0].n_sent[PTP_FOLLOW_UP];
	assert_in_range(rig.port[0].n_sent[PTP_SYNC], 700, 1024);
	for (unsigned int id = 0; id < 0x10000; id++) {
		bc_engine_handle_tx_stamp(rig.engine, 0, PTP_SYNC, (uint16_t)id, rig.now_mono_ns);
		rig_drain(&rig);
	}
	assert_int_equal(rig.port[0].n_sent[PTP_FOLLOW_UP] - n_follow_up, rig.port[0].n_sent[PTP_SYNC]);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_TX_STAMP_MISSING), 0);
}

static void one_step_syncs_by_unicast_need_no_follow_up(void **state)
{
	struct bc_action action;
	unsigned int n = 0;

	(void)state;
	start_as_master();
	bc_engine_set_one_step(rig.engine, 0, true, 1500);
	assert_int_equal(request(1, PTP_SYNC, -3, 100), 100);
	for (int i = 0; i < 200; i++) {
		rig.now_mono_ns += 10 * NSEC_PER_MSEC;
		bc_engine_handle_timer(rig.engine, rig.now_mono_ns);
		while (bc_engine_pop_action(rig.engine, &action)) {
			struct bc_msg msg;

			if (action.type != BC_ACTION_SEND || action.send.message_type == PTP_ANNOUNCE)
				continue;
			assert_int_equal(action.send.message_type, PTP_SYNC);
			assert_int_equal(bc_msg_parse(action.send.message, action.send.len, &msg), BC_MSG_OK);
			assert_int_equal(msg.flags, PTP_FLAG_UNICAST);
			assert_int_equal(msg.correction_sns, 1500 * 65536);
			bc_engine_handle_one_step_left(rig.engine, 0, msg.sequence_id, rig.now_mono_ns);
			n++;
		}
	}
	assert_in_range(n, 15, 17);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_TX_STAMP_UNMATCHED), 0);
}

static void malformed_requests_are_counted_and_not_answered(void **state)
{
	unsigned int n;

	(void)state;
	start_as_master();
	n = rig.port[0].n_sent[PTP_SIGNALING];
	signal_from(1, PTP_TLV_REQUEST_UNICAST_TRANSMISSION, (uint8_t[4]){}, 4);
	signal_from(1, PTP_TLV_CANCEL_UNICAST_TRANSMISSION, (uint8_t[0]){}, 0);
	signal_from(1, PTP_TLV_GRANT_UNICAST_TRANSMISSION, (uint8_t[8]){0xb0, 0, 0, 0, 0, 9}, 8);
	assert_int_equal(rig.port[0].n_sent[PTP_SIGNALING], n);
	assert_int_equal(rig_counted(&rig, 0, BC_COUNTER_UNICAST_IGNORED), 2);
	assert_int_equal(bc_engine_n_unicast_clients(rig.engine), 0);
}

static void a_halt_is_not_made_up_for(void **state)
{
	unsigned int n;

	(void)state;
	start_as_master();
	for (uint16_t id = 1; id <= CLIENTS; id++)
		request(id, PTP_SYNC, -3, 300);
	rig_run_s(&rig, 5);
	rig_halt(&rig, 20 * NSEC_PER_SEC);
	n = rig.port[0].n_sent[PTP_SYNC];
	rig_run_s(&rig, 2);
	assert_in_range(rig.port[0].n_sent[PTP_SYNC] - n, 15 * CLIENTS, 17 * CLIENTS);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_client_gets_what_it_asked_for_until_it_expires),
		T(each_client_has_sequence_numbers_of_its_own_and_its_own_follow_ups),
		T(a_renewal_prolongs_and_another_interval_replaces),
		T(a_cancel_ends_a_grant_and_is_acknowledged),
		T(what_is_too_much_is_denied_for_its_reason),
		T(clients_are_counted_on_each_port_and_on_all),
		T(one_host_in_many_names_leaves_room_for_others),
		T(who_is_served_is_served_through_a_flood_of_names),
		T(news_is_told_at_once_and_no_oftener_than_four_times_an_interval),
		T(who_is_not_master_denies_and_sends_nothing),
		T(a_name_from_another_address_is_another_client),
		T(stamps_that_do_not_come_cost_their_message_and_then_the_port),
		T(many_syncs_that_wait_for_late_stamps_keep_their_clients),
		T(one_step_syncs_by_unicast_need_no_follow_up),
		T(malformed_requests_are_counted_and_not_answered),
		T(a_halt_is_not_made_up_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
