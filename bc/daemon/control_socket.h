/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A UNIX socket with a name, and its file: the control socket, and those of management. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <sys/un.h>

struct control_socket {
	int fd; /* -1: closed */
	struct sockaddr_un address;
	dev_t dev; /* of the file, */
	ino_t ino; /* so that it is known again */
	bool made_folder;
};

/*
 * Binds a socket of that type (SOCK_SEQPACKET, SOCK_DGRAM) to `path`, with the permissions `mode`; a folder
 * that is missing is made, where its own exists. The rest is as below.
 */
int control_socket_bind(struct control_socket *sock, const char *path, int type, unsigned int mode);
/*
 * Listens at `path`, open to every user; the file of a dead predecessor gives way. 0, -EADDRINUSE (somebody
 * listens there), -EEXIST (a file that is no socket), -ENAMETOOLONG (also when empty), or -errno. Closed by
 * the caller also after a failure.
 */
int control_socket_open(struct control_socket *sock, const char *path);
/* Whether the file is there and its own: another process may have removed or replaced it. */
bool control_socket_is_there(const struct control_socket *sock);
/* Removes the file while it is its own, and the folder that it made, once it is empty. */
void control_socket_close(struct control_socket *sock);
