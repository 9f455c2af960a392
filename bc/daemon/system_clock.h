/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The system's clock, where it is the one that follows the master: its frequency, its steps, its leap
 * seconds, and the kernel's notion of whether it is right. Frequencies have the kernel's sign: positive runs
 * faster.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* With the tick the kernel goes to 10 % either way. */
#define SYSTEM_CLOCK_MAX_PPB 100000000.0

struct system_clock {
	long freq, tick; /* as they were set last */
	int leap_status; /* STA_INS, STA_DEL, or none */
	bool is_synchronized;
	bool was_changed; /* by somebody else, and not told yet */
};

/* Takes the clock over: ends what adjtime(3) and the kernel's phase-locked loop were about. 0 or -errno:
 * -EPERM without CAP_SYS_TIME. The frequency is left as it was. */
int system_clock_start(struct system_clock *clock, double *ret_frequency_ppb);
int system_clock_set_frequency(struct system_clock *clock, double frequency_ppb);
int system_clock_step(struct system_clock *clock, int64_t step_ns);
/* leap: 1 (insert a second at the end of this UTC day), -1 (leave one out), 0. */
int system_clock_set_leap(struct system_clock *clock, int leap);
int system_clock_set_tai_offset(struct system_clock *clock, int tai_offset_s);
/* The clock is right to max_error_ns: to be said again every few minutes, or the kernel gives it up after
 * hours. */
int system_clock_tell_synchronized(struct system_clock *clock, int64_t max_error_ns);
/* Whether somebody else has changed the frequency since it was set or looked at; also what the next setting
 * would have hidden. */
bool system_clock_was_changed(struct system_clock *clock);
