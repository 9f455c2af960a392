/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file format: what is accepted, and each kind of refusal with its exact message. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/config/config-fixture.h"
#include "config/private.h"
#include "util/macros.h"

static void sections_settings_comments_and_white_space_are_read(void **state)
{
	struct ebc_config *config = *state;

	assert_runs_silently(config, "# a comment\n"
				     "\n"
				     "   # another\n"
				     " [Global] \r\n"
				     "priority1\t \t7\r\n"
				     "  priority2 9  \n"
				     "message_tag two words # not a comment\n"
				     "[ eth0 ]\n"
				     "logSyncInterval -3\n"
				     "[eth1]\n"
				     "network_transport L2");
	assert_int_equal(ebc_config_int(config, EBC_CONFIG_GLOBAL, EBC_OPT_PRIORITY1), 7);
	assert_int_equal(ebc_config_int(config, EBC_CONFIG_GLOBAL, EBC_OPT_PRIORITY2), 9);
	assert_string_equal(ebc_config_string(config, EBC_CONFIG_GLOBAL, EBC_OPT_MESSAGE_TAG),
			    "two words # not a comment");
	assert_int_equal(ebc_config_n_ports(config), 2);
	assert_string_equal(ebc_config_port_name(config, 0), "eth0");
	assert_string_equal(ebc_config_port_name(config, 1), "eth1");
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_LOG_SYNC_INTERVAL), -3);
	assert_int_equal(ebc_config_int(config, 1, EBC_OPT_LOG_SYNC_INTERVAL), 0);
	assert_int_equal(ebc_config_int(config, 1, EBC_OPT_NETWORK_TRANSPORT), EBC_NETWORK_TRANSPORT_L2);
}

static void refusals_name_file_line_option_and_reason(void **state)
{
	static const struct {
		const char *text, *note;
	} refusals[] = {
		{"[global]\npriority3 1\n", "t.conf:2: priority3 is not an option"},
		{"[global]\nPriority1 1\n", "t.conf:2: Priority1 is not an option"},
		{"[global]\nts2phc. 1\n", "t.conf:2: ts2phc. is not an option"},
		{"[global]\n\npriority1 256\n", "t.conf:3: priority1 256 is out of range 0..255"},
		{"[global]\nlogSyncInterval 40\n", "t.conf:2: logSyncInterval 40 is out of range -7..15"},
		{"[global]\nuse_syslog 2\n", "t.conf:2: use_syslog 2 is out of range 0..1"},
		{"[global]\nuse_syslog yes\n", "t.conf:2: use_syslog yes is not 0 or 1"},
		{"[global]\npriority1 12x\n", "t.conf:2: priority1 12x is not an integer"},
		{"[global]\npriority1 1 # no\n", "t.conf:2: priority1 1 # no is not an integer"},
		{"[global]\nstep_threshold 1s\n", "t.conf:2: step_threshold 1s is not a number"},
		{"[global]\nstep_threshold -1\n", "t.conf:2: step_threshold -1 is out of range 0..1e9"},
		{"[global]\nclock_type TC\n",
		 "t.conf:2: clock_type TC is not one of OC|BC|P2P_TC|E2E_TC|MONITOR"},
		{"[global]\nptp_dst_mac 01:02\n",
		 "t.conf:2: ptp_dst_mac 01:02 is not an Ethernet address as 01:1B:19:00:00:00"},
		{"[global]\nptp_dst_ipv4 1.2.3.4\n",
		 "t.conf:2: ptp_dst_ipv4 1.2.3.4 is not an IPv4 multicast address"},
		{"[global]\nptp_dst_ipv6 fe80::1\n",
		 "t.conf:2: ptp_dst_ipv6 fe80::1 is not an IPv6 multicast address"},
		{"[global]\nudp_source_address here\n",
		 "t.conf:2: udp_source_address here is not an IPv4 or IPv6 address"},
		{"[global]\nclockIdentity 1\n",
		 "t.conf:2: clockIdentity 1 is not a clock identity as 001122.fffe.334455"},
		{"[global]\nmanufacturerIdentity 1\n",
		 "t.conf:2: manufacturerIdentity 1 is not three octets as 00:00:00"},
		{"[global]\nbpf_pin_path x\n", "t.conf:2: bpf_pin_path x is not an absolute path"},
		{"[global]\ncontrol_socket x\n", "t.conf:2: control_socket x is not an absolute path"},
		{"[global]\nsa_file\n", "t.conf:2: sa_file has no value"},
		{"[global]\nno_such_option\n", "t.conf:2: no_such_option has no value"},
		{"[eth0]\nbpf_pin_path\n",
		 "t.conf:2: bpf_pin_path is a global option, it cannot stand in the section of port eth0"},
		{"[global]\nslaveOnly 2\n", "t.conf:2: slaveOnly 2 is out of range 0..1"},
		{"[global]\npriority1\n", "t.conf:2: priority1 has no value"},
		{"[eth0]\npriority1 1\n",
		 "t.conf:2: priority1 is a global option, it cannot stand in the section of port eth0"},
		{"[eth0]\nslaveOnly 1\n",
		 "t.conf:2: slaveOnly is a global option, it cannot stand in the section of port eth0"},
		{"priority1 1\n[global]\n",
		 "t.conf:1: priority1 1 stands before the first section, such as [global]"},
		{"[global\n", "t.conf:1: [global is not a section: no ] at its end"},
		{"[global] x\n", "t.conf:1: [global] x is not a section: no ] at its end"},
		{"[\n", "t.conf:1: [ is not a section: no ] at its end"},
		{"[]\n", "t.conf:1: \"\" is not the name of an interface"},
		{"[eth 0]\n", "t.conf:1: \"eth 0\" is not the name of an interface"},
		{"[eth0/1]\n", "t.conf:1: \"eth0/1\" is not the name of an interface"},
		{"[eth0:1]\n", "t.conf:1: \"eth0:1\" is not the name of an interface"},
		{"[..]\n", "t.conf:1: \"..\" is not the name of an interface"},
		{"[[eth0]]\n", "t.conf:1: \"[eth0]\" is not the name of an interface"},
		{"[a-name-of-16-oct]\n", "t.conf:1: \"a-name-of-16-oct\" is not the name of an interface"},
		{"[global]\npriority1 \x01\n", "t.conf:2: a control character: this is not a text file"},
		{"\x7f"
		 "ELF\n",
		 "t.conf:1: a control character: this is not a text file"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct ebc_config *config = NULL;

		assert_int_equal(ebc_config_new(&config), 0);
		assert_text_refused(config, refusals[i].text, refusals[i].note);
		ebc_config_free(config);
	}
}

static void nul_in_the_text_is_refused(void **state)
{
	static const char text[] = "[global]\npriority1 1\0 2\n";

	assert_int_equal(ebc_config_read_text(*state, "t.conf", text, sizeof(text) - 1), -EINVAL);
	assert_only_note(*state, true, "t.conf:2: a control character: this is not a text file");
}

static void line_of_1023_characters_is_read_and_one_more_is_refused(void **state)
{
	char text[1200] = "[global]\nmessage_tag ";
	size_t head = strlen(text), line = strlen("message_tag ");

	memset(text + head, 'x', 1024 - line);
	text[head + 1023 - line] = '\n';
	assert_int_equal(ebc_config_read_text(*state, "t.conf", text, head + 1024 - line), 0);
	assert_int_equal(strlen(ebc_config_string(*state, EBC_CONFIG_GLOBAL, EBC_OPT_MESSAGE_TAG)),
			 1023 - line);
	text[head + 1023 - line] = 'x';
	assert_int_equal(ebc_config_read_text(*state, "t.conf", text, head + 1024 - line), -EINVAL);
	assert_only_note(*state, true, "t.conf:2: more than 1023 characters in a line");
}

static void file_of_more_than_a_megabyte_is_refused(void **state)
{
	static char text[MAX_FILE_SIZE + 1];

	memset(text, '\n', sizeof(text));
	assert_int_equal(ebc_config_read_text(*state, "t.conf", text, sizeof(text) - 1), 0);
	assert_int_equal(ebc_config_read_text(*state, "t.conf", text, sizeof(text)), -EFBIG);
	assert_only_note(*state, true, "t.conf: more than 1048576 bytes");
}

static void a_note_is_bounded_and_printable_whatever_the_line_holds(void **state)
{
	char text[1100] = "[global]\npriority1 ";
	size_t head = strlen(text);

	memset(text + head, '\t', 1);
	memset(text + head + 1, '9', 900);
	text[head + 400] = '\t';
	assert_true(read_config_text(*state, text) < 0);
	assert_int_equal(ebc_config_n_notes(*state), 1);
	assert_int_equal(strlen(ebc_config_note(*state, 0).text), MAX_NOTE_LEN);
	assert_null(strchr(ebc_config_note(*state, 0).text, '\t'));
}

static void ports_are_at_most_128(void **state)
{
	struct ebc_config *config = *state;
	char name[16];

	for (int i = 0; i < 128; i++) {
		snprintf(name, sizeof(name), "port%d", i);
		assert_int_equal(ebc_config_add_port(config, name), 0);
	}
	assert_int_equal(read_config_text(config, "[port7]\n"), 0);
	assert_text_refused(config, "[one-more]\n", "t.conf:1: port one-more: more than 128 ports");
	assert_int_equal(ebc_config_n_ports(config), 128);
}

static void sections_of_the_same_name_merge(void **state)
{
	struct ebc_config *config = *state;

	assert_runs_silently(config, "[eth0]\nlogSyncInterval -1\nudp_ttl 4\n"
				     "[global]\npriority1 3\n"
				     "[eth0]\nlogSyncInterval -2\n"
				     "[global]\npriority2 4\n");
	assert_int_equal(ebc_config_n_ports(config), 1);
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_LOG_SYNC_INTERVAL), -2);
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_UDP_TTL), 4);
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_PRIORITY1), 3);
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_PRIORITY2), 4);
}

static void interface_names_are_case_sensitive_and_may_have_15_octets(void **state)
{
	assert_runs_silently(*state, "[eth0]\n[ETH0]\n[fifteen-octets-]\n[globals]\n");
	assert_int_equal(ebc_config_n_ports(*state), 4);
}

static void options_of_ts2phc_are_ignored_in_every_section(void **state)
{
	assert_runs_silently(*state, "[global]\nts2phc.pulsewidth 500000000\n"
				     "[eth0]\nts2phc.pin_index 0\nts2phc.anything at all\n");
}

static void old_names_set_the_option_of_today(void **state)
{
	assert_runs_silently(*state, "[global]\nslaveOnly 1\npi_offset_const 0.5\npi_f_offset_const 0.25\n"
				     "pi_max_frequency 1000\n[eth0]\n");
	assert_int_equal(ebc_config_int(*state, 0, EBC_OPT_CLIENT_ONLY), 1);
	assert_int_equal(ebc_config_int(*state, 0, EBC_OPT_MAX_FREQUENCY), 1000);
	assert_true(ebc_config_double(*state, 0, EBC_OPT_STEP_THRESHOLD) > 0.49);
	assert_true(ebc_config_double(*state, 0, EBC_OPT_FIRST_STEP_THRESHOLD) < 0.26);
}

static void port_beats_command_line_beats_global_beats_default(void **state)
{
	struct ebc_config *config = *state;

	assert_int_equal(ebc_config_set_from_command_line(config, "logSyncInterval", "-4"), 0);
	assert_int_equal(ebc_config_set_from_command_line(config, "--priority1=3", NULL), 0);
	assert_runs_silently(config, "[global]\nlogSyncInterval -1\nlogAnnounceInterval 0\npriority1 9\n"
				     "[eth0]\nlogSyncInterval -2\n[eth1]\n");
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_LOG_SYNC_INTERVAL), -2);
	assert_int_equal(ebc_config_int(config, 1, EBC_OPT_LOG_SYNC_INTERVAL), -4);
	assert_int_equal(ebc_config_int(config, EBC_CONFIG_GLOBAL, EBC_OPT_LOG_SYNC_INTERVAL), -4);
	assert_int_equal(ebc_config_int(config, 1, EBC_OPT_LOG_ANNOUNCE_INTERVAL), 0);
	assert_int_equal(ebc_config_int(config, 1, EBC_OPT_PRIORITY1), 3);
	assert_int_equal(ebc_config_int(config, 1, EBC_OPT_PRIORITY2), 128);
	assert_true(ebc_config_is_set(config, 1, EBC_OPT_LOG_SYNC_INTERVAL));
	assert_false(ebc_config_is_set(config, 1, EBC_OPT_PRIORITY2));
}

static void command_line_after_the_file_beats_global_too(void **state)
{
	assert_int_equal(read_config_text(*state, "[global]\npriority1 9\n"), 0);
	assert_int_equal(ebc_config_set_from_command_line(*state, "priority1", "3"), 0);
	assert_int_equal(ebc_config_int(*state, EBC_CONFIG_GLOBAL, EBC_OPT_PRIORITY1), 3);
	assert_int_equal(ebc_config_set_from_command_line(*state, "--priority1=4", NULL), 0);
	assert_int_equal(ebc_config_int(*state, EBC_CONFIG_GLOBAL, EBC_OPT_PRIORITY1), 4);
}

static void a_value_of_the_file_is_checked_though_the_command_line_beats_it(void **state)
{
	assert_int_equal(ebc_config_set_from_command_line(*state, "priority1", "3"), 0);
	assert_text_refused(*state, "[global]\npriority1 300\n",
			    "t.conf:2: priority1 300 is out of range 0..255");
}

static void refusals_of_the_command_line_say_so(void **state)
{
	static const struct {
		const char *name, *value, *note;
	} refusals[] = {
		{"--priority1=256", NULL, "command line: priority1 256 is out of range 0..255"},
		{"--priority1=", NULL, "command line: priority1 has no value"},
		{"--priority1", NULL, "command line: priority1 has no value"},
		{"foo", "1", "command line: foo is not an option"},
		{"--=1", NULL, "command line:  is not an option"},
		{"network_transport", "L3",
		 "command line: network_transport L3 is not one of L2|UDPv4|UDPv6"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct ebc_config *config = NULL;

		assert_int_equal(ebc_config_new(&config), 0);
		assert_true(ebc_config_set_from_command_line(config, refusals[i].name, refusals[i].value) <
			    0);
		assert_only_note(config, true, refusals[i].note);
		ebc_config_free(config);
	}
}

static void a_path_that_may_be_empty_stands_alone_in_its_line(void **state)
{
	assert_runs_silently(*state, "[global]\nbpf_pin_path\ncontrol_socket \t\npriority1 3\n[eth0]\n");
	assert_string_equal(ebc_config_string(*state, EBC_CONFIG_GLOBAL, EBC_OPT_BPF_PIN_PATH), "");
	assert_string_equal(ebc_config_string(*state, EBC_CONFIG_GLOBAL, EBC_OPT_CONTROL_SOCKET), "");
	assert_int_equal(ebc_config_int(*state, EBC_CONFIG_GLOBAL, EBC_OPT_PRIORITY1), 3);
}

static void a_path_that_may_be_empty_is_so_on_the_command_line(void **state)
{
	assert_int_equal(ebc_config_set_from_command_line(*state, "--control_socket=", NULL), 0);
	assert_runs_silently(*state, "[global]\ncontrol_socket /run/x\n[eth0]\n");
	assert_string_equal(ebc_config_string(*state, EBC_CONFIG_GLOBAL, EBC_OPT_CONTROL_SOCKET), "");
}

static void a_value_of_the_command_line_may_hold_an_equals_sign(void **state)
{
	assert_int_equal(ebc_config_set_from_command_line(*state, "--message_tag=a=b", NULL), 0);
	assert_string_equal(ebc_config_string(*state, EBC_CONFIG_GLOBAL, EBC_OPT_MESSAGE_TAG), "a=b");
}

static void too_long_a_command_line_option_is_refused(void **state)
{
	char value[MAX_LINE_LEN + 2];

	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	assert_int_equal(ebc_config_set_from_command_line(*state, "message_tag", value), -EINVAL);
	assert_only_note(*state, true, "command line: message_tag... is too long");
}

static void a_port_is_named_once_however_often_it_is_mentioned(void **state)
{
	assert_int_equal(ebc_config_add_port(*state, "eth1"), 0);
	assert_runs_silently(*state, "[eth0]\n[eth1]\nudp_ttl 3\n");
	assert_int_equal(ebc_config_add_port(*state, "eth1"), 0);
	assert_only_note(*state, false, "command line: -i eth1 is given twice: it is one port");
	assert_int_equal(ebc_config_n_ports(*state), 2);
	assert_string_equal(ebc_config_port_name(*state, 0), "eth1");
	assert_int_equal(ebc_config_int(*state, 0, EBC_OPT_UDP_TTL), 3);
}

static void bad_port_of_the_command_line_is_refused(void **state)
{
	assert_int_equal(ebc_config_add_port(*state, "../eth0"), -EINVAL);
	assert_only_note(*state, true, "command line: \"../eth0\" is not the name of an interface");
	assert_int_equal(ebc_config_n_ports(*state), 0);
}

static void an_empty_text_is_a_configuration(void **state)
{
	assert_int_equal(ebc_config_add_port(*state, "eth0"), 0);
	assert_runs_silently(*state, "");
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup_config, teardown_config)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(sections_settings_comments_and_white_space_are_read),
		T(refusals_name_file_line_option_and_reason),
		T(nul_in_the_text_is_refused),
		T(line_of_1023_characters_is_read_and_one_more_is_refused),
		T(file_of_more_than_a_megabyte_is_refused),
		T(a_note_is_bounded_and_printable_whatever_the_line_holds),
		T(ports_are_at_most_128),
		T(sections_of_the_same_name_merge),
		T(interface_names_are_case_sensitive_and_may_have_15_octets),
		T(options_of_ts2phc_are_ignored_in_every_section),
		T(old_names_set_the_option_of_today),
		T(port_beats_command_line_beats_global_beats_default),
		T(command_line_after_the_file_beats_global_too),
		T(a_value_of_the_file_is_checked_though_the_command_line_beats_it),
		T(refusals_of_the_command_line_say_so),
		T(a_path_that_may_be_empty_stands_alone_in_its_line),
		T(a_path_that_may_be_empty_is_so_on_the_command_line),
		T(a_value_of_the_command_line_may_hold_an_equals_sign),
		T(too_long_a_command_line_option_is_refused),
		T(a_port_is_named_once_however_often_it_is_mentioned),
		T(bad_port_of_the_command_line_is_refused),
		T(an_empty_text_is_a_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
