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
#include <unistd.h>
#include <cmocka.h>

#include "bc/daemon/app.h"
#include "bc/daemon/log.h"
#include "bc/daemon/notify.h"
#include "bc/daemon/refusal.h"
#include "bc/daemon/service.h"
#include "util/cleanup.h"
#include "util/macros.h"

#define TIMEOUT_NS  (10 * (uint64_t)NSEC_PER_SEC)
#define QUARTER_NS  (TIMEOUT_NS / 4)
#define OVERDUE_NS  ((uint64_t)NSEC_PER_SEC)
#define MESSAGE_MAX 1024

static struct settings settings = {.loader.mode = EBC_MODE_TRANSPARENT};
static struct app other = {.settings = &settings};
static struct app app = {.settings = &settings};
static uint64_t deadline_mono_ns, other_deadline_mono_ns;
/* It goes on from test to test, since what the service remembers does. */
static uint64_t now_mono_ns = 1000 * (uint64_t)NSEC_PER_SEC;

uint64_t app_next_deadline_mono_ns(const struct app *of)
{
	return of == &other ? other_deadline_mono_ns : deadline_mono_ns;
}

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
	setenv("WATCHDOG_PID", pid, 1);
	setenv("WATCHDOG_USEC", "10000000", 1);
	service_start();
	app.other_domains = NULL;
	deadline_mono_ns = other_deadline_mono_ns = UINT64_MAX;
	now_mono_ns += TIMEOUT_NS;
	return fd;
}

/* The last message that has come and begins with `begin`; false: none. */
static bool take_message(int fd, const char *begin, char message[static MESSAGE_MAX])
{
	char received[MESSAGE_MAX];
	bool is_there = false;
	ssize_t len;

	while ((len = recv(fd, received, sizeof(received) - 1, 0)) >= 0) {
		received[len] = '\0';
		if (strncmp(received, begin, strlen(begin)) != 0)
			continue;
		strcpy(message, received);
		is_there = true;
	}
	return is_there;
}

static bool hears(int fd, const char *word)
{
	char message[MESSAGE_MAX];

	return take_message(fd, word, message);
}

/* After a quarter of the watchdog's time. */
static bool is_said_to_live(int fd)
{
	now_mono_ns += QUARTER_NS;
	service_housekeeping(&app, now_mono_ns);
	return hears(fd, "WATCHDOG=1");
}

static void a_clock_that_is_late_is_not_said_to_live(void **state)
{
	_cleanup_fd_ int fd = listen_as_manager();

	(void)state;
	assert_true(is_said_to_live(fd));
	deadline_mono_ns = now_mono_ns + QUARTER_NS - OVERDUE_NS;
	assert_false(is_said_to_live(fd));
	deadline_mono_ns = now_mono_ns + QUARTER_NS - OVERDUE_NS + 1;
	assert_true(is_said_to_live(fd));
}

static void a_second_instance_that_is_late_counts_as_the_first_one(void **state)
{
	_cleanup_fd_ int fd = listen_as_manager();

	(void)state;
	other_deadline_mono_ns = now_mono_ns;
	assert_true(is_said_to_live(fd));
	app.other_domains = &other;
	assert_false(is_said_to_live(fd));
	other_deadline_mono_ns = UINT64_MAX;
	assert_true(is_said_to_live(fd));
}

static void the_manager_is_told_no_oftener_than_it_needs(void **state)
{
	_cleanup_fd_ int fd = listen_as_manager();

	(void)state;
	assert_true(is_said_to_live(fd));
	now_mono_ns += QUARTER_NS - 1;
	service_housekeeping(&app, now_mono_ns);
	assert_false(hears(fd, "WATCHDOG=1"));
	now_mono_ns++;
	service_housekeeping(&app, now_mono_ns);
	assert_true(hears(fd, "WATCHDOG=1"));
}

/* A start with many ports is longer than the manager may wait. */
static void a_port_that_is_done_is_a_sign_of_life(void **state)
{
	_cleanup_fd_ int fd = listen_as_manager();

	(void)state;
	service_goes_on(now_mono_ns);
	assert_true(hears(fd, "WATCHDOG=1"));
	service_goes_on(now_mono_ns + QUARTER_NS - 1);
	assert_false(hears(fd, "WATCHDOG=1"));
}

static void start_with_watchdog(const char *timeout_us)
{
	setenv("WATCHDOG_USEC", timeout_us, 1);
	service_start();
}

static void a_watchdog_that_cannot_be_kept_is_told_and_a_longer_one_asked_for(void **state)
{
	_cleanup_fd_ int fd = listen_as_manager();
	uint64_t last = log_lines()->last;

	(void)state;
	start_with_watchdog("1000000");
	assert_false(hears(fd, "WATCHDOG_USEC="));
	start_with_watchdog("999999");
	assert_true(hears(fd, "WATCHDOG_USEC=1000000"));
	assert_int_equal(log_lines()->last, last + 1);
	assert_non_null(strstr(log_ring_get(log_lines(), last + 1)->text, "999999 us cannot be kept"));
	/* Every other look at a time of a second. */
	service_housekeeping(&app, now_mono_ns);
	assert_true(hears(fd, "WATCHDOG=1"));
	service_housekeeping(&app, now_mono_ns + NSEC_PER_SEC / 4 - 1);
	assert_false(hears(fd, "WATCHDOG=1"));
}

static void who_wants_no_watchdog_hears_none(void **state)
{
	_cleanup_fd_ int fd = listen_as_manager();

	(void)state;
	start_with_watchdog("0");
	assert_false(is_said_to_live(fd));
}

/* What was refused, and what runs nevertheless. */
static void a_refused_reload_is_in_the_status_until_one_is_taken(void **state)
{
	_cleanup_fd_ int fd = listen_as_manager();
	static struct log_ring log;
	char message[MESSAGE_MAX];

	(void)state;
	log_ring_add(&log, now_mono_ns, LOG_ERR, "reload: /etc/bc.conf:3: domainNumber 300 is out of range");
	refusal_note(&log, 0);
	service_housekeeping(&app, now_mono_ns);
	assert_true(take_message(fd, "STATUS=", message));
	assert_string_equal(message,
			    "STATUS=forwarding; reload refused, running with the configuration of before: "
			    "/etc/bc.conf:3: domainNumber 300 is out of range");
	refusal_clear();
	now_mono_ns += NSEC_PER_SEC;
	service_housekeeping(&app, now_mono_ns);
	assert_true(take_message(fd, "STATUS=", message));
	assert_string_equal(message, "STATUS=forwarding");
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
	service_housekeeping(&app, now_mono_ns);
	assert_true(hears(fd, "READY=1"));
	service_housekeeping(&app, now_mono_ns);
	assert_false(hears(fd, "READY=1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clock_that_is_late_is_not_said_to_live),
		cmocka_unit_test(a_second_instance_that_is_late_counts_as_the_first_one),
		cmocka_unit_test(the_manager_is_told_no_oftener_than_it_needs),
		cmocka_unit_test(a_port_that_is_done_is_a_sign_of_life),
		cmocka_unit_test(a_watchdog_that_cannot_be_kept_is_told_and_a_longer_one_asked_for),
		cmocka_unit_test(who_wants_no_watchdog_hears_none),
		cmocka_unit_test(a_refused_reload_is_in_the_status_until_one_is_taken),
		cmocka_unit_test(ready_is_told_as_soon_as_a_manager_that_stood_still_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
