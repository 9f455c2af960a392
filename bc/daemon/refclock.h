/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The time told to an NTP server on this machine, as a reference clock of it: samples over chrony's SOCK, or
 * in the shared memory that ntpd, chrony and gpsd know (SHM). For a virtual clock: so the host can follow it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum refclock_type {
	REFCLOCK_NONE,
	REFCLOCK_SOCK,
	REFCLOCK_SHM,
};

struct shm_time;

struct refclock {
	enum refclock_type type;
	const char *path; /* SOCK: of the server's socket; the caller's */
	int fd;
	struct shm_time *shm;
	bool is_heard; /* the last sample was taken */
};

/* unit: of SHM; 0 and 1 are root's alone. 0 or -errno; after a failure the refclock is of no type. */
int refclock_open(struct refclock *refclock, enum refclock_type type, const char *path, int unit);
void refclock_close(struct refclock *refclock);

/*
 * When the system's clock read real_ns, UTC was utc_ns. leap: 1, -1 or 0, at the end of the day. Never waits.
 * 0, or -errno when nobody takes it (SOCK), which may change any time: the server was started later, or anew.
 */
int refclock_tell(struct refclock *refclock, int64_t real_ns, int64_t utc_ns, int leap);
