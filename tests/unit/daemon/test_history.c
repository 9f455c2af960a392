// SPDX-License-Identifier: GPL-2.0-or-later
/* The rings of offsets and log lines: numbers, what is kept, and what offsets amount to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "bc/daemon/history.h"
#include "bc/daemon/log_ring.h"
#include "util/macros.h"

#define SPAN_NS (2 * (uint64_t)NSEC_PER_SEC)

static struct history *history;

static int setup(void **state)
{
	(void)state;
	history = history_new(0);
	return history ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	history_free(history);
	return 0;
}

/* Row n has the offset n and is measured at n seconds. */
static void add(int64_t n)
{
	history_add(history, &(struct history_row){.mono_ns = (uint64_t)(n * NSEC_PER_SEC), .offset_ns = n});
}

static void rows_are_numbered_from_1_and_the_oldest_go(void **state)
{
	(void)state;
	assert_int_equal(history_last(history), 0);
	assert_int_equal(history_first(history), 1);
	for (int64_t i = 1; i <= HISTORY_ROWS; i++)
		add(i);
	assert_int_equal(history_first(history), 1);
	assert_int_equal(history_get(history, 1)->offset_ns, 1);
	add(HISTORY_ROWS + 1);
	assert_int_equal(history_first(history), 2);
	assert_int_equal(history_last(history), HISTORY_ROWS + 1);
	for (uint64_t i = 2; i <= HISTORY_ROWS + 1; i++)
		assert_int_equal(history_get(history, i)->offset_ns, i);
}

static void a_successor_counts_on(void **state)
{
	(void)state;
	history_free(history);
	history = history_new(1000);
	assert_int_equal(history_last(history), 1000);
	assert_int_equal(history_first(history), 1001);
	assert_int_equal(history_summarize(history, 0, SPAN_NS, SPAN_NS).n, 0);
	add(7);
	assert_int_equal(history_first(history), 1001);
	assert_int_equal(history_get(history, 1001)->offset_ns, 7);
}

static void offsets_of_the_span_are_summed_up(void **state)
{
	struct history_summary s;

	(void)state;
	add(1000); /* long ago */
	history_add(history, &(struct history_row){.mono_ns = 1001 * NSEC_PER_SEC, .offset_ns = -40});
	history_add(history, &(struct history_row){.mono_ns = 1002 * NSEC_PER_SEC,
						   .offset_ns = 30,
						   .path_delay_ns = 412,
						   .frequency_ppb = -1.5});
	s = history_summarize(history, 0, 1003 * (uint64_t)NSEC_PER_SEC, SPAN_NS);
	assert_int_equal(s.n, 2);
	assert_int_equal(s.last_ns, 30);
	assert_int_equal(s.max_ns, 40);
	assert_true(s.rms_ns > 35.35 && s.rms_ns < 35.36);
	assert_int_equal(s.last_mono_ns, 1002 * NSEC_PER_SEC);
	assert_int_equal(s.path_delay_ns, 412);
	assert_true(s.frequency_ppb == -1.5);
}

static void of_old_offsets_the_last_is_told(void **state)
{
	struct history_summary s;

	(void)state;
	assert_int_equal(history_summarize(history, 0, SPAN_NS, SPAN_NS).n, 0);
	add(1);
	add(2);
	s = history_summarize(history, 0, 100 * (uint64_t)NSEC_PER_SEC, SPAN_NS);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.last_ns, 2);
	assert_true(s.rms_ns == 2.0);
}

static void offsets_from_another_master_do_not_count(void **state)
{
	(void)state;
	add(1);
	add(2);
	assert_int_equal(history_summarize(history, 2, 3 * (uint64_t)NSEC_PER_SEC, SPAN_NS).n, 0);
	add(3);
	assert_int_equal(history_summarize(history, 2, 3 * (uint64_t)NSEC_PER_SEC, SPAN_NS).n, 1);
}

static void a_stamp_ahead_of_now_is_of_now(void **state)
{
	(void)state;
	add(5);
	add(6);
	assert_int_equal(history_summarize(history, 0, 5 * (uint64_t)NSEC_PER_SEC, SPAN_NS).n, 2);
}

static void lines_are_kept_and_long_ones_cut(void **state)
{
	static struct log_ring ring;
	char text[2 * LOG_RING_TEXT];

	(void)state;
	assert_int_equal(log_ring_first(&ring), 1);
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (uint64_t i = 1; i <= LOG_RING_LINES + 3; i++)
		log_ring_add(&ring, i, (int)(i % 6), text);
	assert_int_equal(ring.last, LOG_RING_LINES + 3);
	assert_int_equal(log_ring_first(&ring), 4);
	assert_int_equal(log_ring_get(&ring, 4)->mono_ns, 4);
	assert_int_equal(log_ring_get(&ring, LOG_RING_LINES + 3)->mono_ns, LOG_RING_LINES + 3);
	assert_int_equal(log_ring_get(&ring, 5)->level, 5);
	assert_int_equal(strlen(log_ring_get(&ring, 5)->text), LOG_RING_TEXT - 1);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(rows_are_numbered_from_1_and_the_oldest_go), CASE(a_successor_counts_on),
		CASE(offsets_of_the_span_are_summed_up),	  CASE(of_old_offsets_the_last_is_told),
		CASE(offsets_from_another_master_do_not_count),	  CASE(a_stamp_ahead_of_now_is_of_now),
		CASE(lines_are_kept_and_long_ones_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
