// SPDX-License-Identifier: GPL-2.0-or-later
/* Unicast service for many: ten thousand who ask for everything at once, and a thousand ordinary clients. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "bc/engine/engine.h"
#include "bc/wire/tlv.h"
#include "tests/unit/engine/defaults.h"
#include "util/unaligned.h"

#define EPOCH_PTP_NS (1700000000LL * NSEC_PER_SEC)
#define ASKERS	     10000
#define CLIENTS	     1000

/* The linker leads every allocation of this program here (--wrap). */
static uint64_t n_allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

void *__wrap_malloc(size_t size)
{
	n_allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	n_allocations++;
	return __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	n_allocations++;
	return __real_realloc(p, size);
}

static struct {
	struct bc_engine_config config;
	struct bc_port_config port;
	struct bc_engine *engine;
	uint64_t now_mono_ns;
	uint32_t n_sync[ASKERS + 1]; /* by client */
	uint32_t n_grants, n_denials, longest_s;
	uint64_t ms; /* the last one in which a Sync was sent */
	unsigned int n_in_ms, most_in_ms;
} server;

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint32_t client_of(const struct bc_address *address)
{
	uint32_t id = get_be32(address->mac + 2);

	assert_true(id <= ASKERS);
	return id;
}

static void count_grants(const struct bc_action *action)
{
	struct bc_tlv tlv;
	struct bc_msg msg;

	assert_int_equal(bc_msg_parse(action->send.message, action->send.len, &msg), BC_MSG_OK);
	for (size_t offset = 0; bc_tlv_next(&msg, &offset, &tlv);) {
		uint32_t duration_s = get_be32(tlv.value + 2);

		assert_int_equal(tlv.type, PTP_TLV_GRANT_UNICAST_TRANSMISSION);
		server.n_grants += duration_s > 0;
		server.n_denials += duration_s == 0;
		server.longest_s = MAX(server.longest_s, duration_s);
	}
}

static void count_ms(void)
{
	uint64_t ms = server.now_mono_ns / NSEC_PER_MSEC;

	server.n_in_ms = ms == server.ms ? server.n_in_ms + 1 : 1;
	server.ms = ms;
	server.most_in_ms = MAX(server.most_in_ms, server.n_in_ms);
}

static void drain(void)
{
	struct bc_action action;

	while (bc_engine_pop_action(server.engine, &action)) {
		if (action.type != BC_ACTION_SEND)
			continue;
		assert_true(action.send.is_unicast);
		if (action.send.message_type == PTP_SIGNALING)
			count_grants(&action);
		if (action.send.message_type != PTP_SYNC)
			continue;
		count_ms();
		server.n_sync[client_of(&action.send.destination)]++;
		bc_engine_handle_tx_stamp(server.engine, 0, PTP_SYNC, action.send.sequence_id,
					  server.now_mono_ns);
	}
}

static void run_ns(int64_t ns)
{
	uint64_t until_mono_ns = server.now_mono_ns + (uint64_t)ns, next;

	while ((next = bc_engine_next_deadline_mono_ns(server.engine)) <= until_mono_ns) {
		server.now_mono_ns = MAX(server.now_mono_ns, next);
		bc_engine_handle_timer(server.engine, server.now_mono_ns);
		drain();
	}
	server.now_mono_ns = until_mono_ns;
}

/* Announce, Sync and Delay_Resp in one message. */
static void ask(uint32_t id, int8_t log_interval, uint32_t duration_s)
{
	static const uint8_t types[] = {PTP_ANNOUNCE, PTP_SYNC, PTP_DELAY_RESP};
	struct bc_msg msg = {.type = PTP_SIGNALING, .flags = PTP_FLAG_UNICAST, .source = {.port_number = 1}};
	uint8_t octets[BC_MSG_TX_MAX];
	struct bc_rx rx = {.message = octets, .transport = EBC_TRANSPORT_IEEE_802_3, .source.mac = {2}};
	struct bc_tlv_buffer tlvs = {.len = 0};

	put_be32(msg.source.clock_identity + 4, id);
	put_be32(rx.source.mac + 2, id);
	memset(&msg.requesting, 0xff, sizeof(msg.requesting));
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		uint8_t *value = bc_tlv_add(&tlvs, PTP_TLV_REQUEST_UNICAST_TRANSMISSION, 6);

		value[0] = (uint8_t)(types[i] << 4);
		value[1] = (uint8_t)log_interval;
		put_be32(value + 2, duration_s);
	}
	msg.tlvs = tlvs.data;
	msg.tlvs_len = tlvs.len;
	rx.len = bc_msg_write(&msg, octets);
	bc_engine_handle_rx(server.engine, 0, &rx, server.now_mono_ns);
	drain();
}

static uint64_t counted(enum bc_counter counter)
{
	return bc_engine_counters(server.engine, 0)->value[counter];
}

/* With the limits that are the options' defaults, but for a shorter time. */
static int setup(void **state)
{
	(void)state;
	memset(&server, 0, sizeof(server));
	server.now_mono_ns = 5 * NSEC_PER_SEC;
	server.config = engine_defaults();
	server.config.clock_quality.clock_class = 6;
	server.config.clock_identity[0] = 0xff;
	server.config.max_unicast_clients = 4096;
	server.config.seed = 42;
	server.config.n_ports = 1;
	server.config.ports = &server.port;
	server.port = port_defaults();
	server.port.inhibit_multicast_service = true;
	server.port.unicast_limits = (struct bc_unicast_limits){
		.max_clients = 1024, .max_rate = 8192, .max_duration_s = 300, .min_log_interval = -7};
	assert_int_equal(bc_engine_new(&server.config, server.now_mono_ns, EPOCH_PTP_NS, &server.engine), 0);
	bc_engine_handle_link(server.engine, 0, BC_LINK_UP, server.now_mono_ns);
	run_ns(10 * NSEC_PER_SEC);
	assert_int_equal(bc_engine_port_state(server.engine, 0), BC_STATE_GRAND_MASTER);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	bc_engine_free(server.engine);
	return 0;
}

static void ten_thousand_who_ask_for_everything_get_no_more_than_there_is(void **state)
{
	uint64_t n_before = n_allocations;
	uint32_t n_sync = 0, n_syncing = 0;
	double from_s, used_s;

	(void)state;
	ask(0, 0, 300);
	assert_int_equal(server.n_grants, 3);
	from_s = cpu_s();
	/* 1000 requests a second, each for 128 messages of each kind a second, for 1000 hours. */
	for (uint32_t id = 1; id <= ASKERS; id++) {
		ask(id, -7, 3600000);
		run_ns(NSEC_PER_MSEC);
	}
	used_s = cpu_s() - from_s;
	assert_int_equal(server.n_grants + server.n_denials, 3 * (ASKERS + 1));
	assert_int_equal(counted(BC_COUNTER_UNICAST_GRANTED), server.n_grants);
	assert_int_equal(counted(BC_COUNTER_UNICAST_DENIED_RATE) + counted(BC_COUNTER_UNICAST_DENIED_CLIENTS),
			 server.n_denials);
	assert_int_equal(server.longest_s, 300);
	/* 8192 messages a second are 64 grants of 128, less what the first client has. */
	assert_int_equal(server.n_grants, 3 + 63);
	memset(server.n_sync, 0, sizeof(server.n_sync));
	run_ns(10 * NSEC_PER_SEC);
	for (uint32_t id = 0; id <= ASKERS; id++) {
		n_sync += server.n_sync[id];
		n_syncing += server.n_sync[id] > 0;
	}
	print_message(
		"%u served of %u, %u Sync/s; %.1f us of CPU time for each request and the 1 ms behind it\n",
		n_syncing, ASKERS, n_sync / 10, used_s / ASKERS * 1e6);
	assert_in_range(n_sync, 10, 81920);
	/* Who was there before is served as before. */
	assert_in_range(server.n_sync[0], 9, 11);
	run_ns(300 * NSEC_PER_SEC);
	assert_int_equal(bc_engine_n_unicast_clients(server.engine), 0);
	assert_true(n_allocations == n_before);
}

static void those_who_only_fill_the_table_are_stopped_at_its_size(void **state)
{
	uint64_t n_before = n_allocations;

	(void)state;
	for (uint32_t id = 1; id <= ASKERS; id++)
		ask(id, 6, 3600000);
	assert_int_equal(bc_engine_n_unicast_clients(server.engine), 1024);
	assert_int_equal(server.n_grants, 3 * 1024);
	assert_int_equal(counted(BC_COUNTER_UNICAST_DENIED_CLIENTS), 3 * (ASKERS - 1024));
	/* And when their time is over there is room for others. */
	run_ns(301 * NSEC_PER_SEC);
	assert_int_equal(bc_engine_n_unicast_clients(server.engine), 0);
	for (uint32_t id = 1; id <= 1024; id++)
		ask(ASKERS - id, 6, 60);
	assert_int_equal(bc_engine_n_unicast_clients(server.engine), 1024);
	assert_true(n_allocations == n_before);
}

static void a_thousand_clients_at_one_a_second_are_cheap_and_spread(void **state)
{
	double from_s, used_s;

	(void)state;
	/* All in one moment: the network came back. */
	for (uint32_t id = 1; id <= CLIENTS; id++)
		ask(id, 0, 3600);
	assert_int_equal(server.n_grants, 3 * CLIENTS);
	run_ns(10 * NSEC_PER_SEC);
	memset(server.n_sync, 0, sizeof(server.n_sync));
	server.most_in_ms = 0;
	from_s = cpu_s();
	run_ns(100 * NSEC_PER_SEC);
	used_s = cpu_s() - from_s;
	for (uint32_t id = 1; id <= CLIENTS; id++)
		assert_in_range(server.n_sync[id], 99, 101);
	print_message(
		"%d clients at 1 Sync and 1 Announce a second: %.2f %% of a CPU in the engine, at most %u "
		"Syncs in a ms\n",
		CLIENTS, used_s, server.most_in_ms);
	assert_in_range(server.most_in_ms, 1, 16);
	assert_int_equal(counted(BC_COUNTER_UNICAST_SYNC_DELAYED), 0);
	assert_int_equal(counted(BC_COUNTER_TX_ACTION_LOST), 0);
	assert_int_equal(counted(BC_COUNTER_TX_STAMP_UNMATCHED), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(ten_thousand_who_ask_for_everything_get_no_more_than_there_is),
		T(those_who_only_fill_the_table_are_stopped_at_its_size),
		T(a_thousand_clients_at_one_a_second_are_cheap_and_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
