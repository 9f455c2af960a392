// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said of kinds of machines and their clock sources. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/check/clocksource.h"
#include "tests/unit/check/tree.h"

#define SOURCES "/sys/devices/system/clocksource/clocksource0/"
#define CPU	"processor\t: 0\nmodel name\t: A\nflags\t\t: fpu tsc "

static struct machine_facts machine;
static struct clocksource_facts clocksource;
static enum answer may_load_bpf;

static int setup(void **state)
{
	may_load_bpf = ANSWER_UNKNOWN;
	return tree_setup(state);
}

static void set_sources(const char *current, const char *available)
{
	tree_write(SOURCES "current_clocksource", current);
	tree_write(SOURCES "available_clocksource", available);
}

static void judge(void *facts)
{
	machine_judge(&machine, may_load_bpf, &told);
	clocksource_judge(facts, &machine, &told);
}

static void look_and_judge(void)
{
	machine_look(tree_root, &machine);
	clocksource_look(tree_root, &machine, &clocksource);
	judge_everywhere(judge, &clocksource);
}

static void hardware_with_an_invariant_tsc_is_good(void **state)
{
	(void)state;

	tree_write("/proc/cpuinfo", CPU "constant_tsc nonstop_tsc\n");
	tree_write("/sys/class/dmi/id/sys_vendor", "Microsoft Corporation\n");
	set_sources("tsc\n", "tsc hpet acpi_pm\n");
	look_and_judge();
	assert_int_equal(machine.hypervisor, HYPERVISOR_NONE);
	assert_finding(&told, "machine", FINDING_GOOD);
	assert_finding(&told, "clocksource", FINDING_GOOD);
	assert_null(findings_get(&told, "tsc", ""));
}

static void a_tsc_that_may_change_its_rate_is_a_note(void **state)
{
	(void)state;

	tree_write("/proc/cpuinfo", CPU "constant_tsc\n");
	set_sources("tsc\n", "tsc\n");
	look_and_judge();
	assert_finding(&told, "tsc", FINDING_NOTE);
}

static void a_tsc_that_the_kernel_gave_up_leads_to_its_log(void **state)
{
	const struct finding *f;
	(void)state;

	tree_write("/proc/cpuinfo", CPU "constant_tsc nonstop_tsc\n");
	set_sources("hpet\n", "hpet acpi_pm\n");
	look_and_judge();
	f = assert_finding(&told, "clocksource", FINDING_PROBLEM);
	assert_non_null(strstr(f->mend, "dmesg"));
	assert_null(strstr(f->why, "hypervisor"));
}

static void kvm_with_hpet_is_told_to_take_what_is_better(void **state)
{
	const struct finding *f;
	(void)state;

	tree_write("/proc/cpuinfo", CPU "hypervisor constant_tsc\n");
	set_sources("hpet\n", "kvm-clock hpet acpi_pm\n");
	look_and_judge();
	assert_int_equal(machine.hypervisor, HYPERVISOR_KVM);
	f = assert_finding(&told, "clocksource", FINDING_PROBLEM);
	assert_non_null(strstr(f->mend, "echo kvm-clock >"));
	assert_non_null(strstr(f->why, "exit to the hypervisor"));
}

static void xen_reads_its_own_page(void **state)
{
	(void)state;

	tree_write("/proc/cpuinfo", CPU "hypervisor\n");
	tree_write("/sys/hypervisor/type", "xen\n");
	set_sources("xen\n", "xen tsc hpet\n");
	look_and_judge();
	assert_int_equal(machine.hypervisor, HYPERVISOR_XEN);
	assert_finding(&told, "clocksource", FINDING_GOOD);
}

static void hyper_v_by_msr_is_slow_and_by_page_is_not(void **state)
{
	const struct finding *f;
	(void)state;

	tree_write("/proc/cpuinfo", CPU "hypervisor\n");
	set_sources("hyperv_clocksource_msr\n", "hyperv_clocksource_tsc_page hyperv_clocksource_msr\n");
	look_and_judge();
	assert_int_equal(machine.hypervisor, HYPERVISOR_HYPERV);
	f = assert_finding(&told, "clocksource", FINDING_PROBLEM);
	assert_non_null(strstr(f->mend, "hyperv_clocksource_tsc_page"));
}

static void an_arm_board_is_good(void **state)
{
	(void)state;

	tree_write("/proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd\n");
	set_sources("arch_sys_counter\n", "arch_sys_counter\n");
	look_and_judge();
	assert_int_equal(machine.hypervisor, HYPERVISOR_NONE);
	assert_finding(&told, "clocksource", FINDING_GOOD);
}

static void stolen_time_is_told_of_guests_alone(void **state)
{
	(void)state;

	tree_write("/proc/cpuinfo", CPU "hypervisor\n");
	tree_write("/proc/stat", "cpu  100 0 100 760 0 0 0 40 0 0\ncpu0 1 1 1 1 1 1 1 1\n");
	look_and_judge();
	assert_int_equal(machine.stolen_per_mille, 40);
	assert_non_null(strstr(assert_finding(&told, "steal", FINDING_NOTE)->text, "4.0 %"));
	told.n = 0;
	machine.hypervisor = HYPERVISOR_NONE;
	machine_judge(&machine, may_load_bpf, &told);
	assert_null(findings_get(&told, "steal", ""));
}

static void a_container_is_said(void **state)
{
	(void)state;

	tree_write("/run/systemd/container", "lxc\n");
	look_and_judge();
	assert_memory_equal(assert_finding(&told, "container", FINDING_NOTE)->text, "as root:", 8);
	may_load_bpf = ANSWER_NO;
	look_and_judge();
	assert_non_null(strstr(assert_finding(&told, "container", FINDING_NOTE)->text, "without the"));
	assert_finding(&told, "clocksource", FINDING_NOTE);
	may_load_bpf = ANSWER_YES;
	look_and_judge();
	assert_finding(&told, "container", FINDING_GOOD);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hardware_with_an_invariant_tsc_is_good),
		TEST(a_tsc_that_may_change_its_rate_is_a_note),
		TEST(a_tsc_that_the_kernel_gave_up_leads_to_its_log),
		TEST(kvm_with_hpet_is_told_to_take_what_is_better),
		TEST(xen_reads_its_own_page),
		TEST(hyper_v_by_msr_is_slow_and_by_page_is_not),
		TEST(an_arm_board_is_good),
		TEST(stolen_time_is_told_of_guests_alone),
		TEST(a_container_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
