// SPDX-License-Identifier: GPL-2.0-or-later
/* Who hangs at tcx (Linux 6.6), and under which name. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "ctl/check/port_facts.h"
#include "util/cleanup.h"
#include "util/macros.h"

/* By number: the installed headers may be older than the kernel. */
#define TCX_INGRESS 46
#define TCX_EGRESS  47

static bool is_ours(const char *name)
{
	return strcmp(name, "ebc_ingress") == 0 || strcmp(name, "ebc_egress") == 0;
}

void port_look_program_name(uint32_t id, char *name, size_t size)
{
	_cleanup_fd_ int fd = bpf_prog_get_fd_by_id(id);
	struct bpf_prog_info info = {};
	uint32_t len = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) < 0 || !*info.name)
		snprintf(name, size, "id %u", id);
	else
		snprintf(name, size, "%s", info.name);
}

void port_look_programs(int ifindex, bool is_egress, struct port_programs *ret)
{
	uint32_t ids[PORT_PROGRAMS] = {};
	union bpf_attr attr = {};

	*ret = (struct port_programs){};
	/* libbpf's function reads back members that older kernels and headers do not have. */
	attr.query.target_fd = (uint32_t)ifindex;
	attr.query.attach_type = is_egress ? TCX_EGRESS : TCX_INGRESS;
	attr.query.prog_ids = (uint64_t)(uintptr_t)ids;
	attr.query.prog_cnt = ARRAY_SIZE(ids);
	if (syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)) < 0 && errno != ENOSPC) {
		/* A kernel without tcx, or without BPF, has nobody there. */
		ret->error = errno == EINVAL || errno == ENOSYS ? 0 : -errno;
		return;
	}
	ret->n = MIN(attr.query.prog_cnt, ARRAY_SIZE(ids));
	for (size_t i = 0; i < ret->n; i++) {
		port_look_program_name(ids[i], ret->list[i].name, sizeof(ret->list[i].name));
		ret->list[i].is_ours = is_ours(ret->list[i].name);
	}
}
