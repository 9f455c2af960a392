// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads the stamps that the kernel programs publish. */
#include <bpf/bpf.h>
#include <errno.h>

#include "bpf/loader_internal.h"

int ebc_loader_read_stamps(struct ebc_loader *loader, struct ebc_stamp_position *position,
			   struct ebc_stamp_key *ret_keys, struct ebc_stamp_value *ret_values, size_t max)
{
	int fd = loader->map_fd[EBC_MAP_STAMPS];
	__u32 count = (__u32)max;

	if (position->is_over || fd < 0)
		return 0;
	if (bpf_map_lookup_batch(fd, position->has_begun ? &position->batch : NULL, &position->batch,
				 ret_keys, ret_values, &count, NULL) < 0) {
		if (errno != ENOENT)
			return -errno;
		position->is_over = true;
	}
	position->has_begun = true;
	return (int)count;
}
