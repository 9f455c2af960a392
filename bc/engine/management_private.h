/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The data sets of management: written for a GET, read for a SET. */
#pragma once

#include "bc/engine/engine_private.h"
#include "bc/engine/management.h"
#include "bc/wire/management.h"

/* A request on its way. */
struct bc_request {
	struct bc_management management;
	struct bc_port *ingress; /* NULL: from a socket */
	struct bc_management_client client;
	bool is_unicast;
	struct bc_address source; /* of the network's */
	uint64_t now_mono_ns;
};

/* Whether it may be set and commanded. */
static inline bool bc_request_may_write(const struct bc_request *request)
{
	return !request->ingress && !request->client.is_read_only;
}

/*
 * The clock's data sets (management_clock.c). PTP_MANAGEMENT_OK, and the data; or why not. NO_SUCH_ID: it is
 * not one of the clock's. After a SET the data are those of a GET.
 */
enum ptp_management_error bc_management_get_clock(struct bc_engine *engine, const struct bc_request *request,
						  struct bc_data_writer *data);
enum ptp_management_error bc_management_set_clock(struct bc_engine *engine, const struct bc_request *request);
void bc_management_put_parent(const struct bc_engine *engine, struct bc_data_writer *data);
void bc_management_put_time_status(const struct bc_engine *engine, struct bc_data_writer *data);

/* The same of a port's (management_port.c), and commands. */
enum ptp_management_error bc_management_get_port(struct bc_port *port, const struct bc_request *request,
						 struct bc_data_writer *data);
enum ptp_management_error bc_management_set_port(struct bc_port *port, const struct bc_request *request);
enum ptp_management_error bc_management_command_port(struct bc_port *port, const struct bc_request *request);
void bc_management_put_port_data_set(const struct bc_port *port, struct bc_data_writer *data);

/* Subscriptions (management_events.c). */
void bc_management_subscribe(struct bc_engine *engine, const struct bc_request *request, uint16_t duration_s,
			     uint8_t events);
/* NULL: none. */
const struct bc_subscriber *bc_management_subscription(const struct bc_engine *engine,
						       const struct bc_request *request);

/* A message to a socket's client; dropped when the queue of actions is wanted for other things (counted). */
void bc_management_to_client(struct bc_engine *engine, const struct bc_management_client *client,
			     const struct bc_management *management);
