/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a service manager is told (notify.h): when the clock runs, is configured anew and ends, what it is
 * doing in a line, and that it is alive. Nothing where no manager asked for it.
 */
#pragma once

#include <stdint.h>

struct app;

/* Before anything else: what the manager asks for is looked at. */
void service_start(void);
void service_ready(void);
/* Until the next service_ready(). */
void service_reloading(void);
void service_stopping(void);
/* One of the ports is done, in a start or an end that may be longer than the manager waits: it is alive. */
void service_goes_on(uint64_t now_mono_ns);
/* Twice a second. The watchdog is fed only if what was due has been done, by either instance. */
void service_housekeeping(const struct app *app, uint64_t now_mono_ns);
