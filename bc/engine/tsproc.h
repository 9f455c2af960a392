/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tsproc_mode: by which path delay the last Sync is turned into an offset, and how much the servo is to trust
 * it. */
#pragma once

#include "bc/engine/engine_private.h"

struct bc_tsproc {
	int64_t offset_ns, delay_ns;
	double weight; /* in (0, 1] */
};

/* The port follows, and a path delay is known. */
struct bc_tsproc bc_tsproc_measure(const struct bc_port *port);
