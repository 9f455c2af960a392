// SPDX-License-Identifier: GPL-2.0-or-later
/* When Sync may be one-step, and what is allowed for the way to the wire. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bc/daemon/one_step.h"
#include "util/macros.h"

#define SECOND ((uint64_t)NSEC_PER_SEC)

static struct one_step one_step;
static uint64_t now_mono_ns;

static int setup(void **state)
{
	(void)state;
	one_step = (struct one_step){};
	now_mono_ns = 1000 * SECOND;
	return 0;
}

/* `n` Syncs that wait for queue_ns and then are in the driver for 600 ns before their stamp. */
static void feed(unsigned int n, uint64_t queue_ns)
{
	for (unsigned int i = 0; i < n; i++) {
		now_mono_ns += SECOND / 8;
		one_step_handle_sync(&one_step, now_mono_ns, now_mono_ns + queue_ns,
				     now_mono_ns + queue_ns + 600);
	}
}

static bool is_on(void)
{
	return one_step_is_on(&one_step, now_mono_ns);
}

static void nothing_is_known_before_eight_syncs(void **state)
{
	(void)state;
	assert_false(is_on());
	feed(7, 1000);
	assert_false(is_on());
	feed(1, 1000);
	assert_true(is_on());
	assert_int_equal(one_step_allowance_ns(&one_step), 1600);
	assert_int_equal(one_step_queue_ns(&one_step), 1000);
}

static void a_queue_of_half_of_the_syncs_ends_it(void **state)
{
	(void)state;
	feed(30, 1000);
	feed(3, 12000);
	assert_true(is_on());
	feed(1, 1000);
	assert_true(is_on());
	feed(1, 12000);
	assert_false(is_on());
	assert_true(one_step.has_queue);
	assert_int_equal(one_step_queue_ns(&one_step), 12000);
	feed(3, 1000);
	assert_false(is_on());
}

static void two_long_waits_in_a_row_end_it_at_once(void **state)
{
	(void)state;
	feed(30, 1000);
	feed(1, 3000000);
	assert_true(is_on()); /* somebody took the CPU for a moment */
	feed(1, 1000);
	feed(1, 3000000);
	assert_true(is_on());
	feed(1, 3000000);
	assert_false(is_on());
}

static void it_comes_back_after_sixteen_syncs_without_a_queue(void **state)
{
	(void)state;
	feed(30, 1000);
	feed(30, 40000);
	assert_false(is_on());
	/* Four until half of the recent ones are short, and sixteen from there, with that one. */
	feed(4 + 15, 1000);
	assert_false(is_on());
	feed(1, 1000);
	assert_true(is_on());
	assert_false(one_step.has_queue);
}

static void a_queue_that_comes_and_goes_keeps_it_off(void **state)
{
	(void)state;
	feed(8, 1000);
	feed(8, 40000);
	for (int i = 0; i < 20; i++) {
		feed(12, 1000);
		assert_false(is_on());
		feed(8, 40000);
		assert_false(is_on());
	}
}

static void a_queue_from_the_beginning_keeps_it_off(void **state)
{
	(void)state;
	feed(100, 10000);
	assert_false(is_on());
}

static void what_is_known_grows_old(void **state)
{
	(void)state;
	feed(30, 1000);
	now_mono_ns += 59 * SECOND;
	assert_true(is_on());
	now_mono_ns += 2 * SECOND;
	assert_false(is_on());
	assert_false(one_step.has_queue);
	feed(1, 1000);
	assert_true(is_on());
}

static void the_allowance_is_the_mean_and_wild_ones_count_little(void **state)
{
	(void)state;
	for (int i = 0; i < 16; i++) {
		feed(1, 1000);
		feed(1, 3000);
	}
	assert_int_equal(one_step_allowance_ns(&one_step), 2600);
	setup(state);
	feed(31, 1000);
	feed(1, 900000);
	assert_int_equal(one_step_allowance_ns(&one_step), 1650);
	feed(32, 2000);
	assert_int_equal(one_step_allowance_ns(&one_step), 2600);
}

static void stamps_that_cannot_be_are_not_taken(void **state)
{
	(void)state;
	feed(8, 1000);
	for (int i = 0; i < 20; i++) {
		one_step_handle_sync(&one_step, now_mono_ns, now_mono_ns - 1, now_mono_ns);
		one_step_handle_sync(&one_step, now_mono_ns, now_mono_ns, now_mono_ns - 1);
		one_step_handle_sync(&one_step, now_mono_ns, now_mono_ns + 3 * SECOND,
				     now_mono_ns + 3 * SECOND);
	}
	assert_true(is_on());
	assert_int_equal(one_step_allowance_ns(&one_step), 1600);
}

#define T(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(nothing_is_known_before_eight_syncs),
		T(a_queue_of_half_of_the_syncs_ends_it),
		T(two_long_waits_in_a_row_end_it_at_once),
		T(it_comes_back_after_sixteen_syncs_without_a_queue),
		T(a_queue_that_comes_and_goes_keeps_it_off),
		T(a_queue_from_the_beginning_keeps_it_off),
		T(what_is_known_grows_old),
		T(the_allowance_is_the_mean_and_wild_ones_count_little),
		T(stamps_that_cannot_be_are_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
