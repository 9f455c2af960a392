// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Events of links and addresses: rtnetlink's groups, turned into the few facts that a port has to know
 * and kept in a bounded queue until they are fetched.
 */
#include "netlink/link.h"

#include "netlink/links.h"
#include "util/cleanup.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <sys/socket.h>

/* Room for about a thousand messages (the kernel counts about 2 KiB for each). */
#define EVENT_SOCKET_BYTES  (1 << 20)
#define EVENT_MESSAGE_BYTES 32768
/* Datagrams per call: somebody who changes links without end must not keep the caller here. */
#define DISPATCH_MAX_READS 1024

static struct nla_policy name_policy[IFLA_MAX + 1] = {
	[IFLA_IFNAME] = {.type = NLA_STRING, .maxlen = IFNAMSIZ},
};

static void on_link_message(struct ebc_links *links, struct nlmsghdr *nlh)
{
	struct nlattr *attrs[IFLA_MAX + 1];
	const struct ifinfomsg *ifi;
	bool is_removed;

	if (nlmsg_parse(nlh, sizeof(*ifi), attrs, IFLA_MAX, name_policy) < 0)
		return;
	ifi = nlmsg_data(nlh);
	/* With a family it is not the link that goes but its part in something: out of a bridge, no more
	 * IPv6. */
	is_removed = nlh->nlmsg_type == RTM_DELLINK && ifi->ifi_family == AF_UNSPEC;
	ebc_link_queue_push(&links->queue, is_removed ? EBC_LINK_EVENT_REMOVED : EBC_LINK_EVENT_CHANGED,
			    ifi->ifi_index, attrs[IFLA_IFNAME] ? nla_get_string(attrs[IFLA_IFNAME]) : "");
}

static int on_message(struct nl_msg *msg, void *arg)
{
	struct ebc_links *links = arg;
	struct nlmsghdr *nlh = nlmsg_hdr(msg);

	/* Only the kernel has port 0: another process cannot make events. */
	if (nlmsg_get_src(msg)->nl_pid != 0)
		return NL_OK;

	switch (nlh->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		on_link_message(links, nlh);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		if (nlmsg_valid_hdr(nlh, sizeof(struct ifaddrmsg))) {
			const struct ifaddrmsg *ifa = nlmsg_data(nlh);

			ebc_link_queue_push(&links->queue, EBC_LINK_EVENT_CHANGED, (int)ifa->ifa_index, "");
		}
		break;
	}
	return NL_OK;
}

static int open_events(struct ebc_links *links)
{
	const int size = EVENT_SOCKET_BYTES;
	int fd, r;

	links->events = nl_socket_alloc();
	if (!links->events)
		return -ENOMEM;
	nl_socket_disable_seq_check(links->events);
	nl_socket_modify_cb(links->events, NL_CB_VALID, NL_CB_CUSTOM, on_message, links);

	r = nl_connect(links->events, NETLINK_ROUTE);
	if (r == 0)
		r = nl_socket_set_msg_buf_size(links->events, EVENT_MESSAGE_BYTES);
	if (r == 0)
		r = nl_socket_set_nonblocking(links->events);
	if (r < 0)
		return ebc_rtnl_errno(r);
	nl_socket_disable_msg_peek(links->events);

	/* Beyond the limit of the system where we may, else up to it. */
	fd = nl_socket_get_fd(links->events);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));

	r = nl_socket_add_memberships(links->events, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
				      RTNLGRP_NONE);
	return ebc_rtnl_errno(r);
}

static void cleanup_links(struct ebc_links **links)
{
	ebc_links_free(*links);
}

int ebc_links_new(struct ebc_links **ret_links)
{
	_cleanup_(cleanup_links) struct ebc_links *links = NULL;
	int r;

	links = calloc(1, sizeof(*links));
	if (!links)
		return -ENOMEM;
	r = ebc_rtnl_new(&links->rtnl);
	if (r < 0)
		return r;
	r = open_events(links);
	if (r < 0)
		return r;
	*ret_links = TAKE_PTR(links);
	return 0;
}

void ebc_links_free(struct ebc_links *links)
{
	if (!links)
		return;
	if (links->events)
		nl_socket_free(links->events);
	ebc_rtnl_free(links->rtnl);
	free(links);
}

int ebc_links_fd(const struct ebc_links *links)
{
	return nl_socket_get_fd(links->events);
}

int ebc_links_dispatch(struct ebc_links *links)
{
	for (int i = 0; i < DISPATCH_MAX_READS; i++) {
		int r = nl_recvmsgs_default(links->events);

		if (r == -NLE_AGAIN)
			return 0;
		/* ENOBUFS of the kernel and a lack of our own memory look alike, and mean the same. */
		if (r == -NLE_NOMEM)
			ebc_link_queue_overrun(&links->queue);
		else if (r < 0)
			return ebc_rtnl_errno(r);
	}
	return 0;
}

bool ebc_links_pop_event(struct ebc_links *links, struct ebc_link_event *ret_event)
{
	return ebc_link_queue_pop(&links->queue, ret_event);
}
