/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Residences as text: for people, for programs, for spreadsheets. */
#pragma once

#include <stdio.h>

#include "ctl/fetch.h"

/* Aligned; each line ends in `line_end`, which holds the newline. */
void table_print(const struct residences *residences, const char *line_end, FILE *to);
/* One line for each {ports, type, part}; times in ns, empty where there is none. */
void csv_print(const struct residences *residences, FILE *to);
/* One object with everything, buckets included. 0 or -ENOMEM. */
int json_print(const struct residences *residences, FILE *to);
/* A field of a CSV file, quoted where it must be. */
void csv_put_name(const char *name, FILE *to);
