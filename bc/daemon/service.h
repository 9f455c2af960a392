/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a service manager is told (notify.h): when the clock runs, is configured anew and ends, what it is
 * doing in a line, and that it is alive. Nothing where no manager asked for it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct app;

void service_ready(void);
/* Until the next service_ready(). */
void service_reloading(void);
void service_stopping(void);
/* One of the ports is done, in a start or an end that may be longer than the manager waits: it is alive. */
void service_goes_on(void);
/* Twice a second. `is_on_time`: what was due has been done, so that the watchdog may be fed. */
void service_housekeeping(const struct app *app, bool is_on_time);
