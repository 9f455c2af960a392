/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The findings about the host. */
#pragma once

#include "ctl/check/check.h"
#include "ctl/check/kernel.h"

/* What it finds out of the kernel is also the ports' concern. */
void check_host(const struct check_options *options, struct findings *findings,
		struct kernel_facts *ret_kernel);
