// SPDX-License-Identifier: GPL-2.0-or-later
/* Leap second files, and what is believed of what masters say of UTC. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "bc/engine/leap.h"
#include "bc/engine/utc.h"
#include "util/macros.h"

#define NTP_S	    2208988800LL
#define MIDNIGHT_S  1483228800LL /* 2017-01-01, before which a second was inserted */
#define OTHER_DAY_S 1483315200LL /* the day after */
#define LIST_OF_2017                                                 \
	"#$ 3676924800\n#@ 3723753600\n3550089600 35 # 1 Jul 2012\n" \
	"3644697600\t36\t# 1 Jul 2015\n# text\n\n3692217600 37 # 1 Jan 2017\n"

static struct bc_leap_table parsed(const char *text)
{
	struct bc_leap_table table;

	assert_int_equal(bc_leap_table_parse(text, strlen(text), &table), 0);
	return table;
}

static void a_file_tells_the_offset_at_every_time_and_the_leap_second_on_its_day(void **state)
{
	struct bc_leap_table table = parsed(LIST_OF_2017);
	static const struct {
		int64_t tai_s;
		struct bc_leap_info info;
	} rows[] = {
		{MIDNIGHT_S + 37, {true, 37, 0}},
		{MIDNIGHT_S + 36, {true, 36, 1}}, /* 23:59:60 */
		{MIDNIGHT_S + 36 - 86000, {true, 36, 1}},
		{MIDNIGHT_S + 36 - 86401, {true, 36, 0}},
		{3644697600LL - NTP_S + 36, {true, 36, 0}},
		{3723753600LL - NTP_S + 37, {false, 37, 0}}, /* expired */
		{3550089600LL - NTP_S, {false, 0, 0}},	     /* before its first */
	};

	(void)state;
	assert_int_equal(table.n, 3);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bc_leap_info info = bc_leap_table_at(&table, rows[i].tai_s);

		assert_int_equal(info.is_valid, rows[i].info.is_valid);
		assert_int_equal(info.utc_offset_s, rows[i].info.utc_offset_s);
		assert_int_equal(info.leap, rows[i].info.leap);
	}
}

static void a_second_left_out_is_told_likewise(void **state)
{
	struct bc_leap_table table = parsed("3644697600 36\n3692217600 35\n");

	(void)state;
	assert_int_equal(bc_leap_table_at(&table, MIDNIGHT_S + 34).leap, -1);
	assert_int_equal(bc_leap_table_at(&table, MIDNIGHT_S + 34).utc_offset_s, 36);
	assert_int_equal(bc_leap_table_at(&table, MIDNIGHT_S + 35).utc_offset_s, 35);
	assert_int_equal(bc_leap_table_at(&table, MIDNIGHT_S + 35).leap, 0);
}

static void a_file_that_is_none_is_refused_whole(void **state)
{
	static const char *const texts[] = {
		"",
		"# nothing\n",
		"3692217600\n",
		"3692217600 37 2017\n",
		"3692217600 37x\n",
		"x 37\n",
		"-3692217600 37\n",
		"3692217600 9\n",
		"3692217600 256\n",
		"3692217600 37\n3644697600 38\n",
		"3644697600 36\n3692217600 38\n",
		"3644697600 36\n3692217600 36\n",
		"99999999999999999999999999 37\n",
		"#@ never\n3692217600 37\n",
	};
	struct bc_leap_table table = {.n = 77};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(bc_leap_table_parse(texts[i], strlen(texts[i]), &table), -EINVAL);
	assert_int_equal(table.n, 77);
}

static void more_leap_seconds_than_there_is_room_for_are_refused(void **state)
{
	char text[4096] = "";
	struct bc_leap_table table;
	size_t len = 0;

	(void)state;
	for (int i = 0; i <= BC_LEAPS_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%d %d\n", 1000 + i * 100000, 20 + i);
	assert_int_equal(bc_leap_table_parse(text, len, &table), -EINVAL);
	*strrchr(text, '\n') = '\0';
	len = (size_t)(strrchr(text, '\n') - text);
	assert_int_equal(bc_leap_table_parse(text, len, &table), 0);
	assert_int_equal(table.n, BC_LEAPS_MAX);
}

static struct bc_utc at_37(void)
{
	struct bc_utc utc;

	bc_utc_init(&utc, false, 37);
	return utc;
}

static enum bc_utc_verdict hear(struct bc_utc *utc, int16_t offset_s, int8_t leap, int64_t utc_s)
{
	struct bc_utc_words words = {
		.is_trusted = true, .offset_s = offset_s, .is_leap_told = true, .leap = leap};

	return bc_utc_hear(utc, &words, (utc_s + utc->offset_s) * NSEC_PER_SEC);
}

static void an_offset_out_of_range_or_far_from_a_trusted_one_is_refused(void **state)
{
	struct bc_utc utc = at_37();

	(void)state;
	assert_int_equal(hear(&utc, 9, 0, OTHER_DAY_S), BC_UTC_REFUSED);
	assert_int_equal(hear(&utc, 256, 0, OTHER_DAY_S), BC_UTC_REFUSED);
	/* Only configured so far: may be wrong by any amount. */
	assert_int_equal(hear(&utc, 33, 0, OTHER_DAY_S), BC_UTC_OFFSET);
	assert_int_equal(hear(&utc, 35, 0, OTHER_DAY_S), BC_UTC_REFUSED);
	assert_int_equal(hear(&utc, 31, 0, OTHER_DAY_S), BC_UTC_REFUSED);
	assert_int_equal(utc.offset_s, 33);
	assert_int_equal(hear(&utc, 34, 0, OTHER_DAY_S), BC_UTC_OFFSET);
	assert_int_equal(utc.offset_s, 34);
}

static void an_offset_that_is_not_trusted_any_more_stays(void **state)
{
	struct bc_utc utc = at_37();
	struct bc_utc_words words = {.offset_s = 36};

	(void)state;
	assert_int_equal(bc_utc_hear(&utc, &words, OTHER_DAY_S * NSEC_PER_SEC), BC_UTC_SAME);
	assert_int_equal(utc.offset_s, 37);
	assert_int_equal(hear(&utc, 38, 0, OTHER_DAY_S), BC_UTC_OFFSET);
	words.offset_s = 37;
	assert_int_equal(bc_utc_hear(&utc, &words, OTHER_DAY_S * NSEC_PER_SEC), BC_UTC_SAME);
	assert_int_equal(utc.offset_s, 38);
}

static void a_leap_second_is_believed_in_the_last_half_of_a_months_last_day_alone(void **state)
{
	static const struct {
		int64_t utc_s;
		bool is_believed;
	} rows[] = {
		{MIDNIGHT_S - 1, true},
		{MIDNIGHT_S - 43200, true},
		{MIDNIGHT_S - 43201, false},
		{MIDNIGHT_S + 1, false},
		{MIDNIGHT_S + 86399, false},
		{MIDNIGHT_S + 59 * 86400 - 1, true},  /* 28 February 2017 */
		{MIDNIGHT_S - 306 * 86400 - 1, true}, /* 29 February 2016 */
		{MIDNIGHT_S - 307 * 86400 - 1, false},
		{4107542400LL - 1, true}, /* 28 February 2100 */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct bc_utc utc = at_37();

		hear(&utc, 37, 1, rows[i].utc_s);
		assert_int_equal(utc.leap, rows[i].is_believed);
		if (utc.leap)
			assert_int_equal(utc.leap_ptp_ns % (86400 * NSEC_PER_SEC), 37 * NSEC_PER_SEC);
	}
}

static void a_leap_second_can_be_called_off_until_shortly_before(void **state)
{
	struct bc_utc utc = at_37();

	(void)state;
	hear(&utc, 37, 1, MIDNIGHT_S - 100);
	assert_int_equal(utc.leap, 1);
	hear(&utc, 37, 0, MIDNIGHT_S - 90);
	assert_int_equal(utc.leap, 0);
	hear(&utc, 37, -1, MIDNIGHT_S - 80);
	assert_int_equal(utc.leap, -1);
	assert_true(utc.leap_ptp_ns == (MIDNIGHT_S + 36) * NSEC_PER_SEC);
	hear(&utc, 37, 0, MIDNIGHT_S - 3);
	assert_int_equal(utc.leap, -1);
}

static void masters_that_are_early_or_late_about_it_change_nothing(void **state)
{
	struct bc_utc utc = at_37();

	(void)state;
	hear(&utc, 37, 1, MIDNIGHT_S - 100);
	assert_int_equal(hear(&utc, 38, 0, MIDNIGHT_S - 1), BC_UTC_SAME);
	assert_int_equal(utc.offset_s, 37);
	assert_int_equal(utc.leap, 1);
	bc_utc_leap_now(&utc);
	assert_int_equal(utc.offset_s, 38);
	assert_int_equal(hear(&utc, 37, 1, MIDNIGHT_S - 1), BC_UTC_SAME);
	assert_int_equal(utc.leap, 0);
	assert_int_equal(hear(&utc, 37, 1, MIDNIGHT_S + 1), BC_UTC_SAME);
	assert_int_equal(hear(&utc, 38, 1, MIDNIGHT_S + 2), BC_UTC_SAME);
	assert_int_equal(hear(&utc, 37, 0, MIDNIGHT_S + 500), BC_UTC_SAME);
	assert_int_equal(utc.offset_s, 38);
	assert_int_equal(utc.leap, 0);
	/* In the end it is what they mean. */
	assert_int_equal(hear(&utc, 37, 0, MIDNIGHT_S + 700), BC_UTC_OFFSET);
}

static void an_arbitrary_time_scale_has_no_offset_and_the_known_one_comes_back(void **state)
{
	struct bc_utc utc = at_37();
	struct bc_utc_words words = {.is_arbitrary = true, .is_trusted = true, .offset_s = 20};

	(void)state;
	hear(&utc, 38, 0, OTHER_DAY_S);
	assert_int_equal(bc_utc_hear(&utc, &words, OTHER_DAY_S * NSEC_PER_SEC), BC_UTC_SCALE);
	assert_int_equal(utc.offset_s, 0);
	assert_int_equal(bc_utc_hear(&utc, &words, OTHER_DAY_S * NSEC_PER_SEC), BC_UTC_SAME);
	words.is_arbitrary = words.is_trusted = false;
	assert_int_equal(bc_utc_hear(&utc, &words, OTHER_DAY_S * NSEC_PER_SEC), BC_UTC_SCALE);
	assert_int_equal(utc.offset_s, 38);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_tells_the_offset_at_every_time_and_the_leap_second_on_its_day),
		cmocka_unit_test(a_second_left_out_is_told_likewise),
		cmocka_unit_test(a_file_that_is_none_is_refused_whole),
		cmocka_unit_test(more_leap_seconds_than_there_is_room_for_are_refused),
		cmocka_unit_test(an_offset_out_of_range_or_far_from_a_trusted_one_is_refused),
		cmocka_unit_test(an_offset_that_is_not_trusted_any_more_stays),
		cmocka_unit_test(a_leap_second_is_believed_in_the_last_half_of_a_months_last_day_alone),
		cmocka_unit_test(a_leap_second_can_be_called_off_until_shortly_before),
		cmocka_unit_test(masters_that_are_early_or_late_about_it_change_nothing),
		cmocka_unit_test(an_arbitrary_time_scale_has_no_offset_and_the_known_one_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
