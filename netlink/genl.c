// SPDX-License-Identifier: GPL-2.0-or-later
/* Socket, family look-up and request of generic netlink. */
#include "netlink/genl.h"

#include "util/cleanup.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

/* An answer is one or two datagrams; a wrong one must not keep us here. */
#define GENL_MAX_READS 16

static int on_family(const struct nlmsghdr *nlh, void *data)
{
	const struct nlattr *attr;
	uint16_t *family_id = data;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
	{
		if (mnl_attr_get_type(attr) == CTRL_ATTR_FAMILY_ID &&
		    mnl_attr_validate(attr, MNL_TYPE_U16) >= 0)
			*family_id = mnl_attr_get_u16(attr);
	}
	return MNL_CB_OK;
}

static int resolve_family(struct ebc_genl *genl, const char *family)
{
	uint16_t family_id = 0;
	struct nlmsghdr *nlh;
	int r;

	genl->family_id = GENL_ID_CTRL;
	nlh = ebc_genl_prepare(genl, CTRL_CMD_GETFAMILY);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, family);
	r = ebc_genl_request(genl, nlh, on_family, &family_id);
	if (r == -ENOENT || (r == 0 && family_id == 0))
		return -EOPNOTSUPP;
	if (r < 0)
		return r;
	genl->family_id = family_id;
	return 0;
}

int ebc_genl_new(const char *family, struct ebc_genl **ret_genl)
{
	const struct timeval patience = {.tv_sec = 1};
	_cleanup_genl_ struct ebc_genl *genl = NULL;
	int r;

	genl = calloc(1, sizeof(*genl));
	if (!genl)
		return -ENOMEM;
	genl->version = 1;
	genl->sock = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!genl->sock)
		return -errno;
	if (mnl_socket_bind(genl->sock, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	if (setsockopt(mnl_socket_get_fd(genl->sock), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) <
	    0)
		return -errno;
	r = resolve_family(genl, family);
	if (r < 0)
		return r;
	*ret_genl = TAKE_PTR(genl);
	return 0;
}

void ebc_genl_free(struct ebc_genl *genl)
{
	if (!genl)
		return;
	if (genl->sock)
		mnl_socket_close(genl->sock);
	free(genl);
}

struct nlmsghdr *ebc_genl_prepare(struct ebc_genl *genl, uint8_t command)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(genl->buffer);
	struct genlmsghdr *genlh;

	nlh->nlmsg_type = genl->family_id;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nlh->nlmsg_seq = ++genl->seq;
	genlh = mnl_nlmsg_put_extra_header(nlh, sizeof(*genlh));
	genlh->cmd = command;
	genlh->version = genl->version;
	return nlh;
}

int ebc_genl_request(struct ebc_genl *genl, struct nlmsghdr *nlh, mnl_cb_t answer, void *data)
{
	unsigned int port_id = mnl_socket_get_portid(genl->sock);

	if (mnl_socket_sendto(genl->sock, nlh, nlh->nlmsg_len) < 0)
		return -errno;

	/* The acknowledgement ends it (MNL_CB_STOP), or an error with its errno. */
	for (int i = 0; i < GENL_MAX_READS; i++) {
		ssize_t n;
		int r;

		n = mnl_socket_recvfrom(genl->sock, genl->buffer, sizeof(genl->buffer));
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		r = mnl_cb_run(genl->buffer, (size_t)n, genl->seq, port_id, answer, data);
		if (r < 0)
			return -errno;
		if (r == MNL_CB_STOP)
			return 0;
	}
	return -EIO;
}
