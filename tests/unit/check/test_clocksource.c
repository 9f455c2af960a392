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

struct box {
	struct tree tree;
	struct findings findings;
	struct machine_facts machine;
	enum answer may_load_bpf;
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

static void set_sources(struct box *box, const char *current, const char *available)
{
	tree_write(&box->tree, SOURCES "current_clocksource", current);
	tree_write(&box->tree, SOURCES "available_clocksource", available);
}

static void look_and_judge(struct box *box)
{
	struct clocksource_facts facts;

	machine_look(box->tree.root, &box->machine);
	machine_judge(&box->machine, box->may_load_bpf, &box->findings);
	clocksource_look(box->tree.root, &box->machine, &facts);
	clocksource_judge(&facts, &box->machine, &box->findings);
	assert_findings_are_whole(&box->findings);
}

static void hardware_with_an_invariant_tsc_is_good(void **state)
{
	struct box *box = *state;

	tree_write(&box->tree, "/proc/cpuinfo", CPU "constant_tsc nonstop_tsc\n");
	tree_write(&box->tree, "/sys/class/dmi/id/sys_vendor", "Microsoft Corporation\n");
	set_sources(box, "tsc\n", "tsc hpet acpi_pm\n");
	look_and_judge(box);
	assert_int_equal(box->machine.hypervisor, HYPERVISOR_NONE);
	assert_finding(&box->findings, "machine", FINDING_GOOD);
	assert_finding(&box->findings, "clocksource", FINDING_GOOD);
	assert_null(findings_get(&box->findings, "tsc", ""));
}

static void a_tsc_that_may_change_its_rate_is_a_note(void **state)
{
	struct box *box = *state;

	tree_write(&box->tree, "/proc/cpuinfo", CPU "constant_tsc\n");
	set_sources(box, "tsc\n", "tsc\n");
	look_and_judge(box);
	assert_finding(&box->findings, "tsc", FINDING_NOTE);
}

static void a_tsc_that_the_kernel_gave_up_leads_to_its_log(void **state)
{
	struct box *box = *state;
	const struct finding *f;

	tree_write(&box->tree, "/proc/cpuinfo", CPU "constant_tsc nonstop_tsc\n");
	set_sources(box, "hpet\n", "hpet acpi_pm\n");
	look_and_judge(box);
	f = assert_finding(&box->findings, "clocksource", FINDING_PROBLEM);
	assert_non_null(strstr(f->mend, "dmesg"));
	assert_null(strstr(f->why, "hypervisor"));
}

static void kvm_with_hpet_is_told_to_take_what_is_better(void **state)
{
	struct box *box = *state;
	const struct finding *f;

	tree_write(&box->tree, "/proc/cpuinfo", CPU "hypervisor constant_tsc\n");
	set_sources(box, "hpet\n", "kvm-clock hpet acpi_pm\n");
	look_and_judge(box);
	assert_int_equal(box->machine.hypervisor, HYPERVISOR_KVM);
	f = assert_finding(&box->findings, "clocksource", FINDING_PROBLEM);
	assert_non_null(strstr(f->mend, "echo kvm-clock >"));
	assert_non_null(strstr(f->why, "exit to the hypervisor"));
}

static void xen_reads_its_own_page(void **state)
{
	struct box *box = *state;

	tree_write(&box->tree, "/proc/cpuinfo", CPU "hypervisor\n");
	tree_write(&box->tree, "/sys/hypervisor/type", "xen\n");
	set_sources(box, "xen\n", "xen tsc hpet\n");
	look_and_judge(box);
	assert_int_equal(box->machine.hypervisor, HYPERVISOR_XEN);
	assert_finding(&box->findings, "clocksource", FINDING_GOOD);
}

static void hyper_v_by_msr_is_slow_and_by_page_is_not(void **state)
{
	struct box *box = *state;
	const struct finding *f;

	tree_write(&box->tree, "/proc/cpuinfo", CPU "hypervisor\n");
	set_sources(box, "hyperv_clocksource_msr\n", "hyperv_clocksource_tsc_page hyperv_clocksource_msr\n");
	look_and_judge(box);
	assert_int_equal(box->machine.hypervisor, HYPERVISOR_HYPERV);
	f = assert_finding(&box->findings, "clocksource", FINDING_PROBLEM);
	assert_non_null(strstr(f->mend, "hyperv_clocksource_tsc_page"));
}

static void an_arm_board_is_good(void **state)
{
	struct box *box = *state;

	tree_write(&box->tree, "/proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd\n");
	set_sources(box, "arch_sys_counter\n", "arch_sys_counter\n");
	look_and_judge(box);
	assert_int_equal(box->machine.hypervisor, HYPERVISOR_NONE);
	assert_finding(&box->findings, "clocksource", FINDING_GOOD);
}

static void stolen_time_is_told_of_guests_alone(void **state)
{
	struct box *box = *state;

	tree_write(&box->tree, "/proc/cpuinfo", CPU "hypervisor\n");
	tree_write(&box->tree, "/proc/stat", "cpu  100 0 100 760 0 0 0 40 0 0\ncpu0 1 1 1 1 1 1 1 1\n");
	look_and_judge(box);
	assert_int_equal(box->machine.stolen_per_mille, 40);
	assert_non_null(strstr(assert_finding(&box->findings, "steal", FINDING_NOTE)->text, "4.0 %"));
	box->findings.n = 0;
	box->machine.hypervisor = HYPERVISOR_NONE;
	machine_judge(&box->machine, box->may_load_bpf, &box->findings);
	assert_null(findings_get(&box->findings, "steal", ""));
}

static void a_container_is_said(void **state)
{
	struct box *box = *state;

	tree_write(&box->tree, "/run/systemd/container", "lxc\n");
	look_and_judge(box);
	assert_memory_equal(assert_finding(&box->findings, "container", FINDING_NOTE)->text, "as root:", 8);
	box->findings.n = 0;
	box->may_load_bpf = ANSWER_NO;
	look_and_judge(box);
	assert_non_null(
		strstr(assert_finding(&box->findings, "container", FINDING_NOTE)->text, "without the"));
	assert_finding(&box->findings, "clocksource", FINDING_NOTE);
	box->findings.n = 0;
	box->may_load_bpf = ANSWER_YES;
	look_and_judge(box);
	assert_finding(&box->findings, "container", FINDING_GOOD);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

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
