/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unicast negotiation (IEEE 1588-2019 clause 16.1), what its two sides share: whom a port asks for unicast
 * messages, what it grants to those who ask it, and the TLVs in which they talk.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bc/wire/encap.h"
#include "bc/wire/msg.h"

#define BC_UNICAST_MASTERS_MAX 64

/* Whom a port asks. Over UDP the MAC address is not given: who sends the frame finds it. */
struct bc_unicast_table {
	int8_t log_query_interval; /* between requests that are not answered */
	size_t n_masters;
	struct bc_address masters[BC_UNICAST_MASTERS_MAX];
};

/* What a port grants. */
struct bc_unicast_limits {
	uint32_t max_clients; /* 0: no service at all */
	uint32_t max_rate;    /* messages a second, of all clients and types together */
	uint32_t max_duration_s;
	int8_t min_log_interval;
	/* Of the clients and of the rate, to one host that has more than one client. */
	uint8_t max_host_percent;
};

/* What is negotiated, each by itself. */
enum bc_unicast_service {
	BC_UNICAST_ANNOUNCE,
	BC_UNICAST_SYNC,
	BC_UNICAST_DELAY_RESP,
	BC_UNICAST_SERVICES,
};

/* How far a port got with a master of its table, in ptp4l's names and order. */
enum bc_unicast_state {
	BC_UNICAST_WAIT,      /* nothing granted yet */
	BC_UNICAST_HAVE_ANN,  /* Announce is */
	BC_UNICAST_NEED_SYDY, /* it is the best master: Sync and Delay_Resp are asked for */
	BC_UNICAST_HAVE_SYDY, /* all is granted */
};

enum bc_unicast_event {
	BC_UNICAST_EVENT_GRANTED,
	BC_UNICAST_EVENT_DENIED,
	BC_UNICAST_EVENT_CANCELED, /* by the master */
	BC_UNICAST_EVENT_SILENT,   /* the master's Announce messages do not come */
};

/* For management (UNICAST_MASTER_TABLE_NP). */
struct bc_unicast_master_status {
	struct bc_address address;
	struct ptp_port_identity identity; /* all ones until it answered */
	enum bc_unicast_state state;
	bool is_selected;
	/* As its last Announce says; zero without one. */
	struct ptp_clock_quality clock_quality;
	uint8_t priority1, priority2;
};
