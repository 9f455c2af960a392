/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the standard's codes and our numbers are called by people. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ctl/grid.h"

#define WORDS_SIZE 32

/* Three digits and a unit, "-34 ns", "1.23 ms"; "-" for NaN. Returns `text`. */
const char *words_ns(double ns, char text[static WORDS_SIZE]);
/* Two units of a long time, "3 d 4 h", "12 s". Returns `text`. */
const char *words_age(uint64_t ns, char text[static WORDS_SIZE]);

/* All: NULL for what they do not know. */
const char *words_clock_type(const char *clock_type);
const char *words_clock_class(int64_t clock_class);
const char *words_clock_accuracy(unsigned int clock_accuracy);
const char *words_time_source(unsigned int time_source);
/* The clock's state, as `status` tells it. */
const char *words_state(const char *state);

/* Of the clock's state, and of a port's; COLOUR_NONE also for the unknown. */
enum colour words_state_colour(const char *state);
