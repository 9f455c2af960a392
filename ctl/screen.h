/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole terminal, as long as it is ours: its other screen, which leaves what was there untouched, without
 * a cursor. Where the standard output is no terminal nothing is taken.
 */
#pragma once

#include <stdbool.h>

struct screen {
	bool is_taken;
	int signal_fd;
};

/* Takes the terminal if there is one. 0 or -errno. Give back with screen_end(), which accepts a zeroed one.
 */
int screen_begin(struct screen *screen);
void screen_end(struct screen *screen);

/* Polls as readable when screen_handle() has something to do: another size, or the user's job control. */
int screen_fd(const struct screen *screen);
void screen_handle(struct screen *screen);

/* Of the window; without a terminal 100 columns, and no end of lines. */
void screen_size(const struct screen *screen, int *ret_columns, int *ret_lines);
/* The text in place of what was there, cut at the edges; without a terminal behind it. */
void screen_show(const struct screen *screen, const char *text);
