// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What it costs to read a clock: bench-clock-cost [READINGS]. CLOCK_REALTIME and CLOCK_MONOTONIC are read in
 * turns, by clock_gettime() and by the system call alone, READINGS times each (100,000). CSV on stdout:
 *
 *     clock,way,readings,min_ns,max_ns,mean_ns,sd_ns
 *
 * and lines that begin with # and tell how it was timed. The way is "vDSO" or "system call": which of the two
 * clock_gettime() is, is tried in a child that may not make that call.
 *
 * Each reading is timed on its own: by the processor's counter before and behind it where there is one that
 * user space may read, else by CLOCK_MONOTONIC_RAW. The smallest bracket around nothing is subtracted; what
 * is left also holds interrupts and the hypervisor.
 */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#if defined(__x86_64__) || defined(__i386__)
#include <x86intrin.h>
#endif

#include "util/cleanup.h"
#include "util/macros.h"

#define READINGS_DEFAULT 100000
#define READINGS_MAX	 100000000
#define WARM_UP		 1000
/* Where some thousand brackets are needed to know how long the counter's ticks are. */
#define CALIBRATION_NS (50 * NSEC_PER_MSEC)

enum way {
	WAY_NOTHING, /* the bracket itself */
	WAY_LIBC,
	WAY_SYSTEM_CALL,
};

struct kind {
	const char *name;
	clockid_t clock;
	enum way way;
	uint64_t *ticks; /* of each reading; owned */
};

static int64_t raw_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
	return (int64_t)ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

#if defined(__x86_64__) || defined(__i386__)
#define TIMER "the time-stamp counter, with a fence on both sides"

/* The fences keep the reading between the two: the processor would else run it while it reads the counter. */
static inline uint64_t ticks_now(void)
{
	uint64_t ticks;

	_mm_lfence();
	ticks = __rdtsc();
	_mm_lfence();
	return ticks;
}
#else
#define TIMER "differences of CLOCK_MONOTONIC_RAW"

static inline uint64_t ticks_now(void)
{
	return (uint64_t)raw_ns();
}
#endif

static double ns_a_tick(void)
{
	int64_t begin_ns = raw_ns(), end_ns;
	uint64_t begin = ticks_now(), end;

	do {
		end = ticks_now();
		end_ns = raw_ns();
	} while (end_ns - begin_ns < CALIBRATION_NS);
	return (double)(end_ns - begin_ns) / (double)(end - begin);
}

static uint64_t ticks_of_reading(const struct kind *kind)
{
	struct timespec ts;
	uint64_t begin = ticks_now();

	if (kind->way == WAY_LIBC)
		clock_gettime(kind->clock, &ts);
	else if (kind->way == WAY_SYSTEM_CALL)
		syscall(SYS_clock_gettime, kind->clock, &ts);
	return ticks_now() - begin;
}

/* Tried in a child whose system call of that name ends it. */
static bool makes_system_call(clockid_t clock)
{
	struct sock_filter instructions[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = ARRAY_SIZE(instructions), .filter = instructions};
	struct timespec ts;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0)
			clock_gettime(clock, &ts);
		_exit(0);
	}
	return pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status);
}

static const char *way_of(const struct kind *kind)
{
	if (kind->way == WAY_NOTHING)
		return "-";
	return kind->way == WAY_SYSTEM_CALL || makes_system_call(kind->clock) ? "system call" : "vDSO";
}

static void print_kind(const struct kind *kind, unsigned int n, uint64_t bracket, double tick_ns)
{
	uint64_t low = UINT64_MAX, high = 0;
	double sum = 0, square = 0, mean;

	for (unsigned int i = 0; i < n; i++) {
		low = MIN(low, kind->ticks[i]);
		high = MAX(high, kind->ticks[i]);
		sum += (double)kind->ticks[i];
	}
	mean = sum / n;
	for (unsigned int i = 0; i < n; i++)
		square += ((double)kind->ticks[i] - mean) * ((double)kind->ticks[i] - mean);
	printf("%s,%s,%u,%.1f,%.1f,%.1f,%.1f\n", kind->name, way_of(kind), n,
	       ((double)low - (double)bracket) * tick_ns, ((double)high - (double)bracket) * tick_ns,
	       (mean - (double)bracket) * tick_ns, sqrt(square / n) * tick_ns);
}

static bool parse_readings(const char *text, unsigned int *ret)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end || n == 0 || n > READINGS_MAX)
		return false;
	*ret = (unsigned int)n;
	return true;
}

int main(int argc, char **argv)
{
	struct kind kinds[] = {
		{.name = "nothing", .way = WAY_NOTHING},
		{.name = "CLOCK_REALTIME", .clock = CLOCK_REALTIME, .way = WAY_LIBC},
		{.name = "CLOCK_MONOTONIC", .clock = CLOCK_MONOTONIC, .way = WAY_LIBC},
		{.name = "CLOCK_REALTIME", .clock = CLOCK_REALTIME, .way = WAY_SYSTEM_CALL},
		{.name = "CLOCK_MONOTONIC", .clock = CLOCK_MONOTONIC, .way = WAY_SYSTEM_CALL},
	};
	unsigned int n = READINGS_DEFAULT;
	_cleanup_free_ uint64_t *ticks = NULL;
	uint64_t bracket = UINT64_MAX;
	double tick_ns;

	if (argc > 2 || (argc == 2 && !parse_readings(argv[1], &n))) {
		fprintf(stderr, "usage: %s [READINGS], 1 to %d\n", argv[0], READINGS_MAX);
		return 2;
	}
	ticks = calloc((size_t)n * ARRAY_SIZE(kinds), sizeof(*ticks));
	if (!ticks) {
		fprintf(stderr, "%s: out of memory\n", argv[0]);
		return 1;
	}
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		kinds[k].ticks = ticks + k * n;
		/* Also makes the pages, which would else be faults between the readings. */
		for (unsigned int i = 0; i < n; i++)
			kinds[k].ticks[i] = 1;
		for (unsigned int i = 0; i < WARM_UP; i++)
			ticks_of_reading(&kinds[k]);
	}
	tick_ns = ns_a_tick();
	for (unsigned int i = 0; i < n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
			kinds[k].ticks[i] = ticks_of_reading(&kinds[k]);
	for (unsigned int i = 0; i < n; i++)
		bracket = MIN(bracket, kinds[0].ticks[i]);

	printf("# each reading timed by %s\n", TIMER);
	printf("# subtracted: %.1f ns, the smallest bracket around nothing; the row of nothing tells the "
	       "rest\n",
	       (double)bracket * tick_ns);
	printf("clock,way,readings,min_ns,max_ns,mean_ns,sd_ns\n");
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		print_kind(&kinds[k], n, bracket, tick_ns);
	return 0;
}
