// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of foreign masters: bounded, oldest out first, the one that matters never. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "bc/engine/foreign.h"
#include "util/macros.h"

#define LIMIT 8

static struct ptp_port_identity identity(unsigned int n)
{
	return (struct ptp_port_identity){
		{0, 0, 0, 0, (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}, 1};
}

static struct bc_foreign_master *add(struct bc_foreign_table *table, unsigned int n, uint64_t now_mono_ns,
				     const struct ptp_port_identity *keep, bool *ret_evicted)
{
	struct bc_foreign_master *record = bc_foreign_add(table, keep, ret_evicted);

	*record = (struct bc_foreign_master){
		.in_use = true, .last_mono_ns = now_mono_ns, .interval_ns = NSEC_PER_SEC};
	record->announce.source = identity(n);
	return record;
}

static int setup(void **state)
{
	static struct bc_foreign_table table;

	*state = &table;
	return bc_foreign_init(&table, LIMIT);
}

static int teardown(void **state)
{
	bc_foreign_free(*state);
	return 0;
}

static void records_are_found_by_the_senders_port(void **state)
{
	struct bc_foreign_table *table = *state;
	struct ptp_port_identity sender = identity(3);
	bool is_evicted;

	for (unsigned int n = 0; n < LIMIT; n++)
		add(table, n, 100 + n, NULL, &is_evicted);
	assert_non_null(bc_foreign_find(table, &sender));
	assert_true(bc_port_identity_equal(&bc_foreign_find(table, &sender)->announce.source, &sender));
	sender.port_number = 2;
	assert_null(bc_foreign_find(table, &sender));
}

static void a_record_that_is_not_in_use_is_not_found(void **state)
{
	struct bc_foreign_table *table = *state;
	struct ptp_port_identity sender = identity(3);
	bool is_evicted;

	add(table, 3, 100, NULL, &is_evicted)->in_use = false;
	assert_null(bc_foreign_find(table, &sender));
	assert_int_equal(bc_foreign_count(table), 0);
}

static void a_full_table_evicts_the_one_heard_longest_ago(void **state)
{
	struct bc_foreign_table *table = *state;
	bool is_evicted = true;

	for (unsigned int n = 0; n < LIMIT; n++) {
		add(table, n, 1000 + (n * 5) % LIMIT, NULL, &is_evicted);
		assert_false(is_evicted);
	}
	for (unsigned int age = 0; age < LIMIT; age++) {
		struct ptp_port_identity oldest = identity((age * 5) % LIMIT); /* 5 * 5 = 1 mod 8 */

		assert_non_null(bc_foreign_find(table, &oldest));
		add(table, 100 + age, 2000 + age, NULL, &is_evicted);
		assert_true(is_evicted);
		assert_null(bc_foreign_find(table, &oldest));
		assert_int_equal(bc_foreign_count(table), LIMIT);
	}
}

static void the_one_to_keep_outlives_any_number_of_others(void **state)
{
	struct bc_foreign_table *table = *state;
	struct ptp_port_identity keep = identity(0);
	bool is_evicted;

	for (unsigned int n = 0; n < 20000; n++)
		add(table, n, 1 + n, &keep, &is_evicted);
	assert_non_null(bc_foreign_find(table, &keep));
	assert_int_equal(bc_foreign_count(table), LIMIT);
}

static void one_announce_does_not_qualify_and_two_do(void **state)
{
	struct bc_foreign_master r = {.in_use = true, .last_mono_ns = 10 * NSEC_PER_SEC};

	(void)state;
	r.interval_ns = NSEC_PER_SEC;
	assert_false(bc_foreign_is_qualified(&r, 10 * NSEC_PER_SEC));
	r.previous_mono_ns = r.last_mono_ns;
	r.last_mono_ns = 11 * NSEC_PER_SEC;
	assert_true(bc_foreign_is_qualified(&r, 11 * NSEC_PER_SEC));
}

static void qualification_ends_four_intervals_after_the_last_but_one(void **state)
{
	struct bc_foreign_master r = {
		.in_use = true,
		.previous_mono_ns = 10 * NSEC_PER_SEC,
		.last_mono_ns = 11 * NSEC_PER_SEC,
		.interval_ns = NSEC_PER_SEC / 2,
	};

	(void)state;
	assert_true(bc_foreign_is_qualified(&r, 12 * NSEC_PER_SEC));
	assert_false(bc_foreign_is_qualified(&r, 12 * NSEC_PER_SEC + 1));
	r.in_use = false;
	assert_false(bc_foreign_is_qualified(&r, 12 * NSEC_PER_SEC));
}

static void a_shift_moves_what_was_heard_and_invents_nothing(void **state)
{
	struct bc_foreign_table *table = *state;
	bool is_evicted;
	struct bc_foreign_master *r = add(table, 1, 5 * NSEC_PER_SEC, NULL, &is_evicted);

	bc_foreign_shift(table, 60 * NSEC_PER_SEC);
	assert_int_equal(r->last_mono_ns, 65 * NSEC_PER_SEC);
	assert_int_equal(r->previous_mono_ns, 0);
}

static void clearing_empties_the_table(void **state)
{
	struct bc_foreign_table *table = *state;
	bool is_evicted;

	for (unsigned int n = 0; n < LIMIT; n++)
		add(table, n, 1 + n, NULL, &is_evicted);
	bc_foreign_clear(table);
	assert_int_equal(bc_foreign_count(table), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(records_are_found_by_the_senders_port, setup, teardown),
		cmocka_unit_test_setup_teardown(a_record_that_is_not_in_use_is_not_found, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_table_evicts_the_one_heard_longest_ago, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_one_to_keep_outlives_any_number_of_others, setup,
						teardown),
		cmocka_unit_test(one_announce_does_not_qualify_and_two_do),
		cmocka_unit_test(qualification_ends_four_intervals_after_the_last_but_one),
		cmocka_unit_test_setup_teardown(a_shift_moves_what_was_heard_and_invents_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(clearing_empties_the_table, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
