// SPDX-License-Identifier: GPL-2.0-or-later
/* Fixture of the control socket's tests. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/ctl/rig.h"

#include "bc/daemon/control_private.h"
#include "tests/unit/ctl/stub_loader.h"
#include "tests/unit/ctl/stub_state.h"
#include "util/macros.h"
#include "util/paths.h"

#define WORK_NS	    (3600 * NSEC_PER_SEC)
#define PATIENCE_MS 30000

static struct rig the_rig;

struct control_sources rig_sources(void)
{
	static const char *const names[RIG_PORTS] = {"p0", "p1", "p2",	"p3",  "p4",  "p5",  "p6",  "p7",
						     "p8", "p9", "p10", "p11", "p12", "p13", "p14", "p\"15"};

	struct control_sources sources = {
		.loader = stub_loader(), .clock_type = "MONITOR", .n_ports = RIG_PORTS, .port_names = names};

	stub_state_fill(&sources);
	return sources;
}

int rig_restart(struct rig *rig, const struct control_sources *sources)
{
	int r;

	control_free(rig->control);
	rig->control = NULL;
	r = control_new(rig->path, sources, &rig->control);
	/* What is tested is not to depend on how fast the machine is. */
	if (r == 0)
		rig->control->work_ns = rig->control->work_left_ns = WORK_NS;
	return r;
}

int rig_setup(void **state)
{
	struct control_sources sources;

	stub_state_reset();
	sources = rig_sources();
	stub_loader_set_residences(0);
	strcpy(the_rig.folder, "/tmp/ebc-control-test-XXXXXX");
	if (!mkdtemp(the_rig.folder) || chmod(the_rig.folder, 0755) < 0)
		return -1;
	snprintf(the_rig.path, sizeof(the_rig.path), "%s/socket", the_rig.folder);
	*state = &the_rig;
	return rig_restart(&the_rig, &sources);
}

int rig_teardown(void **state)
{
	struct rig *rig = *state;

	control_free(rig->control);
	rig->control = NULL;
	unlink(rig->path);
	return rmdir(rig->folder);
}

static bool has_work(struct rig *rig, int timeout_ms)
{
	struct pollfd polled = {.fd = control_fd(rig->control), .events = POLLIN};

	return poll(&polled, 1, timeout_ms) > 0;
}

void rig_pump(struct rig *rig)
{
	for (int i = 0; has_work(rig, 0); i++) {
		assert_true(i < 10000); /* else the daemon would turn in circles */
		control_dispatch(rig->control);
	}
}

void rig_wait_once(struct rig *rig)
{
	assert_true(has_work(rig, PATIENCE_MS));
	control_dispatch(rig->control);
}

void rig_wait(struct rig *rig)
{
	rig_wait_once(rig);
	rig_pump(rig);
}

int rig_connect(struct rig *rig)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	strcpy(address.sun_path, rig->path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	rig_pump(rig);
	return fd;
}

void rig_ask(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

struct json_object *rig_receive(int fd, bool *ret_gone)
{
	static char text[2 * EBC_CONTROL_ANSWER_MAX];
	ssize_t len = recv(fd, text, sizeof(text) - 1, MSG_TRUNC);
	struct json_object *object;

	if (ret_gone)
		*ret_gone = len == 0;
	if (len <= 0)
		return NULL;
	assert_true(len <= EBC_CONTROL_ANSWER_MAX);
	text[len] = '\0';
	object = json_tokener_parse(text);
	assert_true(json_object_is_type(object, json_type_object));
	return object;
}

struct json_object *rig_answer(struct rig *rig, int fd, const char *text)
{
	struct json_object *answer;

	rig_ask(fd, text);
	rig_pump(rig);
	/* Others may have used up what may be spent on clients now. */
	while (!(answer = rig_receive(fd, NULL)))
		rig_wait(rig);
	assert_null(rig_receive(fd, NULL));
	return answer;
}

void rig_expect_error(struct rig *rig, int fd, const char *text, const char *error)
{
	struct json_object *answer = rig_answer(rig, fd, text);
	const char *told = json_object_get_string(json_object_object_get(answer, "error"));

	if (error) {
		assert_non_null(told);
		assert_string_equal(told, error);
	} else {
		assert_null(told);
	}
	json_object_put(answer);
}

uint64_t rig_number(struct json_object *object, const char *name)
{
	struct json_object *member = json_object_object_get(object, name);

	assert_true(json_object_is_type(member, json_type_int));
	return json_object_get_uint64(member);
}
