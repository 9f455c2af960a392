// SPDX-License-Identifier: GPL-2.0-or-later
/* A service manager that reads, one that does not, and none. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "bc/daemon/notify.h"

/* More than a queue of messages holds. */
#define MANY 10000

static int serve(const struct sockaddr_un *address, size_t path_len)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_len)),
			 0);
	return fd;
}

static void assert_received(int fd, const char *text)
{
	char received[64] = "";

	assert_int_equal(recv(fd, received, sizeof(received) - 1, MSG_DONTWAIT), strlen(text));
	assert_string_equal(received, text);
}

static void a_manager_is_told_by_a_path_or_an_abstract_name(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char directory[] = "/tmp/ebc-notify-XXXXXX", name[64];
	int fd;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", directory);
	fd = serve(&address, strlen(address.sun_path) + 1);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	assert_true(notify_has_manager());
	assert_int_equal(notify_send("READY=1"), 0);
	assert_received(fd, "READY=1");
	close(fd);
	assert_int_equal(notify_send("READY=1"), -ECONNREFUSED);
	unlink(address.sun_path);
	rmdir(directory);
	assert_int_equal(notify_send("READY=1"), -ENOENT);

	memset(&address.sun_path, 0, sizeof(address.sun_path));
	snprintf(name, sizeof(name), "@ebc-notify-%d", (int)getpid());
	memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
	fd = serve(&address, strlen(name));
	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(notify_send("WATCHDOG=1"), 0);
	assert_received(fd, "WATCHDOG=1");
	close(fd);
}

static void one_that_does_not_read_is_not_waited_for(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char name[64];
	int fd, r = 0, n = 0;

	(void)state;
	snprintf(name, sizeof(name), "@ebc-notify-%d", (int)getpid());
	memcpy(address.sun_path + 1, name + 1, strlen(name) - 1);
	fd = serve(&address, strlen(name));
	setenv("NOTIFY_SOCKET", name, 1);
	alarm(30); /* waits for ever else */
	for (; r == 0 && n < MANY; n++)
		r = notify_send("STATUS=locked");
	alarm(0);
	assert_int_equal(r, -EAGAIN);
	assert_received(fd, "STATUS=locked");
	assert_int_equal(notify_send("READY=1"), 0);
	close(fd);
}

static void what_is_no_socket_is_refused(void **state)
{
	static const char *const wrong[] = {"", "relative", "vsock:2:1234"};
	char path[200];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		setenv("NOTIFY_SOCKET", wrong[i], 1);
		assert_int_equal(notify_send("READY=1"), -EINVAL);
	}
	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	setenv("NOTIFY_SOCKET", path, 1);
	assert_int_equal(notify_send("READY=1"), -EINVAL);
	unsetenv("NOTIFY_SOCKET");
	assert_false(notify_has_manager());
	assert_int_equal(notify_send("READY=1"), 0);
}

static void a_watchdog_is_wanted_of_this_process_only(void **state)
{
	char pid[20];

	(void)state;
	unsetenv("WATCHDOG_PID");
	unsetenv("WATCHDOG_USEC");
	assert_int_equal(notify_watchdog_ns(), 0);
	setenv("WATCHDOG_USEC", "10000000", 1);
	assert_int_equal(notify_watchdog_ns(), 10000000000);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	assert_int_equal(notify_watchdog_ns(), 10000000000);
	setenv("WATCHDOG_PID", "1", 1);
	assert_int_equal(notify_watchdog_ns(), 0);
	unsetenv("WATCHDOG_PID");
	setenv("WATCHDOG_USEC", "soon", 1);
	assert_int_equal(notify_watchdog_ns(), 0);
	setenv("WATCHDOG_USEC", "99999999999999999999", 1);
	assert_int_equal(notify_watchdog_ns(), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_manager_is_told_by_a_path_or_an_abstract_name),
		cmocka_unit_test(one_that_does_not_read_is_not_waited_for),
		cmocka_unit_test(what_is_no_socket_is_refused),
		cmocka_unit_test(a_watchdog_is_wanted_of_this_process_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
