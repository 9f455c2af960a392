/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What each host has of a port's unicast service, by the address that tells hosts apart: an identity can be
 * invented for each request, an address that gets answers cannot. Memory is bounded by the number of clients.
 */
#pragma once

#include "bc/engine/unicast_private.h"

struct bc_unicast_hosts;

struct bc_unicast_host {
	struct bc_address address;
	uint32_t next; /* of the same hash, or free */
	uint32_t n_clients;
	uint64_t load; /* granted to them, in the server's unit */
};

/* For so many clients of a port. 0 or -ENOMEM. */
int bc_unicast_hosts_new(struct bc_port *port, uint32_t max_clients, struct bc_unicast_hosts **ret_hosts);
/* Accepts NULL. */
void bc_unicast_hosts_free(struct bc_unicast_hosts *hosts);

/* NULL: it has no clients. */
struct bc_unicast_host *bc_unicast_hosts_find(const struct bc_port *port, struct bc_unicast_hosts *hosts,
					      const struct bc_address *address);
/* One client more, of not more than max_clients. What is returned is its host's until the client leaves. */
struct bc_unicast_host *bc_unicast_hosts_join(const struct bc_port *port, struct bc_unicast_hosts *hosts,
					      const struct bc_address *address);
/* One client less. */
void bc_unicast_hosts_leave(const struct bc_port *port, struct bc_unicast_hosts *hosts,
			    struct bc_unicast_host *host);
