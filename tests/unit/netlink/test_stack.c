// SPDX-License-Identifier: GPL-2.0-or-later
/* The walk down a stack of interfaces, over stacks that are only a table here. */
#include "netlink/stack.h"

#include "util/macros.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct fake {
	int ifindex;
	enum ebc_link_kind kind;
	int lower_ifindex;
	int master_ifindex;
	bool has_switch_id, has_xdp;
};

struct fakes {
	const struct fake *table;
	size_t n;
	unsigned int n_queries;
};

static int get(void *data, int ifindex, struct ebc_link *ret_link, int *ret_lower_ifindex)
{
	struct fakes *fakes = data;

	fakes->n_queries++;
	for (size_t i = 0; i < fakes->n; i++) {
		const struct fake *fake = &fakes->table[i];

		if (fake->ifindex != ifindex)
			continue;
		*ret_link = (struct ebc_link){.ifindex = ifindex,
					      .kind = fake->kind,
					      .has_switch_id = fake->has_switch_id,
					      .has_xdp = fake->has_xdp};
		*ret_lower_ifindex = fake->lower_ifindex;
		return 0;
	}
	return -EAGAIN;
}

static int get_members(void *data, int master_ifindex, int *members, size_t size, size_t *ret_n)
{
	struct fakes *fakes = data;
	size_t n = 0;

	fakes->n_queries++;
	for (size_t i = 0; i < fakes->n && n < size; i++)
		if (fakes->table[i].master_ifindex == master_ifindex)
			members[n++] = fakes->table[i].ifindex;
	*ret_n = n;
	return 0;
}

static int resolve(struct fakes *fakes, int ifindex, struct ebc_link *link)
{
	const struct ebc_stack_source source = {get, get_members, fakes};
	int lower_ifindex;

	assert_int_equal(get(fakes, ifindex, link, &lower_ifindex), 0);
	return ebc_stack_resolve(&source, link, lower_ifindex);
}

#define FAKES(t)                                  \
	(struct fakes)                            \
	{                                         \
		.table = (t), .n = ARRAY_SIZE(t), \
	}

static void plain_device_is_its_own_lowest(void **state)
{
	static const struct fake table[] = {{.ifindex = 4}};
	struct fakes fakes = FAKES(table);
	struct ebc_link link;

	(void)state;
	assert_int_equal(resolve(&fakes, 4, &link), 0);
	assert_int_equal(link.n_lowest, 1);
	assert_int_equal(link.lowest[0], 4);
	assert_int_equal(fakes.n_queries, 1);
}

static void vlan_on_bond_ends_at_the_members(void **state)
{
	static const struct fake table[] = {
		{.ifindex = 10, .kind = EBC_LINK_VLAN, .lower_ifindex = 5},
		{.ifindex = 5, .kind = EBC_LINK_BOND},
		{.ifindex = 2, .master_ifindex = 5},
		{.ifindex = 3, .master_ifindex = 5, .has_xdp = true},
		{.ifindex = 4},
	};
	struct fakes fakes = FAKES(table);
	struct ebc_link link;

	(void)state;
	assert_int_equal(resolve(&fakes, 10, &link), 0);
	assert_int_equal(link.ifindex, 10);
	assert_int_equal(link.kind, EBC_LINK_VLAN);
	assert_int_equal(link.n_lowest, 2);
	assert_int_equal(link.lowest[0], 2);
	assert_int_equal(link.lowest[1], 3);
	assert_true(link.has_xdp);
	assert_false(link.has_switch_id);
}

static void vlan_in_vlan_ends_at_the_real_device(void **state)
{
	static const struct fake table[] = {
		{.ifindex = 9, .kind = EBC_LINK_VLAN, .lower_ifindex = 8},
		{.ifindex = 8, .kind = EBC_LINK_VLAN, .lower_ifindex = 1},
		{.ifindex = 1, .has_switch_id = true},
	};
	struct fakes fakes = FAKES(table);
	struct ebc_link link;

	(void)state;
	assert_int_equal(resolve(&fakes, 9, &link), 0);
	assert_int_equal(link.n_lowest, 1);
	assert_int_equal(link.lowest[0], 1);
	assert_true(link.has_switch_id);
	assert_false(link.has_xdp);
}

static void bond_without_members_is_its_own_lowest(void **state)
{
	static const struct fake table[] = {{.ifindex = 5, .kind = EBC_LINK_BOND}};
	struct fakes fakes = FAKES(table);
	struct ebc_link link;

	(void)state;
	assert_int_equal(resolve(&fakes, 5, &link), 0);
	assert_int_equal(link.n_lowest, 1);
	assert_int_equal(link.lowest[0], 5);
}

static void bond_of_vlans_of_one_device_counts_it_once(void **state)
{
	static const struct fake table[] = {
		{.ifindex = 5, .kind = EBC_LINK_BOND},
		{.ifindex = 6, .kind = EBC_LINK_VLAN, .lower_ifindex = 1, .master_ifindex = 5},
		{.ifindex = 7, .kind = EBC_LINK_VLAN, .lower_ifindex = 1, .master_ifindex = 5},
		{.ifindex = 1},
	};
	struct fakes fakes = FAKES(table);
	struct ebc_link link;

	(void)state;
	assert_int_equal(resolve(&fakes, 5, &link), 0);
	assert_int_equal(link.n_lowest, 1);
	assert_int_equal(link.lowest[0], 1);
}

static void huge_bond_is_cut_to_the_bound(void **state)
{
	struct fake table[101] = {{.ifindex = 1000, .kind = EBC_LINK_BOND}};
	struct fakes fakes = FAKES(table);
	struct ebc_link link;

	(void)state;
	for (int i = 1; i <= 100; i++)
		table[i] = (struct fake){.ifindex = i, .master_ifindex = 1000};
	assert_int_equal(resolve(&fakes, 1000, &link), 0);
	assert_int_equal(link.n_lowest, EBC_LINK_LOWEST);
	for (int i = 0; i < EBC_LINK_LOWEST; i++)
		assert_int_equal(link.lowest[i], i + 1);
}

static void loop_ends_and_still_has_a_lowest(void **state)
{
	static const struct fake table[] = {
		{.ifindex = 1, .kind = EBC_LINK_VLAN, .lower_ifindex = 2},
		{.ifindex = 2, .kind = EBC_LINK_VLAN, .lower_ifindex = 1},
	};
	struct fakes fakes = FAKES(table);
	struct ebc_link link;

	(void)state;
	assert_int_equal(resolve(&fakes, 1, &link), 0);
	assert_int_equal(link.n_lowest, 1);
	assert_int_equal(link.lowest[0], 1);
}

static void endless_tower_is_left_after_a_bounded_number_of_queries(void **state)
{
	struct fake table[1000];
	struct fakes fakes = FAKES(table);
	struct ebc_link link;

	(void)state;
	for (int i = 0; i < 1000; i++)
		table[i] = (struct fake){.ifindex = i + 1, .kind = EBC_LINK_VLAN, .lower_ifindex = i + 2};
	assert_int_equal(resolve(&fakes, 1, &link), 0);
	assert_int_equal(link.n_lowest, 1);
	assert_true(fakes.n_queries <= EBC_STACK_MAX_VISITED);
}

static void failing_source_leaves_the_link_untouched(void **state)
{
	static const struct fake table[] = {{.ifindex = 9, .kind = EBC_LINK_VLAN, .lower_ifindex = 8}};
	struct fakes fakes = FAKES(table);
	struct ebc_link link;

	(void)state;
	assert_int_equal(resolve(&fakes, 9, &link), -EAGAIN);
	assert_int_equal(link.n_lowest, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_device_is_its_own_lowest),
		cmocka_unit_test(vlan_on_bond_ends_at_the_members),
		cmocka_unit_test(vlan_in_vlan_ends_at_the_real_device),
		cmocka_unit_test(bond_without_members_is_its_own_lowest),
		cmocka_unit_test(bond_of_vlans_of_one_device_counts_it_once),
		cmocka_unit_test(huge_bond_is_cut_to_the_bound),
		cmocka_unit_test(loop_ends_and_still_has_a_lowest),
		cmocka_unit_test(endless_tower_is_left_after_a_bounded_number_of_queries),
		cmocka_unit_test(failing_source_leaves_the_link_untouched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
