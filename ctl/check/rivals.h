/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Other programs that keep a clock: those that steer the system's, and those that speak PTP. */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/check/check.h"
#include "ctl/check/plan.h"

#define RIVALS_MAX	 32
#define RIVALS_PORTS_MAX 16

enum rival_kind {
	RIVAL_CLOCK, /* steers the system's clock, by NTP or from a hardware clock */
	RIVAL_TOOLS, /* a hypervisor's in its guest: may set the system's clock */
	RIVAL_PTP,
	RIVAL_SELF, /* another ebpf-bc */
};

struct rival {
	const char *name; /* as its process is called; constant */
	enum rival_kind kind;
	int pid;
	char unit[64];	      /* the service that it is part of; "": none, or not known */
	char script[32];      /* of OpenWrt: what is in /etc/init.d for it; "": none */
	bool is_unit_its_own; /* that service is for it, and not one that started it among others */
	bool is_elsewhere;    /* in another network namespace */
	bool is_place_known;  /* else who asks may not see in which */
	bool leaves_clock;    /* it was told not to steer the system's clock */
	bool slews_visibly;   /* by the kernel's frequency or tick, which the daemon reads */
	/* RIVAL_PTP, RIVAL_SELF: what its command line and the file named there tell. */
	size_t n_ports; /* 0: not known */
	char ports[RIVALS_PORTS_MAX][IFNAMSIZ];
	int domain; /* 0 where nobody says otherwise */
};

struct rivals_facts {
	size_t n;
	struct rival list[RIVALS_MAX];
	/* UDP ports 319 and 320 of this network namespace. */
	bool is_udp_open;
	int udp_pid; /* of one that has them open; 0: not known */
	char udp_name[16];
};

void rivals_look(const char *root, struct rivals_facts *ret);
/* The name of one that keeps the system's clock; NULL: none known does. */
const char *rivals_keeper(const struct rivals_facts *facts);
void rivals_judge(const struct rivals_facts *facts, const struct plan *plan,
		  const struct check_options *options, struct findings *findings);
