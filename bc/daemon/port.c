// SPDX-License-Identifier: GPL-2.0-or-later
/* Bringing a port into line with its interface. */
#include "bc/daemon/port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bc/daemon/app.h"

void port_init(struct port *port, size_t index, const struct settings *settings)
{
	*port = (struct port){
		.index = index,
		.settings = &settings->ports[index],
		.transport = settings->engine_ports[index].transport,
		.membership = MEMBERSHIP_NONE,
		.needs_source = settings->loader.mode == EBC_MODE_BOUNDARY || settings->transparent.is_p2p,
		.forward = settings->transparent.forward,
		.delay_asymmetry_ns = settings->engine_ports[index].delay_asymmetry_ns,
		.ingress_latency_ns = settings->engine_ports[index].ingress_latency_ns,
		.egress_latency_ns = settings->engine_ports[index].egress_latency_ns,
	};
}

static void detach(struct app *app, struct port *port)
{
	if (port->is_attached)
		app->backend->detach(app, port);
	port->is_attached = false;
}

static void let_go(struct app *app, struct port *port)
{
	detach(app, port);
	membership_leave(&port->membership);
	port->link.ifindex = 0;
	memset(port->tx_history, 0, sizeof(port->tx_history)); /* of another driver, perhaps */
	port->one_step = (struct one_step){};
}

void port_fini(struct app *app, struct port *port)
{
	let_go(app, port);
}

static bool unusable(struct port *port, const char *reason)
{
	snprintf(port->reason, sizeof(port->reason), "%s", reason);
	return false;
}

/* The address that messages come from. */
static bool choose_source(struct port *port)
{
	const struct ebc_link *link = &port->link;

	memcpy(port->source.mac, link->mac, 6);
	if (port->settings->has_source_ip) {
		memcpy(port->source.ip, port->settings->source_ip, 16);
		return true;
	}
	switch (port->transport) {
	case EBC_TRANSPORT_UDP_IPV4:
		if (link->n_ipv4 == 0)
			return unusable(port, "no IPv4 address (udp_source_address can name one)");
		memcpy(port->source.ip, &link->ipv4[0], 4);
		return true;
	case EBC_TRANSPORT_UDP_IPV6:
		if (link->n_ipv6 == 0)
			return unusable(port, "no IPv6 address");
		memcpy(port->source.ip, &link->ipv6[0], 16);
		return true;
	default:
		return true;
	}
}

static bool attach(struct app *app, struct port *port)
{
	char reason[sizeof(port->reason)] = "";
	int r = app->backend->attach(app, port, reason, sizeof(reason));

	port->is_attached = r == 0;
	if (r < 0 && *reason)
		return unusable(port, reason);
	if (r < 0)
		snprintf(port->reason, sizeof(port->reason), "cannot attach: %s", strerror(-r));
	return r == 0;
}

bool port_refresh(struct app *app, struct port *port)
{
	struct ebc_link link;
	int r = ebc_link_get_by_name(app->links, port->settings->name, &link);

	if (r < 0) {
		let_go(app, port);
		return unusable(port, r == -ENODEV ? "no such interface" : strerror(-r));
	}
	if (!link.is_ethernet) {
		let_go(app, port);
		return unusable(port, "not an Ethernet interface");
	}
	if (link.ifindex != port->link.ifindex)
		let_go(app, port);
	port->link = link;

	if (!attach(app, port))
		return false;
	if (!port->membership.is_joined) {
		r = membership_join(&port->membership, app->membership_fd, link.ifindex,
				    &port->settings->groups);
		if (r < 0 && link.is_up) {
			snprintf(port->reason, sizeof(port->reason), "cannot join groups: %s", strerror(-r));
			return false;
		}
	}
	if (!link.is_up)
		return unusable(port, "link down");
	if (!link.has_carrier)
		return unusable(port, "no carrier");
	return !port->needs_source || choose_source(port);
}

bool port_check(struct app *app, struct port *port, bool *ret_was_detached)
{
	*ret_was_detached = false;
	if (!port->is_attached || app->backend->is_intact(app, port))
		return port->is_attached;
	*ret_was_detached = true;
	detach(app, port);
	port_refresh(app, port);
	return port->is_attached;
}

void port_set_link_delay(struct app *app, struct port *port, int64_t link_delay_ns)
{
	if (port->link_delay_ns == link_delay_ns)
		return;
	port->link_delay_ns = link_delay_ns;
	if (port->is_attached)
		attach(app, port);
}

static bool is_peer_delay(uint8_t message_type)
{
	return message_type == PTP_PDELAY_REQ || message_type == PTP_PDELAY_RESP ||
	       message_type == PTP_PDELAY_RESP_FOLLOW_UP;
}

const struct bc_address *port_destination(const struct port *port, const struct bc_action *action)
{
	if (action->send.is_unicast)
		return &action->send.destination;
	return is_peer_delay(action->send.message_type) ? &port->settings->peer_destination
							: &port->settings->destination;
}

void port_choose_source(const struct port *port, const struct bc_address *to, struct bc_address *source)
{
	static const uint8_t none[sizeof(to->local_ip)];

	if (port->settings->has_source_ip)
		memcpy(source->ip, port->settings->source_ip, sizeof(source->ip));
	else if (memcmp(to->local_ip, none, sizeof(none)) != 0)
		memcpy(source->ip, to->local_ip, sizeof(source->ip));
}
