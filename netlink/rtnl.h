/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One question to rtnetlink at a time: send it, hand every answer to a function, return when the
 * kernel says that it was the last one. Private to this folder.
 */
#pragma once

#include <netlink/msg.h>
#include <netlink/netlink.h>

struct ebc_rtnl;

/* Called for each message of an answer. A negative return value ends the request with it. */
typedef int (*ebc_rtnl_answer_fn)(struct nlmsghdr *nlh, void *data);

/* Opens a socket in the network namespace of the calling thread; it stays in that one. 0 or -errno. */
int ebc_rtnl_new(struct ebc_rtnl **ret_rtnl);
/* Accepts NULL. */
void ebc_rtnl_free(struct ebc_rtnl *rtnl);

/*
 * Sends `msg` (which stays the caller's) and waits for the answer, at most one second. 0 or the kernel's
 * -errno; -EAGAIN when a dump was inconsistent because something changed meanwhile: begin anew;
 * -ETIMEDOUT. The socket is usable again after every error.
 */
int ebc_rtnl_request(struct ebc_rtnl *rtnl, struct nl_msg *msg, ebc_rtnl_answer_fn answer, void *data);

/* The -errno that fits an error of libnl. */
int ebc_rtnl_errno(int nl_error);

static inline void ebc_rtnl_cleanup_msg(struct nl_msg **msg)
{
	if (*msg)
		nlmsg_free(*msg);
}

#define _cleanup_nl_msg_ _cleanup_(ebc_rtnl_cleanup_msg)
