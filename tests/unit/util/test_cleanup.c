// SPDX-License-Identifier: GPL-2.0-or-later
/* Ownership by scope: descriptors are closed once, taken ones stay open. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "util/cleanup.h"

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static int open_null(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void a_descriptor_is_closed_at_the_end_of_its_scope(void **state)
{
	int copy;

	(void)state;
	{
		_cleanup_fd_ int fd = open_null();

		copy = fd;
		assert_true(is_open(copy));
	}
	assert_false(is_open(copy));
}

static void a_descriptor_that_was_taken_stays_open(void **state)
{
	int taken;

	(void)state;
	{
		_cleanup_fd_ int fd = open_null();

		taken = TAKE_FD(fd);
		assert_int_equal(fd, -1);
	}
	assert_true(is_open(taken));
	assert_int_equal(close_fd(taken), -1);
	assert_false(is_open(taken));
}

static void a_closed_descriptor_is_left_alone(void **state)
{
	(void)state;
	errno = 0;
	assert_int_equal(close_fd(-1), -1);
	assert_int_equal(errno, 0);
}

static void a_pointer_that_was_taken_is_not_freed(void **state)
{
	char *taken;

	(void)state;
	{
		_cleanup_free_ char *p = malloc(1);

		assert_non_null(p);
		taken = TAKE_PTR(p);
		assert_null(p);
	}
	*taken = 1;
	free(taken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_descriptor_is_closed_at_the_end_of_its_scope),
		cmocka_unit_test(a_descriptor_that_was_taken_stays_open),
		cmocka_unit_test(a_closed_descriptor_is_left_alone),
		cmocka_unit_test(a_pointer_that_was_taken_is_not_freed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
