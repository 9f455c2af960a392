/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of unicast negotiation. */
#pragma once

#include "bc/engine/engine.h"
#include "config/config.h"

/* Fills in the port's part, after its transport; `table` is where its masters are kept. */
void unicast_settings_read_port(const struct ebc_config *config, size_t port, struct bc_unicast_table *table,
				struct bc_port_config *ret_port);
