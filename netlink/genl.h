/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One question to a generic netlink family at a time, by libmnl. Private to this folder. */
#pragma once

#include <libmnl/libmnl.h>
#include <stdint.h>

/* The kernel fills at most this much per read, and no answer is larger. */
#define EBC_GENL_BUFFER_BYTES 32768

struct ebc_genl {
	struct mnl_socket *sock;
	uint16_t family_id;
	uint8_t version;
	uint32_t seq;
	/* Requests are built here and answers read into it. */
	_Alignas(struct nlmsghdr) uint8_t buffer[EBC_GENL_BUFFER_BYTES];
};

/* Opens a socket and resolves `family`. 0, -EOPNOTSUPP (the kernel has no such family), or another -errno. */
int ebc_genl_new(const char *family, struct ebc_genl **ret_genl);
/* Accepts NULL. */
void ebc_genl_free(struct ebc_genl *genl);

/* Begins a request in `genl->buffer`; the caller adds attributes to it. */
struct nlmsghdr *ebc_genl_prepare(struct ebc_genl *genl, uint8_t command);
/* Sends it and waits, at most one second, until `answer` has seen all there is. 0 or -errno. */
int ebc_genl_request(struct ebc_genl *genl, struct nlmsghdr *nlh, mnl_cb_t answer, void *data);

static inline void ebc_genl_cleanup(struct ebc_genl **genl)
{
	ebc_genl_free(*genl);
}

#define _cleanup_genl_ _cleanup_(ebc_genl_cleanup)
