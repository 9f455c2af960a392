/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of management: sockets, and what the clock says of itself. */
#pragma once

#include "bc/daemon/settings.h"
#include "config/config.h"

/* Fills in settings->management and the descriptions of the engine and its ports, which are read by then. 0,
 * or -EINVAL with the reason in `reason`. */
int management_settings_read(const struct ebc_config *config, struct settings *settings, char *reason,
			     size_t reason_size);
