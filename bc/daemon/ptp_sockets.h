/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sockets of one port without BPF: two of UDP, for event and general messages, or one packet socket for
 * both. They receive what comes in by that interface, with the kernel's stamp of event messages, and none of
 * what this machine sends. Groups are joined elsewhere (membership.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bc/wire/encap.h"

struct ptp_sockets {
	int event_fd;	/* -1: not open. Ethernet: for all messages */
	int general_fd; /* -1: none */
};

#define PTP_SOCKETS_NONE ((struct ptp_sockets){.event_fd = -1, .general_fd = -1})

struct ptp_sockets_options {
	enum ebc_transport transport;
	const char *interface;
	int ifindex; /* of that interface */
	/* It is a member of a bridge or bond, which takes its frames before those see them who want PTP only.
	 */
	bool is_member;
	uint8_t dscp_event, dscp_general; /* 0..63; UDP */
	uint8_t multicast_hops;		  /* UDP */
	int priority;			  /* SO_PRIORITY; 0: as it is */
};

/* 0, -EPERM or -EACCES (no privilege), -EADDRINUSE (a program that shares UDP's ports with nobody),
 * -EOPNOTSUPP (UDP on a member: its bridge receives that), or another -errno. */
int ptp_sockets_open(const struct ptp_sockets_options *options, struct ptp_sockets *ret_sockets);
void ptp_sockets_close(struct ptp_sockets *sockets);

/* What a message is to be sent with. */
struct ptp_sockets_envelope {
	enum ebc_transport transport;
	int ifindex;
	const struct bc_address *source, *destination;
	bool is_event; /* stamped by the driver: driver_stamp_pop() */
};

/* Sends a message, never waiting. 0 or -errno. */
int ptp_sockets_send(const struct ptp_sockets *sockets, const struct ptp_sockets_envelope *envelope,
		     const uint8_t *message, size_t len);
