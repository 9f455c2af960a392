/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the configuration share: a fresh config for each test, texts read into it, its notes. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "config/config.h"

/* cmocka fixtures: *state is a struct ebc_config at its defaults. */
int setup_config(void **state);
int teardown_config(void **state);

/* Reads the text under the name "t.conf". */
int read_config_text(struct ebc_config *config, const char *text);
/* The text is accepted, and finish makes no note. */
void assert_runs_silently(struct ebc_config *config, const char *text);
/* The text is refused by the reader, with exactly this one note. */
void assert_text_refused(struct ebc_config *config, const char *text, const char *note);
/* The text is accepted, and finish refuses it with exactly this one note. */
void assert_finish_refuses(struct ebc_config *config, const char *text, const char *note);
/* The text runs, with exactly this one note. */
void assert_runs_with_note(struct ebc_config *config, const char *text, const char *note);
/* There is exactly one note. */
void assert_only_note(const struct ebc_config *config, bool is_error, const char *text);
