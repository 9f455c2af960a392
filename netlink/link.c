// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looks one interface up. Every look-up asks the kernel anew, about this interface and those below and
 * above it only: a cache would be one more thing that can be out of date just when an event comes.
 */
#include "netlink/link.h"

#include "netlink/link_parse.h"
#include "netlink/links.h"
#include "netlink/stack.h"
#include "util/cleanup.h"
#include "util/macros.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>

/* The longest alternative name and its NUL; <linux/if.h>, which has it too, does not go with <net/if.h>. */
#define ALTERNATIVE_NAME_SIZE 128

/* A look-up that something changed under is begun anew this often. */
#define LOOK_UP_ATTEMPTS 4

/* RTM_GETLINK is asked by `name`, or by `ifindex` where that is NULL; as a dump, by `master_ifindex`. */
struct link_key {
	const char *name;
	int ifindex;
	int master_ifindex;
};

static struct nl_msg *link_request(const struct link_key *key)
{
	_cleanup_nl_msg_ struct nl_msg *msg = NULL;
	struct ifinfomsg ifi = {.ifi_family = AF_UNSPEC, .ifi_index = key->name ? 0 : key->ifindex};
	int r = 0;

	msg = nlmsg_alloc_simple(RTM_GETLINK, key->master_ifindex ? NLM_F_DUMP : 0);
	if (!msg || nlmsg_append(msg, &ifi, sizeof(ifi), NLMSG_ALIGNTO) < 0)
		return NULL;
	if (key->name)
		r |= nla_put_string(msg, strlen(key->name) < IFNAMSIZ ? IFLA_IFNAME : IFLA_ALT_IFNAME,
				    key->name);
	if (key->master_ifindex)
		r |= nla_put_u32(msg, IFLA_MASTER, (uint32_t)key->master_ifindex);
	/* Statistics are most of an answer, and nobody reads them here. */
	r |= nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return r < 0 ? NULL : TAKE_PTR(msg);
}

struct link_answer {
	bool is_found;
	struct ebc_link link;
	int lower_ifindex;
};

static int on_link(struct nlmsghdr *nlh, void *data)
{
	struct link_answer *answer = data;
	int r;

	r = ebc_link_parse(nlh, &answer->link, &answer->lower_ifindex);
	answer->is_found = r == 0;
	return r;
}

static int query_link(struct ebc_links *links, const struct link_key *key, struct link_answer *ret_answer)
{
	_cleanup_nl_msg_ struct nl_msg *msg = NULL;
	struct link_answer answer = {0};
	int r;

	msg = link_request(key);
	if (!msg)
		return -ENOMEM;
	r = ebc_rtnl_request(links->rtnl, msg, on_link, &answer);
	if (r < 0)
		return r;
	if (!answer.is_found)
		return -ENODEV;
	*ret_answer = answer;
	return 0;
}

/* What belongs to the interface was there a moment ago: if it has gone, the whole picture is out of date. */
static int begin_anew_if_gone(int r)
{
	return r == -ENODEV ? -EAGAIN : r;
}

static int get_for_stack(void *data, int ifindex, struct ebc_link *ret_link, int *ret_lower_ifindex)
{
	struct link_answer answer;
	int r;

	r = query_link(data, &(struct link_key){.ifindex = ifindex}, &answer);
	if (r < 0)
		return begin_anew_if_gone(r);
	*ret_link = answer.link;
	*ret_lower_ifindex = answer.lower_ifindex;
	return 0;
}

struct member_answer {
	int master_ifindex;
	int *members;
	size_t size, n;
};

static int on_member(struct nlmsghdr *nlh, void *data)
{
	struct member_answer *answer = data;
	struct ebc_link link;
	int lower_ifindex, r;

	r = ebc_link_parse(nlh, &link, &lower_ifindex);
	if (r < 0)
		return r;
	/* A kernel that does not filter by master sends all links. */
	if (link.master_ifindex == answer->master_ifindex && answer->n < answer->size)
		answer->members[answer->n++] = link.ifindex;
	return 0;
}

static int get_members_for_stack(void *data, int master_ifindex, int *members, size_t size, size_t *ret_n)
{
	struct ebc_links *links = data;
	struct member_answer answer = {.master_ifindex = master_ifindex, .members = members, .size = size};
	_cleanup_nl_msg_ struct nl_msg *msg = NULL;
	int r;

	msg = link_request(&(struct link_key){.master_ifindex = master_ifindex});
	if (!msg)
		return -ENOMEM;
	r = ebc_rtnl_request(links->rtnl, msg, on_member, &answer);
	if (r < 0)
		return begin_anew_if_gone(r);
	*ret_n = answer.n;
	return 0;
}

/* Addresses of `ifindex` go behind those that `link` already has. */
struct address_answer {
	struct ebc_link *link;
	int ifindex;
	size_t link_local_end; /* where the next link-local address of this interface goes */
};

static void add_ipv6(struct address_answer *answer, const struct ebc_link_address *address)
{
	struct ebc_link *link = answer->link;
	size_t at = address->is_link_local ? answer->link_local_end : link->n_ipv6;

	if (at >= EBC_LINK_ADDRESSES)
		return;
	/* A late link-local address displaces the last of the others where all places are taken. */
	if (link->n_ipv6 < EBC_LINK_ADDRESSES)
		link->n_ipv6++;
	memmove(&link->ipv6[at + 1], &link->ipv6[at], (link->n_ipv6 - at - 1) * sizeof(link->ipv6[0]));
	link->ipv6[at] = address->ipv6;
	if (address->is_link_local)
		answer->link_local_end++;
}

static int on_address(struct nlmsghdr *nlh, void *data)
{
	struct address_answer *answer = data;
	struct ebc_link *link = answer->link;
	struct ebc_link_address address;
	int r;

	r = ebc_link_parse_address(nlh, &address);
	if (r == -EAFNOSUPPORT)
		return 0;
	if (r < 0)
		return r;
	/* A kernel that does not filter by ifindex sends all addresses. */
	if (address.ifindex != answer->ifindex || !address.is_usable)
		return 0;
	if (address.family == AF_INET6)
		add_ipv6(answer, &address);
	else if (link->n_ipv4 < EBC_LINK_ADDRESSES)
		link->ipv4[link->n_ipv4++] = address.ipv4;
	return 0;
}

static int add_addresses(struct ebc_links *links, int ifindex, struct ebc_link *link)
{
	struct address_answer answer = {.link = link, .ifindex = ifindex, .link_local_end = link->n_ipv6};
	struct ifaddrmsg ifa = {.ifa_family = AF_UNSPEC, .ifa_index = (uint32_t)ifindex};
	_cleanup_nl_msg_ struct nl_msg *msg = NULL;

	msg = nlmsg_alloc_simple(RTM_GETADDR, NLM_F_DUMP);
	if (!msg || nlmsg_append(msg, &ifa, sizeof(ifa), NLMSG_ALIGNTO) < 0)
		return -ENOMEM;
	return begin_anew_if_gone(ebc_rtnl_request(links->rtnl, msg, on_address, &answer));
}

/* The bridge answers ARP and sends for its members: what is addressed to it is meant for the port as well. */
static int add_bridge(struct ebc_links *links, struct ebc_link *link)
{
	struct link_answer bridge;
	int r;

	r = query_link(links, &(struct link_key){.ifindex = link->master_ifindex}, &bridge);
	if (r < 0)
		return begin_anew_if_gone(r);
	memcpy(link->bridge_mac, bridge.link.mac, sizeof(link->bridge_mac));
	return add_addresses(links, link->master_ifindex, link);
}

static int look_up_once(struct ebc_links *links, const struct link_key *key, struct ebc_link *ret_link)
{
	const struct ebc_stack_source source = {get_for_stack, get_members_for_stack, links};
	struct link_answer answer;
	int r;

	r = query_link(links, key, &answer);
	if (r < 0)
		return r;
	r = ebc_stack_resolve(&source, &answer.link, answer.lower_ifindex);
	if (r < 0)
		return r;
	r = add_addresses(links, answer.link.ifindex, &answer.link);
	if (r < 0)
		return r;
	answer.link.n_own_ipv4 = answer.link.n_ipv4;
	answer.link.n_own_ipv6 = answer.link.n_ipv6;
	if (answer.link.is_bridge_member) {
		r = add_bridge(links, &answer.link);
		if (r < 0)
			return r;
	}
	*ret_link = answer.link;
	return 0;
}

static int look_up(struct ebc_links *links, const struct link_key *key, struct ebc_link *ret_link)
{
	int r = -EAGAIN;

	for (int i = 0; r == -EAGAIN && i < LOOK_UP_ATTEMPTS; i++)
		r = look_up_once(links, key, ret_link);
	return r;
}

int ebc_link_get_by_name(struct ebc_links *links, const char *name, struct ebc_link *ret_link)
{
	size_t length = strlen(name);

	if (length == 0 || length >= ALTERNATIVE_NAME_SIZE)
		return -ENODEV;
	return look_up(links, &(struct link_key){.name = name}, ret_link);
}

int ebc_link_get_by_index(struct ebc_links *links, int ifindex, struct ebc_link *ret_link)
{
	if (ifindex <= 0)
		return -ENODEV;
	return look_up(links, &(struct link_key){.ifindex = ifindex}, ret_link);
}
