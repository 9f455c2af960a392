// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading small text files below a root directory. */
#include "ctl/check/look.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"

static bool make_path(char path[static LOOK_PATH_SIZE], const char *root, const char *format, va_list rest)
{
	int n = snprintf(path, LOOK_PATH_SIZE, "%s", root);

	if (n < 0 || n >= LOOK_PATH_SIZE)
		return false;
	return vsnprintf(path + n, LOOK_PATH_SIZE - (size_t)n, format, rest) < LOOK_PATH_SIZE - n;
}

/* Not blocked by a fifo or a terminal that bears the name. */
static int read_text(const char *path, char *text, size_t size)
{
	_cleanup_fd_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while (len < size - 1) {
		n = read(fd, text + len, size - 1 - len);
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	text[len] = '\0';
	return 0;
}

int look_text(const char *root, char *text, size_t size, const char *path, ...)
{
	char whole[LOOK_PATH_SIZE];
	va_list rest;
	bool fits;
	int r;

	va_start(rest, path);
	fits = make_path(whole, root, path, rest);
	va_end(rest);
	r = fits ? read_text(whole, text, size) : -ENAMETOOLONG;
	if (r < 0)
		*text = '\0';
	return r;
}

int look_link(const char *root, char *text, size_t size, const char *path, ...)
{
	char whole[LOOK_PATH_SIZE];
	va_list rest;
	ssize_t n;
	bool fits;

	*text = '\0';
	va_start(rest, path);
	fits = make_path(whole, root, path, rest);
	va_end(rest);
	if (!fits)
		return -ENAMETOOLONG;
	n = readlink(whole, text, size - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return 0;
}

int look_number(const char *root, long long *ret, const char *path, ...)
{
	char whole[LOOK_PATH_SIZE], text[64], *end;
	long long number;
	va_list rest;
	bool fits;
	int r;

	va_start(rest, path);
	fits = make_path(whole, root, path, rest);
	va_end(rest);
	r = fits ? read_text(whole, text, sizeof(text)) : -ENAMETOOLONG;
	if (r < 0)
		return r;
	errno = 0;
	number = strtoll(text, &end, 10);
	if (errno || end == text || *end)
		return -EINVAL;
	*ret = number;
	return 0;
}

bool look_exists(const char *root, const char *path, ...)
{
	char whole[LOOK_PATH_SIZE];
	va_list rest;
	bool fits;

	va_start(rest, path);
	fits = make_path(whole, root, path, rest);
	va_end(rest);
	return fits && faccessat(AT_FDCWD, whole, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool look_has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)) != NULL; at += len) {
		bool begins = at == list || isspace((unsigned char)at[-1]);

		if (begins && (at[len] == '\0' || isspace((unsigned char)at[len])))
			return true;
	}
	return false;
}
