/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All that the page needs, as one JSON object; ebpf-bc-exporter(8) describes it. */
#pragma once

#include <stdio.h>

#include "ctl/exporter/poller.h"

/* Of the trace what comes after the row `since`. */
void status_json_print(const struct known *known, uint64_t since, uint64_t now_mono_ns, FILE *to);
