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

/* Of the attempt at the start: 0, or -errno for why there is none. */
void socket_keeper_tell_start(const struct kept_socket_kind *kind, const char *path, int error);
/* Whether a socket that was closed, or whose file was removed or replaced, is to be opened now; it is closed
 * then. */
bool socket_keeper_is_missing(const struct kept_socket_kind *kind, const char *path,
			      struct control_socket *sock);
/* It could be opened. */
void socket_keeper_tell_had(const struct kept_socket_kind *kind, const char *path);
