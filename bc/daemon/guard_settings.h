/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options that say whom to believe, how much, and what becomes of the clock without a master. */
#pragma once

#include "config/config.h"
#include "bc/engine/engine.h"

/* The engine's part. 0, or -EINVAL with the reason in `reason`. */
int guard_settings_read(const struct ebc_config *config, struct bc_engine_config *engine, char *reason,
			size_t reason_size);
/* The same of a port. */
int guard_settings_read_port(const struct ebc_config *config, size_t port, struct bc_port_config *ret_port,
			     char *reason, size_t reason_size);
