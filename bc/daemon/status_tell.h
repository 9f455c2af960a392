/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clock and ports of the daemon as the control socket tells them, from engine, transparent clock and port. */
#pragma once

#include <stddef.h>

#include "bc/daemon/control_status.h"
#include "bc/wire/msg.h"

struct app;

/* All but the alarms. */
void status_tell_clock(const struct app *app, struct control_status *ret);
/* A port, by its index. */
void status_tell_port(const struct app *app, size_t index, struct control_port_status *ret);
void status_port_identity_text(const struct ptp_port_identity *identity, char *ret, size_t size);
