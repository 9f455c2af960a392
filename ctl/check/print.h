/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings for people and for programs. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "ctl/check/finding.h"

size_t findings_count(const struct findings *findings, enum finding_level level);

struct print_style {
	bool has_good;	/* good ones too, not only their number */
	bool has_color; /* terminal escapes */
	size_t columns; /* lines are broken there */
};

/* Problems first, then notes, then what is good; in each the host, then the ports in their order. */
void findings_print(const struct findings *findings, const struct print_style *style, FILE *to);
/* One object on a line; all findings, in their order. 0 or -ENOMEM. */
int findings_print_json(const struct findings *findings, FILE *to);
