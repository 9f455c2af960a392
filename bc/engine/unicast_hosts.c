// SPDX-License-Identifier: GPL-2.0-or-later
/* Hosts in a hash table with chains, by the address that the port's transport knows them by. */
#include "bc/engine/unicast_hosts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

struct bc_unicast_hosts {
	uint64_t key[2];   /* of the hash: nobody outside knows whose addresses collide */
	uint32_t *buckets; /* a power of two of them */
	uint32_t n_buckets, first_free;
	struct bc_unicast_host *hosts;
};

int bc_unicast_hosts_new(struct bc_port *port, uint32_t max_clients, struct bc_unicast_hosts **ret_hosts)
{
	struct bc_unicast_hosts *h = calloc(1, sizeof(*h));

	if (!h)
		return -ENOMEM;
	for (h->n_buckets = 16; h->n_buckets < max_clients;)
		h->n_buckets *= 2;
	h->hosts = calloc(max_clients, sizeof(h->hosts[0]));
	h->buckets = malloc(h->n_buckets * sizeof(h->buckets[0]));
	if (!h->hosts || !h->buckets) {
		bc_unicast_hosts_free(h);
		return -ENOMEM;
	}
	memset(h->buckets, 0xff, h->n_buckets * sizeof(h->buckets[0]));
	for (uint32_t i = 0; i < max_clients; i++)
		h->hosts[i].next = i + 1 < max_clients ? i + 1 : NONE;
	for (size_t i = 0; i < ARRAY_SIZE(h->key); i++)
		h->key[i] = bc_random(port->engine, UINT64_MAX);
	*ret_hosts = h;
	return 0;
}

void bc_unicast_hosts_free(struct bc_unicast_hosts *hosts)
{
	if (!hosts)
		return;
	free(hosts->hosts);
	free(hosts->buckets);
	free(hosts);
}

static uint32_t *bucket_of(const struct bc_port *port, struct bc_unicast_hosts *h,
			   const struct bc_address *address)
{
	uint64_t words[2] = {0};
	unsigned __int128 product;

	if (port->config.transport == EBC_TRANSPORT_UDP_IPV4)
		memcpy(words, address->ip, 4);
	else if (port->config.transport == EBC_TRANSPORT_UDP_IPV6)
		memcpy(words, address->ip, 16);
	else
		memcpy(words, address->mac, 6);
	product = (unsigned __int128)(words[0] ^ h->key[0]) * (words[1] ^ h->key[1]);
	return &h->buckets[((uint64_t)product ^ (uint64_t)(product >> 64)) & (h->n_buckets - 1)];
}

struct bc_unicast_host *bc_unicast_hosts_find(const struct bc_port *port, struct bc_unicast_hosts *hosts,
					      const struct bc_address *address)
{
	uint32_t i = *bucket_of(port, hosts, address);

	for (; i != NONE; i = hosts->hosts[i].next)
		if (bc_unicast_same_host(port->config.transport, &hosts->hosts[i].address, address))
			return &hosts->hosts[i];
	return NULL;
}

struct bc_unicast_host *bc_unicast_hosts_join(const struct bc_port *port, struct bc_unicast_hosts *hosts,
					      const struct bc_address *address)
{
	struct bc_unicast_host *host = bc_unicast_hosts_find(port, hosts, address);
	uint32_t *bucket, index = hosts->first_free;

	if (!host) {
		host = &hosts->hosts[index];
		bucket = bucket_of(port, hosts, address);
		hosts->first_free = host->next;
		*host = (struct bc_unicast_host){.address = *address, .next = *bucket};
		*bucket = index;
	}
	host->n_clients++;
	return host;
}

void bc_unicast_hosts_leave(const struct bc_port *port, struct bc_unicast_hosts *hosts,
			    struct bc_unicast_host *host)
{
	uint32_t index = (uint32_t)(host - hosts->hosts), *link;

	if (--host->n_clients > 0)
		return;
	link = bucket_of(port, hosts, &host->address);
	while (*link != index)
		link = &hosts->hosts[*link].next;
	*link = host->next;
	host->next = hosts->first_free;
	hosts->first_free = index;
}
