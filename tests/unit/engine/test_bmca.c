// SPDX-License-Identifier: GPL-2.0-or-later
/* Data-set comparison: the cases of figures 34 and 35, those of the telecom profiles, and that both are an
 * order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "bc/engine/bmca.h"
#include "util/macros.h"

static struct bc_dataset make_dataset(void)
{
	return (struct bc_dataset){
		.priority1 = 128,
		.quality = {248, 0xfe, 0x8000},
		.priority2 = 128,
		.identity = {5, 5, 5, 5, 5, 5, 5, 5},
		.steps_removed = 3,
		.sender = {{6, 6, 6, 6, 6, 6, 6, 6}, 2},
		.receiver = {{7, 7, 7, 7, 7, 7, 7, 7}, 1},
	};
}

static void assert_order(const struct bc_dataset *a, const struct bc_dataset *b, enum bc_comparison expected)
{
	assert_int_equal(bc_dataset_compare(a, b), expected);
	assert_int_equal(bc_dataset_compare(b, a), -(int)expected);
}

/* Everything that figure 34 looks at after `n` fields is better in b: only the first n decide. */
static void make_pair(struct bc_dataset *a, struct bc_dataset *b, int n)
{
	*a = *b = make_dataset();
	a->identity[7] = 6;
	if (n < 1)
		a->priority1 = 127, b->priority1 = 128;
	if (n < 2)
		a->quality.clock_class = n == 1 ? 6 : 255;
	if (n < 3)
		a->quality.clock_accuracy = n == 2 ? 0x20 : 0xff;
	if (n < 4)
		a->quality.offset_scaled_log_variance = n == 3 ? 0x7fff : 0xffff;
	if (n < 5)
		a->priority2 = n == 4 ? 127 : 255;
}

static void figure_34_compares_field_after_field(void **state)
{
	struct bc_dataset a, b;

	(void)state;
	for (int n = 0; n < 5; n++) {
		make_pair(&a, &b, n);
		assert_order(&a, &b, BC_A_BETTER);
	}
	make_pair(&a, &b, 5);
	assert_order(&a, &b, BC_B_BETTER);
}

static void steps_removed_do_not_count_between_two_grandmasters(void **state)
{
	struct bc_dataset a = make_dataset(), b = make_dataset();

	(void)state;
	a.identity[0] = 4;
	a.steps_removed = 200;
	b.steps_removed = 0;
	assert_order(&a, &b, BC_A_BETTER);
}

static void identities_are_compared_as_unsigned_octets(void **state)
{
	struct bc_dataset a = make_dataset(), b = make_dataset();

	(void)state;
	a.identity[0] = 0x7f;
	b.identity[0] = 0x80;
	assert_order(&a, &b, BC_A_BETTER);
}

static void of_one_grandmaster_the_way_shorter_by_two_wins(void **state)
{
	struct bc_dataset a = make_dataset(), b = make_dataset();

	(void)state;
	a.steps_removed = 1;
	assert_order(&a, &b, BC_A_BETTER);
	a.priority1 = 255; /* not looked at: the grandmaster is the same */
	assert_order(&a, &b, BC_A_BETTER);
	a.steps_removed = 0;
	b.steps_removed = 65535;
	assert_order(&a, &b, BC_A_BETTER);
}

static void a_way_longer_by_one_loses_by_topology_when_its_sender_is_nearer(void **state)
{
	struct bc_dataset a = make_dataset(), b = make_dataset();

	(void)state;
	/* b is farther. Its receiver's identity above the sender's: the receiver is another clock's side. */
	b.steps_removed = 4;
	b.receiver.clock_identity[0] = 9;
	assert_order(&a, &b, BC_A_BETTER_BY_TOPOLOGY);
	b.receiver.clock_identity[0] = 1;
	assert_order(&a, &b, BC_A_BETTER);
	b.receiver = b.sender;
	assert_order(&a, &b, BC_SAME);
}

static void of_equal_ways_the_lower_sender_wins_by_topology(void **state)
{
	struct bc_dataset a = make_dataset(), b = make_dataset();

	(void)state;
	b.sender.port_number = 3;
	assert_order(&a, &b, BC_A_BETTER_BY_TOPOLOGY);
	b.sender.clock_identity[0] = 1;
	assert_order(&a, &b, BC_B_BETTER_BY_TOPOLOGY);
}

static void of_one_sender_the_lower_receiving_port_wins_by_topology(void **state)
{
	struct bc_dataset a = make_dataset(), b = make_dataset();

	(void)state;
	b.receiver.port_number = 2;
	assert_order(&a, &b, BC_A_BETTER_BY_TOPOLOGY);
	b.receiver.port_number = 1;
	assert_order(&a, &b, BC_SAME);
}

static uint64_t seed = 34;

static unsigned int pick(unsigned int n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(seed >> 33) % n;
}

/* Few values a field, so that ties are frequent. All received by one clock, and sent by others, as in a real
 * decision. */
static struct bc_dataset random_dataset(void)
{
	struct bc_dataset d = make_dataset();

	d.identity[7] = (uint8_t)pick(3);
	/* One grandmaster has one quality. */
	d.priority1 = (uint8_t)(100 + d.identity[7] / 2);
	d.priority2 = (uint8_t)(d.identity[7] % 2);
	d.steps_removed = (uint16_t)pick(5);
	d.sender.clock_identity[7] = (uint8_t)pick(3);
	d.sender.clock_identity[0] = pick(2) ? 6 : 8;
	d.sender.port_number = (uint16_t)(1 + pick(2));
	d.receiver.port_number = (uint16_t)(1 + pick(3));
	/* Telecom: of each receiving port. */
	d.local_priority = (uint8_t)(128 + d.receiver.port_number / 3);
	d.quality.clock_class = (uint8_t)(d.identity[7] == 2 ? 248 : 6);
	return d;
}

static void comparison_is_antisymmetric(void **state)
{
	(void)state;
	for (int i = 0; i < 200000; i++) {
		struct bc_dataset a = random_dataset(), b = random_dataset();

		assert_int_equal(bc_dataset_compare(&a, &b), -(int)bc_dataset_compare(&b, &a));
		assert_int_equal(bc_dataset_compare(&a, &a), BC_SAME);
		assert_int_equal(bc_dataset_compare_telecom(&a, &b),
				 -(int)bc_dataset_compare_telecom(&b, &a));
	}
}

static void comparison_is_transitive(void **state)
{
	(void)state;
	for (int i = 0; i < 1000000; i++) {
		struct bc_dataset a = random_dataset(), b = random_dataset(), c = random_dataset();

		if (bc_dataset_compare(&a, &b) >= 0 && bc_dataset_compare(&b, &c) >= 0)
			assert_true(bc_dataset_compare(&a, &c) >= 0);
		if (bc_dataset_compare(&a, &b) > 0 && bc_dataset_compare(&b, &c) > 0)
			assert_true(bc_dataset_compare(&a, &c) > 0);
		if (bc_dataset_compare_telecom(&a, &b) > 0 && bc_dataset_compare_telecom(&b, &c) > 0)
			assert_true(bc_dataset_compare_telecom(&a, &c) > 0);
	}
}

static void the_best_of_many_is_the_same_in_any_order_of_hearing(void **state)
{
	(void)state;
	for (int round = 0; round < 20000; round++) {
		struct bc_dataset all[8], *first = &all[0], *last = &all[ARRAY_SIZE(all) - 1];

		for (size_t i = 0; i < ARRAY_SIZE(all); i++)
			all[i] = random_dataset();
		for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
			if (bc_dataset_compare(&all[i], first) > 0)
				first = &all[i];
			if (bc_dataset_compare(&all[ARRAY_SIZE(all) - 1 - i], last) > 0)
				last = &all[ARRAY_SIZE(all) - 1 - i];
		}
		assert_int_equal(bc_dataset_compare(first, last), BC_SAME);
	}
}

static void an_announce_becomes_the_data_set_it_describes(void **state)
{
	struct bc_msg msg = {
		.source = {{1, 2, 3, 4, 5, 6, 7, 8}, 9},
		.announce = {.grandmaster_priority1 = 10,
			     .grandmaster_clock_quality = {11, 12, 1300},
			     .grandmaster_priority2 = 14,
			     .grandmaster_identity = {15, 16, 17, 18, 19, 20, 21, 22},
			     .steps_removed = 23},
	};
	struct ptp_port_identity receiver = {{24, 25, 26, 27, 28, 29, 30, 31}, 32};
	struct bc_dataset d;

	(void)state;
	bc_dataset_from_announce(&msg, &receiver, &d);
	assert_int_equal(d.priority1, 10);
	assert_int_equal(d.quality.clock_class, 11);
	assert_int_equal(d.quality.clock_accuracy, 12);
	assert_int_equal(d.quality.offset_scaled_log_variance, 1300);
	assert_int_equal(d.priority2, 14);
	assert_memory_equal(d.identity, msg.announce.grandmaster_identity, 8);
	assert_int_equal(d.steps_removed, 23);
	assert_true(bc_port_identity_equal(&d.sender, &msg.source));
	assert_true(bc_port_identity_equal(&d.receiver, &receiver));
}

static void assert_telecom_order(const struct bc_dataset *a, const struct bc_dataset *b,
				 enum bc_comparison expected)
{
	assert_int_equal(bc_dataset_compare_telecom(a, b), expected);
	assert_int_equal(bc_dataset_compare_telecom(b, a), -(int)expected);
}

/* As make_pair(), but without priority1, and with localPriority before the identity. */
static void make_telecom_pair(struct bc_dataset *a, struct bc_dataset *b, int n)
{
	make_pair(a, b, n + 1);
	a->priority1 = 255;
	if (n < 5)
		a->local_priority = n == 4 ? 127 : 255;
	b->local_priority = 128;
}

static void telecom_compares_field_after_field_without_priority1(void **state)
{
	struct bc_dataset a, b;

	(void)state;
	for (int n = 0; n < 5; n++) {
		make_telecom_pair(&a, &b, n);
		assert_telecom_order(&a, &b, BC_A_BETTER);
	}
	a = b = make_dataset();
	a.identity[7] = 6;
	a.priority1 = 1;
	assert_telecom_order(&a, &b, BC_B_BETTER);
}

static void between_active_telecom_grandmasters_the_way_decides(void **state)
{
	struct bc_dataset a = make_dataset(), b = make_dataset();

	(void)state;
	a.quality.clock_class = b.quality.clock_class = 6;
	a.identity[0] = 1;
	a.steps_removed = 3;
	b.steps_removed = 1;
	assert_telecom_order(&a, &b, BC_B_BETTER);
	a.steps_removed = 1;
	a.sender.clock_identity[0] = 5;
	assert_telecom_order(&a, &b, BC_A_BETTER_BY_TOPOLOGY);
	/* Beyond clockClass 127 there is one grandmaster for all. */
	a.quality.clock_class = b.quality.clock_class = 140;
	a.steps_removed = 200;
	assert_telecom_order(&a, &b, BC_A_BETTER);
}

static void of_one_telecom_grandmaster_the_shorter_way_wins_but_for_local_priority(void **state)
{
	struct bc_dataset a = make_dataset(), b = make_dataset();

	(void)state;
	a.steps_removed = 1;
	assert_telecom_order(&a, &b, BC_A_BETTER);
	a.local_priority = 2;
	b.local_priority = 1;
	assert_telecom_order(&a, &b, BC_B_BETTER);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(figure_34_compares_field_after_field),
		cmocka_unit_test(steps_removed_do_not_count_between_two_grandmasters),
		cmocka_unit_test(identities_are_compared_as_unsigned_octets),
		cmocka_unit_test(of_one_grandmaster_the_way_shorter_by_two_wins),
		cmocka_unit_test(a_way_longer_by_one_loses_by_topology_when_its_sender_is_nearer),
		cmocka_unit_test(of_equal_ways_the_lower_sender_wins_by_topology),
		cmocka_unit_test(of_one_sender_the_lower_receiving_port_wins_by_topology),
		cmocka_unit_test(comparison_is_antisymmetric),
		cmocka_unit_test(comparison_is_transitive),
		cmocka_unit_test(the_best_of_many_is_the_same_in_any_order_of_hearing),
		cmocka_unit_test(telecom_compares_field_after_field_without_priority1),
		cmocka_unit_test(between_active_telecom_grandmasters_the_way_decides),
		cmocka_unit_test(of_one_telecom_grandmaster_the_shorter_way_wins_but_for_local_priority),
		cmocka_unit_test(an_announce_becomes_the_data_set_it_describes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
