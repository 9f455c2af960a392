/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel thinks of its own clock: adjtimex(2), and the list of leap seconds. Nothing is set. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/timex.h>

#include "ctl/check/finding.h"
#include "ctl/check/plan.h"

struct system_time_facts {
	int error; /* -errno of adjtimex(2); then the next five are 0 */
	bool is_synchronized;
	bool has_loop; /* the kernel's own PLL or FLL steers */
	int leap;      /* to come at the end of this UTC day: 1, -1, or 0 */
	int tai_offset_s;
	int right_tai_offset_s; /* as the list says, or for all that is known */
	double frequency_ppm;	/* correction in force, frequency and tick */
	char leap_path[256];	/* of the list; "": there is none */
	int leap_error;		/* -errno: it cannot be read, or is none (-EINVAL) */
	bool is_leap_expired;
};

/* What adjtimex(2) returned, and filled in. */
void system_time_read(int state, const struct timex *tx, struct system_time_facts *facts);
/* Asks it, with no mode. */
void system_time_ask(struct system_time_facts *facts);
/* The list that the plan names, or else the system's. */
void system_time_look(const char *root, const struct plan *plan, int64_t now_utc_s,
		      struct system_time_facts *facts);
/* `keeper`: the program that keeps the system's clock; NULL: none is known. */
void system_time_judge(const struct system_time_facts *facts, const struct plan *plan, const char *keeper,
		       struct findings *findings);
