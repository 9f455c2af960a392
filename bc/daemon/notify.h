/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The protocol of sd_notify(3) and sd_watchdog_enabled(3): datagrams to a service manager, told by the
 * environment. It is spoken here since sd_notify(3) waits while the manager does not read: a clock must not.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

bool notify_has_manager(void);
/* Lines of NAME=VALUE. 0, also where no manager asked for it; or -errno (-EAGAIN: it does not read). Never
 * waits. */
int notify_send(const char *text);
/* How often the manager wants to hear WATCHDOG=1; 0: it does not. */
uint64_t notify_watchdog_ns(void);
