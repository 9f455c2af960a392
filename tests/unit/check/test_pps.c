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

static void judge(void *facts)
{
	pps_judge(facts, &told);
}

static void judge_pps(struct pps_facts *facts)
{
	judge_everywhere(judge, facts);
}

static void a_machine_without_any_is_good(void **state)
{
	struct pps_facts facts = {.has_sysfs = true};

	(void)state;
	pps_look(tree_root, &facts);
	assert_int_equal(facts.n_pps, 0);
	assert_int_equal(facts.n_phc, 0);
	judge_pps(&facts);
	assert_string_equal(assert_finding(&told, "pps", FINDING_GOOD)->text, "no PPS device");
	assert_finding(&told, "phc", FINDING_GOOD);
	assert_string_equal(assert_finding(&told, "pps-consumer", FINDING_GOOD)->text,
			    "the kernel's consumer gets no pulse (PPS)");
}

static void devices_are_told_with_who_made_them(void **state)
{
	struct pps_facts facts = {.has_sysfs = true};

	(void)state;
	tree_write("/sys/class/pps/pps0/name", "serial0\n");
	tree_write("/sys/class/pps/pps0/assert", "1795000000.000000123#4711\n");
	tree_write("/sys/class/ptp/ptp0/clock_name", "igb\n");
	tree_write("/sys/class/ptp/ptp0/pps_available", "1\n");
	tree_write("/sys/class/ptp/other/clock_name", "none\n");
	pps_look(tree_root, &facts);
	judge_pps(&facts);
	assert_string_equal(assert_finding(&told, "pps", FINDING_GOOD)->text,
			    "pps0, of serial0, 4711 pulses so far: not used by the clock");
	assert_string_equal(assert_finding(&told, "phc", FINDING_GOOD)->text,
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
		tree_write(path, i % 2 ? "#" : "99999999999999999999999999");
	}
	pps_look(tree_root, &facts);
	assert_int_equal(facts.n_pps, 3 * PPS_DEVICES_MAX);
	judge_pps(&facts);
	/* Those of the list, and of consumer and hardware clock one each. */
	assert_int_equal(told.n, PPS_DEVICES_MAX + 2);
}

static void a_kernel_that_follows_a_pulse_is_a_problem_where_we_steer_the_same_clock(void **state)
{
	struct timex tx = {.status = STA_PLL | STA_PPSSIGNAL};
	struct pps_facts facts = {.has_sysfs = true};

	(void)state;
	pps_read(&tx, &facts);
	judge_pps(&facts);
	assert_non_null(strstr(assert_finding(&told, "pps-consumer", FINDING_GOOD)->text, "is bound"));
	tx.status |= STA_PPSFREQ;
	pps_read(&tx, &facts);
	judge_pps(&facts);
	assert_non_null(strstr(assert_finding(&told, "pps-consumer", FINDING_NOTE)->why, "feeds it forward"));
	tx.status |= STA_PPSTIME;
	pps_read(&tx, &facts);
	judge_pps(&facts);
	assert_non_null(strstr(assert_finding(&told, "pps-consumer", FINDING_NOTE)->why, "no field"));
	facts.is_system_clock = true;
	tx.status = STA_PPSTIME;
	pps_read(&tx, &facts);
	judge_pps(&facts);
	assert_non_null(
		strstr(assert_finding(&told, "pps-consumer", FINDING_PROBLEM)->text, "does not come"));
}

static void without_sysfs_no_device_is_denied(void **state)
{
	struct pps_facts facts = {};

	(void)state;
	pps_look(tree_root, &facts);
	judge_pps(&facts);
	assert_int_equal(told.n, 1);
	assert_finding(&told, "pps-consumer", FINDING_GOOD);
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

static void judge_namespace(void *facts)
{
	time_namespace_judge(facts, &told);
}

static enum finding_level level_of_namespace(void)
{
	struct time_namespace_facts facts;

	time_namespace_look(tree_root, &facts);
	judge_everywhere(judge_namespace, &facts);
	assert_int_equal(told.n, 1);
	return told.list[0].level;
}

static void a_time_namespace_is_told_and_one_that_cannot_be_read_is_a_problem(void **state)
{
	(void)state;
	assert_int_equal(level_of_namespace(), FINDING_GOOD);
	tree_write("/proc/self/timens_offsets", "monotonic           0         0\n");
	assert_int_equal(level_of_namespace(), FINDING_GOOD);
	tree_write("/proc/self/timens_offsets", "monotonic        -100         0\n");
	assert_int_equal(level_of_namespace(), FINDING_NOTE);
	assert_non_null(strstr(told.list[0].text, "-100.000000000 s"));
	assert_memory_equal(told.list[0].mend, "nsenter", 7);
	tree_link("/proc/self/ns/time", "time:[2]");
	tree_link("/proc/1/ns/time", "time:[2]");
	assert_int_equal(level_of_namespace(), FINDING_NOTE);
	assert_string_equal(told.list[0].mend, "start ebpf-bc outside of this container");
	tree_write("/proc/self/timens_offsets", "\n");
	assert_int_equal(level_of_namespace(), FINDING_PROBLEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(a_machine_without_any_is_good),
		TREE_TEST(devices_are_told_with_who_made_them),
		TREE_TEST(odd_files_and_many_devices_do_no_harm),
		TREE_TEST(a_kernel_that_follows_a_pulse_is_a_problem_where_we_steer_the_same_clock),
		TREE_TEST(without_sysfs_no_device_is_denied),
		TREE_TEST(only_a_clock_that_is_steered_is_two_peoples),
		TREE_TEST(a_time_namespace_is_told_and_one_that_cannot_be_read_is_a_problem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
