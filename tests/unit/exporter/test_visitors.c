// SPDX-License-Identifier: GPL-2.0-or-later
/* Who is hung up on, and after what time. */
#include "ctl/exporter/visitors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "util/cleanup.h"
#include "util/macros.h"

#define PLACES 4
#define T0     (100 * NSEC_PER_SEC)

/* Connections, the near end of each of which is a visitor that came at T0. */
struct hall {
	struct visitors *visitors;
	struct visitor *visitor[PLACES];
	int near[PLACES], far[PLACES];
	size_t n;
};

static void open_hall(struct hall *hall, size_t n)
{
	*hall = (struct hall){.visitors = visitors_new(PLACES), .n = n};
	assert_non_null(hall->visitors);
	for (size_t i = 0; i < n; i++) {
		int fds[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
		hall->near[i] = fds[0];
		hall->far[i] = fds[1];
		hall->visitor[i] = visitors_enter(hall->visitors, fds[0], T0);
		assert_non_null(hall->visitor[i]);
	}
}

static void close_hall(struct hall *hall)
{
	for (size_t i = 0; i < hall->n; i++) {
		visitors_leave(hall->visitors, hall->visitor[i]);
		close_fd(hall->near[i]);
		close_fd(hall->far[i]);
	}
	visitors_free(hall->visitors);
}

static bool is_hung_up_on(const struct hall *hall, size_t i)
{
	char octet;

	return recv(hall->far[i], &octet, sizeof(octet), MSG_DONTWAIT) == 0;
}

/* Seconds until all are hung up on. */
static unsigned int patience_s(size_t n, bool is_hurried)
{
	unsigned int s = 0;
	struct hall hall;

	open_hall(&hall, n);
	while (s < 100 && !is_hung_up_on(&hall, 0))
		visitors_hang_up_on_slow(hall.visitors, is_hurried, T0 + ++s * NSEC_PER_SEC);
	for (size_t i = 0; i < n; i++)
		assert_true(is_hung_up_on(&hall, i));
	close_hall(&hall);
	return s;
}

static void the_slow_are_hung_up_on_and_sooner_where_places_are_few(void **state)
{
	(void)state;
	assert_int_equal(patience_s(2, false), 31);
	assert_int_equal(patience_s(3, false), 3);
	assert_int_equal(patience_s(2, true), 3);
}

static void there_are_so_many_places_and_who_leaves_makes_one_free(void **state)
{
	struct hall hall;

	(void)state;
	open_hall(&hall, PLACES);
	assert_null(visitors_enter(hall.visitors, hall.near[0], T0));
	visitors_leave(hall.visitors, hall.visitor[1]);
	hall.visitor[1] = visitors_enter(hall.visitors, hall.near[1], T0 + 2 * NSEC_PER_SEC);
	assert_non_null(hall.visitor[1]);
	/* Its time begins when it comes. */
	visitors_hang_up_on_slow(hall.visitors, false, T0 + 3 * NSEC_PER_SEC);
	assert_true(is_hung_up_on(&hall, 0));
	assert_false(is_hung_up_on(&hall, 1));
	close_hall(&hall);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_slow_are_hung_up_on_and_sooner_where_places_are_few),
		cmocka_unit_test(there_are_so_many_places_and_who_leaves_makes_one_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
