/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A system clock of a host's own, in a file that programs map: what its oscillator does, as a function of
 * CLOCK_MONOTONIC, and how it was set since. own_clock.c serves it to a program in place of CLOCK_REALTIME,
 * anybody else can read it. benchlib/own_clock.py makes the file and knows its layout, too.
 *
 * Better than 0.1 ns within 40 days of its start and 40 days after a setting: times are whole nanoseconds and
 * a fraction, and a double holds only what the clock gains, less than 10 % of the time that has passed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/timex.h>

#define OWN_CLOCK_MAGIC	   0x314b434f4c434245ULL /* "EBCLOCK1" on a little-endian machine */
#define OWN_CLOCK_SETTINGS 64			 /* a stamp may be older than the last one; power of two */
#define OWN_CLOCK_TICK_US  10000		 /* the nominal one: USER_HZ is 100 */

/* The clock from one setting to the next, and what adjtimex() tells of it. */
struct own_clock_setting {
	uint64_t from_mono_ns;
	int64_t clock_ns;	 /* its time then ... */
	double clock_frac_ns;	 /* ... and a fraction, 0 to 1 */
	int64_t freq_scaled_ppm; /* 2^-16 ppm, as in struct timex */
	int32_t tick_us;
	int32_t status; /* STA_* */
	int32_t tai_s;
	int32_t constant;
	int64_t max_error_us, est_error_us;
};
_Static_assert(sizeof(struct own_clock_setting) == 64, "own_clock_setting layout");

/* Random walk of frequency: a knot each second, a straight line from one to the next, the last one for ever.
 */
struct own_clock_knot {
	double frequency_ppb;
	double gained_ns; /* since the start */
};

/* The file: this, then n_knots knots. All but the settings is constant. */
struct own_clock_file {
	uint64_t magic;
	uint64_t start_mono_ns;
	double frequency_ppb;
	double wander_ppb, period_s; /* frequency + wander * sin(2 pi t / period); period 0: none */
	uint64_t n_knots;
	/*
	 * How many settings there were, at least one. The last ones are in the ring, number n in place n
	 * modulo its size. A setting is written before it is counted, so that a reader which finds the number
	 * grown by less than the ring's size has read what it wanted.
	 */
	uint64_t n_settings;
	uint64_t pad;
	struct own_clock_setting settings[OWN_CLOCK_SETTINGS];
	struct own_clock_knot knots[];
};
_Static_assert(sizeof(struct own_clock_file) == 64 + 64 * OWN_CLOCK_SETTINGS, "own_clock_file layout");

/* A point in time of some clock; the fraction is 0 to 1. */
struct own_clock_time {
	int64_t ns;
	double frac_ns;
};

struct own_clock;

/* Maps a file. The caller frees it. -errno; -EINVAL when it is no such file. */
int own_clock_open(const char *path, bool is_writable, struct own_clock **ret);
/* Takes NULL, too. */
void own_clock_free(struct own_clock *clock);

/* What it showed, shows or will show at mono_ns; false when settings came so fast that none could be read. */
bool own_clock_read(const struct own_clock *clock, uint64_t mono_ns, struct own_clock_time *ret);

/*
 * clock_settime() and clock_adjtime() at now_mono_ns; the clock must be mapped writable, and only one thread
 * may set it at a time. own_clock_adjust() returns what adjtimex() does (TIME_OK, TIME_ERROR) and fills tx as
 * that does; -EINVAL for what the model does not have: the kernel's phase locked loop (ADJ_OFFSET), gradual
 * adjtime(), leap seconds. Nothing has changed then.
 */
void own_clock_set(struct own_clock *clock, uint64_t now_mono_ns, int64_t time_ns);
int own_clock_adjust(struct own_clock *clock, uint64_t now_mono_ns, struct timex *tx);

/* TAI less UTC as it was told to the clock, seconds. */
int own_clock_tai_s(const struct own_clock *clock);

/*
 * The constant between the machine's CLOCK_REALTIME, in which the kernel's stamps are, and CLOCK_MONOTONIC.
 * Each bracket of three readings bounds it; it changes when the machine's clock is stepped.
 */
struct own_clock_bounds {
	int64_t low_ns, high_ns;
};

void own_clock_bounds_init(struct own_clock_bounds *bounds);
/* False when the bracket contradicts what was known: then it is all that is known now. */
bool own_clock_bounds_add(struct own_clock_bounds *bounds, uint64_t before_mono_ns, int64_t real_ns,
			  uint64_t after_mono_ns);
int64_t own_clock_bounds_middle_ns(const struct own_clock_bounds *bounds);
