// SPDX-License-Identifier: GPL-2.0-or-later
/* The control socket of a running daemon: whose its path is, as time goes by. */
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
#include "bc/daemon/control_keep.h"
#include "bc/daemon/control_private.h"
#include "bc/daemon/control_socket.h"
#include "bc/daemon/log.h"

/* Half seconds between two looks, at most. */
#define A_LOOK 10
/* Nothing is to do that long: no answer comes. */
#define ANSWER_MS 2000

static struct {
	char folder[32], path[64];
	struct settings settings;
	struct app app;
	int client_fd;
	uint64_t n_lines;
} bench;

struct control_sources status_sources(struct app *app)
{
	return (struct control_sources){.clock_type = "BC", .n_ports = 1, .port_names = app->port_names};
}

static int setup(void **state)
{
	(void)state;
	memset(&bench, 0, sizeof(bench));
	strcpy(bench.folder, "/tmp/ebc-control-XXXXXX");
	assert_non_null(mkdtemp(bench.folder));
	snprintf(bench.path, sizeof(bench.path), "%s/control", bench.folder);
	bench.client_fd = -1;
	bench.settings.control_socket = bench.path;
	bench.settings.ports[0].name = "eth0";
	bench.app.settings = &bench.settings;
	bench.app.n_ports = 1;
	bench.n_lines = log_lines()->last;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (bench.client_fd >= 0)
		close(bench.client_fd);
	control_free(bench.app.control);
	return rmdir(bench.folder);
}

static struct control_socket be_another(void)
{
	struct control_socket other;

	assert_int_equal(control_socket_open(&other, bench.path), 0);
	return other;
}

static void wait_for_looks(int n)
{
	for (int i = 0; i < n * A_LOOK; i++) {
		bench.app.n_housekeeping++;
		control_keep_housekeeping(&bench.app);
	}
}

/* The next line of the log, if it is of the path and has these words. */
static bool is_logged(const char *words)
{
	const struct log_ring *log = log_lines();
	const char *text;

	if (log->last == bench.n_lines)
		return false;
	text = log_ring_get(log, ++bench.n_lines)->text;
	return strstr(text, bench.path) && strstr(text, words);
}

static bool is_nothing_logged(void)
{
	return log_lines()->last == bench.n_lines;
}

/* Whether who asks there has an answer of this clock. On a slow machine that takes a round of its timer. */
static bool is_answered(int fd)
{
	static const char request[] = "{\"request\":\"ports\"}";
	struct pollfd polled = {.fd = control_fd(bench.app.control), .events = POLLIN};
	char text[256] = "";

	if (send(fd, request, strlen(request), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return false;
	while (recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT) <= 0)
		if (poll(&polled, 1, ANSWER_MS) > 0)
			control_dispatch(bench.app.control);
		else
			return false;
	return strstr(text, "eth0");
}

/* A new client; it stays until the next one comes. */
static bool is_let_in(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (bench.client_fd >= 0)
		close(bench.client_fd);
	bench.client_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	strcpy(address.sun_path, bench.path);
	return connect(bench.client_fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

static bool is_served(void)
{
	return is_let_in() && is_answered(bench.client_fd);
}

static void a_path_of_another_process_is_had_when_that_ends(void **state)
{
	struct control_socket other = be_another();

	(void)state;
	control_keep_start(&bench.app);
	assert_true(is_logged("belongs to another process: no control socket there"));
	wait_for_looks(3);
	assert_true(is_nothing_logged());
	assert_true(control_socket_is_there(&other));
	control_socket_close(&other);
	wait_for_looks(1);
	assert_true(is_logged("control socket there from now on"));
	assert_true(is_nothing_logged());
	assert_true(is_served());
}

static void a_path_that_was_removed_is_made_again(void **state)
{
	(void)state;
	control_keep_start(&bench.app);
	wait_for_looks(2);
	assert_true(is_nothing_logged());
	unlink(bench.path);
	wait_for_looks(1);
	assert_true(is_logged("was removed or replaced by somebody: no control socket there"));
	assert_true(is_logged("control socket there from now on"));
	assert_true(is_served());
	wait_for_looks(2);
	assert_true(is_nothing_logged());
}

static void a_folder_that_was_removed_is_made_again(void **state)
{
	(void)state;
	snprintf(bench.path, sizeof(bench.path), "%s/run/control", bench.folder);
	control_keep_start(&bench.app);
	unlink(bench.path);
	bench.path[strlen(bench.folder) + 4] = '\0';
	assert_int_equal(rmdir(bench.path), 0);
	bench.path[strlen(bench.folder) + 4] = '/';
	wait_for_looks(1);
	assert_true(is_served());
	control_free(bench.app.control);
	bench.app.control = NULL;
}

/* A file is where the folder was. */
static void why_there_is_none_is_told_once(void **state)
{
	char folder[64];

	(void)state;
	snprintf(folder, sizeof(folder), "%s/run", bench.folder);
	snprintf(bench.path, sizeof(bench.path), "%s/run/control", bench.folder);
	control_keep_start(&bench.app);
	unlink(bench.path);
	assert_int_equal(rmdir(folder), 0);
	fclose(fopen(folder, "w"));
	wait_for_looks(1);
	assert_true(is_logged("was removed or replaced"));
	assert_true(is_logged("no control socket at "));
	wait_for_looks(3);
	assert_true(is_nothing_logged());
	assert_int_equal(unlink(folder), 0);
	wait_for_looks(1);
	assert_true(is_logged("control socket there from now on"));
	assert_true(is_served());
	control_free(bench.app.control);
	bench.app.control = NULL;
}

static void a_path_that_another_process_took_is_its_own_until_it_ends(void **state)
{
	struct control_socket other;

	(void)state;
	control_keep_start(&bench.app);
	unlink(bench.path);
	other = be_another();
	wait_for_looks(3);
	assert_true(is_logged("was removed or replaced"));
	assert_true(is_logged("belongs to another process"));
	assert_true(is_nothing_logged());
	assert_true(control_socket_is_there(&other));
	control_socket_close(&other);
	wait_for_looks(1);
	assert_true(is_logged("control socket there from now on"));
	assert_true(is_served());
}

static void clients_that_are_connected_stay(void **state)
{
	struct control_socket other;

	(void)state;
	control_keep_start(&bench.app);
	assert_true(is_served());
	unlink(bench.path);
	other = be_another();
	wait_for_looks(1);
	assert_true(is_answered(bench.client_fd));
	control_socket_close(&other);
	wait_for_looks(1);
	assert_true(is_answered(bench.client_fd));
}

/* As many as may come until the timer runs, while the file is away: the next one has to wait still. */
static void a_socket_that_is_made_again_brings_no_more_clients_at_once(void **state)
{
	(void)state;
	control_keep_start(&bench.app);
	bench.app.control->accept_tokens = 0;
	unlink(bench.path);
	wait_for_looks(1);
	assert_true(is_let_in());
	control_dispatch(bench.app.control);
	assert_int_equal(bench.app.control->accept_tokens, 0);
}

static void none_is_opened_that_is_not_wanted(void **state)
{
	(void)state;
	bench.path[0] = '\0';
	control_keep_start(&bench.app);
	wait_for_looks(1);
	assert_true(is_nothing_logged());
	assert_null(bench.app.control);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	static const struct CMUnitTest tests[] = {
		T(a_path_of_another_process_is_had_when_that_ends),
		T(a_path_that_was_removed_is_made_again),
		T(a_folder_that_was_removed_is_made_again),
		T(why_there_is_none_is_told_once),
		T(a_path_that_another_process_took_is_its_own_until_it_ends),
		T(clients_that_are_connected_stay),
		T(a_socket_that_is_made_again_brings_no_more_clients_at_once),
		T(none_is_opened_that_is_not_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
