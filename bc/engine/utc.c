// SPDX-License-Identifier: GPL-2.0-or-later
/* UTC as masters tell it, with what they tell wrongly around a leap second left out. */
#include "bc/engine/utc.h"

#include <stdlib.h>

#include "bc/engine/leap.h"
#include "util/macros.h"

#define DAY_S 86400
/* A leap second is announced for the end of the current UTC day, from twelve hours before at most (IEEE
 * 1588-2019 8.2.4.4); a flag in the first half of a day is what was left standing of the day before. */
#define LEAP_TOLD_S (DAY_S / 2)
/* How far master, kernel and we may differ in when the day ends. */
#define LEAPING_NS (5 * NSEC_PER_SEC)
/* For how long the offset of before may still be told: behind a chain of clocks, some announce intervals. */
#define STALE_NS (600 * NSEC_PER_SEC)

void bc_utc_init(struct bc_utc *utc, bool is_arbitrary, int16_t offset_s)
{
	*utc = (struct bc_utc){
		.is_arbitrary = is_arbitrary,
		.offset_s = is_arbitrary ? 0 : offset_s,
		.known_offset_s = offset_s,
	};
}

/* Leap seconds are at the ends of months alone (ITU-R TF.460). Days since 1970 to day of the month, by eras
 * of 400 years that begin in March. */
static bool is_first_of_month(int64_t day)
{
	int64_t z = day + 719468, era_day = z % 146097;
	int64_t year = (era_day - era_day / 1460 + era_day / 36524 - era_day / 146096) / 365;
	int64_t year_day = era_day - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * year_day + 2) / 153;

	return z > 0 && year_day - (153 * month + 2) / 5 == 0;
}

/* Arms or cancels. False flags of the wrong half of a day, or day of a month, arm nothing. */
static void hear_leap(struct bc_utc *utc, int8_t leap, int64_t ptp_ns)
{
	int64_t utc_s = ptp_ns / NSEC_PER_SEC - utc->offset_s;
	int64_t midnight_utc_s = (utc_s / DAY_S + 1) * DAY_S;

	/* Too late for any change of mind: it is taking place. */
	if (utc->leap && bc_utc_is_leaping(utc, ptp_ns))
		return;
	utc->leap = 0;
	/* It may be before midnight still, since the second was inserted. */
	if (ptp_ns < utc->stale_until_ptp_ns)
		return;
	if (leap == 0 || midnight_utc_s - utc_s > LEAP_TOLD_S || !is_first_of_month(midnight_utc_s / DAY_S))
		return;
	utc->leap = leap;
	utc->leap_ptp_ns = (midnight_utc_s + utc->offset_s - (leap < 0)) * NSEC_PER_SEC;
}

/* Whether a trusted offset is to be left alone for now: that of after a leap second that comes presently, or
 * that of before one that was. */
static bool is_out_of_step(const struct bc_utc *utc, int16_t offset_s, int64_t ptp_ns)
{
	if (utc->leap && offset_s == utc->known_offset_s + utc->leap && bc_utc_is_leaping(utc, ptp_ns))
		return true;
	return ptp_ns < utc->stale_until_ptp_ns && offset_s == utc->stale_offset_s;
}

/* False: refused. */
static bool hear_offset(struct bc_utc *utc, const struct bc_utc_words *words, int64_t ptp_ns)
{
	if (words->is_arbitrary || !words->is_trusted)
		return true;
	if (words->offset_s < BC_UTC_OFFSET_MIN_S || words->offset_s > BC_UTC_OFFSET_MAX_S)
		return false;
	if (utc->is_trusted && abs(words->offset_s - utc->known_offset_s) > 1)
		return false;
	if (is_out_of_step(utc, words->offset_s, ptp_ns))
		return true;
	utc->known_offset_s = words->offset_s;
	utc->is_trusted = true;
	return true;
}

enum bc_utc_verdict bc_utc_hear(struct bc_utc *utc, const struct bc_utc_words *words, int64_t ptp_ns)
{
	bool is_refused = !hear_offset(utc, words, ptp_ns);
	bool is_other_scale = words->is_arbitrary != utc->is_arbitrary;
	int16_t old_offset_s = utc->offset_s;

	utc->is_arbitrary = words->is_arbitrary;
	utc->offset_s = utc->is_arbitrary ? 0 : utc->known_offset_s;
	if (is_other_scale || utc->is_arbitrary)
		utc->leap = 0;
	else if (words->is_leap_told)
		hear_leap(utc, words->leap, ptp_ns);
	if (is_other_scale)
		return BC_UTC_SCALE;
	if (utc->offset_s != old_offset_s)
		return BC_UTC_OFFSET;
	return is_refused ? BC_UTC_REFUSED : BC_UTC_SAME;
}

void bc_utc_leap_now(struct bc_utc *utc)
{
	utc->stale_offset_s = utc->offset_s;
	utc->stale_until_ptp_ns = utc->leap_ptp_ns + STALE_NS;
	utc->offset_s = (int16_t)(utc->offset_s + utc->leap);
	utc->known_offset_s = utc->offset_s;
	utc->leap = 0;
}

bool bc_utc_is_leaping(const struct bc_utc *utc, int64_t ptp_ns)
{
	return utc->leap && llabs(ptp_ns - utc->leap_ptp_ns) <= LEAPING_NS;
}
