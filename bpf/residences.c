/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads and forgets the residences that the kernel programs measured. */
#include <bpf/bpf.h>
#include <errno.h>

#include "bpf/loader_internal.h"

int ebc_loader_next_residence(struct ebc_loader *loader, bool *has_key, struct ebc_residence_key *key,
			      struct ebc_residence *ret_residence)
{
	int fd = loader->map_fd[EBC_MAP_RESIDENCES];
	struct ebc_residence_key next;

	if (fd < 0)
		return 0;
	for (;;) {
		if (bpf_map_get_next_key(fd, *has_key ? key : NULL, &next) < 0)
			return errno == ENOENT ? 0 : -errno;
		*key = next;
		*has_key = true;
		if (bpf_map_lookup_elem(fd, &next, ret_residence) == 0)
			return 1;
		if (errno != ENOENT) /* cleared meanwhile: the next one */
			return -errno;
	}
}

int ebc_loader_clear_residences(struct ebc_loader *loader)
{
	int fd = loader->map_fd[EBC_MAP_RESIDENCES];
	struct ebc_residence_key key;

	/* Traffic makes new ones meanwhile: as many as there can be, and no more. */
	for (int i = 0; fd >= 0 && i < EBC_RESIDENCES && bpf_map_get_next_key(fd, NULL, &key) == 0; i++)
		if (bpf_map_delete_elem(fd, &key) < 0 && errno != ENOENT)
			return -errno;
	return 0;
}
