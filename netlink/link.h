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
#define EBC_LINK_LOWEST	   16

enum ebc_link_kind {
	EBC_LINK_PLAIN = 0, /* physical, veth and anything that is not stacked */
	EBC_LINK_VLAN,
	EBC_LINK_BOND, /* a team as well */
	EBC_LINK_BRIDGE,
};

struct ebc_link {
	int ifindex;
	char name[IFNAMSIZ];
	char kind_name[16]; /* IFLA_INFO_KIND: "veth", "vlan", ...; "" for a physical device */
	enum ebc_link_kind kind;
	uint8_t mac[6];
	bool is_ethernet; /* false: frames are not Ethernet's, or loopback; mac is not to be used then */
	bool is_up;	  /* IFF_UP */
	bool has_carrier; /* IFF_RUNNING: up, and the operstate is up or unknown */
	bool is_bridge_member;
	bool is_bond_member;
	int master_ifindex;    /* bridge or bond it is a member of; 0: none */
	uint8_t bridge_mac[6]; /* zero when not a member of a bridge */
	uint16_t vlan_id;      /* of a VLAN device */
	uint32_t mtu;
	/* Own addresses, and behind them those of its bridge (n_own_* of them are its own). */
	size_t n_ipv4, n_own_ipv4;
	struct in_addr ipv4[EBC_LINK_ADDRESSES];
	size_t n_ipv6, n_own_ipv6;
	struct in6_addr ipv6[EBC_LINK_ADDRESSES]; /* link-local first, of each of the two; none tentative */
	/*
	 * The lowest devices that this namespace sees below, at least one: itself when not stacked (a bridge
	 * too); the real device of a VLAN or macvlan; the members of a bond, of which those beyond
	 * EBC_LINK_LOWEST are left out. A VLAN whose real device is in another namespace, and a bond without
	 * members: itself.
	 */
	size_t n_lowest;
	int lowest[EBC_LINK_LOWEST];
	/* What the kernel never sees on it or on what is below. */
	bool has_switch_id; /* phys_switch_id: an ASIC may switch past the hooks */
	bool has_xdp;	    /* an XDP program may redirect past the hooks */
};

struct ebc_links;

enum ebc_link_event_type {
	EBC_LINK_EVENT_CHANGED =
		1,		/* new, renamed, up/down, carrier, MAC, master, addresses: look it up again */
	EBC_LINK_EVENT_REMOVED, /* deleted or moved to another namespace: this ifindex is gone */
	EBC_LINK_EVENT_OVERRUN, /* events were lost: look everything up again */
};

struct ebc_link_event {
	enum ebc_link_event_type type;
	int ifindex;
	char name[IFNAMSIZ]; /* may be "" for address events */
};

/*
 * Opens a request socket and an event socket (links, IPv4 and IPv6 addresses) in the network namespace of
 * the calling thread. 0 or -errno.
 */
int ebc_links_new(struct ebc_links **ret_links);
/* Accepts NULL. */
void ebc_links_free(struct ebc_links *links);

/*
 * Look an interface up by name (an alternative name will do: then ret_link->name differs) or by ifindex. The
 * kernel is asked anew each time: two requests for a plain port, four for one in a bridge, and one more for
 * each device below.
 * 0, -ENODEV, -EAGAIN (links changed without end meanwhile), -ETIMEDOUT (one second a request), or another
 * -errno; untouched on failure.
 */
int ebc_link_get_by_name(struct ebc_links *links, const char *name, struct ebc_link *ret_link);
int ebc_link_get_by_index(struct ebc_links *links, int ifindex, struct ebc_link *ret_link);

/* Readable when events wait in the socket; those in the queue are to be popped after each dispatch. */
int ebc_links_fd(const struct ebc_links *links);
/*
 * Moves what waits in the socket into a queue of at most 256 events, merging those of one interface; never
 * blocks, and reads a bounded number. When the queue or the socket overflows, one OVERRUN stands for all.
 * 0 or -errno.
 */
int ebc_links_dispatch(struct ebc_links *links);
/* Takes the oldest event; false when there is none. */
bool ebc_links_pop_event(struct ebc_links *links, struct ebc_link_event *ret_event);
