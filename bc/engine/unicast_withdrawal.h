/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clients of a predecessor whose grants the configuration of now does not give: each is told once, by
 * CANCEL_UNICAST_TRANSMISSION (IEEE 1588-2019 16.1.4.3), few at a time. Who asked again meanwhile and was
 * granted it is left alone.
 */
#pragma once

#include "bc/engine/unicast_private.h"

struct bc_unicast_withdrawals;

/* Room for so many, behind those that a predecessor has not told yet. Without memory nobody is told. */
void bc_unicast_withdrawals_inherit(struct bc_port *port, const struct bc_port *old, size_t max);
/* Accepts NULL. */
void bc_unicast_withdrawals_free(struct bc_unicast_withdrawals *withdrawals);
/* One client more; after until_mono_ns it would have nothing in any case. */
void bc_unicast_withdraw(struct bc_port *port, const struct ptp_port_identity *identity,
			 const struct bc_address *address, const bool *is_over, uint64_t until_mono_ns);

/* Tells the next ones. */
void bc_unicast_withdrawals_timer(struct bc_port *port, uint64_t now_mono_ns);
/* NEVER, when nobody is left or nothing can be sent. */
uint64_t bc_unicast_withdrawals_deadline(const struct bc_port *port);
