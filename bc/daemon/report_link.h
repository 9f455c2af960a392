/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ports tell of their links: peer delay. */
#pragma once

#include "bc/daemon/report.h"

/* BC_ACTION_LINK_NOTE, of a port of that name. */
void report_link_note(const struct bc_action *action, const char *name);
/* BC_ACTION_PATH_ALARM. */
void report_path_alarm(const struct bc_action *action, const char *name);
/* Those that the engine's own counters do not have. */
void report_list_add_peer_delay(struct counter_list *list, const struct bc_engine *engine, size_t port);
