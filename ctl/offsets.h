/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The measurements of the offset that the daemon keeps, and what they come to. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/client.h"

struct offset {
	uint64_t number; /* the daemon's, from 1 */
	uint64_t mono_ns;
	int64_t offset_ns;
	int64_t path_delay_ns; /* OFFSET_NO_DELAY: unknown */
	double frequency_ppb;
	uint32_t port; /* its number */
	uint32_t servo_state;
};

#define OFFSET_NO_DELAY INT64_MIN
#define OFFSET_LOCKED	2 /* servo_state at least */

/* Zero-initialized; by time. */
struct offsets {
	size_t n, n_allocated;
	struct offset *list;
	uint64_t next;	 /* number of the last one that is known */
	uint64_t n_lost; /* were kept no longer when they were asked for */
};

/* As the columns of each row are called; for what is printed. */
extern const char *const offset_fields[7];

/* Appends what is new. 0, or -errno as client_receive(): -EPROTO also of a clock that measures none. */
int offsets_fetch(struct client *client, struct offsets *offsets);
/* Forgets all but the newest `n`. */
void offsets_keep(struct offsets *offsets, size_t n);
void offsets_free(struct offsets *offsets);
/* As a row in the order of offset_fields; the caller puts. */
struct json_object *offset_json(const struct offset *offset);

/* Of those in lock, if any is. NaN where there are too few. */
struct offset_statistics {
	size_t n, n_locked;
	double mean_ns, sd_ns, rms_ns, max_ns;
	double p50_ns, p90_ns, p99_ns, p99_9_ns; /* of the magnitude, by nearest rank */
	double frequency_mean_ppb, frequency_sd_ppb;
	double delay_min_ns, delay_p50_ns, delay_max_ns;
};

/* 0 or -ENOMEM. */
int offsets_statistics(const struct offsets *offsets, struct offset_statistics *ret_statistics);
/* The magnitudes of those in lock, if any is, else of all: ascending, `*ret_n` of them. NULL: no memory. */
double *offsets_magnitudes(const struct offsets *offsets, size_t *ret_n);
