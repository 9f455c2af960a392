// SPDX-License-Identifier: GPL-2.0-or-later
/* Where in the driver's time a stamp is put. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "bc/daemon/tx_stamp.h"

#define START_MONO_NS 1000000000ULL

static int64_t after_start_ns(struct tx_stamp_history *history, uint32_t driver_ns)
{
	return (int64_t)(tx_stamp_mono_ns(history, 1, START_MONO_NS, driver_ns) - START_MONO_NS);
}

static void the_usual_frame_is_stamped_early_in_the_drivers_time(void **state)
{
	struct tx_stamp_history history = {};

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(after_start_ns(&history, 3000), 600);
}

static void a_driver_that_takes_longer_moves_the_stamp_and_not_the_usual_one(void **state)
{
	struct tx_stamp_history history = {};

	(void)state;
	for (int i = 0; i < 100; i++)
		after_start_ns(&history, 3000);
	/* The mean moves by a 64th. */
	assert_in_range(after_start_ns(&history, 4000), 1300 - 20, 1300);
	assert_true(llabs(after_start_ns(&history, 2000) - (-100)) < 20);
	assert_in_range(after_start_ns(&history, 3000), 590, 610);
}

static void one_wild_time_changes_little_for_those_that_follow(void **state)
{
	struct tx_stamp_history history = {};

	(void)state;
	for (int i = 0; i < 100; i++)
		after_start_ns(&history, 3000);
	after_start_ns(&history, UINT32_MAX);
	assert_in_range(after_start_ns(&history, 3000), 600 - 120, 600);
}

static void a_wild_first_one_is_soon_forgotten(void **state)
{
	struct tx_stamp_history history = {};
	int64_t first_ns = after_start_ns(&history, 60000), last_ns = 0;

	(void)state;
	assert_int_equal(first_ns, 12000);
	for (int i = 0; i < 200; i++)
		last_ns = after_start_ns(&history, 3000);
	assert_true(llabs(last_ns - 600) < 100);
}

static void the_usual_time_follows_a_change_of_load(void **state)
{
	struct tx_stamp_history history = {};

	(void)state;
	for (int i = 0; i < 200; i++)
		after_start_ns(&history, 5000);
	for (int i = 0; i < 8; i++)
		after_start_ns(&history, 500);
	assert_int_equal(after_start_ns(&history, 500), 100);
	for (int i = 0; i < 8; i++)
		after_start_ns(&history, 4000 + 100 * (i % 2));
	assert_in_range(after_start_ns(&history, 4050), 800, 820);
}

static void frames_without_a_measured_time_keep_their_start(void **state)
{
	struct tx_stamp_history history = {};

	(void)state;
	assert_int_equal(after_start_ns(&history, 0), 0);
	assert_int_equal(after_start_ns(&history, 0), 0);
}

static void the_drivers_own_stamp_is_taken_where_it_was_asked_for_and_can_be_true(void **state)
{
	struct tx_stamp_history history = {};

	(void)state;
	for (int i = 0; i < 100; i++)
		after_start_ns(&history, 3000);
	assert_true(tx_stamp_asks_driver(&history, 1));
	tx_stamp_handle_driver(&history, 1, START_MONO_NS + 1234);
	assert_int_equal(after_start_ns(&history, 3000), 1234);
	/* Only once. */
	assert_int_equal(after_start_ns(&history, 3000), 600);
	/* Of another frame; outside the driver's time; not come. */
	assert_true(tx_stamp_asks_driver(&history, 1));
	tx_stamp_handle_driver(&history, 2, START_MONO_NS + 1234);
	assert_int_equal(after_start_ns(&history, 3000), 600);
	assert_true(tx_stamp_asks_driver(&history, 1));
	tx_stamp_handle_driver(&history, 1, START_MONO_NS + 30000);
	assert_int_equal(after_start_ns(&history, 3000), 600);
	assert_true(tx_stamp_asks_driver(&history, 1));
	tx_stamp_handle_driver(&history, 1, START_MONO_NS - 30000);
	assert_int_equal(after_start_ns(&history, 3000), 600);
	assert_true(tx_stamp_asks_driver(&history, 1));
	assert_int_equal(after_start_ns(&history, 3000), 600);
}

static void the_drivers_stamp_moves_with_what_it_takes_afterwards_but_not_with_an_interruption(void **state)
{
	struct tx_stamp_history history = {};

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_true(tx_stamp_asks_driver(&history, 1));
		tx_stamp_handle_driver(&history, 1, START_MONO_NS + 1000);
		assert_int_equal(after_start_ns(&history, 3000), 1000);
	}
	assert_true(tx_stamp_asks_driver(&history, 1));
	assert_true(tx_stamp_awaits_driver(&history, 1));
	assert_false(tx_stamp_awaits_driver(&history, 2));
	tx_stamp_handle_driver(&history, 1, START_MONO_NS + 1000);
	assert_false(tx_stamp_awaits_driver(&history, 1));
	/* 1000 later than usual; the mean moves by a 64th of that. */
	assert_in_range(after_start_ns(&history, 4000), 1600 - 20, 1600);
	assert_true(tx_stamp_asks_driver(&history, 1));
	tx_stamp_handle_driver(&history, 1, START_MONO_NS + 1000);
	assert_in_range(after_start_ns(&history, 300000), 1000 + 1200, 1000 + 1300);
}

static void a_driver_that_begins_late_is_noticed_and_not_at_every_change(void **state)
{
	struct tx_stamp_history history = {};
	bool is_far = false;

	(void)state;
	assert_false(tx_stamp_is_driver_far(&history, false));
	/* Its stamp after 2000 of 5000, after 3500 of 6000, after 2300 of 5000. */
	for (int phase = 0; phase < 4; phase++) {
		static const uint32_t before_ns[] = {2000, 3500, 2300, 1500},
				      driver_ns[] = {5000, 6000, 5000, 5000};
		static const bool expected[] = {false, true, true, false};

		for (uint16_t i = 0; i < 300; i++) {
			assert_true(tx_stamp_asks_driver(&history, i));
			tx_stamp_handle_driver(&history, i, START_MONO_NS + before_ns[phase]);
			tx_stamp_mono_ns(&history, i, START_MONO_NS, driver_ns[phase]);
			is_far = tx_stamp_is_driver_far(&history, is_far);
		}
		assert_int_equal(is_far, expected[phase]);
	}
}

static void a_driver_that_never_answers_is_hardly_asked(void **state)
{
	struct tx_stamp_history history = {};
	unsigned int n_asked = 0;

	(void)state;
	/* One lost answer among others does not matter, nor frames that never left. */
	for (uint16_t i = 0; i < 100; i++) {
		assert_true(tx_stamp_asks_driver(&history, i));
		if (i % 3)
			tx_stamp_handle_driver(&history, i, START_MONO_NS);
		tx_stamp_mono_ns(&history, i, START_MONO_NS, 3000);
	}
	for (uint16_t i = 0; i < 100; i++)
		assert_true(tx_stamp_asks_driver(&history, i));
	for (uint16_t i = 0; i < 2000; i++) {
		n_asked += tx_stamp_asks_driver(&history, i);
		tx_stamp_mono_ns(&history, i, START_MONO_NS, 3000);
	}
	assert_in_range(n_asked, 10, 20);
	/* Another one, after all. */
	tx_stamp_handle_driver(&history, 1, START_MONO_NS);
	assert_true(tx_stamp_asks_driver(&history, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_usual_frame_is_stamped_early_in_the_drivers_time),
		cmocka_unit_test(a_driver_that_takes_longer_moves_the_stamp_and_not_the_usual_one),
		cmocka_unit_test(one_wild_time_changes_little_for_those_that_follow),
		cmocka_unit_test(a_wild_first_one_is_soon_forgotten),
		cmocka_unit_test(the_usual_time_follows_a_change_of_load),
		cmocka_unit_test(frames_without_a_measured_time_keep_their_start),
		cmocka_unit_test(the_drivers_own_stamp_is_taken_where_it_was_asked_for_and_can_be_true),
		cmocka_unit_test(
			the_drivers_stamp_moves_with_what_it_takes_afterwards_but_not_with_an_interruption),
		cmocka_unit_test(a_driver_that_begins_late_is_noticed_and_not_at_every_change),
		cmocka_unit_test(a_driver_that_never_answers_is_hardly_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
