// SPDX-License-Identifier: GPL-2.0-or-later
/* The folder of a socket: made where it is missing, open to all, and gone with the socket. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bc/daemon/control_socket.h"

struct place {
	char root[32], folder[64], first[96], second[96];
};

static int make_place(void **state)
{
	static struct place place;

	snprintf(place.root, sizeof(place.root), "/tmp/ebc-socket-XXXXXX");
	if (!mkdtemp(place.root))
		return -1;
	snprintf(place.folder, sizeof(place.folder), "%s/run", place.root);
	snprintf(place.first, sizeof(place.first), "%s/first", place.folder);
	snprintf(place.second, sizeof(place.second), "%s/second", place.folder);
	*state = &place;
	return 0;
}

static int remove_place(void **state)
{
	const struct place *place = *state;

	unlink(place->first);
	unlink(place->second);
	rmdir(place->folder);
	return rmdir(place->root);
}

static void a_missing_folder_is_made_for_every_user(void **state)
{
	const struct place *place = *state;
	struct control_socket sock;
	mode_t mask = umask(0077);
	struct stat st;

	assert_int_equal(control_socket_open(&sock, place->first), 0);
	umask(mask);
	assert_int_equal(stat(place->folder, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0755);
	control_socket_close(&sock);
	assert_int_equal(access(place->folder, F_OK), -1);
}

static void the_folder_stays_while_another_socket_is_in_it(void **state)
{
	const struct place *place = *state;
	struct control_socket first, second;

	assert_int_equal(control_socket_open(&first, place->first), 0);
	assert_int_equal(control_socket_open(&second, place->second), 0);
	control_socket_close(&first);
	assert_int_equal(access(place->second, F_OK), 0);
	control_socket_close(&second);
}

static void a_folder_that_was_there_stays(void **state)
{
	const struct place *place = *state;
	struct control_socket sock;

	assert_int_equal(mkdir(place->folder, 0700), 0);
	assert_int_equal(control_socket_open(&sock, place->first), 0);
	control_socket_close(&sock);
	assert_int_equal(access(place->folder, F_OK), 0);
}

static void only_one_folder_is_made(void **state)
{
	const struct place *place = *state;
	struct control_socket sock;
	char path[128];

	snprintf(path, sizeof(path), "%s/deeper/socket", place->folder);
	assert_int_equal(control_socket_open(&sock, path), -ENOENT);
	control_socket_close(&sock);
	assert_int_equal(access(place->folder, F_OK), -1);
}

static void a_file_that_was_replaced_is_not_ones_own_any_more(void **state)
{
	const struct place *place = *state;
	struct control_socket first, second;

	assert_int_equal(control_socket_open(&first, place->first), 0);
	assert_true(control_socket_is_there(&first));
	unlink(place->first);
	assert_false(control_socket_is_there(&first));
	assert_int_equal(control_socket_open(&second, place->first), 0);
	assert_false(control_socket_is_there(&first));
	control_socket_close(&first);
	assert_true(control_socket_is_there(&second));
	control_socket_close(&second);
	assert_false(control_socket_is_there(&second));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_missing_folder_is_made_for_every_user, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(the_folder_stays_while_another_socket_is_in_it, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(a_folder_that_was_there_stays, make_place, remove_place),
		cmocka_unit_test_setup_teardown(only_one_folder_is_made, make_place, remove_place),
		cmocka_unit_test_setup_teardown(a_file_that_was_replaced_is_not_ones_own_any_more, make_place,
						remove_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
