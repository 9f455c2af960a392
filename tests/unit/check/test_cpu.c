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

#define CPU "/sys/devices/system/cpu/"

struct box {
	struct tree tree;
	struct findings findings;
	struct cpu_facts facts;
};

static int setup(void **state)
{
	static struct box box;

	box = (struct box){};
	tree_init(&box.tree);
	*state = &box;
	return 0;
}

static int teardown(void **state)
{
	struct box *box = *state;

	tree_free(&box->tree);
	findings_free(&box->findings);
	return 0;
}

static void set_latency_limit(struct box *box, int32_t limit_us)
{
	char path[128];
	FILE *file;

	tree_write(&box->tree, "/dev/cpu_dma_latency", "");
	snprintf(path, sizeof(path), "%s/dev/cpu_dma_latency", box->tree.root);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(&limit_us, sizeof(limit_us), 1, file), 1);
	fclose(file);
}

static void add_state(struct box *box, const char *number, const char *name, const char *latency,
		      const char *is_disabled)
{
	char path[128];

	snprintf(path, sizeof(path), CPU "cpu0/cpuidle/state%s/name", number);
	tree_write(&box->tree, path, name);
	snprintf(path, sizeof(path), CPU "cpu0/cpuidle/state%s/latency", number);
	tree_write(&box->tree, path, latency);
	snprintf(path, sizeof(path), CPU "cpu0/cpuidle/state%s/disable", number);
	tree_write(&box->tree, path, is_disabled);
}

static void look_and_judge(struct box *box)
{
	box->findings.n = 0;
	cpu_look(box->tree.root, &box->facts);
	cpu_judge(&box->facts, &box->findings);
	assert_findings_are_whole(&box->findings);
}

static void a_laptop_sleeps_deep_and_runs_at_any_rate(void **state)
{
	struct box *box = *state;
	const struct finding *f;

	add_state(box, "0", "POLL\n", "0\n", "0\n");
	add_state(box, "1", "C1E\n", "10\n", "0\n");
	add_state(box, "2", "C10\n", "890\n", "0\n");
	tree_write(&box->tree, CPU "cpuidle/current_driver", "intel_idle\n");
	tree_write(&box->tree, CPU "cpu0/cpufreq/scaling_driver", "intel_pstate\n");
	tree_write(&box->tree, CPU "cpu0/cpufreq/scaling_governor", "powersave\n");
	tree_write(&box->tree, CPU "cpu0/cpufreq/scaling_min_freq", "400000\n");
	tree_write(&box->tree, CPU "cpu0/cpufreq/scaling_max_freq", "4200000\n");
	tree_write(&box->tree, CPU "intel_pstate/no_turbo", "0\n");
	tree_write(&box->tree, CPU "smt/active", "1\n");
	look_and_judge(box);
	f = assert_finding(&box->findings, "c-states", FINDING_NOTE);
	assert_non_null(strstr(f->text, "C10, from which it wakes in 890 us (driver intel_idle)"));
	f = assert_finding(&box->findings, "p-states", FINDING_NOTE);
	assert_non_null(strstr(f->text, "powersave, 400 to 4200 MHz"));
	f = assert_finding(&box->findings, "turbo", FINDING_NOTE);
	assert_non_null(strstr(f->mend, "echo 1 > /sys/devices/system/cpu/intel_pstate/no_turbo"));
	assert_finding(&box->findings, "hyper-threading", FINDING_NOTE);
}

static void a_tuned_server_is_good(void **state)
{
	struct box *box = *state;

	add_state(box, "0", "POLL\n", "0\n", "0\n");
	add_state(box, "1", "C1\n", "2\n", "0\n");
	add_state(box, "2", "C6\n", "133\n", "1\n");
	tree_write(&box->tree, CPU "cpu0/cpufreq/scaling_driver", "acpi-cpufreq\n");
	tree_write(&box->tree, CPU "cpu0/cpufreq/scaling_governor", "performance\n");
	tree_write(&box->tree, CPU "cpufreq/boost", "0\n");
	tree_write(&box->tree, CPU "smt/active", "0\n");
	tree_write(&box->tree, CPU "isolated", "2-3\n");
	look_and_judge(box);
	assert_string_equal(box->facts.deepest_name, "C1");
	for (size_t i = 0; i < box->findings.n; i++)
		assert_int_equal(box->findings.list[i].level, FINDING_GOOD);
	assert_non_null(strstr(assert_finding(&box->findings, "isolation", FINDING_GOOD)->text, "CPUs 2-3"));
}

static void the_worst_of_the_cpus_that_are_online_counts(void **state)
{
	struct box *box = *state;

	add_state(box, "0", "C1\n", "2\n", "0\n");
	tree_write(&box->tree, CPU "online", "0-1,3\n");
	tree_write(&box->tree, CPU "cpu1/cpuidle/state0/latency", "2\n");
	tree_write(&box->tree, CPU "cpu2/cpuidle/state0/latency", "900\n");
	tree_write(&box->tree, CPU "cpu3/cpuidle/state0/latency", "200\n");
	tree_write(&box->tree, CPU "cpu3/cpuidle/state0/name", "C6\n");
	tree_write(&box->tree, CPU "cpu0/cpufreq/scaling_governor", "performance\n");
	tree_write(&box->tree, CPU "cpu1/cpufreq/scaling_governor", "schedutil\n");
	tree_write(&box->tree, CPU "cpu3/cpufreq/scaling_governor", "performance\n");
	look_and_judge(box);
	assert_memory_equal(assert_finding(&box->findings, "c-states", FINDING_NOTE)->text,
			    "an idle CPU 3 (not all are alike) sleeps as deep as C6", 54);
	assert_memory_equal(assert_finding(&box->findings, "p-states", FINDING_NOTE)->text,
			    "the clock rate of the CPU 1 (not all are alike) goes by governor schedutil", 74);
	/* The other way round. */
	tree_write(&box->tree, CPU "cpu0/cpuidle/state0/latency", "300\n");
	tree_write(&box->tree, CPU "cpu0/cpufreq/scaling_governor", "powersave\n");
	look_and_judge(box);
	assert_int_equal(box->facts.deepest_cpu, 0);
	assert_int_equal(box->facts.governor_cpu, 0);
	/* None comes into the deep ones while somebody needs short waits. */
	set_latency_limit(box, 10);
	look_and_judge(box);
	assert_non_null(strstr(assert_finding(&box->findings, "c-states", FINDING_GOOD)->text,
			       "limited by /dev/cpu_dma_latency"));
	set_latency_limit(box, 2000000000);
	look_and_judge(box);
	assert_finding(&box->findings, "c-states", FINDING_NOTE);
}

static void one_rate_is_as_good_as_the_governor_performance(void **state)
{
	struct box *box = *state;

	tree_write(&box->tree, CPU "cpu0/cpufreq/scaling_governor", "userspace\n");
	tree_write(&box->tree, CPU "cpu0/cpufreq/scaling_min_freq", "1500000\n");
	tree_write(&box->tree, CPU "cpu0/cpufreq/scaling_max_freq", "1500000\n");
	tree_write(&box->tree, CPU "cpufreq/boost", "1\n");
	look_and_judge(box);
	assert_finding(&box->findings, "p-states", FINDING_GOOD);
	assert_non_null(strstr(assert_finding(&box->findings, "turbo", FINDING_NOTE)->mend, "echo 0 > "));
}

static void a_guest_without_any_of_it_is_good(void **state)
{
	struct box *box = *state;

	look_and_judge(box);
	assert_finding(&box->findings, "c-states", FINDING_GOOD);
	assert_finding(&box->findings, "p-states", FINDING_GOOD);
	assert_null(findings_get(&box->findings, "turbo", ""));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_laptop_sleeps_deep_and_runs_at_any_rate),
		TEST(a_tuned_server_is_good),
		TEST(the_worst_of_the_cpus_that_are_online_counts),
		TEST(one_rate_is_as_good_as_the_governor_performance),
		TEST(a_guest_without_any_of_it_is_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
