/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far UTC is behind PTP time, and the leap second to come: what is in force here, as against what the
 * master says at the moment. Masters tell it late, early, for a while after it is over, or not at all.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct bc_utc {
	bool is_arbitrary; /* no time scale of which UTC were known: its time is taken for UTC, as ptp4l does
			    */
	int16_t offset_s;  /* PTP time less UTC, in force; 0: arbitrary */
	int16_t known_offset_s; /* TAI less UTC: configured, or the last that was trusted */
	bool is_trusted;	/* ... the latter */
	int8_t leap;		/* at the end of this UTC day: 1, -1, 0 */
	int64_t leap_ptp_ns;	/* when the second that is inserted begins, or the one left out would */
	/* What masters that lag may still say after a leap second. */
	int16_t stale_offset_s;
	int64_t stale_until_ptp_ns;
};

/* What is said of the time scale that we follow, or that is our own. */
struct bc_utc_words {
	bool is_arbitrary;
	bool is_trusted; /* offset_s counts */
	int16_t offset_s;
	bool is_leap_told; /* else a leap second that was told before stays */
	int8_t leap;
};

enum bc_utc_verdict {
	BC_UTC_SAME,
	BC_UTC_OFFSET,	/* the offset changed within the time scale */
	BC_UTC_SCALE,	/* the time scale is another one, and with it perhaps the offset */
	BC_UTC_REFUSED, /* out of range, or more than a second from what it was: not taken */
};

void bc_utc_init(struct bc_utc *utc, bool is_arbitrary, int16_t offset_s);
/* offset_s and leap are up to date afterwards. */
enum bc_utc_verdict bc_utc_hear(struct bc_utc *utc, const struct bc_utc_words *words, int64_t ptp_ns);
/* The leap second takes place: the offset changes by it. */
void bc_utc_leap_now(struct bc_utc *utc);
/* Whether ptp_ns is within a few seconds of the leap second that is pending. */
bool bc_utc_is_leaping(const struct bc_utc *utc, int64_t ptp_ns);
