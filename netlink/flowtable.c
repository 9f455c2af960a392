// SPDX-License-Identifier: GPL-2.0-or-later
/* NFT_MSG_GETFLOWTABLE. */
#include "netlink/flowtable.h"

#include "util/cleanup.h"
#include "util/macros.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define BUFFER_BYTES 32768
/* 64 reads of 32 KiB: more than anybody has. */
#define MAX_READS 64
#define MSG_NEW	  ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_NEWFLOWTABLE)
#define MSG_GET	  ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETFLOWTABLE)

static void copy_text(const struct nlattr *attr, char *text, size_t size)
{
	if (mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0)
		snprintf(text, size, "%s", mnl_attr_get_str(attr));
}

static void parse_devices(const struct nlattr *devices, struct ebc_flowtable *flowtable)
{
	const struct nlattr *attr;

	if (mnl_attr_validate(devices, MNL_TYPE_NESTED) < 0)
		return;
	mnl_attr_for_each_nested(attr, devices)
	{
		if (mnl_attr_get_type(attr) == NFTA_DEVICE_NAME &&
		    flowtable->n_devices < EBC_FLOWTABLE_DEVICES)
			copy_text(attr, flowtable->devices[flowtable->n_devices++], IFNAMSIZ);
	}
}

static void parse_hook(const struct nlattr *hook, struct ebc_flowtable *flowtable)
{
	const struct nlattr *attr;

	if (mnl_attr_validate(hook, MNL_TYPE_NESTED) < 0)
		return;
	mnl_attr_for_each_nested(attr, hook)
	{
		if (mnl_attr_get_type(attr) == NFTA_FLOWTABLE_HOOK_DEVS)
			parse_devices(attr, flowtable);
	}
}

int ebc_flowtable_parse(const struct nlmsghdr *nlh, struct ebc_flowtable *ret_flowtable)
{
	struct ebc_flowtable flowtable = {};
	const struct nlattr *attr;

	if (nlh->nlmsg_type != MSG_NEW || mnl_nlmsg_get_payload_len(nlh) < sizeof(struct nfgenmsg))
		return -EBADMSG;
	mnl_attr_for_each(attr, nlh, sizeof(struct nfgenmsg))
	{
		switch (mnl_attr_get_type(attr)) {
		case NFTA_FLOWTABLE_TABLE:
			copy_text(attr, flowtable.table, sizeof(flowtable.table));
			break;
		case NFTA_FLOWTABLE_NAME:
			copy_text(attr, flowtable.name, sizeof(flowtable.name));
			break;
		case NFTA_FLOWTABLE_HOOK:
			parse_hook(attr, &flowtable);
			break;
		case NFTA_FLOWTABLE_FLAGS:
			if (mnl_attr_validate(attr, MNL_TYPE_U32) >= 0)
				flowtable.is_offloaded =
					be32toh(mnl_attr_get_u32(attr)) & NFT_FLOWTABLE_HW_OFFLOAD;
			break;
		}
	}
	*ret_flowtable = flowtable;
	return 0;
}

struct answer {
	struct ebc_flowtable *list;
	size_t size, n;
};

static int on_flowtable(const struct nlmsghdr *nlh, void *data)
{
	struct answer *answer = data;
	struct ebc_flowtable flowtable;

	if (ebc_flowtable_parse(nlh, &flowtable) < 0)
		return MNL_CB_OK;
	if (answer->n < answer->size)
		answer->list[answer->n] = flowtable;
	answer->n++;
	return MNL_CB_OK;
}

static int send_request(struct mnl_socket *sock, void *buffer)
{
	const struct timeval patience = {.tv_sec = 1};
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *header;

	nlh->nlmsg_type = MSG_GET;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	nlh->nlmsg_seq = 1;
	header = mnl_nlmsg_put_extra_header(nlh, sizeof(*header));
	*header = (struct nfgenmsg){.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0};
	if (setsockopt(mnl_socket_get_fd(sock), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
	    mnl_socket_bind(sock, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(sock, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	return 0;
}

static int read_answers(struct mnl_socket *sock, void *buffer, struct answer *answer)
{
	for (int i = 0; i < MAX_READS; i++) {
		ssize_t n = mnl_socket_recvfrom(sock, buffer, BUFFER_BYTES);
		int r;

		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		r = mnl_cb_run(buffer, (size_t)n, 1, mnl_socket_get_portid(sock), on_flowtable, answer);
		if (r < 0)
			return -errno;
		if (r == MNL_CB_STOP)
			return 0;
	}
	return -EIO;
}

static void cleanup_socket(struct mnl_socket **sock)
{
	if (*sock)
		mnl_socket_close(*sock);
}

int ebc_flowtable_list(struct ebc_flowtable *list, size_t size, size_t *ret_n)
{
	_cleanup_(cleanup_socket) struct mnl_socket *sock = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	_cleanup_free_ void *buffer = malloc(BUFFER_BYTES);
	struct answer answer = {.list = list, .size = size};
	int r;

	if (!buffer)
		return -ENOMEM;
	r = sock ? send_request(sock, buffer) : -errno;
	if (r == 0)
		r = read_answers(sock, buffer, &answer);
	/* No netfilter, no nftables, no flow tables in it. */
	if (r == -EPROTONOSUPPORT || r == -EINVAL || r == -EOPNOTSUPP || r == -ENOENT)
		r = 0;
	if (r < 0)
		return r;
	*ret_n = answer.n;
	return 0;
}
