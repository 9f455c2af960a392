// SPDX-License-Identifier: GPL-2.0-or-later
/* The sockets of management: whose their paths are, as time goes by. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "bc/daemon/app.h"
#include "bc/daemon/control_socket.h"
#include "bc/daemon/log.h"
#include "bc/daemon/management.h"
#include "util/cleanup.h"

/* Half seconds between two looks, at most. */
#define A_LOOK 10

static struct {
	char folder[32], path[64], read_only_path[64];
	struct management *management;
	uint64_t n_lines;
} bench;

void app_do_actions(struct app *app)
{
	(void)app;
	fail_msg("nothing is dispatched here");
}

static int setup(void **state)
{
	(void)state;
	strcpy(bench.folder, "/tmp/ebc-management-XXXXXX");
	assert_non_null(mkdtemp(bench.folder));
	snprintf(bench.path, sizeof(bench.path), "%s/uds", bench.folder);
	snprintf(bench.read_only_path, sizeof(bench.read_only_path), "%s/ro", bench.folder);
	bench.n_lines = log_lines()->last;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	management_free(bench.management);
	return rmdir(bench.folder);
}

static void start(void)
{
	bench.management = management_new(&(struct management_settings){
		.address = bench.path,
		.read_only_address = bench.read_only_path,
		.mode = 0600,
		.read_only_mode = 0666,
		.slave_event_monitor = "",
	});
	assert_non_null(bench.management);
}

static struct control_socket be_another(const char *path)
{
	struct control_socket other;

	assert_int_equal(control_socket_bind(&other, path, SOCK_DGRAM, 0600), 0);
	return other;
}

static void wait_for_looks(int n)
{
	for (int i = 0; i < n * A_LOOK; i++)
		management_housekeeping(bench.management);
}

/* The next line of the log, if it is of `path` and has these words. */
static bool is_logged(const char *path, const char *words)
{
	const struct log_ring *log = log_lines();
	const char *text;

	if (log->last == bench.n_lines)
		return false;
	text = log_ring_get(log, ++bench.n_lines)->text;
	return strncmp(text, path, strlen(path)) == 0 && strstr(text, words);
}

static bool is_nothing_logged(void)
{
	return log_lines()->last == bench.n_lines;
}

/* Whether a request to `path` reaches it. */
static bool is_served(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct pollfd polled = {.fd = management_fd(bench.management), .events = POLLIN};
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, path);
	return sendto(fd, "x", 1, MSG_DONTWAIT, (struct sockaddr *)&address, sizeof(address)) == 1 &&
	       poll(&polled, 1, 0) == 1;
}

static void a_path_of_another_process_is_had_when_that_ends(void **state)
{
	struct control_socket other = be_another(bench.path);

	(void)state;
	start();
	assert_true(is_logged(bench.path, "belongs to another process"));
	wait_for_looks(3);
	assert_true(is_nothing_logged());
	assert_true(control_socket_is_there(&other));
	assert_false(is_served(bench.path));
	control_socket_close(&other);
	wait_for_looks(1);
	assert_true(is_logged(bench.path, "management there from now on"));
	assert_true(is_nothing_logged());
	assert_true(is_served(bench.path));
}

static void what_a_process_that_died_left_is_replaced(void **state)
{
	struct control_socket other = be_another(bench.path);

	(void)state;
	start();
	assert_true(is_logged(bench.path, "belongs to another process"));
	close(other.fd);
	wait_for_looks(1);
	assert_true(is_logged(bench.path, "management there from now on"));
	assert_true(is_served(bench.path));
}

static void what_was_left_before_the_start_is_replaced_at_once(void **state)
{
	(void)state;
	close(be_another(bench.path).fd);
	start();
	assert_true(is_nothing_logged());
	assert_true(is_served(bench.path));
}

static void a_path_that_another_process_took_is_its_own_until_it_ends(void **state)
{
	struct control_socket other;

	(void)state;
	start();
	unlink(bench.read_only_path);
	other = be_another(bench.read_only_path);
	wait_for_looks(3);
	assert_true(is_logged(bench.read_only_path, "was removed or replaced"));
	assert_true(is_logged(bench.read_only_path, "belongs to another process"));
	assert_true(is_nothing_logged());
	assert_true(control_socket_is_there(&other));
	assert_false(is_served(bench.read_only_path));
	control_socket_close(&other);
	wait_for_looks(1);
	assert_true(is_logged(bench.read_only_path, "management there from now on"));
	assert_true(is_served(bench.read_only_path));
}

static void a_path_that_was_removed_is_made_again(void **state)
{
	(void)state;
	start();
	unlink(bench.path);
	wait_for_looks(1);
	assert_true(is_logged(bench.path, "was removed or replaced"));
	assert_true(is_logged(bench.path, "management there from now on"));
	assert_true(is_served(bench.path));
	wait_for_looks(2);
	assert_true(is_nothing_logged());
}

static void none_is_opened_that_is_not_wanted(void **state)
{
	(void)state;
	bench.path[0] = '\0';
	start();
	wait_for_looks(1);
	assert_true(is_nothing_logged());
	assert_true(is_served(bench.read_only_path));
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(a_path_of_another_process_is_had_when_that_ends),
		T(what_a_process_that_died_left_is_replaced),
		T(what_was_left_before_the_start_is_replaced_at_once),
		T(a_path_that_another_process_took_is_its_own_until_it_ends),
		T(a_path_that_was_removed_is_made_again),
		T(none_is_opened_that_is_not_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
