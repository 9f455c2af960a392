/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What else rtnetlink knows of an interface, a bridge, a bond: for the doctor (ebpf-bcctl check). The daemon
 * does with what link.h tells.
 */
#pragma once

#include "netlink/link.h"

#include <linux/netlink.h>

enum ebc_xdp_mode {
	EBC_XDP_NONE,
	EBC_XDP_GENERIC,   /* after the kernel made an skb of the frame */
	EBC_XDP_DRIVER,	   /* before that */
	EBC_XDP_OFFLOADED, /* in the card */
	EBC_XDP_SEVERAL,
};

/* Port states of a bridge's spanning tree, as the kernel numbers them. */
enum ebc_bridge_port_state {
	EBC_BRIDGE_PORT_DISABLED,
	EBC_BRIDGE_PORT_LISTENING,
	EBC_BRIDGE_PORT_LEARNING,
	EBC_BRIDGE_PORT_FORWARDING,
	EBC_BRIDGE_PORT_BLOCKING,
};

#define EBC_SWITCH_ID_MAX 32

struct ebc_link_detail {
	int ifindex;
	char name[IFNAMSIZ];
	char kind_name[16];
	bool is_ethernet; /* no loopback */
	bool is_multicast;
	char parent_bus[16]; /* "pci", "usb", "virtio"; "" for what has none, and before Linux 5.14 */
	enum ebc_xdp_mode xdp;
	uint32_t xdp_program; /* its id; 0: unknown, or several */
	int master_ifindex;
	/* Of a port of a switch chip: equal for all of its ports. */
	uint8_t switch_id_len, switch_id[EBC_SWITCH_ID_MAX];

	struct {
		bool is_stp, is_vlan_filtering, is_snooping;
		uint16_t group_fwd_mask;
	} bridge; /* of a bridge */
	struct {
		enum ebc_bridge_port_state state;
		uint16_t group_fwd_mask; /* besides the bridge's */
	} bridge_port;			 /* of its member */
	struct {
		uint8_t mode; /* as the kernel numbers them: 0 balance-rr, 1 active-backup, ... */
		int active_ifindex;
	} bond; /* of a bond; a team's are not told */
};

/* RTM_NEWLINK. 0 or -EBADMSG; untouched on failure. Pure. */
int ebc_link_detail_parse(struct nlmsghdr *nlh, struct ebc_link_detail *ret_detail);
/* 0, -ENODEV, -ETIMEDOUT, or another -errno; untouched on failure. */
int ebc_link_detail_get(struct ebc_links *links, int ifindex, struct ebc_link_detail *ret_detail);
/*
 * All interfaces of the namespace, up to `size` of them; `*ret_n` is how many there are, which may be more. 0
 * or -errno.
 */
int ebc_link_detail_list(struct ebc_links *links, struct ebc_link_detail *list, size_t size, size_t *ret_n);
