/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file of leap seconds: read at the start, and again when it is replaced. */
#pragma once

#include <time.h>

#include "bc/engine/leap.h"

struct leap_file {
	const char *path; /* ""; the configuration's */
	struct timespec modified;
	struct bc_leap_table table;
};

/* 0 or -errno; -EINVAL when it is no such file. What was read before stays then. */
int leap_file_read(struct leap_file *file);
/* Whether there is another file than was read. */
bool leap_file_is_new(const struct leap_file *file);
