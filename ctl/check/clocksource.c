// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The clock source. Every stamp reads it, so it has to be fast and fine: a counter in the processor or a page
 * of the hypervisor's. One that lies on a bus takes a microsecond and more, and each read leaves a guest.
 */
#include "ctl/check/clocksource.h"

#include <string.h>

#include "ctl/check/look.h"
#include "util/macros.h"

#define FOLDER "/sys/devices/system/clocksource/clocksource0"

/* In the processor, or in memory: read without leaving either. */
static const char *const fast_sources[] = {"tsc",
					   "kvm-clock",
					   "xen",
					   "hyperv_clocksource_tsc_page",
					   "arch_sys_counter",
					   "riscv_clocksource",
					   "timebase",
					   "tod",
					   "stick"};
/* Better ones first: what is to be chosen instead. */
static const char *const preferred_sources[] = {"tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "xen",
						"arch_sys_counter"};

struct slow_source {
	const char *name, *why;
};

static const struct slow_source slow_sources[] = {
	{"hpet", "each read of it takes 1 us and more, and several are needed for a message"},
	{"acpi_pm", "each read of it takes 1 us and more, and it counts in steps of 280 ns"},
	{"pit", "each read of it takes several us"},
	{"jiffies", "it counts in steps of 1 to 10 ms: there are no stamps at all"},
	{"refined-jiffies", "it counts in steps of 1 to 10 ms: there are no stamps at all"},
	{"hyperv_clocksource_msr",
	 "each read of it leaves the guest for the hypervisor, which takes 1 us and more"},
};

static const char *better_source(const char *available)
{
	for (size_t i = 0; i < ARRAY_SIZE(preferred_sources); i++)
		if (look_has_word(available, preferred_sources[i]))
			return preferred_sources[i];
	return NULL;
}

static bool is_fast(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(fast_sources); i++)
		if (strcmp(fast_sources[i], name) == 0)
			return true;
	return false;
}

static const char *why_slow(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(slow_sources); i++)
		if (strcmp(slow_sources[i].name, name) == 0)
			return slow_sources[i].why;
	return NULL;
}

void clocksource_look(const char *root, const struct machine_facts *machine, struct clocksource_facts *ret)
{
	*ret = (struct clocksource_facts){};
	look_text(root, ret->current, sizeof(ret->current), FOLDER "/current_clocksource");
	look_text(root, ret->available, sizeof(ret->available), FOLDER "/available_clocksource");
	ret->was_unstable = machine->is_x86 && machine->has_constant_tsc && *ret->available &&
			    !look_has_word(ret->available, "tsc");
}

static void mend_slow(const struct clocksource_facts *facts, struct finding *f)
{
	const char *better = better_source(facts->available);

	if (better)
		finding_mend(f, "echo %s > " FOLDER "/current_clocksource", better);
	else if (facts->was_unstable)
		finding_mend(f,
			     "dmesg | grep -i tsc  # tells why the kernel gave the TSC up; if it was wrong, "
			     "boot with tsc=reliable");
	else
		finding_mend(f, "use another machine: this one offers nothing better");
}

static void judge_slow(const struct clocksource_facts *facts, const struct machine_facts *machine,
		       const char *why, struct findings *findings)
{
	struct finding *f = finding_add(findings, FINDING_PROBLEM, "clocksource", "");

	finding_text(f, "the clock source is %s (available: %s)", facts->current, facts->available);
	finding_why(f, "%s%s", why,
		    machine->hypervisor != HYPERVISOR_NONE ? "; in a virtual machine each of these reads is "
							     "also an exit to the hypervisor"
							   : "");
	mend_slow(facts, f);
}

static void judge_tsc(const struct machine_facts *machine, struct findings *findings)
{
	struct finding *f;

	if (!machine->is_x86 || (machine->has_constant_tsc && machine->has_nonstop_tsc) ||
	    machine->has_tsc_reliable)
		return;
	f = finding_add(findings, FINDING_NOTE, "tsc", "");
	finding_text(f, "the processor does not promise an invariant TSC (constant_tsc and nonstop_tsc)");
	finding_why(f,
		    machine->hypervisor == HYPERVISOR_NONE
			    ? "its rate may change with the clock frequency, or stand still in deep sleep: "
			      "the kernel may give it up while the clock runs"
			    : "the hypervisor does not tell; if the guest moves to a host of another rate, "
			      "time jumps");
	if (machine->hypervisor == HYPERVISOR_KVM)
		finding_mend(f, "on the host: -cpu host,+invtsc");
}

void clocksource_judge(const struct clocksource_facts *facts, const struct machine_facts *machine,
		       struct findings *findings)
{
	const char *why = why_slow(facts->current);
	struct finding *f;

	if (why) {
		judge_slow(facts, machine, why, findings);
		return;
	}
	if (is_fast(facts->current)) {
		f = finding_add(findings, FINDING_GOOD, "clocksource", "");
		finding_text(f, "the clock source is %s", facts->current);
	} else {
		f = finding_add(findings, FINDING_NOTE, "clocksource", "");
		finding_text(f, "the clock source is %s",
			     *facts->current ? facts->current : "not known: " FOLDER " cannot be read");
		finding_why(f,
			    "it is none of those that are known to be fast, or slow: go by what vdso says");
	}
	if (strcmp(facts->current, "tsc") == 0)
		judge_tsc(machine, findings);
}
