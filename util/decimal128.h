/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unsigned numbers of 128 bits as decimal text, since JSON's readers lose what is beyond 53 or 64 bits. In
 * two halves, without 128-bit types (32-bit routers have none).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* 2^128 - 1 has 39 digits; with the final NUL. */
#define EBC_DECIMAL128_SIZE 40

static inline void ebc_decimal128_format(uint64_t high, uint64_t low, char text[static EBC_DECIMAL128_SIZE])
{
	uint32_t limbs[4] = {(uint32_t)(high >> 32), (uint32_t)high, (uint32_t)(low >> 32), (uint32_t)low};
	size_t at = EBC_DECIMAL128_SIZE - 1;

	text[at] = '\0';
	do {
		uint64_t rest = 0;

		for (size_t i = 0; i < 4; i++) {
			rest = rest << 32 | limbs[i];
			limbs[i] = (uint32_t)(rest / 10);
			rest %= 10;
		}
		text[--at] = (char)('0' + rest);
	} while (limbs[0] | limbs[1] | limbs[2] | limbs[3]);
	memmove(text, text + at, EBC_DECIMAL128_SIZE - at);
}

/* False, and nothing written, for what is not decimal digits alone or beyond 2^128 - 1. */
static inline bool ebc_decimal128_parse(const char *text, uint64_t *ret_high, uint64_t *ret_low)
{
	uint32_t limbs[4] = {};

	if (!*text)
		return false;
	for (; *text; text++) {
		uint64_t carry;

		if (*text < '0' || *text > '9')
			return false;
		carry = (uint64_t)(*text - '0');
		for (size_t i = 4; i-- > 0;) {
			carry += (uint64_t)limbs[i] * 10;
			limbs[i] = (uint32_t)carry;
			carry >>= 32;
		}
		if (carry)
			return false;
	}
	*ret_high = (uint64_t)limbs[0] << 32 | limbs[1];
	*ret_low = (uint64_t)limbs[2] << 32 | limbs[3];
	return true;
}
