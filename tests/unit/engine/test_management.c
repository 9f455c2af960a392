// SPDX-License-Identifier: GPL-2.0-or-later
/* Management over sockets: who is answered with what, and what is set. */
#include <stdlib.h>

#include "bc/engine/management.h"
#include "tests/unit/engine/management_bench.h"

static const uint16_t clock_ids[] = {
	PTP_MID_USER_DESCRIPTION,
	PTP_MID_DEFAULT_DATA_SET,
	PTP_MID_CURRENT_DATA_SET,
	PTP_MID_PARENT_DATA_SET,
	PTP_MID_TIME_PROPERTIES_DATA_SET,
	PTP_MID_PRIORITY1,
	PTP_MID_PRIORITY2,
	PTP_MID_DOMAIN,
	PTP_MID_SLAVE_ONLY,
	PTP_MID_CLOCK_ACCURACY,
	PTP_MID_TRACEABILITY_PROPERTIES,
	PTP_MID_TIMESCALE_PROPERTIES,
	PTP_MID_TIME_STATUS_NP,
	PTP_MID_GRANDMASTER_SETTINGS_NP,
	PTP_MID_SUBSCRIBE_EVENTS_NP,
	PTP_MID_SYNCHRONIZATION_UNCERTAIN_NP,
	PTP_MID_ALTERNATE_TIME_OFFSET_ENABLE,
	PTP_MID_ALTERNATE_TIME_OFFSET_NAME,
	PTP_MID_ALTERNATE_TIME_OFFSET_MAX_KEY,
	PTP_MID_ALTERNATE_TIME_OFFSET_PROPERTIES,
};

static const uint16_t port_ids[] = {
	PTP_MID_PORT_DATA_SET_NP,
	PTP_MID_UNICAST_MASTER_TABLE_NP,
	PTP_MID_NULL_MANAGEMENT,
	PTP_MID_CLOCK_DESCRIPTION,
	PTP_MID_PORT_DATA_SET,
	PTP_MID_LOG_ANNOUNCE_INTERVAL,
	PTP_MID_LOG_SYNC_INTERVAL,
	PTP_MID_LOG_MIN_PDELAY_REQ_INTERVAL,
	PTP_MID_VERSION_NUMBER,
	PTP_MID_ANNOUNCE_RECEIPT_TIMEOUT,
	PTP_MID_MASTER_ONLY,
	PTP_MID_DELAY_MECHANISM,
	PTP_MID_PORT_PROPERTIES_NP,
	PTP_MID_PORT_STATS_NP,
	PTP_MID_PORT_SERVICE_STATS_NP,
	PTP_MID_PORT_HWCLOCK_NP,
	PTP_MID_POWER_PROFILE_SETTINGS_NP,
	PTP_MID_PORT_CORRECTIONS_NP,
};

static void start(struct rig *rig, size_t n_ports)
{
	rig_init(rig, n_ports);
	rig->config.description = (struct bc_clock_description){
		.manufacturer_identity = {1, 2, 3}, .product = "a;b;c", .revision = "1;2;3", .user = "x"};
	rig_start(rig, RIG_EPOCH_PTP_NS);
}

static struct bc_management ask_for_one(struct rig *rig, const struct request *r)
{
	assert_int_equal(ask(rig, r), 1);
	return answer(rig, 0);
}

static uint16_t ask_for_error(struct rig *rig, const struct request *r)
{
	struct bc_management m = ask_for_one(rig, r);

	assert_int_equal(m.action, PTP_MANAGEMENT_RESPONSE);
	return error_of(&m);
}

static void every_data_set_of_the_clock_is_told_once_and_goes_back_to_who_asked(void **state)
{
	static struct rig rig;

	(void)state;
	start(&rig, 3);
	for (size_t i = 0; i < ARRAY_SIZE(clock_ids); i++) {
		struct bc_management m =
			ask_for_one(&rig, &(struct request){.id = clock_ids[i], .port = ALL_PORTS});

		assert_true(m.has_id);
		assert_int_equal(m.id, clock_ids[i]);
		assert_int_equal(m.action, PTP_MANAGEMENT_RESPONSE);
		assert_int_equal(m.msg.sequence_id, 77);
		assert_int_equal(m.msg.source.port_number, 0);
		assert_memory_equal(&m.msg.requesting, &tool_identity, sizeof(tool_identity));
		assert_int_equal(rig.management[0].management.client.len, 3);
		assert_memory_equal(rig.management[0].management.client.address, "/a0", 3);
	}
	rig_stop(&rig);
}

static void every_data_set_of_ports_is_told_by_each_that_is_asked(void **state)
{
	static struct rig rig;

	(void)state;
	start(&rig, 3);
	for (size_t i = 0; i < ARRAY_SIZE(port_ids); i++) {
		struct bc_management m;

		assert_int_equal(ask(&rig, &(struct request){.id = port_ids[i], .port = ALL_PORTS}), 3);
		for (unsigned int k = 0; k < 3; k++) {
			m = answer(&rig, k);
			assert_true(m.has_id);
			assert_int_equal(m.id, port_ids[i]);
			assert_int_equal(m.msg.source.port_number, k + 1);
		}
		m = ask_for_one(&rig, &(struct request){.id = port_ids[i], .port = 2});
		assert_int_equal(m.msg.source.port_number, 2);
		/* A port that does not exist is a wrong value. */
		assert_int_equal(ask_for_error(&rig, &(struct request){.id = port_ids[i], .port = 4}),
				 PTP_MANAGEMENT_WRONG_VALUE);
	}
	rig_stop(&rig);
}

static void errors_are_those_of_the_standard(void **state)
{
	const struct {
		struct request request;
		uint16_t error;
	} cases[] = {
		{{.id = 0x1234, .port = ALL_PORTS}, PTP_MANAGEMENT_NO_SUCH_ID},
		{{.action = PTP_MANAGEMENT_SET,
		  .id = 0xdddd,
		  .port = ALL_PORTS,
		  .data = (uint8_t[2]){},
		  .data_len = 2},
		 PTP_MANAGEMENT_NO_SUCH_ID},
		{{.id = PTP_MID_PATH_TRACE_LIST, .port = ALL_PORTS}, PTP_MANAGEMENT_NOT_SUPPORTED},
		{{.id = PTP_MID_UNICAST_MASTER_TABLE, .port = 1}, PTP_MANAGEMENT_NOT_SUPPORTED},
		{{.action = PTP_MANAGEMENT_SET, .id = PTP_MID_PRIORITY1, .port = ALL_PORTS},
		 PTP_MANAGEMENT_WRONG_LENGTH},
		{{.action = PTP_MANAGEMENT_SET,
		  .id = PTP_MID_PRIORITY1,
		  .port = ALL_PORTS,
		  .data = (uint8_t[4]){},
		  .data_len = 4},
		 PTP_MANAGEMENT_WRONG_LENGTH},
		{{.action = PTP_MANAGEMENT_SET,
		  .id = PTP_MID_DOMAIN,
		  .port = ALL_PORTS,
		  .data = (uint8_t[2]){},
		  .data_len = 2},
		 PTP_MANAGEMENT_NOT_SETABLE},
		{{.action = PTP_MANAGEMENT_SET,
		  .id = PTP_MID_LOG_SYNC_INTERVAL,
		  .port = 1,
		  .data = (uint8_t[2]){},
		  .data_len = 2},
		 PTP_MANAGEMENT_NOT_SETABLE},
		{{.action = PTP_MANAGEMENT_SET,
		  .id = PTP_MID_SYNCHRONIZATION_UNCERTAIN_NP,
		  .port = ALL_PORTS,
		  .data = (uint8_t[2]){7},
		  .data_len = 2},
		 PTP_MANAGEMENT_WRONG_VALUE},
		{{.action = PTP_MANAGEMENT_COMMAND, .id = PTP_MID_PRIORITY1, .port = ALL_PORTS},
		 PTP_MANAGEMENT_NOT_SUPPORTED},
		{{.action = PTP_MANAGEMENT_COMMAND, .id = PTP_MID_PORT_DATA_SET, .port = 1},
		 PTP_MANAGEMENT_NOT_SUPPORTED},
		{{.action = PTP_MANAGEMENT_SET,
		  .id = PTP_MID_ALTERNATE_TIME_OFFSET_ENABLE,
		  .port = ALL_PORTS,
		  .data = (uint8_t[2]){BC_ALTERNATE_TIMES, 1},
		  .data_len = 2},
		 PTP_MANAGEMENT_WRONG_VALUE},
	};
	static struct rig rig;

	(void)state;
	start(&rig, 2);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (ask_for_error(&rig, &cases[i].request) != cases[i].error)
			fail_msg("case %zu", i);
	rig_stop(&rig);
}

static void others_are_not_answered_for(void **state)
{
	static const uint8_t other[PTP_CLOCK_IDENTITY_LEN] = {9, 9, 9};
	static struct rig rig;
	uint8_t octets[BC_MSG_TX_MAX];
	struct bc_management_client client = {.len = 1};
	size_t len;

	(void)state;
	start(&rig, 2);
	assert_int_equal(
		ask(&rig, &(struct request){.id = PTP_MID_DOMAIN, .port = ALL_PORTS, .target = other}), 0);
	/* Answers are not requests. */
	assert_int_equal(
		ask(&rig, &(struct request){.action = PTP_MANAGEMENT_RESPONSE, .id = PTP_MID_DOMAIN}), 0);
	assert_int_equal(ask(&rig, &(struct request){.action = 9, .id = PTP_MID_DOMAIN}), 0);
	/* Another domain, another sdoId, another message. */
	for (int i = 0; i < 3; i++) {
		len = request_write(&(struct request){.id = PTP_MID_DOMAIN, .port = ALL_PORTS}, 1, octets);
		octets[4] = i == 0 ? 5 : 0;
		octets[0] = (uint8_t)(i == 1 ? 0x1d : i == 2 ? 0x0c : 0x0d);
		bc_engine_handle_management(rig.engine, &client, octets, len, rig.now_mono_ns);
		rig_drain(&rig);
		assert_int_equal(rig.n_management, 0);
	}
	rig_stop(&rig);
}

static void nothing_is_changed_over_the_read_only_socket(void **state)
{
	static struct rig rig;
	struct request set = {.action = PTP_MANAGEMENT_SET,
			      .id = PTP_MID_PRIORITY1,
			      .port = ALL_PORTS,
			      .data = (uint8_t[]){1, 0},
			      .data_len = 2,
			      .is_read_only = true};
	struct request command = {.action = PTP_MANAGEMENT_COMMAND,
				  .id = PTP_MID_DISABLE_PORT,
				  .port = 1,
				  .is_read_only = true};
	struct request get = {.id = PTP_MID_PRIORITY1, .port = ALL_PORTS, .is_read_only = true};
	struct request subscription = {.id = PTP_MID_SUBSCRIBE_EVENTS_NP, .is_read_only = true};
	struct bc_management m;

	(void)state;
	start(&rig, 2);
	assert_int_equal(ask_for_error(&rig, &set), PTP_MANAGEMENT_NOT_SUPPORTED);
	assert_int_equal(ask_for_error(&rig, &command), PTP_MANAGEMENT_NOT_SUPPORTED);
	assert_int_equal(ask_for_error(&rig, &subscription), PTP_MANAGEMENT_NOT_SUPPORTED);
	m = ask_for_one(&rig, &get);
	assert_int_equal(m.data[0], 128);
	assert_int_not_equal(rig_state(&rig, 0), BC_STATE_DISABLED);
	/* Nor are others asked for it. */
	get.boundary_hops = 1;
	rig_run_s(&rig, 30);
	ask(&rig, &get);
	assert_int_equal(rig.port[0].n_sent[PTP_MANAGEMENT], 0);
	rig_stop(&rig);
}

static void a_priority_that_is_set_decides_at_once(void **state)
{
	static struct rig rig;
	struct request set = {.action = PTP_MANAGEMENT_SET,
			      .id = PTP_MID_PRIORITY1,
			      .port = ALL_PORTS,
			      .data = (uint8_t[]){1, 0},
			      .data_len = 2};
	struct bc_management m;

	(void)state;
	rig_start_following(&rig);
	rig_run_ns(&rig, 100 * NSEC_PER_MSEC);
	m = ask_for_one(&rig, &set);
	assert_int_equal(m.data[0], 1);
	assert_int_not_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	assert_memory_equal(rig_status(&rig).grandmaster_identity, rig.config.clock_identity,
			    PTP_CLOCK_IDENTITY_LEN);
	assert_int_equal(rig_status(&rig).grandmaster_priority1, 1);
	rig_stop(&rig);
}

static void grandmaster_settings_are_announced_as_they_are_set(void **state)
{
	static struct rig rig;
	uint8_t settings[] = {6, 0x21, 0x4e, 0x5d, 0, 38, 0x3d, 0x20};
	struct request set = {.action = PTP_MANAGEMENT_SET,
			      .id = PTP_MID_GRANDMASTER_SETTINGS_NP,
			      .port = ALL_PORTS,
			      .data = settings,
			      .data_len = sizeof(settings)};
	struct bc_management m;
	const struct bc_msg *announce = &rig.port[0].last_sent[PTP_ANNOUNCE];

	(void)state;
	start(&rig, 1);
	rig_run_s(&rig, 30);
	m = ask_for_one(&rig, &set);
	assert_int_equal(m.data_len, sizeof(settings));
	assert_memory_equal(m.data, settings, sizeof(settings));
	rig_run_s(&rig, 3);
	assert_int_equal(announce->announce.grandmaster_clock_quality.clock_class, 6);
	assert_int_equal(announce->announce.grandmaster_clock_quality.offset_scaled_log_variance, 0x4e5d);
	assert_int_equal(announce->announce.current_utc_offset_s, 38);
	assert_int_equal(announce->announce.time_source, 0x20);
	assert_int_equal(announce->flags, 0x3d);
	/* Two leap seconds at once, an offset below zero, flags that there are not. */
	settings[6] = 3;
	assert_int_equal(ask_for_error(&rig, &set), PTP_MANAGEMENT_WRONG_VALUE);
	settings[6] = 0x80;
	assert_int_equal(ask_for_error(&rig, &set), PTP_MANAGEMENT_WRONG_VALUE);
	settings[6] = 0;
	settings[4] = 0xff;
	assert_int_equal(ask_for_error(&rig, &set), PTP_MANAGEMENT_WRONG_VALUE);
	rig_stop(&rig);
}

static void uncertainty_that_is_set_is_announced(void **state)
{
	static struct rig rig;
	uint8_t value[] = {BC_SYNC_UNCERTAIN_TRUE, 0};
	struct request set = {.action = PTP_MANAGEMENT_SET,
			      .id = PTP_MID_SYNCHRONIZATION_UNCERTAIN_NP,
			      .port = ALL_PORTS,
			      .data = value,
			      .data_len = sizeof(value)};
	const struct bc_msg *announce = &rig.port[0].last_sent[PTP_ANNOUNCE];

	(void)state;
	start(&rig, 1);
	rig_run_s(&rig, 30);
	assert_false(announce->flags & PTP_FLAG_SYNCHRONIZATION_UNCERTAIN);
	ask_for_one(&rig, &set);
	rig_run_s(&rig, 3);
	assert_true(announce->flags & PTP_FLAG_SYNCHRONIZATION_UNCERTAIN);
	value[0] = BC_SYNC_UNCERTAIN_FALSE;
	ask_for_one(&rig, &set);
	rig_run_s(&rig, 3);
	assert_false(announce->flags & PTP_FLAG_SYNCHRONIZATION_UNCERTAIN);
	rig_stop(&rig);
}

static void a_port_that_is_disabled_is_silent_until_it_is_enabled(void **state)
{
	static struct rig rig;
	struct request command = {.action = PTP_MANAGEMENT_COMMAND, .id = PTP_MID_DISABLE_PORT, .port = 2};
	struct bc_management m;
	unsigned int n;

	(void)state;
	start(&rig, 2);
	rig_run_s(&rig, 30);
	m = ask_for_one(&rig, &command);
	assert_int_equal(m.action, PTP_MANAGEMENT_ACKNOWLEDGE);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_DISABLED);
	n = rig.port[1].n_sent[PTP_ANNOUNCE] + rig.port[1].n_sent[PTP_SYNC];
	/* Neither time nor its link wake it. */
	rig_run_s(&rig, 30);
	bc_engine_handle_link(rig.engine, 1, BC_LINK_DOWN, rig.now_mono_ns);
	bc_engine_handle_link(rig.engine, 1, BC_LINK_UP, rig.now_mono_ns);
	rig_run_s(&rig, 30);
	assert_int_equal(rig.port[1].n_sent[PTP_ANNOUNCE] + rig.port[1].n_sent[PTP_SYNC], n);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_GRAND_MASTER);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_DISABLED);

	command.id = PTP_MID_ENABLE_PORT;
	m = ask_for_one(&rig, &command);
	assert_int_equal(m.action, PTP_MANAGEMENT_ACKNOWLEDGE);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_LISTENING);
	rig_run_s(&rig, 30);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_GRAND_MASTER);
	rig_stop(&rig);
}

static void another_master_is_followed_when_the_slave_port_is_disabled(void **state)
{
	static struct rig rig;
	struct request command = {.action = PTP_MANAGEMENT_COMMAND, .id = PTP_MID_DISABLE_PORT, .port = 1};

	(void)state;
	rig_start_following(&rig);
	rig_master(&rig, 1, 1);
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, 0), BC_STATE_SLAVE);
	ask_for_one(&rig, &command);
	rig_run_s(&rig, 20);
	assert_int_equal(rig_state(&rig, 1), BC_STATE_SLAVE);
	rig_stop(&rig);
}

static void corrections_of_a_port_are_set_in_nanoseconds_and_bounded(void **state)
{
	static struct rig rig;
	struct bc_data_writer data = {};
	struct request set = {.action = PTP_MANAGEMENT_SET, .id = PTP_MID_PORT_CORRECTIONS_NP, .port = 1};
	struct rig_master *master;
	struct bc_management m;
	int64_t error_ns;

	(void)state;
	master = rig_start_following(&rig);
	bc_data_put_time_interval(&data, 0);
	bc_data_put_time_interval(&data, 0);
	bc_data_put_time_interval(&data, 5000);
	set.data = data.octets;
	set.data_len = data.len;
	m = ask_for_one(&rig, &set);
	assert_int_equal(m.data_len, 24);
	assert_memory_equal(m.data, data.octets, 24);
	error_ns = rig_error_ns(&rig, master);
	rig_run_s(&rig, 60);
	assert_true(llabs(rig_error_ns(&rig, master) - error_ns - 5000) < 100);

	data.len = 16;
	bc_data_put_time_interval(&data, INT32_MAX + 1LL);
	assert_int_equal(ask_for_error(&rig, &set), PTP_MANAGEMENT_WRONG_VALUE);
	rig_stop(&rig);
}

static void alternate_times_that_are_set_are_announced_while_they_are_enabled(void **state)
{
	static const uint8_t name[] = {2, 4, 'C', 'E', 'S', 'T', 0, 0};
	static const uint8_t properties[] = {2,	   0, 0, 0x1c, 0x45, 0xff, 0xff, 0xf1,
					     0xf0, 0, 0, 0x65, 1,    2,	   3,	 0};
	uint8_t enable[] = {2, 1};
	static struct rig rig;
	struct request set = {.action = PTP_MANAGEMENT_SET, .port = ALL_PORTS};
	const struct bc_action *sent = &rig.port[0].last_send[PTP_ANNOUNCE];
	const uint8_t *tlv = sent->send.message + 64;

	(void)state;
	start(&rig, 1);
	rig_run_s(&rig, 30);
	set.id = PTP_MID_ALTERNATE_TIME_OFFSET_NAME;
	set.data = name;
	set.data_len = 6;
	ask_for_one(&rig, &set);
	set.id = PTP_MID_ALTERNATE_TIME_OFFSET_PROPERTIES;
	set.data = properties;
	set.data_len = sizeof(properties);
	ask_for_one(&rig, &set);
	rig_run_s(&rig, 3);
	assert_int_equal(sent->send.len, 64);
	set.id = PTP_MID_ALTERNATE_TIME_OFFSET_ENABLE;
	set.data = enable;
	set.data_len = 2;
	ask_for_one(&rig, &set);
	rig_run_s(&rig, 3);
	assert_int_equal(sent->send.len, 64 + 4 + 20);
	assert_int_equal(get_be16(tlv), PTP_TLV_ALTERNATE_TIME_OFFSET_INDICATOR);
	assert_memory_equal(tlv + 4, properties, 15);
	assert_memory_equal(tlv + 19, name + 1, 5);
	enable[1] = 0;
	ask_for_one(&rig, &set);
	rig_run_s(&rig, 3);
	assert_int_equal(sent->send.len, 64);
	rig_stop(&rig);
}

static void what_is_told_is_what_the_clock_does(void **state)
{
	static struct rig rig;
	struct rig_master *master;
	struct bc_management m;
	struct bc_status s;

	(void)state;
	master = rig_start_following(&rig);
	s = rig_status(&rig);
	m = ask_for_one(&rig, &(struct request){.id = PTP_MID_CURRENT_DATA_SET, .port = ALL_PORTS});
	assert_int_equal(get_be16(m.data), 1);
	assert_int_equal((int64_t)get_be64(m.data + 2), s.offset_from_master_ns * 65536);
	assert_int_equal((int64_t)get_be64(m.data + 10), s.mean_path_delay_ns * 65536);
	m = ask_for_one(&rig, &(struct request){.id = PTP_MID_PARENT_DATA_SET, .port = ALL_PORTS});
	assert_int_equal(m.data_len, 32);
	assert_memory_equal(m.data, master->identity.clock_identity, PTP_CLOCK_IDENTITY_LEN);
	assert_memory_equal(m.data + 24, master->announce.grandmaster_identity, PTP_CLOCK_IDENTITY_LEN);
	m = ask_for_one(&rig, &(struct request){.id = PTP_MID_TIME_STATUS_NP, .port = ALL_PORTS});
	assert_int_equal(m.data_len, 50);
	assert_int_equal((int64_t)get_be64(m.data), s.offset_from_master_ns);
	assert_true(llabs((int64_t)get_be64(m.data + 8) - rig_master_ptp_ns(master, rig.now_mono_ns)) <
		    2 * NSEC_PER_SEC);
	assert_int_equal(get_be32(m.data + 38), 1);
	m = ask_for_one(&rig, &(struct request){.id = PTP_MID_PORT_DATA_SET, .port = 1});
	assert_int_equal(m.data_len, 26);
	assert_int_equal(m.data[10], BC_STATE_SLAVE);
	/* Statistics by type, little-endian. */
	m = ask_for_one(&rig, &(struct request){.id = PTP_MID_PORT_STATS_NP, .port = 1});
	assert_int_equal(m.data_len, 10 + 2 * 16 * 8);
	assert_int_equal(m.data[10] | m.data[11] << 8,
			 bc_engine_counters(rig.engine, 0)->value[BC_COUNTER_RX_SYNC]);
	assert_int_equal(m.data[10 + 16 * 8 + 8] | m.data[10 + 16 * 8 + 9] << 8,
			 bc_engine_counters(rig.engine, 0)->value[BC_COUNTER_TX_DELAY_REQ]);
	/* Our stamps are not those of a hardware clock that phc2sys could read. */
	m = ask_for_one(&rig, &(struct request){.id = PTP_MID_PORT_PROPERTIES_NP, .port = 1});
	assert_int_equal(m.data[11], 0);
	m = ask_for_one(&rig, &(struct request){.id = PTP_MID_PORT_HWCLOCK_NP, .port = 1});
	assert_int_equal(get_be32(m.data + 10), 0xffffffff);
	rig_stop(&rig);
}

static void the_table_of_unicast_masters_is_told_as_long_as_it_fits_a_message(void **state)
{
	struct bc_unicast_table table = {.n_masters = 2,
					 .masters = {{.ip = {192, 0, 2, 1}}, {.ip = {192, 0, 2, 2}}}};
	struct request get = {.id = PTP_MID_UNICAST_MASTER_TABLE_NP, .port = 1};
	struct bc_management m;
	static struct rig rig;

	(void)state;
	rig_init(&rig, 1);
	rig.ports[0].transport = EBC_TRANSPORT_UDP_IPV4;
	rig.ports[0].unicast_table = &table;
	rig.ports[0].unicast_req_duration_s = 60;
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	m = ask_for_one(&rig, &get);
	assert_int_equal(m.data_len, 2 + 2 * 26);
	assert_int_equal(get_be16(m.data), 2);
	/* portIdentity of all ones; quality, selected, state, priorities; network 1, four octets. */
	assert_int_equal(m.data[2], 0xff);
	assert_memory_equal(m.data + 2 + 18, ((uint8_t[]){0, 1, 0, 4, 192, 0, 2, 1}), 8);
	assert_memory_equal(m.data + 2 + 26 + 22, ((uint8_t[]){192, 0, 2, 2}), 4);
	rig_stop(&rig);

	table.n_masters = BC_UNICAST_MASTERS_MAX;
	for (size_t i = 0; i < BC_UNICAST_MASTERS_MAX; i++)
		table.masters[i].ip[3] = (uint8_t)(i + 1);
	rig_start(&rig, RIG_EPOCH_PTP_NS);
	assert_int_equal(ask_for_error(&rig, &get), PTP_MANAGEMENT_RESPONSE_TOO_BIG);
	rig_stop(&rig);
}

static void settings_of_a_port_are_told_as_they_are_set(void **state)
{
	static const struct {
		uint16_t id;
		size_t len;
		uint8_t good[16], bad[16];
	} cases[] = {
		{PTP_MID_PORT_DATA_SET_NP, 8, {0, 0, 3, 0xe8, 0, 0, 0, 1}, {0x80}},
		{PTP_MID_POWER_PROFILE_SETTINGS_NP,
		 16,
		 {0, 2, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3},
		 {0, 3}},
	};
	static struct rig rig;

	(void)state;
	start(&rig, 2);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct request set = {.action = PTP_MANAGEMENT_SET,
				      .id = cases[i].id,
				      .port = 2,
				      .data = cases[i].good,
				      .data_len = cases[i].len};
		struct bc_management m = ask_for_one(&rig, &set);

		assert_int_equal(m.data_len, cases[i].len);
		assert_memory_equal(m.data, cases[i].good, cases[i].len);
		set.data = cases[i].bad;
		assert_int_equal(ask_for_error(&rig, &set), PTP_MANAGEMENT_WRONG_VALUE);
		set.data_len -= 2;
		assert_int_equal(ask_for_error(&rig, &set), PTP_MANAGEMENT_WRONG_LENGTH);
		/* The other port has its own. */
		m = ask_for_one(&rig, &(struct request){.id = cases[i].id, .port = 1});
		assert_memory_not_equal(m.data, cases[i].good, cases[i].len);
	}
	rig_stop(&rig);
}

static void mutated_requests_are_survived(void **state)
{
	static struct rig rig;
	uint64_t x = 88172645463325252;
	struct bc_management_client client = {.len = 1};

	(void)state;
	start(&rig, 2);
	for (unsigned int i = 0; i < 200000; i++) {
		uint8_t data[80], octets[BC_MSG_TX_MAX];
		struct request r = {.data = data, .port = ALL_PORTS};
		size_t len;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		for (size_t k = 0; k < sizeof(data); k++)
			data[k] = (uint8_t)(x >> k % 56);
		r.action = x >> 3 & 3;
		r.id = x & 4 ? clock_ids[(x >> 8) % ARRAY_SIZE(clock_ids)]
			     : port_ids[(x >> 8) % ARRAY_SIZE(port_ids)];
		/* Those that would end the test early. */
		if (x & 1 << 20)
			r.data_len = (x >> 24) % sizeof(data);
		len = request_write(&r, (uint16_t)i, octets);
		if (x & 1 << 21)
			octets[(x >> 32) % len] = (uint8_t)(x >> 40);
		if (x & 1 << 22)
			len = (x >> 33) % (len + 1);
		if (x & 1 << 23)
			bc_engine_handle_management(rig.engine, &client, octets, len, rig.now_mono_ns);
		else
			rig_inject_octets(&rig, 0, octets, len);
		rig_drain(&rig);
		rig_run_ns(&rig, NSEC_PER_MSEC);
	}
	rig_stop(&rig);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_data_set_of_the_clock_is_told_once_and_goes_back_to_who_asked),
		cmocka_unit_test(every_data_set_of_ports_is_told_by_each_that_is_asked),
		cmocka_unit_test(errors_are_those_of_the_standard),
		cmocka_unit_test(others_are_not_answered_for),
		cmocka_unit_test(nothing_is_changed_over_the_read_only_socket),
		cmocka_unit_test(a_priority_that_is_set_decides_at_once),
		cmocka_unit_test(grandmaster_settings_are_announced_as_they_are_set),
		cmocka_unit_test(uncertainty_that_is_set_is_announced),
		cmocka_unit_test(a_port_that_is_disabled_is_silent_until_it_is_enabled),
		cmocka_unit_test(another_master_is_followed_when_the_slave_port_is_disabled),
		cmocka_unit_test(corrections_of_a_port_are_set_in_nanoseconds_and_bounded),
		cmocka_unit_test(alternate_times_that_are_set_are_announced_while_they_are_enabled),
		cmocka_unit_test(what_is_told_is_what_the_clock_does),
		cmocka_unit_test(the_table_of_unicast_masters_is_told_as_long_as_it_fits_a_message),
		cmocka_unit_test(settings_of_a_port_are_told_as_they_are_set),
		cmocka_unit_test(mutated_requests_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
