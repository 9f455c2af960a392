// SPDX-License-Identifier: GPL-2.0-or-later
/* See notify.h. */
#include "bc/daemon/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/cleanup.h"

bool notify_has_manager(void)
{
	return getenv("NOTIFY_SOCKET");
}

int notify_send(const char *text)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	_cleanup_fd_ int fd = -1;
	size_t len;

	if (!path)
		return 0;
	len = strlen(path);
	if ((*path != '/' && *path != '@') || len >= sizeof(address.sun_path))
		return -EINVAL;
	memcpy(address.sun_path, path, len);
	if (*path == '@') /* abstract */
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&address,
			     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		return -errno;
	return 0;
}

/* 0: none, or no number. */
static uint64_t number_of(const char *name)
{
	const char *text = getenv(name);
	char *end;
	uintmax_t value;

	if (!text)
		return 0;
	value = strtoumax(text, &end, 10);
	return *end || value > UINT64_MAX / 1000 ? 0 : value;
}

uint64_t notify_watchdog_ns(void)
{
	/* It may be meant for another process, whose environment this one has. */
	if (getenv("WATCHDOG_PID") && number_of("WATCHDOG_PID") != (uint64_t)getpid())
		return 0;
	return number_of("WATCHDOG_USEC") * 1000;
}
