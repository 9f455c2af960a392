// SPDX-License-Identifier: GPL-2.0-or-later
/* Alarms: since when they hold, and when they are over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "bc/daemon/alarms.h"
#include "util/macros.h"

static struct alarms alarms;
static struct control_alarm told[CONTROL_ALARMS_MAX];

static int setup(void **state)
{
	(void)state;
	memset(&alarms, 0, sizeof(alarms));
	return 0;
}

static size_t list(uint64_t now_mono_ns)
{
	return alarms_list(&alarms, now_mono_ns, told, ARRAY_SIZE(told));
}

static void a_state_holds_until_it_is_cleared_and_began_when_it_began(void **state)
{
	(void)state;
	alarms_set(&alarms, ALARM_PORT_FAULTY, 3, true, 1000, "no carrier");
	alarms_set(&alarms, ALARM_PORT_FAULTY, 3, true, 2000, "link down");
	assert_int_equal(list(UINT64_MAX - 1), 1);
	assert_string_equal(told[0].kind, "port_faulty");
	assert_int_equal(told[0].port, 3);
	assert_string_equal(told[0].text, "link down");
	assert_int_equal(told[0].since_mono_ns, 1000);
	alarms_set(&alarms, ALARM_PORT_FAULTY, 3, false, 3000, "");
	assert_int_equal(list(3000), 0);
	alarms_set(&alarms, ALARM_PORT_FAULTY, 3, true, 4000, "no carrier");
	assert_int_equal(list(4000), 1);
	assert_int_equal(told[0].since_mono_ns, 4000);
}

static void an_event_holds_for_a_while_after_the_last_of_them(void **state)
{
	(void)state;
	alarms_raise(&alarms, ALARM_RIVAL, ALARM_NO_PORT, 1000, 1060, "once");
	alarms_raise(&alarms, ALARM_RIVAL, ALARM_NO_PORT, 1050, 1110, "again");
	assert_int_equal(list(1109), 1);
	assert_string_equal(told[0].kind, "rival");
	assert_int_equal(told[0].port, ALARM_NO_PORT);
	assert_string_equal(told[0].text, "again");
	assert_int_equal(told[0].since_mono_ns, 1000);
	assert_int_equal(list(1110), 0);
	alarms_raise(&alarms, ALARM_RIVAL, ALARM_NO_PORT, 1200, 1260, "later");
	assert_int_equal(list(1200), 1);
	assert_int_equal(told[0].since_mono_ns, 1200);
}

static void ports_and_the_clock_have_their_own(void **state)
{
	(void)state;
	for (int port = ALARM_NO_PORT; port < EBC_MAX_PORTS; port++)
		alarms_set(&alarms, ALARM_NOT_ATTACHED, port, true, 5, "x");
	alarms_clear(&alarms, ALARM_NOT_ATTACHED, 0);
	assert_int_equal(list(5), EBC_MAX_PORTS);
	assert_int_equal(told[0].port, ALARM_NO_PORT);
	assert_int_equal(told[1].port, 1);
	assert_int_equal(told[EBC_MAX_PORTS - 1].port, EBC_MAX_PORTS - 1);
}

static void more_than_fit_are_left_out(void **state)
{
	(void)state;
	for (int kind = 0; kind < ALARM_MAX; kind++)
		for (int port = 0; port < EBC_MAX_PORTS; port++)
			alarms_set(&alarms, (enum alarm_kind)kind, port, true, 5, "x");
	assert_int_equal(list(5), CONTROL_ALARMS_MAX);
	assert_int_equal(alarms_list(&alarms, 5, told, 1), 1);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup(test, setup)
	const struct CMUnitTest tests[] = {
		CASE(a_state_holds_until_it_is_cleared_and_began_when_it_began),
		CASE(an_event_holds_for_a_while_after_the_last_of_them),
		CASE(ports_and_the_clock_have_their_own),
		CASE(more_than_fit_are_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
