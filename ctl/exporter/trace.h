/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The offsets of the last minutes: a ring that outlives the daemon's restarts, so that a page opened later
 * has a past. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACE_ROWS    10240 /* ten minutes of 16 a second; of more a second, fewer minutes */
#define TRACE_SPAN_NS (600 * 1000000000ULL)

struct trace_row {
	uint64_t mono_ns;
	int64_t offset_ns;
	double frequency_ppb;
	int64_t path_delay_ns;
	bool has_path_delay;
	uint8_t servo_state; /* 0 to 3 */
	uint8_t port;	     /* number */
};

struct trace {
	uint64_t n; /* all that ever came; they are numbered from 1 */
	struct trace_row row[TRACE_ROWS];
};

void trace_add(struct trace *trace, const struct trace_row *row);
/*
 * The number of the first row to tell to one who knows the rows up to `since`: not overwritten, and of the
 * last ten minutes. Above trace->n: none. Who claims to know what has not come yet knows another trace, and
 * gets all of this.
 */
uint64_t trace_first(const struct trace *trace, uint64_t since, uint64_t now_mono_ns);
/* 1 <= number <= trace->n, and at most TRACE_ROWS old. */
const struct trace_row *trace_get(const struct trace *trace, uint64_t number);
