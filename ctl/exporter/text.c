// SPDX-License-Identifier: GPL-2.0-or-later
/* Growing text. Names of interfaces may be any octets; what reads our answers must not stumble over them. */
#include "ctl/exporter/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

int text_begin(struct text *text)
{
	*text = (struct text){};
	text->to = open_memstream(&text->data, &text->len);
	return text->to ? 0 : -ENOMEM;
}

int text_finish(struct text *text)
{
	char *clean = fclose(text->to) == EOF ? NULL : malloc(text->len + 1);

	if (clean) {
		ebc_utf8_clean(text->data, clean, text->len + 1);
		text->len = strlen(clean);
	}
	free(text->data);
	text->data = clean;
	return clean ? 0 : -ENOMEM;
}
