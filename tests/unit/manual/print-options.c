// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints the table of options for the test that compares it with the manual: a line for each option, with
 * tabs between name, scope, type, range, default, status and reason; after an option a line "=" for each of
 * its values that are not used or refused, with status and reason; at the end the old names.
 */
#include <stdio.h>

#include "config/options.h"
#include "util/macros.h"

static const char *const status_names[] = {
	[EBC_STATUS_IMPLEMENTED] = "implemented",
	[EBC_STATUS_NO_EFFECT] = "no effect",
	[EBC_STATUS_SUBSTITUTED] = "substituted",
	[EBC_STATUS_REFUSED] = "refused",
};

static const char *const type_names[] = {
	[EBC_TYPE_INT] = "integer",	      [EBC_TYPE_DOUBLE] = "number",
	[EBC_TYPE_BOOL] = "switch",	      [EBC_TYPE_ENUM] = "word",
	[EBC_TYPE_STRING] = "text",	      [EBC_TYPE_PATH] = "path",
	[EBC_TYPE_MAC] = "six octets",	      [EBC_TYPE_OUI] = "three octets",
	[EBC_TYPE_IPV4_GROUP] = "IPv4 group", [EBC_TYPE_IPV6_GROUP] = "IPv6 group",
	[EBC_TYPE_IP] = "IP address",	      [EBC_TYPE_CLOCK_IDENTITY] = "clock identity",
};

static void print_option(const struct ebc_option_info *info)
{
	printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\n", info->name,
	       info->scope == EBC_SCOPE_GLOBAL ? "global" : "port", type_names[info->type], info->range_text,
	       info->default_text, status_names[info->status], info->reason ? info->reason : "");
	for (size_t i = 0; i < info->n_values; i++)
		if (info->values[i].status != EBC_STATUS_IMPLEMENTED)
			printf("=\t%s\t%s\t%s\n", info->values[i].name, status_names[info->values[i].status],
			       info->values[i].reason ? info->values[i].reason : "");
}

int main(void)
{
	enum ebc_option option;
	const char *alias;

	for (int i = 0; i < EBC_N_OPTIONS; i++)
		print_option(ebc_option_info((enum ebc_option)i));
	for (size_t i = 0; (alias = ebc_option_alias(i, &option)); i++)
		printf("alias\t%s\t%s\n", alias, ebc_option_info(option)->name);
	return 0;
}
