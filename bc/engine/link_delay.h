/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an engine's port knows of its link by peer delay, for status and management. A port that measures end
 * to end knows nothing of that kind.
 */
#pragma once

#include "bc/engine/peer_delay.h"

struct bc_link_delay_status {
	enum bc_delay_mechanism mechanism; /* in force: an AUTO port's is E2E or P2P */
	bool is_capable; /* asCapable of IEEE 802.1AS; true wherever that profile is not used */
	struct bc_peer_delay_status peer; /* all zero unless P2P is in force */
};

void bc_engine_link_delay(const struct bc_engine *engine, size_t port,
			  struct bc_link_delay_status *ret_status);
/* 0 where a port does not measure peer delay. */
uint64_t bc_engine_peer_delay_count(const struct bc_engine *engine, size_t port,
				    enum bc_peer_delay_counter counter);
