/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The leap seconds of a file in the form of NIST's and IERS's leap-seconds.list (option leapfile). Pure:
 * the daemon reads the file, and asks for what holds at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BC_LEAPS_MAX 128
/* What TAI minus UTC may be told to be, seconds. */
#define BC_UTC_OFFSET_MIN_S 10
#define BC_UTC_OFFSET_MAX_S 255

struct bc_leap_table {
	size_t n;
	struct {
		int64_t start_tai_s; /* since 1970, TAI: the midnight at which the offset begins */
		int16_t utc_offset_s;
	} leaps[BC_LEAPS_MAX]; /* in order of time */
	int64_t expires_utc_s; /* INT64_MAX: the file does not say */
};

/* What is true at a time. */
struct bc_leap_info {
	bool is_valid; /* the table knows that time: it has begun, and has not expired */
	int16_t utc_offset_s;
	int8_t leap; /* of the end of the current UTC day: 1 (61 s), -1 (59 s), 0 */
};

/* 0; -EINVAL when there is no entry, or a line is malformed, out of order, or changes by more than 1 s. */
int bc_leap_table_parse(const char *text, size_t len, struct bc_leap_table *ret_table);
struct bc_leap_info bc_leap_table_at(const struct bc_leap_table *table, int64_t tai_s);
