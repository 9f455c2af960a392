// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said of the system's clock, its leap seconds, the RTC, and of what was measured. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "ctl/check/rtc.h"
#include "ctl/check/system_time.h"
#include "ctl/check/vdso.h"
#include "ctl/check/wakeup.h"
#include "tests/unit/check/tree.h"

#define NOW_UTC_S 1800000000
#define ZONE_S	  7200
/* Seconds since 1900. */
#define LEAPS	  "3692217600 37\n"
#define GOOD_LIST "#@ 4100000000\n" LEAPS
#define OLD_LIST  "#@ 4000000000\n" LEAPS

struct box {
	struct system_time_facts facts;
	struct plan plan;
	const char *keeper;
};

/* A clock that chronyd keeps. */
static int setup(void **state)
{
	static struct box box;

	box = (struct box){
		.facts = {.is_synchronized = true, .tai_offset_s = 37, .frequency_ppm = -12.5},
		.plan = {.may_be_master = true, .leap_path = ""},
	};
	*state = &box;
	return tree_setup(state);
}

static void judge_system_time(void *facts)
{
	struct box *box = facts;

	system_time_judge(&box->facts, &box->plan, box->keeper, &told);
}

static void judge(struct box *box)
{
	system_time_look(tree_root, &box->plan, NOW_UTC_S, &box->facts);
	judge_everywhere(judge_system_time, box);
}

static void a_clock_that_is_kept_is_good(void **state)
{
	struct box *box = *state;

	tree_write("/usr/share/zoneinfo/leap-seconds.list", GOOD_LIST);
	judge(box);
	assert_int_equal(told.n, 4);
	for (size_t i = 0; i < told.n; i++)
		assert_int_equal(told.list[i].level, FINDING_GOOD);
}

static void one_that_nobody_keeps_is_a_note_unless_we_keep_it_or_never_serve_it(void **state)
{
	struct box *box = *state;

	box->facts.is_synchronized = false;
	judge(box);
	assert_non_null(
		strstr(assert_finding(&told, "system-clock", FINDING_NOTE)->mend, "apt install chrony"));
	assert_mend_on_router(
		judge_system_time, box, "system-clock", "",
		"uci set system.ntp.enabled=1 && uci commit system && /etc/init.d/sysntpd restart  # or "
		"clientOnly 1 (never grandmaster), or local_clock system");
	box->keeper = "chronyd";
	judge(box);
	assert_non_null(strstr(assert_finding(&told, "system-clock", FINDING_NOTE)->mend, "rtcsync"));
	box->keeper = "ntpd";
	judge(box);
	assert_non_null(strstr(assert_finding(&told, "system-clock", FINDING_NOTE)->mend, "wait until ntpd"));
	box->plan.is_system_clock = true;
	judge(box);
	assert_finding(&told, "system-clock", FINDING_GOOD);
	box->plan = (struct plan){.is_known = true, .leap_path = ""};
	judge(box);
	assert_finding(&told, "system-clock", FINDING_GOOD);
}

static void a_frequency_at_its_limit_is_a_note(void **state)
{
	struct box *box = *state;

	box->facts.frequency_ppm = -499.9;
	judge(box);
	assert_finding(&told, "frequency", FINDING_NOTE);
}

static void a_leap_second_to_come_is_told(void **state)
{
	struct box *box = *state;

	box->facts.leap = -1;
	judge(box);
	assert_non_null(strstr(assert_finding(&told, "leap", FINDING_NOTE)->text, "leave out"));
}

static void a_tai_offset_of_0_is_told_and_who_sets_it(void **state)
{
	struct box *box = *state;
	const struct finding *f;

	box->facts.tai_offset_s = 0;
	judge(box);
	f = assert_finding(&told, "tai", FINDING_NOTE);
	assert_non_null(strstr(f->text, "CLOCK_TAI shows UTC"));
	assert_true(*f->mend);
	box->plan.is_system_clock = true;
	judge(box);
	assert_non_null(strstr(assert_finding(&told, "tai", FINDING_NOTE)->why, "sets it"));
}

static void a_kernel_that_does_not_tell_is_a_note(void **state)
{
	struct box *box = *state;

	box->facts = (struct system_time_facts){.error = -EPERM};
	judge(box);
	assert_finding(&told, "system-clock", FINDING_NOTE);
	assert_null(findings_get(&told, "tai", ""));
}

static void what_the_kernel_tells_is_taken_as_it_means_it(void **state)
{
	const struct timex tx = {
		.status = STA_PLL | STA_INS, .tai = 37, .freq = -3 * 65536, .tick = 10001}; /* +100 ppm */
	struct timex other = {.status = STA_UNSYNC | STA_DEL, .tick = 10000};
	struct box *box = *state;
	struct system_time_facts *facts = &box->facts;

	system_time_read(TIME_INS, &tx, facts);
	assert_true(facts->is_synchronized && facts->has_loop);
	assert_int_equal(facts->leap, 1);
	assert_int_equal(facts->tai_offset_s, 37);
	assert_true(facts->frequency_ppm > 96.9 && facts->frequency_ppm < 97.1);
	system_time_read(TIME_ERROR, &other, facts);
	assert_false(facts->is_synchronized || facts->has_loop);
	assert_int_equal(facts->leap, -1);
	other.status = 0;
	system_time_read(TIME_ERROR, &other, facts);
	assert_false(facts->is_synchronized);
	assert_int_equal(facts->leap, 0);
}

static void a_list_tells_the_right_tai_offset(void **state)
{
	struct box *box = *state;

	box->facts.tai_offset_s = 38;
	judge(box);
	assert_finding(&told, "tai", FINDING_NOTE);
	tree_write("/usr/share/zoneinfo/leap-seconds.list", "#@ 4100000000\n" LEAPS "4000000000 38\n");
	judge(box);
	assert_finding(&told, "tai", FINDING_GOOD);
}

static void an_expired_list_of_leap_seconds_is_a_note(void **state)
{
	struct box *box = *state;

	tree_write("/usr/share/zoneinfo/leap-seconds.list", OLD_LIST);
	judge(box);
	assert_non_null(strstr(assert_finding(&told, "leapfile", FINDING_NOTE)->text, "expired"));
	assert_string_equal(assert_finding(&told, "leapfile", FINDING_NOTE)->mend,
			    "apt update && apt install --reinstall tzdata");
	assert_mend_on_router(judge_system_time, box, "leapfile", "",
			      "put a current leap-seconds.list (of tzdata, or the IERS) at "
			      "/usr/share/zoneinfo/leap-seconds.list");
}

static void a_configured_list_that_is_none_is_a_problem(void **state)
{
	struct box *box = *state;

	box->plan.leap_path = "/etc/leap";
	judge(box);
	assert_finding(&told, "leapfile", FINDING_PROBLEM);
	tree_write("/etc/leap", "<html>\n");
	judge(box);
	assert_non_null(strstr(assert_finding(&told, "leapfile", FINDING_PROBLEM)->text, "is not a list"));
	tree_write("/etc/leap", GOOD_LIST);
	judge(box);
	assert_finding(&told, "leapfile", FINDING_GOOD);
}

static void judge_rtc(void *facts)
{
	rtc_judge(facts, &told);
}

static void look_at_rtc(struct rtc_facts *facts)
{
	rtc_look(tree_root, NOW_UTC_S, ZONE_S, facts);
	judge_everywhere(judge_rtc, facts);
}

static void an_rtc_that_agrees_is_good(void **state)
{
	struct rtc_facts facts;

	(void)state;
	tree_write("/sys/class/rtc/rtc0/name", "rtc_cmos\n");
	tree_write("/sys/class/rtc/rtc0/since_epoch", "1799999999\n");
	tree_write("/etc/adjtime", "0.0 0 0.0\n0\nUTC\n");
	look_at_rtc(&facts);
	assert_int_equal(facts.minus_system_s, -1);
	assert_finding(&told, "rtc", FINDING_GOOD);
	assert_null(findings_get(&told, "rtc-local", ""));
}

static void an_rtc_in_local_time_is_taken_for_that_and_told(void **state)
{
	struct rtc_facts facts;

	(void)state;
	tree_write("/sys/class/rtc/rtc0/since_epoch", "1800007200\n");
	tree_write("/etc/adjtime", "0.0 0 0.0\n0\nLOCAL\n");
	look_at_rtc(&facts);
	assert_int_equal(facts.minus_system_s, 0);
	assert_finding(&told, "rtc", FINDING_GOOD);
	assert_string_equal(assert_finding(&told, "rtc-local", FINDING_NOTE)->mend,
			    "timedatectl set-local-rtc 0");
	assert_mend_on_router(judge_rtc, &facts, "rtc-local", "",
			      "sed -i s/LOCAL/UTC/ /etc/adjtime && hwclock -u -w");
}

static void of_several_rtcs_that_of_the_boot_counts(void **state)
{
	struct rtc_facts facts;

	(void)state;
	tree_write("/sys/class/rtc/rtc1/name", "ds1307\n");
	tree_write("/sys/class/rtc/rtc2/name", "snvs\n");
	look_at_rtc(&facts);
	assert_string_equal(facts.name, "ds1307");
	tree_write("/sys/class/rtc/rtc1/hctosys", "0\n");
	tree_write("/sys/class/rtc/rtc2/hctosys", "1\n");
	look_at_rtc(&facts);
	assert_string_equal(facts.name, "snvs");
}

static void an_rtc_that_is_off_missing_or_unreadable_is_a_note(void **state)
{
	struct rtc_facts facts;

	(void)state;
	look_at_rtc(&facts);
	assert_string_equal(assert_finding(&told, "rtc", FINDING_NOTE)->text, "there is no RTC");
	assert_mend_on_router(
		judge_rtc, &facts, "rtc", "",
		"uci set ebpf-bc.main.clientOnly=1 && uci commit ebpf-bc && /etc/init.d/ebpf-bc reload");
	tree_write("/sys/class/rtc/rtc0/name", "rtc_cmos\n");
	look_at_rtc(&facts);
	assert_non_null(strstr(assert_finding(&told, "rtc", FINDING_NOTE)->text, "cannot be read"));
	tree_write("/sys/class/rtc/rtc0/since_epoch", "1800000060\n");
	look_at_rtc(&facts);
	assert_non_null(strstr(assert_finding(&told, "rtc", FINDING_NOTE)->text, "60 s ahead of"));
}

static void the_vdso_is_judged_by_the_system_call(void **state)
{
	struct vdso_facts facts = {.by_vdso_ns = 900, .system_call_ns = 2000};

	(void)state;
	vdso_judge(&facts, &told);
	assert_non_null(strstr(assert_finding(&told, "vdso", FINDING_GOOD)->text, "the vDSO is fast"));
	told.n = 0;
	facts = (struct vdso_facts){.by_vdso_ns = 60, .system_call_ns = 62};
	vdso_judge(&facts, &told);
	assert_finding(&told, "vdso", FINDING_NOTE);
	vdso_measure(&facts);
	assert_true(facts.by_vdso_ns > 0 && facts.system_call_ns > 0);
	assert_findings_are_whole(&told);
}

static void judge_wakeup(void *facts)
{
	wakeup_judge(facts, &told);
}

static void late_wake_ups_are_a_note(void **state)
{
	struct wakeup_facts facts = {.n = 200, .median_us = 12, .worst_us = 90};

	(void)state;
	judge_everywhere(judge_wakeup, &facts);
	assert_finding(&told, "wake-up", FINDING_GOOD);
	facts.median_us = 300;
	judge_everywhere(judge_wakeup, &facts);
	assert_finding(&told, "wake-up", FINDING_NOTE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tree_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_clock_that_is_kept_is_good),
		TEST(one_that_nobody_keeps_is_a_note_unless_we_keep_it_or_never_serve_it),
		TEST(a_frequency_at_its_limit_is_a_note),
		TEST(a_leap_second_to_come_is_told),
		TEST(a_tai_offset_of_0_is_told_and_who_sets_it),
		TEST(a_kernel_that_does_not_tell_is_a_note),
		TEST(what_the_kernel_tells_is_taken_as_it_means_it),
		TEST(a_list_tells_the_right_tai_offset),
		TEST(an_expired_list_of_leap_seconds_is_a_note),
		TEST(a_configured_list_that_is_none_is_a_problem),
		TEST(an_rtc_that_agrees_is_good),
		TEST(an_rtc_in_local_time_is_taken_for_that_and_told),
		TEST(of_several_rtcs_that_of_the_boot_counts),
		TEST(an_rtc_that_is_off_missing_or_unreadable_is_a_note),
		TEST(the_vdso_is_judged_by_the_system_call),
		TEST(late_wake_ups_are_a_note),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
