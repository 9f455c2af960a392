// SPDX-License-Identifier: GPL-2.0-or-later
/* Bringing a port into line with its interface. */
#include "bc/daemon/port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/macros.h"

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

static void let_go(struct port *port, struct ebc_loader *loader)
{
	if (port->is_attached)
		ebc_loader_detach_port(loader, (uint32_t)port->link.ifindex);
	port->is_attached = false;
	membership_leave(&port->membership);
	port->link.ifindex = 0;
	memset(port->tx_history, 0, sizeof(port->tx_history)); /* of another driver, perhaps */
}

void port_fini(struct port *port, struct ebc_loader *loader)
{
	let_go(port, loader);
}

static bool unusable(struct port *port, const char *reason)
{
	snprintf(port->reason, sizeof(port->reason), "%s", reason);
	return false;
}

static void port_conf(const struct port *port, struct ebc_port_conf *ret, uint32_t *lowest)
{
	const struct ebc_link *link = &port->link;
	size_t n_ipv4 = 0, n_ipv6 = 0;

	*ret = (struct ebc_port_conf){.port_index = (uint32_t)port->index};
	memcpy(ret->mac, link->mac, 6);
	memcpy(ret->bridge_mac, link->bridge_mac, 6);
	/* The configured address is the port's own, whoever else has it. */
	if (port->settings->has_source_ip && port->transport == EBC_TRANSPORT_UDP_IPV4)
		memcpy(&ret->ipv4_be32[n_ipv4++], port->settings->source_ip, 4);
	else if (port->settings->has_source_ip)
		memcpy(ret->ipv6[n_ipv6++], port->settings->source_ip, 16);
	for (size_t i = 0; i < link->n_ipv4 && n_ipv4 < EBC_PORT_ADDRESSES; i++)
		ret->ipv4_be32[n_ipv4++] = link->ipv4[i].s_addr;
	for (size_t i = 0; i < link->n_ipv6 && n_ipv6 < EBC_PORT_ADDRESSES; i++)
		memcpy(ret->ipv6[n_ipv6++], &link->ipv6[i], 16);
	for (size_t i = 0; i < link->n_lowest; i++)
		lowest[i] = (uint32_t)link->lowest[i];

	ret->forward = (uint8_t)port->forward;
	ret->bridge_ifindex = link->is_bridge_member ? (uint32_t)link->master_ifindex : 0;
	ret->delay_asymmetry_sns = port->delay_asymmetry_ns * 65536;
	ret->link_delay_sns = port->link_delay_ns * 65536;
	ret->ingress_latency_ns = (int32_t)port->ingress_latency_ns;
	ret->egress_latency_ns = (int32_t)port->egress_latency_ns;
}

static int attach(struct port *port, struct ebc_loader *loader)
{
	uint32_t lowest[EBC_LINK_LOWEST];
	struct ebc_port_conf conf;
	int r;

	port_conf(port, &conf, lowest);
	r = port->is_attached ? ebc_loader_update_port(loader, (uint32_t)port->link.ifindex, &conf, lowest,
						       port->link.n_lowest)
			      : ebc_loader_attach_port(loader, (uint32_t)port->link.ifindex, &conf, lowest,
						       port->link.n_lowest);
	if (r < 0 && port->is_attached)
		ebc_loader_detach_port(loader, (uint32_t)port->link.ifindex);
	port->is_attached = r == 0;
	return r;
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

bool port_refresh(struct port *port, struct ebc_links *links, struct ebc_loader *loader)
{
	struct ebc_link link;
	int r = ebc_link_get_by_name(links, port->settings->name, &link);

	if (r < 0) {
		let_go(port, loader);
		return unusable(port, r == -ENODEV ? "no such interface" : strerror(-r));
	}
	if (!link.is_ethernet) {
		let_go(port, loader);
		return unusable(port, "not an Ethernet interface");
	}
	if (link.ifindex != port->link.ifindex)
		let_go(port, loader);
	port->link = link;

	r = attach(port, loader);
	if (r < 0) {
		snprintf(port->reason, sizeof(port->reason), "cannot attach: %s", strerror(-r));
		return false;
	}
	if (!port->membership.is_joined) {
		r = membership_join(&port->membership, link.ifindex, &port->settings->groups);
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

bool port_check(struct port *port, struct ebc_links *links, struct ebc_loader *loader, bool *ret_was_detached)
{
	*ret_was_detached = false;
	if (!port->is_attached || ebc_loader_check_port(loader, (uint32_t)port->link.ifindex) == 0)
		return port->is_attached;
	*ret_was_detached = true;
	ebc_loader_detach_port(loader, (uint32_t)port->link.ifindex);
	port->is_attached = false;
	port_refresh(port, links, loader);
	return port->is_attached;
}

void port_set_link_delay(struct port *port, struct ebc_loader *loader, int64_t link_delay_ns)
{
	if (port->link_delay_ns == link_delay_ns)
		return;
	port->link_delay_ns = link_delay_ns;
	if (port->is_attached)
		attach(port, loader);
}

static bool is_peer_delay(uint8_t message_type)
{
	return message_type == PTP_PDELAY_REQ || message_type == PTP_PDELAY_RESP ||
	       message_type == PTP_PDELAY_RESP_FOLLOW_UP;
}

static bool asks_driver(struct port *port, const struct bc_action *action)
{
	if (!action->send.is_event)
		return false;
	if (port->tx_stamp == EBC_STAMP_XMIT &&
	    (action->send.message_type == PTP_DELAY_REQ ||
	     (action->send.message_type == PTP_SYNC && port->asks_for_sync)))
		return tx_stamp_asks_driver(&port->tx_history[action->send.message_type],
					    action->send.sequence_id);
	return port->tx_stamp == EBC_STAMP_DRIVER;
}

int port_send(struct port *port, struct sender *sender, const struct bc_action *action)
{
	struct bc_encap encap = {
		.transport = port->transport,
		.source = port->source,
		.destination = action->send.is_unicast			  ? action->send.destination
			       : is_peer_delay(action->send.message_type) ? port->settings->peer_destination
									  : port->settings->destination,
		.dscp = action->send.is_event ? port->settings->dscp_event : port->settings->dscp_general,
		.hop_limit = action->send.is_unicast ? 64 : port->settings->hop_limit,
	};
	uint8_t frame[BC_ENCAP_MAX + BC_MSG_TX_MAX];
	size_t len = bc_encap_write(&encap, action->send.is_event, action->send.message, action->send.len,
				    frame, sizeof(frame));

	if (!port->is_attached || len == 0)
		return -ENETDOWN;
	return sender_send(sender, port->link.ifindex, frame, len, asks_driver(port, action));
}
