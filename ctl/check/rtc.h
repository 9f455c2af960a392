/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The battery-backed clock, which is read and never set. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ctl/check/finding.h"

struct rtc_facts {
	bool is_there, can_be_read;
	char name[48];
	bool is_local_time;	/* as /etc/adjtime says; else UTC */
	int64_t minus_system_s; /* once local time is taken for what it is */
};

/* `now_utc_s`: what the system's clock shows; `zone_s`: what local time is ahead of UTC. */
void rtc_look(const char *root, int64_t now_utc_s, int64_t zone_s, struct rtc_facts *ret);
void rtc_judge(const struct rtc_facts *facts, struct findings *findings);
