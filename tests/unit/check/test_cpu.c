// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said of processors: a laptop's, a tuned server's, a guest's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/check/cpu.h"
#include "tests/unit/check/tree.h"

static struct cpu_facts facts;

static void set(const char *file, const char *text)
{
	char path[256];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/%s", file);
	tree_write(path, text);
}

static void set_latency_limit(int32_t limit_us)
{
	char path[128];
	FILE *file;

	tree_write("/dev/cpu_dma_latency", "");
	snprintf(path, sizeof(path), "%s/dev/cpu_dma_latency", tree_root);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(&limit_us, sizeof(limit_us), 1, file), 1);
	fclose(file);
}

static void add_state(const char *number, const char *name, const char *latency, const char *is_disabled)
{
	char path[128];

	snprintf(path, sizeof(path), "cpu0/cpuidle/state%s/name", number);
	set(path, name);
	snprintf(path, sizeof(path), "cpu0/cpuidle/state%s/latency", number);
	set(path, latency);
	snprintf(path, sizeof(path), "cpu0/cpuidle/state%s/disable", number);
	set(path, is_disabled);
}

static void judge(void *cpu)
{
	cpu_judge(cpu, &told);
}

static void look_and_judge(void)
{
	cpu_look(tree_root, &facts);
	judge_everywhere(judge, &facts);
}

static void a_laptop_sleeps_deep_and_runs_at_any_rate(void **state)
{
	const struct finding *f;
	(void)state;

	add_state("0", "POLL\n", "0\n", "0\n");
	add_state("1", "C1E\n", "10\n", "0\n");
	add_state("2", "C10\n", "890\n", "0\n");
	set("cpuidle/current_driver", "intel_idle\n");
	set("cpu0/cpufreq/scaling_driver", "intel_pstate\n");
	set("cpu0/cpufreq/scaling_governor", "powersave\n");
	set("cpu0/cpufreq/scaling_min_freq", "400000\n");
	set("cpu0/cpufreq/scaling_max_freq", "4200000\n");
	set("intel_pstate/no_turbo", "0\n");
	set("smt/active", "1\n");
	look_and_judge();
	f = assert_finding(&told, "c-states", FINDING_NOTE);
	assert_non_null(strstr(f->text, "C10, from which it wakes in 890 us (driver intel_idle)"));
	f = assert_finding(&told, "p-states", FINDING_NOTE);
	assert_non_null(strstr(f->text, "powersave, 400 to 4200 MHz"));
	assert_string_equal(f->mend, "cpupower frequency-set -g performance");
	f = assert_finding(&told, "turbo", FINDING_NOTE);
	assert_non_null(strstr(f->mend, "echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo"));
	assert_finding(&told, "hyper-threading", FINDING_NOTE);
	assert_mend_on_router(
		judge, &facts, "c-states", "",
		"for s in /sys/devices/system/cpu/cpu*/cpuidle/state*; do [ $(cat $s/latency) -le 10 ] "
		"|| echo 1 > $s/disable; done  # costs power");
	assert_mend_on_router(
		judge, &facts, "p-states", "",
		"for f in /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor; do echo performance > "
		"$f; done");
}

static void a_tuned_server_is_good(void **state)
{
	(void)state;

	add_state("0", "POLL\n", "0\n", "0\n");
	add_state("1", "C1\n", "2\n", "0\n");
	add_state("2", "C6\n", "133\n", "1\n");
	set("cpu0/cpufreq/scaling_driver", "acpi-cpufreq\n");
	set("cpu0/cpufreq/scaling_governor", "performance\n");
	set("cpufreq/boost", "0\n");
	set("smt/active", "0\n");
	set("isolated", "2-3\n");
	look_and_judge();
	assert_string_equal(facts.deepest_name, "C1");
	for (size_t i = 0; i < told.n; i++)
		assert_int_equal(told.list[i].level, FINDING_GOOD);
	assert_non_null(strstr(assert_finding(&told, "isolation", FINDING_GOOD)->text, "CPUs 2-3"));
	assert_string_equal(assert_finding(&told, "isolation", FINDING_GOOD)->mend,
			    "for p in $(pidof ebpf-bc); do taskset -a -p -c 2-3 $p; done  # interrupts: "
			    "/proc/irq/*/smp_affinity_list");
	assert_string_equal(assert_finding(&told, "c-states", FINDING_GOOD)->why, "");
}

static void the_worst_of_the_cpus_that_are_online_counts(void **state)
{
	(void)state;

	add_state("0", "C1\n", "2\n", "0\n");
	set("online", "0-1,3\n");
	set("cpu1/cpuidle/state0/latency", "2\n");
	set("cpu2/cpuidle/state0/latency", "900\n");
	set("cpu3/cpuidle/state0/latency", "200\n");
	set("cpu3/cpuidle/state0/name", "C6\n");
	set("cpu0/cpufreq/scaling_governor", "performance\n");
	set("cpu1/cpufreq/scaling_governor", "schedutil\n");
	set("cpu3/cpufreq/scaling_governor", "performance\n");
	look_and_judge();
	assert_memory_equal(assert_finding(&told, "c-states", FINDING_NOTE)->text,
			    "an idle CPU 3 (not all are alike) sleeps as deep as C6", 54);
	assert_memory_equal(assert_finding(&told, "p-states", FINDING_NOTE)->text,
			    "the clock rate of the CPU 1 (not all are alike) goes by governor schedutil", 74);
	/* The other way round. */
	set("cpu0/cpuidle/state0/latency", "300\n");
	set("cpu0/cpufreq/scaling_governor", "powersave\n");
	look_and_judge();
	assert_int_equal(facts.deepest_cpu, 0);
	assert_int_equal(facts.governor_cpu, 0);
	/* None comes into the deep ones while somebody needs short waits. */
	set_latency_limit(10);
	look_and_judge();
	assert_non_null(strstr(assert_finding(&told, "c-states", FINDING_GOOD)->text,
			       "limited by /dev/cpu_dma_latency"));
	set_latency_limit(2000000000);
	look_and_judge();
	assert_finding(&told, "c-states", FINDING_NOTE);
}

static void one_rate_is_as_good_as_the_governor_performance(void **state)
{
	(void)state;

	set("cpu0/cpufreq/scaling_governor", "userspace\n");
	set("cpu0/cpufreq/scaling_min_freq", "1500000\n");
	set("cpu0/cpufreq/scaling_max_freq", "1500000\n");
	set("cpufreq/boost", "1\n");
	look_and_judge();
	assert_finding(&told, "p-states", FINDING_GOOD);
	assert_non_null(strstr(assert_finding(&told, "turbo", FINDING_NOTE)->mend, "echo 0 > "));
}

static void an_idle_guest_is_woken_by_its_hypervisor(void **state)
{
	(void)state;
	add_state("0", "haltpoll idle\n", "1\n", "0\n");
	set("cpuidle/current_driver", "haltpoll\n");
	look_and_judge();
	assert_non_null(
		strstr(assert_finding(&told, "c-states", FINDING_GOOD)->why, "woken by its hypervisor"));
}

static void a_guest_without_any_of_it_is_good(void **state)
{
	(void)state;

	look_and_judge();
	assert_finding(&told, "c-states", FINDING_GOOD);
	assert_finding(&told, "p-states", FINDING_GOOD);
	assert_null(findings_get(&told, "turbo", ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TREE_TEST(a_laptop_sleeps_deep_and_runs_at_any_rate),
		TREE_TEST(a_tuned_server_is_good),
		TREE_TEST(the_worst_of_the_cpus_that_are_online_counts),
		TREE_TEST(one_rate_is_as_good_as_the_governor_performance),
		TREE_TEST(an_idle_guest_is_woken_by_its_hypervisor),
		TREE_TEST(a_guest_without_any_of_it_is_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
