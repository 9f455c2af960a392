/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists the filters of a clsact hook by one rtnetlink dump. libbpf can ask for a filter whose
 * priority and handle are known, but not whether others hang there too.
 */
#include "bpf/clsact.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "util/cleanup.h"

#define REPLY_OCTETS 32768 /* what the kernel's dumps are cut to */

static int request_filters(int fd, uint32_t ifindex, enum ebc_direction direction)
{
	struct {
		struct nlmsghdr header;
		struct tcmsg tc;
	} request = {
		.header.nlmsg_len = sizeof(request),
		.header.nlmsg_type = RTM_GETTFILTER,
		.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		.tc.tcm_family = AF_UNSPEC,
		.tc.tcm_ifindex = (int)ifindex,
		.tc.tcm_parent = TC_H_MAKE(TC_H_CLSACT, direction == EBC_DIRECTION_RX ? TC_H_MIN_INGRESS
										      : TC_H_MIN_EGRESS),
	};

	return send(fd, &request, sizeof(request), 0) == sizeof(request) ? 0 : -errno;
}

static void count_filter(const struct nlmsghdr *message, uint32_t handle, struct ebc_clsact_filters *filters)
{
	const struct tcmsg *tc = NLMSG_DATA(message);

	/* Each priority also shows up by itself, without a handle. */
	if (message->nlmsg_type != RTM_NEWTFILTER || message->nlmsg_len < NLMSG_LENGTH(sizeof(*tc)) ||
	    !tc->tcm_handle)
		return;
	if (tc->tcm_handle == handle) {
		filters->n_ours++;
		filters->our_priority = TC_H_MAJ(tc->tcm_info) >> 16;
	} else {
		filters->n_others++;
	}
}

/* Takes one datagram of the answer: 1 when there is more to come, 0 at the end, or -errno. */
static int read_filters(int fd, void *buffer, uint32_t handle, struct ebc_clsact_filters *filters)
{
	ssize_t received = recv(fd, buffer, REPLY_OCTETS, 0);
	const struct nlmsghdr *message = buffer;
	unsigned int left = (unsigned int)received;

	if (received < 0)
		return errno == EINTR ? 1 : -errno;
	for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
		if (message->nlmsg_type == NLMSG_DONE)
			return 0;
		if (message->nlmsg_type == NLMSG_ERROR)
			return ((const struct nlmsgerr *)NLMSG_DATA(message))->error;
		count_filter(message, handle, filters);
	}
	return 1;
}

int ebc_clsact_list(uint32_t ifindex, enum ebc_direction direction, uint32_t handle,
		    struct ebc_clsact_filters *ret_filters)
{
	_cleanup_fd_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	_cleanup_free_ void *buffer = malloc(REPLY_OCTETS);
	struct ebc_clsact_filters filters = {};
	int r;

	if (fd < 0)
		return -errno;
	if (!buffer)
		return -ENOMEM;
	r = request_filters(fd, ifindex, direction);
	if (r < 0)
		return r;
	do
		r = read_filters(fd, buffer, handle, &filters);
	while (r > 0);
	if (r < 0)
		return r;
	*ret_filters = filters;
	return 0;
}
