/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Management (IEEE 1588-2019 clause 15, and linuxptp's additions to it) within the engine: requests from
 * sockets and from the network are answered, forwarded by their boundaryHops, and those who subscribed are
 * told what happens. What is read are the data sets themselves; what is set is checked and holds at once.
 *
 * Over the network, and over the read-only socket, nothing can be set or commanded. Who asks there is
 * admitted at a limited rate (admission.h); what a port sends in reply has a limit of its own, since one
 * request may have a reply of each port.
 */
#pragma once

#include "bc/engine/alternate_time_offset.h"
#include "bc/engine/engine.h"

/* Replies and forwarded messages a second of each port, and at once. */
#define BC_MANAGEMENT_TX_PER_S 500
#define BC_MANAGEMENT_TX_BURST 128

/* SYNCHRONIZATION_UNCERTAIN_NP; the values are those on the wire. */
enum bc_sync_uncertain {
	BC_SYNC_UNCERTAIN_FALSE = 0,	    /* the flag is passed on as it is received */
	BC_SYNC_UNCERTAIN_TRUE = 1,	    /* it is set */
	BC_SYNC_UNCERTAIN_DONT_CARE = 0xff, /* it is not set */
};

/* Events, and the bit of each in SUBSCRIBE_EVENTS_NP. */
enum bc_notification {
	BC_NOTIFY_PORT_STATE = 0,
	BC_NOTIFY_TIME_SYNC = 1,
	BC_NOTIFY_PARENT_DATA_SET = 2,
	BC_NOTIFICATIONS,
};

#define BC_SUBSCRIPTION_OCTETS 64 /* of the bit mask on the wire */
#define BC_SUBSCRIBERS	       64 /* with one more, the one that renewed longest ago goes */

struct bc_subscriber {
	bool in_use;
	struct bc_management_client client;
	struct ptp_port_identity identity; /* its own, the target of what it gets */
	uint8_t events;			   /* bits of enum bc_notification */
	uint16_t duration_s;
	uint16_t sequence_id;
	uint64_t since_mono_ns, expiry_mono_ns;
};

/* What management adds to an engine. */
struct bc_management_state {
	struct bc_subscriber subscribers[BC_SUBSCRIBERS];
	struct bc_alternate_time alternate_times[BC_ALTERNATE_TIMES];
	enum bc_sync_uncertain sync_uncertain;
	/* Who asked over the socket something that went on into the network: answers go there. */
	bool has_forwarded;
	struct bc_management_client forwarded_for;
};

struct bc_port;

void bc_management_init(struct bc_engine *engine);
/* A message from the network, of our domain and not refused for its rate. */
void bc_management_rx(struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx,
		      uint64_t now_mono_ns);
/* A message from a socket. */
void bc_management_request(struct bc_engine *engine, const struct bc_management_client *client,
			   const uint8_t *message, size_t len, uint64_t now_mono_ns);
/* A client is gone: what it subscribed to ends. */
void bc_management_forget(struct bc_engine *engine, const struct bc_management_client *client);

/* Something has happened; subscribers get to know. PORT_STATE is of one port. */
void bc_management_notify_port_state(struct bc_port *port, uint64_t now_mono_ns);
void bc_management_notify(struct bc_engine *engine, enum bc_notification event, uint64_t now_mono_ns);
/* timePropertiesDS's flags, as they are announced. */
uint16_t bc_management_time_flags(const struct bc_engine *engine);
