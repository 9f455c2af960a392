/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Port states (IEEE 1588-2019 table 27) and the events that change them, with ptp4l's names for both. */
#pragma once

/* X(identifier, number on the wire) */
#define BC_PORT_STATES(X)  \
	X(INITIALIZING, 1) \
	X(FAULTY, 2)       \
	X(DISABLED, 3)     \
	X(LISTENING, 4)    \
	X(PRE_MASTER, 5)   \
	X(MASTER, 6)       \
	X(PASSIVE, 7)      \
	X(UNCALIBRATED, 8) \
	X(SLAVE, 9)        \
	X(GRAND_MASTER, 10) /* ptp4l's name for MASTER when no other clock is better */

enum bc_port_state {
#define X(id, number) BC_STATE_##id = number,
	BC_PORT_STATES(X)
#undef X
};

/* X(identifier, ptp4l's name) */
#define BC_EVENTS(X)                                                    \
	X(NONE, "NONE")                                                 \
	X(INIT_COMPLETE, "INIT_COMPLETE")                               \
	X(FAULT_CLEARED, "FAULT_CLEARED")                               \
	X(FAULT_DETECTED, "FAULT_DETECTED")                             \
	X(ANNOUNCE_RECEIPT_TIMEOUT, "ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES") \
	X(QUALIFICATION_TIMEOUT, "QUALIFICATION_TIMEOUT_EXPIRES")       \
	X(MASTER_CLOCK_SELECTED, "MASTER_CLOCK_SELECTED")               \
	X(SYNCHRONIZATION_FAULT, "SYNCHRONIZATION_FAULT")               \
	X(RS_MASTER, "RS_MASTER")                                       \
	X(RS_GRAND_MASTER, "RS_GRAND_MASTER")                           \
	X(RS_SLAVE, "RS_SLAVE")                                         \
	X(RS_PASSIVE, "RS_PASSIVE")                                     \
	X(DESIGNATED_ENABLED, "DESIGNATED_ENABLED")                     \
	X(DESIGNATED_DISABLED, "DESIGNATED_DISABLED")

enum bc_event {
#define X(id, name) BC_EVENT_##id,
	BC_EVENTS(X)
#undef X
};

const char *bc_port_state_name(enum bc_port_state state);
const char *bc_event_name(enum bc_event event);
