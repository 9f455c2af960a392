// SPDX-License-Identifier: GPL-2.0-or-later
/* A new file beside the old one, and the exchange of both. */
#include "ctl/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "util/cleanup.h"

struct place {
	char path[PATH_MAX];	    /* without links */
	char beside[PATH_MAX + 32]; /* of the new file */
	bool is_regular;	    /* or not there yet */
	mode_t mode;		    /* of the new file, before the umask if there is no old one */
	bool has_old;
};

/* A device or a pipe may have no name of its own (/dev/stdout), and needs none. */
static int find_place(const char *path, struct place *place)
{
	struct stat status;

	*place = (struct place){.is_regular = true, .mode = 0666};
	if (!*path)
		return -ENOENT;
	if (lstat(path, &status) < 0) {
		if (errno != ENOENT)
			return -errno;
	} else if (stat(path, &status) < 0) {
		return -errno;
	} else if (S_ISDIR(status.st_mode)) {
		return -EISDIR;
	} else {
		place->has_old = true;
		place->is_regular = S_ISREG(status.st_mode);
		place->mode = status.st_mode & 0777;
	}
	if (place->has_old && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0)
		return -errno;
	if (place->has_old && place->is_regular) {
		if (!realpath(path, place->path))
			return -errno;
	} else if (snprintf(place->path, sizeof(place->path), "%s", path) >= (int)sizeof(place->path)) {
		return -ENAMETOOLONG;
	}
	snprintf(place->beside, sizeof(place->beside), "%s.%ld.tmp", place->path, (long)getpid());
	return 0;
}

/* A descriptor or -errno. */
static int open_beside(const struct place *place)
{
	_cleanup_fd_ int fd = open(place->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, place->mode);

	if (fd < 0)
		return -errno;
	/* Those who may read the old one may read the new one, whatever the umask. */
	if (place->has_old)
		fchmod(fd, place->mode);
	return TAKE_FD(fd);
}

static int write_all(int to, const char *data, size_t size)
{
	while (size > 0) {
		ssize_t n = write(to, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		size -= (size_t)n;
	}
	return 0;
}

static int copy(int from, int to)
{
	char data[65536];
	off_t at = 0;
	ssize_t n;
	int r;

	while ((n = pread(from, data, sizeof(data), at)) > 0) {
		r = write_all(to, data, (size_t)n);
		if (r < 0)
			return r;
		at += n;
	}
	return n < 0 ? -errno : 0;
}

/* Where writing is put off, close() is what tells that it failed. */
static int copy_and_close(int from, int to)
{
	int r = copy(from, to);

	if (close(to) < 0 && r == 0)
		r = -errno;
	return r;
}

int replace_check(const char *path)
{
	struct place place;
	int r = find_place(path, &place), fd;

	if (r < 0 || !place.is_regular)
		return r;
	fd = open_beside(&place);
	if (fd < 0)
		return fd;
	close(fd);
	unlink(place.beside);
	return 0;
}

int replace_write(const char *path, int from)
{
	struct place place;
	int r = find_place(path, &place), fd;

	if (r < 0)
		return r;
	fd = place.is_regular ? open_beside(&place) : open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return place.is_regular ? fd : -errno;
	r = copy_and_close(from, fd);
	if (!place.is_regular)
		return r;
	if (r == 0 && rename(place.beside, place.path) < 0)
		r = -errno;
	if (r < 0)
		unlink(place.beside);
	return r;
}
