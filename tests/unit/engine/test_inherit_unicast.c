// SPDX-License-Identifier: GPL-2.0-or-later
/* Unicast grants over a change of the configuration, of who gave them and of who has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "bc/engine/engine.h"
#include "tests/unit/engine/unicast_world.h"

#define CLIENT 0
#define SERVER 1
#define OTHER  2

static struct world world;

static int setup(void **state)
{
	(void)state;
	world_init(&world, 3, EBC_TRANSPORT_IEEE_802_3);
	world.nodes[CLIENT].port.unicast_req_duration_s = 200;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	world_stop(&world);
	return 0;
}

static struct bc_status status(void)
{
	struct bc_status ret;

	bc_engine_status(world.nodes[CLIENT].engine, &ret);
	return ret;
}

static enum bc_port_state state_of(size_t i)
{
	return bc_engine_port_state(world.nodes[i].engine, 0);
}

static size_t n_clients(void)
{
	return bc_engine_n_unicast_clients(world.nodes[SERVER].engine);
}

static unsigned int n_requests(void)
{
	return world.nodes[CLIENT].n_sent[PTP_SIGNALING];
}

static void start(void)
{
	world_start(&world);
	world_run_s(&world, 30);
	assert_int_equal(state_of(CLIENT), BC_STATE_SLAVE);
	assert_int_equal(status().parent.clock_identity[7], SERVER + 1);
	assert_int_equal(n_clients(), 1);
}

/* Its link is not reported yet. */
static void succeed_from(size_t i, size_t old_port)
{
	struct world_node *node = &world.nodes[i];
	struct bc_engine *old = node->engine;

	assert_int_equal(bc_engine_new(&node->config, world.now_mono_ns,
				       bc_local_clock_ptp_ns(bc_engine_clock(old), world.now_mono_ns),
				       &node->engine),
			 0);
	bc_engine_inherit(node->engine, old, &old_port, world.now_mono_ns);
	bc_engine_free(old);
}

static void report(size_t i, enum bc_link_state state)
{
	bc_engine_handle_link(world.nodes[i].engine, 0, state, world.now_mono_ns);
	world_settle(&world);
}

static void replace(size_t i)
{
	succeed_from(i, 0);
	report(i, BC_LINK_UP);
}

static uint64_t n_syncs_heard(void)
{
	return world_count(&world, CLIENT, BC_COUNTER_RX_SYNC);
}

static void assert_in_service(void)
{
	uint64_t n = n_syncs_heard();

	world_run_s(&world, 4);
	assert_in_range(n_syncs_heard() - n, 31, 33);
}

/* --- the server --- */

static void clients_are_served_on_and_need_not_ask(void **state)
{
	uint16_t announce_id, sync_id;
	unsigned int n;

	(void)state;
	start();
	n = n_requests();
	announce_id = world.nodes[SERVER].last_send[PTP_ANNOUNCE].send.sequence_id;
	sync_id = world.nodes[SERVER].last_send[PTP_SYNC].send.sequence_id;
	replace(SERVER);
	assert_int_equal(n_clients(), 1);
	while (world.nodes[SERVER].last_send[PTP_ANNOUNCE].send.sequence_id == announce_id ||
	       world.nodes[SERVER].last_send[PTP_SYNC].send.sequence_id == sync_id) {
		world_run_ns(&world, NSEC_PER_MSEC);
		assert_in_range(world.nodes[SERVER].last_send[PTP_SYNC].send.sequence_id, sync_id,
				sync_id + 12);
	}
	assert_int_equal(world.nodes[SERVER].last_send[PTP_ANNOUNCE].send.sequence_id,
			 (uint16_t)(announce_id + 1));
	assert_in_service();
	assert_int_equal(n_requests(), n);
	assert_int_equal(world.nodes[CLIENT].n_events[BC_UNICAST_EVENT_SILENT], 0);
	assert_int_equal(state_of(CLIENT), BC_STATE_SLAVE);
}

static void their_grants_end_when_they_would_have(void **state)
{
	(void)state;
	start();
	world.nodes[CLIENT].is_mute = true;
	replace(SERVER);
	world_run_s(&world, 165);
	assert_int_equal(n_clients(), 1);
	world_run_s(&world, 40);
	assert_int_equal(n_clients(), 0);
	assert_int_equal(world_count(&world, SERVER, BC_COUNTER_UNICAST_EXPIRED), 3);
	/* And leave room. */
	world.nodes[CLIENT].is_mute = false;
	world_run_s(&world, 60);
	assert_int_equal(n_clients(), 1);
}

/* Another client at the same address asks for as much again, and gets nothing. */
static void assert_all_is_taken(uint32_t max_rate, uint8_t max_host_percent)
{
	world.nodes[CLIENT].port.log_announce_interval = -3;
	world.nodes[CLIENT].port.log_min_delay_req_interval = -3;
	world.nodes[SERVER].port.unicast_limits.max_rate = max_rate;
	world.nodes[SERVER].port.unicast_limits.max_host_percent = max_host_percent;
	start();
	replace(SERVER);
	world_stop_node(&world, CLIENT);
	world.nodes[CLIENT].config.clock_identity[7] = 77;
	world_start_node(&world, CLIENT);
	world_run_s(&world, 3);
	assert_true(world_count(&world, SERVER, BC_COUNTER_UNICAST_DENIED_RATE) > 0);
	assert_int_equal(n_clients(), 1);
}

/* Three services, each eight times a second. */
static void what_is_granted_counts_as_if_it_were_granted_now(void **state)
{
	assert_all_is_taken(24, 100);
	teardown(state);
	setup(state);
	assert_all_is_taken(100, 24);
}

static void who_has_one_service_has_that_one(void **state)
{
	unsigned int n_syncs;

	(void)state;
	start();
	n_syncs = world.nodes[OTHER].n_sent[PTP_SYNC];
	assert_int_equal(bc_engine_n_unicast_clients(world.nodes[OTHER].engine), 1);
	replace(OTHER);
	world_run_s(&world, 5);
	assert_int_equal(bc_engine_n_unicast_clients(world.nodes[OTHER].engine), 1);
	assert_int_equal(world_count(&world, OTHER, BC_COUNTER_UNICAST_EXPIRED), 0);
	assert_int_equal(world.nodes[OTHER].n_sent[PTP_SYNC], n_syncs);
}

/* One client, with 8 Syncs, an Announce and a Delay_Resp a second. */

static struct bc_unicast_limits *limits(void)
{
	return &world.nodes[SERVER].port.unicast_limits;
}

static void raise_all(void)
{
	*limits() = (struct bc_unicast_limits){.max_clients = 9,
					       .max_rate = 1001,
					       .max_duration_s = 301,
					       .min_log_interval = -7,
					       .max_host_percent = 1};
}
static void allow_one_client(void)
{
	limits()->max_clients = 1;
	world.nodes[SERVER].config.max_unicast_clients = 1;
}
static void allow_its_rate(void)
{
	limits()->max_rate = 10;
}
static void allow_its_interval(void)
{
	limits()->min_log_interval = -3;
}
static void forbid_its_rate(void)
{
	limits()->max_rate = 9;
}
static void forbid_its_interval(void)
{
	limits()->min_log_interval = -2;
}
static void change_transport(void)
{
	world.nodes[SERVER].port.transport = EBC_TRANSPORT_UDP_IPV4;
}
static void leave_no_room(void)
{
	world.nodes[SERVER].config.max_unicast_clients = 0;
}
static void end_service(void)
{
	limits()->max_clients = 0;
}

static void by_other_limits_clients_that_fit_are_kept(void **state)
{
	static const struct {
		void (*change)(void);
		size_t n_clients;
	} cases[] = {
		{raise_all, 1},
		{allow_one_client, 1},
		{allow_its_rate, 1},
		{allow_its_interval, 1},
		{forbid_its_rate, 0},
		/* Of one service of three: it asks again for all of them. */
		{forbid_its_interval, 0},
		{change_transport, 0},
		{leave_no_room, 0},
		{end_service, 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		start();
		cases[i].change();
		succeed_from(SERVER, 0);
		if (n_clients() != cases[i].n_clients)
			fail_msg("case %zu", i);
		if (n_clients() > 0) {
			report(SERVER, BC_LINK_UP);
			world_run_s(&world, 1);
			assert_in_service();
		}
		teardown(state);
		setup(state);
	}
}

static void service_that_is_new_has_no_clients(void **state)
{
	(void)state;
	start();
	end_service();
	replace(SERVER);
	limits()->max_clients = 8;
	replace(SERVER);
	assert_int_equal(n_clients(), 0);
}

/* Two clients of one host, by as many names. */
static void start_two(void)
{
	limits()->max_host_percent = 100;
	start();
	world_stop_node(&world, CLIENT);
	world.nodes[CLIENT].config.clock_identity[7] = 77;
	world_start_node(&world, CLIENT);
	world_run_s(&world, 30);
	assert_int_equal(n_clients(), 2);
}

static void of_those_that_do_not_fit_together_as_many_are_kept_as_do(void **state)
{
	static const struct {
		uint32_t max_clients, max_rate;
		uint8_t max_host_percent;
		size_t n_clients;
	} cases[] = {
		{2, 20, 100, 2},  {1, 20, 100, 1}, {2, 19, 100, 1},
		{8, 1000, 24, 1}, {8, 40, 50, 2},  {8, 39, 50, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		start_two();
		limits()->max_clients = cases[i].max_clients;
		limits()->max_rate = cases[i].max_rate;
		limits()->max_host_percent = cases[i].max_host_percent;
		succeed_from(SERVER, 0);
		if (n_clients() != cases[i].n_clients)
			fail_msg("case %zu: %zu", i, n_clients());
		teardown(state);
		setup(state);
	}
	start();
}

static void what_was_granted_for_longer_than_is_allowed_now_ends_as_it_was_told(void **state)
{
	(void)state;
	start();
	world.nodes[CLIENT].is_mute = true;
	limits()->max_duration_s = 50;
	replace(SERVER);
	world_run_s(&world, 165);
	assert_int_equal(n_clients(), 1);
	world_run_s(&world, 40);
	assert_int_equal(n_clients(), 0);
}

/* --- the client --- */

static void a_client_goes_on_with_what_it_has(void **state)
{
	struct bc_unicast_master_status masters[2];
	unsigned int n;

	(void)state;
	start();
	n = n_requests();
	replace(CLIENT);
	assert_int_equal(state_of(CLIENT), BC_STATE_UNCALIBRATED);
	assert_int_equal(bc_engine_unicast_masters(world.nodes[CLIENT].engine, 0, masters, 2), 2);
	assert_int_equal(masters[0].state, BC_UNICAST_HAVE_SYDY);
	assert_true(masters[0].is_selected);
	assert_int_equal(masters[1].state, BC_UNICAST_HAVE_ANN);
	assert_in_service();
	assert_int_equal(n_requests(), n);
	assert_int_equal(state_of(CLIENT), BC_STATE_SLAVE);
	/* Renewed in time. */
	world_run_s(&world, 300);
	assert_int_equal(state_of(CLIENT), BC_STATE_SLAVE);
	assert_int_equal(world_count(&world, SERVER, BC_COUNTER_UNICAST_EXPIRED), 0);
	assert_true(n_requests() > n);
}

static void what_was_granted_at_half_the_rate_holds_at_that_rate(void **state)
{
	unsigned int n_asked, n_delay_reqs;

	(void)state;
	world.nodes[SERVER].grants_less = true;
	start();
	n_asked = n_requests();
	replace(CLIENT);
	world_run_s(&world, 5);
	n_delay_reqs = world.nodes[CLIENT].n_sent[PTP_DELAY_REQ];
	world_run_s(&world, 100);
	assert_int_equal(n_requests(), n_asked);
	assert_in_range(world.nodes[CLIENT].n_sent[PTP_DELAY_REQ] - n_delay_reqs, 35, 70);
	assert_int_equal(state_of(CLIENT), BC_STATE_SLAVE);
}

static void what_it_wants_otherwise_it_asks_for_at_once(void **state)
{
	unsigned int n;
	uint64_t n_syncs;

	(void)state;
	start();
	n = n_requests();
	world.nodes[CLIENT].port.log_sync_interval = -4;
	replace(CLIENT);
	world_run_s(&world, 1);
	assert_int_equal(n_requests(), n + 1);
	n_syncs = n_syncs_heard();
	world_run_s(&world, 4);
	assert_in_range(n_syncs_heard() - n_syncs, 63, 65);
}

static void another_table_is_asked_anew(void **state)
{
	unsigned int n;

	(void)state;
	start();
	n = n_requests();
	world.nodes[CLIENT].table.n_masters = 1;
	replace(CLIENT);
	world_run_s(&world, 1);
	assert_true(n_requests() > n);
	world_run_s(&world, 20);
	assert_int_equal(state_of(CLIENT), BC_STATE_SLAVE);
	/* And so is one where there was none. */
	world.nodes[CLIENT].port.unicast_table = NULL;
	replace(CLIENT);
	world.nodes[CLIENT].port.unicast_table = &world.nodes[CLIENT].table;
	n = n_requests();
	replace(CLIENT);
	world_run_s(&world, 1);
	assert_true(n_requests() > n);
}

static void a_port_of_another_number_has_no_grants(void **state)
{
	const size_t old_ports[] = {SIZE_MAX, 0};
	struct world_node *node = &world.nodes[CLIENT];
	struct bc_unicast_master_status masters[2];
	struct bc_port_config ports[2];
	struct bc_engine *old;

	(void)state;
	start();
	for (size_t i = 0; i < 2; i++)
		ports[i] = world.nodes[CLIENT].port;
	node->config.n_ports = 2;
	node->config.ports = ports;
	old = node->engine;
	assert_int_equal(bc_engine_new(&node->config, world.now_mono_ns, 0, &node->engine), 0);
	bc_engine_inherit(node->engine, old, old_ports, world.now_mono_ns);
	bc_engine_free(old);
	assert_int_equal(bc_engine_unicast_masters(node->engine, 1, masters, 2), 2);
	assert_int_equal(masters[0].state, BC_UNICAST_WAIT);
}

static void one_whose_link_is_down_in_the_end_has_nothing(void **state)
{
	struct bc_unicast_master_status masters[2];
	unsigned int n;

	(void)state;
	start();
	succeed_from(CLIENT, 0);
	report(CLIENT, BC_LINK_DOWN);
	bc_engine_unicast_masters(world.nodes[CLIENT].engine, 0, masters, 2);
	assert_int_equal(masters[0].state, BC_UNICAST_WAIT);
	n = n_requests();
	report(CLIENT, BC_LINK_UP);
	world_run_s(&world, 20);
	assert_true(n_requests() > n);
	assert_int_equal(state_of(CLIENT), BC_STATE_SLAVE);
}

static void a_master_that_is_not_followed_any_more_is_released(void **state)
{
	(void)state;
	start();
	world.nodes[CLIENT].port.n_acceptable_masters = 1; /* nobody */
	replace(CLIENT);
	world_run_s(&world, 10);
	assert_int_equal(world_count(&world, SERVER, BC_COUNTER_UNICAST_CANCELED), 2);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(clients_are_served_on_and_need_not_ask),
		T(their_grants_end_when_they_would_have),
		T(what_is_granted_counts_as_if_it_were_granted_now),
		T(who_has_one_service_has_that_one),
		T(by_other_limits_clients_that_fit_are_kept),
		T(service_that_is_new_has_no_clients),
		T(of_those_that_do_not_fit_together_as_many_are_kept_as_do),
		T(what_was_granted_for_longer_than_is_allowed_now_ends_as_it_was_told),
		T(a_client_goes_on_with_what_it_has),
		T(what_was_granted_at_half_the_rate_holds_at_that_rate),
		T(what_it_wants_otherwise_it_asks_for_at_once),
		T(another_table_is_asked_anew),
		T(a_port_of_another_number_has_no_grants),
		T(one_whose_link_is_down_in_the_end_has_nothing),
		T(a_master_that_is_not_followed_any_more_is_released),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
