// SPDX-License-Identifier: GPL-2.0-or-later
/* A list that is made when the configuration changes, and gets shorter from then on. */
#include "bc/engine/unicast_withdrawal.h"

#include <stdlib.h>
#include <string.h>

#include "bc/engine/unicast_server.h"

/* 800 clients a second: each answers, and mostly asks again. */
#define MESSAGES_AT_ONCE 4
#define SPACING_NS	 (5 * NSEC_PER_MSEC)

struct withdrawal {
	struct ptp_port_identity identity;
	struct bc_address address;
	bool is_over[BC_UNICAST_SERVICES];
	uint64_t until_mono_ns;
};

struct bc_unicast_withdrawals {
	uint64_t deadline;
	size_t max, n, n_told;
	struct withdrawal list[];
};

void bc_unicast_withdrawals_inherit(struct bc_port *port, const struct bc_port *old, size_t max)
{
	const struct bc_unicast_withdrawals *old_w = old->unicast_withdrawals;
	size_t n_left = old_w ? old_w->n - old_w->n_told : 0;
	struct bc_unicast_withdrawals *w;

	if (max + n_left == 0)
		return;
	w = calloc(1, sizeof(*w) + (max + n_left) * sizeof(w->list[0]));
	if (!w)
		return;
	w->max = max + n_left;
	w->n = n_left;
	if (n_left > 0)
		memcpy(w->list, &old_w->list[old_w->n_told], n_left * sizeof(w->list[0]));
	port->unicast_withdrawals = w;
}

void bc_unicast_withdrawals_free(struct bc_unicast_withdrawals *withdrawals)
{
	free(withdrawals);
}

void bc_unicast_withdraw(struct bc_port *port, const struct ptp_port_identity *identity,
			 const struct bc_address *address, const bool *is_over, uint64_t until_mono_ns)
{
	struct bc_unicast_withdrawals *w = port->unicast_withdrawals;
	struct withdrawal *withdrawal;

	if (!w || w->n == w->max)
		return;
	withdrawal = &w->list[w->n++];
	withdrawal->identity = *identity;
	withdrawal->address = *address;
	withdrawal->until_mono_ns = until_mono_ns;
	memcpy(withdrawal->is_over, is_over, sizeof(withdrawal->is_over));
}

static void tell(struct bc_port *port, struct withdrawal *withdrawal)
{
	for (unsigned int i = 0; i < BC_UNICAST_SERVICES; i++) {
		withdrawal->is_over[i] &= !bc_unicast_server_serves(
			port, &withdrawal->identity, &withdrawal->address, (enum bc_unicast_service)i);
		if (withdrawal->is_over[i])
			bc_count(port, BC_COUNTER_UNICAST_WITHDRAWN);
	}
	bc_unicast_send_cancel(port, &withdrawal->address, &withdrawal->identity, withdrawal->is_over);
}

void bc_unicast_withdrawals_timer(struct bc_port *port, uint64_t now_mono_ns)
{
	struct bc_unicast_withdrawals *w = port->unicast_withdrawals;

	if (now_mono_ns < bc_unicast_withdrawals_deadline(port))
		return;
	for (int i = 0; i < MESSAGES_AT_ONCE && w->n_told < w->n; i++) {
		struct withdrawal *withdrawal = &w->list[w->n_told++];

		if (now_mono_ns < withdrawal->until_mono_ns)
			tell(port, withdrawal);
	}
	w->deadline = now_mono_ns + SPACING_NS;
}

uint64_t bc_unicast_withdrawals_deadline(const struct bc_port *port)
{
	const struct bc_unicast_withdrawals *w = port->unicast_withdrawals;

	return w && w->n_told < w->n && bc_port_is_active(port) ? w->deadline : NEVER;
}
