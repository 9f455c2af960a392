// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A walk, breadth first, with a list of what was seen: neither a loop (which a change between two
 * answers of the kernel can make of a sound stack) nor a huge bond makes it long.
 */
#include "netlink/stack.h"

#include "util/macros.h"

struct walk {
	size_t n_seen;
	int seen[EBC_STACK_MAX_VISITED];
};

static void walk_add(struct walk *walk, int ifindex)
{
	for (size_t i = 0; i < walk->n_seen; i++)
		if (walk->seen[i] == ifindex)
			return;
	if (walk->n_seen < ARRAY_SIZE(walk->seen))
		walk->seen[walk->n_seen++] = ifindex;
}

/* Enters what is below `link` into the walk; `*ret_n` is the number of interfaces below. */
static int descend(const struct ebc_stack_source *source, struct walk *walk, const struct ebc_link *link,
		   int lower_ifindex, size_t *ret_n)
{
	int members[EBC_LINK_LOWEST];
	size_t n = 0;
	int r;

	if (link->kind == EBC_LINK_BOND) {
		r = source->get_members(source->data, link->ifindex, members, ARRAY_SIZE(members), &n);
		if (r < 0)
			return r;
	} else if (lower_ifindex) {
		members[n++] = lower_ifindex;
	}
	for (size_t i = 0; i < n; i++)
		walk_add(walk, members[i]);
	*ret_n = n;
	return 0;
}

int ebc_stack_resolve(const struct ebc_stack_source *source, struct ebc_link *link, int lower_ifindex)
{
	struct ebc_link result = *link, below = *link;
	struct walk walk = {0};

	result.n_lowest = 0;
	walk_add(&walk, link->ifindex);

	for (size_t i = 0; i < walk.n_seen; i++) {
		size_t n_below;
		int r;

		if (i > 0) {
			r = source->get(source->data, walk.seen[i], &below, &lower_ifindex);
			if (r < 0)
				return r;
			result.has_switch_id |= below.has_switch_id;
			result.has_xdp |= below.has_xdp;
		}
		r = descend(source, &walk, &below, lower_ifindex, &n_below);
		if (r < 0)
			return r;
		if (n_below == 0 && result.n_lowest < ARRAY_SIZE(result.lowest))
			result.lowest[result.n_lowest++] = below.ifindex;
	}
	/* Only a loop has no bottom. */
	if (result.n_lowest == 0)
		result.lowest[result.n_lowest++] = link->ifindex;

	*link = result;
	return 0;
}
