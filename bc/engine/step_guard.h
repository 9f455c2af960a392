/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a clock that was once in step lets a master's time move its own: at once, and within an hour. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct bc_step_guard_config {
	int64_t limit_ns;  /* a single step; 0: any */
	int64_t budget_ns; /* all steps of an hour together; 0: any */
	bool only_warns;   /* what is beyond is followed nevertheless */
};

struct bc_step_guard {
	struct bc_step_guard_config config;
	bool is_armed;	/* the clock has been in step: its own time is worth something */
	double used_ns; /* of the budget, at used_mono_ns; it drains at budget_ns an hour */
	uint64_t used_mono_ns;
};

/* A step of step_ns after elapsed_ns without a master is more than the limit and what a clock may drift. */
bool bc_step_guard_is_beyond_limit(const struct bc_step_guard *guard, int64_t step_ns, uint64_t elapsed_ns);
/* Takes a step from the budget; false: it does not cover it, and nothing was taken. */
bool bc_step_guard_take(struct bc_step_guard *guard, int64_t step_ns, uint64_t now_mono_ns);
