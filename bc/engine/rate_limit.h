/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often a sender of general messages is listened to: token buckets by port identity in a table of fixed
 * size. Senders that the table does not know share a bucket of their own, so that whoever invents an
 * identity for each message gains nothing by it. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bc/wire/msg.h"

enum bc_rate_kind {
	BC_RATE_ANNOUNCE,
	BC_RATE_SIGNALING,
	BC_RATE_MANAGEMENT,
	BC_RATE_NEWCOMERS_OF_HOST, /* the sender is an address, see admission.c */
	BC_RATE_KINDS,
};

/* One message each interval_ns in the long run, `burst` of them (at least 1) at once. */
struct bc_rate {
	uint64_t interval_ns; /* 0: no limit */
	uint32_t burst;
};

struct bc_rate_limit_config {
	size_t n_senders; /* remembered, of all kinds together; rounded up to a power of two, at least 8 */
	uint64_t seed;	  /* so that nobody can choose whom he collides with */
	struct {
		struct bc_rate sender;	  /* each one */
		struct bc_rate newcomers; /* all together that are not remembered */
	} kinds[BC_RATE_KINDS];
};

struct bc_rate_limit;

/* 0, -EINVAL (n_senders is 0 or above 65536, a burst of 0) or -ENOMEM. The caller owns it. */
int bc_rate_limit_new(const struct bc_rate_limit_config *config, struct bc_rate_limit **ret_limit);
/* Accepts NULL. */
void bc_rate_limit_free(struct bc_rate_limit *limit);

/* Whether the table remembers that sender. */
bool bc_rate_limit_remembers(struct bc_rate_limit *limit, enum bc_rate_kind kind,
			     const struct ptp_port_identity *sender);

/*
 * Whether a message of that sender is to be looked at, which takes a token. is_known: the caller has a record
 * of it, so that it is no newcomer even if this table has forgotten it. now_mono_ns never falls.
 */
bool bc_rate_limit_allows(struct bc_rate_limit *limit, enum bc_rate_kind kind,
			  const struct ptp_port_identity *sender, bool is_known, uint64_t now_mono_ns);
