// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether two configurations mean the same, wherever each of their values came from. */
#include <string.h>

#include "config/private.h"

static bool is_among(enum ebc_option option, const enum ebc_option *some, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (some[i] == option)
			return true;
	return false;
}

static bool same_value(const struct ebc_config *a, const struct ebc_config *b, size_t port,
		       enum ebc_option option)
{
	/* Some options do otherwise when they are left out. */
	return ebc_config_is_set(a, port, option) == ebc_config_is_set(b, port, option) &&
	       ebc_value_equal(ebc_option_info(option), ebc_config_value(a, port, option),
			       ebc_config_value(b, port, option));
}

static bool same_values(const struct ebc_config *a, const struct ebc_config *b, size_t port,
			const enum ebc_option *but, size_t n_but)
{
	for (size_t i = 0; i < EBC_N_OPTIONS; i++)
		if (!is_among((enum ebc_option)i, but, n_but) && !same_value(a, b, port, (enum ebc_option)i))
			return false;
	return true;
}

static bool same_address(const struct ebc_unicast_address *a, const struct ebc_unicast_address *b)
{
	return a->transport == b->transport && memcmp(a->octets, b->octets, sizeof(a->octets)) == 0;
}

static bool same_table(const struct ebc_unicast_table *a, const struct ebc_unicast_table *b)
{
	if (a->id != b->id || a->log_query_interval != b->log_query_interval || a->has_peer != b->has_peer ||
	    (a->has_peer && !same_address(&a->peer, &b->peer)) || a->n_masters != b->n_masters)
		return false;
	for (size_t i = 0; i < a->n_masters; i++)
		if (!same_address(&a->masters[i], &b->masters[i]))
			return false;
	return true;
}

bool ebc_config_equal(const struct ebc_config *a, const struct ebc_config *b, const enum ebc_option *but,
		      size_t n_but)
{
	if (a->n_ports != b->n_ports || a->n_unicast_tables != b->n_unicast_tables ||
	    !same_values(a, b, EBC_CONFIG_GLOBAL, but, n_but))
		return false;
	for (size_t i = 0; i < a->n_ports; i++)
		if (strcmp(a->ports[i]->name, b->ports[i]->name) != 0 || !same_values(a, b, i, but, n_but))
			return false;
	for (size_t i = 0; i < a->n_unicast_tables; i++)
		if (!same_table(a->unicast_tables[i].table, b->unicast_tables[i].table))
			return false;
	return true;
}
