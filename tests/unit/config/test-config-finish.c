/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said when everything was read: refused values, values without effect, relations. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/config/config-fixture.h"
#include "util/macros.h"

static void values_that_are_refused_name_their_reason(void **state)
{
	static const struct {
		const char *setting, *note;
	} refusals[] = {
		{"delay_mechanism COMMON_P2P", "delay_mechanism COMMON_P2P is refused: there is no common "
					       "mean link delay service: each port "
					       "measures for itself (P2P)"},
		{"sa_file /etc/keys", "sa_file /etc/keys is refused: messages are not authenticated"},
		{"user ptp", "user ptp is refused: a service manager can start it as another user with the "
			     "capabilities that it needs"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct ebc_config *config = NULL;
		char text[128], note[256];

		assert_int_equal(ebc_config_new(&config), 0);
		snprintf(text, sizeof(text), "[global]\n%s\n[eth0]\n", refusals[i].setting);
		snprintf(note, sizeof(note), "t.conf:2: %s", refusals[i].note);
		assert_finish_refuses(config, text, note);
		ebc_config_free(config);
	}
}

static void a_refused_value_is_named_where_it_stands(void **state)
{
	assert_finish_refuses(
		*state, "[eth0]\n[eth1]\ndelay_mechanism COMMON_P2P\n",
		"t.conf:3: delay_mechanism COMMON_P2P is refused: there is no common mean link delay "
		"service: each port measures for itself (P2P)");
}

static void a_refused_value_that_every_port_overrides_does_not_matter(void **state)
{
	assert_runs_silently(*state, "[global]\ndelay_mechanism COMMON_P2P\n[eth0]\ndelay_mechanism E2E\n");
}

static void a_refused_value_that_the_command_line_overrides_does_not_matter(void **state)
{
	assert_int_equal(ebc_config_set_from_command_line(*state, "delay_mechanism", "E2E"), 0);
	assert_runs_silently(*state, "[global]\ndelay_mechanism COMMON_P2P\n[eth0]\n");
}

static void all_refusals_are_said_at_once(void **state)
{
	assert_int_equal(read_config_text(*state, "[global]\nsa_file /etc/keys\nspp 1\n"
						  "active_key_id 2\n[eth0]\n[eth1]\n"),
			 0);
	assert_int_equal(ebc_config_finish(*state), -EINVAL);
	assert_int_equal(ebc_config_n_notes(*state), 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(ebc_config_note(*state, i).is_error);
}

static void a_value_without_effect_makes_one_note_for_all_ports(void **state)
{
	assert_runs_with_note(*state, "[eth0]\n[eth1]\nphc_index 1\n[eth2]\nphc_index 1\n",
			      "t.conf:3: phc_index 1 has no effect: hardware clocks are not used");
}

static void a_value_without_effect_is_silent_at_its_default(void **state)
{
	assert_runs_silently(*state, "[global]\ntsproc_mode FILTER\np2p_dst_mac 01:80:c2:00:00:0e\n"
				     "profileIdentity 00:00:00:00:00:00\nuds_file_mode "
				     "0x1b0\nwrite_phase_mode 0\ntwoStepFlag 1\nspp -1\n[eth0]\n");
}

static void a_late_stamp_needs_no_timeout(void **state)
{
	assert_runs_with_note(*state, "[global]\ntx_timestamp_timeout 50\n[eth0]\n",
			      "t.conf:2: tx_timestamp_timeout 50 has no effect: "
			      "a late transmit stamp never makes a port faulty");
}

static void hardware_stamps_of_a_file_become_bpf_stamps_with_a_note(void **state)
{
	static const char *const values[] = {"hardware", "legacy", "onestep", "p2p1step"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct ebc_config *config = NULL;
		char text[64];

		assert_int_equal(ebc_config_new(&config), 0);
		snprintf(text, sizeof(text), "[global]\ntime_stamping %s\n[eth0]\n", values[i]);
		assert_int_equal(read_config_text(config, text), 0);
		assert_int_equal(ebc_config_finish(config), 0);
		assert_int_equal(ebc_config_n_notes(config), 1);
		assert_false(ebc_config_note(config, 0).is_error);
		assert_int_equal(ebc_config_int(config, 0, EBC_OPT_TIME_STAMPING), EBC_TIME_STAMPING_BPF);
		ebc_config_free(config);
	}
}

static void note_on_hardware_stamps_names_the_line(void **state)
{
	assert_runs_with_note(
		*state, "[global]\ntime_stamping hardware\n[eth0]\n",
		"t.conf:2: time_stamping hardware is not used: the stamps are taken by BPF programs");
}

static void hardware_stamps_of_the_command_line_are_refused(void **state)
{
	assert_int_equal(ebc_config_set_from_command_line(*state, "time_stamping", "hardware"), 0);
	assert_int_equal(ebc_config_add_port(*state, "eth0"), 0);
	assert_int_equal(ebc_config_finish(*state), -EINVAL);
	assert_only_note(
		*state, true,
		"command line: time_stamping hardware is refused: the stamps are taken by BPF programs");
}

static void bpf_stamps_of_the_command_line_silence_the_file(void **state)
{
	assert_int_equal(ebc_config_set_from_command_line(*state, "time_stamping", "bpf"), 0);
	assert_runs_silently(*state, "[global]\ntime_stamping software\n[eth0]\n");
}

static void bpf_that_is_asked_for_counts_as_set_and_what_is_not_used_does_not(void **state)
{
	struct ebc_config *config = NULL;

	assert_runs_silently(*state, "[global]\ntime_stamping bpf\n[eth0]\n");
	assert_true(ebc_config_is_set(*state, EBC_CONFIG_GLOBAL, EBC_OPT_TIME_STAMPING));
	assert_int_equal(ebc_config_new(&config), 0);
	assert_int_equal(read_config_text(config, "[global]\ntime_stamping hardware\n[eth0]\n"), 0);
	assert_int_equal(ebc_config_finish(config), 0);
	assert_false(ebc_config_is_set(config, EBC_CONFIG_GLOBAL, EBC_OPT_TIME_STAMPING));
	ebc_config_free(config);
}

static void software_stamps_are_for_the_systems_clock(void **state)
{
	assert_runs_silently(*state, "[global]\ntime_stamping software\n[eth0]\n");
	assert_int_equal(ebc_config_int(*state, EBC_CONFIG_GLOBAL, EBC_OPT_LOCAL_CLOCK),
			 EBC_LOCAL_CLOCK_SYSTEM);
}

static void software_stamps_leave_a_local_clock_that_is_named(void **state)
{
	assert_runs_silently(*state, "[global]\ntime_stamping software\nlocal_clock virtual\n[eth0]\n");
	assert_int_equal(ebc_config_int(*state, EBC_CONFIG_GLOBAL, EBC_OPT_LOCAL_CLOCK),
			 EBC_LOCAL_CLOCK_VIRTUAL);
}

static void bpf_stamps_leave_the_virtual_clock(void **state)
{
	assert_runs_silently(*state, "[eth0]\n");
	assert_int_equal(ebc_config_int(*state, EBC_CONFIG_GLOBAL, EBC_OPT_LOCAL_CLOCK),
			 EBC_LOCAL_CLOCK_VIRTUAL);
}

static void software_stamps_make_no_transparent_clock(void **state)
{
	assert_finish_refuses(
		*state, "[global]\nclock_type E2E_TC\ntime_stamping software\n[eth0]\n[eth1]\n",
		"t.conf:3: time_stamping software is refused: clock_type E2E_TC is made of BPF programs");
}

static void software_stamps_are_not_published(void **state)
{
	assert_finish_refuses(*state, "[global]\npublish_stamps 1\ntime_stamping software\n[eth0]\n",
			      "t.conf:2: publish_stamps 1 is refused: with time_stamping software no BPF "
			      "program takes any");
}

static void no_port_is_refused(void **state)
{
	assert_finish_refuses(*state, "[global]\npriority1 1\n",
			      "no port: name one by -i or by a section such as [eth0]");
}

static void boundary_clock_of_one_port_is_refused(void **state)
{
	assert_finish_refuses(*state, "[global]\nclock_type BC\n[eth0]\n",
			      "t.conf:2: clock_type BC needs two ports or more");
}

static void forwarding_clock_of_one_port_is_refused(void **state)
{
	static const char *const types[] = {"E2E_TC", "P2P_TC", "MONITOR"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct ebc_config *config = NULL;
		char text[64], note[64];

		assert_int_equal(ebc_config_new(&config), 0);
		snprintf(text, sizeof(text), "[global]\nclock_type %s\n[eth0]\n", types[i]);
		snprintf(note, sizeof(note), "t.conf:2: clock_type %s needs two ports or more", types[i]);
		assert_finish_refuses(config, text, note);
		ebc_config_free(config);
	}
}

static void assert_mechanism(const struct ebc_config *config, enum ebc_clock_type type,
			     enum ebc_delay_mechanism mechanism)
{
	assert_int_equal(ebc_config_int(config, EBC_CONFIG_GLOBAL, EBC_OPT_CLOCK_TYPE), type);
	for (size_t port = 0; port < ebc_config_n_ports(config); port++)
		assert_int_equal(ebc_config_int(config, port, EBC_OPT_DELAY_MECHANISM), mechanism);
}

static void end_to_end_transparent_clock_runs(void **state)
{
	assert_runs_silently(*state, "[global]\nclock_type E2E_TC\n[eth0]\n[eth1]\n");
	assert_mechanism(*state, EBC_CLOCK_TYPE_E2E_TC, EBC_DELAY_MECHANISM_E2E);
}

static void peer_to_peer_transparent_clock_implies_peer_delay(void **state)
{
	assert_runs_silently(*state, "[global]\nclock_type P2P_TC\n[eth0]\n[eth1]\n");
	assert_mechanism(*state, EBC_CLOCK_TYPE_P2P_TC, EBC_DELAY_MECHANISM_P2P);
}

static void peer_to_peer_transparent_clock_of_the_command_line_implies_peer_delay(void **state)
{
	assert_int_equal(ebc_config_set_from_command_line(*state, "clock_type", "P2P_TC"), 0);
	assert_runs_silently(*state, "[global]\nclock_type BC\n[eth0]\n[eth1]\n");
	assert_mechanism(*state, EBC_CLOCK_TYPE_P2P_TC, EBC_DELAY_MECHANISM_P2P);
}

static void peer_to_peer_transparent_clock_may_name_peer_delay(void **state)
{
	assert_runs_silently(*state, "[global]\nclock_type P2P_TC\n[eth0]\ndelay_mechanism P2P\n[eth1]\n");
	assert_mechanism(*state, EBC_CLOCK_TYPE_P2P_TC, EBC_DELAY_MECHANISM_P2P);
}

static void delay_mechanism_must_be_that_of_the_transparent_clock(void **state)
{
	static const struct {
		const char *text, *note;
	} refusals[] = {
		{"[global]\nclock_type P2P_TC\ndelay_mechanism E2E\n[eth0]\n[eth1]\n",
		 "t.conf:3: delay_mechanism E2E is refused: P2P TC needs P2P ports"},
		{"[global]\nclock_type P2P_TC\n[eth0]\n[eth1]\ndelay_mechanism E2E\n",
		 "t.conf:5: delay_mechanism E2E is refused: P2P TC needs P2P ports"},
		{"[global]\nclock_type P2P_TC\ndelay_mechanism E2E\n[eth0]\ndelay_mechanism P2P\n[eth1]\n",
		 "t.conf:3: delay_mechanism E2E is refused: P2P TC needs P2P ports"},
		{"[global]\nclock_type P2P_TC\ndelay_mechanism COMMON_P2P\n[eth0]\n[eth1]\n",
		 "t.conf:3: delay_mechanism COMMON_P2P is refused: P2P TC needs P2P ports"},
		{"[global]\nclock_type E2E_TC\ndelay_mechanism P2P\n[eth0]\n[eth1]\n",
		 "t.conf:3: delay_mechanism P2P is refused: E2E TC needs E2E ports"},
		{"[global]\nclock_type E2E_TC\n[eth0]\ndelay_mechanism Auto\n[eth1]\n",
		 "t.conf:4: delay_mechanism Auto is refused: E2E TC needs E2E ports"},
		{"[global]\nclock_type E2E_TC\n[eth0]\n[eth1]\ndelay_mechanism NONE\n",
		 "t.conf:5: delay_mechanism NONE is refused: E2E TC needs E2E ports"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct ebc_config *config = NULL;

		assert_int_equal(ebc_config_new(&config), 0);
		assert_finish_refuses(config, refusals[i].text, refusals[i].note);
		ebc_config_free(config);
	}
}

static void delay_mechanism_of_the_command_line_must_fit_too(void **state)
{
	assert_int_equal(ebc_config_set_from_command_line(*state, "delay_mechanism", "E2E"), 0);
	assert_finish_refuses(*state, "[global]\nclock_type P2P_TC\ndelay_mechanism P2P\n[eth0]\n[eth1]\n",
			      "command line: delay_mechanism E2E is refused: P2P TC needs P2P ports");
}

static void monitor_ignores_the_delay_mechanism(void **state)
{
	static const char *const mechanisms[] = {"Auto", "E2E", "P2P", "COMMON_P2P", "NONE"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(mechanisms); i++) {
		struct ebc_config *config = NULL;
		char text[128];

		assert_int_equal(ebc_config_new(&config), 0);
		snprintf(text, sizeof(text),
			 "[global]\nclock_type MONITOR\ndelay_mechanism %s\n[eth0]\n[eth1]\n", mechanisms[i]);
		assert_runs_silently(config, text);
		assert_int_equal(ebc_config_int(config, EBC_CONFIG_GLOBAL, EBC_OPT_CLOCK_TYPE),
				 EBC_CLOCK_TYPE_MONITOR);
		ebc_config_free(config);
	}
}

static void options_of_transparent_clocks_are_taken(void **state)
{
	struct ebc_config *config = *state;

	assert_runs_silently(config, "[global]\nclock_type E2E_TC\ntc_forward direct\ntc_one_step convert\n"
				     "tc_domains own\ntc_priority 0\ntc_auth_mutable 1\ntc_spanning_tree 1\n"
				     "[eth0]\n[eth1]\n");
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_TC_FORWARD), EBC_TC_FORWARD_DIRECT);
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_TC_ONE_STEP), EBC_TC_ONE_STEP_CONVERT);
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_TC_DOMAINS), EBC_TC_DOMAINS_OWN);
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_TC_PRIORITY), 0);
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_TC_AUTH_MUTABLE), 1);
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_TC_SPANNING_TREE), 1);
}

static void options_of_peer_delay_are_taken(void **state)
{
	struct ebc_config *config = *state;

	assert_runs_silently(config, "[global]\nclock_type P2P_TC\nlogMinPdelayReqInterval -3\n"
				     "neighborPropDelayThresh 800\nmin_neighbor_prop_delay -100\n"
				     "allowedLostResponses 9\np2p_dst_ipv4 224.0.1.107\n"
				     "p2p_dst_ipv6 FF0E::6B\np2p_dst_mac 01:1B:19:00:00:00\n[eth0]\n"
				     "[eth1]\nlogMinPdelayReqInterval 2\ndelayAsymmetry 7\n");
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_LOG_MIN_PDELAY_REQ_INTERVAL), -3);
	assert_int_equal(ebc_config_int(config, 1, EBC_OPT_LOG_MIN_PDELAY_REQ_INTERVAL), 2);
	assert_int_equal(ebc_config_int(config, 1, EBC_OPT_DELAY_ASYMMETRY), 7);
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_NEIGHBOR_PROP_DELAY_THRESH), 800);
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_MIN_NEIGHBOR_PROP_DELAY), -100);
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_ALLOWED_LOST_RESPONSES), 9);
	assert_string_equal(ebc_config_string(config, 0, EBC_OPT_P2P_DST_IPV4), "224.0.1.107");
}

static void ordinary_clock_of_several_ports_is_a_boundary_clock(void **state)
{
	assert_runs_silently(*state, "[eth0]\n[eth1]\n");
	assert_int_equal(ebc_config_int(*state, EBC_CONFIG_GLOBAL, EBC_OPT_CLOCK_TYPE), EBC_CLOCK_TYPE_BC);
}

static void ordinary_clock_of_one_port_stays_one(void **state)
{
	assert_runs_silently(*state, "[eth0]\n");
	assert_int_equal(ebc_config_int(*state, EBC_CONFIG_GLOBAL, EBC_OPT_CLOCK_TYPE), EBC_CLOCK_TYPE_OC);
}

static void client_only_clock_may_have_several_ports(void **state)
{
	assert_runs_silently(*state, "[global]\nclientOnly 1\n[eth0]\n[eth1]\n");
}

static void client_only_clock_with_a_server_only_port_is_refused(void **state)
{
	assert_finish_refuses(*state, "[global]\nclientOnly 1\n[eth0]\n[eth1]\nserverOnly 1\n",
			      "t.conf:5: serverOnly of port eth1 contradicts the clock's clientOnly");
}

static void ring_that_is_no_power_of_two_is_refused(void **state)
{
	assert_finish_refuses(*state, "[global]\nrx_ring_bytes 1000000\n[eth0]\n",
			      "t.conf:2: rx_ring_bytes 1000000 is not a power of two");
}

static void stamps_are_not_published_without_a_pin_path(void **state)
{
	assert_finish_refuses(*state, "[global]\npublish_stamps 1\nbpf_pin_path\n[eth0]\n",
			      "t.conf:2: publish_stamps needs a bpf_pin_path, which is empty");
}

static void name_of_the_control_socket_fits_into_an_address(void **state)
{
	struct ebc_config *longer = NULL;
	char path[110], text[160];

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[107] = '\0';
	snprintf(text, sizeof(text), "[global]\ncontrol_socket %s\n[eth0]\n", path);
	assert_runs_silently(*state, text);
	path[107] = 'x';
	path[108] = '\0';
	snprintf(text, sizeof(text), "[global]\ncontrol_socket %s\n[eth0]\n", path);
	assert_int_equal(ebc_config_new(&longer), 0);
	assert_finish_refuses(longer, text,
			      "t.conf:2: control_socket is longer than the name of a socket can be");
	ebc_config_free(longer);
}

static void source_address_must_fit_the_transport(void **state)
{
	assert_finish_refuses(
		*state, "[eth0]\nudp_source_address 2001:db8::1\n",
		"t.conf:2: udp_source_address 2001:db8::1 does not fit the network_transport of "
		"port eth0");
}

static void source_address_that_fits_the_transport_runs(void **state)
{
	assert_runs_silently(*state, "[eth0]\nudp_source_address 192.0.2.1\n"
				     "[eth1]\nudp_source_address 2001:db8::1\nnetwork_transport UDPv6\n");
}

static void one_step_sync_is_taken(void **state)
{
	assert_runs_silently(*state, "[global]\ntwoStepFlag 0\n[eth0]\n");
	assert_int_equal(ebc_config_int(*state, 0, EBC_OPT_TWO_STEP_FLAG), 0);
}

static void one_step_stamps_of_ptp4l_are_one_step_sync(void **state)
{
	static const char *const values[] = {"onestep", "p2p1step"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
		struct ebc_config *config = NULL;
		char text[64];

		assert_int_equal(ebc_config_new(&config), 0);
		snprintf(text, sizeof(text), "[global]\ntime_stamping %s\n[eth0]\n", values[i]);
		assert_int_equal(read_config_text(config, text), 0);
		assert_int_equal(ebc_config_finish(config), 0);
		assert_int_equal(ebc_config_int(config, 0, EBC_OPT_TWO_STEP_FLAG), 0);
		ebc_config_free(config);
	}
}

static void other_domains_are_a_boundary_clocks(void **state)
{
	assert_runs_silently(*state, "[global]\ntc_other_domains E2E\n[eth0]\n[eth1]\n");
	assert_int_equal(ebc_config_int(*state, 0, EBC_OPT_TC_OTHER_DOMAINS), EBC_TC_OTHER_DOMAINS_E2E);
}

static void other_domains_need_a_boundary_clock(void **state)
{
	assert_int_equal(
		read_config_text(*state,
				 "[global]\ntc_other_domains E2E\nclock_type E2E_TC\n[eth0]\n[eth1]\n"),
		0);
	assert_int_equal(ebc_config_finish(*state), -EINVAL);
	assert_only_note(*state, true,
			 "t.conf:2: tc_other_domains E2E needs clock_type BC and two ports or more");
}

static void other_domains_need_programs(void **state)
{
	assert_int_equal(
		read_config_text(*state,
				 "[global]\ntc_other_domains E2E\ntime_stamping software\n[eth0]\n[eth1]\n"),
		0);
	assert_int_equal(ebc_config_finish(*state), -EINVAL);
}

/* Whether a note of the configuration says this. */
static bool has_error(const struct ebc_config *config, const char *text)
{
	for (size_t i = 0; i < ebc_config_n_notes(config); i++)
		if (ebc_config_note(config, i).is_error && strcmp(ebc_config_note(config, i).text, text) == 0)
			return true;
	return false;
}

static void one_step_sync_needs_programs_that_write_it(void **state)
{
	assert_int_equal(
		read_config_text(*state, "[global]\ntwoStepFlag 0\ntime_stamping software\n[eth0]\n"), 0);
	assert_int_equal(ebc_config_finish(*state), -EINVAL);
	assert_true(has_error(*state,
			      "t.conf:2: twoStepFlag 0 needs time_stamping bpf: a socket's stamp comes "
			      "when the Sync has left"));
}

static void one_step_sync_leaves_no_follow_up_for_information(void **state)
{
	assert_int_equal(
		read_config_text(*state, "[global]\ntwoStepFlag 0\n[eth0]\n[eth1]\nfollow_up_info 1\n"), 0);
	assert_int_equal(ebc_config_finish(*state), -EINVAL);
	assert_true(has_error(*state,
			      "t.conf:2: twoStepFlag 0 contradicts follow_up_info of port eth1: its TLV "
			      "is in Follow_Up"));
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup_config, teardown_config)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(values_that_are_refused_name_their_reason),
		T(a_refused_value_is_named_where_it_stands),
		T(a_refused_value_that_every_port_overrides_does_not_matter),
		T(a_refused_value_that_the_command_line_overrides_does_not_matter),
		T(all_refusals_are_said_at_once),
		T(a_value_without_effect_makes_one_note_for_all_ports),
		T(a_value_without_effect_is_silent_at_its_default),
		T(a_late_stamp_needs_no_timeout),
		T(hardware_stamps_of_a_file_become_bpf_stamps_with_a_note),
		T(note_on_hardware_stamps_names_the_line),
		T(hardware_stamps_of_the_command_line_are_refused),
		T(bpf_stamps_of_the_command_line_silence_the_file),
		T(bpf_that_is_asked_for_counts_as_set_and_what_is_not_used_does_not),
		T(software_stamps_are_for_the_systems_clock),
		T(software_stamps_leave_a_local_clock_that_is_named),
		T(bpf_stamps_leave_the_virtual_clock),
		T(software_stamps_make_no_transparent_clock),
		T(software_stamps_are_not_published),
		T(no_port_is_refused),
		T(boundary_clock_of_one_port_is_refused),
		T(forwarding_clock_of_one_port_is_refused),
		T(end_to_end_transparent_clock_runs),
		T(peer_to_peer_transparent_clock_implies_peer_delay),
		T(peer_to_peer_transparent_clock_of_the_command_line_implies_peer_delay),
		T(peer_to_peer_transparent_clock_may_name_peer_delay),
		T(delay_mechanism_must_be_that_of_the_transparent_clock),
		T(delay_mechanism_of_the_command_line_must_fit_too),
		T(monitor_ignores_the_delay_mechanism),
		T(options_of_transparent_clocks_are_taken),
		T(options_of_peer_delay_are_taken),
		T(ordinary_clock_of_several_ports_is_a_boundary_clock),
		T(ordinary_clock_of_one_port_stays_one),
		T(client_only_clock_may_have_several_ports),
		T(client_only_clock_with_a_server_only_port_is_refused),
		T(ring_that_is_no_power_of_two_is_refused),
		T(stamps_are_not_published_without_a_pin_path),
		T(name_of_the_control_socket_fits_into_an_address),
		T(source_address_must_fit_the_transport),
		T(source_address_that_fits_the_transport_runs),
		T(other_domains_are_a_boundary_clocks),
		T(other_domains_need_a_boundary_clock),
		T(other_domains_need_programs),
		T(one_step_sync_is_taken),
		T(one_step_stamps_of_ptp4l_are_one_step_sync),
		T(one_step_sync_needs_programs_that_write_it),
		T(one_step_sync_leaves_no_follow_up_for_information),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
