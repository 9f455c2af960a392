/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether this is a time namespace, where CLOCK_MONOTONIC is not the kernel's. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ctl/check/finding.h"

struct time_namespace_facts {
	int error;
	int64_t ahead_ns;
	bool is_of_first; /* the first process that is seen is in it, too */
};

void time_namespace_look(const char *root, struct time_namespace_facts *ret);
void time_namespace_judge(const struct time_namespace_facts *facts, struct findings *findings);
