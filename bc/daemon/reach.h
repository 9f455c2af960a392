/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the frames go that are for an IP address alone: requests to unicast masters. What answers comes from
 * a MAC address, and the engine knows that from then on.
 */
#pragma once

#include "bc/daemon/app.h"

/* Fills in to->mac, and to->local_ip with it, if it is all zeros. False: it is not known yet; counted, and
 * told once. */
bool reach_complete(struct app *app, struct port *port, struct bc_address *to);
/* The port came up: has the kernel find the masters of its table, so that the first request can leave. */
void reach_prepare(struct app *app, struct port *port);
