// SPDX-License-Identifier: GPL-2.0-or-later
/* The port state machine as a table: every event in every state, for any clock and for a client. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "bc/engine/fsm.h"
#include "util/macros.h"

/* Short names, for a table that can be read. */
#define INI BC_STATE_INITIALIZING
#define FLT BC_STATE_FAULTY
#define DIS BC_STATE_DISABLED
#define LIS BC_STATE_LISTENING
#define PRE BC_STATE_PRE_MASTER
#define MAS BC_STATE_MASTER
#define PAS BC_STATE_PASSIVE
#define UNC BC_STATE_UNCALIBRATED
#define SLA BC_STATE_SLAVE
#define GRM BC_STATE_GRAND_MASTER

static const enum bc_port_state states[] = {INI, FLT, DIS, LIS, PRE, MAS, PAS, UNC, SLA, GRM};

/* clang-format off */
static const struct {
	enum bc_event event;
	uint8_t next[ARRAY_SIZE(states)]; /* from the states above */
} any_clock[] = {
	{BC_EVENT_NONE,                     {INI, FLT, DIS, LIS, PRE, MAS, PAS, UNC, SLA, GRM}},
	{BC_EVENT_INIT_COMPLETE,            {LIS, FLT, DIS, LIS, PRE, MAS, PAS, UNC, SLA, GRM}},
	{BC_EVENT_FAULT_CLEARED,            {INI, LIS, DIS, LIS, PRE, MAS, PAS, UNC, SLA, GRM}},
	{BC_EVENT_FAULT_DETECTED,           {FLT, FLT, DIS, FLT, FLT, FLT, FLT, FLT, FLT, FLT}},
	{BC_EVENT_ANNOUNCE_RECEIPT_TIMEOUT, {INI, FLT, DIS, MAS, PRE, MAS, MAS, MAS, MAS, GRM}},
	{BC_EVENT_QUALIFICATION_TIMEOUT,    {INI, FLT, DIS, LIS, MAS, MAS, PAS, UNC, SLA, GRM}},
	{BC_EVENT_MASTER_CLOCK_SELECTED,    {INI, FLT, DIS, LIS, PRE, MAS, PAS, SLA, SLA, GRM}},
	{BC_EVENT_SYNCHRONIZATION_FAULT,    {INI, FLT, DIS, LIS, PRE, MAS, PAS, UNC, UNC, GRM}},
	{BC_EVENT_RS_MASTER,                {INI, FLT, DIS, PRE, PRE, MAS, PRE, PRE, PRE, MAS}},
	{BC_EVENT_RS_GRAND_MASTER,          {INI, FLT, DIS, PRE, PRE, GRM, PRE, PRE, PRE, GRM}},
	{BC_EVENT_RS_SLAVE,                 {INI, FLT, DIS, UNC, UNC, UNC, UNC, UNC, SLA, UNC}},
	{BC_EVENT_RS_PASSIVE,               {INI, FLT, DIS, PAS, PAS, PAS, PAS, PAS, PAS, PAS}},
	{BC_EVENT_DESIGNATED_ENABLED,       {INI, FLT, INI, LIS, PRE, MAS, PAS, UNC, SLA, GRM}},
	{BC_EVENT_DESIGNATED_DISABLED,      {DIS, DIS, DIS, DIS, DIS, DIS, DIS, DIS, DIS, DIS}},
};

/* Where a client differs. A client is never in the states of a master. */
static const struct {
	enum bc_event event;
	uint8_t next[ARRAY_SIZE(states)];
} client[] = {
	{BC_EVENT_ANNOUNCE_RECEIPT_TIMEOUT, {INI, FLT, DIS, LIS,   0,   0, LIS, LIS, LIS,   0}},
	{BC_EVENT_RS_MASTER,                {INI, FLT, DIS, LIS,   0,   0, LIS, LIS, LIS,   0}},
	{BC_EVENT_RS_GRAND_MASTER,          {INI, FLT, DIS, LIS,   0,   0, LIS, LIS, LIS,   0}},
};
/* clang-format on */

static void check(enum bc_port_state from, enum bc_event event, bool is_new_master, bool is_client_only,
		  enum bc_port_state expected)
{
	enum bc_port_state next = bc_fsm_next(from, event, is_new_master, is_client_only);

	if (next != expected)
		fail_msg("%s on %s leads to %s, not %s (new master %d, client %d)", bc_port_state_name(from),
			 bc_event_name(event), bc_port_state_name(next), bc_port_state_name(expected),
			 is_new_master, is_client_only);
}

static void the_table_names_every_event(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(any_clock); i++)
		assert_int_equal(any_clock[i].event, i);
	assert_int_equal(ARRAY_SIZE(any_clock), BC_EVENT_DESIGNATED_DISABLED + 1);
}

static void every_event_in_every_state_leads_where_figure_30_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(any_clock); i++)
		for (size_t s = 0; s < ARRAY_SIZE(states); s++)
			check(states[s], any_clock[i].event, false, false, any_clock[i].next[s]);
}

static void another_master_sends_a_slave_back_to_calibration_and_changes_nothing_else(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(any_clock); i++) {
		for (size_t s = 0; s < ARRAY_SIZE(states); s++) {
			bool is_it = states[s] == SLA && any_clock[i].event == BC_EVENT_RS_SLAVE;

			check(states[s], any_clock[i].event, true, false,
			      is_it ? UNC : (enum bc_port_state)any_clock[i].next[s]);
		}
	}
}

static void a_client_listens_where_another_clock_would_be_master(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(client); i++)
		for (size_t s = 0; s < ARRAY_SIZE(states); s++)
			if (client[i].next[s])
				check(states[s], client[i].event, false, true, client[i].next[s]);
}

static bool is_master(enum bc_port_state state)
{
	return state == PRE || state == MAS || state == GRM;
}

static void no_event_makes_a_client_a_master(void **state)
{
	(void)state;
	for (size_t s = 0; s < ARRAY_SIZE(states); s++) {
		if (is_master(states[s]))
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(any_clock); i++) {
			assert_false(is_master(bc_fsm_next(states[s], any_clock[i].event, false, true)));
			assert_false(is_master(bc_fsm_next(states[s], any_clock[i].event, true, true)));
		}
	}
}

static void every_state_and_event_has_a_name(void **state)
{
	(void)state;
	for (size_t s = 0; s < ARRAY_SIZE(states); s++)
		assert_string_not_equal(bc_port_state_name(states[s]), "?");
	for (size_t i = 0; i < ARRAY_SIZE(any_clock); i++)
		assert_string_not_equal(bc_event_name((enum bc_event)i), "?");
	assert_string_equal(bc_port_state_name((enum bc_port_state)0), "?");
	assert_string_equal(bc_event_name((enum bc_event)ARRAY_SIZE(any_clock)), "?");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_names_every_event),
		cmocka_unit_test(every_event_in_every_state_leads_where_figure_30_says),
		cmocka_unit_test(another_master_sends_a_slave_back_to_calibration_and_changes_nothing_else),
		cmocka_unit_test(a_client_listens_where_another_clock_would_be_master),
		cmocka_unit_test(no_event_makes_a_client_a_master),
		cmocka_unit_test(every_state_and_event_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
