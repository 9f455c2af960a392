/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole files: one as distributions install for ptp4l, the installed one, our examples; unreadable
 * ones. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/config/config-fixture.h"
#include "util/macros.h"

/* Every option that ptp4l.conf of Debian 12 sets, with its value. */
static const char distribution_file[] = "[global]\n"
					"announceReceiptTimeout 3\n"
					"asCapable auto\n"
					"assume_two_step 0\n"
					"BMCA ptp\n"
					"boundary_clock_jbod 0\n"
					"check_fup_sync 0\n"
					"clock_servo pi\n"
					"clock_type OC\n"
					"clockAccuracy 0xFE\n"
					"clockClass 248\n"
					"dataset_comparison ieee1588\n"
					"delay_filter moving_median\n"
					"delay_filter_length 10\n"
					"delay_mechanism E2E\n"
					"delayAsymmetry 0\n"
					"domainNumber 0\n"
					"dscp_event 0\n"
					"dscp_general 0\n"
					"egressLatency 0\n"
					"fault_reset_interval 4\n"
					"first_step_threshold 0.00002\n"
					"follow_up_info 0\n"
					"free_running 0\n"
					"freq_est_interval 1\n"
					"G.8275.defaultDS.localPriority 128\n"
					"G.8275.portDS.localPriority 128\n"
					"hybrid_e2e 0\n"
					"ignore_source_id 0\n"
					"ingressLatency 0\n"
					"inhibit_announce 0\n"
					"inhibit_delay_req 0\n"
					"inhibit_multicast_service 0\n"
					"kernel_leap 1\n"
					"logAnnounceInterval 1\n"
					"logging_level 6\n"
					"logMinDelayReqInterval 0\n"
					"logMinPdelayReqInterval 0\n"
					"logSyncInterval 0\n"
					"manufacturerIdentity 00:00:00\n"
					"masterOnly 0\n"
					"max_frequency 900000000\n"
					"maxStepsRemoved 255\n"
					"msg_interval_request 0\n"
					"neighborPropDelayThresh 20000000\n"
					"net_sync_monitor 0\n"
					"network_transport UDPv4\n"
					"ntpshm_segment 0\n"
					"offsetScaledLogVariance 0xFFFF\n"
					"operLogPdelayReqInterval 0\n"
					"operLogSyncInterval 0\n"
					"p2p_dst_mac 01:80:C2:00:00:0E\n"
					"path_trace_enabled 0\n"
					"pi_integral_const 0.0\n"
					"pi_integral_exponent 0.4\n"
					"pi_integral_norm_max 0.3\n"
					"pi_integral_scale 0.0\n"
					"pi_proportional_const 0.0\n"
					"pi_proportional_exponent -0.3\n"
					"pi_proportional_norm_max 0.7\n"
					"pi_proportional_scale 0.0\n"
					"priority1 128\n"
					"priority2 128\n"
					"productDescription ;;\n"
					"ptp_dst_mac 01:1B:19:00:00:00\n"
					"revisionData ;;\n"
					"sanity_freq_limit 200000000\n"
					"servo_num_offset_values 10\n"
					"servo_offset_threshold 0\n"
					"slaveOnly 0\n"
					"socket_priority 0\n"
					"step_threshold 0.0\n"
					"summary_interval 0\n"
					"syncReceiptTimeout 0\n"
					"tc_spanning_tree 0\n"
					"time_stamping hardware\n"
					"timeSource 0xA0\n"
					"transportSpecific 0x0\n"
					"tsproc_mode filter\n"
					"twoStepFlag 1\n"
					"tx_timestamp_timeout 1\n"
					"udp6_scope 0x0E\n"
					"udp_ttl 1\n"
					"uds_address /var/run/ptp4l\n"
					"unicast_listen 0\n"
					"unicast_master_table 0\n"
					"unicast_req_duration 3600\n"
					"use_syslog 1\n"
					"userDescription ;\n"
					"verbose 0\n"
					"write_phase_mode 0\n";

static void assert_distribution_notes(const struct ebc_config *config)
{
	static const char *const expected[] = {
		"time_stamping hardware is not used: the stamps are taken by BPF programs",
		"tx_timestamp_timeout 1 has no effect: a late transmit stamp never makes a port faulty",
	};

	assert_int_equal(ebc_config_n_notes(config), ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		assert_false(ebc_config_note(config, i).is_error);
		assert_non_null(strstr(ebc_config_note(config, i).text, expected[i]));
	}
}

static void file_of_a_distribution_runs_with_two_notes(void **state)
{
	struct ebc_config *config = *state;

	assert_int_equal(read_config_text(config, distribution_file), 0);
	assert_int_equal(ebc_config_add_port(config, "eth0"), 0);
	assert_int_equal(ebc_config_finish(config), 0);
	assert_distribution_notes(config);
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_TIME_STAMPING), EBC_TIME_STAMPING_BPF);
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_CLOCK_SERVO), EBC_CLOCK_SERVO_PI);
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_CLOCK_ACCURACY), 0xfe);
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_TIME_SOURCE), 0xa0);
}

static void installed_file_runs_unchanged(void **state)
{
	static const char path[] = "/etc/linuxptp/ptp4l.conf";

	if (access(path, R_OK) < 0)
		skip();
	assert_int_equal(ebc_config_read_file(*state, path), 0);
	assert_int_equal(ebc_config_add_port(*state, "eth0"), 0);
	assert_int_equal(ebc_config_finish(*state), 0);
	for (size_t i = 0; i < ebc_config_n_notes(*state); i++)
		assert_false(ebc_config_note(*state, i).is_error);
}

static void example_for_a_boundary_clock_runs_without_a_note(void **state)
{
	struct ebc_config *config = *state;

	assert_int_equal(ebc_config_read_file(config, EXAMPLES_DIR "/bc.conf"), 0);
	assert_int_equal(ebc_config_finish(config), 0);
	assert_int_equal(ebc_config_n_notes(config), 0);
	assert_int_equal(ebc_config_n_ports(config), 4);
	assert_int_equal(ebc_config_int(config, 2, EBC_OPT_SERVER_ONLY), 1);
	assert_int_equal(ebc_config_int(config, 3, EBC_OPT_NETWORK_TRANSPORT), EBC_NETWORK_TRANSPORT_L2);
}

static void example_for_a_transparent_clock_runs_without_a_note(void **state)
{
	struct ebc_config *config = *state;

	assert_int_equal(ebc_config_read_file(config, EXAMPLES_DIR "/tc.conf"), 0);
	assert_int_equal(ebc_config_finish(config), 0);
	assert_int_equal(ebc_config_n_notes(config), 0);
	assert_int_equal(ebc_config_n_ports(config), 4);
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_CLOCK_TYPE), EBC_CLOCK_TYPE_E2E_TC);
	/* Who copies it and names ports gets no error of a cable that is not there. */
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(ebc_config_int(config, i, EBC_OPT_DELAY_ASYMMETRY), 0);
	/* It shows the defaults of what is a transparent clock's alone. */
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_TC_FORWARD), EBC_TC_FORWARD_AUTO);
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_TC_ONE_STEP), EBC_TC_ONE_STEP_AUTO);
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_TC_PRIORITY), 7);
}

/* What its comments say: one line changed makes it the other kind, and one makes it a monitor. */
static void example_for_a_transparent_clock_serves_the_other_kinds(void **state)
{
	static const char *const types[] = {"P2P_TC", "MONITOR"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		struct ebc_config *config = NULL;

		assert_int_equal(ebc_config_new(&config), 0);
		assert_int_equal(ebc_config_set_from_command_line(config, "clock_type", types[i]), 0);
		assert_int_equal(ebc_config_read_file(config, EXAMPLES_DIR "/tc.conf"), 0);
		assert_int_equal(ebc_config_finish(config), 0);
		assert_int_equal(ebc_config_n_notes(config), 0);
		ebc_config_free(config);
	}
}

static void assert_lab_ports(const struct ebc_config *config)
{
	static const char *const names[] = {"bc0", "bc1", "bc2"};

	assert_int_equal(ebc_config_n_ports(config), ARRAY_SIZE(names));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_string_equal(ebc_config_port_name(config, i), names[i]);
}

static void example_for_the_lab_of_a_transparent_clock_runs_without_a_note(void **state)
{
	struct ebc_config *config = *state;

	assert_int_equal(ebc_config_read_file(config, EXAMPLES_DIR "/lab-tc.conf"), 0);
	assert_int_equal(ebc_config_finish(config), 0);
	assert_int_equal(ebc_config_n_notes(config), 0);
	assert_lab_ports(config);
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_CLOCK_TYPE), EBC_CLOCK_TYPE_E2E_TC);
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_TC_FORWARD), EBC_TC_FORWARD_DIRECT);
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_NETWORK_TRANSPORT), EBC_NETWORK_TRANSPORT_L2);
	assert_int_equal(ebc_config_int(config, 0, EBC_OPT_USE_SYSLOG), 0);
	assert_string_equal(ebc_config_string(config, EBC_CONFIG_GLOBAL, EBC_OPT_BPF_PIN_PATH), "");
}

/* linuxptp's own examples E2E-TC.cfg and P2P-TC.cfg; the ports are the command line's. */
static void transparent_clocks_of_linuxptp_run(void **state)
{
	static const char common[] = "[global]\npriority1 254\nfree_running 1\nfreq_est_interval 3\n"
				     "tc_spanning_tree 1\nsummary_interval 1\nnetwork_transport L2\n";
	static const char *const own[] = {"clock_type E2E_TC\n", "clock_type P2P_TC\ndelay_mechanism P2P\n"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(own); i++) {
		struct ebc_config *config = NULL;
		char text[256];

		assert_int_equal(ebc_config_new(&config), 0);
		assert_int_equal(ebc_config_add_port(config, "eth0"), 0);
		assert_int_equal(ebc_config_add_port(config, "eth1"), 0);
		snprintf(text, sizeof(text), "%s%s", common, own[i]);
		assert_runs_with_note(config, text,
				      "t.conf:4: freq_est_interval 3 has no effect: rates "
				      "are medians over a fixed number of measurements");
		ebc_config_free(config);
	}
}

static void example_for_the_lab_runs_without_a_note(void **state)
{
	struct ebc_config *config = *state;

	assert_int_equal(ebc_config_read_file(config, EXAMPLES_DIR "/lab.conf"), 0);
	assert_int_equal(ebc_config_finish(config), 0);
	assert_int_equal(ebc_config_n_notes(config), 0);
	assert_lab_ports(config);
	for (size_t i = 0; i < ebc_config_n_ports(config); i++)
		assert_int_equal(ebc_config_int(config, i, EBC_OPT_LOG_SYNC_INTERVAL), -3);
	assert_int_equal(ebc_config_int(config, EBC_CONFIG_GLOBAL, EBC_OPT_VIRTUAL_CLOCK_START_OFFSET),
			 100000000);
}

static void missing_file_is_named(void **state)
{
	assert_int_equal(ebc_config_read_file(*state, "/nonexistent/bc.conf"), -ENOENT);
	assert_only_note(*state, true, "/nonexistent/bc.conf: cannot be read: No such file or directory");
}

static void folder_is_not_a_file(void **state)
{
	assert_int_equal(ebc_config_read_file(*state, "/"), -EISDIR);
	assert_only_note(*state, true, "/: cannot be read: Is a directory");
}

static void endless_file_is_not_read_to_its_end(void **state)
{
	assert_int_equal(ebc_config_read_file(*state, "/dev/zero"), -EFBIG);
	assert_only_note(*state, true, "/dev/zero: more than 1048576 bytes");
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup_config, teardown_config)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(file_of_a_distribution_runs_with_two_notes),
		T(installed_file_runs_unchanged),
		T(example_for_a_boundary_clock_runs_without_a_note),
		T(example_for_a_transparent_clock_runs_without_a_note),
		T(example_for_a_transparent_clock_serves_the_other_kinds),
		T(example_for_the_lab_of_a_transparent_clock_runs_without_a_note),
		T(transparent_clocks_of_linuxptp_run),
		T(example_for_the_lab_runs_without_a_note),
		T(missing_file_is_named),
		T(folder_is_not_a_file),
		T(endless_file_is_not_read_to_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
