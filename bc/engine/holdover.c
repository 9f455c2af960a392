// SPDX-License-Identifier: GPL-2.0-or-later
/* The timetable, and the error that grows meanwhile. */
#include "bc/engine/holdover.h"

#include <math.h>

#include "bpf/ptp_wire.h"
#include "util/macros.h"

#define TRACEABILITY (PTP_FLAG_TIME_TRACEABLE | PTP_FLAG_FREQUENCY_TRACEABLE)

static uint64_t age_ns(const struct bc_holdover *holdover, uint64_t now_mono_ns)
{
	return now_mono_ns > holdover->in_step_mono_ns ? now_mono_ns - holdover->in_step_mono_ns : 0;
}

void bc_holdover_in_step(struct bc_holdover *holdover, const struct ptp_clock_quality *grandmaster_quality,
			 uint16_t flags, const struct bc_servo_uncertainty *uncertainty, uint64_t now_mono_ns)
{
	holdover->has_been_in_step = true;
	holdover->in_step_mono_ns = now_mono_ns;
	holdover->followed_quality = *grandmaster_quality;
	holdover->followed_flags = flags;
	holdover->has_uncertainty = uncertainty != NULL;
	if (uncertainty)
		holdover->uncertainty = *uncertainty;
}

struct ptp_clock_quality bc_holdover_quality(const struct bc_holdover *holdover,
					     const struct ptp_clock_quality *own, uint64_t now_mono_ns)
{
	struct ptp_clock_quality quality = *own;
	uint64_t age = age_ns(holdover, now_mono_ns);

	if (!holdover->has_been_in_step)
		return quality;
	for (size_t i = 0; i < holdover->config.n_rows && age >= holdover->config.rows[i].after_ns; i++) {
		const struct bc_holdover_row *row = &holdover->config.rows[i];

		quality.clock_class = MAX(row->clock_class, holdover->followed_quality.clock_class);
		quality.clock_accuracy = row->has_accuracy ? MAX(row->clock_accuracy,
								 holdover->followed_quality.clock_accuracy)
							   : own->clock_accuracy;
	}
	return quality;
}

uint16_t bc_holdover_traceability(const struct bc_holdover *holdover, uint64_t now_mono_ns)
{
	if (!holdover->has_been_in_step || age_ns(holdover, now_mono_ns) >= holdover->config.traceable_ns)
		return 0;
	return holdover->followed_flags & TRACEABILITY;
}

int64_t bc_holdover_expected_error_ns(const struct bc_holdover *holdover, uint64_t now_mono_ns)
{
	const struct bc_servo_uncertainty *u = &holdover->uncertainty;
	double t_s = (double)age_ns(holdover, now_mono_ns) * 1e-9, variance_ns2;

	if (!holdover->has_been_in_step || !holdover->has_uncertainty)
		return -1;
	variance_ns2 = u->phase_ns2 + 2 * u->phase_frequency_ns_ppb * t_s + u->frequency_ppb2 * t_s * t_s +
		       u->wander_ppb2_per_s * t_s * t_s * t_s / 3;
	return (int64_t)fmin(2 * sqrt(fmax(variance_ns2, 0)), 9e18);
}
