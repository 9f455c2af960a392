// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists and limits from their options, and what of them is refused. */
#include "bc/daemon/guard_settings.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "util/macros.h"

static struct bc_engine_config engine;
static struct bc_port_config port;
static char reason[256];

static int read_text(const char *options)
{
	struct ebc_config *config;
	char text[1024];
	int r;

	memset(&engine, 0, sizeof(engine));
	memset(&port, 0, sizeof(port));
	reason[0] = '\0';
	snprintf(text, sizeof(text), "[global]\n%s\n[p0]\n", options);
	assert_int_equal(ebc_config_new(&config), 0);
	assert_int_equal(ebc_config_read_text(config, "test.conf", text, strlen(text)), 0);
	assert_int_equal(ebc_config_finish(config), 0);
	r = guard_settings_read(config, &engine, reason, sizeof(reason));
	if (r == 0)
		r = guard_settings_read_port(config, 0, &port, reason, sizeof(reason));
	ebc_config_free(config);
	return r;
}

static void the_defaults_limit_and_degrade_nothing_that_is_usual(void **state)
{
	(void)state;
	assert_int_equal(read_text(""), 0);
	assert_int_equal(engine.announce_rate_limit, 16);
	assert_int_equal(engine.signaling_rate_limit, 50);
	assert_int_equal(engine.management_rate_limit, 50);
	assert_true(engine.step_guard.limit_ns == 1000 * NSEC_PER_SEC);
	assert_true(engine.step_guard.budget_ns == 0);
	assert_false(engine.step_guard.only_warns);
	assert_int_equal(engine.holdover.n_rows, 0);
	assert_int_equal(engine.holdover.traceable_ns, 0);
	assert_int_equal(port.n_acceptable_masters, 0);
}

static void each_option_has_its_place(void **state)
{
	const uint8_t second[] = {0, 0x11, 0x22, 0xff, 0xfe, 0x33, 0x44, 0x66};

	(void)state;
	assert_int_equal(read_text("announce_rate_limit 3\nsignaling_rate_limit 4\nmanagement_rate_limit 0\n"
				   "step_guard_limit 0.5\nstep_guard_budget 2\nstep_guard_action follow\n"
				   "holdover_timetable 0:135:0x23, 300:165 3600:248\nholdover_traceable 60\n"
				   "acceptable_masters 001122.fffe.334455 001122.fffe.334466"),
			 0);
	assert_int_equal(engine.announce_rate_limit, 3);
	assert_int_equal(engine.signaling_rate_limit, 4);
	assert_int_equal(engine.management_rate_limit, 0);
	assert_true(engine.step_guard.limit_ns == NSEC_PER_SEC / 2);
	assert_true(engine.step_guard.budget_ns == 2 * NSEC_PER_SEC);
	assert_true(engine.step_guard.only_warns);
	assert_int_equal(engine.holdover.n_rows, 3);
	assert_true(engine.holdover.rows[0].after_ns == 0 && engine.holdover.rows[0].clock_class == 135);
	assert_true(engine.holdover.rows[0].has_accuracy && engine.holdover.rows[0].clock_accuracy == 0x23);
	assert_true(engine.holdover.rows[1].after_ns == 300 * (uint64_t)NSEC_PER_SEC);
	assert_false(engine.holdover.rows[1].has_accuracy);
	assert_int_equal(engine.holdover.rows[2].clock_class, 248);
	assert_true(engine.holdover.traceable_ns == 60 * (uint64_t)NSEC_PER_SEC);
	assert_int_equal(port.n_acceptable_masters, 2);
	assert_memory_equal(port.acceptable_masters[1], second, sizeof(second));
}

static void what_cannot_be_meant_is_refused_with_the_word(void **state)
{
	static const struct {
		const char *options, *word;
	} bad[] = {
		{"holdover_timetable 0", "0"},
		{"holdover_timetable 0:127", "0:127"},
		{"holdover_timetable 0:256", "0:256"},
		{"holdover_timetable -1:135", "-1:135"},
		{"holdover_timetable 0:135:", "0:135:"},
		{"holdover_timetable 0:135:256", "0:135:256"},
		{"holdover_timetable 0:135x", "0:135x"},
		{"holdover_timetable 1000000001:135", "1000000001:135"},
		{"holdover_timetable 5:135 5:165", "do not rise at 5:165"},
		{"holdover_timetable 0:135 1:136 2:137 3:138 4:139 5:140 6:141 7:142 8:143", "more than 8"},
		{"acceptable_masters 001122.fffe.334455 anyone", "anyone"},
		{"acceptable_masters 001122.fffe.3344556", "001122.fffe.3344556"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(read_text(bad[i].options), -EINVAL);
		if (!strstr(reason, bad[i].word))
			fail_msg("%s: \"%s\" does not name %s", bad[i].options, reason, bad[i].word);
	}
}

static void a_list_that_is_too_long_is_refused(void **state)
{
	char options[1024] = "acceptable_masters";

	(void)state;
	for (size_t i = 0; i < BC_ACCEPTABLE_MASTERS_MAX; i++)
		strcat(options, " 001122.fffe.334455");
	assert_int_equal(read_text(options), 0);
	assert_int_equal(port.n_acceptable_masters, BC_ACCEPTABLE_MASTERS_MAX);
	strcat(options, " 001122.fffe.334455");
	assert_int_equal(read_text(options), -EINVAL);
	assert_non_null(strstr(reason, "more than 32"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_defaults_limit_and_degrade_nothing_that_is_usual),
		cmocka_unit_test(each_option_has_its_place),
		cmocka_unit_test(what_cannot_be_meant_is_refused_with_the_word),
		cmocka_unit_test(a_list_that_is_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
