/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel reads its clock from. */
#pragma once

#include "ctl/check/machine.h"

struct clocksource_facts {
	char current[48];    /* "": unknown */
	char available[256]; /* words */
	bool was_unstable;   /* x86: there would be a TSC, but the kernel does not offer it */
};

void clocksource_look(const char *root, const struct machine_facts *machine, struct clocksource_facts *ret);
void clocksource_judge(const struct clocksource_facts *facts, const struct machine_facts *machine,
		       struct findings *findings);
