/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of the profiles: which go together, and which do not. */
#include <stdio.h>
#include <unistd.h>

#include "tests/unit/config/config-fixture.h"
#include "util/macros.h"

static void telecom_options_are_taken(void **state)
{
	assert_runs_silently(*state,
			     "[global]\ndataset_comparison G.8275.x\nG.8275.defaultDS.localPriority 100\n"
			     "clock_class_threshold 7\n[eth0]\nG.8275.portDS.localPriority 3\n[eth1]\n");
	assert_int_equal(ebc_config_int(*state, EBC_CONFIG_GLOBAL, EBC_OPT_DATASET_COMPARISON),
			 EBC_DATASET_COMPARISON_G8275);
	assert_int_equal(ebc_config_int(*state, 0, EBC_OPT_G8275_PORT_LOCAL_PRIORITY), 3);
	assert_int_equal(ebc_config_int(*state, 1, EBC_OPT_G8275_PORT_LOCAL_PRIORITY), 128);
}

static void fixed_roles_of_a_bridge_are_clients_but_for_its_servers(void **state)
{
	assert_runs_silently(*state, "[global]\nBMCA noop\nclientOnly 1\n[eth0]\n[eth1]\nserverOnly 1\n");
}

static void a_fixed_role_must_be_named(void **state)
{
	assert_finish_refuses(
		*state, "[eth0]\nserverOnly 1\nBMCA noop\n[eth1]\nBMCA noop\n",
		"t.conf:5: BMCA noop of port eth1 needs serverOnly or clientOnly to say which role it "
		"has");
}

static void a_found_role_is_not_both(void **state)
{
	assert_finish_refuses(
		*state, "[global]\nclientOnly 1\n[eth0]\nBMCA noop\nserverOnly 1\n[eth1]\nserverOnly 1\n",
		"t.conf:7: serverOnly of port eth1 contradicts the clock's clientOnly");
}

static void not_capable_and_client_only_exclude_each_other(void **state)
{
	assert_finish_refuses(*state, "[global]\nclientOnly 1\ngmCapable 0\n[eth0]\n",
			      "t.conf:3: gmCapable 0 and clientOnly 1 exclude each other");
}

static void what_has_no_effect_says_why(void **state)
{
	static const char *const lines[][2] = {
		{"check_fup_sync 1", "check_fup_sync 1 has no effect: Sync and Follow_Up belong together by "
				     "sequenceId in whichever order they come"},
		{"cmlds.port 3", "cmlds.port 3 has no effect: each port measures its own link delay"},
		{"allow_unauth 1", "allow_unauth 1 has no effect: messages are not authenticated"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct ebc_config *config = NULL;
		char text[128], note[256];

		assert_int_equal(ebc_config_new(&config), 0);
		snprintf(text, sizeof(text), "[global]\n%s\n[eth0]\n", lines[i][0]);
		snprintf(note, sizeof(note), "t.conf:2: %s", lines[i][1]);
		assert_runs_with_note(config, text, note);
		ebc_config_free(config);
	}
}

static void examples_run_without_a_note(void **state)
{
	static const struct {
		const char *file;
		size_t n_ports;
	} examples[] = {
		{"g8275-1.conf", 4},
		{"g8275-2.conf", 2},
		{"hybrid-e2e.conf", 2},
		{"p2p.conf", 3},
		{"power.conf", 3},
		{"gptp.conf", 1},
		{"automotive-master.conf", 1},
		{"automotive-slave.conf", 1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		struct ebc_config *config = NULL;
		char path[256];

		assert_int_equal(ebc_config_new(&config), 0);
		snprintf(path, sizeof(path), EXAMPLES_DIR "/%s", examples[i].file);
		assert_int_equal(ebc_config_read_file(config, path), 0);
		assert_int_equal(ebc_config_finish(config), 0);
		if (ebc_config_n_notes(config) > 0)
			fail_msg("%s", ebc_config_note(config, 0).text);
		assert_int_equal(ebc_config_n_ports(config), examples[i].n_ports);
		ebc_config_free(config);
	}
}

/* Those that linuxptp brings along; their ports are the command line's, but for those of UNICAST-SLAVE.cfg.
 */
static void examples_of_linuxptp_run(void **state)
{
	static const char *const names[] = {
		"default.cfg",		 "E2E-TC.cfg",		 "P2P-TC.cfg",
		"G.8265.1.cfg",		 "G.8275.1.cfg",	 "G.8275.2.cfg",
		"UNICAST-MASTER.cfg",	 "UNICAST-SLAVE.cfg",	 "gPTP.cfg",
		"automotive-master.cfg", "automotive-slave.cfg",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct ebc_config *config = NULL;
		char path[256];

		snprintf(path, sizeof(path), "/usr/share/doc/linuxptp/configs/%s", names[i]);
		if (access(path, R_OK) < 0)
			skip();
		assert_int_equal(ebc_config_new(&config), 0);
		assert_int_equal(ebc_config_add_port(config, "eth0"), 0);
		assert_int_equal(ebc_config_add_port(config, "eth1"), 0);
		assert_int_equal(ebc_config_read_file(config, path), 0);
		if (ebc_config_finish(config) < 0)
			fail_msg("%s", ebc_config_note(config, 0).text);
		ebc_config_free(config);
	}
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup_config, teardown_config)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(telecom_options_are_taken),
		T(fixed_roles_of_a_bridge_are_clients_but_for_its_servers),
		T(a_fixed_role_must_be_named),
		T(a_found_role_is_not_both),
		T(not_capable_and_client_only_exclude_each_other),
		T(examples_run_without_a_note),
		T(examples_of_linuxptp_run),
		T(what_has_no_effect_says_why),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
