/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the driver says of itself, for the log only: nothing depends on it. ethtool netlink by libmnl. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct ebc_ethtool_info {
	char driver[32];      /* "" when unknown */
	bool has_tx_software; /* SOF_TIMESTAMPING_TX_SOFTWARE */
	bool has_rx_software;
	bool has_tx_hardware;
	bool has_rx_hardware;
	int phc_index;	       /* -1: none */
	bool has_gro_fraglist; /* fraglist GRO is switched on: frames reach the hooks in lists */
};

/* 0 or -errno (-EOPNOTSUPP: no ethtool netlink). Untouched on failure. */
int ebc_ethtool_get(const char *name, struct ebc_ethtool_info *ret_info);
