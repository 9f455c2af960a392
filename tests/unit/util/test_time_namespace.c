// SPDX-License-Identifier: GPL-2.0-or-later
/* Time namespaces, by a /proc of our own making. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "util/time_namespace.h"

static char root[] = "/tmp/time-namespace-XXXXXX";

static const char *below(const char *path)
{
	static char whole[128];

	snprintf(whole, sizeof(whole), "%s%s", root, path);
	return whole;
}

static int make_root(void **state)
{
	(void)state;
	if (!mkdtemp(root))
		return -1;
	mkdir(below("/proc"), 0700);
	mkdir(below("/proc/self"), 0700);
	return mkdir(below("/proc/self/ns"), 0700);
}

static int remove_root(void **state)
{
	static const char *const paths[] = {"/proc/self/timens_offsets",
					    "/proc/self/ns/time",
					    "/proc/self/ns/time_for_children",
					    "/proc/self/ns",
					    "/proc/self",
					    "/proc",
					    ""};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		remove(below(paths[i]));
	return 0;
}

static int64_t ahead_with(const char *offsets, const char *ours, const char *children)
{
	int64_t ahead_ns = 77;
	FILE *file = fopen(below("/proc/self/timens_offsets"), "we");
	int r;

	assert_non_null(file);
	fputs(offsets, file);
	fclose(file);
	unlink(below("/proc/self/ns/time"));
	assert_int_equal(symlink(ours, below("/proc/self/ns/time")), 0);
	unlink(below("/proc/self/ns/time_for_children"));
	assert_int_equal(symlink(children, below("/proc/self/ns/time_for_children")), 0);
	r = time_namespace_ahead_ns(root, &ahead_ns);
	if (r < 0)
		assert_int_equal(ahead_ns, 77);
	return r < 0 ? r : ahead_ns;
}

static void a_kernel_without_time_namespaces_has_no_offset(void **state)
{
	int64_t ahead_ns = 77;

	(void)state;
	assert_int_equal(time_namespace_ahead_ns(root, &ahead_ns), 0);
	assert_int_equal(ahead_ns, 0);
}

static void the_offset_is_seconds_and_nanoseconds(void **state)
{
	(void)state;
	assert_int_equal(ahead_with("monotonic           0         0\nboottime            5         0\n",
				    "time:[1]", "time:[1]"),
			 0);
	assert_int_equal(ahead_with("monotonic        1000         7\nboottime            0         0\n",
				    "time:[2]", "time:[2]"),
			 1000000000007);
	assert_int_equal(ahead_with("boottime 9 9\nmonotonic -2 500000000\n", "time:[2]", "time:[2]"),
			 -1500000000);
}

static void an_offset_that_only_children_will_have_is_not_ours(void **state)
{
	(void)state;
	assert_int_equal(ahead_with("monotonic 1000 0\n", "time:[1]", "time:[2]"), 0);
}

static void what_the_kernel_never_writes_is_refused(void **state)
{
	(void)state;
	assert_int_equal(ahead_with("", "time:[1]", "time:[1]"), -EBADMSG);
	assert_int_equal(ahead_with("monotonic much\n", "time:[1]", "time:[1]"), -EBADMSG);
	assert_int_equal(ahead_with("monotonic 9223372036854775807 0\n", "time:[1]", "time:[1]"), -EBADMSG);
	assert_int_equal(ahead_with("monotonic 1 1000000000\n", "time:[1]", "time:[1]"), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kernel_without_time_namespaces_has_no_offset),
		cmocka_unit_test(the_offset_is_seconds_and_nanoseconds),
		cmocka_unit_test(an_offset_that_only_children_will_have_is_not_ours),
		cmocka_unit_test(what_the_kernel_never_writes_is_refused),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
