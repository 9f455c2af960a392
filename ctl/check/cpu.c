// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * C-states, P-states, turbo, hyper-threading, isolation: each makes the way between wire and stamp take
 * another time from one frame to the next. None of them is a fault, so all are notes.
 */
#include "ctl/check/cpu.h"

#include <string.h>

#include "ctl/check/look.h"

#define FOLDER	       "/sys/devices/system/cpu"
#define STATES_MAX     16
#define POLICY	       FOLDER "/cpu0/cpufreq"
#define INTEL_NO_TURBO FOLDER "/intel_pstate/no_turbo"
#define BOOST	       FOLDER "/cpufreq/boost"
/* Shallower ones are lost among the other delays. */
#define EXIT_NOTE_US 10

static void look_at_idle(const char *root, struct cpu_facts *ret)
{
	look_text(root, ret->idle_driver, sizeof(ret->idle_driver), FOLDER "/cpuidle/current_driver");
	for (int i = 0; i < STATES_MAX; i++) {
		long long exit_us, is_disabled = 0;

		if (look_number(root, &exit_us, FOLDER "/cpu0/cpuidle/state%d/latency", i) < 0)
			return;
		ret->has_idle_states = true;
		look_number(root, &is_disabled, FOLDER "/cpu0/cpuidle/state%d/disable", i);
		if (is_disabled || exit_us < ret->deepest_exit_us)
			continue;
		ret->deepest_exit_us = exit_us;
		look_text(root, ret->deepest_name, sizeof(ret->deepest_name),
			  FOLDER "/cpu0/cpuidle/state%d/name", i);
	}
}

static void look_at_rate(const char *root, struct cpu_facts *ret)
{
	long long value;

	look_text(root, ret->rate_driver, sizeof(ret->rate_driver), POLICY "/scaling_driver");
	look_text(root, ret->governor, sizeof(ret->governor), POLICY "/scaling_governor");
	look_number(root, &ret->min_khz, POLICY "/scaling_min_freq");
	look_number(root, &ret->max_khz, POLICY "/scaling_max_freq");
	ret->is_intel_pstate = look_number(root, &value, INTEL_NO_TURBO) == 0;
	if (ret->is_intel_pstate) {
		ret->has_turbo = true;
		ret->is_turbo_on = value == 0;
	} else if (look_number(root, &value, BOOST) == 0) {
		ret->has_turbo = true;
		ret->is_turbo_on = value != 0;
	}
}

void cpu_look(const char *root, struct cpu_facts *ret)
{
	long long is_active = 0;

	*ret = (struct cpu_facts){};
	look_at_idle(root, ret);
	look_at_rate(root, ret);
	look_number(root, &is_active, FOLDER "/smt/active");
	ret->is_smt_active = is_active;
	look_text(root, ret->isolated, sizeof(ret->isolated), FOLDER "/isolated");
}

static void judge_idle(const struct cpu_facts *facts, struct findings *findings)
{
	bool is_deep = facts->has_idle_states && facts->deepest_exit_us > EXIT_NOTE_US;
	struct finding *f = finding_add(findings, is_deep ? FINDING_NOTE : FINDING_GOOD, "c-states", "");

	if (!facts->has_idle_states) {
		finding_text(f, "no idle states to choose from (driver %s)",
			     *facts->idle_driver ? facts->idle_driver : "none");
		return;
	}
	finding_text(f, "an idle CPU sleeps as deep as %s, from which it wakes in %lld us (driver %s)",
		     *facts->deepest_name ? facts->deepest_name : "its first state", facts->deepest_exit_us,
		     facts->idle_driver);
	if (!is_deep)
		return;
	finding_why(
		f,
		"a frame that meets a sleeping CPU is stamped up to %lld us late, another one at once: the "
		"largest part of what a software stamp is wrong by on a quiet machine",
		facts->deepest_exit_us);
	finding_mend(f,
		     "cpupower idle-set -D %d  # costs power; or boot with processor.max_cstate=1 "
		     "intel_idle.max_cstate=1",
		     EXIT_NOTE_US);
}

static void judge_rate(const struct cpu_facts *facts, struct findings *findings)
{
	bool is_good = !*facts->governor || strcmp(facts->governor, "performance") == 0 ||
		       (facts->min_khz > 0 && facts->min_khz == facts->max_khz);
	struct finding *f = finding_add(findings, is_good ? FINDING_GOOD : FINDING_NOTE, "p-states", "");

	if (!*facts->governor)
		finding_text(f, "the CPU's clock rate is not chosen by this kernel");
	else
		finding_text(f, "the CPU's clock rate goes by governor %s, %lld to %lld MHz (driver %s)",
			     facts->governor, facts->min_khz / 1000, facts->max_khz / 1000,
			     facts->rate_driver);
	if (is_good)
		return;
	finding_why(
		f,
		"on a quiet machine the CPU is slow, and the same way from the wire to the stamp takes two "
		"or three "
		"times as long as on a busy one: typically some us, and other than in the other direction");
	finding_mend(f, "cpupower frequency-set -g performance");
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

	if (*facts->isolated)
		finding_text(
			f,
			"CPUs %s are kept free of other processes (isolcpus): pin ebpf-bc and the ports' "
			"interrupts there",
			facts->isolated);
	else
		finding_text(f, "no CPUs are isolated; none need be, unless the others are busy");
}

void cpu_judge(const struct cpu_facts *facts, struct findings *findings)
{
	judge_idle(facts, findings);
	judge_rate(facts, findings);
	judge_turbo(facts, findings);
	judge_smt(facts, findings);
	judge_isolation(facts, findings);
}
