/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long it takes to read the clock, measured. */
#pragma once

#include <stdbool.h>

#include "ctl/check/finding.h"

struct vdso_facts {
	double by_vdso_ns;     /* clock_gettime(CLOCK_MONOTONIC), median of many */
	double system_call_ns; /* the same by the system call */
};

void vdso_measure(struct vdso_facts *ret);
void vdso_judge(const struct vdso_facts *facts, struct findings *findings);
