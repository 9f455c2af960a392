/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration file, as the daemon would read it. */
#pragma once

#include "config/config.h"
#include "ctl/check/finding.h"

/* `error` is what reading or finishing ended with. */
void configuration_judge(const struct ebc_config *config, const char *path, int error,
			 struct findings *findings);
