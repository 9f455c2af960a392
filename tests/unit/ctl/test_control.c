// SPDX-License-Identifier: GPL-2.0-or-later
/* The control socket: who is served, what is refused, and that nobody can hold it up. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <linux/sockios.h>
#include <cmocka.h>

#include "bc/daemon/control_private.h"
#include "bc/daemon/history.h"
#include "tests/unit/ctl/rig.h"
#include "tests/unit/ctl/stub_loader.h"
#include "tests/unit/ctl/stub_state.h"
#include "util/macros.h"

#define CLIENTS_MAX	 16
#define STRANGERS_MAX	 12
#define REQUESTS_AT_ONCE 20
#define REQUESTS	 200 /* which take nine seconds more than those */
#define NOBODY		 65534
#define OF_A_USER_MAX	 6

#define ASK_STATUS    "{\"request\":\"status\"}"
#define ASK_STATS     "{\"request\":\"stats\"}"
#define ASK_PORTS     "{\"request\":\"ports\"}"
#define ASK_RESIDENCE "{\"request\":\"residence\"}"
#define ASK_CLEAR     "{\"request\":\"residence\",\"clear\":true}"

static void ports_are_told(void **state)
{
	struct rig *rig = *state;
	int fd = rig_connect(rig);
	struct json_object *answer = rig_answer(rig, fd, ASK_PORTS);
	struct json_object *ports = json_object_object_get(answer, "ports");
	struct json_object *types = json_object_object_get(answer, "message_types");

	assert_string_equal(json_object_get_string(json_object_object_get(answer, "clock_type")), "MONITOR");
	assert_int_equal(json_object_array_length(ports), RIG_PORTS);
	assert_string_equal(json_object_get_string(json_object_array_get_idx(ports, 15)), "p\"15");
	assert_string_equal(json_object_get_string(json_object_array_get_idx(types, 1)), "delay_req");
	json_object_put(answer);
	close(fd);
}

static void malformed_requests_get_an_error_and_no_more(void **state)
{
	static const char *const malformed[] = {"x",
						"{}",
						"[]",
						"null",
						"42",
						"\"ports\"",
						"{\"request\":7}",
						"{\"request\":\"ports\"",
						"{\"request\":\"ports\"} x",
						"{\"request\":\"ports\"}{}",
						"{'request':'ports'}",
						"{\"request\":\"samples\",\"on\":1}",
						"{\"request\":\"residence\",\"clear\":\"yes\"}",
						"{\"request\":\"ports\",\"x\":[[[[[[1]]]]]]}",
						"\xff\xfe"};
	struct rig *rig = *state;
	int fd = rig_connect(rig);

	for (size_t i = 0; i < ARRAY_SIZE(malformed); i++)
		rig_expect_error(rig, fd, malformed[i], "malformed request");
	rig_expect_error(rig, fd, "{\"request\":\"reboot\"}", "unknown request");
	rig_expect_error(rig, fd, ASK_PORTS, NULL);
	close(fd);
}

static void what_follows_the_request_is_not_overlooked(void **state)
{
	static const char text[] = ASK_PORTS "\0" ASK_PORTS;
	struct rig *rig = *state;
	struct json_object *answer;
	int fd = rig_connect(rig);

	assert_int_equal(send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL), sizeof(text) - 1);
	rig_pump(rig);
	answer = rig_receive(fd, NULL);
	assert_true(json_object_object_get_ex(answer, "error", NULL));
	json_object_put(answer);
	close(fd);
}

static void a_request_that_is_too_long_is_refused(void **state)
{
	struct rig *rig = *state;
	int fd = rig_connect(rig);
	char text[5000];

	memset(text, ' ', sizeof(text));
	memcpy(text, ASK_PORTS, strlen(ASK_PORTS));
	text[sizeof(text) - 1] = '\0';
	rig_expect_error(rig, fd, text, "request too long");
	rig_expect_error(rig, fd, ASK_PORTS, NULL);
	close(fd);
}

/* Reads a walk to its end; returns how many residences it had. */
static size_t read_walk(struct rig *rig, int fd)
{
	size_t n = 0;

	for (;;) {
		struct json_object *message;
		bool is_end;

		/* What is there goes first: nothing more is made for who has not read it. */
		while (!(message = rig_receive(fd, NULL)))
			rig_wait(rig);
		is_end = json_object_object_get_ex(message, "end", NULL);
		n += json_object_object_get_ex(message, "residence", NULL);
		json_object_put(message);
		if (is_end)
			return n;
	}
}

static void fill_widely(size_t n)
{
	stub_loader_set_residences(n);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < EBC_HISTOGRAM_BUCKETS; k++)
			stub_loader_residence(i)->total.bucket[k] = UINT64_MAX - k;
}

static void a_walk_goes_as_fast_as_it_is_read(void **state)
{
	struct rig *rig = *state;
	int slow = rig_connect(rig), fast = rig_connect(rig);

	fill_widely(EBC_RESIDENCES);
	rig_ask(slow, ASK_RESIDENCE);
	rig_pump(rig);
	rig_expect_error(rig, fast, ASK_PORTS, NULL);
	rig_ask(fast, ASK_RESIDENCE);
	assert_int_equal(read_walk(rig, fast), EBC_RESIDENCES);
	assert_int_equal(read_walk(rig, slow), EBC_RESIDENCES);
	close(slow);
	close(fast);
}

static const struct control_client *only_client(struct rig *rig)
{
	const struct control_client *only = NULL;

	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		const struct control_client *client = &rig->control->clients[i];

		if (client->fd < 0)
			continue;
		assert_null(only);
		only = client;
	}
	assert_non_null(only);
	return only;
}

/* Until nothing happens any more, longer than it takes until more may be done. */
static void pump_to_rest(struct rig *rig)
{
	struct pollfd polled = {.fd = control_fd(rig->control), .events = POLLIN};

	do
		rig_pump(rig);
	while (poll(&polled, 1, 150) > 0);
}

static int unread_octets(const struct control_client *client)
{
	int n;

	assert_int_equal(ioctl(client->fd, SIOCOUTQ, &n), 0);
	return n;
}

/* Long answers that nobody reads, so many that the kernel takes no more. */
static void fill_socket(struct rig *rig, const struct control_client *client, int fd)
{
	int n_unread = 0, room = 0;
	socklen_t len = sizeof(room);

	assert_int_equal(getsockopt(client->fd, SOL_SOCKET, SO_SNDBUF, &room, &len), 0);
	while (n_unread < room) {
		rig_ask(fd, ASK_STATUS);
		/* It takes turns where answers take long. */
		while (unread_octets(client) == n_unread)
			rig_wait(rig);
		assert_int_equal(client->n_queued, 0);
		n_unread = unread_octets(client);
	}
}

static void one_message_waits_for_who_asks_on_and_does_not_read(void **state)
{
	static const char *const asks[] = {ASK_STATUS, ASK_STATS};
	struct rig *rig = *state;

	stub_state_status()->n_alarms = 128;
	for (size_t i = 0; i < 128; i++) {
		struct control_alarm *alarm = &stub_state_status()->alarms[i];

		*alarm = (struct control_alarm){.kind = "rival", .port = -1};
		memset(alarm->text, '\n', sizeof(alarm->text) - 1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(asks); i++) {
		int fd = rig_connect(rig);
		const struct control_client *client = only_client(rig);

		fill_socket(rig, client, fd);
		for (size_t k = 0; k < 3; k++)
			rig_ask(fd, asks[i]);
		pump_to_rest(rig);
		assert_int_equal(client->n_queued, 1);
		close(fd);
		rig_pump(rig);
	}
}

static void a_walk_that_is_not_read_is_made_no_further(void **state)
{
	struct history_row row = {.mono_ns = UINT64_MAX, .offset_ns = INT64_MIN};
	struct rig *rig = *state;
	int fd = rig_connect(rig);
	const struct control_client *client = only_client(rig);

	for (size_t i = 0; i < HISTORY_ROWS; i++)
		history_add(stub_state_history(), &row);
	rig_ask(fd, "{\"request\":\"offsets\"}");
	pump_to_rest(rig);
	assert_int_equal(client->walk.kind, CONTROL_WALK_OFFSETS);
	assert_in_range(client->walk.last, 1, HISTORY_ROWS / 2);
	assert_true(client->n_queued <= 1);
	close(fd);
}

static void clearing_ends_the_walks_of_others(void **state)
{
	struct rig *rig = *state;
	int slow = rig_connect(rig), fd = rig_connect(rig);
	size_t n;

	if (geteuid() != 0)
		skip();
	fill_widely(200);
	rig_ask(slow, ASK_RESIDENCE);
	rig_pump(rig);
	rig_expect_error(rig, fd, ASK_CLEAR, NULL);
	assert_int_equal(stub_loader_n_residences(), 0);
	/* As if others had been measured since: behind a vanished key the walk would begin anew. */
	fill_widely(100);
	n = read_walk(rig, slow);
	assert_true(n > 0 && n < 100);
	close(slow);
	close(fd);
}

static void clearing_ends_no_other_walk(void **state)
{
	struct rig *rig = *state;
	int slow = rig_connect(rig), fd = rig_connect(rig);
	struct json_object *message;
	size_t n = 0;

	if (geteuid() != 0)
		skip();
	rig_ask(slow, "{\"request\":\"port_status\"}");
	control_dispatch(rig->control); /* the first port, and no more */
	rig_ask(fd, ASK_CLEAR);
	while (n <= RIG_PORTS) {
		rig_wait(rig);
		for (; (message = rig_receive(slow, NULL)); n++)
			json_object_put(message);
	}
	assert_int_equal(n, RIG_PORTS + 1);
	close(slow);
	close(fd);
}

static size_t count_answers(int fd)
{
	struct json_object *answer;
	size_t n = 0;

	for (; (answer = rig_receive(fd, NULL)); n++)
		json_object_put(answer);
	return n;
}

static void what_is_spent_on_all_clients_is_limited(void **state)
{
	struct rig *rig = *state;
	int64_t work_ns = rig->control->work_ns, left_ns = -2 * work_ns;
	int fd = rig_connect(rig);
	struct json_object *answer;

	rig->control->work_left_ns = left_ns; /* until the timer has come three times */
	rig_ask(fd, ASK_PORTS);
	while (!(answer = rig_receive(fd, NULL))) {
		left_ns = rig->control->work_left_ns;
		rig_wait_once(rig);
	}
	assert_in_range(left_ns, 1, work_ns);
	assert_true(rig->control->work_left_ns < left_ns);
	json_object_put(answer);
	close(fd);
}

static void requests_are_limited(void **state)
{
	struct rig *rig = *state;
	int fd = rig_connect(rig), other = rig_connect(rig);
	size_t n = 0, n_at_once;

	for (size_t i = 0; i < REQUESTS; i++)
		rig_ask(fd, ASK_PORTS);
	/* The next is taken only when the answer has been read. */
	for (size_t i = 0; i < REQUESTS; i++) {
		rig_pump(rig);
		n += count_answers(fd);
	}
	n_at_once = n;
	assert_true(n >= REQUESTS_AT_ONCE && n < REQUESTS);
	rig_expect_error(rig, other, ASK_PORTS, NULL);
	/* The rest is answered when its time has come. */
	while (n < n_at_once + 3) {
		rig_wait(rig);
		n += count_answers(fd);
	}
	close(fd);
	close(other);
}

static bool is_refused(int fd)
{
	struct json_object *answer = rig_receive(fd, NULL);
	bool is_gone;

	if (!answer)
		return false;
	assert_string_equal(json_object_get_string(json_object_object_get(answer, "error")),
			    "too many clients");
	json_object_put(answer);
	assert_null(rig_receive(fd, &is_gone));
	assert_true(is_gone);
	return true;
}

static void more_clients_than_places_are_refused(void **state)
{
	struct rig *rig = *state;
	size_t n_refused = 0;
	int fds[20];

	if (geteuid() != 0)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = rig_connect(rig);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		n_refused += is_refused(fds[i]);
	assert_int_equal(n_refused, ARRAY_SIZE(fds) - CLIENTS_MAX);
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		rig_expect_error(rig, fds[i], ASK_PORTS, NULL);
	close(fds[3]);
	rig_pump(rig);
	fds[3] = rig_connect(rig);
	rig_expect_error(rig, fds[3], ASK_PORTS, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		close(fds[i]);
}

/* What the child saw comes as its exit status. */
static int run_as(struct rig *rig, uid_t uid, int (*run)(struct rig *))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(setuid(uid) < 0 ? 99 : run(rig));
	while (waitpid(pid, &status, WNOHANG) == 0)
		rig_pump(rig);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* In the child: blocks, since the server is another process. */
static int connect_blocking(struct rig *rig)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	strcpy(address.sun_path, rig->path);
	return connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -1 : fd;
}

static bool answer_has(int fd, const char *words)
{
	char text[4096];
	ssize_t len = recv(fd, text, sizeof(text) - 1, 0);

	if (len < 0)
		return false;
	text[len] = '\0';
	return strstr(text, words);
}

static int clear_and_read(struct rig *rig)
{
	int fd = connect_blocking(rig);

	if (fd < 0 || send(fd, ASK_CLEAR, strlen(ASK_CLEAR), 0) < 0 || !answer_has(fd, "not permitted"))
		return 1;
	if (send(fd, ASK_PORTS, strlen(ASK_PORTS), 0) < 0 || !answer_has(fd, "clock_type"))
		return 2;
	return 0;
}

static void only_root_may_clear(void **state)
{
	struct rig *rig = *state;
	int fd;

	if (geteuid() != 0)
		skip();
	stub_loader_set_residences(3);
	assert_int_equal(run_as(rig, NOBODY, clear_and_read), 0);
	assert_int_equal(stub_loader_n_residences(), 3);
	fd = rig_connect(rig);
	rig_expect_error(rig, fd, ASK_CLEAR, NULL);
	assert_int_equal(stub_loader_n_residences(), 0);
	close(fd);
}

/* Takes all the places that this user can get; returns how many, by asking on each. */
static int take_places(struct rig *rig, uid_t uid)
{
	int n = 0;

	if (seteuid(uid) < 0)
		return -1;
	for (int i = 0; i < CLIENTS_MAX; i++) {
		int fd = connect_blocking(rig);

		if (fd < 0)
			return -1;
		(void)!send(fd, ASK_PORTS, strlen(ASK_PORTS), MSG_NOSIGNAL);
		n += answer_has(fd, "clock_type");
	}
	return seteuid(0) < 0 ? -1 : n;
}

static int take_all_places(struct rig *rig)
{
	if (take_places(rig, NOBODY) != OF_A_USER_MAX)
		return 1;
	/* Others are served nevertheless, ... */
	if (take_places(rig, NOBODY - 1) != STRANGERS_MAX - OF_A_USER_MAX)
		return 2;
	if (take_places(rig, NOBODY - 2) != 0)
		return 3;
	/* ... and root in any case. */
	return take_places(rig, 0) == CLIENTS_MAX - STRANGERS_MAX ? 0 : 4;
}

static void strangers_leave_places_for_others_and_for_root(void **state)
{
	struct rig *rig = *state;

	if (geteuid() != 0)
		skip();
	assert_int_equal(run_as(rig, 0, take_all_places), 0);
}

static void without_programs_there_is_no_residence_and_the_rest_is_told(void **state)
{
	static const char reason[] = "no residence is measured: this clock runs without BPF programs";
	struct control_sources sources = rig_sources();
	struct rig *rig = *state;
	struct json_object *ports;
	int fd;

	sources.loader = NULL;
	assert_int_equal(rig_restart(rig, &sources), 0);
	fd = rig_connect(rig);
	rig_expect_error(rig, fd, "{\"request\":\"residence\"}", reason);
	rig_expect_error(rig, fd, "{\"request\":\"residence\",\"clear\":true}", reason);
	rig_expect_error(rig, fd, "{\"request\":\"samples\",\"on\":true}", reason);
	ports = rig_answer(rig, fd, "{\"request\":\"ports\"}");
	assert_non_null(ports);
	json_object_put(ports);
	close(fd);
}

static void a_dead_predecessors_socket_gives_way(void **state)
{
	struct control_sources sources = rig_sources();
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct control *control = NULL;
	struct rig *rig = *state;
	struct stat st;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s.old", rig->path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	assert_int_equal(control_new(address.sun_path, &sources, &control), 0);
	assert_int_equal(stat(address.sun_path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0666);
	control_free(control);
	assert_int_equal(stat(address.sun_path, &st), -1);
}

static void a_living_socket_stays_its_owners(void **state)
{
	struct control_sources sources = rig_sources();
	struct control *control = NULL;
	struct rig *rig = *state;
	int fd;

	assert_int_equal(control_new(rig->path, &sources, &control), -EADDRINUSE);
	assert_null(control);
	rig_pump(rig);
	fd = rig_connect(rig);
	rig_expect_error(rig, fd, ASK_PORTS, NULL);
	close(fd);
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
	struct control_sources sources = rig_sources();
	struct control *control = NULL;
	struct rig *rig = *state;
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/file", rig->folder);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(control_new(path, &sources, &control), -EEXIST);
	assert_int_equal(unlink(path), 0);
}

static void a_path_that_cannot_be_is_refused(void **state)
{
	struct control_sources sources = rig_sources();
	struct control *control = NULL;
	char path[200] = "/";

	(void)state;
	memset(path + 1, 'x', sizeof(path) - 2);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(control_new(path, &sources, &control), -ENAMETOOLONG);
	assert_int_equal(control_new("", &sources, &control), -ENAMETOOLONG);
	assert_int_equal(control_new("/no/such/folder/socket", &sources, &control), -ENOENT);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		CASE(ports_are_told),
		CASE(malformed_requests_get_an_error_and_no_more),
		CASE(what_follows_the_request_is_not_overlooked),
		CASE(a_request_that_is_too_long_is_refused),
		CASE(a_walk_goes_as_fast_as_it_is_read),
		CASE(one_message_waits_for_who_asks_on_and_does_not_read),
		CASE(a_walk_that_is_not_read_is_made_no_further),
		CASE(clearing_ends_the_walks_of_others),
		CASE(clearing_ends_no_other_walk),
		CASE(what_is_spent_on_all_clients_is_limited),
		CASE(requests_are_limited),
		CASE(more_clients_than_places_are_refused),
		CASE(only_root_may_clear),
		CASE(strangers_leave_places_for_others_and_for_root),
		CASE(without_programs_there_is_no_residence_and_the_rest_is_told),
		CASE(a_dead_predecessors_socket_gives_way),
		CASE(a_living_socket_stays_its_owners),
		CASE(a_file_that_is_no_socket_is_left_alone),
		CASE(a_path_that_cannot_be_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
