/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of unicast masters: what is read, what is refused, and which ports may name them. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/config/config-fixture.h"
#include "util/macros.h"

#define TABLE "[unicast_master_table]\ntable_id 1\n"

static void a_table_holds_what_the_file_says(void **state)
{
	struct ebc_config *config = *state;
	const struct ebc_unicast_table *table;

	assert_runs_silently(config, "[global]\nnetwork_transport UDPv4\n"
				     "[unicast_master_table]\n"
				     "table_id 7\nlogQueryInterval -2\npeer_address 10.0.0.9\n"
				     "UDPv4 10.0.0.1\nudpv6 fd00::1\nL2 02:00:00:00:00:01\n"
				     "[eth0]\nunicast_master_table 7\n"
				     "[Unicast_Master_Table]\ntable_id 9\n");
	table = ebc_config_unicast_table(config, 7);
	assert_non_null(table);
	assert_int_equal(table->log_query_interval, -2);
	assert_true(table->has_peer);
	assert_memory_equal(table->peer.octets, "\x0a\x00\x00\x09", 4);
	assert_int_equal(table->n_masters, 3);
	assert_int_equal(table->masters[0].transport, EBC_NETWORK_TRANSPORT_UDPV4);
	assert_memory_equal(table->masters[0].octets, "\x0a\x00\x00\x01", 4);
	assert_int_equal(table->masters[1].transport, EBC_NETWORK_TRANSPORT_UDPV6);
	assert_memory_equal(table->masters[1].octets, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
	assert_int_equal(table->masters[2].transport, EBC_NETWORK_TRANSPORT_L2);
	assert_memory_equal(table->masters[2].octets, "\x02\0\0\0\0\x01", 6);
	assert_int_equal(ebc_config_unicast_table(config, 9)->n_masters, 0);
	assert_int_equal(ebc_config_unicast_table(config, 9)->log_query_interval, 0);
	assert_null(ebc_config_unicast_table(config, 8));
	assert_int_equal(ebc_config_n_ports(config), 1);
}

static void mistakes_in_a_table_are_named_by_file_line_and_reason(void **state)
{
	static const struct {
		const char *text, *note;
	} refusals[] = {
		{"[unicast_master_table]\ntable_id 0\n", "t.conf:2: table_id 0 is not an integer from 1 on"},
		{"[unicast_master_table]\ntable_id 1x\n",
		 "t.conf:2: table_id 1x is not an integer from 1 on"},
		{TABLE TABLE, "t.conf:4: table_id 1 is there already"},
		{TABLE "logQueryInterval 16\n", "t.conf:3: logQueryInterval 16 is not an integer of -7..15"},
		{TABLE "peer_address nobody\n", "t.conf:3: peer_address nobody is not the address of a host"},
		{TABLE "UDPv4 10.0.0\n", "t.conf:3: UDPv4 10.0.0 is not the address of a host"},
		{TABLE "UDPv4 fd00::1\n", "t.conf:3: UDPv4 fd00::1 is not the address of a host"},
		{TABLE "UDPv4 224.0.1.129\n", "t.conf:3: UDPv4 224.0.1.129 is not the address of a host"},
		{TABLE "UDPv4 0.0.0.0\n", "t.conf:3: UDPv4 0.0.0.0 is not the address of a host"},
		{TABLE "UDPv6 ff0e::181\n", "t.conf:3: UDPv6 ff0e::181 is not the address of a host"},
		{TABLE "L2 01:1b:19:00:00:00\n",
		 "t.conf:3: L2 01:1b:19:00:00:00 is not the address of a host"},
		{TABLE "L2 02:00:00:00:00\n", "t.conf:3: L2 02:00:00:00:00 is not the address of a host"},
		{TABLE "UDPv4 10.0.0.1\nUDPv4 10.0.0.1\n",
		 "t.conf:4: UDPv4 10.0.0.1 is in this table already"},
		{TABLE "priority1 1\n", "t.conf:3: priority1 is nothing that a unicast_master_table has"},
		{TABLE "UDPv4\n", "t.conf:3: UDPv4 has no value"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct ebc_config *config = NULL;

		assert_int_equal(ebc_config_new(&config), 0);
		assert_text_refused(config, refusals[i].text, refusals[i].note);
		ebc_config_free(config);
	}
}

static void ports_and_tables_must_fit(void **state)
{
	static const struct {
		const char *text, *note;
	} refusals[] = {
		{"[eth0]\n[unicast_master_table]\nUDPv4 10.0.0.1\n",
		 "t.conf:2: this unicast_master_table has no table_id"},
		{"[eth0]\nunicast_master_table 2\n" TABLE "UDPv4 10.0.0.1\n",
		 "t.conf:2: port eth0: no table has the table_id 2"},
		{"[eth0]\nunicast_master_table 1\nnetwork_transport L2\n" TABLE "UDPv4 10.0.0.1\n",
		 "t.conf:2: port eth0: table 1 has no master of this port's network_transport"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct ebc_config *config = NULL;

		assert_int_equal(ebc_config_new(&config), 0);
		assert_finish_refuses(config, refusals[i].text, refusals[i].note);
		ebc_config_free(config);
	}
}

static void tables_are_bounded(void **state)
{
	char text[8192];
	size_t len = 0;

	for (unsigned int i = 1; i <= EBC_UNICAST_TABLES_MAX + 1; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
					"[unicast_master_table]\ntable_id %u\n", i);
	assert_text_refused(*state, text, "t.conf:33: more than 16 tables of unicast masters");
}

static void the_entries_of_a_table_are_bounded(void **state)
{
	char text[8192];
	size_t len = (size_t)snprintf(text, sizeof(text), TABLE);

	for (unsigned int i = 1; i <= EBC_UNICAST_MASTERS_MAX + 1; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "UDPv4 10.0.0.%u\n", i);
	assert_text_refused(*state, text, "t.conf:67: more than 64 unicast masters in a table");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup_config, teardown_config)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_table_holds_what_the_file_says),
		T(mistakes_in_a_table_are_named_by_file_line_and_reason),
		T(ports_and_tables_must_fit),
		T(tables_are_bounded),
		T(the_entries_of_a_table_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
