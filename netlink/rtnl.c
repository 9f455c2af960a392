// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Requests over one libnl socket. The kernel queues its answer while the request is being sent, so
 * that the one second of patience is never used up in practice; it only makes "never hangs" true.
 */
#include "netlink/rtnl.h"

#include "util/cleanup.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/time.h>

/* The kernel fills at most this much per read of a dump, and no single answer is larger. */
#define RTNL_BUFFER_BYTES 32768
/* 64 reads of 32 KiB: more than any answer that is asked for here. */
#define RTNL_MAX_READS 64

struct ebc_rtnl {
	struct nl_sock *sock; /* NULL after a transport error: opened again by the next request */
	/* Of the request under way. */
	ebc_rtnl_answer_fn answer;
	void *data;
	int error;
	bool is_done;
};

int ebc_rtnl_errno(int nl_error)
{
	switch (nl_error < 0 ? -nl_error : nl_error) {
	case 0:
		return 0;
	case NLE_AGAIN:
		return -ETIMEDOUT;
	case NLE_DUMP_INTR:
		return -EAGAIN;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_NODEV:
		return -ENODEV;
	case NLE_PERM:
		return -EPERM;
	case NLE_NOACCESS:
		return -EACCES;
	case NLE_OPNOTSUPP:
		return -EOPNOTSUPP;
	case NLE_AF_NOSUPPORT:
		return -EAFNOSUPPORT;
	default:
		return -EIO;
	}
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct ebc_rtnl *rtnl = arg;
	int r;

	/* After an error the rest of a dump is still read, so that it is not taken for the next answer. */
	if (rtnl->error)
		return NL_OK;

	r = rtnl->answer(nlmsg_hdr(msg), rtnl->data);
	if (r < 0)
		rtnl->error = r;
	return NL_OK;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct ebc_rtnl *rtnl = arg;

	(void)msg;
	rtnl->is_done = true;
	return NL_STOP;
}

static int on_finish(struct nl_msg *msg, void *arg)
{
	struct ebc_rtnl *rtnl = arg;
	struct nlmsghdr *nlh = nlmsg_hdr(msg);

	/* A dump that fails on its way ends with the error in its last message. */
	if (nlmsg_datalen(nlh) >= (int)sizeof(int) && !rtnl->error) {
		int error = *(int *)nlmsg_data(nlh);

		if (error < 0)
			rtnl->error = error;
	}
	rtnl->is_done = true;
	return NL_STOP;
}

static int on_error(struct sockaddr_nl *sender, struct nlmsgerr *err, void *arg)
{
	struct ebc_rtnl *rtnl = arg;

	(void)sender;
	if (!rtnl->error)
		rtnl->error = err->error < 0 ? err->error : -EIO;
	rtnl->is_done = true;
	return NL_STOP;
}

static int rtnl_open(struct ebc_rtnl *rtnl)
{
	const struct timeval patience = {.tv_sec = 1};
	const int yes = 1;
	struct nl_sock *sock;
	int r;

	sock = nl_socket_alloc();
	if (!sock)
		return -ENOMEM;

	r = nl_connect(sock, NETLINK_ROUTE);
	if (r == 0)
		r = nl_socket_set_msg_buf_size(sock, RTNL_BUFFER_BYTES);
	if (r < 0) {
		nl_socket_free(sock);
		return ebc_rtnl_errno(r);
	}
	/* With a buffer that always suffices, each read need not be preceded by a look at its size. */
	nl_socket_disable_msg_peek(sock);
	(void)setsockopt(nl_socket_get_fd(sock), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	/* Lets the kernel (4.20) filter dumps by ifindex; where it is missing the answers are filtered here.
	 */
	(void)setsockopt(nl_socket_get_fd(sock), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &yes, sizeof(yes));

	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, on_valid, rtnl);
	nl_socket_modify_cb(sock, NL_CB_ACK, NL_CB_CUSTOM, on_ack, rtnl);
	nl_socket_modify_cb(sock, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, rtnl);
	nl_socket_modify_err_cb(sock, NL_CB_CUSTOM, on_error, rtnl);
	rtnl->sock = sock;
	return 0;
}

static void rtnl_close(struct ebc_rtnl *rtnl)
{
	if (rtnl->sock)
		nl_socket_free(rtnl->sock);
	rtnl->sock = NULL;
}

int ebc_rtnl_new(struct ebc_rtnl **ret_rtnl)
{
	_cleanup_free_ struct ebc_rtnl *rtnl = NULL;
	int r;

	rtnl = calloc(1, sizeof(*rtnl));
	if (!rtnl)
		return -ENOMEM;
	r = rtnl_open(rtnl);
	if (r < 0)
		return r;
	*ret_rtnl = TAKE_PTR(rtnl);
	return 0;
}

void ebc_rtnl_free(struct ebc_rtnl *rtnl)
{
	if (!rtnl)
		return;
	rtnl_close(rtnl);
	free(rtnl);
}

int ebc_rtnl_request(struct ebc_rtnl *rtnl, struct nl_msg *msg, ebc_rtnl_answer_fn answer, void *data)
{
	int r = 0;

	if (!rtnl->sock)
		r = rtnl_open(rtnl);
	if (r < 0)
		return r;

	rtnl->answer = answer;
	rtnl->data = data;
	rtnl->error = 0;
	rtnl->is_done = false;

	r = nl_send_auto(rtnl->sock, msg);
	for (int i = 0; r >= 0 && !rtnl->is_done; i++)
		r = i < RTNL_MAX_READS ? nl_recvmsgs_default(rtnl->sock) : -NLE_FAILURE;

	if (rtnl->is_done) {
		if (rtnl->error)
			return rtnl->error;
		return r == -NLE_DUMP_INTR ? -EAGAIN : 0;
	}
	/* What is still under way must not be taken for the answer to the next request. */
	rtnl_close(rtnl);
	return ebc_rtnl_errno(r);
}
