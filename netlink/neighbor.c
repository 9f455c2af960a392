// SPDX-License-Identifier: GPL-2.0-or-later
/* A route, then the neighbour that it names: three short questions to rtnetlink. */
#include "netlink/neighbor.h"

#include "netlink/links.h"
#include "util/cleanup.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>

/* In these states the address is good, or has been lately and is being checked. */
#define USABLE_STATES (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY)

struct hop {
	int family;
	int ifindex;
	uint8_t ip[16];
	size_t len;
	uint8_t source[16]; /* ours; zero: not said */
};

struct answer {
	const struct hop *hop;
	int error;
	bool has_gateway, has_mac;
	uint8_t gateway[16];
	uint8_t source[16];
	uint8_t mac[6];
	uint16_t state;
};

static int on_route(struct nlmsghdr *nlh, void *data)
{
	struct answer *answer = data;
	struct nlattr *attrs[RTA_MAX + 1], *gateway;
	const struct rtmsg *route;

	if (nlh->nlmsg_type != RTM_NEWROUTE || nlmsg_parse(nlh, sizeof(*route), attrs, RTA_MAX, NULL) < 0)
		return -EBADMSG;
	route = nlmsg_data(nlh);
	gateway = attrs[RTA_GATEWAY];
	if (attrs[RTA_PREFSRC] && nla_len(attrs[RTA_PREFSRC]) == (int)answer->hop->len)
		memcpy(answer->source, nla_data(attrs[RTA_PREFSRC]), answer->hop->len);
	answer->error = route->rtm_type == RTN_UNICAST ? 0 : -EHOSTUNREACH;
	/* A gateway of another family (RTA_VIA) is not followed: nobody has PTP masters behind one. */
	if (attrs[RTA_VIA])
		answer->error = -ENETUNREACH;
	if (!gateway || nla_len(gateway) != (int)answer->hop->len)
		return 0;
	memcpy(answer->gateway, nla_data(gateway), answer->hop->len);
	answer->has_gateway = true;
	return 0;
}

/* Replaces the address by that of the next hop, if it is not on the link. */
static int find_hop(struct ebc_links *links, struct hop *hop)
{
	_cleanup_nl_msg_ struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, 0);
	struct rtmsg route = {.rtm_family = (unsigned char)hop->family,
			      .rtm_dst_len = (unsigned char)(8 * hop->len)};
	struct answer answer = {.hop = hop, .error = -ENETUNREACH};
	int r;

	if (!msg || nlmsg_append(msg, &route, sizeof(route), NLMSG_ALIGNTO) < 0 ||
	    nla_put(msg, RTA_DST, (int)hop->len, hop->ip) < 0 ||
	    nla_put_u32(msg, RTA_OIF, (uint32_t)hop->ifindex) < 0)
		return -ENOMEM;
	r = ebc_rtnl_request(links->rtnl, msg, on_route, &answer);
	if (r == 0)
		r = answer.error;
	memcpy(hop->source, answer.source, sizeof(hop->source));
	if (r == 0 && answer.has_gateway)
		memcpy(hop->ip, answer.gateway, hop->len);
	return r;
}

static int on_neighbor(struct nlmsghdr *nlh, void *data)
{
	struct answer *answer = data;
	struct nlattr *attrs[NDA_MAX + 1];
	const struct ndmsg *neighbor;

	if (nlh->nlmsg_type != RTM_NEWNEIGH || nlmsg_parse(nlh, sizeof(*neighbor), attrs, NDA_MAX, NULL) < 0)
		return -EBADMSG;
	neighbor = nlmsg_data(nlh);
	answer->state = neighbor->ndm_state;
	if (!attrs[NDA_LLADDR] || nla_len(attrs[NDA_LLADDR]) != sizeof(answer->mac))
		return 0;
	memcpy(answer->mac, nla_data(attrs[NDA_LLADDR]), sizeof(answer->mac));
	answer->has_mac = true;
	return 0;
}

static int on_nothing(struct nlmsghdr *nlh, void *data)
{
	(void)nlh;
	(void)data;
	return 0;
}

static struct nl_msg *neighbor_request(const struct hop *hop, int type, int flags, uint8_t neighbor_flags)
{
	_cleanup_nl_msg_ struct nl_msg *msg = nlmsg_alloc_simple(type, flags);
	struct ndmsg neighbor = {
		.ndm_family = (uint8_t)hop->family, .ndm_ifindex = hop->ifindex, .ndm_flags = neighbor_flags};

	if (!msg || nlmsg_append(msg, &neighbor, sizeof(neighbor), NLMSG_ALIGNTO) < 0 ||
	    nla_put(msg, NDA_DST, (int)hop->len, hop->ip) < 0)
		return NULL;
	return TAKE_PTR(msg);
}

/* As if a packet was to be sent there: the kernel asks the link, or checks what it remembers. */
static int have_it_found(struct ebc_links *links, const struct hop *hop)
{
	_cleanup_nl_msg_ struct nl_msg *msg =
		neighbor_request(hop, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK, NTF_USE);

	return msg ? ebc_rtnl_request(links->rtnl, msg, on_nothing, NULL) : -ENOMEM;
}

int ebc_neighbor_get(struct ebc_links *links, int ifindex, int family, const uint8_t *ip, uint8_t ret_mac[6],
		     uint8_t ret_source[16])
{
	_cleanup_nl_msg_ struct nl_msg *msg = NULL;
	struct hop hop = {.family = family, .ifindex = ifindex, .len = family == AF_INET ? 4 : 16};
	struct answer answer = {.hop = &hop};
	int r;

	memcpy(hop.ip, ip, hop.len);
	r = find_hop(links, &hop);
	if (r < 0)
		return r;
	msg = neighbor_request(&hop, RTM_GETNEIGH, 0, 0);
	if (!msg)
		return -ENOMEM;
	r = ebc_rtnl_request(links->rtnl, msg, on_neighbor, &answer);
	if (r < 0 && r != -ENOENT)
		return r;
	if (!(answer.state & (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE))) {
		r = have_it_found(links, &hop);
		if (r < 0)
			return r;
	}
	if (!answer.has_mac || !(answer.state & USABLE_STATES))
		return -EAGAIN;
	memcpy(ret_mac, answer.mac, sizeof(answer.mac));
	memcpy(ret_source, hop.source, sizeof(hop.source));
	return 0;
}
