/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Families of metrics.def: series with labels, or not of the daemon's status. Each writes its samples, if
 * any. */
#pragma once

struct metric_writer;

#define VALUE(name, type, pointer, factor, help)
#define FAMILY(name, type, put, help) void put(struct metric_writer *writer);
#include "ctl/exporter/metrics.def"
#undef VALUE
#undef FAMILY
