/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The port state machine (IEEE 1588-2019 9.2.5, figures 30 and 31) as a pure function. */
#pragma once

#include <stdbool.h>

#include "bc/engine/names.h"

/* The state that `event` leads to; `state` itself when the event means nothing there. `is_new_master`:
 * the decision is for another parent than before, so that a slave must calibrate again. */
enum bc_port_state bc_fsm_next(enum bc_port_state state, enum bc_event event, bool is_new_master,
			       bool is_client_only);
/* Of a port that is a server and nothing else, without the best master clock algorithm. */
enum bc_port_state bc_fsm_next_server(enum bc_port_state state, enum bc_event event);
