// SPDX-License-Identifier: GPL-2.0-or-later
/* Hardware, guest or container. */
#include "ctl/check/machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl/check/look.h"
#include "util/cleanup.h"
#include "util/macros.h"

#define CLOCKSOURCES "/sys/devices/system/clocksource/clocksource0"
/* More than this is felt. */
#define STOLEN_NOTE_PER_MILLE 5

struct trace {
	const char *path, *beginning;
	enum check_hypervisor hypervisor;
};

/* What hypervisors leave behind, the surest first. */
static const struct trace traces[] = {
	{"/sys/hypervisor/type", "xen", HYPERVISOR_XEN},
	{"/proc/device-tree/hypervisor/compatible", "xen", HYPERVISOR_XEN},
	{"/proc/device-tree/hypervisor/compatible", "linux,kvm", HYPERVISOR_KVM},
	{"/sys/class/dmi/id/sys_vendor", "VMware", HYPERVISOR_VMWARE},
	{"/sys/class/dmi/id/sys_vendor", "Xen", HYPERVISOR_XEN},
	{"/sys/class/dmi/id/sys_vendor", "QEMU", HYPERVISOR_KVM},
	{"/sys/class/dmi/id/sys_vendor", "Google", HYPERVISOR_KVM},
	{"/sys/class/dmi/id/sys_vendor", "Amazon EC2", HYPERVISOR_KVM},
	{"/sys/class/dmi/id/sys_vendor", "Microsoft Corporation", HYPERVISOR_HYPERV},
	{"/sys/class/dmi/id/product_name", "KVM", HYPERVISOR_KVM},
	{"/sys/class/dmi/id/product_name", "VirtualBox", HYPERVISOR_OTHER},
};

static enum check_hypervisor hypervisor_of_clocksources(const char *root)
{
	char available[256];

	look_text(root, available, sizeof(available), CLOCKSOURCES "/available_clocksource");
	if (look_has_word(available, "kvm-clock"))
		return HYPERVISOR_KVM;
	if (look_has_word(available, "xen"))
		return HYPERVISOR_XEN;
	if (look_has_word(available, "hyperv_clocksource_tsc_page") ||
	    look_has_word(available, "hyperv_clocksource_msr"))
		return HYPERVISOR_HYPERV;
	return HYPERVISOR_NONE;
}

/* `is_guest`: the processor says that it is one, without saying whose. */
static enum check_hypervisor find_hypervisor(const char *root, bool is_x86, bool is_guest)
{
	enum check_hypervisor by_clocksource = hypervisor_of_clocksources(root);
	char text[64];

	if (by_clocksource != HYPERVISOR_NONE)
		return by_clocksource;
	/* Some vendors also make hardware. */
	if (is_x86 && !is_guest && !look_exists(root, "/sys/hypervisor/type"))
		return HYPERVISOR_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(traces); i++) {
		look_text(root, text, sizeof(text), "%s", traces[i].path);
		if (strncmp(text, traces[i].beginning, strlen(traces[i].beginning)) == 0)
			return traces[i].hypervisor;
	}
	return is_guest ? HYPERVISOR_OTHER : HYPERVISOR_NONE;
}

static int stolen_per_mille(const char *root)
{
	/* user, nice, system, idle, iowait, irq, softirq, steal. */
	uint64_t ticks[8], sum = 0;
	char text[256];

	look_text(root, text, sizeof(text), "/proc/stat");
	if (sscanf(text,
		   "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64
		   " %" SCNu64,
		   &ticks[0], &ticks[1], &ticks[2], &ticks[3], &ticks[4], &ticks[5], &ticks[6],
		   &ticks[7]) != 8)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(ticks); i++)
		sum += ticks[i];
	return sum ? (int)((double)ticks[7] * 1000.0 / (double)sum + 0.5) : -1;
}

static bool is_container(const char *root)
{
	char text[64];

	/* systemd and its like write there what the first process was told; the others leave a file. */
	return look_text(root, text, sizeof(text), "/run/systemd/container") == 0 ||
	       look_exists(root, "/.dockerenv") || look_exists(root, "/run/.containerenv");
}

void machine_look(const char *root, struct machine_facts *ret)
{
	_cleanup_free_ char *cpuinfo = malloc(16384);
	const char *flags = "";
	char *line;

	*ret = (struct machine_facts){};
	if (cpuinfo) {
		look_text(root, cpuinfo, 16384, "/proc/cpuinfo");
		/* Of the first processor; the others are alike. */
		line = strstr(cpuinfo, "\nflags");
		if (line) {
			line[1 + strcspn(line + 1, "\n")] = '\0';
			flags = line;
		}
	}
	ret->is_x86 = *flags != '\0';
	ret->has_constant_tsc = look_has_word(flags, "constant_tsc");
	ret->has_nonstop_tsc = look_has_word(flags, "nonstop_tsc");
	ret->has_tsc_reliable = look_has_word(flags, "tsc_reliable");
	ret->hypervisor = find_hypervisor(root, ret->is_x86, look_has_word(flags, "hypervisor"));
	ret->is_container = is_container(root);
	ret->stolen_per_mille = stolen_per_mille(root);
}

const char *hypervisor_name(enum check_hypervisor hypervisor)
{
	static const char *const names[] = {
		[HYPERVISOR_NONE] = "none",	[HYPERVISOR_KVM] = "KVM",
		[HYPERVISOR_XEN] = "Xen",	[HYPERVISOR_HYPERV] = "Hyper-V",
		[HYPERVISOR_VMWARE] = "VMware", [HYPERVISOR_OTHER] = "an unknown hypervisor",
	};

	return names[hypervisor];
}

static void judge_stolen(const struct machine_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (facts->hypervisor == HYPERVISOR_NONE || facts->stolen_per_mille < 0)
		return;
	f = finding_add(findings,
			facts->stolen_per_mille > STOLEN_NOTE_PER_MILLE ? FINDING_NOTE : FINDING_GOOD,
			"steal", "");
	finding_text(f, "the hypervisor gave %d.%d %% of this machine's CPU time to others since the start",
		     facts->stolen_per_mille / 10, facts->stolen_per_mille % 10);
	if (f->level == FINDING_GOOD)
		return;
	finding_why(f, "while a CPU is taken away, frames wait for their stamps: milliseconds at a time. The "
		       "servo throws such samples away, as long as they are few");
	finding_mend(f, "on the hypervisor: pin the guest's CPUs to CPUs of their own");
}

static void judge_container(enum answer may_load_bpf, struct findings *findings)
{
	struct finding *f = finding_add(findings, may_load_bpf == ANSWER_YES ? FINDING_GOOD : FINDING_NOTE,
					"container", "");

	if (may_load_bpf == ANSWER_YES) {
		finding_text(f, "this is a container, with the capabilities that BPF needs");
		return;
	}
	finding_text(f, may_load_bpf == ANSWER_UNKNOWN
				? "as root: whether this container has the capabilities that BPF needs"
				: "this is a container, without the capabilities that BPF needs");
	finding_why(f,
		    "it needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON of the host, and CAP_SYS_TIME where it "
		    "is to set the system's clock, which is the host's; what /proc and /sys tell may be "
		    "masked");
	finding_mend(f, "run the clock on the host, or give the container these capabilities");
}

void machine_judge(const struct machine_facts *facts, enum answer may_load_bpf, struct findings *findings)
{
	struct finding *f = finding_add(findings, FINDING_GOOD, "machine", "");

	if (facts->hypervisor == HYPERVISOR_NONE)
		finding_text(f, "hardware: no hypervisor was found");
	else
		finding_text(f, "a virtual machine of %s", hypervisor_name(facts->hypervisor));
	judge_stolen(facts, findings);
	if (facts->is_container)
		judge_container(may_load_bpf, findings);
}
