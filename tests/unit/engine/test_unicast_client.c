// SPDX-License-Identifier: GPL-2.0-or-later
/* A port that asks the masters of its table: what it asks whom, when, and what it makes of the answers. */
#include "tests/unit/engine/rig.h"

#include <stdlib.h>

#include "bc/wire/tlv.h"
#include "tests/unit/engine/unicast_world.h"
#include "util/unaligned.h"

static struct world world;
static struct world_node *const client = &world.nodes[0];

static int setup(void **state)
{
	(void)state;
	world_init(&world, 3, EBC_TRANSPORT_IEEE_802_3);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_stop(&world);
	return 0;
}

static enum bc_port_state client_state(void)
{
	return bc_engine_port_state(client->engine, 0);
}

static struct bc_unicast_master_status master(size_t i)
{
	struct bc_unicast_master_status masters[BC_UNICAST_MASTERS_MAX];

	assert_int_equal(bc_engine_unicast_masters(client->engine, 0, masters, BC_UNICAST_MASTERS_MAX),
			 world.n - 1);
	return masters[i - 1];
}

static void assert_follows(size_t i)
{
	struct bc_status status;

	bc_engine_status(client->engine, &status);
	assert_int_equal(client_state(), BC_STATE_SLAVE);
	assert_int_equal(status.parent.clock_identity[7], i + 1);
}

/* A Signaling message of a server, with one TLV. */
static void signal_to_client(size_t from, uint16_t type, const uint8_t *value, size_t len)
{
	struct bc_msg msg = {.type = PTP_SIGNALING, .source = {.port_number = 1}};
	struct bc_tlv_buffer tlvs = {.len = 0};
	uint8_t octets[BC_MSG_TX_MAX];

	msg.source.clock_identity[7] = (uint8_t)(from + 1);
	memset(&msg.requesting, 0xff, sizeof(msg.requesting));
	memcpy(bc_tlv_add(&tlvs, type, len), value, len);
	msg.tlvs = tlvs.data;
	msg.tlvs_len = tlvs.len;
	world_receive(&world, from, 0, octets, bc_msg_write(&msg, octets));
	world_settle(&world);
}

static void all_are_asked_for_announce_and_the_best_for_the_rest(void **state)
{
	unsigned int n;

	(void)state;
	client->port.log_sync_interval = -2;
	world_start(&world);
	world_run_s(&world, 30);
	assert_follows(1);
	assert_int_equal(master(1).state, BC_UNICAST_HAVE_SYDY);
	assert_true(master(1).is_selected);
	assert_int_equal(master(1).identity.clock_identity[7], 2);
	assert_int_equal(master(1).priority1, 101);
	assert_int_equal(master(2).state, BC_UNICAST_HAVE_ANN);
	assert_false(master(2).is_selected);
	n = world.nodes[2].n_sent[PTP_SYNC];
	world_run_s(&world, 10);
	assert_int_equal(world.nodes[2].n_sent[PTP_SYNC], n);
	assert_true(world.nodes[2].n_sent[PTP_ANNOUNCE] > 5);
	/* Delay requests go to the master alone. */
	assert_true(client->n_sent[PTP_DELAY_REQ] > 5);
	assert_true(client->last_send[PTP_DELAY_REQ].send.is_unicast);
	assert_int_equal(client->last_send[PTP_DELAY_REQ].send.destination.mac[5], 1);
	assert_int_equal(world.nodes[1].n_sent[PTP_DELAY_RESP] + world.nodes[2].n_sent[PTP_DELAY_RESP],
			 client->n_sent[PTP_DELAY_REQ]);
}

static void grants_are_renewed_before_they_expire(void **state)
{
	unsigned int n;

	(void)state;
	world_start(&world);
	world_run_s(&world, 40);
	n = client->n_sent[PTP_SIGNALING];
	world_run_s(&world, 150);
	assert_follows(1);
	assert_int_equal(world_count(&world, 1, BC_COUNTER_UNICAST_EXPIRED), 0);
	assert_int_equal(world_count(&world, 2, BC_COUNTER_UNICAST_EXPIRED), 0);
	/* Each 15 s of a grant of 20: one request to each, at most one more for what was granted later. */
	assert_in_range(client->n_sent[PTP_SIGNALING] - n, 20, 32);
}

static void a_better_master_is_followed_and_the_other_one_released(void **state)
{
	unsigned int n;

	(void)state;
	world.nodes[1].is_off = true;
	world_start(&world);
	world_run_s(&world, 30);
	assert_follows(2);
	world_start_node(&world, 1);
	world_run_s(&world, 30);
	assert_follows(1);
	assert_int_equal(master(2).state, BC_UNICAST_HAVE_ANN);
	assert_int_equal(world_count(&world, 2, BC_COUNTER_UNICAST_CANCELED), 2);
	n = world.nodes[2].n_sent[PTP_SYNC];
	world_run_s(&world, 10);
	assert_int_equal(world.nodes[2].n_sent[PTP_SYNC], n);
	/* Its end brings the other one back. */
	world_stop_node(&world, 1);
	world_run_s(&world, 15);
	assert_follows(2);
}

static void who_denies_is_asked_less_and_less(void **state)
{
	unsigned int n;

	(void)state;
	world.n = 2;
	client->table.n_masters = 1;
	world.nodes[1].port.unicast_limits.min_log_interval = 3;
	world_start(&world);
	world_run_s(&world, 60);
	n = client->n_sent[PTP_SIGNALING];
	world_run_s(&world, 80);
	assert_int_equal(client->n_sent[PTP_SIGNALING] - n, 10);
	assert_int_equal(world_count(&world, 0, BC_COUNTER_UNICAST_REFUSED),
			 client->n_events[BC_UNICAST_EVENT_DENIED]);
	assert_int_equal(master(1).state, BC_UNICAST_WAIT);
	assert_int_equal(client_state(), BC_STATE_LISTENING);
}

static void who_does_not_answer_is_asked_at_the_query_interval(void **state)
{
	(void)state;
	client->table.log_query_interval = -1;
	world.nodes[1].is_off = world.nodes[2].is_off = true;
	world_start(&world);
	world_run_s(&world, 20);
	assert_in_range(client->n_sent[PTP_SIGNALING], 79, 81);
}

static void a_server_that_started_anew_is_asked_anew(void **state)
{
	(void)state;
	client->port.unicast_req_duration_s = 300;
	world.n = 2;
	client->table.n_masters = 1;
	world_start(&world);
	world_run_s(&world, 30);
	assert_follows(1);
	world_stop_node(&world, 1);
	world_start_node(&world, 1);
	world_run_s(&world, 20);
	assert_follows(1);
	assert_int_equal(master(1).state, BC_UNICAST_HAVE_SYDY);
	assert_true(client->n_events[BC_UNICAST_EVENT_SILENT] >= 1);
}

static void a_cancel_of_the_master_is_acknowledged_and_asked_again_later(void **state)
{
	const struct bc_action *sent = &client->last_send[PTP_SIGNALING];
	struct bc_tlv tlv;
	struct bc_msg msg;

	(void)state;
	world_start(&world);
	world_run_s(&world, 30);
	signal_to_client(1, PTP_TLV_CANCEL_UNICAST_TRANSMISSION, (uint8_t[]){PTP_SYNC << 4, 0}, 2);
	assert_int_equal(bc_msg_parse(sent->send.message, sent->send.len, &msg), BC_MSG_OK);
	assert_true(bc_tlv_find(&msg, PTP_TLV_ACKNOWLEDGE_CANCEL_UNICAST_TRANSMISSION, &tlv));
	assert_int_equal(tlv.value[0], PTP_SYNC << 4);
	assert_int_equal(master(1).state, BC_UNICAST_NEED_SYDY);
	assert_int_equal(client->n_events[BC_UNICAST_EVENT_CANCELED], 1);
	world_run_s(&world, 3);
	assert_int_equal(master(1).state, BC_UNICAST_HAVE_SYDY);
	/* It may also only say that it will not renew: then the grant stays. */
	signal_to_client(1, PTP_TLV_CANCEL_UNICAST_TRANSMISSION, (uint8_t[]){PTP_SYNC << 4 | 2, 0}, 2);
	assert_int_equal(master(1).state, BC_UNICAST_HAVE_SYDY);
}

/* Several services that are denied or canceled at once count as one. */
static void what_is_canceled_all_at_once_is_asked_for_again_after_one_interval(void **state)
{
	static const uint8_t types[] = {PTP_ANNOUNCE, PTP_SYNC, PTP_DELAY_RESP};

	(void)state;
	world_start(&world);
	world_run_s(&world, 30);
	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		signal_to_client(1, PTP_TLV_CANCEL_UNICAST_TRANSMISSION,
				 (uint8_t[]){(uint8_t)(types[i] << 4), 0}, 2);
	assert_int_equal(client->n_events[BC_UNICAST_EVENT_CANCELED], ARRAY_SIZE(types));
	assert_int_not_equal(master(1).state, BC_UNICAST_HAVE_SYDY);
	world_run_s(&world, 2);
	assert_int_equal(master(1).state, BC_UNICAST_HAVE_SYDY);
}

static void grants_that_nobody_asked_for_are_ignored(void **state)
{
	static const uint8_t grant[8] = {PTP_ANNOUNCE << 4, 0, 0, 0, 0, 100};

	(void)state;
	world.nodes[1].is_mute = true;
	world_start(&world);
	world_run_s(&world, 10);
	assert_int_equal(master(1).state, BC_UNICAST_WAIT);
	signal_to_client(3, PTP_TLV_GRANT_UNICAST_TRANSMISSION, grant, sizeof(grant));
	signal_to_client(1, PTP_TLV_GRANT_UNICAST_TRANSMISSION, (uint8_t[8]){PTP_SYNC << 4, 0, 0, 0, 0, 9},
			 8);
	assert_int_equal(world_count(&world, 0, BC_COUNTER_UNICAST_IGNORED), 2);
	assert_int_equal(master(1).state, BC_UNICAST_WAIT);
	signal_to_client(1, PTP_TLV_GRANT_UNICAST_TRANSMISSION, grant, sizeof(grant));
	assert_int_equal(master(1).state, BC_UNICAST_HAVE_ANN);
	signal_to_client(1, PTP_TLV_GRANT_UNICAST_TRANSMISSION, grant, sizeof(grant));
	assert_int_equal(world_count(&world, 0, BC_COUNTER_UNICAST_IGNORED), 3);
}

static void a_grant_at_another_interval_is_taken_within_bounds(void **state)
{
	uint64_t n;

	(void)state;
	world.nodes[1].is_mute = true;
	world_start(&world);
	world_run_s(&world, 10);
	n = world_count(&world, 0, BC_COUNTER_UNICAST_REFUSED);
	signal_to_client(1, PTP_TLV_GRANT_UNICAST_TRANSMISSION,
			 (uint8_t[8]){PTP_ANNOUNCE << 4, 2, 0, 0, 0, 100}, 8);
	assert_int_equal(master(1).state, BC_UNICAST_WAIT);
	assert_int_equal(world_count(&world, 0, BC_COUNTER_UNICAST_REFUSED), n + 1);
	world_run_s(&world, 3);
	signal_to_client(1, PTP_TLV_GRANT_UNICAST_TRANSMISSION,
			 (uint8_t[8]){PTP_ANNOUNCE << 4, 1, 0, 0, 0, 100}, 8);
	assert_int_equal(master(1).state, BC_UNICAST_HAVE_ANN);
}

static void a_port_that_comes_up_again_asks_again(void **state)
{
	(void)state;
	world_start(&world);
	world_run_s(&world, 30);
	bc_engine_handle_link(client->engine, 0, BC_LINK_DOWN, world.now_mono_ns);
	world_settle(&world);
	assert_int_equal(master(1).state, BC_UNICAST_WAIT);
	world_run_s(&world, 5);
	bc_engine_handle_link(client->engine, 0, BC_LINK_UP, world.now_mono_ns);
	world_settle(&world);
	world_run_s(&world, 10);
	assert_follows(1);
}

static void over_udp_the_mac_address_is_learnt_and_forgotten_when_nobody_answers(void **state)
{
	const struct bc_action *sent = &client->last_send[PTP_SIGNALING];
	unsigned int n;

	(void)state;
	world_init(&world, 2, EBC_TRANSPORT_UDP_IPV4);
	world_start(&world);
	world_run_s(&world, 30);
	assert_follows(1);
	n = client->n_unresolved;
	assert_in_range(n, 1, 15);
	assert_int_equal(client->last_send[PTP_DELAY_REQ].send.destination.mac[5], 1);
	assert_int_equal(client->last_send[PTP_DELAY_REQ].send.destination.ip[3], 1);
	world_run_s(&world, 60);
	assert_int_equal(client->n_unresolved, n);
	/* It is asked from that address of ours that it has answered to. */
	assert_int_equal(sent->send.destination.local_ip[3], WORLD_LOCAL_IP);
	assert_int_equal(sent->send.destination.mac[5], 1);
	world.nodes[1].is_mute = true;
	world_run_s(&world, 30);
	assert_true(client->n_unresolved > n);
	world.nodes[1].is_mute = false;
	world_run_s(&world, 15);
	assert_follows(1);
}

static void a_halt_is_not_the_masters_silence(void **state)
{
	(void)state;
	client->port.unicast_req_duration_s = 300;
	world_start(&world);
	world_run_s(&world, 30);
	world.now_mono_ns += 20 * NSEC_PER_SEC;
	world_run_s(&world, 5);
	assert_follows(1);
	assert_int_equal(client->n_events[BC_UNICAST_EVENT_SILENT], 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(all_are_asked_for_announce_and_the_best_for_the_rest),
		T(grants_are_renewed_before_they_expire),
		T(a_better_master_is_followed_and_the_other_one_released),
		T(who_denies_is_asked_less_and_less),
		T(who_does_not_answer_is_asked_at_the_query_interval),
		T(a_server_that_started_anew_is_asked_anew),
		T(a_cancel_of_the_master_is_acknowledged_and_asked_again_later),
		T(what_is_canceled_all_at_once_is_asked_for_again_after_one_interval),
		T(grants_that_nobody_asked_for_are_ignored),
		T(a_grant_at_another_interval_is_taken_within_bounds),
		T(a_port_that_comes_up_again_asks_again),
		T(over_udp_the_mac_address_is_learnt_and_forgotten_when_nobody_answers),
		T(a_halt_is_not_the_masters_silence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
