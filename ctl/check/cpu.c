// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * C-states, P-states, turbo, hyper-threading, isolation: each makes the way between wire and stamp take
 * another time from one frame to the next. None of them is a fault, so all are notes.
 */
#include "ctl/check/cpu.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "ctl/check/look.h"
#include "util/cleanup.h"
#include "util/macros.h"

#define FOLDER	       "/sys/devices/system/cpu"
#define STATES_MAX     16
#define WHICH_SIZE     40
#define CPUS_MAX       1024
#define POLICY	       FOLDER "/cpu%d/cpufreq"
#define IDLE_STATE     FOLDER "/cpu%d/cpuidle/state%d"
#define INTEL_NO_TURBO FOLDER "/intel_pstate/no_turbo"
#define BOOST	       FOLDER "/cpufreq/boost"
/* Shallower ones are lost among the other delays. */
#define EXIT_NOTE_US 10
#define PERFORMANCE_BY_FILES \
	"for f in " FOLDER "/cpu*/cpufreq/scaling_governor; do echo performance > $f; done"
/* The kernel's value for no limit is 2000 s. */
#define NO_LIMIT_US 2000000000

/* A number of 32 bits. Only root may read it. */
static void look_at_limit(const char *root, struct cpu_facts *ret)
{
	_cleanup_file_ FILE *file = NULL;
	char path[LOOK_PATH_SIZE];
	int32_t limit_us;

	if (snprintf(path, sizeof(path), "%s/dev/cpu_dma_latency", root) < (int)sizeof(path))
		file = fopen(path, "re");
	if (!file || fread(&limit_us, sizeof(limit_us), 1, file) != 1 || limit_us < 0 ||
	    limit_us >= NO_LIMIT_US)
		return;
	ret->has_latency_limit = true;
	ret->latency_limit_us = limit_us;
}

struct idle {
	long long exit_us;
	char name[32];
};

/* The deepest state that this CPU may go into; false: it has none to choose from. */
static bool look_at_idle_of(const char *root, int cpu, const struct cpu_facts *facts, struct idle *ret)
{
	*ret = (struct idle){};
	for (int i = 0; i < STATES_MAX; i++) {
		long long exit_us, is_disabled = 0;

		if (look_number(root, &exit_us, IDLE_STATE "/latency", cpu, i) < 0)
			return i > 0;
		look_number(root, &is_disabled, IDLE_STATE "/disable", cpu, i);
		if (is_disabled || exit_us < ret->exit_us ||
		    (facts->has_latency_limit && exit_us > facts->latency_limit_us))
			continue;
		ret->exit_us = exit_us;
		look_text(root, ret->name, sizeof(ret->name), IDLE_STATE "/name", cpu, i);
	}
	return true;
}

static void look_at_idle(const char *root, int cpu, struct cpu_facts *ret)
{
	struct idle idle;

	if (!look_at_idle_of(root, cpu, ret, &idle))
		return;
	if (!ret->has_idle_states) {
		ret->deepest_cpu = -1;
	} else if (idle.exit_us != ret->deepest_exit_us) {
		if (idle.exit_us < ret->deepest_exit_us) {
			if (ret->deepest_cpu < 0)
				ret->deepest_cpu = 0;
			return;
		}
		ret->deepest_cpu = cpu;
	} else {
		return;
	}
	ret->has_idle_states = true;
	ret->deepest_exit_us = idle.exit_us;
	memcpy(ret->deepest_name, idle.name, sizeof(idle.name));
}

static bool is_steady(const struct cpu_facts *facts)
{
	return !*facts->governor || strcmp(facts->governor, "performance") == 0 ||
	       (facts->min_khz > 0 && facts->min_khz == facts->max_khz);
}

static void look_at_rate(const char *root, int cpu, struct cpu_facts *ret)
{
	struct cpu_facts one = {};
	bool is_first = !*ret->governor;

	look_text(root, one.governor, sizeof(one.governor), POLICY "/scaling_governor", cpu);
	look_number(root, &one.min_khz, POLICY "/scaling_min_freq", cpu);
	look_number(root, &one.max_khz, POLICY "/scaling_max_freq", cpu);
	if (!*one.governor || (!is_first && is_steady(&one) == is_steady(ret)))
		return;
	if (!is_first)
		ret->governor_cpu = is_steady(ret) ? cpu : MAX(ret->governor_cpu, 0);
	if (!is_first && is_steady(&one))
		return;
	look_text(root, ret->rate_driver, sizeof(ret->rate_driver), POLICY "/scaling_driver", cpu);
	memcpy(ret->governor, one.governor, sizeof(one.governor));
	ret->min_khz = one.min_khz;
	ret->max_khz = one.max_khz;
}

static void look_at_turbo(const char *root, struct cpu_facts *ret)
{
	long long value;

	ret->is_intel_pstate = look_number(root, &value, INTEL_NO_TURBO) == 0;
	if (ret->is_intel_pstate) {
		ret->has_turbo = true;
		ret->is_turbo_on = value == 0;
	} else if (look_number(root, &value, BOOST) == 0) {
		ret->has_turbo = true;
		ret->is_turbo_on = value != 0;
	}
}

/* The next part of a list like "0-3,6"; false: no more. */
static bool next_range(const char **list, int *ret_first, int *ret_last)
{
	int n = 0;

	if (sscanf(*list, "%d%n-%d%n", ret_first, &n, ret_last, &n) == 1)
		*ret_last = *ret_first;
	if (n == 0 || *ret_first < 0)
		return false;
	*list += n;
	*list += **list == ',';
	return true;
}

static void look_at_all(const char *root, struct cpu_facts *ret)
{
	char online[256];
	const char *list = online;
	int first, last;

	if (look_text(root, online, sizeof(online), FOLDER "/online") < 0)
		strcpy(online, "0");
	while (next_range(&list, &first, &last))
		for (int cpu = first; cpu <= last && cpu < CPUS_MAX; cpu++) {
			look_at_idle(root, cpu, ret);
			look_at_rate(root, cpu, ret);
		}
}

void cpu_look(const char *root, struct cpu_facts *ret)
{
	long long is_active = 0;

	*ret = (struct cpu_facts){.deepest_cpu = -1, .governor_cpu = -1};
	look_text(root, ret->idle_driver, sizeof(ret->idle_driver), FOLDER "/cpuidle/current_driver");
	look_at_limit(root, ret);
	look_at_all(root, ret);
	look_at_turbo(root, ret);
	look_number(root, &is_active, FOLDER "/smt/active");
	ret->is_smt_active = is_active;
	look_text(root, ret->isolated, sizeof(ret->isolated), FOLDER "/isolated");
}

/* Which one is the worst, where they differ. */
static const char *which_cpu(int cpu, char text[static WHICH_SIZE])
{
	*text = '\0';
	if (cpu >= 0)
		snprintf(text, WHICH_SIZE, " %d (not all are alike)", cpu);
	return text;
}

static void judge_idle(const struct cpu_facts *facts, struct findings *findings)
{
	bool is_deep = facts->has_idle_states && facts->deepest_exit_us > EXIT_NOTE_US;
	struct finding *f = finding_add(findings, is_deep ? FINDING_NOTE : FINDING_GOOD, "c-states", "");
	char which[WHICH_SIZE];

	if (!facts->has_idle_states) {
		finding_text(f, "no idle states to choose from (driver %s)",
			     *facts->idle_driver ? facts->idle_driver : "none");
		return;
	}
	finding_text(f, "an idle CPU%s sleeps as deep as %s, from which it wakes in %lld us (driver %s%s)",
		     which_cpu(facts->deepest_cpu, which),
		     *facts->deepest_name ? facts->deepest_name : "its first state", facts->deepest_exit_us,
		     facts->idle_driver, facts->has_latency_limit ? ", limited by /dev/cpu_dma_latency" : "");
	if (!is_deep) {
		/* The guest's own state is shallow; what the host's CPU does meanwhile it does not see. */
		if (strcmp(facts->idle_driver, "haltpoll") == 0)
			finding_why(
				f,
				"an idle guest is also woken by its hypervisor, which takes tens of us and "
				"is not counted here: see wake-up");
		return;
	}
	finding_why(
		f,
		"a frame that meets a sleeping CPU is stamped up to %lld us late, another one at once: the "
		"largest part of what a software stamp is wrong by on a quiet machine",
		facts->deepest_exit_us);
	if (findings->distribution.family == FAMILY_DEBIAN)
		finding_mend(f,
			     "cpupower idle-set -D %d  # costs power; or boot with processor.max_cstate=1 "
			     "intel_idle.max_cstate=1",
			     EXIT_NOTE_US);
	else
		finding_mend(f,
			     "for s in " FOLDER
			     "/cpu*/cpuidle/state*; do [ $(cat $s/latency) -le %d ] || echo 1 > "
			     "$s/disable; done  # costs power",
			     EXIT_NOTE_US);
}

static void judge_rate(const struct cpu_facts *facts, struct findings *findings)
{
	bool is_good = is_steady(facts);
	char which[WHICH_SIZE];
	struct finding *f = finding_add(findings, is_good ? FINDING_GOOD : FINDING_NOTE, "p-states", "");

	if (!*facts->governor)
		finding_text(f, "the CPU's clock rate is not chosen by this kernel");
	else
		finding_text(f,
			     "the clock rate of the CPU%s goes by governor %s, %lld to %lld MHz (driver %s)",
			     which_cpu(facts->governor_cpu, which), facts->governor, facts->min_khz / 1000,
			     facts->max_khz / 1000, facts->rate_driver);
	if (is_good)
		return;
	finding_why(
		f,
		"on a quiet machine the CPU is slow, and the same way from the wire to the stamp takes two "
		"or three "
		"times as long as on a busy one: typically some us, and other than in the other direction");
	finding_mend(f, "%s",
		     distribution_choose(&findings->distribution, "cpupower frequency-set -g performance",
					 PERFORMANCE_BY_FILES, PERFORMANCE_BY_FILES));
}

static void judge_turbo(const struct cpu_facts *facts, struct findings *findings)
{
	struct finding *f;

	if (!facts->has_turbo)
		return;
	f = finding_add(findings, facts->is_turbo_on ? FINDING_NOTE : FINDING_GOOD, "turbo", "");
	finding_text(f, "turbo is %s", facts->is_turbo_on ? "on" : "off");
	if (!facts->is_turbo_on)
		return;
	finding_why(f, "the clock rate then depends on heat and on what the other cores do, and changing it "
		       "halts the core "
		       "for some us: little, next to C-states");
	finding_mend(f, facts->is_intel_pstate ? "echo 1 > " INTEL_NO_TURBO : "echo 0 > " BOOST);
}

static void judge_smt(const struct cpu_facts *facts, struct findings *findings)
{
	struct finding *f = finding_add(findings, facts->is_smt_active ? FINDING_NOTE : FINDING_GOOD,
					"hyper-threading", "");

	finding_text(f, "hyper-threading is %s", facts->is_smt_active ? "on" : "off, or not there");
	if (!facts->is_smt_active)
		return;
	finding_why(f, "what runs on the other half of a core slows the way from wire to stamp by up to a "
		       "half: below 1 us "
		       "for most frames; it matters where the CPUs are busy");
	finding_mend(f, "echo off > " FOLDER "/smt/control");
}

static void judge_isolation(const struct cpu_facts *facts, struct findings *findings)
{
	struct finding *f = finding_add(findings, FINDING_GOOD, "isolation", "");

	finding_why(f,
		    "a process that moves to another CPU costs its answers some us, and no stamp: those are "
		    "taken in the kernel. An interrupt that moves costs the next stamp typically below 1 us");
	if (!*facts->isolated) {
		finding_text(f, "no CPUs are isolated; none need be, unless the others are busy");
		return;
	}
	finding_text(
		f,
		"CPUs %s are kept free of other processes (isolcpus): pin ebpf-bc and the ports' interrupts "
		"there",
		facts->isolated);
	finding_mend(f,
		     "for p in $(pidof ebpf-bc); do taskset -a -p -c %s $p; done  # interrupts: "
		     "/proc/irq/*/smp_affinity_list",
		     facts->isolated);
}

void cpu_judge(const struct cpu_facts *facts, struct findings *findings)
{
	judge_idle(facts, findings);
	judge_rate(facts, findings);
	judge_turbo(facts, findings);
	judge_smt(facts, findings);
	judge_isolation(facts, findings);
}
