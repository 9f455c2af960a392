// SPDX-License-Identifier: GPL-2.0-or-later
/* A port: of a boundary clock, or of a transparent one. */
#include <string.h>

#include "bc/daemon/app.h"
#include "bc/daemon/status_tell.h"
#include "bc/engine/status.h"

static const char *transport_name(enum ebc_transport transport)
{
	switch (transport) {
	case EBC_TRANSPORT_UDP_IPV4:
		return "UDPv4";
	case EBC_TRANSPORT_UDP_IPV6:
		return "UDPv6";
	default:
		return "L2";
	}
}

static const char *mechanism_name(enum bc_delay_mechanism mechanism)
{
	switch (mechanism) {
	case BC_DELAY_P2P:
		return "P2P";
	case BC_DELAY_NONE:
		return "NONE";
	default:
		return "E2E";
	}
}

static void tell_engine_port(const struct app *app, size_t index, struct control_port_status *ret)
{
	struct bc_port_status port;

	bc_engine_get_port_status(app->engine, index, &port);
	ret->state = bc_port_state_name(port.state);
	ret->since_mono_ns = port.since_mono_ns;
	ret->delay_mechanism = mechanism_name(port.mechanism);
	ret->has_delay = port.has_delay;
	ret->delay_ns = port.delay_ns;
	ret->is_one_step = port.is_one_step;
	ret->has_intervals = true;
	ret->log_announce_interval = port.log_announce_interval;
	ret->log_sync_interval = port.log_sync_interval;
	ret->log_min_delay_req_interval = port.log_min_delay_req_interval;
	if (port.has_peer)
		status_port_identity_text(&port.peer, ret->peer, sizeof(ret->peer));
}

static void tell_transparent_port(const struct app *app, const struct port *port,
				  struct control_port_status *ret)
{
	static const char *const forwards[] = {
		[EBC_FORWARD_NONE] = "none",
		[EBC_FORWARD_AUTO] = "auto",
		[EBC_FORWARD_BRIDGE] = "bridge",
		[EBC_FORWARD_DIRECT] = "direct",
	};
	struct bc_peer_delay_status peer;

	ret->state = port->is_usable ? "FORWARDING" : "FAULTY";
	ret->since_mono_ns = port->since_mono_ns;
	ret->delay_mechanism = app->settings->transparent.is_p2p ? "P2P" : "E2E";
	ret->forward = forwards[port->forward];
	if (!transparent_peer_delay(app->transparent, port->index, &peer) || peer.n_measured == 0)
		return;
	ret->has_delay = true;
	ret->delay_ns = peer.mean_link_delay_ns;
	status_port_identity_text(&peer.neighbor, ret->peer, sizeof(ret->peer));
}

void status_tell_port(const struct app *app, size_t index, struct control_port_status *ret)
{
	const struct port *port = &app->ports[index];

	*ret = (struct control_port_status){
		.is_usable = port->is_usable,
		.reason = port->is_usable ? "" : port->reason,
		.has_mac = port->link.ifindex != 0,
		.ifindex = port->link.ifindex,
		.driver = port->described.driver,
		.transport = transport_name(port->transport),
		.tx_stamp = port->tx_stamp,
	};
	memcpy(ret->mac, port->link.mac, sizeof(ret->mac));
	if (app->engine)
		tell_engine_port(app, index, ret);
	else
		tell_transparent_port(app, port, ret);
}
