// SPDX-License-Identifier: GPL-2.0-or-later
/* Figures 30 and 31 in one function: figure 31 (slave only) differs in that nothing leads to MASTER. */
#include "bc/engine/fsm.h"

static enum bc_port_state recommended(enum bc_port_state state, enum bc_event event, bool is_new_master,
				      bool is_client_only)
{
	switch (event) {
	case BC_EVENT_RS_MASTER:
		if (is_client_only)
			return BC_STATE_LISTENING;
		if (state == BC_STATE_MASTER || state == BC_STATE_PRE_MASTER)
			return state;
		return state == BC_STATE_GRAND_MASTER ? BC_STATE_MASTER : BC_STATE_PRE_MASTER;
	case BC_EVENT_RS_GRAND_MASTER:
		if (is_client_only)
			return BC_STATE_LISTENING;
		if (state == BC_STATE_GRAND_MASTER || state == BC_STATE_PRE_MASTER)
			return state;
		return state == BC_STATE_MASTER ? BC_STATE_GRAND_MASTER : BC_STATE_PRE_MASTER;
	case BC_EVENT_RS_SLAVE:
		if (state == BC_STATE_SLAVE && !is_new_master)
			return state;
		return BC_STATE_UNCALIBRATED;
	case BC_EVENT_RS_PASSIVE:
		return BC_STATE_PASSIVE;
	default:
		return state;
	}
}

enum bc_port_state bc_fsm_next(enum bc_port_state state, enum bc_event event, bool is_new_master,
			       bool is_client_only)
{
	if (event == BC_EVENT_DESIGNATED_DISABLED)
		return BC_STATE_DISABLED;
	if (event == BC_EVENT_FAULT_DETECTED && state != BC_STATE_DISABLED)
		return BC_STATE_FAULTY;

	switch (state) {
	case BC_STATE_INITIALIZING:
		return event == BC_EVENT_INIT_COMPLETE ? BC_STATE_LISTENING : state;
	case BC_STATE_FAULTY:
		return event == BC_EVENT_FAULT_CLEARED ? BC_STATE_LISTENING : state;
	case BC_STATE_DISABLED:
		return event == BC_EVENT_DESIGNATED_ENABLED ? BC_STATE_INITIALIZING : state;
	case BC_STATE_UNCALIBRATED:
		if (event == BC_EVENT_MASTER_CLOCK_SELECTED)
			return BC_STATE_SLAVE;
		break;
	case BC_STATE_SLAVE:
		if (event == BC_EVENT_SYNCHRONIZATION_FAULT)
			return BC_STATE_UNCALIBRATED;
		break;
	case BC_STATE_PRE_MASTER:
		if (event == BC_EVENT_QUALIFICATION_TIMEOUT)
			return BC_STATE_MASTER;
		break;
	default:
		break;
	}
	if (event == BC_EVENT_ANNOUNCE_RECEIPT_TIMEOUT) {
		if (state == BC_STATE_MASTER || state == BC_STATE_GRAND_MASTER ||
		    state == BC_STATE_PRE_MASTER)
			return state;
		return is_client_only ? BC_STATE_LISTENING : BC_STATE_MASTER;
	}
	return recommended(state, event, is_new_master, is_client_only);
}

enum bc_port_state bc_fsm_next_server(enum bc_port_state state, enum bc_event event)
{
	enum bc_port_state next;

	if (state == BC_STATE_MASTER && event != BC_EVENT_FAULT_DETECTED &&
	    event != BC_EVENT_DESIGNATED_DISABLED)
		event = BC_EVENT_NONE;
	next = bc_fsm_next(state, event, false, false);
	return next == BC_STATE_LISTENING ? BC_STATE_MASTER : next;
}
