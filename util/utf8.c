// SPDX-License-Identifier: GPL-2.0-or-later
/* Well-formed UTF-8 as in table 3-7 of the Unicode standard. */
#include "util/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static bool is_continuation(unsigned char octet)
{
	return (octet & 0xc0) == 0x80;
}

/* What the second octet may be: no overlong forms, no surrogates, nothing beyond U+10FFFF. */
static bool is_second(unsigned char first, unsigned char second)
{
	switch (first) {
	case 0xe0:
		return second >= 0xa0 && second <= 0xbf;
	case 0xed:
		return second >= 0x80 && second <= 0x9f;
	case 0xf0:
		return second >= 0x90 && second <= 0xbf;
	case 0xf4:
		return second >= 0x80 && second <= 0x8f;
	default:
		return is_continuation(second);
	}
}

/* Octets of the character at `at`; 0: it is none. The final NUL continues nothing. */
static size_t character_octets(const unsigned char *at)
{
	size_t n = at[0] < 0x80	  ? 1
		   : at[0] < 0xc2 ? 0
		   : at[0] < 0xe0 ? 2
		   : at[0] < 0xf0 ? 3
		   : at[0] < 0xf5 ? 4
				  : 0;

	if (n >= 2 && !is_second(at[0], at[1]))
		return 0;
	for (size_t i = 2; i < n; i++)
		if (!is_continuation(at[i]))
			return 0;
	return n;
}

void ebc_utf8_clean(const char *text, char *ret_text, size_t size)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t len = 0;

	while (*at) {
		size_t n = character_octets(at), n_written = n ? n : 1;

		if (len + n_written >= size)
			break;
		if (n)
			memcpy(ret_text + len, at, n);
		else
			ret_text[len] = '?';
		len += n_written;
		at += n_written;
	}
	ret_text[len] = '\0';
}
