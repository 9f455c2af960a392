/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A 64 x 64 bit product shifted right, without 128-bit types (32-bit routers have none).
 *
 * The kernel's scheduler clock once wrapped after 208 days because a product of nanoseconds and a
 * multiplier left 64 bits. Every time interval that is scaled by a rate here goes through this
 * function, whose intermediate is 128 bits wide: with |rate_q62| <= 2^62 (a relative rate of 1) the
 * result is exact for every interval of 63 bits, which is 292 years of nanoseconds.
 */
#pragma once

#include <stdint.h>

/* floor(a * b / 2^shift), 0 <= shift <= 127. The caller guarantees that the result fits 64 bits. */
int64_t mul_shift_s64(int64_t a, int64_t b, unsigned int shift);
