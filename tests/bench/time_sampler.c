// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Samples the true time error of clocks: time-sampler RATE_HZ SOURCE SOURCE... A source is own:PATH, an own
 * clock (own_clock_model.h), or bpf:PID, the virtual clock that a running ebpf-bc publishes in its map; the
 * first is the reference. About RATE_HZ times a second, at irregular times, a line is written
 *
 *     MONO_NS ERROR_NS...
 *
 * with the error of each further source at that one moment: its time less the reference's, without whole
 * seconds, - while it has no clock. Nothing is asked of the programs, whose clocks are functions of
 * CLOCK_MONOTONIC in shared memory. Until SIGTERM or SIGINT.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <bpf/bpf.h>

#include "bpf/ebc_abi.h"
#include "tests/bench/own_clock_model.h"
#include "util/cleanup.h"
#include "util/macros.h"

#define SOURCES_MAX   64
#define READ_ATTEMPTS 1000
#define RATE_MAX_HZ   10000
#define MAP_NAME      "ebc_ctl_map"

struct source {
	struct own_clock *own;	   /* NULL: an ebpf-bc */
	const struct ebc_ctl *ctl; /* NULL until its map is found */
	pid_t pid;
	int pid_fd;
};

static volatile sig_atomic_t is_stopped;

static void stop(int signum)
{
	(void)signum;
	is_stopped = 1;
}

static uint64_t mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NSEC_PER_SEC + (uint64_t)ts.tv_nsec;
}

static const struct ebc_ctl *map_ctl(uint32_t id)
{
	_cleanup_fd_ int fd = bpf_map_get_fd_by_id(id);
	struct bpf_map_info info = {};
	uint32_t len = sizeof(info);
	void *ctl;

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return NULL;
	if (strncmp(info.name, MAP_NAME, strlen(MAP_NAME)) != 0 || info.value_size != sizeof(struct ebc_ctl))
		return NULL;
	ctl = mmap(NULL, sizeof(struct ebc_ctl), PROT_READ, MAP_SHARED, fd, 0);
	return ctl == MAP_FAILED ? NULL : ctl;
}

/* The number after "map_id:" in a file of fdinfo; 0 if there is none. */
static uint32_t map_id(int dir_fd, const char *name)
{
	_cleanup_fd_ int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	char text[1024];
	const char *found;
	ssize_t len;

	if (fd < 0)
		return 0;
	len = read(fd, text, sizeof(text) - 1);
	if (len < 0)
		return 0;
	text[len] = '\0';
	found = strstr(text, "map_id:");
	return found ? (uint32_t)strtoul(found + strlen("map_id:"), NULL, 10) : 0;
}

static void find_ctl(struct source *source)
{
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo", source->pid);
	dir = opendir(path);
	if (!dir)
		return;
	for (const struct dirent *entry = readdir(dir); entry && !source->ctl; entry = readdir(dir)) {
		uint32_t id =
			isdigit((unsigned char)entry->d_name[0]) ? map_id(dirfd(dir), entry->d_name) : 0;

		if (id != 0)
			source->ctl = map_ctl(id);
	}
	closedir(dir);
}

static bool has_ended(const struct source *source)
{
	struct pollfd pfd = {.fd = source->pid_fd, .events = POLLIN};

	return poll(&pfd, 1, 0) > 0;
}

/* False when there is no clock, or its writer was stopped in the middle of a change. */
static bool read_ctl(const struct ebc_ctl *ctl, uint64_t at_mono_ns, struct own_clock_time *ret)
{
	for (int attempt = 0; attempt < READ_ATTEMPTS; attempt++) {
		uint32_t seq = __atomic_load_n(&ctl->clock_seq, __ATOMIC_ACQUIRE), frac;
		uint64_t ref_mono_ns;
		int64_t ref_ptp_ns, rate_q62, passed_ns;
		double add_ns;

		if (seq == 0)
			return false;
		if (seq & 1)
			continue;
		frac = __atomic_load_n(&ctl->clock_ref_frac, __ATOMIC_RELAXED);
		ref_mono_ns = __atomic_load_n(&ctl->clock_ref_mono_ns, __ATOMIC_RELAXED);
		ref_ptp_ns = __atomic_load_n(&ctl->clock_ref_ptp_ns, __ATOMIC_RELAXED);
		rate_q62 = __atomic_load_n(&ctl->clock_rate_q62, __ATOMIC_RELAXED);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&ctl->clock_seq, __ATOMIC_RELAXED) != seq)
			continue;
		/* A double has room enough: it holds only what the clock gained since its last setting. */
		passed_ns = (int64_t)(at_mono_ns - ref_mono_ns);
		add_ns = (double)passed_ns * ((double)rate_q62 * 0x1p-62) + frac * 0x1p-32;
		ret->ns = ref_ptp_ns + passed_ns + (int64_t)floor(add_ns);
		ret->frac_ns = add_ns - floor(add_ns);
		return true;
	}
	return false;
}

static bool read_source(struct source *source, uint64_t at_mono_ns, struct own_clock_time *ret)
{
	if (source->own)
		return own_clock_read(source->own, at_mono_ns, ret);
	if (has_ended(source))
		return false;
	if (!source->ctl)
		find_ctl(source);
	return source->ctl && read_ctl(source->ctl, at_mono_ns, ret);
}

static double error_ns(const struct own_clock_time *time, const struct own_clock_time *reference)
{
	int64_t rest_ns = (time->ns - reference->ns) % NSEC_PER_SEC;

	if (rest_ns > NSEC_PER_SEC / 2)
		rest_ns -= NSEC_PER_SEC;
	else if (rest_ns < -NSEC_PER_SEC / 2)
		rest_ns += NSEC_PER_SEC;
	return (double)rest_ns + (time->frac_ns - reference->frac_ns);
}

static void sample(struct source *sources, size_t n)
{
	/* One moment for all. */
	uint64_t now_mono_ns = mono_ns();
	struct own_clock_time reference, time;
	bool has_reference = read_source(&sources[0], now_mono_ns, &reference);

	printf("%" PRIu64, now_mono_ns);
	for (size_t i = 1; i < n; i++) {
		if (has_reference && read_source(&sources[i], now_mono_ns, &time))
			printf(" %.1f", error_ns(&time, &reference));
		else
			printf(" -");
	}
	printf("\n");
	/* Whoever reads the line has gone: the end. */
	if (fflush(stdout) != 0)
		is_stopped = 1;
}

static void sleep_until(uint64_t at_mono_ns)
{
	struct timespec ts = {.tv_sec = (time_t)(at_mono_ns / NSEC_PER_SEC),
			      .tv_nsec = (long)(at_mono_ns % NSEC_PER_SEC)};

	while (!is_stopped && clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

/* Up to half a period late, each time anew: nothing periodic in a servo can hide between samples. */
static void run(struct source *sources, size_t n, double rate_hz)
{
	double period_ns = NSEC_PER_SEC / rate_hz;
	uint64_t start_mono_ns = mono_ns();

	while (!is_stopped) {
		double passed = floor((double)(mono_ns() - start_mono_ns) / period_ns);

		sleep_until(start_mono_ns + (uint64_t)((passed + 1 + drand48() / 2) * period_ns));
		if (!is_stopped)
			sample(sources, n);
	}
}

static int open_source(const char *text, struct source *ret)
{
	if (strncmp(text, "own:", 4) == 0)
		return own_clock_open(text + 4, false, &ret->own);
	if (strncmp(text, "bpf:", 4) != 0)
		return -EINVAL;
	ret->pid = atoi(text + 4);
	ret->pid_fd = (int)syscall(SYS_pidfd_open, ret->pid, 0);
	return ret->pid_fd < 0 ? -errno : 0;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = stop};
	struct source sources[SOURCES_MAX] = {};
	size_t n = (size_t)argc - 2;
	double rate_hz = argc > 1 ? atof(argv[1]) : 0;

	if (argc < 4 || n > SOURCES_MAX || !(rate_hz > 0 && rate_hz <= RATE_MAX_HZ)) {
		fprintf(stderr,
			"usage: time-sampler RATE_HZ REFERENCE SOURCE...; each own:PATH or bpf:PID\n");
		return 2;
	}
	for (size_t i = 0; i < n; i++) {
		int r = open_source(argv[i + 2], &sources[i]);

		if (r < 0) {
			fprintf(stderr, "time-sampler: %s: %s\n", argv[i + 2], strerror(-r));
			return 1;
		}
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	srand48((long)mono_ns());
	run(sources, n, rate_hz);
	return 0;
}
