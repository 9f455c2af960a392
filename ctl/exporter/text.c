// SPDX-License-Identifier: GPL-2.0-or-later
/* Growing text. Names of interfaces may be any octets; what reads our answers must not stumble over them. */
#include "ctl/exporter/text.h"

#include <errno.h>
#include <stdlib.h>

int text_begin(struct text *text)
{
	*text = (struct text){};
	text->to = open_memstream(&text->data, &text->len);
	return text->to ? 0 : -ENOMEM;
}

/* Octets of the character that begins here, 0 if none does (RFC 3629, table 3-7 of Unicode). */
static size_t character_length(const unsigned char *c, size_t len)
{
	unsigned char low = 0x80, high = 0xBF;
	size_t n;

	if (c[0] < 0x80)
		return 1;
	if (c[0] < 0xC2 || c[0] > 0xF4)
		return 0;
	n = c[0] < 0xE0 ? 2 : c[0] < 0xF0 ? 3 : 4;
	if (c[0] == 0xE0)
		low = 0xA0;
	else if (c[0] == 0xED)
		high = 0x9F;
	else if (c[0] == 0xF0)
		low = 0x90;
	else if (c[0] == 0xF4)
		high = 0x8F;
	if (n > len || c[1] < low || c[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (c[i] < 0x80 || c[i] > 0xBF)
			return 0;
	return n;
}

static void mend(char *data, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t n = character_length((const unsigned char *)data + i, len - i);

		if (n == 0)
			data[i] = '?';
		i += n ? n : 1;
	}
}

int text_finish(struct text *text)
{
	if (fclose(text->to) == EOF) {
		free(text->data);
		return -ENOMEM;
	}
	mend(text->data, text->len);
	return 0;
}
