// SPDX-License-Identifier: GPL-2.0-or-later
/* Times as people read them: three digits and a unit, whatever is rounded where. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ctl/words.h"

static void assert_words(double ns, const char *expected)
{
	char text[WORDS_SIZE];

	assert_ptr_equal(words_ns(ns, text), text);
	assert_string_equal(text, expected);
}

static void a_time_has_three_digits_and_a_unit(void **state)
{
	(void)state;
	assert_words(0, "0 ns");
	assert_words(-34, "-34 ns");
	assert_words(999.4, "999 ns");
	assert_words(1234, "1.23 us");
	assert_words(-12345, "-12.3 us");
	assert_words(123456, "123 us");
	assert_words(1.5e6, "1.50 ms");
	assert_words(2e9, "2.00 s");
	assert_words(1234567e9, "1234567 s");
}

static void what_is_rounded_up_goes_on_with_the_digits_of_the_next_size(void **state)
{
	(void)state;
	assert_words(999.5, "1.00 us");
	assert_words(9994, "9.99 us");
	assert_words(9996, "10.0 us");
	assert_words(99940, "99.9 us");
	assert_words(99960, "100 us");
	assert_words(999600, "1.00 ms");
}

static void what_is_not_known_is_a_dash(void **state)
{
	(void)state;
	assert_words(NAN, "-");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_has_three_digits_and_a_unit),
		cmocka_unit_test(what_is_rounded_up_goes_on_with_the_digits_of_the_next_size),
		cmocka_unit_test(what_is_not_known_is_a_dash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
