/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can be seen of a port, or of an interface below one, without changing anything: all that the
 * judgements about ports go by (port_judge.h).
 */
#pragma once

#include "ctl/check/check.h"
#include "ctl/check/kernel.h"
#include "netlink/ethtool.h"
#include "netlink/ethtool_tuning.h"
#include "netlink/flowtable.h"
#include "netlink/link_detail.h"
#include "netlink/qdisc.h"

#define PORT_QDISCS   32
#define PORT_PROGRAMS 16

/* What the configuration wants of a port. */
struct port_use {
	bool is_named; /* the file or the command line names it; else it is just there */
	bool is_udp4, is_udp6;
	bool needs_address; /* over UDP: the clock sends messages of its own, and no source address is set */
	bool is_software;   /* stamps by sockets */
	bool is_transparent;
	bool is_stamped_behind_queue; /* the kernel takes the program that does */
};

/* BPF programs of somebody else at one hook of tc, in the order in which they run. */
struct port_programs {
	int error; /* -errno: cannot be looked at (-EPERM: root could) */
	size_t n;
	struct {
		char name[16];
		bool is_ours;
	} list[PORT_PROGRAMS];
};

struct port_facts {
	char name[IFNAMSIZ]; /* as it was asked for */
	struct port_use use;
	int error;		/* of looking it up: -ENODEV, ...; nothing of what follows is known then */
	char nearest[IFNAMSIZ]; /* with -ENODEV: an interface of nearly that name; "": none */
	const char *below;	/* it is below that port and none itself; NULL: it is a port */

	struct ebc_link link;
	struct ebc_link_detail detail;
	struct ebc_link_detail master; /* bridge or bond that it is a member of; ifindex 0: none */
	char lowest[128];	       /* names of what is below it, ", " between; "": nothing is */
	char active[IFNAMSIZ];	       /* of a bond: the member that sends */
	size_t n_of_same_switch;       /* other members of its bridge whose switch chip is the same */

	struct ebc_ethtool_info driver; /* .driver: "" if unknown */
	bool has_driver;
	struct ebc_ethtool_tuning tuning;
	bool has_tuning;

	size_t n_qdiscs; /* more than PORT_QDISCS if some are not in the list */
	struct ebc_qdisc qdiscs[PORT_QDISCS];
	int qdiscs_error;

	char xdp_name[16]; /* of the XDP program, or "id 7"; "": unknown */
	struct port_programs tcx_ingress, tcx_egress;
	size_t n_ingress_filters, n_egress_filters;	    /* of clsact, ours not counted */
	struct ebc_tc_filter ingress_filter, egress_filter; /* the first of them */

	int flowtables_error;
	bool has_flowtable;
	struct ebc_flowtable flowtable; /* the first with this interface, one in the card before others */

	/* Of /sys and /proc/sys. */
	bool has_sysfs; /* /sys shows this interface: it is of this network namespace */
	bool is_wireless;
	bool has_rps;
	enum answer is_stamped_before_rps; /* netdev_tstamp_prequeue, which other network namespaces do not
					      show */
	bool is_threaded;
	long long gro_flush_timeout_ns, napi_defer_hard_irqs;
	bool has_bql;  /* a byte queue limit has been at work */
	bool has_ipv6; /* the kernel has it at all */
	bool is_ipv6_disabled;
};

/*
 * Looks at the interface `name`. `root` stands before /sys and /proc. What could not be found out says so in
 * the facts; ret->use and ret->below are left as they are.
 */
void port_look(const char *root, struct ebc_links *links, const char *name, struct port_facts *ret);
/* What the configuration says of it; NULL: there is none. */
void port_use_of(const struct ebc_config *config, const char *name, struct port_use *ret);
/* How many others in the list have its master and its switch chip, which it has. */
size_t port_n_of_same_switch(const struct ebc_link_detail *ours, const struct ebc_link_detail *list,
			     size_t n);
/* The name in the list that differs least, if it differs by few letters only; NULL: none. */
const char *port_nearest_name(const struct ebc_link_detail *list, size_t n, const char *name);

/* Private to port_look(): BPF programs of tcx. */
/* The name of a BPF program; "id 7" where it may not be asked for, or has none. */
void port_look_program_name(uint32_t id, char *name, size_t size);
void port_look_programs(int ifindex, bool is_egress, struct port_programs *ret);
