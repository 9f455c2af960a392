/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What hangs at a clsact hook: our filter, and whether others use the hook too. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/ebc_abi.h"

struct ebc_clsact_filters {
	size_t n_ours;
	size_t n_others;
	uint32_t our_priority; /* of the last of ours; 0: none */
};

/*
 * Lists the filters of one hook of `ifindex`; ours are those with `handle`. A hook or an interface that
 * does not exist has no filters. 0 or -errno; *ret_filters untouched on failure.
 */
int ebc_clsact_list(uint32_t ifindex, enum ebc_direction direction, uint32_t handle,
		    struct ebc_clsact_filters *ret_filters);
