/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Waiting for time, the daemon, or the user who has seen enough. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* From now on SIGINT, SIGTERM and SIGHUP end pauses instead of the program. 0 or -errno. */
int pause_begin(void);

enum pause_end {
	PAUSE_OVER,	/* the time has come */
	PAUSE_READABLE, /* the descriptor has something */
	PAUSE_SIGNAL,	/* also for every later pause */
};

/* Until `until_mono_ns` or one of the others; fd -1: none. */
enum pause_end pause_until(uint64_t until_mono_ns, int fd);

/* CLOCK_MONOTONIC. */
uint64_t now_mono_ns(void);
