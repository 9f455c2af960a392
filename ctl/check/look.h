/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading the small text files of /proc, /sys and /etc: all paths are looked up below a root directory, which
 * tests replace by a tree of their own.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define LOOK_PATH_SIZE 512

/*
 * The file's text without the white space at its end, cut at size - 1 octets. `path` is a printf() format and
 * begins with a slash. 0, or -errno and the text is empty: -ENOENT, -EACCES, ...
 */
int look_text(const char *root, char *text, size_t size, const char *path, ...)
	__attribute__((format(printf, 4, 5)));
/* A decimal number alone in a file. 0, -errno, or -EINVAL for other text; then *ret is untouched. */
int look_number(const char *root, long long *ret, const char *path, ...)
	__attribute__((format(printf, 3, 4)));
/* Where a symbolic link points. 0, or -errno and the text is empty. */
int look_link(const char *root, char *text, size_t size, const char *path, ...)
	__attribute__((format(printf, 4, 5)));
/* Whether there is something of that name. */
bool look_exists(const char *root, const char *path, ...) __attribute__((format(printf, 2, 3)));
/* Whether a list of words, separated by white space, has this one. */
bool look_has_word(const char *list, const char *word);
