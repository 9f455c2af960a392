/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a network card and its driver are set to, as far as it moves frames away from their stamps. For the
 * doctor (ebpf-bcctl check): the daemon does not ask. ethtool netlink by libmnl.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum ebc_duplex {
	EBC_DUPLEX_UNKNOWN,
	EBC_DUPLEX_HALF,
	EBC_DUPLEX_FULL,
};

/* What a driver does not tell is not there (has_...), or 0. */
struct ebc_ethtool_tuning {
	uint32_t speed_mbps; /* 0: unknown, or no carrier */
	enum ebc_duplex duplex;

	bool has_features;
	bool has_gro_hw, has_gro_fraglist, has_gro_udp_forwarding, has_lro, has_tso, has_hw_tc;

	/* Of the interrupt for received frames; that for transmitted ones comes after any stamp. */
	bool has_coalesce;
	bool has_rx_usecs, has_rx_adaptive; /* those of it that the driver knows */
	uint32_t rx_usecs;
	bool is_rx_adaptive;

	bool has_eee;
	bool is_eee_enabled, is_eee_active; /* active: the neighbour agreed */

	bool has_tx_ring;
	uint32_t tx_ring; /* frames */
};

/* 0 or -errno (-EOPNOTSUPP: no ethtool netlink; -ENODEV). Untouched on failure. */
int ebc_ethtool_tuning_get(const char *name, struct ebc_ethtool_tuning *ret_tuning);
