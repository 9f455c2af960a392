/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The findings about interfaces, time namespace and PPS. */
#pragma once

#include "ctl/check/check.h"
#include "ctl/check/kernel.h"

/* Adds to `findings`. What cannot be looked at is a finding that says so; -errno only where nothing could be
 * looked at at all. */
int check_ports(const struct check_options *options, const struct kernel_facts *kernel,
		struct findings *findings);
