/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The findings about the host. */
#pragma once

#include "ctl/check/check.h"

void check_host(const struct check_options *options, struct findings *findings);
