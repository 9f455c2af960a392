// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading and watching the kernel's clocks. */
#include "bc/daemon/clocks.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/macros.h"
#include "util/time_namespace.h"

#define BRACKETS 1000
/* Smaller differences may be known and left as they are. */
#define SET_MIN_NS (10 * NSEC_PER_USEC)

/* What this process reads is so much ahead of what frames are stamped with. */
static int64_t ahead_ns;

int clocks_start(int64_t *ret_ahead_ns)
{
	int r = time_namespace_ahead_ns("", &ahead_ns);

	if (r < 0)
		return r;
	*ret_ahead_ns = ahead_ns;
	return 0;
}

static int64_t read_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
}

static int64_t read_mono_ns(void)
{
	return read_ns(CLOCK_MONOTONIC) - ahead_ns;
}

uint64_t clocks_mono_ns(void)
{
	return (uint64_t)read_mono_ns();
}

void clocks_arm_at(int timer_fd, uint64_t mono_ns)
{
	struct itimerspec at = {};

	if (mono_ns != UINT64_MAX) {
		/* A timer is set by the clock of this process; 0 would disarm it. */
		int64_t at_ns = MAX((int64_t)mono_ns + ahead_ns, 1);

		at.it_value.tv_sec = (time_t)(at_ns / NSEC_PER_SEC);
		at.it_value.tv_nsec = (long)(at_ns % NSEC_PER_SEC);
	}
	timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

/* Both clocks advance alike, so each bracket "monotonic, real, monotonic" bounds one constant, and all of
 * them together bound it closely. A step in between empties the intersection: then anew. */
int64_t clocks_real_minus_mono_ns(void)
{
	int64_t lower = INT64_MIN, upper = INT64_MAX;

	for (int attempt = 0; attempt < 3; attempt++) {
		lower = INT64_MIN;
		upper = INT64_MAX;
		for (int i = 0; i < BRACKETS; i++) {
			int64_t before = read_mono_ns();
			int64_t real = read_ns(CLOCK_REALTIME);
			int64_t after = read_mono_ns();

			lower = MAX(lower, real - after);
			upper = MIN(upper, real - before);
		}
		if (lower <= upper)
			break;
	}
	return lower + (upper - lower) / 2;
}

bool clocks_real_minus_mono_is(int64_t real_minus_mono_ns)
{
	int64_t before = read_mono_ns();
	int64_t real = read_ns(CLOCK_REALTIME);
	int64_t after = read_mono_ns();

	return real - after - SET_MIN_NS < real_minus_mono_ns &&
	       real_minus_mono_ns < real - before + SET_MIN_NS;
}

double clocks_kernel_rate_ppb(void)
{
	struct timex tx = {};
	double nominal_tick_us = 1e6 / (double)sysconf(_SC_CLK_TCK);

	if (adjtimex(&tx) < 0)
		return 0.0;
	/* freq is in 2^-16 ppm; the tick is a second lever, of which some daemons make use. */
	return (double)tx.freq * 1000.0 / 65536.0 +
	       ((double)tx.tick - nominal_tick_us) / nominal_tick_us * 1e9;
}

static int arm(int fd)
{
	struct itimerspec far = {.it_value.tv_sec = INT64_MAX / NSEC_PER_SEC};

	return timerfd_settime(fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &far, NULL) < 0 ? -errno : 0;
}

int clocks_watch_new(void)
{
	_cleanup_fd_ int fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	int r;

	if (fd < 0)
		return -errno;
	r = arm(fd);
	if (r < 0)
		return r;
	return TAKE_FD(fd);
}

void clocks_watch_rearm(int fd)
{
	uint64_t expirations;

	/* ECANCELED is the news itself. */
	if (read(fd, &expirations, sizeof(expirations)) < 0 && errno != ECANCELED)
		return;
	arm(fd);
}
