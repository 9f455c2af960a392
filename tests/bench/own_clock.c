// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Gives an unmodified program a system clock of its own, by LD_PRELOAD: all hosts of the lab share the
 * machine's clock, and a program that disciplined that one would move its grandmaster along. The calls that
 * read and set CLOCK_REALTIME, and the software stamps that come with received messages, are of this clock
 * instead; the machine's is not touched, and may be stepped meanwhile. EBC_OWN_CLOCK_FILE is the clock
 * (own_clock_model.h).
 *
 * Not served: system calls made without the C library, programs linked statically, and timers that run on
 * CLOCK_REALTIME. One process at a time may set a clock.
 */
#include "tests/bench/own_clock_model.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "util/macros.h"

#define BRACKETS 1000

static struct {
	struct own_clock *clock;
	struct own_clock_bounds real_minus_mono;
	int (*clock_gettime)(clockid_t id, struct timespec *ts);
	int (*clock_settime)(clockid_t id, const struct timespec *ts);
	int (*clock_adjtime)(clockid_t id, struct timex *tx);
	ssize_t (*recvmsg)(int fd, struct msghdr *msg, int flags);
	int (*recvmmsg)(int fd, struct mmsghdr *msgs, unsigned int n, int flags, struct timespec *timeout);
} own;

static pthread_once_t once = PTHREAD_ONCE_INIT;
/* Held to set the clock and to use real_minus_mono. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void die(const char *what, const char *why)
{
	fprintf(stderr, "own-clock: %s: %s\n", what, why);
	_exit(127);
}

/* POSIX lets a function travel through a void pointer, ISO C does not. */
static void look_up(const char *name, void *ret_function)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (!function)
		die(name, "not in the C library");
	memcpy(ret_function, &function, sizeof(function));
}

static void set_up(void)
{
	const char *path = getenv("EBC_OWN_CLOCK_FILE");
	int r;

	look_up("clock_gettime", &own.clock_gettime);
	look_up("clock_settime", &own.clock_settime);
	look_up("clock_adjtime", &own.clock_adjtime);
	look_up("recvmsg", &own.recvmsg);
	look_up("recvmmsg", &own.recvmmsg);
	/* Never the machine's clock by mistake. */
	if (!path)
		die("EBC_OWN_CLOCK_FILE", "not set");
	r = own_clock_open(path, true, &own.clock);
	if (r < 0)
		die(path, strerror(-r));
	own_clock_bounds_init(&own.real_minus_mono);
}

static int64_t to_ns(const struct timespec *ts)
{
	return (int64_t)ts->tv_sec * NSEC_PER_SEC + ts->tv_nsec;
}

static void to_timespec(int64_t ns, struct timespec *ret)
{
	ret->tv_sec = ns / NSEC_PER_SEC;
	ret->tv_nsec = ns % NSEC_PER_SEC;
}

static void to_timeval(int64_t ns, struct timeval *ret)
{
	ret->tv_sec = ns / NSEC_PER_SEC;
	ret->tv_usec = ns % NSEC_PER_SEC / NSEC_PER_USEC;
}

static int64_t machine_ns(clockid_t id)
{
	struct timespec ts;

	own.clock_gettime(id, &ts);
	return to_ns(&ts);
}

static uint64_t mono_ns(void)
{
	return (uint64_t)machine_ns(CLOCK_MONOTONIC);
}

static int64_t own_ns_at(uint64_t at_mono_ns)
{
	struct own_clock_time time;

	while (!own_clock_read(own.clock, at_mono_ns, &time))
		;
	return time.ns;
}

static int64_t own_now_ns(void)
{
	pthread_once(&once, set_up);
	return own_ns_at(mono_ns());
}

static bool add_bracket(void)
{
	uint64_t before_mono_ns = mono_ns();
	int64_t real_ns = machine_ns(CLOCK_REALTIME);

	return own_clock_bounds_add(&own.real_minus_mono, before_mono_ns, real_ns, mono_ns());
}

/* One bracket each time shows whether the machine's clock was stepped; then, and at first, it takes many. */
static int64_t real_minus_mono_ns(void)
{
	bool is_first = own.real_minus_mono.low_ns == INT64_MIN;

	if (!add_bracket() || is_first)
		for (int i = 0; i < BRACKETS; i++)
			add_bracket();
	return own_clock_bounds_middle_ns(&own.real_minus_mono);
}

/* A stamp of the kernel, which is CLOCK_REALTIME of the machine. */
static int64_t own_stamp_ns(int64_t real_ns)
{
	int64_t distance_ns;

	pthread_mutex_lock(&lock);
	distance_ns = real_minus_mono_ns();
	pthread_mutex_unlock(&lock);
	return own_ns_at((uint64_t)(real_ns - distance_ns));
}

static int fail(int error)
{
	errno = error;
	return -1;
}

static int set_own(int64_t ns)
{
	pthread_once(&once, set_up);
	pthread_mutex_lock(&lock);
	own_clock_set(own.clock, mono_ns(), ns);
	pthread_mutex_unlock(&lock);
	return 0;
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	pthread_once(&once, set_up);
	if (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE && id != CLOCK_TAI)
		return own.clock_gettime(id, ts);
	to_timespec(own_now_ns() + (id == CLOCK_TAI ? own_clock_tai_s(own.clock) * NSEC_PER_SEC : 0), ts);
	return 0;
}

/* As the C library has it, but for what its headers promise the compiler: no argument is NULL. */
int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
	to_timeval(own_now_ns(), tv);
	if (tz)
		memset(tz, 0, sizeof(struct timezone));
	return 0;
}

time_t time(time_t *ret)
{
	time_t seconds = (time_t)(own_now_ns() / NSEC_PER_SEC);

	if (ret)
		*ret = seconds;
	return seconds;
}

int clock_settime(clockid_t id, const struct timespec *ts)
{
	pthread_once(&once, set_up);
	if (id != CLOCK_REALTIME)
		return own.clock_settime(id, ts);
	if (ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= NSEC_PER_SEC)
		return fail(EINVAL);
	return set_own(to_ns(ts));
}

/* The time zone is the machine's and stays as it is. */
int settimeofday(const struct timeval *tv, const struct timezone *tz)
{
	if (tz || !tv || tv->tv_sec < 0 || tv->tv_usec < 0 || tv->tv_usec >= 1000000)
		return fail(EINVAL);
	return set_own((int64_t)tv->tv_sec * NSEC_PER_SEC + tv->tv_usec * NSEC_PER_USEC);
}

/* The system call is made, but only to read: what it costs is part of what is compared. */
int clock_adjtime(clockid_t id, struct timex *tx)
{
	struct timex unused = {};
	int r;

	pthread_once(&once, set_up);
	if (id != CLOCK_REALTIME)
		return own.clock_adjtime(id, tx);
	own.clock_adjtime(id, &unused);
	pthread_mutex_lock(&lock);
	r = own_clock_adjust(own.clock, mono_ns(), tx);
	pthread_mutex_unlock(&lock);
	return r < 0 ? fail(-r) : r;
}

int adjtimex(struct timex *tx)
{
	return clock_adjtime(CLOCK_REALTIME, tx);
}

int ntp_adjtime(struct timex *tx)
{
	return clock_adjtime(CLOCK_REALTIME, tx);
}

int ntp_gettimex(struct ntptimeval *ret)
{
	struct timex tx = {};
	int r = clock_adjtime(CLOCK_REALTIME, &tx);

	if (r < 0)
		return r;
	*ret = (struct ntptimeval){
		.time = tx.time, .maxerror = tx.maxerror, .esterror = tx.esterror, .tai = tx.tai};
	if (tx.status & STA_NANO)
		ret->time.tv_usec /= NSEC_PER_USEC;
	return r;
}

/* Nothing is ever adjusted gradually, so there is nothing left to do, either. */
int adjtime(const struct timeval *delta, struct timeval *ret_left)
{
	if (delta && (delta->tv_sec != 0 || delta->tv_usec != 0))
		return fail(EINVAL);
	if (ret_left)
		*ret_left = (struct timeval){};
	return 0;
}

static void convert_timespec(struct cmsghdr *c)
{
	struct timespec ts;

	if (c->cmsg_len < CMSG_LEN(sizeof(ts)))
		return;
	memcpy(&ts, CMSG_DATA(c), sizeof(ts));
	/* SCM_TIMESTAMPING has three, of which the first is the software's, and zero if there is none. */
	if (ts.tv_sec == 0)
		return;
	to_timespec(own_stamp_ns(to_ns(&ts)), &ts);
	memcpy(CMSG_DATA(c), &ts, sizeof(ts));
}

static void convert_timeval(struct cmsghdr *c)
{
	struct timeval tv;

	if (c->cmsg_len < CMSG_LEN(sizeof(tv)))
		return;
	memcpy(&tv, CMSG_DATA(c), sizeof(tv));
	to_timeval(own_stamp_ns((int64_t)tv.tv_sec * NSEC_PER_SEC + tv.tv_usec * NSEC_PER_USEC), &tv);
	memcpy(CMSG_DATA(c), &tv, sizeof(tv));
}

static void convert_stamps(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_TIMESTAMPING || c->cmsg_type == SCM_TIMESTAMPNS)
			convert_timespec(c);
		else if (c->cmsg_type == SCM_TIMESTAMP)
			convert_timeval(c);
	}
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t len;

	pthread_once(&once, set_up);
	len = own.recvmsg(fd, msg, flags);
	if (len >= 0)
		convert_stamps(msg);
	return len;
}

int recvmmsg(int fd, struct mmsghdr *msgs, unsigned int n, int flags, struct timespec *timeout)
{
	int received;

	pthread_once(&once, set_up);
	received = own.recvmmsg(fd, msgs, n, flags, timeout);
	for (int i = 0; i < received; i++)
		convert_stamps(&msgs[i].msg_hdr);
	return received;
}
