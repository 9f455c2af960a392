// SPDX-License-Identifier: GPL-2.0-or-later
/* A clock of a host's own: the oscillator to a fraction of a nanosecond, and what settings make of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/own_clock_model.h"
#include "util/cleanup.h"
#include "util/macros.h"

#define START_MONO_NS (23811557359729ULL)
#define START_OWN_NS  (1795373708 * NSEC_PER_SEC + 123)
#define HOUR_NS	      (3600 * NSEC_PER_SEC)
#define KNOTS	      3601

struct clock_bench {
	char path[64];
	struct own_clock *clock;
};

static void write_file(struct clock_bench *bench, const struct own_clock_file *file,
		       const struct own_clock_knot *knots)
{
	FILE *stream;
	int fd;

	strcpy(bench->path, "/tmp/test-own-clock-XXXXXX");
	fd = mkstemp(bench->path);
	assert_true(fd >= 0);
	stream = fdopen(fd, "wb");
	assert_non_null(stream);
	assert_int_equal(fwrite(file, sizeof(*file), 1, stream), 1);
	if (knots)
		assert_int_equal(fwrite(knots, sizeof(*knots), KNOTS, stream), KNOTS);
	fclose(stream);
}

static struct own_clock_file plain_file(void)
{
	return (struct own_clock_file){
		.magic = OWN_CLOCK_MAGIC,
		.start_mono_ns = START_MONO_NS,
		.n_settings = 1,
		.settings[0] = {.from_mono_ns = START_MONO_NS,
				.clock_ns = START_OWN_NS,
				.tick_us = OWN_CLOCK_TICK_US,
				.status = STA_UNSYNC},
	};
}

static struct clock_bench opened(const struct own_clock_file *file, const struct own_clock_knot *knots)
{
	struct clock_bench bench = {};

	write_file(&bench, file, knots);
	assert_int_equal(own_clock_open(bench.path, true, &bench.clock), 0);
	return bench;
}

static void clock_bench_done(struct clock_bench *bench)
{
	own_clock_free(bench->clock);
	unlink(bench->path);
}

#define _cleanup_bench_ _cleanup_(clock_bench_done)

/* What the clock shows at t_ns after its start, less its start and less t_ns. */
static double ahead_ns(const struct own_clock *clock, int64_t t_ns)
{
	struct own_clock_time time;

	assert_true(own_clock_read(clock, START_MONO_NS + (uint64_t)t_ns, &time));
	assert_true(time.frac_ns >= 0 && time.frac_ns < 1);
	return (double)(time.ns - START_OWN_NS - t_ns) + time.frac_ns;
}

static void assert_near(double value, double expected, double tolerance)
{
	if (fabs(value - expected) > tolerance)
		fail_msg("%.6f instead of %.6f", value, expected);
}

static void a_perfect_oscillator_keeps_its_distance(void **state)
{
	struct own_clock_file file = plain_file();
	_cleanup_bench_ struct clock_bench bench = opened(&file, NULL);

	(void)state;
	for (int64_t t_ns = -HOUR_NS; t_ns < 1000 * HOUR_NS; t_ns += 7 * HOUR_NS + 1)
		assert_near(ahead_ns(bench.clock, t_ns), 0, 0);
}

static void drift_and_wander_are_right_to_a_tenth_of_a_nanosecond_for_a_day(void **state)
{
	struct own_clock_file file = plain_file();
	_cleanup_bench_ struct clock_bench bench = {};

	(void)state;
	file.frequency_ppb = 35000.25;
	file.wander_ppb = 100;
	file.period_s = 100;
	bench = opened(&file, NULL);
	for (int64_t t_ns = 0; t_ns < 24 * HOUR_NS; t_ns += 12345678901) {
		long double t_s = (long double)t_ns * 1e-9L, pi = acosl(-1.0L);
		long double gained =
			35000.25L * t_s + 100.0L * 100.0L / (2 * pi) * (1 - cosl(2 * pi * t_s / 100.0L));

		assert_near(ahead_ns(bench.clock, t_ns), (double)gained, 0.1);
	}
}

/* Knots of a frequency that rises evenly: the time gained is a parabola, and a straight line behind the last.
 */
static void a_walk_of_frequency_is_straight_lines_between_knots(void **state)
{
	static struct own_clock_knot knots[KNOTS];
	struct own_clock_file file = plain_file();
	_cleanup_bench_ struct clock_bench bench = {};

	(void)state;
	for (int i = 0; i < KNOTS; i++)
		knots[i] = (struct own_clock_knot){.frequency_ppb = 2.0 * i, .gained_ns = (double)i * i};
	file.n_knots = KNOTS;
	bench = opened(&file, knots);
	for (int64_t t_ns = 0; t_ns < HOUR_NS; t_ns += 777777777) {
		double t_s = (double)t_ns * 1e-9;

		assert_near(ahead_ns(bench.clock, t_ns), t_s * t_s, 0.01);
	}
	assert_near(ahead_ns(bench.clock, HOUR_NS + 10 * NSEC_PER_SEC), 3600.0 * 3600.0 + 7200.0 * 10, 0.01);
	assert_near(ahead_ns(bench.clock, -5 * NSEC_PER_SEC), 0, 0);
}

static int adjust(struct clock_bench *bench, int64_t t_ns, struct timex *tx)
{
	return own_clock_adjust(bench->clock, START_MONO_NS + (uint64_t)t_ns, tx);
}

static void frequency_and_tick_are_a_rate_over_the_oscillator(void **state)
{
	struct own_clock_file file = plain_file();
	_cleanup_bench_ struct clock_bench bench = {};
	struct timex tx = {
		.modes = ADJ_FREQUENCY | ADJ_TICK, .freq = -(35LL << 16), .tick = OWN_CLOCK_TICK_US + 2};
	double oscillator_s, rate = 200e-6 - 35e-6;

	(void)state;
	file.frequency_ppb = 1e5;
	bench = opened(&file, NULL);
	adjust(&bench, 10 * NSEC_PER_SEC, &tx);
	oscillator_s = 3590 * (1 + 1e5 * 1e-9);
	assert_near(ahead_ns(bench.clock, HOUR_NS), 3600 * 1e5 + oscillator_s * rate * 1e9, 0.1);
	/* And what it showed before stays what it was. */
	assert_near(ahead_ns(bench.clock, 9 * NSEC_PER_SEC), 9 * 1e5, 0.01);

	tx = (struct timex){};
	adjust(&bench, HOUR_NS, &tx);
	assert_int_equal(tx.freq, -(35LL << 16));
	assert_int_equal(tx.tick, OWN_CLOCK_TICK_US + 2);
	tx = (struct timex){.modes = ADJ_FREQUENCY, .freq = 1000LL << 16};
	adjust(&bench, HOUR_NS, &tx);
	assert_int_equal(tx.freq, 500LL << 16);
}

/* A servo for hours: neither steps where the rate changes nor rounding may add up. */
static void a_hundred_thousand_adjustments_lose_nothing(void **state)
{
	struct own_clock_file file = plain_file();
	_cleanup_bench_ struct clock_bench bench = opened(&file, NULL);
	double expected = 0;
	int64_t t_ns = 0;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		struct timex tx = {.modes = ADJ_FREQUENCY, .freq = (i * 7919) % 2000003 - 1000001};

		adjust(&bench, t_ns, &tx);
		t_ns += 62500000;
		expected += 62500000.0 * (double)tx.freq / 65536e6;
	}
	assert_near(ahead_ns(bench.clock, t_ns), expected, 0.1);
}

static void a_step_is_seen_after_it_and_not_before(void **state)
{
	struct own_clock_file file = plain_file();
	_cleanup_bench_ struct clock_bench bench = opened(&file, NULL);
	struct timex tx = {.modes = ADJ_SETOFFSET | ADJ_NANO, .time = {.tv_sec = -2, .tv_usec = 500000001}};

	(void)state;
	assert_int_equal(adjust(&bench, NSEC_PER_SEC, &tx), TIME_ERROR);
	assert_true(tx.status & STA_NANO);
	assert_near(ahead_ns(bench.clock, NSEC_PER_SEC - 1), 0, 0);
	assert_near(ahead_ns(bench.clock, NSEC_PER_SEC), -1499999999, 0);
	tx = (struct timex){.modes = ADJ_SETOFFSET, .time = {.tv_sec = 1, .tv_usec = 500000}};
	adjust(&bench, 2 * NSEC_PER_SEC, &tx);
	assert_near(ahead_ns(bench.clock, 2 * NSEC_PER_SEC), 1, 0);
	own_clock_set(bench.clock, START_MONO_NS + 3 * NSEC_PER_SEC, START_OWN_NS + 42 * NSEC_PER_SEC);
	assert_near(ahead_ns(bench.clock, 3 * NSEC_PER_SEC), 39e9, 0);
}

static void the_last_63_settings_are_remembered(void **state)
{
	struct own_clock_file file = plain_file();
	_cleanup_bench_ struct clock_bench bench = opened(&file, NULL);

	(void)state;
	/* In second i it is i seconds ahead. */
	for (int i = 1; i <= 100; i++) {
		struct timex tx = {.modes = ADJ_SETOFFSET, .time = {.tv_sec = 1}};

		adjust(&bench, i * NSEC_PER_SEC, &tx);
	}
	for (int i = 100; i > 100 - (OWN_CLOCK_SETTINGS - 1); i--)
		assert_near(ahead_ns(bench.clock, i * NSEC_PER_SEC + 5), i * 1e9, 0);
	/* What is older is continued backwards from the oldest. */
	assert_near(ahead_ns(bench.clock, 5 * NSEC_PER_SEC), (100 - (OWN_CLOCK_SETTINGS - 2)) * 1e9, 0);
}

static void what_the_model_does_not_have_is_refused_and_changes_nothing(void **state)
{
	static const struct timex wishes[] = {
		{.modes = ADJ_OFFSET, .offset = 1000},
		{.modes = ADJ_FREQUENCY | ADJ_OFFSET, .freq = 1 << 16},
		{.modes = ADJ_OFFSET_SINGLESHOT, .offset = 1000},
		{.modes = ADJ_FREQUENCY | ADJ_STATUS, .freq = 1 << 16, .status = STA_INS},
		{.modes = ADJ_FREQUENCY | ADJ_TICK, .freq = 1 << 16, .tick = OWN_CLOCK_TICK_US * 9 / 10 - 1},
		{.modes = ADJ_FREQUENCY | ADJ_TICK, .freq = 1 << 16, .tick = OWN_CLOCK_TICK_US * 11 / 10 + 1},
		{.modes = ADJ_SETOFFSET, .time = {.tv_usec = 1000000}},
		{.modes = ADJ_SETOFFSET | ADJ_NANO, .time = {.tv_usec = 1000000000}},
		{.modes = ADJ_SETOFFSET, .time = {.tv_usec = -1}},
		{.modes = 0x0800},
	};
	struct own_clock_file file = plain_file();
	_cleanup_bench_ struct clock_bench bench = opened(&file, NULL);
	struct timex tx;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wishes); i++) {
		tx = wishes[i];
		assert_int_equal(adjust(&bench, NSEC_PER_SEC, &tx), -EINVAL);
	}
	assert_near(ahead_ns(bench.clock, HOUR_NS), 0, 0);
	tx = (struct timex){.modes = ADJ_OFFSET_SS_READ};
	assert_int_equal(adjust(&bench, NSEC_PER_SEC, &tx), TIME_ERROR);
	assert_int_equal(tx.offset, 0);
}

static void status_and_tai_are_kept(void **state)
{
	struct own_clock_file file = plain_file();
	_cleanup_bench_ struct clock_bench bench = opened(&file, NULL);
	struct timex tx = {.modes = ADJ_STATUS | ADJ_MAXERROR, .status = 0, .maxerror = 77};

	(void)state;
	assert_int_equal(adjust(&bench, 0, &tx), TIME_OK);
	tx = (struct timex){.modes = ADJ_TAI, .constant = 37};
	adjust(&bench, 0, &tx);
	tx = (struct timex){};
	assert_int_equal(adjust(&bench, 0, &tx), TIME_OK);
	assert_int_equal(tx.tai, 37);
	assert_int_equal(tx.maxerror, 77);
	assert_int_equal(own_clock_tai_s(bench.clock), 37);
	own_clock_set(bench.clock, START_MONO_NS, START_OWN_NS);
	assert_int_equal(adjust(&bench, 0, &tx), TIME_ERROR);
}

static void files_that_are_no_clock_are_refused(void **state)
{
	struct own_clock_file files[] = {plain_file(), plain_file(), plain_file()};

	(void)state;
	files[0].magic++;
	files[1].n_knots = 1;
	files[2].n_settings = 0;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		_cleanup_bench_ struct clock_bench bench = {};

		write_file(&bench, &files[i], NULL);
		assert_int_equal(own_clock_open(bench.path, false, &bench.clock), -EINVAL);
		assert_int_equal(truncate(bench.path, sizeof(files[i]) - 1), 0);
		assert_int_equal(own_clock_open(bench.path, false, &bench.clock), -EINVAL);
	}
}

static void brackets_narrow_and_a_step_of_the_machine_shows(void **state)
{
	struct own_clock_bounds bounds;

	(void)state;
	own_clock_bounds_init(&bounds);
	assert_true(own_clock_bounds_add(&bounds, 100, 1000130, 150));
	assert_true(own_clock_bounds_add(&bounds, 200, 1000210, 250));
	/* From 999980 and 999960 to 1000030 and 1000010, and a nanosecond of rounding. */
	assert_int_equal(bounds.low_ns, 999979);
	assert_int_equal(bounds.high_ns, 1000011);
	assert_int_equal(own_clock_bounds_middle_ns(&bounds), 999995);
	assert_false(own_clock_bounds_add(&bounds, 300, 900320, 340));
	assert_int_equal(own_clock_bounds_middle_ns(&bounds), 900000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_perfect_oscillator_keeps_its_distance),
		cmocka_unit_test(drift_and_wander_are_right_to_a_tenth_of_a_nanosecond_for_a_day),
		cmocka_unit_test(a_walk_of_frequency_is_straight_lines_between_knots),
		cmocka_unit_test(frequency_and_tick_are_a_rate_over_the_oscillator),
		cmocka_unit_test(a_hundred_thousand_adjustments_lose_nothing),
		cmocka_unit_test(a_step_is_seen_after_it_and_not_before),
		cmocka_unit_test(the_last_63_settings_are_remembered),
		cmocka_unit_test(what_the_model_does_not_have_is_refused_and_changes_nothing),
		cmocka_unit_test(status_and_tai_are_kept),
		cmocka_unit_test(files_that_are_no_clock_are_refused),
		cmocka_unit_test(brackets_narrow_and_a_step_of_the_machine_shows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
