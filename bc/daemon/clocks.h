/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's clocks: reading CLOCK_MONOTONIC, and the constant between it and CLOCK_REALTIME by
 * which skb->tstamp becomes monotonic. It changes only when CLOCK_REALTIME is set.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * Once, before anything else here: in a time namespace this process reads another CLOCK_MONOTONIC than the
 * kernel's own, by which frames are stamped. All that follows is by the kernel's. 0 and by how much ours is
 * ahead, or -errno.
 */
int clocks_start(int64_t *ret_ahead_ns);

uint64_t clocks_mono_ns(void);

/* Sets a timer (timerfd, CLOCK_MONOTONIC) to go off once at that time; UINT64_MAX: never. */
void clocks_arm_at(int timer_fd, uint64_t mono_ns);

/* CLOCK_REALTIME minus CLOCK_MONOTONIC, within a few nanoseconds. */
int64_t clocks_real_minus_mono_ns(void);

/* Whether it still is that: false as soon as CLOCK_REALTIME was set, by 10 us or more. No system call. */
bool clocks_real_minus_mono_is(int64_t real_minus_mono_ns);

/* By how much the kernel runs its clocks faster than their hardware, ppb: NTP daemons set it (adjtimex). */
double clocks_kernel_rate_ppb(void);

/* A descriptor that becomes readable whenever CLOCK_REALTIME is set; -errno. The caller owns it. */
int clocks_watch_new(void);
/* Takes the news and watches on. */
void clocks_watch_rearm(int fd);
