// SPDX-License-Identifier: GPL-2.0-or-later
/* Sequences that every terminal of today knows (ECMA-48, and xterm's for the other screen and the cursor). */
#include "ctl/screen.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/macros.h"

#define COLUMNS_ELSE 100

static void take(struct screen *screen)
{
	fputs("\033[?1049h\033[?25l\033[2J", stdout);
	fflush(stdout);
	screen->is_taken = true;
}

static void give_back(struct screen *screen)
{
	if (!screen->is_taken)
		return;
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	screen->is_taken = false;
}

int screen_begin(struct screen *screen)
{
	sigset_t set;

	*screen = (struct screen){.signal_fd = -1};
	if (!isatty(STDOUT_FILENO))
		return 0;
	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGTSTP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return -errno;
	screen->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (screen->signal_fd < 0)
		return -errno;
	take(screen);
	return 0;
}

void screen_end(struct screen *screen)
{
	if (!screen->is_taken)
		return;
	give_back(screen);
	screen->signal_fd = close_fd(screen->signal_fd);
}

int screen_fd(const struct screen *screen)
{
	return screen->signal_fd;
}

void screen_handle(struct screen *screen)
{
	struct signalfd_siginfo info;

	while (read(screen->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGTSTP)
			continue;
		give_back(screen);
		raise(SIGSTOP);
		take(screen);
	}
}

void screen_size(const struct screen *screen, int *ret_columns, int *ret_lines)
{
	struct winsize size = {};

	if (!screen->is_taken) {
		*ret_columns = COLUMNS_ELSE;
		*ret_lines = INT_MAX;
		return;
	}
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_row == 0)
		size = (struct winsize){.ws_col = 80, .ws_row = 24};
	*ret_columns = size.ws_col;
	*ret_lines = size.ws_row;
}

/* Escape sequences take no column, and behind the edge are all that is left. */
static const char *put_line(const char *line, int columns)
{
	for (; *line && *line != '\n'; line++) {
		if (*line == '\033') {
			size_t n = strcspn(line, "m\n");

			n += line[n] == 'm';
			fwrite(line, 1, n, stdout);
			line += n - 1;
			continue;
		}
		/* Octets that continue a character of UTF-8. */
		columns -= ((unsigned char)*line & 0xc0) != 0x80;
		if (columns >= 0)
			putchar(*line);
	}
	return *line ? line + 1 : line;
}

void screen_show(const struct screen *screen, const char *text)
{
	int columns, lines;

	if (!screen->is_taken) {
		fputs(text, stdout);
		fflush(stdout);
		return;
	}
	screen_size(screen, &columns, &lines);
	fputs("\033[H", stdout);
	for (int i = 0; i < lines && *text; i++) {
		if (i)
			fputs("\r\n", stdout);
		text = put_line(text, columns);
		fputs("\033[K", stdout);
	}
	fputs("\033[J", stdout);
	fflush(stdout);
}
