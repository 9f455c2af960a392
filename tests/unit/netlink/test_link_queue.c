// SPDX-License-Identifier: GPL-2.0-or-later
/* The event queue: what it merges, what it must keep apart, and what happens when it is full. */
#include "netlink/link_queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CHANGED EBC_LINK_EVENT_CHANGED
#define REMOVED EBC_LINK_EVENT_REMOVED

static void assert_next(struct ebc_link_queue *queue, enum ebc_link_event_type type, int ifindex,
			const char *name)
{
	struct ebc_link_event event;

	assert_true(ebc_link_queue_pop(queue, &event));
	assert_int_equal(event.type, type);
	assert_int_equal(event.ifindex, ifindex);
	assert_string_equal(event.name, name);
}

static void assert_empty(struct ebc_link_queue *queue)
{
	struct ebc_link_event event = {.ifindex = 77};

	assert_false(ebc_link_queue_pop(queue, &event));
	assert_int_equal(event.ifindex, 77);
}

static void events_of_different_interfaces_come_in_order(void **state)
{
	struct ebc_link_queue queue = {0};

	(void)state;
	ebc_link_queue_push(&queue, CHANGED, 3, "c");
	ebc_link_queue_push(&queue, REMOVED, 1, "a");
	ebc_link_queue_push(&queue, CHANGED, 2, "b");
	assert_next(&queue, CHANGED, 3, "c");
	assert_next(&queue, REMOVED, 1, "a");
	assert_next(&queue, CHANGED, 2, "b");
	assert_empty(&queue);
}

static void changes_of_one_interface_become_one_with_the_last_name(void **state)
{
	struct ebc_link_queue queue = {0};

	(void)state;
	ebc_link_queue_push(&queue, CHANGED, 1, "old");
	ebc_link_queue_push(&queue, CHANGED, 2, "other");
	ebc_link_queue_push(&queue, CHANGED, 1, "new");
	ebc_link_queue_push(&queue, CHANGED, 1, "");
	assert_next(&queue, CHANGED, 2, "other");
	assert_next(&queue, CHANGED, 1, "new");
	assert_empty(&queue);
}

static void removal_makes_earlier_changes_pointless(void **state)
{
	struct ebc_link_queue queue = {0};

	(void)state;
	ebc_link_queue_push(&queue, CHANGED, 1, "a");
	ebc_link_queue_push(&queue, REMOVED, 1, "a");
	assert_next(&queue, REMOVED, 1, "a");
	assert_empty(&queue);
}

static void return_of_an_ifindex_keeps_the_removal_before_it(void **state)
{
	struct ebc_link_queue queue = {0};

	(void)state;
	ebc_link_queue_push(&queue, REMOVED, 1, "a");
	ebc_link_queue_push(&queue, CHANGED, 1, "b");
	ebc_link_queue_push(&queue, CHANGED, 1, "c");
	assert_next(&queue, REMOVED, 1, "a");
	assert_next(&queue, CHANGED, 1, "c");
	assert_empty(&queue);
}

static void second_removal_leaves_a_single_one(void **state)
{
	struct ebc_link_queue queue = {0};

	(void)state;
	ebc_link_queue_push(&queue, REMOVED, 1, "a");
	ebc_link_queue_push(&queue, CHANGED, 1, "b");
	ebc_link_queue_push(&queue, REMOVED, 1, "b");
	assert_next(&queue, REMOVED, 1, "b");
	assert_empty(&queue);
}

static void full_queue_holds_every_event(void **state)
{
	struct ebc_link_queue queue = {0};

	(void)state;
	for (int i = 1; i <= EBC_LINK_QUEUE_SIZE; i++)
		ebc_link_queue_push(&queue, CHANGED, i, "x");
	/* A merged one needs no place. */
	ebc_link_queue_push(&queue, CHANGED, 1, "y");
	for (int i = 2; i <= EBC_LINK_QUEUE_SIZE; i++)
		assert_next(&queue, CHANGED, i, "x");
	assert_next(&queue, CHANGED, 1, "y");
	assert_empty(&queue);
}

static void one_event_too_many_becomes_one_overrun(void **state)
{
	struct ebc_link_queue queue = {0};

	(void)state;
	for (int i = 1; i <= 10 * EBC_LINK_QUEUE_SIZE; i++)
		ebc_link_queue_push(&queue, CHANGED, i, "x");
	assert_next(&queue, EBC_LINK_EVENT_OVERRUN, 0, "");
	assert_empty(&queue);
}

static void overrun_covers_what_comes_until_it_is_read(void **state)
{
	struct ebc_link_queue queue = {0};

	(void)state;
	ebc_link_queue_push(&queue, CHANGED, 1, "a");
	ebc_link_queue_overrun(&queue);
	ebc_link_queue_push(&queue, REMOVED, 2, "b");
	ebc_link_queue_overrun(&queue);
	assert_next(&queue, EBC_LINK_EVENT_OVERRUN, 0, "");
	ebc_link_queue_push(&queue, REMOVED, 3, "c");
	assert_next(&queue, REMOVED, 3, "c");
	assert_empty(&queue);
}

static void longest_name_fits(void **state)
{
	struct ebc_link_queue queue = {0};

	(void)state;
	ebc_link_queue_push(&queue, CHANGED, 1, "fifteen_letters");
	assert_next(&queue, CHANGED, 1, "fifteen_letters");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_of_different_interfaces_come_in_order),
		cmocka_unit_test(changes_of_one_interface_become_one_with_the_last_name),
		cmocka_unit_test(removal_makes_earlier_changes_pointless),
		cmocka_unit_test(return_of_an_ifindex_keeps_the_removal_before_it),
		cmocka_unit_test(second_removal_leaves_a_single_one),
		cmocka_unit_test(full_queue_holds_every_event),
		cmocka_unit_test(one_event_too_many_becomes_one_overrun),
		cmocka_unit_test(overrun_covers_what_comes_until_it_is_read),
		cmocka_unit_test(longest_name_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
