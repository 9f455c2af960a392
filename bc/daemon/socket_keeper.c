// SPDX-License-Identifier: GPL-2.0-or-later
/* Each change is a line of the log; attempts that change nothing are none. */
#include "bc/daemon/socket_keeper.h"

#include <errno.h>
#include <string.h>

#include "bc/daemon/log.h"

void socket_keeper_tell_start(const struct kept_socket_kind *kind, const char *path, int error)
{
	if (error == -EADDRINUSE)
		log_line(LOG_WARNING, "%s belongs to another process: no %s there until it ends (%s)", path,
			 kind->service, kind->options);
	else if (error < 0)
		log_line(LOG_WARNING, "no %s at %s: %s", kind->service, path, strerror(-error));
}

bool socket_keeper_is_missing(const struct kept_socket_kind *kind, const char *path,
			      struct control_socket *sock)
{
	if (control_socket_is_there(sock))
		return false;
	if (sock->fd >= 0)
		log_line(LOG_WARNING, "%s was removed or replaced by somebody: no %s there", path,
			 kind->service);
	control_socket_close(sock);
	return true;
}

void socket_keeper_tell_had(const struct kept_socket_kind *kind, const char *path)
{
	log_line(LOG_NOTICE, "%s is free: %s there from now on", path, kind->service);
}
