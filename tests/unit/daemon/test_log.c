// SPDX-License-Identifier: GPL-2.0-or-later
/* The log and its last lines, which are kept whatever is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "bc/daemon/log.h"

static void configure(int level)
{
	const struct log_options options = {.level = level, .to_stdout = true, .tag = "tag"};

	log_configure(&options);
}

static const char *last_line(void)
{
	return log_ring_get(log_lines(), log_lines()->last)->text;
}

static void notices_are_kept_though_they_are_not_written(void **state)
{
	uint64_t n = log_lines()->last;

	(void)state;
	configure(LOG_ERR);
	log_line(LOG_NOTICE, "a notice of %d", 7);
	assert_int_equal(log_lines()->last, n + 1);
	assert_string_equal(last_line(), "a notice of 7");
	assert_int_equal(log_ring_get(log_lines(), n + 1)->level, LOG_NOTICE);
	assert_true(log_ring_get(log_lines(), n + 1)->mono_ns > 0);
	log_limited(LOG_WARNING, LOG_KIND_FAULT, 3, "a warning");
	assert_string_equal(last_line(), "a warning");
}

static void what_is_less_than_a_notice_is_not_kept(void **state)
{
	uint64_t n = log_lines()->last;

	(void)state;
	configure(LOG_DEBUG);
	log_line(LOG_INFO, "an offset");
	log_limited(LOG_DEBUG, LOG_KIND_UTC, 3, "a stamp");
	assert_int_equal(log_lines()->last, n);
}

static void what_is_held_back_is_kept_once(void **state)
{
	uint64_t n = log_lines()->last;

	(void)state;
	configure(LOG_ERR);
	for (int i = 0; i < 1000; i++)
		log_limited(LOG_NOTICE, LOG_KIND_LOOP, 5, "heard %d", i);
	assert_int_equal(log_lines()->last, n + 1);
	assert_string_equal(last_line(), "heard 0");
}

/* Where lines go is a file meanwhile; returns how many octets went there. */
static long written(void (*run)(void))
{
	FILE *file = tmpfile();
	int saved = dup(STDOUT_FILENO);
	long len;

	assert_non_null(file);
	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	run();
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	fseek(file, 0, SEEK_END);
	len = ftell(file);
	fclose(file);
	return len;
}

static void write_a_notice(void)
{
	log_line(LOG_NOTICE, "a notice");
}

static void the_level_says_what_is_written(void **state)
{
	(void)state;
	configure(LOG_WARNING);
	assert_int_equal(written(write_a_notice), 0);
	configure(LOG_NOTICE);
	assert_true(written(write_a_notice) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notices_are_kept_though_they_are_not_written),
		cmocka_unit_test(what_is_less_than_a_notice_is_not_kept),
		cmocka_unit_test(what_is_held_back_is_kept_once),
		cmocka_unit_test(the_level_says_what_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
