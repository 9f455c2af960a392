// SPDX-License-Identifier: GPL-2.0-or-later
/* adjtimex(2), as linuxptp uses it. */
#include "bc/daemon/system_clock.h"

#include <math.h>
#include <unistd.h>

#include "bc/daemon/kernel_clock.h"
#include "util/macros.h"

/* The kernel's frequency is in 2^-16 ppm and goes to 500 ppm; beyond, ticks are made longer or shorter. */
#define FREQ_PER_PPB	 65.536
#define FREQ_ALONE_PPB	 500000.0
#define KERNEL_LOOP_BITS (STA_PLL | STA_FLL | STA_PPSFREQ | STA_PPSTIME | STA_FREQHOLD | STA_INS | STA_DEL)

static double nominal_tick_us(void)
{
	return 1e6 / (double)sysconf(_SC_CLK_TCK);
}

static double tick_ppb(void)
{
	return 1e9 / nominal_tick_us();
}

static double frequency_of(const struct timex *tx)
{
	return (double)tx->freq / FREQ_PER_PPB + ((double)tx->tick - nominal_tick_us()) * tick_ppb();
}

int system_clock_start(struct system_clock *clock, double *ret_frequency_ppb)
{
	struct timex now = {}, tx;
	int r = kernel_clock_adjust(&now);

	if (r < 0)
		return r;
	/* That nothing is left of an adjtime(3); at the same time the question whether we may. */
	tx = (struct timex){.modes = ADJ_OFFSET_SINGLESHOT};
	r = kernel_clock_adjust(&tx);
	if (r < 0)
		return r;
	tx = (struct timex){.modes = ADJ_STATUS, .status = now.status & ~KERNEL_LOOP_BITS};
	r = kernel_clock_adjust(&tx);
	if (r < 0)
		return r;
	*clock = (struct system_clock){.freq = now.freq, .tick = now.tick};
	*ret_frequency_ppb = frequency_of(&now);
	return 0;
}

/* Eight times a second we overwrite what a rival set: it is noticed before. */
static void notice_change(struct system_clock *clock)
{
	struct timex now = {};

	if (kernel_clock_adjust(&now) < 0 || (now.freq == clock->freq && now.tick == clock->tick))
		return;
	clock->freq = now.freq;
	clock->tick = now.tick;
	clock->was_changed = true;
}

int system_clock_set_frequency(struct system_clock *clock, double frequency_ppb)
{
	double ppb = fmax(-SYSTEM_CLOCK_MAX_PPB, fmin(SYSTEM_CLOCK_MAX_PPB, frequency_ppb));
	long ticks = fabs(ppb) > FREQ_ALONE_PPB ? lround(ppb / tick_ppb()) : 0;
	struct timex tx = {
		.modes = ADJ_FREQUENCY | ADJ_TICK,
		.freq = lround((ppb - (double)ticks * tick_ppb()) * FREQ_PER_PPB),
		.tick = lround(nominal_tick_us()) + ticks,
	};
	int r;

	notice_change(clock);
	if (tx.freq == clock->freq && tx.tick == clock->tick)
		return 0;
	r = kernel_clock_adjust(&tx);
	if (r < 0)
		return r;
	/* As the kernel has it, should it have limited them. */
	clock->freq = tx.freq;
	clock->tick = tx.tick;
	return 0;
}

static int write_status(const struct system_clock *clock, unsigned int modes, int leap_status,
			int64_t max_error_ns)
{
	struct timex tx = {
		.modes = modes,
		.status = leap_status | (clock->is_synchronized ? 0 : STA_UNSYNC),
		.maxerror = (long)(max_error_ns / NSEC_PER_USEC + 1),
		.esterror = (long)(max_error_ns / NSEC_PER_USEC + 1),
	};

	return kernel_clock_adjust(&tx);
}

int system_clock_step(struct system_clock *clock, int64_t step_ns)
{
	int64_t whole_s = step_ns / NSEC_PER_SEC, rest_ns = step_ns % NSEC_PER_SEC;
	struct timex tx = {.modes = ADJ_SETOFFSET | ADJ_NANO};
	int r;

	if (rest_ns < 0) {
		whole_s--;
		rest_ns += NSEC_PER_SEC;
	}
	tx.time.tv_sec = (time_t)whole_s;
	tx.time.tv_usec = (suseconds_t)rest_ns; /* ADJ_NANO: nanoseconds */
	r = kernel_clock_adjust(&tx);
	/* A step makes the kernel forget that it was synchronized. A leap second that was to come it forgets
	 * too, and takes up again only after its bit was away; system_clock_tell_synchronized() brings it
	 * back. */
	clock->is_synchronized = false;
	if (r == 0 && clock->leap_status)
		r = write_status(clock, ADJ_STATUS, 0, 0);
	return r;
}

int system_clock_set_leap(struct system_clock *clock, int leap)
{
	clock->leap_status = leap > 0 ? STA_INS : leap < 0 ? STA_DEL : 0;
	return write_status(clock, ADJ_STATUS, clock->leap_status, 0);
}

int system_clock_set_tai_offset(struct system_clock *clock, int tai_offset_s)
{
	struct timex tx = {.modes = ADJ_TAI, .constant = tai_offset_s};

	(void)clock;
	return kernel_clock_adjust(&tx);
}

int system_clock_tell_synchronized(struct system_clock *clock, int64_t max_error_ns)
{
	clock->is_synchronized = true;
	return write_status(clock, ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR, clock->leap_status,
			    max_error_ns);
}

bool system_clock_was_changed(struct system_clock *clock)
{
	bool was_changed;

	notice_change(clock);
	was_changed = clock->was_changed;
	clock->was_changed = false;
	return was_changed;
}
