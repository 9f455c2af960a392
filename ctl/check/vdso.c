// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading the clock with and without the kernel's help. Which is fast is judged by the other, on this
 * machine. */
#include "ctl/check/vdso.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "util/macros.h"

#define SAMPLES	       301
#define READS_A_SAMPLE 16
/* A system call is at least this much slower where the vDSO does its work. */
#define FAST_RATIO 1.5

typedef void (*read_fn)(struct timespec *ret);

static void read_by_library(struct timespec *ret)
{
	clock_gettime(CLOCK_MONOTONIC, ret);
}

static void read_by_system_call(struct timespec *ret)
{
#ifdef SYS_clock_gettime64
	int64_t words[2];

	syscall(SYS_clock_gettime64, CLOCK_MONOTONIC, words);
	*ret = (struct timespec){.tv_sec = (time_t)words[0], .tv_nsec = (long)words[1]};
#else
	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, ret);
#endif
}

static int64_t difference_ns(const struct timespec *from, const struct timespec *to)
{
	return (int64_t)(to->tv_sec - from->tv_sec) * NSEC_PER_SEC + to->tv_nsec - from->tv_nsec;
}

static int compare(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median_ns(read_fn read_clock)
{
	int64_t times[SAMPLES];
	struct timespec first, last;

	read_clock(&last);
	for (size_t i = 0; i < SAMPLES; i++) {
		read_clock(&first);
		for (int k = 0; k < READS_A_SAMPLE; k++)
			read_clock(&last);
		times[i] = difference_ns(&first, &last);
	}
	qsort(times, SAMPLES, sizeof(*times), compare);
	return (double)times[SAMPLES / 2] / READS_A_SAMPLE;
}

void vdso_measure(struct vdso_facts *ret)
{
	ret->by_vdso_ns = median_ns(read_by_library);
	ret->system_call_ns = median_ns(read_by_system_call);
}

void vdso_judge(const struct vdso_facts *facts, struct findings *findings)
{
	bool is_fast = facts->by_vdso_ns * FAST_RATIO < facts->system_call_ns;
	struct finding *f = finding_add(findings, is_fast ? FINDING_GOOD : FINDING_NOTE, "vdso", "");

	finding_text(f, "reading the clock takes %.0f ns, by system call %.0f ns: the vDSO %s",
		     facts->by_vdso_ns, facts->system_call_ns, is_fast ? "is fast" : "does not help");
	if (is_fast)
		return;
	finding_why(f, "each reading of the clock by the daemon, or by any program here, costs a system "
		       "call; the clock "
		       "source cannot be read from user space, or the vDSO is switched off");
	finding_mend(f, "see clocksource; and boot without vdso=0");
}
