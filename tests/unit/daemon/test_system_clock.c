// SPDX-License-Identifier: GPL-2.0-or-later
/* What the system's clock is told, by a kernel that is none. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "bc/daemon/kernel_clock.h"
#include "bc/daemon/system_clock.h"
#include "util/macros.h"

#define TICK_US 10000

static struct {
	long freq, tick;
	int status;
	long max_error_us;
	int tai_offset_s;
	int64_t offset_ns;
	unsigned int n_steps, n_writes;
	int error;
} kernel;

int kernel_clock_adjust(struct timex *tx)
{
	if (tx->modes && kernel.error)
		return kernel.error;
	kernel.n_writes += tx->modes != 0;
	/* ADJ_OFFSET_SINGLESHOT shares its bits with others. */
	if (tx->modes == ADJ_OFFSET_SINGLESHOT) {
		assert_int_equal(tx->offset, 0);
		return 0;
	}
	if (tx->modes & ADJ_TICK) {
		if (tx->tick < TICK_US * 9 / 10 || tx->tick > TICK_US * 11 / 10)
			return -EINVAL;
		kernel.tick = tx->tick;
	}
	if (tx->modes & ADJ_FREQUENCY)
		kernel.freq = CLAMP(tx->freq, -32768000, 32768000);
	if (tx->modes & ADJ_STATUS)
		kernel.status = tx->status;
	if (tx->modes & ADJ_MAXERROR)
		kernel.max_error_us = tx->maxerror;
	if (tx->modes & ADJ_TAI)
		kernel.tai_offset_s = (int)tx->constant;
	if (tx->modes & ADJ_SETOFFSET) {
		assert_true(tx->modes & ADJ_NANO);
		if (tx->time.tv_usec < 0 || tx->time.tv_usec >= NSEC_PER_SEC)
			return -EINVAL;
		kernel.offset_ns += tx->time.tv_sec * NSEC_PER_SEC + tx->time.tv_usec;
		kernel.n_steps++;
	}
	tx->freq = kernel.freq;
	tx->tick = kernel.tick;
	tx->status = kernel.status;
	return 0;
}

static double kernel_ppb(void)
{
	return (double)kernel.freq * 1000.0 / 65536.0 + (double)(kernel.tick - TICK_US) * 1e5;
}

static struct system_clock started(void)
{
	struct system_clock clock;
	double ppb;

	assert_int_equal(system_clock_start(&clock, &ppb), 0);
	assert_true(fabs(ppb - kernel_ppb()) < 0.001);
	return clock;
}

static int setup(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.tick = TICK_US;
	kernel.status = STA_UNSYNC;
	return 0;
}

static void it_is_taken_over_at_the_frequency_that_it_has(void **state)
{
	(void)state;
	kernel.freq = 12 * 65536 + 32768;
	kernel.tick = TICK_US + 3;
	kernel.status = STA_PLL | STA_INS | STA_UNSYNC;
	started();
	assert_true(fabs(kernel_ppb() - 312500) < 0.001);
	/* The kernel's own loop would steer it as well, and a leap second is told anew if there is one. */
	assert_int_equal(kernel.status, STA_UNSYNC);
}

static void without_the_capability_nothing_is_begun(void **state)
{
	struct system_clock clock;
	double ppb = 77;

	(void)state;
	kernel.error = -EPERM;
	assert_int_equal(system_clock_start(&clock, &ppb), -EPERM);
	assert_true(ppb == 77);
}

static void every_frequency_up_to_ten_percent_can_be_set(void **state)
{
	static const double ppbs[] = {0,      0.02,   -0.02,   1,	 -12345.678, 499999, 500000,
				      500001, 549999, -550001, 12345678, -98765432,  1e8,    -1e8};
	struct system_clock clock = started();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ppbs); i++) {
		assert_int_equal(system_clock_set_frequency(&clock, ppbs[i]), 0);
		assert_true(fabs(kernel_ppb() - ppbs[i]) < 0.01);
		if (fabs(ppbs[i]) <= 500000)
			assert_int_equal(kernel.tick, TICK_US);
		assert_false(system_clock_was_changed(&clock));
	}
	assert_int_equal(system_clock_set_frequency(&clock, 9e8), 0);
	assert_true(fabs(kernel_ppb() - 1e8) < 0.01);
}

static void the_same_frequency_again_is_not_written(void **state)
{
	struct system_clock clock = started();
	unsigned int n_writes;

	(void)state;
	system_clock_set_frequency(&clock, 1000);
	n_writes = kernel.n_writes;
	system_clock_set_frequency(&clock, 1000);
	assert_int_equal(kernel.n_writes, n_writes);
}

static void steps_go_both_ways_to_the_nanosecond(void **state)
{
	static const int64_t steps_ns[] = {
		1, -1, NSEC_PER_SEC, -NSEC_PER_SEC, -1500000001, 86400 * NSEC_PER_SEC + 5};
	struct system_clock clock = started();
	int64_t sum_ns = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(steps_ns); i++) {
		assert_int_equal(system_clock_step(&clock, steps_ns[i]), 0);
		sum_ns += steps_ns[i];
		assert_int_equal(kernel.offset_ns, sum_ns);
	}
	assert_int_equal(kernel.n_steps, ARRAY_SIZE(steps_ns));
}

static void who_else_changes_the_frequency_is_noticed_once(void **state)
{
	struct system_clock clock = started();

	(void)state;
	system_clock_set_frequency(&clock, 1000);
	assert_false(system_clock_was_changed(&clock));
	kernel.freq += 65536;
	assert_true(system_clock_was_changed(&clock));
	assert_false(system_clock_was_changed(&clock));
	kernel.tick++;
	assert_true(system_clock_was_changed(&clock));
	/* And it is set right with the next measurement. */
	system_clock_set_frequency(&clock, 1000);
	assert_true(fabs(kernel_ppb() - 1000) < 0.01);
	/* Also when that comes before anybody looks. */
	kernel.freq += 65536;
	system_clock_set_frequency(&clock, 1000);
	assert_true(fabs(kernel_ppb() - 1000) < 0.01);
	assert_true(system_clock_was_changed(&clock));
	assert_false(system_clock_was_changed(&clock));
}

static void the_kernel_is_told_that_it_is_right_and_of_leap_seconds(void **state)
{
	struct system_clock clock = started();

	(void)state;
	assert_int_equal(system_clock_set_leap(&clock, 1), 0);
	assert_int_equal(kernel.status, STA_INS | STA_UNSYNC);
	assert_int_equal(system_clock_tell_synchronized(&clock, 1500000), 0);
	assert_int_equal(kernel.status, STA_INS);
	assert_in_range(kernel.max_error_us, 1500, 1501);
	system_clock_set_leap(&clock, -1);
	assert_int_equal(kernel.status, STA_DEL);
	system_clock_set_leap(&clock, 0);
	assert_int_equal(kernel.status, 0);
	assert_int_equal(system_clock_set_tai_offset(&clock, 38), 0);
	assert_int_equal(kernel.tai_offset_s, 38);
}

static void a_step_takes_the_leap_second_away_until_the_clock_is_right_again(void **state)
{
	struct system_clock clock = started();

	(void)state;
	system_clock_set_leap(&clock, 1);
	system_clock_tell_synchronized(&clock, 1000);
	system_clock_step(&clock, 5);
	assert_int_equal(kernel.status, STA_UNSYNC);
	system_clock_tell_synchronized(&clock, 1000);
	assert_int_equal(kernel.status, STA_INS);
}

#define T(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(it_is_taken_over_at_the_frequency_that_it_has),
		T(without_the_capability_nothing_is_begun),
		T(every_frequency_up_to_ten_percent_can_be_set),
		T(the_same_frequency_again_is_not_written),
		T(steps_go_both_ways_to_the_nanosecond),
		T(who_else_changes_the_frequency_is_noticed_once),
		T(the_kernel_is_told_that_it_is_right_and_of_leap_seconds),
		T(a_step_takes_the_leap_second_away_until_the_clock_is_right_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
