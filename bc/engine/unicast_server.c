// SPDX-License-Identifier: GPL-2.0-or-later
/* Clients in a hash table, their grants in a heap by what is due first. */
#include "bc/engine/unicast_server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bc/engine/unicast_hosts.h"
#include "bc/engine/unicast_syncs.h"
#include "util/unaligned.h"

#define NONE UINT32_MAX

/* Messages at one call of the timer: their stamps are taken before the next ones leave. */
#define MESSAGES_AT_ONCE 16
/* The first message of a grant comes soon; where in the interval the others come is by chance. */
#define FIRST_MESSAGE_NS (50 * NSEC_PER_MSEC)
/* So many sequenceIds are tried for one whose place is free. */
#define SEQUENCE_ATTEMPTS 8
/* A Sync for which none was. */
#define RETRY_NS NSEC_PER_MSEC
/* Rates are counted in messages of 2^15 s, the longest interval. */
#define LOG_INTERVAL_MAX 15
#define LOG_INTERVAL_MIN (-7)

struct grant {
	uint32_t heap_index; /* NONE: not granted */
	int8_t log_interval;
	bool is_first;
	uint16_t sequence_id;
	uint64_t sent_mono_ns; /* the last Announce; 0: none */
	uint64_t next_mono_ns; /* NEVER for Delay_Resp, which waits for requests */
	uint64_t end_mono_ns;
};

struct client {
	struct ptp_port_identity identity;
	struct bc_address address;
	struct bc_unicast_host *host;
	uint32_t next; /* of the same hash, or free; NONE: the last */
	unsigned int n_grants;
	struct grant grants[BC_UNICAST_SERVICES];
};

struct bc_unicast_server {
	struct bc_unicast_limits limits;
	uint64_t key[4]; /* of the hash: nobody outside knows whose names collide */
	struct client *clients;
	struct bc_unicast_hosts *hosts;
	uint32_t *buckets; /* a power of two of them */
	uint32_t n_buckets, first_free;
	uint32_t *heap; /* client * BC_UNICAST_SERVICES + service */
	uint32_t heap_len;
	uint64_t load; /* granted, messages of 2^15 s */

	struct bc_unicast_syncs syncs;
};

static uint32_t buckets_for(uint32_t n)
{
	uint32_t buckets = 16;

	while (buckets < n)
		buckets *= 2;
	return buckets;
}

int bc_unicast_server_new(struct bc_port *port, struct bc_unicast_server **ret_server)
{
	const struct bc_unicast_limits *limits = &port->config.unicast_limits;
	struct bc_unicast_server *s;

	*ret_server = NULL;
	if (limits->max_clients == 0)
		return 0;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->limits = *limits;
	s->n_buckets = buckets_for(limits->max_clients);
	s->clients = calloc(limits->max_clients, sizeof(s->clients[0]));
	s->heap = calloc(limits->max_clients, BC_UNICAST_SERVICES * sizeof(s->heap[0]));
	s->buckets = malloc(s->n_buckets * sizeof(s->buckets[0]));
	if (!s->clients || !s->heap || !s->buckets ||
	    bc_unicast_hosts_new(port, limits->max_clients, &s->hosts) < 0) {
		bc_unicast_server_free(s);
		return -ENOMEM;
	}
	memset(s->buckets, 0xff, s->n_buckets * sizeof(s->buckets[0]));
	for (uint32_t i = 0; i < limits->max_clients; i++)
		s->clients[i].next = i + 1 < limits->max_clients ? i + 1 : NONE;
	for (size_t i = 0; i < ARRAY_SIZE(s->key); i++)
		s->key[i] = bc_random(port->engine, UINT64_MAX);
	*ret_server = s;
	return 0;
}

void bc_unicast_server_free(struct bc_unicast_server *server)
{
	if (!server)
		return;
	bc_unicast_hosts_free(server->hosts);
	free(server->clients);
	free(server->buckets);
	free(server->heap);
	free(server);
}

/* The heap. */

static struct grant *grant_of(struct bc_unicast_server *s, uint32_t item)
{
	return &s->clients[item / BC_UNICAST_SERVICES].grants[item % BC_UNICAST_SERVICES];
}

static uint64_t due_mono_ns(const struct grant *grant)
{
	return MIN(grant->next_mono_ns, grant->end_mono_ns);
}

static void put_into_heap(struct bc_unicast_server *s, uint32_t index, uint32_t item)
{
	s->heap[index] = item;
	grant_of(s, item)->heap_index = index;
}

static bool is_before(struct bc_unicast_server *s, uint32_t a, uint32_t b)
{
	return due_mono_ns(grant_of(s, s->heap[a])) < due_mono_ns(grant_of(s, s->heap[b]));
}

static void swap_in_heap(struct bc_unicast_server *s, uint32_t a, uint32_t b)
{
	uint32_t item = s->heap[a];

	put_into_heap(s, a, s->heap[b]);
	put_into_heap(s, b, item);
}

/* What is due at `index` has changed. */
static void mend_heap(struct bc_unicast_server *s, uint32_t index)
{
	for (; index > 0 && is_before(s, index, (index - 1) / 2); index = (index - 1) / 2)
		swap_in_heap(s, index, (index - 1) / 2);
	for (;;) {
		uint32_t least = index;

		for (uint32_t child = 2 * index + 1; child <= 2 * index + 2 && child < s->heap_len; child++)
			if (is_before(s, child, least))
				least = child;
		if (least == index)
			return;
		swap_in_heap(s, index, least);
		index = least;
	}
}

static void add_to_heap(struct bc_unicast_server *s, uint32_t item)
{
	put_into_heap(s, s->heap_len++, item);
	mend_heap(s, s->heap_len - 1);
}

static void remove_from_heap(struct bc_unicast_server *s, struct grant *grant)
{
	uint32_t index = grant->heap_index, last = --s->heap_len;

	grant->heap_index = NONE;
	if (index == last)
		return;
	put_into_heap(s, index, s->heap[last]);
	mend_heap(s, index);
}

/* The table of clients. */

static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint32_t *bucket_of(struct bc_unicast_server *s, enum ebc_transport transport,
			   const struct ptp_port_identity *identity, const struct bc_address *address)
{
	uint64_t ip[2] = {0}, clock, hash;

	memcpy(&clock, identity->clock_identity, sizeof(clock));
	if (transport == EBC_TRANSPORT_UDP_IPV4)
		memcpy(ip, address->ip, 4);
	else if (transport == EBC_TRANSPORT_UDP_IPV6)
		memcpy(ip, address->ip, 16);
	else
		memcpy(ip, address->mac, 6);
	hash = fold(clock ^ s->key[0], identity->port_number ^ s->key[1]) ^
	       fold(ip[0] ^ s->key[2], ip[1] ^ s->key[3]);
	return &s->buckets[hash & (s->n_buckets - 1)];
}

/* A client is known by identity and address: a request in its name from elsewhere is somebody else's. */
static struct client *find_client(const struct bc_port *port, const struct bc_msg *msg,
				  const struct bc_rx *rx)
{
	struct bc_unicast_server *s = port->unicast_server;
	uint32_t i = *bucket_of(s, port->config.transport, &msg->source, &rx->source);

	for (; i != NONE; i = s->clients[i].next) {
		struct client *client = &s->clients[i];

		if (bc_port_identity_equal(&client->identity, &msg->source) &&
		    bc_unicast_same_host(port->config.transport, &client->address, &rx->source))
			return client;
	}
	return NULL;
}

bool bc_unicast_server_knows(const struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx)
{
	return port->unicast_server && find_client(port, msg, rx);
}

static bool has_room(const struct bc_port *port, const struct bc_address *address)
{
	struct bc_unicast_server *s = port->unicast_server;
	const struct bc_unicast_host *host = bc_unicast_hosts_find(port, s->hosts, address);
	uint64_t share = (uint64_t)s->limits.max_clients * s->limits.max_host_percent / 100;

	return s->first_free != NONE &&
	       port->engine->n_unicast_clients < port->engine->config.max_unicast_clients &&
	       (!host || host->n_clients < share);
}

/* NULL: there are enough of them, or of that host's. */
static struct client *add_client(struct bc_port *port, const struct ptp_port_identity *identity,
				 const struct bc_address *address)
{
	struct bc_unicast_server *s = port->unicast_server;
	uint32_t *bucket, index = s->first_free;
	struct client *client;

	if (!has_room(port, address))
		return NULL;
	client = &s->clients[index];
	s->first_free = client->next;
	*client = (struct client){.identity = *identity, .address = *address};
	client->host = bc_unicast_hosts_join(port, s->hosts, address);
	for (unsigned int i = 0; i < BC_UNICAST_SERVICES; i++) {
		client->grants[i].heap_index = NONE;
		/* Spread, so that few Syncs at a time bear the same. */
		client->grants[i].sequence_id = (uint16_t)bc_random(port->engine, 0x10000);
	}
	bucket = bucket_of(s, port->config.transport, identity, address);
	client->next = *bucket;
	*bucket = index;
	port->engine->n_unicast_clients++;
	return client;
}

static void remove_client(struct bc_port *port, struct client *client)
{
	struct bc_unicast_server *s = port->unicast_server;
	uint32_t index = (uint32_t)(client - s->clients);
	uint32_t *link = bucket_of(s, port->config.transport, &client->identity, &client->address);

	while (*link != index)
		link = &s->clients[*link].next;
	*link = client->next;
	bc_unicast_hosts_leave(port, s->hosts, client->host);
	client->next = s->first_free;
	s->first_free = index;
	port->engine->n_unicast_clients--;
}

/* Grants. */

static uint64_t load_of(int log_interval)
{
	return 1ULL << (LOG_INTERVAL_MAX - log_interval);
}

static void end_grant(struct bc_port *port, struct client *client, enum bc_unicast_service service)
{
	struct bc_unicast_server *s = port->unicast_server;
	struct grant *grant = &client->grants[service];

	remove_from_heap(s, grant);
	s->load -= load_of(grant->log_interval);
	client->host->load -= load_of(grant->log_interval);
	if (--client->n_grants == 0)
		remove_client(port, client);
}

static void schedule(struct bc_port *port, struct grant *grant, enum bc_unicast_service service,
		     uint64_t now_mono_ns)
{
	uint64_t interval_ns = bc_interval_ns(grant->log_interval);

	grant->is_first = true;
	grant->next_mono_ns = NEVER;
	if (service != BC_UNICAST_DELAY_RESP)
		grant->next_mono_ns =
			now_mono_ns + bc_random(port->engine, MIN(interval_ns, FIRST_MESSAGE_NS));
}

static void give_grant(struct bc_port *port, struct client *client, enum bc_unicast_service service,
		       int8_t log_interval, uint32_t duration_s, uint64_t now_mono_ns)
{
	struct bc_unicast_server *s = port->unicast_server;
	struct grant *grant = &client->grants[service];
	uint32_t item = (uint32_t)(client - s->clients) * BC_UNICAST_SERVICES + service;
	bool is_new = grant->heap_index == NONE;

	grant->end_mono_ns = now_mono_ns + (uint64_t)duration_s * NSEC_PER_SEC;
	if (!is_new) {
		s->load -= load_of(grant->log_interval);
		client->host->load -= load_of(grant->log_interval);
	}
	s->load += load_of(log_interval);
	client->host->load += load_of(log_interval);
	if (is_new || grant->log_interval != log_interval) {
		grant->log_interval = log_interval;
		schedule(port, grant, service, now_mono_ns);
	}
	if (is_new) {
		client->n_grants++;
		add_to_heap(s, item);
	} else {
		mend_heap(s, grant->heap_index);
	}
}

static bool is_master(const struct bc_port *port)
{
	return port->state == BC_STATE_MASTER || port->state == BC_STATE_GRAND_MASTER;
}

/* A host with one client may have all there is; one with several, a share, however many names it has. */
static bool is_in_hosts_share(struct bc_port *port, const struct client *client,
			      const struct bc_address *address, uint64_t load, uint64_t load_before)
{
	struct bc_unicast_server *s = port->unicast_server;
	const struct bc_unicast_host *host = bc_unicast_hosts_find(port, s->hosts, address);
	uint64_t share =
		((uint64_t)s->limits.max_rate << LOG_INTERVAL_MAX) * s->limits.max_host_percent / 100;

	return load <= load_before || !host || (client && host->n_clients == 1) ||
	       host->load - load_before + load <= share;
}

static bool is_interval_allowed(const struct bc_unicast_server *s, int8_t log_interval)
{
	return log_interval >= s->limits.min_log_interval && log_interval >= LOG_INTERVAL_MIN &&
	       log_interval <= LOG_INTERVAL_MAX;
}

/* `client`: NULL for one that is new. */
static bool has_rate_for(struct bc_port *port, const struct client *client, const struct bc_address *address,
			 uint64_t load, uint64_t load_before)
{
	const struct bc_unicast_server *s = port->unicast_server;

	return s->load - load_before + load <= (uint64_t)s->limits.max_rate << LOG_INTERVAL_MAX &&
	       is_in_hosts_share(port, client, address, load, load_before);
}

/* A grant at another rate would not be what was asked for: it is as asked, or denied (16.1.4.2). */
static bool may_grant(struct bc_port *port, const struct client *client, const struct bc_address *address,
		      enum bc_unicast_service service, int8_t log_interval)
{
	uint64_t load_before = 0;

	if (client && client->grants[service].heap_index != NONE)
		load_before = load_of(client->grants[service].log_interval);
	if (!is_master(port))
		bc_count(port, BC_COUNTER_UNICAST_DENIED_STATE);
	else if (!is_interval_allowed(port->unicast_server, log_interval))
		bc_count(port, BC_COUNTER_UNICAST_DENIED_INTERVAL);
	else if (!has_rate_for(port, client, address, load_of(log_interval), load_before))
		bc_count(port, BC_COUNTER_UNICAST_DENIED_RATE);
	else
		return true;
	return false;
}

/* Returns for how long; 0: denied. */
static uint32_t decide(struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx,
		       uint8_t message_type, int8_t log_interval, uint32_t wanted_s, uint64_t now_mono_ns)
{
	uint32_t duration_s = MIN(wanted_s, port->unicast_server->limits.max_duration_s);
	struct client *client = find_client(port, msg, rx);
	enum bc_unicast_service service;

	if (!bc_unicast_service_of(message_type, &service) || wanted_s == 0) {
		bc_count(port, BC_COUNTER_UNICAST_DENIED_SERVICE);
		return 0;
	}
	if (!may_grant(port, client, &rx->source, service, log_interval))
		return 0;
	if (!client)
		client = add_client(port, &msg->source, &rx->source);
	if (!client) {
		bc_count(port, BC_COUNTER_UNICAST_DENIED_CLIENTS);
		return 0;
	}
	client->address = rx->source; /* the way back, as it is now */
	give_grant(port, client, service, log_interval, duration_s, now_mono_ns);
	bc_count(port, BC_COUNTER_UNICAST_GRANTED);
	return duration_s;
}

void bc_unicast_server_request(struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx,
			       const struct bc_tlv *tlv, struct bc_tlv_buffer *reply, uint64_t now_mono_ns)
{
	uint32_t duration_s;
	uint8_t *grant;

	if (!port->unicast_server)
		return;
	if (tlv->len < PTP_UNICAST_REQUEST_LEN) {
		bc_count(port, BC_COUNTER_UNICAST_IGNORED);
		return;
	}
	grant = bc_tlv_add(reply, PTP_TLV_GRANT_UNICAST_TRANSMISSION, PTP_UNICAST_GRANT_LEN);
	if (!grant)
		return;
	duration_s = decide(port, msg, rx, tlv->value[0] >> 4, (int8_t)tlv->value[1],
			    get_be32(tlv->value + 2), now_mono_ns);
	grant[0] = tlv->value[0] & 0xf0;
	grant[1] = tlv->value[1];
	put_be32(grant + 2, duration_s);
	grant[7] = duration_s > 0 ? PTP_UNICAST_RENEWAL_INVITED : 0;
}

void bc_unicast_server_cancel(struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx,
			      const struct bc_tlv *tlv, struct bc_tlv_buffer *reply)
{
	enum bc_unicast_service service;
	struct client *client;
	uint8_t *ack;

	if (!port->unicast_server || tlv->len < PTP_UNICAST_CANCEL_LEN ||
	    (tlv->value[0] & PTP_UNICAST_MAINTAIN_REQUEST) ||
	    !bc_unicast_service_of(tlv->value[0] >> 4, &service))
		return;
	client = find_client(port, msg, rx);
	if (!client || client->grants[service].heap_index == NONE)
		return;
	end_grant(port, client, service);
	bc_count(port, BC_COUNTER_UNICAST_CANCELED);
	ack = bc_tlv_add(reply, PTP_TLV_ACKNOWLEDGE_CANCEL_UNICAST_TRANSMISSION, PTP_UNICAST_CANCEL_LEN);
	if (ack)
		ack[0] = tlv->value[0];
}

/* A predecessor's. */

/* With all that it has: one that still heard Announce, but no Sync, would not soon ask again. */
static bool would_be_served(struct bc_port *port, const struct client *from)
{
	uint64_t load = 0;

	for (unsigned int service = 0; service < BC_UNICAST_SERVICES; service++) {
		const struct grant *grant = &from->grants[service];

		if (grant->heap_index == NONE)
			continue;
		if (!is_interval_allowed(port->unicast_server, grant->log_interval))
			return false;
		load += load_of(grant->log_interval);
	}
	return has_rate_for(port, NULL, &from->address, load, 0);
}

static void inherit_grant(struct bc_unicast_server *s, struct client *client, enum bc_unicast_service service,
			  const struct grant *from)
{
	client->grants[service] = *from;
	client->n_grants++;
	client->host->load += load_of(from->log_interval);
	s->load += load_of(from->log_interval);
	add_to_heap(s, (uint32_t)(client - s->clients) * BC_UNICAST_SERVICES + service);
}

static void inherit_client(struct bc_port *port, const struct client *from)
{
	struct client *client = NULL;

	if (would_be_served(port, from))
		client = add_client(port, &from->identity, &from->address);
	for (unsigned int service = 0; client && service < BC_UNICAST_SERVICES; service++)
		if (from->grants[service].heap_index != NONE)
			inherit_grant(port->unicast_server, client, (enum bc_unicast_service)service,
				      &from->grants[service]);
}

void bc_unicast_server_inherit(struct bc_port *port, const struct bc_port *old)
{
	const struct bc_unicast_server *old_s = old->unicast_server;

	for (uint32_t i = 0; port->unicast_server && old_s && i < old_s->limits.max_clients; i++)
		if (old_s->clients[i].n_grants > 0)
			inherit_client(port, &old_s->clients[i]);
}

/* Syncs and their stamps. */

bool bc_unicast_server_awaits(const struct bc_port *port, uint16_t sequence_id)
{
	return port->unicast_server && bc_unicast_syncs_has(&port->unicast_server->syncs, sequence_id);
}

bool bc_unicast_server_stamp(struct bc_port *port, uint16_t sequence_id, uint64_t stamp_mono_ns)
{
	struct bc_unicast_server *s = port->unicast_server;
	struct bc_address address;

	if (!s || !bc_unicast_syncs_take(&s->syncs, sequence_id, &address))
		return false;
	bc_send_follow_up(port, &address, sequence_id, stamp_mono_ns);
	return true;
}

void bc_unicast_server_forget_stamps(struct bc_port *port)
{
	if (port->unicast_server)
		memset(&port->unicast_server->syncs, 0, sizeof(port->unicast_server->syncs));
}

void bc_unicast_server_expire_stamps(struct bc_port *port, uint64_t now_mono_ns)
{
	struct bc_unicast_server *s = port->unicast_server;

	while (s && bc_unicast_syncs_expire(&s->syncs, now_mono_ns))
		bc_port_stamp_missing(port, now_mono_ns);
}

/* A sequenceId that no other Sync of this port that is under way bears; the client's next where possible. */
static bool find_sequence_id(struct bc_port *port, struct grant *grant)
{
	for (int i = 0; i < SEQUENCE_ATTEMPTS; i++) {
		const struct bc_sync_sent *multicast = &port->sync_sent[grant->sequence_id % BC_SYNC_PENDING];

		if (bc_unicast_syncs_has_place(&port->unicast_server->syncs, grant->sequence_id) &&
		    !(multicast->is_waiting && multicast->sequence_id == grant->sequence_id))
			return true;
		grant->sequence_id++;
	}
	return false;
}

/* False: it has to wait, since too many Syncs are under way. */
static bool send_sync(struct bc_port *port, const struct client *client, struct grant *grant,
		      uint64_t now_mono_ns)
{
	struct bc_unicast_server *s = port->unicast_server;
	uint16_t sequence_id;

	if (!find_sequence_id(port, grant))
		return false;
	sequence_id = grant->sequence_id++;
	if (!bc_send_sync_to(port, &client->address, sequence_id, now_mono_ns))
		return true;
	if (bc_unicast_syncs_add(&s->syncs, sequence_id, &client->address, now_mono_ns))
		bc_stamp_give_up(port, now_mono_ns);
	return true;
}

/* The next time on the grant's own grid, however many were missed; the second is anywhere in its interval. */
static void advance(struct bc_port *port, struct grant *grant, uint64_t now_mono_ns)
{
	uint64_t interval_ns = bc_interval_ns(grant->log_interval);

	if (grant->is_first)
		grant->next_mono_ns = now_mono_ns + interval_ns - bc_random(port->engine, interval_ns / 2);
	else
		grant->next_mono_ns += ((now_mono_ns - grant->next_mono_ns) / interval_ns + 1) * interval_ns;
	grant->is_first = false;
}

static void serve(struct bc_port *port, uint32_t item, uint64_t now_mono_ns)
{
	struct client *client = &port->unicast_server->clients[item / BC_UNICAST_SERVICES];
	struct grant *grant = grant_of(port->unicast_server, item);
	bool is_late = now_mono_ns - grant->next_mono_ns >= bc_interval_ns(grant->log_interval);

	/* What was missed in a halt is not made up for. */
	if (!is_master(port) || is_late) {
		advance(port, grant, now_mono_ns);
	} else if (item % BC_UNICAST_SERVICES == BC_UNICAST_ANNOUNCE) {
		bc_send_announce_to(port, &client->address, grant->sequence_id++, now_mono_ns);
		grant->sent_mono_ns = now_mono_ns;
		advance(port, grant, now_mono_ns);
	} else if (send_sync(port, client, grant, now_mono_ns)) {
		advance(port, grant, now_mono_ns);
	} else {
		bc_count(port, BC_COUNTER_UNICAST_SYNC_DELAYED);
		grant->next_mono_ns = now_mono_ns + RETRY_NS;
	}
	mend_heap(port->unicast_server, grant->heap_index);
}

/* Within FIRST_MESSAGE_NS, so that many clients are not told in one instant; what comes later finds a new
 * place in its interval. */
static void bring_forward(struct bc_port *port, struct grant *grant, uint64_t min_spacing_ns,
			  uint64_t now_mono_ns)
{
	uint64_t at_mono_ns = MAX(grant->sent_mono_ns + min_spacing_ns, now_mono_ns) +
			      bc_random(port->engine, MIN(min_spacing_ns, FIRST_MESSAGE_NS));

	if (at_mono_ns >= grant->next_mono_ns)
		return;
	grant->next_mono_ns = at_mono_ns;
	grant->is_first = true;
	mend_heap(port->unicast_server, grant->heap_index);
}

void bc_unicast_server_news(struct bc_port *port, unsigned int times_an_interval, uint64_t now_mono_ns)
{
	struct bc_unicast_server *s = port->unicast_server;

	for (uint32_t i = 0; s && is_master(port) && i < s->limits.max_clients; i++) {
		struct grant *grant = &s->clients[i].grants[BC_UNICAST_ANNOUNCE];

		if (s->clients[i].n_grants > 0 && grant->heap_index != NONE)
			bring_forward(port, grant, bc_interval_ns(grant->log_interval) / times_an_interval,
				      now_mono_ns);
	}
}

void bc_unicast_server_timer(struct bc_port *port, uint64_t now_mono_ns)
{
	struct bc_unicast_server *s = port->unicast_server;

	for (int i = 0; s && i < MESSAGES_AT_ONCE && s->heap_len > 0; i++) {
		uint32_t item = s->heap[0];
		const struct grant *grant = grant_of(s, item);

		if (due_mono_ns(grant) > now_mono_ns)
			return;
		if (grant->end_mono_ns > now_mono_ns) {
			serve(port, item, now_mono_ns);
			continue;
		}
		end_grant(port, &s->clients[item / BC_UNICAST_SERVICES],
			  (enum bc_unicast_service)(item % BC_UNICAST_SERVICES));
		bc_count(port, BC_COUNTER_UNICAST_EXPIRED);
	}
}

uint64_t bc_unicast_server_deadline(const struct bc_port *port)
{
	struct bc_unicast_server *s = port->unicast_server;
	uint64_t next = NEVER;

	if (!s)
		return NEVER;
	if (s->heap_len > 0)
		next = due_mono_ns(grant_of(s, s->heap[0]));
	return MIN(next, bc_unicast_syncs_deadline(&s->syncs));
}
