// SPDX-License-Identifier: GPL-2.0-or-later
/* From the options of management to sockets and descriptions. */
#include "bc/daemon/management_settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define GLOBAL EBC_CONFIG_GLOBAL

/* A text of at most `max` octets. */
static bool read_text(const struct ebc_config *config, enum ebc_option option, size_t max,
		      const char **ret_text, char *reason, size_t reason_size)
{
	*ret_text = ebc_config_string(config, GLOBAL, option);
	if (strlen(*ret_text) <= max)
		return true;
	snprintf(reason, reason_size, "%s has more than %zu octets", ebc_option_info(option)->name, max);
	return false;
}

int management_settings_read(const struct ebc_config *config, struct settings *s, char *reason,
			     size_t reason_size)
{
	struct bc_clock_description *d = &s->engine.description;

	s->management = (struct management_settings){
		.address = ebc_config_string(config, GLOBAL, EBC_OPT_UDS_ADDRESS),
		.read_only_address = ebc_config_string(config, GLOBAL, EBC_OPT_UDS_RO_ADDRESS),
		.mode = (unsigned int)ebc_config_int(config, GLOBAL, EBC_OPT_UDS_FILE_MODE),
		.read_only_mode = (unsigned int)ebc_config_int(config, GLOBAL, EBC_OPT_UDS_RO_FILE_MODE),
		.slave_event_monitor = ebc_config_string(config, GLOBAL, EBC_OPT_SLAVE_EVENT_MONITOR),
	};
	s->engine.monitors_slave_events = *s->management.slave_event_monitor;
	ebc_parse_oui(ebc_config_string(config, GLOBAL, EBC_OPT_MANUFACTURER_IDENTITY),
		      d->manufacturer_identity);
	for (size_t i = 0; i < s->n_ports; i++)
		ebc_parse_mac(ebc_config_string(config, i, EBC_OPT_PROFILE_IDENTITY),
			      s->engine_ports[i].profile_identity);
	if (!read_text(config, EBC_OPT_PRODUCT_DESCRIPTION, 64, &d->product, reason, reason_size) ||
	    !read_text(config, EBC_OPT_REVISION_DATA, 32, &d->revision, reason, reason_size) ||
	    !read_text(config, EBC_OPT_USER_DESCRIPTION, 128, &d->user, reason, reason_size))
		return -EINVAL;
	return 0;
}
