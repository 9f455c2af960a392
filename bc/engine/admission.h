/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose general messages a port listens to, and how many of them: the first thing that becomes of each. */
#pragma once

#include "bc/engine/engine_private.h"

/* The table of senders of a port, by the engine's and the port's configuration. 0 or -ENOMEM. */
int bc_admission_init(struct bc_port *port);
void bc_admission_free(struct bc_port *port);
/* False: counted, and not to be looked at. Event messages, and answers to ours, always pass. */
bool bc_admission_allows(struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx,
			 uint64_t now_mono_ns);
/* Whether all that decides whom a port hears of, and may follow, is what it was at a predecessor's; what the
 * decision weighs anew each time (priorities, qualities) aside. */
bool bc_admission_is_same(const struct bc_port *port, const struct bc_port *old);
