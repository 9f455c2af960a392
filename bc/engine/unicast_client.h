/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The client's side of unicast negotiation (IEEE 1588-2019 clause 16.1): a port asks every master of its
 * table for Announce, and the one that the best master clock algorithm chose for Sync and Delay_Resp. Grants
 * are renewed after three quarters of their time; what a master that was left still grants is canceled; a
 * master that denies is asked less often; one whose Announce messages stay away has forgotten us and is asked
 * anew.
 */
#pragma once

#include "bc/engine/unicast_private.h"

/* 0 or -ENOMEM; NULL where the configuration names no masters. */
int bc_unicast_client_new(struct bc_port *port, struct bc_unicast_client **ret_client);
/* Accepts NULL. */
void bc_unicast_client_free(struct bc_unicast_client *client);

/* What the masters of the same table granted a predecessor, a port of the same identity and transport, goes
 * on where the same is wanted now. */
void bc_unicast_client_inherit(struct bc_port *port, const struct bc_port *old);

/* These do nothing on a port without masters to ask. */

/* The port became active, or ceased to be: then nothing is granted any more. */
void bc_unicast_client_port_changed(struct bc_port *port, uint64_t now_mono_ns);
/* The state decision was made: who is the best master may have changed. */
void bc_unicast_client_select(struct bc_port *port, uint64_t now_mono_ns);
void bc_unicast_client_announce_heard(struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx,
				      uint64_t now_mono_ns);
void bc_unicast_client_grant(struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx,
			     const struct bc_tlv *tlv, uint64_t now_mono_ns);
void bc_unicast_client_cancel(struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx,
			      const struct bc_tlv *tlv, struct bc_tlv_buffer *reply, uint64_t now_mono_ns);
void bc_unicast_client_timer(struct bc_port *port, uint64_t now_mono_ns);
/* NEVER: nothing is to be done. */
uint64_t bc_unicast_client_deadline(const struct bc_port *port);

/* The clock's time stood still: that was no silence of the masters. */
void bc_unicast_client_shift(struct bc_port *port, uint64_t by_ns);
/* The interval that was granted for Sync (log2 s), or 0x7f: none. */
int8_t bc_unicast_client_sync_interval(const struct bc_port *port);
/* The interval at which Delay_Req may be sent (log2 s): as granted, else as configured. */
int8_t bc_unicast_client_delay_req_interval(const struct bc_port *port);
/* Whether two ports of one transport have the same masters in their tables. Either may have none. */
bool bc_unicast_client_asks_the_same(const struct bc_port *port, const struct bc_port *old);
/* Whether that is a master of our table. */
bool bc_unicast_client_knows(const struct bc_port *port, const struct bc_address *source);
