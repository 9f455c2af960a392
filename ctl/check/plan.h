/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a clock is to be here, as far as judgements about the host depend on it. */
#pragma once

#include <stdbool.h>

#include "config/config.h"

struct plan {
	bool is_known;	     /* there is a configuration; else the rest is at its defaults */
	bool is_transparent; /* made of BPF programs: transparent clock or monitor */
	bool uses_sockets;   /* time_stamping software: no BPF at all */
	bool demands_bpf;    /* time_stamping bpf, or what only the programs do, was asked for */
	bool has_udp_port, has_ethernet_port; /* what ports send over */
	bool is_system_clock;		      /* the system's clock is steered */
	bool may_be_master;		      /* its time may be served before it followed anybody */
	bool exports_time;		      /* an NTP server is given samples */
	int domain;
	const char *leap_path; /* "": none; the configuration's */
};

/* NULL: no configuration. */
struct plan plan_of(const struct ebc_config *config);
