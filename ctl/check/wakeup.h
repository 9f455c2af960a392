/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How late this machine wakes, measured. */
#pragma once

#include "ctl/check/finding.h"

struct wakeup_facts {
	int n; /* sleeps; 0: could not be measured */
	double median_us, worst_us;
};

/* Sleeps 200 times for half a millisecond. */
void wakeup_measure(struct wakeup_facts *ret);
void wakeup_judge(const struct wakeup_facts *facts, struct findings *findings);
