/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network interfaces as a PTP port needs to know them: identity, addresses, state, what they are
 * stacked on, and changes to all of it as events. rtnetlink through libnl-3. Does not log.
 */
#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EBC_LINK_ADDRESSES 4
#define EBC_LINK_LOWEST	   8

enum ebc_link_kind {
	EBC_LINK_PLAIN = 0, /* physical, veth and anything that is not stacked */
	EBC_LINK_VLAN,
	EBC_LINK_BOND,
	EBC_LINK_BRIDGE,
};

struct ebc_link {
	int ifindex;
	char name[IFNAMSIZ];
	char kind_name[16]; /* IFLA_INFO_KIND: "veth", "vlan", ...; "" for a physical device */
	enum ebc_link_kind kind;
	uint8_t mac[6];
	bool is_ethernet;
	bool is_up;	  /* IFF_UP */
	bool has_carrier; /* IFF_RUNNING / operstate up */
	bool is_bridge_member;
	bool is_bond_member;
	int master_ifindex;    /* bridge or bond it is a member of; 0: none */
	uint8_t bridge_mac[6]; /* zero when not a member of a bridge */
	uint16_t vlan_id;      /* of a VLAN device */
	uint32_t mtu;
	/* Own addresses, and behind them those of the bridge it is a member of (n_own_* of them are its own).
	 */
	size_t n_ipv4, n_own_ipv4;
	struct in_addr ipv4[EBC_LINK_ADDRESSES];
	size_t n_ipv6, n_own_ipv6;
	struct in6_addr ipv6[EBC_LINK_ADDRESSES]; /* link-local first */
	/* Physical devices below: itself when not stacked; real device of a VLAN; members of a bond. */
	size_t n_lowest;
	int lowest[EBC_LINK_LOWEST];
	/* What the kernel never sees on it. */
	bool has_switch_id; /* phys_switch_id: an ASIC may switch past the hooks */
	bool has_xdp;	    /* an XDP program may redirect past the hooks */
};

struct ebc_links;

enum ebc_link_event_type {
	EBC_LINK_EVENT_CHANGED =
		1,		/* new, renamed, up/down, carrier, MAC, master, addresses: look it up again */
	EBC_LINK_EVENT_REMOVED, /* deleted or moved to another namespace */
	EBC_LINK_EVENT_OVERRUN, /* events were lost: look everything up again */
};

struct ebc_link_event {
	enum ebc_link_event_type type;
	int ifindex;
	char name[IFNAMSIZ]; /* may be "" for address events */
};

/* Opens a request socket and an event socket (links, IPv4 and IPv6 addresses). 0 or -errno. */
int ebc_links_new(struct ebc_links **ret_links);
/* Accepts NULL. */
void ebc_links_free(struct ebc_links *links);

/* Looks an interface up by name or by ifindex. 0, -ENODEV, or another -errno; untouched on failure. */
int ebc_link_get_by_name(struct ebc_links *links, const char *name, struct ebc_link *ret_link);
int ebc_link_get_by_index(struct ebc_links *links, int ifindex, struct ebc_link *ret_link);

/* Readable when events wait. */
int ebc_links_fd(const struct ebc_links *links);
/* Reads what waits into a bounded queue; never blocks. 0 or -errno. */
int ebc_links_dispatch(struct ebc_links *links);
/* Takes the oldest event; false when there is none. */
bool ebc_links_pop_event(struct ebc_links *links, struct ebc_link_event *ret_event);
