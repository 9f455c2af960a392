// SPDX-License-Identifier: GPL-2.0-or-later
/* Log lines about drivers, switch chips and XDP programs. */
#include "bc/daemon/describe.h"

#include <stdio.h>
#include <string.h>

#include "bc/daemon/log.h"
#include "netlink/ethtool.h"

static void describe_driver(struct port *port)
{
	const struct ebc_link *link = &port->link;
	struct ebc_ethtool_info info = {.phc_index = -1};

	if (ebc_ethtool_get(link->name, &info) < 0)
		return;
	snprintf(port->described.driver, sizeof(port->described.driver), "%s", info.driver);
	if (info.has_gro_fraglist)
		log_limited(LOG_WARNING, LOG_KIND_DESCRIBE, port->index,
			    "port %zu (%s): rx-gro-list joins frames before they are seen; switch it off",
			    port->index + 1, link->name);
	log_limited(LOG_INFO, LOG_KIND_DESCRIBE, port->index,
		    "port %zu (%s): driver %s; its own stamps%s: software%s%s%s, hardware%s%s%s",
		    port->index + 1, link->name, *info.driver ? info.driver : "unknown",
		    port->tx_stamp == EBC_STAMP_DRIVER ? "" : ", not needed",
		    info.has_tx_software ? " tx" : "", info.has_rx_software ? " rx" : "",
		    !info.has_tx_software && !info.has_rx_software ? " none" : "",
		    info.has_tx_hardware ? " tx" : "", info.has_rx_hardware ? " rx" : "",
		    !info.has_tx_hardware && !info.has_rx_hardware ? " none" : "");
}

void describe_port(struct port *port)
{
	const struct ebc_link *link = &port->link;
	struct port_description *told = &port->described;

	if (link->ifindex == 0)
		return;
	if (told->ifindex != link->ifindex) {
		*told = (struct port_description){.ifindex = link->ifindex};
		describe_driver(port);
	}
	if (link->has_switch_id && !told->has_switch_id)
		log_limited(LOG_WARNING, LOG_KIND_DESCRIBE, port->index,
			    "port %zu (%s): a switch chip may forward frames that the kernel, and so this "
			    "clock, never sees",
			    port->index + 1, link->name);
	if (link->has_xdp && !told->has_xdp)
		log_limited(LOG_WARNING, LOG_KIND_DESCRIBE, port->index,
			    "port %zu (%s): an XDP program there may redirect frames past this clock",
			    port->index + 1, link->name);
	told->has_switch_id = link->has_switch_id;
	told->has_xdp = link->has_xdp;
}
