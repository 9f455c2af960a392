// SPDX-License-Identifier: GPL-2.0-or-later
/* Why a reload was refused: which line of the log it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <syslog.h>
#include <cmocka.h>

#include "bc/daemon/refusal.h"

static struct log_ring ring;

static int setup(void **state)
{
	(void)state;
	memset(&ring, 0, sizeof(ring));
	refusal_clear();
	return 0;
}

static void the_first_error_of_the_reload_is_the_reason(void **state)
{
	(void)state;
	log_ring_add(&ring, 10, LOG_ERR, "of before");
	log_ring_add(&ring, 20, LOG_NOTICE, "reload: starting anew");
	log_ring_add(&ring, 30, LOG_ERR, "reload: bc.conf:7: unknown option");
	log_ring_add(&ring, 40, LOG_ERR, "reload: the configuration stays as it was");
	assert_null(refusal_get());
	refusal_note(&ring, 1);
	assert_string_equal(refusal_get()->reason, "bc.conf:7: unknown option");
	assert_int_equal(refusal_get()->since_mono_ns, 30);
}

static void a_later_refusal_has_its_own_reason_and_what_is_taken_ends_it(void **state)
{
	(void)state;
	log_ring_add(&ring, 10, LOG_ERR, "one");
	refusal_note(&ring, 0);
	log_ring_add(&ring, 20, LOG_CRIT, "two");
	refusal_note(&ring, 1);
	assert_string_equal(refusal_get()->reason, "two");
	refusal_clear();
	assert_null(refusal_get());
}

static void it_is_one_line_that_a_terminal_does_not_obey(void **state)
{
	(void)state;
	log_ring_add(&ring, 10, LOG_ERR, "a\nWATCHDOG=trigger \033[2J \303\244");
	refusal_note(&ring, 0);
	assert_string_equal(refusal_get()->reason, "a?WATCHDOG=trigger ?[2J ??");
}

static void of_a_long_reload_the_oldest_line_that_is_kept_is_looked_at_first(void **state)
{
	(void)state;
	log_ring_add(&ring, 10, LOG_ERR, "forgotten");
	log_ring_add(&ring, 20, LOG_ERR, "kept");
	for (int i = 0; i < LOG_RING_LINES - 2; i++)
		log_ring_add(&ring, 30, LOG_NOTICE, "link up");
	log_ring_add(&ring, 40, LOG_ERR, "in the place of the first");
	refusal_note(&ring, 0);
	assert_string_equal(refusal_get()->reason, "kept");
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup(test, setup)
	const struct CMUnitTest tests[] = {
		CASE(the_first_error_of_the_reload_is_the_reason),
		CASE(a_later_refusal_has_its_own_reason_and_what_is_taken_ends_it),
		CASE(it_is_one_line_that_a_terminal_does_not_obey),
		CASE(of_a_long_reload_the_oldest_line_that_is_kept_is_looked_at_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
