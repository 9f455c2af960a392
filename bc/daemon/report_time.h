/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log's lines about UTC, leap seconds and the system's clock. */
#pragma once

#include <stdbool.h>

#include "bc/engine/engine.h"

/* `name` is that of the action's port. */
void report_utc(const struct bc_action *action);
void report_timescale_refused(const struct bc_action *action, const char *name);
void report_clock_stepped(const struct bc_action *action, bool is_system_clock);
