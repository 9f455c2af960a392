// SPDX-License-Identifier: GPL-2.0-or-later
/* The ring of offsets: what is told to whom. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/exporter/trace.h"
#include "util/macros.h"

static struct trace trace;

static void add(uint64_t n, uint64_t mono_ns)
{
	for (uint64_t i = 0; i < n; i++)
		trace_add(&trace, &(struct trace_row){.mono_ns = mono_ns, .offset_ns = (int64_t)trace.n + 1});
}

static void each_row_is_told_once(void **state)
{
	(void)state;
	trace.n = 0;
	assert_int_equal(trace_first(&trace, 0, 1), 1);
	add(3, 1);
	assert_int_equal(trace_first(&trace, 0, 2), 1);
	assert_int_equal(trace_first(&trace, 2, 2), 3);
	assert_int_equal(trace_first(&trace, 3, 2), 4);
	assert_int_equal(trace_get(&trace, 3)->offset_ns, 3);
}

static void who_knows_another_trace_gets_all_of_this(void **state)
{
	(void)state;
	trace.n = 0;
	add(3, 1);
	assert_int_equal(trace_first(&trace, 4, 2), 1);
}

static void what_is_overwritten_is_not_told(void **state)
{
	(void)state;
	trace.n = 0;
	add(TRACE_ROWS + 5, 1);
	assert_int_equal(trace_first(&trace, 0, 2), 6);
	assert_int_equal(trace_get(&trace, 6)->offset_ns, 6);
	assert_int_equal(trace_get(&trace, TRACE_ROWS + 5)->offset_ns, TRACE_ROWS + 5);
	assert_int_equal(trace_first(&trace, 7, 2), 8);
}

static void what_is_older_than_ten_minutes_is_not_told(void **state)
{
	(void)state;
	trace.n = 0;
	add(4, 1);
	add(2, 5 * NSEC_PER_SEC);
	assert_int_equal(trace_first(&trace, 0, TRACE_SPAN_NS + 2), 5);
	assert_int_equal(trace_first(&trace, 0, 2 * TRACE_SPAN_NS), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_is_told_once),
		cmocka_unit_test(who_knows_another_trace_gets_all_of_this),
		cmocka_unit_test(what_is_overwritten_is_not_told),
		cmocka_unit_test(what_is_older_than_ten_minutes_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
