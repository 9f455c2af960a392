/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel programs and the daemon say to each other: map keys and values, ring records,
 * counters. Fixed-width types, explicit padding, sizes asserted. All times named *_mono_ns are
 * CLOCK_MONOTONIC nanoseconds.
 */
#pragma once

#include <linux/types.h>

#define EBC_MAX_PORTS	   128
#define EBC_TX_SLOTS	   256 /* power of two */
#define EBC_PORT_ADDRESSES 4
#define EBC_LOWEST_DEVICES 16	/* below one port */
#define EBC_RX_FRAME_SMALL 256	/* octets of frame in a small receive record */
#define EBC_RX_FRAME_LARGE 1600 /* ... and in a large one; a longer frame is counted and dropped */
#define EBC_STAMPS_ENTRIES 16384

/* A stamp from skb->tstamp further back than this (or ahead of now) is replaced and counted. */
#define EBC_RX_STAMP_MAX_AGE_NS 100000000ULL

enum ebc_transport {
	EBC_TRANSPORT_NONE = 0,
	EBC_TRANSPORT_UDP_IPV4 = 1, /* numbers of networkProtocol, IEEE 1588-2019 table 3 */
	EBC_TRANSPORT_UDP_IPV6 = 2,
	EBC_TRANSPORT_IEEE_802_3 = 3,
};

enum ebc_stamp_source {
	EBC_STAMP_NONE = 0,
	EBC_STAMP_SKB = 1,	  /* the kernel's receive stamp, skb->tstamp */
	EBC_STAMP_TC = 2,	  /* bpf_ktime_get_ns() in the tc program */
	EBC_STAMP_START_XMIT = 3, /* after the qdisc, before the driver */
	EBC_STAMP_XMIT = 5,	  /* in the driver: halfway from net_dev_start_xmit to net_dev_xmit */
	EBC_STAMP_DRIVER = 4,	  /* SOF_TIMESTAMPING_TX_SOFTWARE on the daemon's socket */
};

enum ebc_direction {
	EBC_DIRECTION_RX = 0,
	EBC_DIRECTION_TX = 1,
};

/* The one entry of ebc_ctl_map, memory-mapped by the daemon: everything that changes at run time. */
struct ebc_ctl {
	__u64 lease_until_mono_ns; /* the programs only consume or drop before this time */
	__s64 real_minus_mono_ns;  /* CLOCK_REALTIME minus CLOCK_MONOTONIC */
	__u64 tx_socket_cookie;	   /* the socket whose event frames are stamped */
	__u64 rx_rate_per_s;	   /* token bucket before the receive ring, frames a second and port */
	__u64 rx_burst;		   /* its depth, frames */
	__u32 netns_inum;	   /* inode number of the daemon's network namespace */
	__u16 sdo_id;		   /* 12 bits: majorSdoId << 8 | minorSdoId */
	__u8 domain_number;
	__u8 publish_stamps;  /* not 0: every stamp also goes into ebc_stamps */
	__u8 rx_stamp_source; /* EBC_STAMP_SKB or EBC_STAMP_TC */
	__u8 tx_stamp_source; /* EBC_STAMP_XMIT, EBC_STAMP_START_XMIT: tx object loaded; EBC_STAMP_TC: record
			       * from tc egress
			       */
	__u8 is_sending; /* not 0: the daemon is inside a send and will look into the transmit ring after it
			  */
	__u8 pad;
	__u32 daemon_tgid; /* as the initial PID namespace has it */
};
_Static_assert(sizeof(struct ebc_ctl) == 56, "ebc_ctl layout");

/* ebc_ports: ifindex (u32) of a port -> what is its own. */
struct ebc_port_conf {
	__u32 port_index; /* 0 .. EBC_MAX_PORTS - 1: the daemon's port number minus 1 */
	__u8 mac[6];
	__u8 bridge_mac[6];		      /* zero when not a member of a bridge */
	__be32 ipv4_be32[EBC_PORT_ADDRESSES]; /* zero: unused */
	__u8 ipv6[EBC_PORT_ADDRESSES][16];    /* zero: unused */
};
_Static_assert(sizeof(struct ebc_port_conf) == 96, "ebc_port_conf layout");

/*
 * ebc_tx_devs: the devices that hand a port's frames to the wire: the port itself, the device below a
 * VLAN, the members of a bond. By pairs, since a device can be a port and below a port. Value: u32, unused.
 */
struct ebc_tx_dev_key {
	__u32 lowest_ifindex;
	__u32 port_ifindex;
};
_Static_assert(sizeof(struct ebc_tx_dev_key) == 8, "ebc_tx_dev_key layout");

/* Record of the receive ring. `frame` begins at the Ethernet header, as tc ingress sees it. */
struct ebc_rx_record {
	__u64 stamp_mono_ns;
	__u64 tc_mono_ns; /* when tc ingress ran */
	__u32 ifindex;
	__u16 port_index;
	__u16 frame_len;   /* octets of frame that follow */
	__u16 ptp_offset;  /* of the PTP header in frame */
	__u16 ptp_len;	   /* octets from there to the end of the UDP payload or of the frame */
	__u8 transport;	   /* enum ebc_transport */
	__u8 stamp_source; /* EBC_STAMP_SKB or EBC_STAMP_TC */
	__u8 pad[2];
	__u8 frame[];
};
_Static_assert(sizeof(struct ebc_rx_record) == 32, "ebc_rx_record layout");

/* Record of the transmit ring: an event frame of ours has left. */
struct ebc_tx_record {
	__u64 stamp_mono_ns;
	__u64 tc_mono_ns; /* when tc egress ran, before the qdisc */
	__u32 ifindex;	  /* the port's */
	__u16 port_index;
	__u16 sequence_id;
	__u8 message_type;
	__u8 domain_number;
	__u8 stamp_source;
	__u8 pad[5];
};
_Static_assert(sizeof(struct ebc_tx_record) == 32, "ebc_tx_record layout");

/* ebc_stamps, for experiments: least recently used goes first, so that it never fills. */
struct ebc_stamp_key {
	__u32 ifindex;
	__u8 direction; /* enum ebc_direction */
	__u8 message_type;
	__u8 domain_number;
	__u8 pad;
	__u8 source_port_identity[10];
	__u16 sequence_id; /* host order */
};
_Static_assert(sizeof(struct ebc_stamp_key) == 20, "ebc_stamp_key layout");

struct ebc_stamp_value {
	__u64 stamp_mono_ns;
	__u8 stamp_source;
	__u8 pad[7];
};
_Static_assert(sizeof(struct ebc_stamp_value) == 16, "ebc_stamp_value layout");

/*
 * Counters of the kernel side, one set a port and CPU (ebc_counters, indexed by port_index).
 * X(identifier, name in logs). "passed": left alone, for others to handle.
 */
#define EBC_COUNTERS(X)                                                                                    \
	X(RX_EVENT, "bpf_rx_event")			/* consumed into the ring */                       \
	X(RX_GENERAL, "bpf_rx_general")			/* consumed into the ring */                       \
	X(RX_PASSED_VERSION, "bpf_rx_passed_version")	/* PTPv1 or unknown version */                     \
	X(RX_PASSED_DOMAIN, "bpf_rx_passed_domain")	/* another domainNumber */                         \
	X(RX_PASSED_SDO, "bpf_rx_passed_sdo_id")	/* another sdoId */                                \
	X(RX_PASSED_VLAN, "bpf_rx_passed_vlan")		/* not this port's own tag state */                \
	X(RX_PASSED_UNICAST, "bpf_rx_passed_unicast")	/* addressed to somebody else */                   \
	X(RX_PASSED_LEASE, "bpf_rx_passed_no_lease")	/* the daemon does not live */                     \
	X(RX_PASSED_FRAGMENT, "bpf_rx_passed_fragment") /* IP fragment to or from who knows which port */  \
	X(RX_DROPPED_SHORT, "bpf_rx_dropped_short")	/* shorter than the common header */               \
	X(RX_DROPPED_LENGTH, "bpf_rx_dropped_length")	/* messageLength beyond frame or below header */   \
	X(RX_DROPPED_LONG, "bpf_rx_dropped_long")	/* longer than a record holds */                   \
	X(RX_DROPPED_RATE, "bpf_rx_dropped_rate")	/* token bucket empty */                           \
	X(RX_DROPPED_RING_FULL, "bpf_rx_dropped_ring_full")                                                \
	X(RX_STAMP_REPLACED, "bpf_rx_stamp_replaced") /* skb->tstamp missing or out of range */            \
	X(TX_EVENT, "bpf_tx_event")		      /* own event frames seen at tc egress */             \
	X(TX_STAMP, "bpf_tx_stamp")		      /* transmit stamps reported */                       \
	X(TX_STAMP_RING_FULL, "bpf_tx_stamp_ring_full")                                                    \
	X(TX_DROPPED_FOREIGN, "bpf_tx_dropped_foreign") /* multicast of our domain the daemon did not send \
							 */

enum ebc_counter {
#define X(id, name) EBC_COUNTER_##id,
	EBC_COUNTERS(X)
#undef X
	EBC_COUNTER_MAX
};

struct ebc_counters {
	__u64 value[EBC_COUNTER_MAX];
};
