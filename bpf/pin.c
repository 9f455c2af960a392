/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins the map of published stamps where experiments look for it. */
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include <bpf/bpf.h>
#include "bpf/loader_internal.h"
#include "util/cleanup.h"

/* A pin that a dead predecessor left gives way. */
int ebc_pin_stamps(struct ebc_loader *loader, const char *path, char *reason, size_t reason_size)
{
	_cleanup_free_ char *copy = strdup(path);
	struct statfs fs;
	char *slash;
	int r;

	if (!copy)
		return -ENOMEM;
	slash = strrchr(copy, '/');
	if (slash)
		slash[slash == copy] = '\0';
	if (statfs(slash ? copy : ".", &fs) < 0) {
		r = -errno;
		snprintf(reason, reason_size, "cannot pin %s: %s", path, strerror(errno));
		return r;
	}
	if (fs.f_type != BPF_FS_MAGIC) {
		snprintf(reason, reason_size, "cannot pin %s: no bpf file system is mounted there", path);
		return -EINVAL;
	}
	unlink(path);
	r = bpf_obj_pin(loader->map_fd[EBC_MAP_STAMPS], path);
	if (r < 0) {
		snprintf(reason, reason_size, "cannot pin %s: %s", path, strerror(-r));
		return r;
	}
	loader->pin_path = strdup(path);
	return loader->pin_path ? 0 : -ENOMEM;
}

void ebc_unpin_stamps(struct ebc_loader *loader)
{
	if (loader->pin_path)
		unlink(loader->pin_path);
	free(loader->pin_path);
	loader->pin_path = NULL;
}
