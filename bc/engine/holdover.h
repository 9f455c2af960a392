/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a clock says of itself once the master that it was in step with is gone: a timetable of clock classes,
 * how long its time still counts as traceable, and how far it may be off by now. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bc/servo/servo.h"
#include "bc/wire/msg.h"

#define BC_HOLDOVER_ROWS 8

struct bc_holdover_row {
	uint64_t after_ns;   /* without a master; rising */
	uint8_t clock_class; /* 128 or more: below, a clock would never follow again */
	bool has_accuracy;
	uint8_t clock_accuracy;
};

struct bc_holdover_config {
	struct bc_holdover_row rows[BC_HOLDOVER_ROWS];
	size_t n_rows;	       /* before the first: the clock's own quality */
	uint64_t traceable_ns; /* for so long the traceability of the lost master is announced further */
};

struct bc_holdover {
	struct bc_holdover_config config;
	bool has_been_in_step;
	uint64_t in_step_mono_ns; /* last */
	/* Of then. */
	struct ptp_clock_quality followed_quality;
	uint16_t followed_flags;
	bool has_uncertainty;
	struct bc_servo_uncertainty uncertainty;
	/* Now. */
	bool is_on;
	struct ptp_clock_quality quality; /* while it is on */
};

/* In step with a grandmaster of that quality and those flags (of Announce). `uncertainty` may be NULL. */
void bc_holdover_in_step(struct bc_holdover *holdover, const struct ptp_clock_quality *grandmaster_quality,
			 uint16_t flags, const struct bc_servo_uncertainty *uncertainty,
			 uint64_t now_mono_ns);
/*
 * The quality to announce without a master: never a better class than that of the grandmaster last followed,
 * and `own` if there was none or the timetable says nothing.
 */
struct ptp_clock_quality bc_holdover_quality(const struct bc_holdover *holdover,
					     const struct ptp_clock_quality *own, uint64_t now_mono_ns);
/* The traceability flags that still count. */
uint16_t bc_holdover_traceability(const struct bc_holdover *holdover, uint64_t now_mono_ns);
/*
 * How far the clock may be off, two standard deviations: E(t)^2 = phase + 2 phase-frequency t + frequency t^2
 * + wander t^3 / 3, from the servo's estimates when it was last in step. -1: not known.
 */
int64_t bc_holdover_expected_error_ns(const struct bc_holdover *holdover, uint64_t now_mono_ns);
