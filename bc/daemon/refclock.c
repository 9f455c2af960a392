// SPDX-License-Identifier: GPL-2.0-or-later
/* SOCK: one datagram a sample (chrony's refclock_sock.c). SHM: driver 28 of ntpd, mode 1. */
#include "bc/daemon/refclock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "util/cleanup.h"
#include "util/macros.h"

#define SOCK_MAGIC 0x534f434b
#define SHM_KEY	   0x4e545030u
/* log2 s: a microsecond, which a software stamp reaches. */
#define SHM_PRECISION (-20)
#define SHM_PRIVATE   2 /* units below are of root alone */

struct sock_sample {
	struct timeval tv; /* the system's clock */
	double offset_s;   /* UTC less the system's clock */
	int32_t pulse;
	int32_t leap; /* 0, 1: a second is inserted, 2: one is left out */
	int32_t pad;
	int32_t magic;
};
_Static_assert(sizeof(struct sock_sample) == sizeof(struct timeval) + 24, "as chronyd expects");

struct shm_time {
	int mode; /* 1: count tells a reader that it was disturbed */
	volatile int count;
	time_t clock_s;
	int clock_us;
	time_t receive_s;
	int receive_us;
	int leap;
	int precision;
	int n_samples;
	volatile int is_valid;
	unsigned int clock_ns, receive_ns;
	int reserved[8];
};
_Static_assert(sizeof(struct shm_time) == (sizeof(time_t) == 8 ? 96 : 80), "as ntpd expects");

static int open_shm(struct refclock *refclock, int unit)
{
	int id = shmget((key_t)(SHM_KEY + (unsigned int)unit), sizeof(struct shm_time),
			IPC_CREAT | (unit < SHM_PRIVATE ? 0600 : 0666));
	void *at;

	if (id < 0)
		return -errno;
	at = shmat(id, NULL, 0);
	if ((intptr_t)at == -1)
		return -errno;
	refclock->shm = at;
	memset(refclock->shm, 0, sizeof(*refclock->shm));
	refclock->shm->mode = 1;
	refclock->shm->precision = SHM_PRECISION;
	refclock->shm->n_samples = 3;
	return 0;
}

int refclock_open(struct refclock *refclock, enum refclock_type type, const char *path, int unit)
{
	int r = 0;

	*refclock = (struct refclock){.type = type, .path = path, .fd = -1};
	if (type == REFCLOCK_SHM) {
		r = open_shm(refclock, unit);
	} else if (type == REFCLOCK_SOCK) {
		if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
			r = -ENAMETOOLONG;
		else
			refclock->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (r == 0 && refclock->fd < 0)
			r = -errno;
	}
	if (r < 0)
		refclock->type = REFCLOCK_NONE;
	return r;
}

void refclock_close(struct refclock *refclock)
{
	if (refclock->type == REFCLOCK_NONE)
		return;
	refclock->fd = close_fd(refclock->fd);
	if (refclock->shm) {
		refclock->shm->is_valid = 0;
		shmdt(refclock->shm);
		refclock->shm = NULL;
	}
	refclock->type = REFCLOCK_NONE;
}

static int leap_code(int leap)
{
	return leap > 0 ? 1 : leap < 0 ? 2 : 0;
}

/* By name each time: a server that was started anew has another socket of that name. */
static int tell_sock(const struct refclock *refclock, int64_t real_ns, int64_t utc_ns, int leap)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	struct sock_sample sample;

	/* With the octets between the fields. */
	memset(&sample, 0, sizeof(sample));
	sample.tv.tv_sec = (time_t)(real_ns / NSEC_PER_SEC);
	sample.tv.tv_usec = (suseconds_t)(real_ns % NSEC_PER_SEC / NSEC_PER_USEC);
	/* The field has no nanoseconds; a moment earlier the offset was the same. */
	sample.offset_s = (double)(utc_ns - real_ns) * 1e-9;
	sample.leap = leap_code(leap);
	sample.magic = SOCK_MAGIC;
	snprintf(to.sun_path, sizeof(to.sun_path), "%s", refclock->path);
	return sendto(refclock->fd, &sample, sizeof(sample), MSG_DONTWAIT | MSG_NOSIGNAL,
		      (const struct sockaddr *)&to, sizeof(to)) < 0
		       ? -errno
		       : 0;
}

static int tell_shm(struct shm_time *shm, int64_t real_ns, int64_t utc_ns, int leap)
{
	shm->is_valid = 0;
	shm->count++;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	shm->clock_s = (time_t)(utc_ns / NSEC_PER_SEC);
	shm->clock_us = (int)(utc_ns % NSEC_PER_SEC / NSEC_PER_USEC);
	shm->clock_ns = (unsigned int)(utc_ns % NSEC_PER_SEC);
	shm->receive_s = (time_t)(real_ns / NSEC_PER_SEC);
	shm->receive_us = (int)(real_ns % NSEC_PER_SEC / NSEC_PER_USEC);
	shm->receive_ns = (unsigned int)(real_ns % NSEC_PER_SEC);
	shm->leap = leap_code(leap);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	shm->count++;
	shm->is_valid = 1;
	return 0;
}

int refclock_tell(struct refclock *refclock, int64_t real_ns, int64_t utc_ns, int leap)
{
	int r = 0;

	if (refclock->type == REFCLOCK_SOCK)
		r = tell_sock(refclock, real_ns, utc_ns, leap);
	else if (refclock->type == REFCLOCK_SHM)
		r = tell_shm(refclock->shm, real_ns, utc_ns, leap);
	refclock->is_heard = r == 0;
	return r;
}
