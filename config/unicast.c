/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads tables of unicast masters, and checks that ports and tables fit. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/private.h"
#include "util/macros.h"

/* As a port's intervals: 1/128 s to 2^15 s. */
#define LOG_QUERY_INTERVAL_MIN (-7)
#define LOG_QUERY_INTERVAL_MAX 15

const struct ebc_unicast_table *ebc_config_unicast_table(const struct ebc_config *config, uint32_t id)
{
	for (size_t i = 0; i < config->n_unicast_tables; i++)
		if (config->unicast_tables[i].table->id == id)
			return config->unicast_tables[i].table;
	return NULL;
}

int ebc_unicast_table_begin(struct ebc_config *config, const struct ebc_origin *origin,
			    struct ebc_unicast_table **ret_table)
{
	struct ebc_unicast_table *table;

	if (config->n_unicast_tables == EBC_UNICAST_TABLES_MAX) {
		ebc_config_add_note(config, true, origin, "more than %d tables of unicast masters",
				    EBC_UNICAST_TABLES_MAX);
		return -E2BIG;
	}
	table = calloc(1, sizeof(*table));
	if (!table)
		return -ENOMEM;
	config->unicast_tables[config->n_unicast_tables].table = table;
	config->unicast_tables[config->n_unicast_tables++].origin = *origin;
	*ret_table = table;
	return 0;
}

static int parse_number(const char *text, long min, long max, long *ret)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 0);
	if (end == text || *end != '\0')
		return -EINVAL;
	if (errno == ERANGE || number < min || number > max)
		return -ERANGE;
	*ret = number;
	return 0;
}

static int set_id(struct ebc_config *config, struct ebc_unicast_table *table, const struct ebc_origin *origin,
		  const char *text)
{
	long id = 0;

	if (parse_number(text, 1, INT32_MAX, &id) < 0) {
		ebc_config_add_note(config, true, origin, "table_id %s is not an integer from 1 on", text);
		return -EINVAL;
	}
	if (ebc_config_unicast_table(config, (uint32_t)id)) {
		ebc_config_add_note(config, true, origin, "table_id %s is there already", text);
		return -EINVAL;
	}
	table->id = (uint32_t)id;
	return 0;
}

static int set_query_interval(struct ebc_config *config, struct ebc_unicast_table *table,
			      const struct ebc_origin *origin, const char *text)
{
	long log = 0;

	if (parse_number(text, LOG_QUERY_INTERVAL_MIN, LOG_QUERY_INTERVAL_MAX, &log) < 0) {
		ebc_config_add_note(config, true, origin, "logQueryInterval %s is not an integer of %d..%d",
				    text, LOG_QUERY_INTERVAL_MIN, LOG_QUERY_INTERVAL_MAX);
		return -EINVAL;
	}
	table->log_query_interval = (int8_t)log;
	return 0;
}

/* An address of one host, of the transport's kind. */
static bool parse_address(const char *text, enum ebc_network_transport transport,
			  struct ebc_unicast_address *ret_address)
{
	struct ebc_unicast_address address = {.transport = transport};
	static const uint8_t none[16];

	switch (transport) {
	case EBC_NETWORK_TRANSPORT_UDPV4:
		if (inet_pton(AF_INET, text, address.octets) != 1 || address.octets[0] >= 224)
			return false;
		break;
	case EBC_NETWORK_TRANSPORT_UDPV6:
		if (inet_pton(AF_INET6, text, address.octets) != 1 || address.octets[0] == 0xff)
			return false;
		break;
	case EBC_NETWORK_TRANSPORT_L2:
		if (ebc_parse_mac(text, address.octets) < 0 || (address.octets[0] & 1))
			return false;
		break;
	}
	if (memcmp(address.octets, none, sizeof(none)) == 0)
		return false;
	*ret_address = address;
	return true;
}

static int set_peer(struct ebc_config *config, struct ebc_unicast_table *table,
		    const struct ebc_origin *origin, const char *text)
{
	static const enum ebc_network_transport transports[] = {
		EBC_NETWORK_TRANSPORT_L2, EBC_NETWORK_TRANSPORT_UDPV4, EBC_NETWORK_TRANSPORT_UDPV6};

	for (size_t i = 0; i < ARRAY_SIZE(transports) && !table->has_peer; i++)
		table->has_peer = parse_address(text, transports[i], &table->peer);
	if (table->has_peer)
		return 0;
	ebc_config_add_note(config, true, origin, "peer_address %s is not the address of a host", text);
	return -EINVAL;
}

static bool find_transport(const char *name, enum ebc_network_transport *ret_transport)
{
	const struct ebc_option_info *info = ebc_option_info(EBC_OPT_NETWORK_TRANSPORT);

	for (size_t i = 0; i < info->n_values; i++) {
		if (strcasecmp(info->values[i].name, name) != 0)
			continue;
		*ret_transport = (enum ebc_network_transport)i;
		return true;
	}
	return false;
}

static int add_master(struct ebc_config *config, struct ebc_unicast_table *table,
		      const struct ebc_origin *origin, const char *name, const char *text)
{
	enum ebc_network_transport transport;

	if (!find_transport(name, &transport)) {
		ebc_config_add_note(config, true, origin, "%s is nothing that a unicast_master_table has",
				    name);
		return -EINVAL;
	}
	if (table->n_masters == EBC_UNICAST_MASTERS_MAX) {
		ebc_config_add_note(config, true, origin, "more than %d unicast masters in a table",
				    EBC_UNICAST_MASTERS_MAX);
		return -E2BIG;
	}
	if (!parse_address(text, transport, &table->masters[table->n_masters])) {
		ebc_config_add_note(config, true, origin, "%s %s is not the address of a host", name, text);
		return -EINVAL;
	}
	for (size_t i = 0; i < table->n_masters; i++) {
		if (memcmp(&table->masters[i], &table->masters[table->n_masters],
			   sizeof(table->masters[i])) != 0)
			continue;
		ebc_config_add_note(config, true, origin, "%s %s is in this table already", name, text);
		return -EINVAL;
	}
	table->n_masters++;
	return 0;
}

int ebc_unicast_table_set(struct ebc_config *config, struct ebc_unicast_table *table,
			  const struct ebc_origin *origin, const char *name, const char *text)
{
	if (strcasecmp(name, "table_id") == 0)
		return set_id(config, table, origin, text);
	if (strcasecmp(name, "logQueryInterval") == 0)
		return set_query_interval(config, table, origin, text);
	if (strcasecmp(name, "peer_address") == 0)
		return set_peer(config, table, origin, text);
	return add_master(config, table, origin, name, text);
}

size_t ebc_unicast_check_tables(struct ebc_config *config)
{
	size_t errors = 0;

	for (size_t i = 0; i < config->n_unicast_tables; i++) {
		if (config->unicast_tables[i].table->id != 0)
			continue;
		ebc_config_add_note(config, true, &config->unicast_tables[i].origin,
				    "this unicast_master_table has no table_id");
		errors++;
	}
	return errors;
}

size_t ebc_unicast_check_port(struct ebc_config *config, size_t port)
{
	const struct ebc_value *value = ebc_config_value(config, port, EBC_OPT_UNICAST_MASTER_TABLE);
	int64_t transport = ebc_config_int(config, port, EBC_OPT_NETWORK_TRANSPORT);
	const struct ebc_unicast_table *table;

	if (value->integer == 0)
		return 0;
	table = ebc_config_unicast_table(config, (uint32_t)value->integer);
	if (!table) {
		ebc_config_add_note(config, true, &value->origin, "port %s: no table has the table_id %s",
				    config->ports[port]->name, value->text);
		return 1;
	}
	for (size_t i = 0; i < table->n_masters; i++) {
		if ((int64_t)table->masters[i].transport != transport)
			continue;
		if (!table->has_peer ||
		    ebc_config_int(config, port, EBC_OPT_DELAY_MECHANISM) == EBC_DELAY_MECHANISM_E2E)
			return 0;
		ebc_config_add_note(config, true, &value->origin,
				    "port %s: peer_address of table %s is refused: peer delay is measured by "
				    "multicast",
				    config->ports[port]->name, value->text);
		return 1;
	}
	ebc_config_add_note(config, true, &value->origin,
			    "port %s: table %s has no master of this port's network_transport",
			    config->ports[port]->name, value->text);
	return 1;
}
