/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel programs and the daemon say to each other: map keys and values, ring records,
 * counters. Fixed-width types, explicit padding, sizes asserted. All times named *_mono_ns are
 * CLOCK_MONOTONIC nanoseconds.
 */
#pragma once

#include <linux/types.h>

#define EBC_MAX_PORTS	   128
#define EBC_TX_SLOTS	   1024 /* marked frames on their way to the driver; power of two */
#define EBC_RX_SLOTS	   1024 /* event messages between tc ingress and tc egress; power of two */
#define EBC_PORT_ADDRESSES 4
#define EBC_LOWEST_DEVICES 16	/* below one port */
#define EBC_RX_FRAME_SMALL 256	/* octets of frame in a small receive record */
#define EBC_RX_FRAME_LARGE 1600 /* ... and in a large one; a longer frame is counted and dropped */
#define EBC_STAMPS_ENTRIES 16384
#define EBC_DEPARTURES	   8192 /* event messages forwarded, whose followers are due; power of two */
#define EBC_DEPARTURE_WAYS 4	/* places that one of them can take, side by side; power of two */
#define EBC_SEEN	   8192 /* messages remembered for a second */
#define EBC_RESIDENCES	   1024 /* {ingress port, egress port, messageType} with a histogram */

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
	__u8 leaves_own_domain; /* with has_all_domains: but for sdo_id and domain_number */
	__u32 daemon_tgid;	/* as the initial PID namespace has it */

	/* Transparent clock and monitor. */
	__s64 rate_offset_2m32;	     /* grandmaster's rate over CLOCK_MONOTONIC's, less one, in 2^-32 */
	__u32 priority;		     /* skb->priority that PTP frames get; 0: as they have it */
	__u8 is_p2p;		     /* P2P_TC: peer delay is ours, delay requests end here */
	__u8 has_all_domains;	     /* not 0: sdo_id and domain_number do not matter */
	__u8 is_auth_mutable;	     /* correctionField may change under an AUTHENTICATION TLV */
	__u8 counts_steps;	     /* tc_spanning_tree: Announce gets stepsRemoved + 1 */
	__u8 one_step;		     /* enum ebc_one_step */
	__u8 corrects_without_lease; /* pinned programs go on when the daemon has died */
	__u8 wants_samples;	     /* every residence also goes into ebc_samples */
	__u8 observes;		     /* copies of Sync, Follow_Up and Announce of sdo_id and domain_number */
	__u32 n_ports;		     /* port_index is below this */

	/*
	 * A boundary clock's time, for whoever maps this: PTP = ref_ptp + elapsed * (1 + rate_q62 / 2^62),
	 * elapsed since ref_mono. The writer makes clock_seq odd, writes, and makes it even again; 0: no
	 * clock.
	 */
	__u32 clock_seq;
	__u32 clock_ref_frac; /* to be added to clock_ref_ptp_ns, 2^-32 ns */
	__u64 clock_ref_mono_ns;
	__s64 clock_ref_ptp_ns;
	__s64 clock_rate_q62;
};
_Static_assert(sizeof(struct ebc_ctl) == 112, "ebc_ctl layout");

/* What becomes of event messages that no other message follows (tc_one_step). */
enum ebc_one_step {
	EBC_ONE_STEP_AUTO = 0, /* kept while the port's queue is short, converted otherwise */
	EBC_ONE_STEP_KEEP,
	EBC_ONE_STEP_CONVERT,
};
/* AUTO keeps them below this median time from tc egress to net_dev_start_xmit, ... */
#define EBC_ONE_STEP_QUEUE_NS 2000
/* ... of this many event messages, the last of which left no longer ago than this. */
#define EBC_QUEUE_RECENT	8
#define EBC_QUEUE_RECENT_AGE_NS 60000000000ULL
/* A follower comes within this time of its event message, and a ring brings a copy within it. */
#define EBC_FOLLOW_MAX_AGE_NS 1000000000ULL
/* A frame that stayed longer is not corrected. */
#define EBC_RESIDENCE_MAX_NS 4000000000ULL

/* ebc_ports: ifindex (u32) of a port -> what is its own. */
struct ebc_port_conf {
	__u32 port_index; /* 0 .. EBC_MAX_PORTS - 1: the daemon's port number minus 1 */
	__u8 mac[6];
	__u8 bridge_mac[6];		      /* zero when not a member of a bridge */
	__be32 ipv4_be32[EBC_PORT_ADDRESSES]; /* zero: unused */
	__u8 ipv6[EBC_PORT_ADDRESSES][16];    /* zero: unused */

	/* Transparent clock. Scaled nanoseconds (2^-16 ns), as correctionField. */
	__s64 delay_asymmetry_sns; /* added to Sync and Pdelay_Resp that come in, taken from requests that
				      leave */
	__s64 link_delay_sns;	   /* P2P_TC: added to Sync that come in */
	__s32 ingress_latency_ns;  /* the wire is so much earlier than the receive stamp ... */
	__s32 egress_latency_ns;   /* ... and so much later than the transmit stamp */
	__u32 bridge_ifindex;	   /* 0: not a member of a bridge */
	__u8 forward;		   /* enum ebc_forward */
	__u8 pad[3];
};
_Static_assert(sizeof(struct ebc_port_conf) == 128, "ebc_port_conf layout");

/* Who carries multicast PTP from this port to the others (tc_forward). */
enum ebc_forward {
	EBC_FORWARD_NONE = 0, /* nobody here: a boundary clock, a monitor */
	EBC_FORWARD_AUTO,     /* its bridge to the bridge's other members, the ingress program to the rest */
	EBC_FORWARD_BRIDGE,   /* its bridge; the program only clones L2 peer delay, which bridges drop */
	EBC_FORWARD_DIRECT,   /* the program, to every other port; the bridge gets none */
};

/* ebc_clone_targets, by port_index. */
struct ebc_clone_target {
	__u32 ifindex;	      /* 0: no such port now */
	__u32 bridge_ifindex; /* 0: not a member of a bridge */
};
_Static_assert(sizeof(struct ebc_clone_target) == 8, "ebc_clone_target layout");

/*
 * What tells one PTP message from others. `ifindex` is the port by which an event message left, or 0 where
 * that does not matter. requesting_port_identity is that of Delay_Resp, Pdelay_Resp and its follower, the
 * target's of Signaling and Management, and zero otherwise.
 */
struct ebc_event_key {
	__u8 message_type;
	__u8 domain_number;
	__u16 sequence_id; /* host order */
	__u16 sdo_id;
	__u8 pad[2];
	__u32 ifindex;
	__u8 source_port_identity[10];
	__u8 requesting_port_identity[10];
};
_Static_assert(sizeof(struct ebc_event_key) == 32, "ebc_event_key layout");

/*
 * ebc_tx_devs: the devices that hand a port's frames to the wire: the port itself, the device below a
 * VLAN, the members of a bond. By pairs, since a device can be a port and below a port. Value: u32, unused.
 */
struct ebc_tx_dev_key {
	__u32 lowest_ifindex;
	__u32 port_ifindex;
};
_Static_assert(sizeof(struct ebc_tx_dev_key) == 8, "ebc_tx_dev_key layout");

/* Why a frame is in the receive ring. */
enum ebc_rx_reason {
	EBC_RX_CONSUMED = 0, /* the clock's own; nobody else gets it */
	EBC_RX_OBSERVED,     /* a copy: the frame goes on */
	EBC_RX_PEER_DELAY,   /* P2P_TC: consumed */
	EBC_RX_PARKED,	     /* at tc egress: a follower whose event message has not left yet; consumed */
	EBC_RX_CONVERTED,    /* at tc egress: copy of a one-step message that leaves as a two-step one */
};

/*
 * Record of the receive ring. `frame` begins at the Ethernet header, as tc sees it. The port is the one at
 * which it was taken: where it came in, or for PARKED and CONVERTED where it leaves.
 */
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
	__u8 reason;	   /* enum ebc_rx_reason */
	__u8 has_vlan;	   /* a tag that the kernel keeps beside the frame: not in `frame` */
	__u16 vlan_tci;
	__be16 vlan_ethertype_be16;
	__u8 pad[4];
	__u8 frame[];
};
_Static_assert(sizeof(struct ebc_rx_record) == 40, "ebc_rx_record layout");

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
	__u8 is_one_step; /* a Sync that tells its time itself: no Follow_Up is due */
	__u32 driver_ns;  /* EBC_STAMP_XMIT: what the driver took; the stamp is halfway through that */
};
_Static_assert(sizeof(struct ebc_tx_record) == 32, "ebc_tx_record layout");

/* Record of ebc_departure_ring: a forwarded event message, for which the daemon holds something, has left. */
struct ebc_departure_record {
	struct ebc_event_key key; /* with the port by which it left */
	__u64 tc_mono_ns;	  /* when tc egress ran: the key of the copy */
	__s64 queued_sns;	  /* from there to the wire, at the grandmaster's rate, scaled nanoseconds */
};
_Static_assert(sizeof(struct ebc_departure_record) == 48, "ebc_departure_record layout");

/* Record of ebc_sample_ring: one event message went through. Wakes nobody. */
struct ebc_sample {
	__u64 rx_mono_ns;
	__u32 before_ns; /* from the receive stamp to tc egress */
	__u32 queued_ns; /* from there to the transmit stamp; ~0: not known */
	__u16 in_port_index;
	__u16 out_port_index;
	__u16 sequence_id;
	__u16 sdo_id;
	__u8 message_type;
	__u8 domain_number;
	__u8 source_port_identity[10];
	__u8 pad[4];
};
_Static_assert(sizeof(struct ebc_sample) == 40, "ebc_sample layout");
#define EBC_QUEUED_UNKNOWN 0xFFFFFFFFU

/*
 * ebc_residences: residence of event messages. Buckets are log-linear, 16 to an octave: of a time v, with
 * e = floor(log2(v)), bucket (e - 3) * 16 + (v >> (e - 4)) % 16, and bucket v below 16 ns.
 */
#define EBC_HISTOGRAM_OCTAVES 33 /* to 2^36 ns */
#define EBC_HISTOGRAM_BUCKETS (EBC_HISTOGRAM_OCTAVES * 16)

struct ebc_residence_key {
	__u16 in_port_index;
	__u16 out_port_index;
	__u8 message_type;
	__u8 pad[3];
};
_Static_assert(sizeof(struct ebc_residence_key) == 8, "ebc_residence_key layout");

struct ebc_histogram {
	__u64 count;
	__u64 sum_ns;
	__u64 sum_squares_low, sum_squares_high; /* ns^2, 128 bits */
	__u64 min_ns, max_ns;
	__u64 bucket[EBC_HISTOGRAM_BUCKETS];
};

struct ebc_residence {
	struct ebc_histogram total;
	struct ebc_histogram before; /* receive stamp to tc egress */
	struct ebc_histogram queued; /* tc egress to transmit stamp */
};

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
	X(TX_DROPPED_FOREIGN,                                                                              \
	  "bpf_tx_dropped_foreign")		/* multicast of our domain the daemon did not send */      \
	X(RX_PASSED_TYPE, "bpf_rx_passed_type") /* reserved messageType, or shorter than its type */       \
	X(RX_PASSED_TLV, "bpf_rx_passed_tlv")	/* TLVs that do not fit, or more than are followed */      \
	X(RX_PASSED_AUTH, "bpf_rx_passed_authentication") /* correction would break its check value */     \
	X(RX_DROPPED_SEEN, "bpf_rx_dropped_seen")	  /* came within the last second already */        \
	X(RX_DROPPED_DELAY, "bpf_rx_dropped_delay")	  /* delay requests and answers end at a P2P_TC */ \
	X(RX_OBSERVED, "bpf_rx_observed")		  /* copied for the daemon */                      \
	X(RX_ANSWER_CORRECTED, "bpf_rx_answer_corrected") /* by what the request met in a queue */         \
	X(RX_ANSWER_UNMATCHED, "bpf_rx_answer_unmatched") /* no such request left by this port */          \
	X(RX_CLONED, "bpf_rx_cloned")			  /* copies made for other ports */                \
	X(RX_CLONE_FAILED, "bpf_rx_clone_failed")                                                          \
	X(TX_CORRECTED, "bpf_tx_corrected")	 /* event messages, in the frame */                        \
	X(TX_UNMARKED, "bpf_tx_passed_unmarked") /* event messages that did not come in by a port */       \
	X(TX_RANGE, "bpf_tx_passed_range")	 /* residence or correctionField out of range */           \
	X(TX_FOLLOWER_CORRECTED, "bpf_tx_follower_corrected")                                              \
	X(TX_FOLLOWER_UNMATCHED, "bpf_tx_follower_unmatched") /* its event message did not leave here */   \
	X(TX_FOLLOWER_PARKED, "bpf_tx_follower_parked") /* overtook its event message; with the daemon */  \
	X(TX_FOLLOWER_NO_LEASE, "bpf_tx_follower_passed_no_lease") /* the same, but no daemon */           \
	X(TX_DEPARTURE_EVICTED, "bpf_tx_departure_evicted") /* by another, before its follower came */     \
	X(TX_FOLLOWER_NOT_HELD, "bpf_tx_follower_passed_not_held") /* too long, or ring full */            \
	X(TX_ONE_STEP_KEPT, "bpf_tx_one_step_kept")                                                        \
	X(TX_ONE_STEP_CONVERTED, "bpf_tx_one_step_converted")                                              \
	X(TX_RESIDENCE_FULL, "bpf_tx_residence_full") /* no room for another histogram */                  \
	X(TX_SAMPLE_LOST, "bpf_tx_sample_lost")	      /* ring of samples full */

enum ebc_counter {
#define X(id, name) EBC_COUNTER_##id,
	EBC_COUNTERS(X)
#undef X
	EBC_COUNTER_MAX
};

struct ebc_counters {
	__u64 value[EBC_COUNTER_MAX];
};
