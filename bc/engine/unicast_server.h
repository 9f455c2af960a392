/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unicast service (IEEE 1588-2019 clause 16.1): grants Announce, Sync and Delay_Resp to those who ask, within
 * limits, and sends to each client what it was granted. A request costs a look-up in a hash table, the timer
 * only what is due (a heap), and memory is the same however many ask. A port that is not master denies;
 * grants that it gave before rest until it is master again or they expire.
 */
#pragma once

#include "bc/engine/unicast_private.h"

/* 0 or -ENOMEM; NULL where the configuration allows no clients. */
int bc_unicast_server_new(struct bc_port *port, struct bc_unicast_server **ret_server);
/* Accepts NULL. */
void bc_unicast_server_free(struct bc_unicast_server *server);

/* Clients of a predecessor, a port of the same identity and transport, keep their grants, for as long as they
 * were told, where there is room for all that they have within the limits of now. The others are not told: a
 * ptp4l that is canceled and granted Announce again before it noticed a silence asks for no Sync. */
void bc_unicast_server_inherit(struct bc_port *port, const struct bc_port *old);

/* These do nothing on a port without service. Grants and denials are added to `reply`. */
void bc_unicast_server_request(struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx,
			       const struct bc_tlv *tlv, struct bc_tlv_buffer *reply, uint64_t now_mono_ns);
void bc_unicast_server_cancel(struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx,
			      const struct bc_tlv *tlv, struct bc_tlv_buffer *reply);
/* Whether the sender is a client: it holds a grant, under that name and at that address. */
bool bc_unicast_server_knows(const struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx);
/* What Announce tells has changed: each client hears of it soon, but not oftener than so many times an
 * interval. */
void bc_unicast_server_news(struct bc_port *port, unsigned int times_an_interval, uint64_t now_mono_ns);
/* Sends what is due, not more than so much at once that the rest waits for its turn. */
void bc_unicast_server_timer(struct bc_port *port, uint64_t now_mono_ns);
/* Syncs that have waited for their stamp for too long. */
void bc_unicast_server_expire_stamps(struct bc_port *port, uint64_t now_mono_ns);
/* NEVER, when there is nothing to do. */
uint64_t bc_unicast_server_deadline(const struct bc_port *port);

/* Of a Sync of ours: true when it was. Then its Follow_Up is sent. */
bool bc_unicast_server_stamp(struct bc_port *port, uint16_t sequence_id, uint64_t stamp_mono_ns);
/* Whether a Sync with that sequenceId waits for its stamp, by which it could be taken for another one. */
bool bc_unicast_server_awaits(const struct bc_port *port, uint16_t sequence_id);
/* Nobody waits for stamps any longer. */
void bc_unicast_server_forget_stamps(struct bc_port *port);
