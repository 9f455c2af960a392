// SPDX-License-Identifier: GPL-2.0-or-later
/* The findings about the host: each topic looks, then judges. */
#include "ctl/check/host.h"

#include <time.h>

#include "ctl/check/clocksource.h"
#include "ctl/check/cpu.h"
#include "ctl/check/kernel.h"
#include "ctl/check/plan.h"
#include "ctl/check/rivals.h"
#include "ctl/check/rtc.h"
#include "ctl/check/system_time.h"
#include "ctl/check/vdso.h"
#include "ctl/check/wakeup.h"

static enum answer may_load_bpf(const struct kernel_facts *kernel)
{
	if (kernel->may_bpf && kernel->may_perfmon && kernel->may_net_admin)
		return ANSWER_YES;
	return kernel->is_root ? ANSWER_NO : ANSWER_UNKNOWN;
}

static void check_machine(const char *root, const struct plan *plan, struct findings *findings,
			  struct kernel_facts *ret_kernel)
{
	struct clocksource_facts clocksource;
	struct machine_facts machine;
	struct vdso_facts vdso;

	kernel_look(root, ret_kernel);
	kernel_try(ret_kernel);
	kernel_judge(ret_kernel, plan, findings);
	machine_look(root, &machine);
	machine_judge(&machine, may_load_bpf(ret_kernel), findings);
	clocksource_look(root, &machine, &clocksource);
	clocksource_judge(&clocksource, &machine, findings);
	vdso_measure(&vdso);
	vdso_judge(&vdso, findings);
}

static void check_time(const char *root, const struct plan *plan, const char *keeper, bool has_sysfs,
		       struct findings *findings)
{
	struct system_time_facts system_time = {};
	time_t now = time(NULL);
	struct rtc_facts rtc;
	struct tm local;

	system_time_ask(&system_time);
	system_time_look(root, plan, now, &system_time);
	system_time_judge(&system_time, plan, keeper, findings);
	localtime_r(&now, &local);
	if (!has_sysfs)
		return;
	rtc_look(root, now, local.tm_gmtoff, &rtc);
	rtc_judge(&rtc, findings);
}

static void check_cpu(const char *root, bool has_sysfs, struct findings *findings)
{
	struct wakeup_facts wakeup;
	struct cpu_facts cpu;

	if (has_sysfs) {
		cpu_look(root, &cpu);
		cpu_judge(&cpu, findings);
	}
	wakeup_measure(&wakeup);
	wakeup_judge(&wakeup, findings);
}

void check_host(const struct check_options *options, struct findings *findings,
		struct kernel_facts *ret_kernel)
{
	struct plan plan = plan_of(options->config);
	struct rivals_facts rivals;

	check_machine(options->root, &plan, findings, ret_kernel);
	rivals_look(options->root, &rivals);
	check_time(options->root, &plan, rivals_keeper(&rivals), ret_kernel->has_sysfs, findings);
	rivals_judge(&rivals, &plan, options, findings);
	check_cpu(options->root, ret_kernel->has_sysfs, findings);
}
