// SPDX-License-Identifier: GPL-2.0-or-later
/* Prints, as README.md has them, the options and values that have no effect or are refused, with the reasons.
 */
#include <stdio.h>
#include <string.h>

#include "config/options.h"

static const char *effect(enum ebc_option_status status)
{
	switch (status) {
	case EBC_STATUS_NO_EFFECT:
		return "none";
	case EBC_STATUS_SUBSTITUTED:
		return "the default's, with a warning";
	default:
		return "refused";
	}
}

static void print_row(const char *option, const char *value, enum ebc_option_status status,
		      const char *reason)
{
	printf("| `%s%s%s` | %s | %s |\n", option, *value ? " " : "", value, effect(status),
	       reason ? reason : "");
}

int main(void)
{
	unsigned int n_implemented = 0;

	for (int i = 0; i < EBC_N_OPTIONS; i++)
		n_implemented += ebc_option_info((enum ebc_option)i)->status == EBC_STATUS_IMPLEMENTED;
	printf("%u of %u options have their effect. The others:\n\n", n_implemented,
	       (unsigned int)EBC_N_OPTIONS);
	printf("| option, or its value | effect | since |\n|---|---|---|\n");
	for (int i = 0; i < EBC_N_OPTIONS; i++) {
		const struct ebc_option_info *info = ebc_option_info((enum ebc_option)i);

		if (info->status != EBC_STATUS_IMPLEMENTED)
			print_row(info->name, "", info->status, info->reason);
		for (size_t v = 0; v < info->n_values; v++)
			if (info->values[v].status != EBC_STATUS_IMPLEMENTED)
				print_row(info->name, info->values[v].name, info->values[v].status,
					  info->values[v].reason);
	}
	return 0;
}
