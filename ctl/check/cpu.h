/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the processors save power and share themselves, which moves stamps. Of several that differ, the worst.
 */
#pragma once

#include <stdbool.h>

#include "ctl/check/finding.h"

struct cpu_facts {
	/* Idle states. */
	bool has_idle_states;
	char idle_driver[32], deepest_name[32]; /* of the deepest that is enabled */
	long long deepest_exit_us;
	int deepest_cpu;	/* the first of those that sleep so deep; -1: all do alike */
	bool has_latency_limit; /* somebody who holds /dev/cpu_dma_latency open keeps them from deeper ones */
	long long latency_limit_us;
	/* Clock rates. */
	char rate_driver[32], governor[32]; /* "": the clock rate cannot be chosen here */
	int governor_cpu;		    /* -1: all are alike */
	long long min_khz, max_khz;
	bool has_turbo, is_turbo_on;
	bool is_intel_pstate; /* which switch turns turbo off */
	bool is_smt_active;
	char isolated[64]; /* a list of CPUs */
};

void cpu_look(const char *root, struct cpu_facts *ret);
void cpu_judge(const struct cpu_facts *facts, struct findings *findings);
