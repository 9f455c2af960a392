/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A daemon without clock and ports: what the control socket asks of it, answered from static memory. */
#pragma once

#include "bc/daemon/control.h"

/* Everything that control_sources asks of a boundary clock's daemon; ports and their names are the caller's.
 */
void stub_state_fill(struct control_sources *sources);
/* What is told next; a test changes it. */
struct control_status *stub_state_status(void);
struct control_port_status *stub_state_port(void);
struct history *stub_state_history(void);
struct log_ring *stub_state_log(void);
/* As it was at first: no offsets, no lines, a boundary clock that follows. */
void stub_state_reset(void);
