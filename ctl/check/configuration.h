/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration file, as the daemon would read it. */
#pragma once

#include "config/config.h"
#include "ctl/check/finding.h"

/*
 * Finishes one that was read, with these ports where the file names none. 0, -errno of ebc_config_finish(),
 * or -ENODATA: there is no port, and nothing else is wrong; the values can be used.
 */
int configuration_finish(struct ebc_config *config, const char *const *ports, size_t n_ports);
/* `error` is what reading or finishing ended with. */
void configuration_judge(const struct ebc_config *config, const char *path, int error,
			 struct findings *findings);
