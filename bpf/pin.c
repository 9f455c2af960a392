/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pins the map of published stamps where experiments look for it. */
#include <errno.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdint.h>
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

static uint32_t map_id(int fd)
{
	struct bpf_map_info info = {};
	uint32_t size = sizeof(info);

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) < 0 ? 0 : info.id;
}

/* Not another's, who took us for dead: one in another network namespace, which may have such ports, too. */
static bool is_pin_ours(const struct ebc_loader *loader)
{
	_cleanup_fd_ int fd = bpf_obj_get(loader->pin_path);

	return map_id(fd) == map_id(loader->map_fd[EBC_MAP_STAMPS]);
}

void ebc_unpin_stamps(struct ebc_loader *loader)
{
	if (loader->pin_path && is_pin_ours(loader))
		unlink(loader->pin_path);
	free(loader->pin_path);
	loader->pin_path = NULL;
}
