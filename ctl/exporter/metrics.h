/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known as Prometheus metrics, text format 0.0.4. The table of them is metrics.def. */
#pragma once

#include <stdio.h>

#include "ctl/exporter/poller.h"

void metrics_print(const struct known *known, uint64_t now_mono_ns, uint64_t n_requests, FILE *to);
