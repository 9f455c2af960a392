// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The time from a timer's end until a sleeping process runs again: an interrupt that takes a CPU out of its
 * sleep, as a frame's does, and the scheduler. The first of these is in every receive stamp.
 */
#include "ctl/check/wakeup.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>

#include "util/macros.h"

#define SLEEPS	 200
#define SLEEP_NS (500 * NSEC_PER_USEC)
/* Beyond these the machine is loaded, or sleeps deep. */
#define MEDIAN_NOTE_US 100.0
#define WORST_NOTE_US  5000.0

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

void wakeup_measure(struct wakeup_facts *ret)
{
	double late_us[SLEEPS];

	*ret = (struct wakeup_facts){};
	prctl(PR_SET_TIMERSLACK, 1UL);
	for (size_t i = 0; i < SLEEPS; i++) {
		int64_t until_ns = now_ns() + SLEEP_NS;
		struct timespec until = {.tv_sec = (time_t)(until_ns / NSEC_PER_SEC),
					 .tv_nsec = (long)(until_ns % NSEC_PER_SEC)};

		if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) != 0)
			return;
		late_us[i] = (double)(now_ns() - until_ns) / 1e3;
	}
	qsort(late_us, SLEEPS, sizeof(*late_us), compare);
	*ret = (struct wakeup_facts){
		.n = SLEEPS, .median_us = late_us[SLEEPS / 2], .worst_us = late_us[SLEEPS - 1]};
}

void wakeup_judge(const struct wakeup_facts *facts, struct findings *findings)
{
	bool is_good = facts->median_us <= MEDIAN_NOTE_US && facts->worst_us <= WORST_NOTE_US;
	struct finding *f;

	if (facts->n == 0)
		return;
	f = finding_add(findings, is_good ? FINDING_GOOD : FINDING_NOTE, "wake-up", "");
	finding_text(f, "a timer wakes a process %.0f us late (median of %d), at worst %.0f us",
		     facts->median_us, facts->n, facts->worst_us);
	if (is_good)
		return;
	finding_why(f, "frames wait as long for their interrupt where the CPU sleeps deep, and the daemon "
		       "answers as "
		       "late where the CPUs are busy; stamps suffer from the former alone");
	finding_mend(f, "%s",
		     findings->distribution.has_systemd
			     ? "see c-states; and leave the daemon a CPU: CPUAffinity=, Nice= or "
			       "CPUSchedulingPolicy= by systemctl edit ebpf-bc"
			     : "see c-states; and leave the daemon a CPU: renice -n -10 -p $(pidof ebpf-bc)");
}
