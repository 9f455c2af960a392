/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The listening socket of the control socket, and its file. */
#pragma once

#include <sys/types.h>
#include <sys/un.h>

struct control_socket {
	int fd; /* -1: closed */
	struct sockaddr_un address;
	dev_t dev; /* of the file, */
	ino_t ino; /* so that it is known again */
};

/*
 * Listens at `path`, open to every user; the file of a dead predecessor gives way. 0, -EADDRINUSE (somebody
 * listens there, or it is no socket), -ENAMETOOLONG (also when empty), or -errno. Closed by the caller also
 * after a failure.
 */
int control_socket_open(struct control_socket *sock, const char *path);
/* Removes the file while it is its own. */
void control_socket_close(struct control_socket *sock);
