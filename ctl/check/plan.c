// SPDX-License-Identifier: GPL-2.0-or-later
/* What of a configuration matters to the host. */
#include "ctl/check/plan.h"

static int value(const struct ebc_config *config, enum ebc_option option)
{
	return (int)ebc_config_int(config, EBC_CONFIG_GLOBAL, option);
}

static bool has_port_over(const struct ebc_config *config, bool is_ethernet)
{
	size_t n = ebc_config_n_ports(config);

	for (size_t i = 0; i < n; i++)
		if ((ebc_config_int(config, i, EBC_OPT_NETWORK_TRANSPORT) == EBC_NETWORK_TRANSPORT_L2) ==
		    is_ethernet)
			return true;
	return n == 0 &&
	       (value(config, EBC_OPT_NETWORK_TRANSPORT) == EBC_NETWORK_TRANSPORT_L2) == is_ethernet;
}

struct plan plan_of(const struct ebc_config *config)
{
	int servo, stamping, type;

	if (!config)
		return (struct plan){.may_be_master = true, .has_udp_port = true, .leap_path = ""};
	servo = value(config, EBC_OPT_CLOCK_SERVO);
	stamping = value(config, EBC_OPT_TIME_STAMPING);
	type = value(config, EBC_OPT_CLOCK_TYPE);
	return (struct plan){
		.is_known = true,
		.is_transparent = type != EBC_CLOCK_TYPE_OC && type != EBC_CLOCK_TYPE_BC,
		.uses_sockets = stamping == EBC_TIME_STAMPING_SOFTWARE,
		.demands_bpf = (stamping == EBC_TIME_STAMPING_BPF &&
				ebc_config_is_set(config, EBC_CONFIG_GLOBAL, EBC_OPT_TIME_STAMPING)) ||
			       value(config, EBC_OPT_TC_OTHER_DOMAINS) != EBC_TC_OTHER_DOMAINS_NONE,
		.has_udp_port = has_port_over(config, false),
		.has_ethernet_port = has_port_over(config, true),
		.is_system_clock = value(config, EBC_OPT_LOCAL_CLOCK) == EBC_LOCAL_CLOCK_SYSTEM &&
				   !value(config, EBC_OPT_FREE_RUNNING),
		.may_be_master = (type == EBC_CLOCK_TYPE_OC || type == EBC_CLOCK_TYPE_BC) &&
				 !value(config, EBC_OPT_CLIENT_ONLY),
		.exports_time = value(config, EBC_OPT_TIME_EXPORT) != EBC_TIME_EXPORT_NONE ||
				servo == EBC_CLOCK_SERVO_NTPSHM || servo == EBC_CLOCK_SERVO_REFCLOCK_SOCK,
		.domain = value(config, EBC_OPT_DOMAIN_NUMBER),
		.leap_path = ebc_config_string(config, EBC_CONFIG_GLOBAL, EBC_OPT_LEAPFILE),
	};
}
