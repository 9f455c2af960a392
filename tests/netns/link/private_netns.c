// SPDX-License-Identifier: GPL-2.0-or-later
/* Namespaces by unshare(), commands by fork and exec: no shell, so that any name of an interface will do. */
#include "tests/netns/link/private_netns.h"

#include "util/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>

int private_netns_enter(void)
{
	return unshare(CLONE_NEWNET) < 0 ? -errno : 0;
}

int private_netns_is_permitted(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(private_netns_enter() < 0);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

int private_netns_run(const char *const argv[])
{
	int status;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

int private_netns_hold(struct private_netns_holder *ret_holder)
{
	_cleanup_fd_ int control_read = -1, control_write = -1, ready_read = -1, ready_write = -1;
	int control[2], ready[2];
	char byte;
	pid_t pid;

	if (pipe2(control, O_CLOEXEC) < 0)
		return -errno;
	control_read = control[0];
	control_write = control[1];
	if (pipe2(ready, O_CLOEXEC) < 0)
		return -errno;
	ready_read = ready[0];
	ready_write = ready[1];

	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		control_write = close_fd(control_write);
		if (private_netns_enter() < 0 || write(ready_write, "", 1) != 1)
			_exit(1);
		(void)!read(control_read, &byte, 1);
		_exit(0);
	}
	ready_write = close_fd(ready_write);
	if (read(ready_read, &byte, 1) != 1) {
		waitpid(pid, NULL, 0);
		return -EPERM;
	}
	ret_holder->pid = pid;
	ret_holder->control_fd = TAKE_FD(control_write);
	return 0;
}

void private_netns_release(struct private_netns_holder *holder)
{
	holder->control_fd = close_fd(holder->control_fd);
	waitpid(holder->pid, NULL, 0);
}
