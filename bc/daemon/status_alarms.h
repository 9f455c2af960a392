/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is the matter with clock, ports and host: raised and cleared in the status's list of alarms. */
#pragma once

#include "bc/engine/engine.h"

struct app;

/* Alarms that are events. */
void status_alarms_handle_action(struct app *app, const struct bc_action *action);
/* Alarms that are states. */
void status_alarms_look(struct app *app);
