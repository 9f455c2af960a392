// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Gives an unmodified ptp4l a system clock of its own, by LD_PRELOAD: all hosts of the lab share the
 * machine's clock, and a ptp4l that disciplined that one would move its grandmaster along. The calls that
 * read and set CLOCK_REALTIME, and the software stamps that recvmsg() hands out, are of this clock instead;
 * the machine's is not touched. EBC_OWN_CLOCK="START OFFSET FREQUENCY WANDER PERIOD": at START (ns of the
 * real clock) it is OFFSET ns ahead, gains FREQUENCY ppb plus a sine of WANDER ppb and PERIOD s, and then
 * what ptp4l sets.
 */
#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/socket.h>
#include <sys/timex.h>

#include "util/macros.h"

#define SEGMENTS 16 /* a stamp may be older than the last settings; power of two */

/* The clock from one setting to the next: oscillator time o is read as clock_ns + (o - from_ns) * (1 + rate).
 */
struct segment {
	double from_ns, clock_ns; /* both less base_ns, so that a double is exact */
	double rate;
};

static struct {
	bool is_ready;
	int64_t base_ns;
	double offset_ns, frequency, wander, period_ns;
	struct segment segments[SEGMENTS];
	unsigned int n_segments;
	int (*clock_gettime)(clockid_t id, struct timespec *ts);
	int (*clock_adjtime)(clockid_t id, struct timex *tx);
	ssize_t (*recvmsg)(int fd, struct msghdr *msg, int flags);
} own;

static int64_t to_ns(const struct timespec *ts)
{
	return (int64_t)ts->tv_sec * NSEC_PER_SEC + ts->tv_nsec;
}

static void to_timespec(int64_t ns, struct timespec *ret)
{
	ret->tv_sec = ns / NSEC_PER_SEC;
	ret->tv_nsec = ns % NSEC_PER_SEC;
}

static int64_t real_now_ns(void)
{
	struct timespec ts;

	own.clock_gettime(CLOCK_REALTIME, &ts);
	return to_ns(&ts);
}

/* What the undisciplined clock shows, less base_ns. */
static double oscillator_ns(int64_t real_ns)
{
	double t = (double)(real_ns - own.base_ns), o = t + own.offset_ns + t * own.frequency;

	if (own.period_ns > 0)
		o += own.wander * own.period_ns / (2 * M_PI) * (1 - cos(2 * M_PI * t / own.period_ns));
	return o;
}

static const struct segment *last_segment(void)
{
	return &own.segments[(own.n_segments - 1) % SEGMENTS];
}

static double disciplined_ns(double o)
{
	const struct segment *s = last_segment();
	unsigned int oldest = own.n_segments > SEGMENTS ? own.n_segments - SEGMENTS : 0;

	for (unsigned int i = own.n_segments - 1; s->from_ns > o && i > oldest; i--)
		s = &own.segments[(i - 1) % SEGMENTS];
	return s->clock_ns + (o - s->from_ns) * (1 + s->rate);
}

static int64_t own_ns(int64_t real_ns)
{
	return own.base_ns + (int64_t)llrint(disciplined_ns(oscillator_ns(real_ns)));
}

static void set_clock(double rate, double step_ns)
{
	double o = oscillator_ns(real_now_ns()), clock_ns = disciplined_ns(o) + step_ns;

	own.segments[own.n_segments++ % SEGMENTS] =
		(struct segment){.from_ns = o, .clock_ns = clock_ns, .rate = rate};
}

static void set_up(void)
{
	const char *text = getenv("EBC_OWN_CLOCK");
	double frequency_ppb = 0, wander_ppb = 0, period_s = 0;
	long long start_ns = 0;

	if (own.is_ready)
		return;
	own.is_ready = true;
	own.clock_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	own.clock_adjtime = (int (*)(clockid_t, struct timex *))dlsym(RTLD_NEXT, "clock_adjtime");
	own.recvmsg = (ssize_t(*)(int, struct msghdr *, int))dlsym(RTLD_NEXT, "recvmsg");
	if (text && sscanf(text, "%lld %lf %lf %lf %lf", &start_ns, &own.offset_ns, &frequency_ppb,
			   &wander_ppb, &period_s) < 1)
		fprintf(stderr, "EBC_OWN_CLOCK is not understood: %s\n", text);
	own.base_ns = start_ns ? start_ns : real_now_ns();
	own.frequency = frequency_ppb * 1e-9;
	own.wander = wander_ppb * 1e-9;
	own.period_ns = period_s * 1e9;
	own.segments[own.n_segments++] = (struct segment){};
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int r;

	set_up();
	r = own.clock_gettime(id, ts);
	if (r == 0 && id == CLOCK_REALTIME)
		to_timespec(own_ns(to_ns(ts)), ts);
	return r;
}

int clock_settime(clockid_t id, const struct timespec *ts)
{
	set_up();
	if (id != CLOCK_REALTIME) {
		errno = EINVAL;
		return -1;
	}
	set_clock(last_segment()->rate, (double)(to_ns(ts) - own_ns(real_now_ns())));
	return 0;
}

/* The system call is made, but only to read: what it costs is part of what is compared. */
int clock_adjtime(clockid_t id, struct timex *tx)
{
	struct timex wish = *tx;
	int r;

	set_up();
	tx->modes = 0;
	r = own.clock_adjtime(id, tx);
	if (r < 0 || id != CLOCK_REALTIME)
		return r;
	if (wish.modes & ADJ_SETOFFSET) {
		int64_t fraction_ns = wish.time.tv_usec * (wish.modes & ADJ_NANO ? 1 : NSEC_PER_USEC);

		set_clock(last_segment()->rate, (double)(wish.time.tv_sec * NSEC_PER_SEC + fraction_ns));
	}
	/* Parts per million with 16 bits after the point. */
	if (wish.modes & ADJ_FREQUENCY)
		set_clock((double)wish.freq / 65536e6, 0);
	tx->freq = (long)llrint(last_segment()->rate * 65536e6);
	return r;
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t len;

	set_up();
	len = own.recvmsg(fd, msg, flags);
	if (len < 0)
		return len;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		struct timespec *software;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPING)
			continue;
		software = (struct timespec *)(void *)CMSG_DATA(c);
		if (software->tv_sec != 0)
			to_timespec(own_ns(to_ns(software)), software);
	}
	return len;
}
