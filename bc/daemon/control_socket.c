// SPDX-License-Identifier: GPL-2.0-or-later
/* Whose the path is, and what becomes of it. */
#include "bc/daemon/control_socket.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "util/cleanup.h"

#define BACKLOG 16

/* Whether nobody listens at the socket any more whose file is there. */
static bool is_abandoned(const struct sockaddr_un *address, int type)
{
	_cleanup_fd_ int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
	       errno == ECONNREFUSED;
}

/* The folder of `path`; false if that is none that could be missing. */
static bool folder_of(const char *path, char *folder)
{
	char *slash;

	strcpy(folder, path);
	slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return false;
	*slash = '\0';
	return true;
}

/* In /run, which is empty after a boot. Every user finds the way, whatever the umask. */
static bool make_folder(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)NULL)->sun_path)];

	return folder_of(path, folder) && mkdir(folder, 0755) == 0 && chmod(folder, 0755) == 0;
}

static int bind_socket(int fd, const struct sockaddr_un *address, int type)
{
	struct stat st;

	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
		return 0;
	if (errno != EADDRINUSE)
		return -errno;
	/* Of a file that is no socket connect(2) says the same as of an abandoned one. */
	if (lstat(address->sun_path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return -EEXIST;
	if (!is_abandoned(address, type))
		return -EADDRINUSE;
	if (unlink(address->sun_path) < 0)
		return -errno;
	return bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;
}

int control_socket_bind(struct control_socket *sock, const char *path, int type, unsigned int mode)
{
	mode_t mask;
	struct stat st;
	int r;

	*sock = (struct control_socket){.fd = -1, .address.sun_family = AF_UNIX};
	if (!*path || strlen(path) >= sizeof(sock->address.sun_path))
		return -ENAMETOOLONG;
	strcpy(sock->address.sun_path, path);
	sock->fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (sock->fd < 0)
		return -errno;
	sock->made_folder = make_folder(path);
	/* Nobody is let in meanwhile who is not to be. */
	mask = umask(0777 & ~mode);
	r = bind_socket(sock->fd, &sock->address, type);
	umask(mask);
	if (r < 0)
		return r;
	if (lstat(path, &st) < 0)
		return -errno;
	sock->dev = st.st_dev;
	sock->ino = st.st_ino;
	return chmod(path, mode) < 0 ? -errno : 0;
}

int control_socket_open(struct control_socket *sock, const char *path)
{
	int r = control_socket_bind(sock, path, SOCK_SEQPACKET, 0666);

	if (r < 0)
		return r;
	return listen(sock->fd, BACKLOG) < 0 ? -errno : 0;
}

bool control_socket_is_there(const struct control_socket *sock)
{
	struct stat st;

	return sock->ino && lstat(sock->address.sun_path, &st) == 0 && st.st_dev == sock->dev &&
	       st.st_ino == sock->ino;
}

void control_socket_close(struct control_socket *sock)
{
	char folder[sizeof(sock->address.sun_path)];

	if (control_socket_is_there(sock))
		unlink(sock->address.sun_path);
	sock->ino = 0;
	if (sock->made_folder && folder_of(sock->address.sun_path, folder))
		rmdir(folder);
	sock->made_folder = false;
	sock->fd = close_fd(sock->fd);
}
