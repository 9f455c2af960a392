// SPDX-License-Identifier: GPL-2.0-or-later
/* What a service manager hears: an address of ours stands for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "bc/daemon/app.h"
#include "bc/daemon/notify.h"
#include "bc/daemon/service.h"
#include "util/cleanup.h"

/* The watchdog's time, of which a quarter passes between two messages. */
#define TIMEOUT_US	    "80000"
#define BEYOND_A_QUARTER_NS 25000000

static struct settings settings = {.loader.mode = EBC_MODE_TRANSPARENT};
static struct app app = {.settings = &settings};

static int listen_as_manager(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char text[64], pid[16];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int len = snprintf(text, sizeof(text), "@ebc-test-service-%d", getpid());

	assert_true(fd >= 0);
	memcpy(address.sun_path + 1, text + 1, (size_t)len - 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len)),
			 0);
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("NOTIFY_SOCKET", text, 1);
	setenv("WATCHDOG_USEC", TIMEOUT_US, 1);
	setenv("WATCHDOG_PID", pid, 1);
	return fd;
}

/* Whether `word` is among the messages that have come. */
static bool hears(int fd, const char *word)
{
	char message[256];
	bool is_heard = false;
	ssize_t len;

	while ((len = recv(fd, message, sizeof(message) - 1, 0)) >= 0) {
		message[len] = '\0';
		is_heard |= strcmp(message, word) == 0;
	}
	return is_heard;
}

static void wait_a_quarter(void)
{
	const struct timespec quarter = {.tv_nsec = BEYOND_A_QUARTER_NS};

	nanosleep(&quarter, NULL);
}

static void an_engine_that_is_late_is_not_said_to_live(void **state)
{
	_cleanup_fd_ int fd = listen_as_manager();

	(void)state;
	service_housekeeping(&app, true);
	assert_true(hears(fd, "WATCHDOG=1"));
	wait_a_quarter();
	service_housekeeping(&app, false);
	assert_false(hears(fd, "WATCHDOG=1"));
	service_housekeeping(&app, true);
	assert_true(hears(fd, "WATCHDOG=1"));
}

static void the_manager_is_told_no_oftener_than_it_needs(void **state)
{
	_cleanup_fd_ int fd = listen_as_manager();

	(void)state;
	wait_a_quarter();
	service_housekeeping(&app, true);
	assert_true(hears(fd, "WATCHDOG=1"));
	setenv("WATCHDOG_USEC", "3600000000", 1);
	service_housekeeping(&app, true);
	assert_false(hears(fd, "WATCHDOG=1"));
}

/* A start with many ports is longer than the manager may wait. */
static void a_port_that_is_done_is_a_sign_of_life(void **state)
{
	_cleanup_fd_ int fd = listen_as_manager();

	(void)state;
	wait_a_quarter();
	service_goes_on();
	assert_true(hears(fd, "WATCHDOG=1"));
	service_goes_on();
	assert_false(hears(fd, "WATCHDOG=1"));
}

/* Without it, the manager would take the reload for one that never ends. */
static void ready_is_told_as_soon_as_a_manager_that_stood_still_reads(void **state)
{
	_cleanup_fd_ int fd = listen_as_manager();

	(void)state;
	while (notify_send("filled") == 0)
		;
	service_ready();
	assert_false(hears(fd, "READY=1"));
	service_housekeeping(&app, true);
	assert_true(hears(fd, "READY=1"));
	service_housekeeping(&app, true);
	assert_false(hears(fd, "READY=1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_engine_that_is_late_is_not_said_to_live),
		cmocka_unit_test(the_manager_is_told_no_oftener_than_it_needs),
		cmocka_unit_test(a_port_that_is_done_is_a_sign_of_life),
		cmocka_unit_test(ready_is_told_as_soon_as_a_manager_that_stood_still_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
