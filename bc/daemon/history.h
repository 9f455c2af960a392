/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last measurements of the offset from the master, numbered from 1 on. Adding one never allocates. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define HISTORY_ROWS 8192

struct history_row {
	uint64_t mono_ns; /* when the Sync came */
	int64_t offset_ns;
	int64_t path_delay_ns;
	double frequency_ppb; /* ptp4l's sign: how much slower the clock is run */
	uint16_t port_number; /* from 1 */
	uint8_t servo_state;  /* as in the log: 0 to 3 */
};

struct history;

/* The first row gets the number after `last`. NULL: no memory. */
struct history *history_new(uint64_t last);
/* Accepts NULL. */
void history_free(struct history *history);

void history_add(struct history *history, const struct history_row *row);
/* The number of the newest row; that from history_new() where there is none. */
uint64_t history_last(const struct history *history);
/* The number of the oldest row that is kept; one more than the last where there is none. */
uint64_t history_first(const struct history *history);
/* A row from history_first() to history_last(). */
const struct history_row *history_get(const struct history *history, uint64_t number);

struct history_summary {
	size_t n;
	int64_t last_ns, max_ns; /* the latter: the largest magnitude */
	double rms_ns;
	uint64_t last_mono_ns;
	int64_t path_delay_ns;
	double frequency_ppb;
};

/*
 * Of the rows of the last `span_ns` before now_mono_ns, or of the newest alone if that is older; `since` is
 * the number before the first that counts. All zero: there is none.
 */
struct history_summary history_summarize(const struct history *history, uint64_t since, uint64_t now_mono_ns,
					 uint64_t span_ns);
