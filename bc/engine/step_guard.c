// SPDX-License-Identifier: GPL-2.0-or-later
/* The limit of one step, and a leaky bucket of steps. */
#include "bc/engine/step_guard.h"

#include <math.h>
#include <stdlib.h>

#include "util/macros.h"

#define NSEC_PER_HOUR (3600.0 * NSEC_PER_SEC)
/* No oscillator of a computer is further off: what a clock may have drifted is not the master's step. */
#define DRIFT_MAX 100e-6

static double magnitude_ns(int64_t step_ns)
{
	return fabs((double)step_ns);
}

bool bc_step_guard_is_beyond_limit(const struct bc_step_guard *guard, int64_t step_ns, uint64_t elapsed_ns)
{
	return guard->is_armed && guard->config.limit_ns > 0 &&
	       magnitude_ns(step_ns) > (double)guard->config.limit_ns + DRIFT_MAX * (double)elapsed_ns;
}

bool bc_step_guard_take(struct bc_step_guard *guard, int64_t step_ns, uint64_t now_mono_ns)
{
	double budget_ns = (double)guard->config.budget_ns, used_ns;

	if (!guard->is_armed || budget_ns <= 0)
		return true;
	used_ns = guard->used_ns - (double)(now_mono_ns - guard->used_mono_ns) * budget_ns / NSEC_PER_HOUR;
	used_ns = fmax(used_ns, 0) + magnitude_ns(step_ns);
	if (used_ns > budget_ns)
		return false;
	guard->used_ns = used_ns;
	guard->used_mono_ns = now_mono_ns;
	return true;
}
