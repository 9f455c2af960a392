/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the processors save power and share themselves, which moves stamps. Facts are those of the first one.
 */
#pragma once

#include <stdbool.h>

#include "ctl/check/finding.h"

struct cpu_facts {
	/* Idle states. */
	bool has_idle_states;
	char idle_driver[32], deepest_name[32]; /* of the deepest that is enabled */
	long long deepest_exit_us;
	/* Clock rates. */
	char rate_driver[32], governor[32]; /* "": the clock rate cannot be chosen here */
	long long min_khz, max_khz;
	bool has_turbo, is_turbo_on;
	bool is_intel_pstate; /* which switch turns turbo off */
	bool is_smt_active;
	char isolated[64]; /* a list of CPUs */
};

void cpu_look(const char *root, struct cpu_facts *ret);
void cpu_judge(const struct cpu_facts *facts, struct findings *findings);
