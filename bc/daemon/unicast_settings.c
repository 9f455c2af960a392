// SPDX-License-Identifier: GPL-2.0-or-later
/* Limits of unicast service, and the masters of a port's table that its transport can reach. */
#include "bc/daemon/unicast_settings.h"

#include <string.h>

static int get(const struct ebc_config *config, size_t port, enum ebc_option option)
{
	return (int)ebc_config_int(config, port, option);
}

static void read_table(const struct ebc_unicast_table *from, int64_t transport,
		       struct bc_unicast_table *table)
{
	*table = (struct bc_unicast_table){.log_query_interval = from->log_query_interval};
	for (size_t i = 0; i < from->n_masters; i++) {
		const struct ebc_unicast_address *address = &from->masters[i];
		struct bc_address *master = &table->masters[table->n_masters];

		if ((int64_t)address->transport != transport)
			continue;
		if (address->transport == EBC_NETWORK_TRANSPORT_L2)
			memcpy(master->mac, address->octets, sizeof(master->mac));
		else
			memcpy(master->ip, address->octets, sizeof(master->ip));
		table->n_masters++;
	}
}

void unicast_settings_read_port(const struct ebc_config *config, size_t port, struct bc_unicast_table *table,
				struct bc_port_config *ret_port)
{
	const struct ebc_unicast_table *from = ebc_config_unicast_table(
		config, (uint32_t)ebc_config_int(config, port, EBC_OPT_UNICAST_MASTER_TABLE));

	ret_port->hybrid_e2e = get(config, port, EBC_OPT_HYBRID_E2E);
	ret_port->inhibit_multicast_service = get(config, port, EBC_OPT_INHIBIT_MULTICAST_SERVICE);
	ret_port->unicast_req_duration_s = (uint32_t)get(config, port, EBC_OPT_UNICAST_REQ_DURATION);
	if (get(config, port, EBC_OPT_UNICAST_LISTEN)) {
		/* Who serves by unicast asks by unicast, as ptp4l does. */
		ret_port->hybrid_e2e = true;
		ret_port->unicast_limits = (struct bc_unicast_limits){
			.max_clients = (uint32_t)get(config, port, EBC_OPT_UNICAST_MAX_CLIENTS),
			.max_rate = (uint32_t)get(config, port, EBC_OPT_UNICAST_MAX_RATE),
			.max_duration_s = (uint32_t)get(config, port, EBC_OPT_UNICAST_MAX_DURATION),
			.min_log_interval = (int8_t)get(config, port, EBC_OPT_UNICAST_MIN_INTERVAL),
			.max_host_percent = (uint8_t)get(config, port, EBC_OPT_UNICAST_MAX_HOST_SHARE),
		};
	}
	/* 0 names no table: an incomplete one has that number, and was refused. */
	if (!from || from->id == 0)
		return;
	read_table(from, ebc_config_int(config, port, EBC_OPT_NETWORK_TRANSPORT), table);
	ret_port->unicast_table = table;
}
