// SPDX-License-Identifier: GPL-2.0-or-later
/* Syncs to unicast clients until their stamps come, come in another order, or do not come. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "bc/engine/unicast_syncs.h"

static struct bc_unicast_syncs syncs;

static int setup(void **state)
{
	(void)state;
	memset(&syncs, 0, sizeof(syncs));
	return 0;
}

static bool add(uint16_t sequence_id, uint64_t now_mono_ns)
{
	const struct bc_address address = {
		.mac = {2, 0, 0, 0, (uint8_t)(sequence_id >> 8), (uint8_t)sequence_id}};

	return bc_unicast_syncs_add(&syncs, sequence_id, &address, now_mono_ns);
}

/* Whether it waited, with its own address. */
static bool take(uint16_t sequence_id)
{
	struct bc_address address = {};

	return bc_unicast_syncs_take(&syncs, sequence_id, &address) && address.mac[4] == sequence_id >> 8 &&
	       address.mac[5] == (sequence_id & 0xff);
}

static void each_is_taken_once_in_any_order(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		assert_false(add((uint16_t)(0xffff + i), i));
	assert_false(bc_unicast_syncs_has_place(&syncs, 0xffff - BC_UNICAST_SYNCS));
	assert_false(take(0xffff - BC_UNICAST_SYNCS));
	assert_true(take(0));
	assert_false(take(0));
	assert_true(take(0xffff));
	assert_true(bc_unicast_syncs_has_place(&syncs, 0xffff - BC_UNICAST_SYNCS));
	assert_true(bc_unicast_syncs_has(&syncs, 1));
	assert_true(take(1));
	assert_true(bc_unicast_syncs_deadline(&syncs) == NEVER);
}

static void those_that_wait_too_long_go_the_oldest_first(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < 4; i++)
		add(i, 100 + i);
	take(0);
	take(2);
	assert_true(bc_unicast_syncs_deadline(&syncs) == 101 + BC_PENDING_MAX_AGE_NS);
	assert_false(bc_unicast_syncs_expire(&syncs, 100 + BC_PENDING_MAX_AGE_NS));
	assert_true(bc_unicast_syncs_expire(&syncs, 101 + BC_PENDING_MAX_AGE_NS));
	assert_false(bc_unicast_syncs_has(&syncs, 1));
	assert_true(bc_unicast_syncs_deadline(&syncs) == 103 + BC_PENDING_MAX_AGE_NS);
	assert_true(bc_unicast_syncs_expire(&syncs, 103 + BC_PENDING_MAX_AGE_NS));
	assert_false(bc_unicast_syncs_expire(&syncs, NEVER - 1));
}

static void of_more_than_there_is_room_for_the_oldest_is_given_up(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < BC_UNICAST_SYNCS; i++)
		assert_false(add(i, i));
	assert_true(take(5) && take(6));
	assert_true(add(BC_UNICAST_SYNCS + 5, BC_UNICAST_SYNCS));
	assert_false(bc_unicast_syncs_has(&syncs, 0));
	assert_true(add(BC_UNICAST_SYNCS + 6, BC_UNICAST_SYNCS));
	assert_true(syncs.n_in_order <= BC_UNICAST_SYNCS);
	for (uint16_t i = 2; i < BC_UNICAST_SYNCS + 7; i++)
		assert_int_equal(take(i), i < BC_UNICAST_SYNCS ? i != 5 && i != 6 : i > BC_UNICAST_SYNCS + 4);
	assert_true(bc_unicast_syncs_deadline(&syncs) == NEVER);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup(f, setup)
	static const struct CMUnitTest tests[] = {
		T(each_is_taken_once_in_any_order),
		T(those_that_wait_too_long_go_the_oldest_first),
		T(of_more_than_there_is_room_for_the_oldest_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
