// SPDX-License-Identifier: GPL-2.0-or-later
/* Each change is a line of the log; attempts that change nothing are none. */
#include "bc/daemon/socket_keeper.h"

#include <errno.h>
#include <string.h>

#include "bc/daemon/log.h"

void socket_keeper_tell(struct kept_socket *kept, const char *path, int error)
{
	const char *service = kept->kind->service;

	if (error == kept->told_error)
		return;
	if (error == -EADDRINUSE)
		log_line(LOG_WARNING, "%s belongs to another process: no %s there until it ends (%s)", path,
			 service, kept->kind->options);
	else if (error < 0)
		log_line(LOG_WARNING, "no %s at %s: %s", service, path, strerror(-error));
	else
		log_line(LOG_NOTICE, "%s is free: %s there from now on", path, service);
	kept->told_error = error;
}

bool socket_keeper_is_missing(struct kept_socket *kept, const char *path, struct control_socket *sock)
{
	if (control_socket_is_there(sock))
		return false;
	if (sock->fd >= 0) {
		log_line(LOG_WARNING, "%s was removed or replaced by somebody: no %s there", path,
			 kept->kind->service);
		kept->told_error = 1;
	}
	control_socket_close(sock);
	return true;
}
