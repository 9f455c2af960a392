// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads a file of leap seconds whole. */
#include "bc/daemon/leap_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"

/* The one of IERS has 6 kB. */
#define SIZE_MAX_OCTETS 65536

int leap_file_read(struct leap_file *file)
{
	_cleanup_free_ char *text = malloc(SIZE_MAX_OCTETS);
	_cleanup_fd_ int fd = open(file->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat status;
	ssize_t len;

	if (!text)
		return -ENOMEM;
	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	len = read(fd, text, SIZE_MAX_OCTETS);
	if (len < 0)
		return -errno;
	if (len == SIZE_MAX_OCTETS)
		return -EFBIG;
	/* A bad file is not looked at again either, until it is replaced. */
	file->modified = status.st_mtim;
	return bc_leap_table_parse(text, (size_t)len, &file->table);
}

bool leap_file_is_new(const struct leap_file *file)
{
	struct stat status;

	return stat(file->path, &status) == 0 && (status.st_mtim.tv_sec != file->modified.tv_sec ||
						  status.st_mtim.tv_nsec != file->modified.tv_nsec);
}
