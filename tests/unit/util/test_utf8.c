// SPDX-License-Identifier: GPL-2.0-or-later
/* What is UTF-8 stays, and what is not becomes question marks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "util/macros.h"
#include "util/utf8.h"

static void assert_cleaned(const char *text, const char *wanted)
{
	char clean[64];

	ebc_utf8_clean(text, clean, sizeof(clean));
	assert_string_equal(clean, wanted);
}

static void valid_text_stays(void **state)
{
	static const char *const valid[] = {"",
					    "eth0",
					    "a\"b\\c\x01\x7f",
					    "\xc2\x80\xdf\xbf",
					    "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf",
					    "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(valid); i++)
		assert_cleaned(valid[i], valid[i]);
}

static void every_octet_that_belongs_to_no_character_is_replaced(void **state)
{
	(void)state;
	assert_cleaned("a\x80z", "a?z");
	assert_cleaned("\xff\xfe", "??");
	assert_cleaned("\xc0\xaf", "??");	    /* overlong */
	assert_cleaned("\xe0\x9f\xbf", "???");	    /* overlong */
	assert_cleaned("\xed\xa0\x80", "???");	    /* surrogate */
	assert_cleaned("\xf0\x8f\xbf\xbf", "????"); /* overlong */
	assert_cleaned("\xf4\x90\x80\x80", "????"); /* beyond U+10FFFF */
	assert_cleaned("\xf5\x80\x80\x80", "????");
	assert_cleaned("x\xe2\x82", "x??"); /* ends within */
	assert_cleaned("\xe2\x82z", "??z");
	assert_cleaned("\xc3(", "?(");
	assert_cleaned("\xf0\x9f\x98.", "???.");
}

static void what_does_not_fit_is_cut_between_characters(void **state)
{
	char clean[6];

	(void)state;
	ebc_utf8_clean("abcdefgh", clean, sizeof(clean));
	assert_string_equal(clean, "abcde");
	ebc_utf8_clean("abc\xe2\x82\xac", clean, sizeof(clean));
	assert_string_equal(clean, "abc");
	ebc_utf8_clean("ab\xe2\x82\xac", clean, sizeof(clean));
	assert_string_equal(clean, "ab\xe2\x82\xac");
	ebc_utf8_clean("abc", clean, 1);
	assert_string_equal(clean, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_text_stays),
		cmocka_unit_test(every_octet_that_belongs_to_no_character_is_replaced),
		cmocka_unit_test(what_does_not_fit_is_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
