// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's neighbour table, asked for those whom a port is to ask. */
#include "bc/daemon/reach.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "bc/daemon/log.h"
#include "netlink/neighbor.h"

/* The first answer is always late. */
#define UNREACHED_TOLD 2

static int family_of(const struct port *port)
{
	return port->transport == EBC_TRANSPORT_UDP_IPV4 ? AF_INET : AF_INET6;
}

/* Fills in its MAC address, and ours that the kernel would send from. */
static int find(struct app *app, const struct port *port, struct bc_address *to)
{
	int r = ebc_neighbor_get(app->links, port->link.ifindex, family_of(port), to->ip, to->mac,
				 to->local_ip);

	/* A port that is a member of a bridge may have no address: then the bridge knows the neighbours. */
	if (r < 0 && r != -EAGAIN && port->link.is_bridge_member)
		r = ebc_neighbor_get(app->links, port->link.master_ifindex, family_of(port), to->ip, to->mac,
				     to->local_ip);
	return r;
}

bool reach_complete(struct app *app, struct port *port, struct bc_address *to)
{
	static const uint8_t unknown[6];
	char text[INET6_ADDRSTRLEN] = "?";
	int r;

	if (port->transport == EBC_TRANSPORT_IEEE_802_3 || memcmp(to->mac, unknown, sizeof(unknown)) != 0)
		return true;
	r = find(app, port, to);
	if (r == 0) {
		port->n_unreached = 0;
		return true;
	}
	app->counters[port->index].value[DAEMON_COUNTER_TX_UNREACHED]++;
	if (++port->n_unreached != UNREACHED_TOLD)
		return false;
	inet_ntop(family_of(port), to->ip, text, sizeof(text));
	log_line(LOG_WARNING, "port %zu (%s): cannot reach %s: %s", port->index + 1, port->settings->name,
		 text, r == -EAGAIN ? "its link address is not known" : strerror(-r));
	return false;
}

void reach_prepare(struct app *app, struct port *port)
{
	const struct bc_unicast_table *table = app->settings->engine_ports[port->index].unicast_table;

	port->n_unreached = 0;
	for (size_t i = 0; table && port->transport != EBC_TRANSPORT_IEEE_802_3 && i < table->n_masters;
	     i++) {
		struct bc_address master = table->masters[i];

		(void)find(app, port, &master);
	}
}
