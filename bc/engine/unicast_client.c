// SPDX-License-Identifier: GPL-2.0-or-later
/* Each master of a port's table: what it grants, until when, and when it is asked again. */
#include "bc/engine/unicast_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/unaligned.h"

/* A port that comes up asks within this time. */
#define START_SPREAD_NS (100 * NSEC_PER_MSEC)
/* A master that denies again and again is asked after 2, 4, then 8 intervals. */
#define BACKOFF_MAX 3
/* Requests without an answer: the master may have moved to another MAC address, or its router. */
#define UNANSWERED_MAX 3
/* A grant may be at half the rate that was asked for, not less: timeouts are made for the one that was. */
#define SLOWER_MAX	 1
#define LOG_INTERVAL_MIN (-7)
#define LOG_INTERVAL_MAX 15
#define NO_INTERVAL	 0x7f

struct grant {
	bool is_asked; /* a request is under way */
	bool is_granted;
	int8_t log_interval;
	uint64_t renew_mono_ns, end_mono_ns;
};

struct master {
	struct bc_address address;	   /* over UDP its MAC address is zero until a message of its came */
	struct ptp_port_identity identity; /* all ones until it granted something */
	bool is_selected;
	struct grant grants[BC_UNICAST_SERVICES];
	uint64_t ask_mono_ns;		     /* not before */
	uint64_t announce_deadline;	     /* without one by then, it has forgotten us */
	unsigned int n_denied, n_unanswered; /* in a row */
	uint64_t denied_mono_ns;	     /* the last time; one message may deny several services */
};

struct bc_unicast_client {
	bool is_active;
	uint64_t deadline;
	int8_t log_query_interval;
	size_t n_masters;
	struct master masters[];
};

static const struct ptp_port_identity anybody = {
	.clock_identity = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
	.port_number = 0xffff,
};

int bc_unicast_client_new(struct bc_port *port, struct bc_unicast_client **ret_client)
{
	const struct bc_unicast_table *table = port->config.unicast_table;
	struct bc_unicast_client *c;

	*ret_client = NULL;
	port->config.unicast_table = NULL; /* the caller's */
	if (!table || table->n_masters == 0 || port->config.server_only)
		return 0;
	c = calloc(1, sizeof(*c) + table->n_masters * sizeof(c->masters[0]));
	if (!c)
		return -ENOMEM;
	c->deadline = NEVER;
	c->log_query_interval = table->log_query_interval;
	c->n_masters = table->n_masters;
	for (size_t i = 0; i < c->n_masters; i++) {
		c->masters[i].address = table->masters[i];
		c->masters[i].identity = anybody;
	}
	*ret_client = c;
	return 0;
}

void bc_unicast_client_free(struct bc_unicast_client *client)
{
	free(client);
}

static struct master *find_master(const struct bc_port *port, const struct bc_address *source)
{
	struct bc_unicast_client *c = port->unicast_client;

	for (size_t i = 0; c && i < c->n_masters; i++)
		if (bc_unicast_same_host(port->config.transport, &c->masters[i].address, source))
			return &c->masters[i];
	return NULL;
}

bool bc_unicast_client_knows(const struct bc_port *port, const struct bc_address *source)
{
	return find_master(port, source) != NULL;
}

bool bc_unicast_client_asks_the_same(const struct bc_port *port, const struct bc_port *old)
{
	const struct bc_unicast_client *c = port->unicast_client, *old_c = old->unicast_client;

	if (!c || !old_c)
		return c == old_c;
	if (c->n_masters != old_c->n_masters)
		return false;
	for (size_t i = 0; i < c->n_masters; i++)
		if (!bc_unicast_same_host(port->config.transport, &c->masters[i].address,
					  &old_c->masters[i].address))
			return false;
	return true;
}

static bool is_wanted(const struct bc_port *port, const struct master *master,
		      enum bc_unicast_service service)
{
	switch (service) {
	case BC_UNICAST_ANNOUNCE:
		return true;
	case BC_UNICAST_SYNC:
		return master->is_selected;
	default:
		return master->is_selected && !port->config.inhibit_delay_req &&
		       port->mechanism == BC_DELAY_E2E;
	}
}

static int8_t wanted_log_interval(const struct bc_port *port, enum bc_unicast_service service)
{
	switch (service) {
	case BC_UNICAST_ANNOUNCE:
		return port->config.log_announce_interval;
	case BC_UNICAST_SYNC:
		return port->config.log_sync_interval;
	default:
		return port->config.log_min_delay_req_interval;
	}
}

static enum bc_unicast_state state_of(const struct bc_port *port, const struct master *master)
{
	if (!master->grants[BC_UNICAST_ANNOUNCE].is_granted)
		return BC_UNICAST_WAIT;
	if (!master->is_selected)
		return BC_UNICAST_HAVE_ANN;
	for (unsigned int i = 0; i < BC_UNICAST_SERVICES; i++)
		if (is_wanted(port, master, (enum bc_unicast_service)i) && !master->grants[i].is_granted)
			return BC_UNICAST_NEED_SYDY;
	return BC_UNICAST_HAVE_SYDY;
}

/* When there is something to do for a master: a request, or to notice its silence. */
static uint64_t master_deadline(const struct bc_port *port, const struct master *master)
{
	uint64_t ask_mono_ns = NEVER, next = NEVER;

	for (unsigned int i = 0; i < BC_UNICAST_SERVICES; i++) {
		const struct grant *grant = &master->grants[i];

		if (!is_wanted(port, master, (enum bc_unicast_service)i))
			continue;
		ask_mono_ns = MIN(ask_mono_ns, grant->is_granted ? grant->renew_mono_ns : 0);
		if (grant->is_granted)
			next = MIN(next, grant->end_mono_ns);
	}
	if (master->grants[BC_UNICAST_ANNOUNCE].is_granted)
		next = MIN(next, master->announce_deadline);
	return MIN(next, MAX(ask_mono_ns, master->ask_mono_ns));
}

static void find_deadline(struct bc_port *port)
{
	struct bc_unicast_client *c = port->unicast_client;

	c->deadline = NEVER;
	for (size_t i = 0; c->is_active && i < c->n_masters; i++)
		c->deadline = MIN(c->deadline, master_deadline(port, &c->masters[i]));
}

static void tell(const struct bc_port *port, const struct master *master, enum bc_unicast_event event,
		 enum bc_unicast_service service, uint32_t duration_s)
{
	struct bc_action *action = bc_action_push(port->engine, BC_ACTION_UNICAST, port->index);

	if (!action)
		return;
	action->unicast.address = master->address;
	action->unicast.event = event;
	action->unicast.message_type = bc_unicast_message_type(service);
	action->unicast.duration_s = duration_s;
}

static void forget_grants(struct master *master)
{
	memset(master->grants, 0, sizeof(master->grants));
	master->identity = anybody;
}

void bc_unicast_client_port_changed(struct bc_port *port, uint64_t now_mono_ns)
{
	struct bc_unicast_client *c = port->unicast_client;
	bool is_active = bc_port_is_active(port);

	if (!c || (is_active && c->is_active))
		return;
	c->is_active = is_active;
	for (size_t i = 0; i < c->n_masters; i++) {
		struct master *master = &c->masters[i];

		if (!is_active) {
			forget_grants(master);
			master->is_selected = false;
			master->n_denied = master->n_unanswered = 0;
		}
		master->ask_mono_ns = now_mono_ns + bc_random(port->engine, START_SPREAD_NS);
	}
	find_deadline(port);
}

void bc_unicast_client_inherit(struct bc_port *port, const struct bc_port *old)
{
	struct bc_unicast_client *c = port->unicast_client;

	if (!c || !bc_unicast_client_asks_the_same(port, old))
		return;
	for (size_t i = 0; i < c->n_masters; i++) {
		struct master *master = &c->masters[i];

		*master = old->unicast_client->masters[i];
		/* Granted may be a slower one. */
		for (unsigned int s = 0; s < BC_UNICAST_SERVICES; s++)
			if (wanted_log_interval(port, (enum bc_unicast_service)s) !=
			    wanted_log_interval(old, (enum bc_unicast_service)s))
				master->grants[s] = (struct grant){};
	}
}

/* A frame of this master's came: its MAC address is known, and by which of our addresses it knows us. */
static void learn_address(struct master *master, const struct bc_rx *rx)
{
	master->address = rx->source;
}

static void send_requests(struct bc_port *port, struct master *master, const bool *is_due)
{
	struct bc_tlv_buffer tlvs = {.len = 0};

	for (unsigned int i = 0; i < BC_UNICAST_SERVICES; i++) {
		enum bc_unicast_service service = (enum bc_unicast_service)i;
		uint8_t *request;

		if (!is_due[i])
			continue;
		request = bc_tlv_add(&tlvs, PTP_TLV_REQUEST_UNICAST_TRANSMISSION, PTP_UNICAST_REQUEST_LEN);
		if (!request)
			return;
		request[0] = (uint8_t)(bc_unicast_message_type(service) << 4);
		request[1] = (uint8_t)wanted_log_interval(port, service);
		put_be32(request + 2, port->config.unicast_req_duration_s);
		master->grants[i].is_asked = true;
	}
	bc_unicast_send(port, &master->address, &master->identity, &tlvs);
}

static void cancel(struct bc_port *port, const struct master *master, const bool *is_over)
{
	struct bc_tlv_buffer tlvs = {.len = 0};

	for (unsigned int i = 0; i < BC_UNICAST_SERVICES; i++) {
		uint8_t *value;

		if (!is_over[i])
			continue;
		value = bc_tlv_add(&tlvs, PTP_TLV_CANCEL_UNICAST_TRANSMISSION, PTP_UNICAST_CANCEL_LEN);
		if (value)
			value[0] = (uint8_t)(bc_unicast_message_type((enum bc_unicast_service)i) << 4);
	}
	if (tlvs.len > 0)
		bc_unicast_send(port, &master->address, &master->identity, &tlvs);
}

static void ask(struct bc_port *port, struct master *master, uint64_t now_mono_ns)
{
	uint64_t interval_ns = bc_interval_ns(port->unicast_client->log_query_interval);
	bool is_due[BC_UNICAST_SERVICES], is_any_due = false;

	for (unsigned int i = 0; i < BC_UNICAST_SERVICES; i++) {
		const struct grant *grant = &master->grants[i];

		is_due[i] = is_wanted(port, master, (enum bc_unicast_service)i) &&
			    (!grant->is_granted || now_mono_ns >= grant->renew_mono_ns);
		is_any_due |= is_due[i];
	}
	if (!is_any_due)
		return;
	if (++master->n_unanswered > UNANSWERED_MAX && port->config.transport != EBC_TRANSPORT_IEEE_802_3)
		memset(master->address.mac, 0, sizeof(master->address.mac));
	send_requests(port, master, is_due);
	master->ask_mono_ns = now_mono_ns + (interval_ns << MIN(master->n_denied, BACKOFF_MAX));
}

static void serve_master(struct bc_port *port, struct master *master, uint64_t now_mono_ns)
{
	struct grant *announce = &master->grants[BC_UNICAST_ANNOUNCE];

	for (unsigned int i = 0; i < BC_UNICAST_SERVICES; i++)
		if (master->grants[i].is_granted && now_mono_ns >= master->grants[i].end_mono_ns)
			master->grants[i].is_granted = false;
	if (announce->is_granted && now_mono_ns >= master->announce_deadline) {
		tell(port, master, BC_UNICAST_EVENT_SILENT, BC_UNICAST_ANNOUNCE, 0);
		forget_grants(master);
	}
	if (now_mono_ns >= master->ask_mono_ns)
		ask(port, master, now_mono_ns);
}

void bc_unicast_client_timer(struct bc_port *port, uint64_t now_mono_ns)
{
	struct bc_unicast_client *c = port->unicast_client;

	if (!c || now_mono_ns < c->deadline)
		return;
	for (size_t i = 0; i < c->n_masters; i++)
		if (now_mono_ns >= master_deadline(port, &c->masters[i]))
			serve_master(port, &c->masters[i], now_mono_ns);
	find_deadline(port);
}

uint64_t bc_unicast_client_deadline(const struct bc_port *port)
{
	return port->unicast_client ? port->unicast_client->deadline : NEVER;
}

void bc_unicast_client_select(struct bc_port *port, uint64_t now_mono_ns)
{
	bool is_following = port->state == BC_STATE_UNCALIBRATED || port->state == BC_STATE_SLAVE;
	struct bc_unicast_client *c = port->unicast_client;

	for (size_t i = 0; c && i < c->n_masters; i++) {
		struct master *master = &c->masters[i];
		bool is_selected = is_following &&
				   bc_port_identity_equal(&master->identity, &port->engine->status.parent);
		bool is_over[BC_UNICAST_SERVICES] = {};

		if (is_selected == master->is_selected)
			continue;
		master->is_selected = is_selected;
		if (is_selected)
			master->ask_mono_ns = now_mono_ns;
		for (unsigned int s = BC_UNICAST_SYNC; !is_selected && s < BC_UNICAST_SERVICES; s++) {
			is_over[s] = master->grants[s].is_granted;
			master->grants[s] = (struct grant){};
		}
		cancel(port, master, is_over);
		find_deadline(port);
	}
}

static uint64_t announce_deadline(struct bc_port *port, const struct master *master, uint64_t now_mono_ns)
{
	return now_mono_ns + (port->config.announce_receipt_timeout + 1ULL) *
				     bc_interval_ns(master->grants[BC_UNICAST_ANNOUNCE].log_interval);
}

void bc_unicast_client_announce_heard(struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx,
				      uint64_t now_mono_ns)
{
	struct master *master = find_master(port, &rx->source);

	if (!master || !(msg->flags & PTP_FLAG_UNICAST))
		return;
	learn_address(master, rx);
	if (!master->grants[BC_UNICAST_ANNOUNCE].is_granted)
		return;
	master->announce_deadline = announce_deadline(port, master, now_mono_ns);
}

static void use_intervals(struct bc_port *port, const struct master *master, enum bc_unicast_service service)
{
	if (service == BC_UNICAST_DELAY_RESP && master->is_selected)
		port->log_delay_req_interval = master->grants[service].log_interval;
}

static void denied(struct bc_port *port, struct master *master, enum bc_unicast_service service,
		   enum bc_unicast_event event, uint64_t now_mono_ns)
{
	uint64_t interval_ns = bc_interval_ns(port->unicast_client->log_query_interval);

	master->grants[service] = (struct grant){};
	if (master->n_denied == 0 || now_mono_ns != master->denied_mono_ns) {
		master->ask_mono_ns = now_mono_ns + (interval_ns << MIN(master->n_denied, BACKOFF_MAX));
		master->n_denied++;
	}
	master->denied_mono_ns = now_mono_ns;
	tell(port, master, event, service, 0);
}

static void granted(struct bc_port *port, struct master *master, const struct bc_msg *msg,
		    enum bc_unicast_service service, int8_t log_interval, uint32_t duration_s,
		    uint64_t now_mono_ns)
{
	uint64_t duration_ns = MIN(duration_s, port->config.unicast_req_duration_s) * (uint64_t)NSEC_PER_SEC;
	struct grant *grant = &master->grants[service];
	bool was_granted = grant->is_granted;

	/* Another clock at that address: what the former one granted is void. */
	for (unsigned int i = 0; i < BC_UNICAST_SERVICES; i++)
		if (!bc_port_identity_equal(&master->identity, &msg->source))
			master->grants[i].is_granted = false;
	master->identity = msg->source;
	*grant = (struct grant){
		.is_granted = true,
		.log_interval = log_interval,
		.renew_mono_ns = now_mono_ns + duration_ns / 4 * 3,
		.end_mono_ns = now_mono_ns + duration_ns,
	};
	if (service == BC_UNICAST_ANNOUNCE && !was_granted)
		master->announce_deadline = announce_deadline(port, master, now_mono_ns);
	master->n_denied = 0;
	use_intervals(port, master, service);
	tell(port, master, BC_UNICAST_EVENT_GRANTED, service, (uint32_t)(duration_ns / NSEC_PER_SEC));
}

void bc_unicast_client_grant(struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx,
			     const struct bc_tlv *tlv, uint64_t now_mono_ns)
{
	struct master *master = find_master(port, &rx->source);
	enum bc_unicast_service service;
	uint32_t duration_s;
	int8_t log_interval;

	if (!master || tlv->len < PTP_UNICAST_GRANT_LEN ||
	    !bc_unicast_service_of(tlv->value[0] >> 4, &service) || !master->grants[service].is_asked) {
		bc_count(port, BC_COUNTER_UNICAST_IGNORED);
		return;
	}
	learn_address(master, rx);
	master->n_unanswered = 0;
	master->grants[service].is_asked = false;
	log_interval = (int8_t)tlv->value[1];
	duration_s = get_be32(tlv->value + 2);
	if (duration_s == 0) {
		bc_count(port, BC_COUNTER_UNICAST_REFUSED);
		denied(port, master, service, BC_UNICAST_EVENT_DENIED, now_mono_ns);
	} else if (log_interval < LOG_INTERVAL_MIN || log_interval > LOG_INTERVAL_MAX ||
		   log_interval > wanted_log_interval(port, service) + SLOWER_MAX) {
		bool is_over[BC_UNICAST_SERVICES] = {};

		bc_count(port, BC_COUNTER_UNICAST_REFUSED);
		is_over[service] = true;
		cancel(port, master, is_over);
		denied(port, master, service, BC_UNICAST_EVENT_DENIED, now_mono_ns);
	} else {
		granted(port, master, msg, service, log_interval, duration_s, now_mono_ns);
	}
	find_deadline(port);
}

void bc_unicast_client_cancel(struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx,
			      const struct bc_tlv *tlv, struct bc_tlv_buffer *reply, uint64_t now_mono_ns)
{
	struct master *master = find_master(port, &rx->source);
	enum bc_unicast_service service;
	uint8_t *ack;

	if (!master || tlv->len < PTP_UNICAST_CANCEL_LEN || (tlv->value[0] & PTP_UNICAST_MAINTAIN_GRANT) ||
	    !bc_unicast_service_of(tlv->value[0] >> 4, &service) || !master->grants[service].is_granted ||
	    !bc_port_identity_equal(&master->identity, &msg->source))
		return;
	denied(port, master, service, BC_UNICAST_EVENT_CANCELED, now_mono_ns);
	bc_count(port, BC_COUNTER_UNICAST_CANCELED);
	ack = bc_tlv_add(reply, PTP_TLV_ACKNOWLEDGE_CANCEL_UNICAST_TRANSMISSION, PTP_UNICAST_CANCEL_LEN);
	if (ack)
		ack[0] = tlv->value[0];
	find_deadline(port);
}

void bc_unicast_client_shift(struct bc_port *port, uint64_t by_ns)
{
	struct bc_unicast_client *c = port->unicast_client;

	for (size_t i = 0; c && i < c->n_masters; i++)
		c->masters[i].announce_deadline += by_ns;
}

/* NULL: the port asks nobody, or the one that it follows has not granted that. */
static const struct grant *grant_in_use(const struct bc_port *port, enum bc_unicast_service service)
{
	const struct bc_unicast_client *c = port->unicast_client;

	for (size_t i = 0; c && i < c->n_masters; i++)
		if (c->masters[i].is_selected && c->masters[i].grants[service].is_granted)
			return &c->masters[i].grants[service];
	return NULL;
}

int8_t bc_unicast_client_sync_interval(const struct bc_port *port)
{
	const struct grant *grant = grant_in_use(port, BC_UNICAST_SYNC);

	return grant ? grant->log_interval : NO_INTERVAL;
}

int8_t bc_unicast_client_delay_req_interval(const struct bc_port *port)
{
	const struct grant *grant = grant_in_use(port, BC_UNICAST_DELAY_RESP);

	return grant ? grant->log_interval : port->config.log_min_delay_req_interval;
}

size_t bc_engine_unicast_masters(const struct bc_engine *engine, size_t port_index,
				 struct bc_unicast_master_status *ret_masters, size_t max)
{
	/* The engine is the caller's to look at, and looking changes nothing. */
	struct bc_port *port = (struct bc_port *)&engine->ports[port_index];
	const struct bc_unicast_client *c = port->unicast_client;
	size_t n = c ? MIN(c->n_masters, max) : 0;

	for (size_t i = 0; i < n; i++) {
		const struct master *master = &c->masters[i];
		const struct bc_foreign_master *heard = bc_foreign_find(&port->foreign, &master->identity);

		ret_masters[i] = (struct bc_unicast_master_status){
			.address = master->address,
			.identity = master->identity,
			.state = state_of(port, master),
			.is_selected = master->is_selected,
		};
		if (!heard)
			continue;
		ret_masters[i].clock_quality = heard->announce.announce.grandmaster_clock_quality;
		ret_masters[i].priority1 = heard->announce.announce.grandmaster_priority1;
		ret_masters[i].priority2 = heard->announce.announce.grandmaster_priority2;
	}
	return n;
}
