/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers that are many rows of numbers: a message that names the fields, then messages of rows. They are
 * written as text at once, since the daemon has other things to do than to make an object of every number.
 * Every maker returns NULL when memory is out.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "bc/daemon/control.h"
#include "bc/daemon/control_json.h"

/* Rows of one message, so that it stays below EBC_CONTROL_ANSWER_MAX. */
#define CONTROL_ROWS_MAX     512
#define CONTROL_LOG_ROWS_MAX 32 /* each may have text that doubles and triples as JSON */

struct control_message *control_rows_sample_fields(void);
struct control_message *control_rows_samples(const struct ebc_sample *samples, size_t n);

struct control_message *control_rows_offset_fields(void);
/* Rows `first` to `first` + n - 1, which the history has. */
struct control_message *control_rows_offsets(const struct history *history, uint64_t first, size_t n);

struct control_message *control_rows_log_fields(void);
struct control_message *control_rows_log(const struct log_ring *log, uint64_t first, size_t n);

struct control_message *control_rows_stamp_fields(void);
struct control_message *control_rows_stamps(const struct control_sources *sources,
					    const struct ebc_stamp_key *keys,
					    const struct ebc_stamp_value *values, size_t n);
