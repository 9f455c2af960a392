/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text that grows, and is UTF-8 in the end. */
#pragma once

#include <stdio.h>

struct text {
	char *data;
	size_t len;
	FILE *to; /* what is printed here is in data after text_finish() */
};

/* 0 or -ENOMEM. */
int text_begin(struct text *text);
/* What is not UTF-8 becomes question marks. 0 or -ENOMEM, and then there is no data; else the caller frees
 * it. */
int text_finish(struct text *text);
