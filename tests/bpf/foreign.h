/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Somebody else's tc filter: counts the frames that it sees and answers always the same. */
#pragma once

#include <stdint.h>

#include "bpf/ebc_abi.h"

struct foreign_filter {
	int map_fd, program_fd;
};

void foreign_filter_new(int verdict, struct foreign_filter *ret_filter);
void foreign_filter_free(struct foreign_filter *filter);
/* By clsact (which is made when missing), at priority 9 and handle 1. */
void foreign_filter_attach(const struct foreign_filter *filter, uint32_t ifindex,
			   enum ebc_direction direction);
/* Frames seen since creation. */
uint64_t foreign_filter_count(const struct foreign_filter *filter);
