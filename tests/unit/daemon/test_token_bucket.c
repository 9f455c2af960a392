// SPDX-License-Identifier: GPL-2.0-or-later
/* So many a second, and so many at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bc/daemon/token_bucket.h"

#define START_MONO_NS 5000000000ULL
#define MS_NS	      1000000ULL

static void a_full_bucket_gives_the_burst_and_then_the_rate(void **state)
{
	struct token_bucket bucket = token_bucket_new(1000, 250, START_MONO_NS);

	(void)state;
	assert_int_equal(token_bucket_available(&bucket, START_MONO_NS), 250);
	token_bucket_take(&bucket, 250);
	assert_int_equal(token_bucket_available(&bucket, START_MONO_NS), 0);
	assert_int_equal(token_bucket_available(&bucket, START_MONO_NS + MS_NS - 1), 0);
	assert_int_equal(token_bucket_available(&bucket, START_MONO_NS + MS_NS), 1);
	token_bucket_take(&bucket, 1);
	assert_int_equal(token_bucket_available(&bucket, START_MONO_NS + 101 * MS_NS), 100);
}

static void it_never_holds_more_than_the_burst(void **state)
{
	struct token_bucket bucket = token_bucket_new(1000, 250, START_MONO_NS);

	(void)state;
	token_bucket_take(&bucket, 7);
	assert_int_equal(token_bucket_available(&bucket, START_MONO_NS + 3600000 * MS_NS), 250);
	assert_int_equal(token_bucket_available(&bucket, UINT64_MAX), 250);
}

static void time_that_goes_back_brings_nothing(void **state)
{
	struct token_bucket bucket = token_bucket_new(1000, 1, START_MONO_NS);

	(void)state;
	token_bucket_take(&bucket, 1);
	assert_int_equal(token_bucket_available(&bucket, 0), 0);
	assert_int_equal(token_bucket_available(&bucket, START_MONO_NS + MS_NS), 1);
}

static void taking_more_than_there_is_leaves_none(void **state)
{
	struct token_bucket bucket = token_bucket_new(1000000, 3, START_MONO_NS);

	(void)state;
	token_bucket_take(&bucket, 1000);
	assert_int_equal(token_bucket_available(&bucket, START_MONO_NS), 0);
	assert_int_equal(token_bucket_available(&bucket, START_MONO_NS + 1000), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_bucket_gives_the_burst_and_then_the_rate),
		cmocka_unit_test(it_never_holds_more_than_the_burst),
		cmocka_unit_test(time_that_goes_back_brings_nothing),
		cmocka_unit_test(taking_more_than_there_is_leaves_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
