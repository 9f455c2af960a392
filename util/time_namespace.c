// SPDX-License-Identifier: GPL-2.0-or-later
/* What /proc/self/timens_offsets says, which are those of the processes that this one will start. */
#include "util/time_namespace.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/macros.h"

/* The kernel permits no more than half of what ktime_t holds. */
#define OFFSET_MAX_S (INT64_MAX / NSEC_PER_SEC / 2)

static bool read_namespace(const char *root, const char *name, char *text, size_t size)
{
	char path[PATH_MAX];
	ssize_t n;

	if (snprintf(path, sizeof(path), "%s/proc/self/ns/%s", root, name) >= (int)sizeof(path))
		return false;
	n = readlink(path, text, size - 1);
	if (n < 0)
		return false;
	text[n] = '\0';
	return true;
}

/* Who has made a namespace and not yet entered it reads the clock of the one before, which is the first. */
static bool is_inside(const char *root)
{
	char ours[64], children[64];

	return !read_namespace(root, "time", ours, sizeof(ours)) ||
	       !read_namespace(root, "time_for_children", children, sizeof(children)) ||
	       strcmp(ours, children) == 0;
}

int time_namespace_ahead_ns(const char *root, int64_t *ret_ahead_ns)
{
	_cleanup_file_ FILE *file = NULL;
	char path[PATH_MAX], line[128];

	if (snprintf(path, sizeof(path), "%s/proc/self/timens_offsets", root) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	file = fopen(path, "re");
	if (!file && errno != ENOENT)
		return -errno;
	if (!file || !is_inside(root)) {
		*ret_ahead_ns = 0;
		return 0;
	}
	while (fgets(line, sizeof(line), file)) {
		int64_t seconds, nanoseconds;

		if (sscanf(line, "monotonic %" SCNd64 " %" SCNd64, &seconds, &nanoseconds) != 2)
			continue;
		if (seconds < -OFFSET_MAX_S || seconds > OFFSET_MAX_S || nanoseconds < 0 ||
		    nanoseconds >= NSEC_PER_SEC)
			return -EBADMSG;
		*ret_ahead_ns = seconds * NSEC_PER_SEC + nanoseconds;
		return 0;
	}
	return -EBADMSG;
}
