// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of states, events and counters, from the tables in the headers. */
#include "bc/engine/names.h"

#include "bc/engine/counters.h"
#include "util/macros.h"

const char *bc_port_state_name(enum bc_port_state state)
{
	switch (state) {
#define X(id, number)       \
	case BC_STATE_##id: \
		return #id;
		BC_PORT_STATES(X)
#undef X
	}
	return "?";
}

const char *bc_event_name(enum bc_event event)
{
	static const char *const names[] = {
#define X(id, name) [BC_EVENT_##id] = name,
		BC_EVENTS(X)
#undef X
	};

	return event < ARRAY_SIZE(names) ? names[event] : "?";
}

const char *bc_counter_name(enum bc_counter counter)
{
	static const char *const names[] = {
#define X(id, name) [BC_COUNTER_##id] = name,
		BC_COUNTERS(X)
#undef X
	};

	return counter < ARRAY_SIZE(names) ? names[counter] : "?";
}
