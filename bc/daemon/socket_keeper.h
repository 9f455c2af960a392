/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets with a name in the long run: another process may have the name first, or take the file away. The
 * owner of a socket looks after it now and then and opens it again; here is when, and what the log says.
 */
#pragma once

#include <stdbool.h>

#include "bc/daemon/control_socket.h"

struct kept_socket_kind {
	const char *service; /* that is to be had there, in words */
	const char *options; /* that name the path */
};

struct kept_socket {
	const struct kept_socket_kind *kind;
	int told_error; /* -errno: why there is none, by the log; 1: it went; 0: it is there */
};

/* Of an attempt to open it: 0, or -errno for why there is none. */
void socket_keeper_tell(struct kept_socket *kept, const char *path, int error);
/* Whether a socket that was closed, or whose file was removed or replaced, is to be opened now; it is closed
 * then. */
bool socket_keeper_is_missing(struct kept_socket *kept, const char *path, struct control_socket *sock);
