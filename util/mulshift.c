// SPDX-License-Identifier: GPL-2.0-or-later
/* 128-bit product from 32-bit limbs; see the header for the range. */
#include "util/mulshift.h"

int64_t mul_shift_s64(int64_t a, int64_t b, unsigned int shift)
{
	uint64_t ua = a < 0 ? -(uint64_t)a : (uint64_t)a;
	uint64_t ub = b < 0 ? -(uint64_t)b : (uint64_t)b;
	uint64_t a_lo = (uint32_t)ua, a_hi = ua >> 32;
	uint64_t b_lo = (uint32_t)ub, b_hi = ub >> 32;
	uint64_t lo_lo = a_lo * b_lo, lo_hi = a_lo * b_hi, hi_lo = a_hi * b_lo, hi_hi = a_hi * b_hi;
	uint64_t mid = (lo_lo >> 32) + (uint32_t)lo_hi + (uint32_t)hi_lo;
	uint64_t hi = hi_hi + (lo_hi >> 32) + (hi_lo >> 32) + (mid >> 32);
	uint64_t lo = mid << 32 | (uint32_t)lo_lo;

	if ((a < 0) != (b < 0)) {
		lo = -lo;
		hi = ~hi + (lo == 0);
	}
	if (shift == 0)
		return (int64_t)lo;
	if (shift < 64)
		return (int64_t)(hi << (64 - shift) | lo >> shift);
	return (int64_t)hi >> (shift - 64);
}
