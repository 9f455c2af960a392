// SPDX-License-Identifier: GPL-2.0-or-later
/* Pulses, hardware clocks and time namespaces: what is seen in a tree of files, and what is said of it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/check/plan.h"
#include "ctl/check/pps.h"
#include "ctl/check/time_namespace.h"
#include "tests/unit/check/tree.h"

static struct tree tree;
static struct findings findings;

static int setup(void **state)
{
	(void)state;
	tree_init(&tree);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tree_free(&tree);
	findings_free(&findings);
	return 0;
}

static void judge_pps(const struct pps_facts *facts)
{
	findings_free(&findings);
	pps_judge(facts, &findings);
	assert_findings_are_whole(&findings);
}

static void a_machine_without_any_is_good(void **state)
{
	struct pps_facts facts = {.has_sysfs = true};

	(void)state;
	pps_look(tree.root, &facts);
	assert_int_equal(facts.n_pps, 0);
	assert_int_equal(facts.n_phc, 0);
	judge_pps(&facts);
	assert_string_equal(assert_finding(&findings, "pps", FINDING_GOOD)->text, "no PPS device");
	assert_finding(&findings, "phc", FINDING_GOOD);
	assert_finding(&findings, "pps-consumer", FINDING_GOOD);
}

static void devices_are_told_with_who_made_them(void **state)
{
	struct pps_facts facts = {.has_sysfs = true};

	(void)state;
	tree_write(&tree, "/sys/class/pps/pps0/name", "serial0\n");
	tree_write(&tree, "/sys/class/pps/pps0/assert", "1795000000.000000123#4711\n");
	tree_write(&tree, "/sys/class/ptp/ptp0/clock_name", "igb\n");
	tree_write(&tree, "/sys/class/ptp/ptp0/pps_available", "1\n");
	tree_write(&tree, "/sys/class/ptp/other/clock_name", "none\n");
	pps_look(tree.root, &facts);
	judge_pps(&facts);
	assert_string_equal(assert_finding(&findings, "pps", FINDING_GOOD)->text,
			    "pps0, of serial0, 4711 pulses so far: not used by the clock");
	assert_string_equal(assert_finding(&findings, "phc", FINDING_GOOD)->text,
			    "ptp0 (igb), a hardware clock that can make pulses: not used, stamps are the "
			    "kernel's");
	assert_int_equal(facts.n_phc, 1);
}

static void odd_files_and_many_devices_do_no_harm(void **state)
{
	struct pps_facts facts = {.has_sysfs = true};

	(void)state;
	for (int i = 0; i < 3 * PPS_DEVICES_MAX; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/sys/class/pps/pps%d/assert", i);
		tree_write(&tree, path, i % 2 ? "#" : "99999999999999999999999999");
	}
	pps_look(tree.root, &facts);
	assert_int_equal(facts.n_pps, 3 * PPS_DEVICES_MAX);
	judge_pps(&facts);
	/* Those of the list, and of consumer and hardware clock one each. */
	assert_int_equal(findings.n, PPS_DEVICES_MAX + 2);
}

static void a_kernel_that_follows_a_pulse_is_a_problem_where_we_steer_the_same_clock(void **state)
{
	struct timex tx = {.status = STA_PLL | STA_PPSSIGNAL};
	struct pps_facts facts = {.has_sysfs = true};

	(void)state;
	pps_read(&tx, &facts);
	judge_pps(&facts);
	assert_non_null(strstr(assert_finding(&findings, "pps-consumer", FINDING_GOOD)->text, "is bound"));
	tx.status |= STA_PPSFREQ;
	pps_read(&tx, &facts);
	judge_pps(&facts);
	assert_non_null(
		strstr(assert_finding(&findings, "pps-consumer", FINDING_NOTE)->why, "feeds it forward"));
	tx.status |= STA_PPSTIME;
	pps_read(&tx, &facts);
	judge_pps(&facts);
	assert_non_null(strstr(assert_finding(&findings, "pps-consumer", FINDING_NOTE)->why, "no field"));
	facts.is_system_clock = true;
	tx.status = STA_PPSTIME;
	pps_read(&tx, &facts);
	judge_pps(&facts);
	assert_non_null(
		strstr(assert_finding(&findings, "pps-consumer", FINDING_PROBLEM)->text, "does not come"));
}

static void without_sysfs_no_device_is_denied(void **state)
{
	struct pps_facts facts = {};

	(void)state;
	pps_look(tree.root, &facts);
	judge_pps(&facts);
	assert_int_equal(findings.n, 1);
	assert_finding(&findings, "pps-consumer", FINDING_GOOD);
}

static void only_a_clock_that_is_steered_is_two_peoples(void **state)
{
	const char *const texts[] = {"[global]\nlocal_clock system\n[eth0]\n",
				     "[global]\nlocal_clock system\nfree_running 1\n[eth0]\n",
				     "[global]\nlocal_clock virtual\n[eth0]\n"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct ebc_config *config;

		assert_int_equal(ebc_config_new(&config), 0);
		assert_int_equal(ebc_config_read_text(config, "test", texts[i], strlen(texts[i])), 0);
		assert_int_equal(ebc_config_finish(config), 0);
		assert_int_equal(plan_of(config).is_system_clock, i == 0);
		ebc_config_free(config);
	}
}

static enum finding_level level_of_namespace(void)
{
	struct time_namespace_facts facts;

	findings_free(&findings);
	time_namespace_look(tree.root, &facts);
	time_namespace_judge(&facts, &findings);
	assert_findings_are_whole(&findings);
	assert_int_equal(findings.n, 1);
	return findings.list[0].level;
}

static void a_time_namespace_is_told_and_one_that_cannot_be_read_is_a_problem(void **state)
{
	(void)state;
	assert_int_equal(level_of_namespace(), FINDING_GOOD);
	tree_write(&tree, "/proc/self/timens_offsets", "monotonic           0         0\n");
	assert_int_equal(level_of_namespace(), FINDING_GOOD);
	tree_write(&tree, "/proc/self/timens_offsets", "monotonic        -100         0\n");
	assert_int_equal(level_of_namespace(), FINDING_NOTE);
	assert_non_null(strstr(findings.list[0].text, "-100.000000000 s"));
	assert_memory_equal(findings.list[0].mend, "nsenter", 7);
	tree_link(&tree, "/proc/self/ns/time", "time:[2]");
	tree_link(&tree, "/proc/1/ns/time", "time:[2]");
	assert_int_equal(level_of_namespace(), FINDING_NOTE);
	assert_string_equal(findings.list[0].mend, "start ebpf-bc outside of this container");
	tree_write(&tree, "/proc/self/timens_offsets", "\n");
	assert_int_equal(level_of_namespace(), FINDING_PROBLEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_machine_without_any_is_good, setup, teardown),
		cmocka_unit_test_setup_teardown(devices_are_told_with_who_made_them, setup, teardown),
		cmocka_unit_test_setup_teardown(odd_files_and_many_devices_do_no_harm, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_kernel_that_follows_a_pulse_is_a_problem_where_we_steer_the_same_clock, setup,
			teardown),
		cmocka_unit_test_setup_teardown(without_sysfs_no_device_is_denied, setup, teardown),
		cmocka_unit_test_setup_teardown(only_a_clock_that_is_steered_is_two_peoples, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_time_namespace_is_told_and_one_that_cannot_be_read_is_a_problem, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
