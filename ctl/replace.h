/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file that takes its place only when it is whole: it is written beside it and renamed. Links are followed.
 * What is no regular file (a device, a pipe) is written into and never removed.
 */
#pragma once

/* Whether replace_write() may write there; changes nothing. 0 or -errno. */
int replace_check(const char *path);

/* Writes all of the regular file `from`, which stays the caller's. 0, or -errno and what was there stays. */
int replace_write(const char *path, int from);
