// SPDX-License-Identifier: GPL-2.0-or-later
/* The list of acceptable masters (IEEE 1588-2019 17.5) and the limits of rates by sender. */
#include "bc/engine/admission.h"

#include <string.h>

#include "bc/engine/unicast_client.h"
#include "bc/engine/unicast_server.h"

/* Senders that a port remembers, beside its foreign masters. */
#define OTHER_SENDERS 128
/* So many seconds' worth at once: a tool that asks for all there is, a master that starts. */
#define BURST_S 4
/* Newcomers that only fill tables, in announce intervals until they have turned a port's foreign masters over
 * once: twice what a master needs to be qualified. */
#define TURNOVER_INTERVALS 8
/* Clients come by the hundred when a network comes up. */
#define NEWCOMERS_BURST	      1024
#define NEWCOMERS_INTERVAL_NS (NSEC_PER_SEC / 256)
/* From one address a quarter of it, whatever names they have. */
#define NEWCOMERS_HOST_SHARE 4

static struct bc_rate rate_of(uint32_t per_s)
{
	if (per_s == 0)
		return (struct bc_rate){};
	return (struct bc_rate){NSEC_PER_SEC / per_s, per_s * BURST_S};
}

int bc_admission_init(struct bc_port *port)
{
	const struct bc_engine_config *c = &port->engine->config;
	uint64_t announce_interval_ns = bc_interval_ns(port->config.log_announce_interval);
	struct bc_rate newcomers = {NEWCOMERS_INTERVAL_NS, NEWCOMERS_BURST};
	struct bc_rate_limit_config limits = {
		.n_senders = c->foreign_master_limit + OTHER_SENDERS,
		.seed = c->seed + port->index,
	};

	limits.kinds[BC_RATE_ANNOUNCE].sender = rate_of(c->announce_rate_limit);
	limits.kinds[BC_RATE_SIGNALING].sender = rate_of(c->signaling_rate_limit);
	limits.kinds[BC_RATE_MANAGEMENT].sender = rate_of(c->management_rate_limit);
	limits.kinds[BC_RATE_SIGNALING].newcomers = limits.kinds[BC_RATE_MANAGEMENT].newcomers = newcomers;
	limits.kinds[BC_RATE_NEWCOMERS_OF_HOST].sender = (struct bc_rate){
		NEWCOMERS_HOST_SHARE * NEWCOMERS_INTERVAL_NS, NEWCOMERS_BURST / NEWCOMERS_HOST_SHARE};
	limits.kinds[BC_RATE_ANNOUNCE].newcomers = (struct bc_rate){
		TURNOVER_INTERVALS * announce_interval_ns / c->foreign_master_limit, c->foreign_master_limit};
	for (size_t i = 0; i < BC_RATE_KINDS; i++)
		if (limits.kinds[i].sender.interval_ns == 0)
			limits.kinds[i].newcomers = (struct bc_rate){};
	return bc_rate_limit_new(&limits, &port->rate_limit);
}

void bc_admission_free(struct bc_port *port)
{
	bc_rate_limit_free(port->rate_limit);
}

static bool is_acceptable_master(const struct bc_port *port, const struct bc_msg *msg)
{
	if (port->config.n_acceptable_masters == 0)
		return true;
	for (size_t i = 0; i < port->config.n_acceptable_masters; i++)
		if (memcmp(port->config.acceptable_masters[i], msg->source.clock_identity,
			   PTP_CLOCK_IDENTITY_LEN) == 0)
			return true;
	return false;
}

static bool is_within_rate(struct bc_port *port, enum bc_rate_kind kind, const struct bc_msg *msg,
			   bool is_known, uint64_t now_mono_ns)
{
	if (bc_rate_limit_allows(port->rate_limit, kind, &msg->source, is_known, now_mono_ns))
		return true;
	bc_count(port, BC_COUNTER_RX_RATE);
	return false;
}

/* The address that tells hosts apart, in the form of a sender of the table. */
static struct ptp_port_identity host_of(const struct bc_port *port, const struct bc_address *address)
{
	struct ptp_port_identity host = {};

	switch (port->config.transport) {
	case EBC_TRANSPORT_UDP_IPV4:
		memcpy(host.clock_identity, address->ip, 4);
		break;
	case EBC_TRANSPORT_UDP_IPV6:
		for (size_t i = 0; i < 16; i++)
			host.clock_identity[i % 8] ^= address->ip[i];
		break;
	default:
		memcpy(host.clock_identity, address->mac, 6);
	}
	return host;
}

static bool is_within_rate_by_host(struct bc_port *port, enum bc_rate_kind kind, const struct bc_msg *msg,
				   const struct bc_rx *rx, bool is_known, uint64_t now_mono_ns)
{
	struct ptp_port_identity host = host_of(port, &rx->source);
	const struct bc_engine_config *c = &port->engine->config;
	bool is_limited =
		(kind == BC_RATE_SIGNALING ? c->signaling_rate_limit : c->management_rate_limit) > 0;

	if (is_limited && !is_known && !bc_rate_limit_remembers(port->rate_limit, kind, &msg->source) &&
	    !bc_rate_limit_allows(port->rate_limit, BC_RATE_NEWCOMERS_OF_HOST, &host, true, now_mono_ns)) {
		bc_count(port, BC_COUNTER_RX_RATE);
		return false;
	}
	return is_within_rate(port, kind, msg, is_known, now_mono_ns);
}

/* Clients that hold a grant, and the masters that we ask: no flood of strangers is to part us from them. */
static bool is_in_service(const struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx)
{
	return bc_unicast_server_knows(port, msg, rx) || bc_unicast_client_knows(port, &rx->source);
}

bool bc_admission_allows(struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx,
			 uint64_t now_mono_ns)
{
	switch (msg->type) {
	case PTP_ANNOUNCE:
		if (!is_acceptable_master(port, msg)) {
			bc_count(port, BC_COUNTER_ANNOUNCE_NOT_ACCEPTABLE);
			return false;
		}
		return is_within_rate(port, BC_RATE_ANNOUNCE, msg,
				      bc_foreign_find(&port->foreign, &msg->source) != NULL, now_mono_ns);
	case PTP_SYNC:
		/* Where no Announce is needed, it is a Sync that makes somebody a master. */
		if (!bc_role_is_fixed_client(port) || is_acceptable_master(port, msg))
			return true;
		bc_count(port, BC_COUNTER_ANNOUNCE_NOT_ACCEPTABLE);
		return false;
	case PTP_SIGNALING:
		return is_within_rate_by_host(port, BC_RATE_SIGNALING, msg, rx, is_in_service(port, msg, rx),
					      now_mono_ns);
	case PTP_MANAGEMENT:
		return is_within_rate_by_host(port, BC_RATE_MANAGEMENT, msg, rx, false, now_mono_ns);
	default:
		return true;
	}
}

static bool has_same_acceptable_masters(const struct bc_port_config *a, const struct bc_port_config *b)
{
	return a->n_acceptable_masters == b->n_acceptable_masters &&
	       memcmp(a->acceptable_masters, b->acceptable_masters,
		      a->n_acceptable_masters * sizeof(a->acceptable_masters[0])) == 0;
}

/* 802.1AS: what it asks of a neighbour, and that the neighbour has shown it. */
static bool has_same_capability(const struct bc_port *port, const struct bc_port *old)
{
	return port->config.follow_up_info == old->config.follow_up_info && port->is_capable;
}

bool bc_admission_is_same(const struct bc_port *port, const struct bc_port *old)
{
	const struct bc_engine_config *e = &port->engine->config, *old_e = &old->engine->config;
	const struct bc_port_config *c = &port->config, *old_c = &old->config;

	return e->arbitrary_timescale == old_e->arbitrary_timescale &&
	       e->max_steps_removed == old_e->max_steps_removed &&
	       e->clock_class_threshold == old_e->clock_class_threshold && c->transport == old_c->transport &&
	       c->is_role_fixed == old_c->is_role_fixed && c->server_only == old_c->server_only &&
	       c->ignore_source_id == old_c->ignore_source_id &&
	       /* Of these, what a master's record holds depends on them too. */
	       c->is_path_traced == old_c->is_path_traced &&
	       c->power_profile.version == old_c->power_profile.version &&
	       has_same_acceptable_masters(c, old_c) && has_same_capability(port, old) &&
	       bc_unicast_client_asks_the_same(port, old);
}
