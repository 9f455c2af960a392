/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a service manager is told by sd_notify(3): when the clock runs, is configured anew and ends, what it
 * is doing in a line, and that it is alive. Nothing where no manager asked for it, or without libsystemd.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct app;

void service_ready(void);
/* Until the next service_ready(). */
void service_reloading(void);
void service_stopping(void);
/* Twice a second. `is_on_time`: what was due has been done, so that the watchdog may be fed. */
void service_housekeeping(const struct app *app, bool is_on_time);
