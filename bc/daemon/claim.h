/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The right of one instance to an interface: two that serve the same domain there would undo each other's
 * work. An abstract UNIX socket is the claim: it belongs to the network namespace and vanishes with its
 * owner.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct claim {
	bool is_all_domains;	/* then the other two do not matter ... */
	bool leaves_own_domain; /* ... but that whoever holds them is no stranger: this process */
	uint16_t sdo_id;
	uint8_t domain_number;
};

/* A descriptor that holds the claim, -EADDRINUSE when another instance has one that overlaps, or -errno. */
int claim_interface(const struct claim *claim, const char *name);
