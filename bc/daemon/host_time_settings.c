// SPDX-License-Identifier: GPL-2.0-or-later
/* The options of the host's time, and which of them contradict each other. */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "bc/daemon/host_time.h"

static enum refclock_type export_of(const struct ebc_config *c)
{
	int64_t export = ebc_config_int(c, EBC_CONFIG_GLOBAL, EBC_OPT_TIME_EXPORT);
	int64_t servo = ebc_config_int(c, EBC_CONFIG_GLOBAL, EBC_OPT_CLOCK_SERVO);

	if (export == EBC_TIME_EXPORT_SOCK || servo == EBC_CLOCK_SERVO_REFCLOCK_SOCK)
		return REFCLOCK_SOCK;
	if (export == EBC_TIME_EXPORT_SHM || servo == EBC_CLOCK_SERVO_NTPSHM)
		return REFCLOCK_SHM;
	return REFCLOCK_NONE;
}

static bool is_contradiction(const struct ebc_config *c)
{
	int64_t export = ebc_config_int(c, EBC_CONFIG_GLOBAL, EBC_OPT_TIME_EXPORT);
	int64_t servo = ebc_config_int(c, EBC_CONFIG_GLOBAL, EBC_OPT_CLOCK_SERVO);

	return (export == EBC_TIME_EXPORT_SHM && servo == EBC_CLOCK_SERVO_REFCLOCK_SOCK) ||
	       (export == EBC_TIME_EXPORT_SOCK && servo == EBC_CLOCK_SERVO_NTPSHM);
}

static enum bc_arbitrary_timescale arbitrary_of(const struct ebc_config *c, bool is_system_clock)
{
	switch (ebc_config_int(c, EBC_CONFIG_GLOBAL, EBC_OPT_ARBITRARY_TIMESCALE)) {
	case EBC_ARBITRARY_TIMESCALE_ACCEPT:
		return BC_ARBITRARY_ACCEPT;
	case EBC_ARBITRARY_TIMESCALE_REFUSE:
		return BC_ARBITRARY_REFUSE;
	default:
		return is_system_clock ? BC_ARBITRARY_PLAUSIBLE : BC_ARBITRARY_ACCEPT;
	}
}

int host_time_settings_read(const struct ebc_config *c, struct host_time_settings *ret,
			    struct bc_engine_config *engine, char *reason, size_t reason_size)
{
	int64_t type = ebc_config_int(c, EBC_CONFIG_GLOBAL, EBC_OPT_CLOCK_TYPE);
	bool is_boundary = type == EBC_CLOCK_TYPE_OC || type == EBC_CLOCK_TYPE_BC;

	*ret = (struct host_time_settings){
		.is_leap_by_kernel = ebc_config_int(c, EBC_CONFIG_GLOBAL, EBC_OPT_KERNEL_LEAP),
		.leap_path = ebc_config_string(c, EBC_CONFIG_GLOBAL, EBC_OPT_LEAPFILE),
		.export = is_boundary ? export_of(c) : REFCLOCK_NONE,
		.export_path = ebc_config_string(c, EBC_CONFIG_GLOBAL, EBC_OPT_REFCLOCK_SOCK_ADDRESS),
		.export_unit = (int)ebc_config_int(c, EBC_CONFIG_GLOBAL, EBC_OPT_NTPSHM_SEGMENT),
	};
	engine->is_system_clock = is_boundary && ebc_config_int(c, EBC_CONFIG_GLOBAL, EBC_OPT_LOCAL_CLOCK) ==
							 EBC_LOCAL_CLOCK_SYSTEM;
	engine->is_leap_by_kernel = engine->is_system_clock && ret->is_leap_by_kernel;
	engine->arbitrary_timescale = arbitrary_of(c, engine->is_system_clock);
	engine->step_window = (unsigned int)ebc_config_int(c, EBC_CONFIG_GLOBAL, EBC_OPT_STEP_WINDOW);
	if (engine->is_system_clock)
		engine->servo.max_frequency_ppb = fmin(engine->servo.max_frequency_ppb, SYSTEM_CLOCK_MAX_PPB);
	if (is_contradiction(c)) {
		snprintf(reason, reason_size,
			 "time_export and clock_servo name different exports of the time");
		return -EINVAL;
	}
	if (engine->is_system_clock && ret->export != REFCLOCK_NONE) {
		snprintf(reason, reason_size,
			 "local_clock system is the time itself: it cannot be exported to an NTP server, "
			 "which "
			 "would steer that same clock");
		return -EINVAL;
	}
	return 0;
}
