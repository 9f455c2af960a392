// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said of the kernel: which stamp, attachment or clock type goes with each feature. */
#include "ctl/check/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "ctl/check/look.h"
#include "util/macros.h"

#define BPFFS	       "/sys/fs/bpf"
#define PTP_EVENT_PORT 319

#define A_KERNEL_WITH_BTF "a kernel with CONFIG_DEBUG_INFO_BTF and tracepoints"

static enum answer look_at_jit(const char *root)
{
	long long jit;

	if (look_number(root, &jit, "/proc/sys/net/core/bpf_jit_enable") < 0)
		return ANSWER_UNKNOWN;
	return jit ? ANSWER_YES : ANSWER_NO;
}

/* "none [integrity] confidentiality" */
static enum lockdown look_at_lockdown(const char *root)
{
	char text[64];

	look_text(root, text, sizeof(text), "/sys/kernel/security/lockdown");
	if (strstr(text, "[confidentiality]"))
		return LOCKDOWN_CONFIDENTIALITY;
	if (strstr(text, "[integrity]"))
		return LOCKDOWN_INTEGRITY;
	return strstr(text, "[none]") ? LOCKDOWN_NONE : LOCKDOWN_UNKNOWN;
}

static bool are_ports_free(const char *root)
{
	long long first;

	return look_number(root, &first, "/proc/sys/net/ipv4/ip_unprivileged_port_start") == 0 &&
	       first <= PTP_EVENT_PORT;
}

static bool has_mounted_bpffs(const char *root)
{
	char mounts[16384];

	look_text(root, mounts, sizeof(mounts), "/proc/self/mounts");
	return strstr(mounts, " " BPFFS " bpf ") != NULL;
}

void kernel_look(const char *root, struct kernel_facts *ret)
{
	char path[LOOK_PATH_SIZE];

	*ret = (struct kernel_facts){};
	look_text(root, ret->release, sizeof(ret->release), "/proc/sys/kernel/osrelease");
	ret->has_sysfs = look_exists(root, "/sys/kernel");
	ret->has_btf = look_exists(root, "/sys/kernel/btf/vmlinux");
	ret->is_jit_on = look_at_jit(root);
	ret->lockdown = look_at_lockdown(root);
	ret->may_bind = are_ports_free(root);
	ret->is_bpffs_mounted = has_mounted_bpffs(root);
	/* Only root is told the truth: for others the service manager makes a folder there. */
	if (ret->is_bpffs_mounted && geteuid() == 0) {
		snprintf(path, sizeof(path), "%s" BPFFS, root);
		ret->is_bpffs_writable = access(path, W_OK) == 0 ? ANSWER_YES : ANSWER_NO;
	}
}

bool kernel_stamps_behind_queue(const struct kernel_facts *facts)
{
	if (facts->has_start_xmit == ANSWER_UNKNOWN)
		return !facts->is_root && facts->has_btf;
	return facts->has_start_xmit == ANSWER_YES;
}

static bool needs_programs(const struct plan *plan)
{
	return plan->is_transparent || plan->demands_bpf;
}

static void judge_missing_bpf(const struct kernel_facts *facts, const struct plan *plan,
			      struct findings *findings)
{
	bool is_fatal = needs_programs(plan);
	struct finding *f;

	if (facts->bpf_error == -EPERM && !facts->is_root) {
		f = finding_add(findings, FINDING_NOTE, "bpf", "");
		finding_text(f, "as root: whether the kernel takes the BPF programs");
		finding_why(f, "this user may not load any, so that nothing of it could be tried");
		finding_mend(f, "ebpf-bcctl check  # as root");
		return;
	}
	f = finding_add(findings, is_fatal ? FINDING_PROBLEM : FINDING_NOTE, "bpf", "");
	finding_text(f, "%s",
		     facts->bpf_error == -ENOSYS ? "the kernel has no BPF"
						 : "the BPF programs are not permitted, not even to root");
	finding_why(
		f, "%s",
		is_fatal ? "the clock that is configured needs it and will not start"
			 : "a boundary clock is left with stamps taken by sockets (time_stamping software); "
			   "a transparent clock does not start");
	finding_mend(f, "%s",
		     facts->bpf_error == -ENOSYS
			     ? "a kernel with CONFIG_BPF_SYSCALL, CONFIG_NET_CLS_BPF and CONFIG_NET_ACT_BPF"
			     : "give it CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN (in a container: of the "
			       "host), and let seccomp pass bpf(2)");
}

struct need {
	enum answer has;
	const char *what;
};

/* Without these no program loads. */
static void judge_needs(const struct kernel_facts *facts, struct findings *findings)
{
	const struct need needs[] = {
		{facts->has_tc_programs, "tc programs"},
		{facts->has_ring_buffer, "ring buffers (5.8)"},
		{facts->has_lru_hash, "LRU hashes (4.10)"},
		{facts->has_set_hash, "bpf_set_hash() (4.8)"},
		{facts->has_atomics, "atomic operations that return a value (5.12)"},
	};
	char missing[128] = "";
	struct finding *f;

	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		size_t len = strlen(missing);

		if (needs[i].has != ANSWER_YES)
			snprintf(missing + len, sizeof(missing) - len, "%s%s", len ? ", " : "",
				 needs[i].what);
	}
	f = finding_add(findings, *missing ? FINDING_PROBLEM : FINDING_GOOD, "bpf", "");
	if (!*missing) {
		finding_text(f,
			     "the kernel has what the programs need: tc, ring buffers, LRU hashes, atomics");
		return;
	}
	finding_text(f, "the kernel's BPF misses: %s", missing);
	finding_why(
		f, "the programs do not load; ebpf-bc starts only with time_stamping software, as a boundary "
		   "or ordinary clock");
	finding_mend(f, "a kernel of 5.12 or later; or ebpf-bc -S");
}

static void judge_tcx(const struct kernel_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (facts->has_tcx == ANSWER_UNKNOWN)
		return;
	f = finding_add(findings, facts->has_tcx == ANSWER_YES ? FINDING_GOOD : FINDING_NOTE, "tcx", "");
	if (facts->has_tcx == ANSWER_YES) {
		finding_text(f, "programs attach by tcx links, which go with the process");
		return;
	}
	finding_text(f, "no tcx links (6.6): programs attach as clsact filters");
	finding_why(f, "whoever deletes the qdisc takes them away, which is noticed within a second; killed, "
		       "they stay "
		       "behind, without effect, until the next start");
	finding_mend(f, "a kernel of 6.6 or later");
}

static void judge_tracepoints(const struct kernel_facts *facts, const struct plan *plan,
			      struct findings *findings)
{
	struct finding *f;

	if (facts->has_start_xmit == ANSWER_UNKNOWN)
		return;
	f = finding_add(findings, facts->has_start_xmit == ANSWER_YES ? FINDING_GOOD : FINDING_NOTE, "btf",
			"");
	if (facts->has_start_xmit == ANSWER_YES) {
		finding_text(f, "transmit stamps are taken around the driver, by tp_btf");
		return;
	}
	finding_text(f, "no transmit stamps by BPF around the driver: %s",
		     facts->has_btf	 ? "the tracepoint net_dev_start_xmit is refused"
		     : !facts->has_sysfs ? "the kernel's BTF is in /sys, which is not mounted"
					 : "the kernel has no BTF (CONFIG_DEBUG_INFO_BTF)");
	finding_why(f, "%s",
		    plan->is_transparent ? "what a queue of an egress port adds is not corrected, and "
					   "one-step messages stay one-step"
					 : "the drivers' own software stamps are taken, or, if one has none, "
					   "those before the queue, "
					   "which miss the wait in it: up to milliseconds under load");
	finding_mend(f, "%s",
		     facts->has_sysfs ? distribution_choose(&findings->distribution, A_KERNEL_WITH_BTF,
							    "a build of OpenWrt with KERNEL_DEBUG_INFO_BTF, "
							    "KERNEL_BPF_EVENTS and EBPF_BC_TRACING",
							    A_KERNEL_WITH_BTF)
				      : "mount -t sysfs sysfs /sys");
}

static void judge_sysfs(const struct kernel_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (facts->has_sysfs)
		return;
	f = finding_add(findings, FINDING_NOTE, "sysfs", "");
	finding_text(f, "/sys is not mounted: processors, RTC, PPS and hardware clocks cannot be looked at");
	finding_why(f,
		    "what is wrong with them is not told here; and the daemon finds the kernel's BTF there");
	finding_mend(f, "mount -t sysfs sysfs /sys");
}

/* Integrity keeps BPF from writing, which ours never do; confidentiality from reading kernel memory by
 * helpers. */
static void judge_lockdown(const struct kernel_facts *facts, struct findings *findings)
{
	bool is_tight = facts->lockdown == LOCKDOWN_CONFIDENTIALITY;
	bool is_good = !is_tight || facts->has_start_xmit == ANSWER_YES;
	struct finding *f;

	if (facts->lockdown == LOCKDOWN_UNKNOWN)
		return;
	f = finding_add(findings, is_good ? FINDING_GOOD : FINDING_NOTE, "lockdown", "");
	if (is_good) {
		finding_text(
			f, "the kernel is %s",
			is_tight ? "locked down (confidentiality), and takes the BPF programs all the same"
			: facts->lockdown == LOCKDOWN_INTEGRITY
				? "locked down (integrity), which BPF programs that write nothing do not feel"
				: "not locked down");
		return;
	}
	finding_text(f, "the kernel is locked down (confidentiality)");
	finding_why(f,
		    "it refuses BPF programs that read kernel memory by helpers; ours do without, but some "
		    "distributions' kernels refuse more%s",
		    facts->has_start_xmit == ANSWER_NO ? ": that may be why btf is missing, or BPF"
						       : ", which could not be tried here");
	finding_mend(f,
		     "boot with lockdown=integrity, or without lockdown= (with Secure Boot it may be fixed)");
}

static void judge_pins(const struct kernel_facts *facts, struct findings *findings)
{
	bool is_good = facts->is_bpffs_mounted && facts->is_bpffs_writable != ANSWER_NO;
	struct finding *f = finding_add(findings, is_good ? FINDING_GOOD : FINDING_NOTE, "bpffs", "");

	if (is_good) {
		finding_text(f, "the bpf file system is mounted at " BPFFS);
		return;
	}
	finding_text(f, facts->is_bpffs_mounted ? "the bpf file system at " BPFFS " cannot be written to"
						: "no bpf file system is mounted at " BPFFS);
	finding_why(f, "nothing can be pinned: a transparent clock's programs end with its process, and "
		       "stamps are not "
		       "published (publish_stamps)");
	finding_mend(f, facts->is_bpffs_mounted ? "mount -o remount,rw " BPFFS : "mount -t bpf bpf " BPFFS);
}

static void judge_jit(const struct kernel_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (facts->is_jit_on == ANSWER_UNKNOWN)
		return;
	f = finding_add(findings, facts->is_jit_on == ANSWER_YES ? FINDING_GOOD : FINDING_NOTE, "jit", "");
	if (facts->is_jit_on == ANSWER_YES) {
		finding_text(f, "BPF programs are compiled (JIT)");
		return;
	}
	finding_text(f, "BPF programs are interpreted: net.core.bpf_jit_enable is 0");
	finding_why(f, "every frame of every port runs through them, which then takes several times as long");
	finding_mend(f, "sysctl -w net.core.bpf_jit_enable=1");
}

static bool may_use_programs(const struct kernel_facts *facts)
{
	return facts->may_bpf && facts->may_perfmon && facts->may_net_admin && facts->may_net_raw;
}

static bool may_use_sockets(const struct kernel_facts *facts, const struct plan *plan)
{
	return (facts->may_net_raw || !plan->has_ethernet_port) && (facts->may_bind || !plan->has_udp_port);
}

/* As far as capabilities go. A boundary clock is left with sockets where the programs are refused. */
static bool would_start(const struct kernel_facts *facts, const struct plan *plan)
{
	if (plan->is_system_clock && !facts->may_set_time)
		return false;
	if (!plan->uses_sockets && may_use_programs(facts))
		return true;
	return !needs_programs(plan) && may_use_sockets(facts, plan);
}

static void list_missing(const struct kernel_facts *facts, const struct plan *plan, char *text, size_t size)
{
	bool takes_sockets = plan->uses_sockets || !may_use_programs(facts);
	const struct {
		bool may, needs;
		const char *name;
	} list[] = {
		{facts->may_bpf, !plan->uses_sockets, "CAP_BPF"},
		{facts->may_perfmon, !plan->uses_sockets, "CAP_PERFMON"},
		{facts->may_net_admin, !plan->uses_sockets, "CAP_NET_ADMIN"},
		{facts->may_net_raw, !plan->uses_sockets || plan->has_ethernet_port, "CAP_NET_RAW"},
		{facts->may_bind, takes_sockets && plan->has_udp_port, "CAP_NET_BIND_SERVICE"},
		{facts->may_set_time, plan->is_system_clock, "CAP_SYS_TIME"},
	};

	*text = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
		size_t len = strlen(text);

		if (list[i].needs && !list[i].may)
			snprintf(text + len, size - len, "%s%s", len ? ", " : "", list[i].name);
	}
}

static const char *how_to_start(const struct distribution *distribution)
{
	if (distribution->has_systemd)
		return "systemctl start ebpf-bc  # as root";
	return distribution_choose(distribution, "start it as root", "/etc/init.d/ebpf-bc start",
				   "start it as root");
}

static void judge_capabilities(const struct kernel_facts *facts, const struct plan *plan,
			       struct findings *findings)
{
	char missing[128];
	struct finding *f;

	list_missing(facts, plan, missing, sizeof(missing));
	if (!*missing) {
		finding_text(finding_add(findings, FINDING_GOOD, "capabilities", ""),
			     "this user may all that ebpf-bc needs");
		return;
	}
	f = finding_add(findings,
			facts->is_root && !would_start(facts, plan) ? FINDING_PROBLEM : FINDING_NOTE,
			"capabilities", "");
	finding_text(f, "this user misses %s", missing);
	finding_why(
		f, "%s",
		!facts->is_root
			? "ebpf-bc started by this user would miss them too; its service has what it needs"
		: would_start(facts, plan) ? "root has been deprived of them, as in a container; ebpf-bc "
					     "starts, with stamps taken "
					     "by sockets"
					   : "root has been deprived of them, as in a container; ebpf-bc "
					     "does not start without");
	finding_mend(f, "%s",
		     facts->is_root ? "give the container these capabilities"
				    : how_to_start(&findings->distribution));
}

void kernel_judge(const struct kernel_facts *facts, const struct plan *plan, struct findings *findings)
{
	struct finding *f = finding_add(findings, FINDING_GOOD, "kernel", "");

	finding_text(f, "Linux %s",
		     *facts->release ? facts->release : "(/proc/sys/kernel/osrelease cannot be read)");
	judge_sysfs(facts, findings);
	judge_capabilities(facts, plan, findings);
	if (plan->uses_sockets)
		return;
	if (facts->bpf_error < 0)
		judge_missing_bpf(facts, plan, findings);
	else
		judge_needs(facts, findings);
	judge_tcx(facts, findings);
	judge_tracepoints(facts, plan, findings);
	judge_lockdown(facts, findings);
	judge_pins(facts, findings);
	judge_jit(facts, findings);
}
