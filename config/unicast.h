/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of unicast masters ([unicast_master_table]): whom a port asks for unicast messages. Any number of
 * ports may name one table, by its table_id.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/options.h"

#define EBC_UNICAST_TABLES_MAX	16
#define EBC_UNICAST_MASTERS_MAX 64 /* of one table */

struct ebc_unicast_address {
	enum ebc_network_transport transport;
	uint8_t octets[16]; /* MAC in 6, IPv4 in 4, IPv6; network order; never a group */
};

struct ebc_unicast_table {
	uint32_t id;		   /* 0: not given yet */
	int8_t log_query_interval; /* log2 s */
	bool has_peer;
	struct ebc_unicast_address peer;
	size_t n_masters;
	struct ebc_unicast_address masters[EBC_UNICAST_MASTERS_MAX];
};

struct ebc_config;

/* NULL: there is none. Owned by the config. */
const struct ebc_unicast_table *ebc_config_unicast_table(const struct ebc_config *config, uint32_t id);
