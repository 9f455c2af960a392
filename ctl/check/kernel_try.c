// SPDX-License-Identifier: GPL-2.0-or-later
/* Asking the kernel: tiny programs are loaded and thrown away, so that also what a distribution took out
 * shows. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ctl/check/kernel.h"
#include "util/cleanup.h"
#include "util/macros.h"

/* By number: the installed headers may be older than the kernel. */
#define TCX_INGRESS 46

static const struct bpf_insn return_0[] = {
	{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
	{.code = BPF_JMP | BPF_EXIT},
};

/* *(u64 *)(r10 - 8) = 0; r0 = 1; r0 = atomic_fetch_add(r10 - 8, r0); r0 = 0 */
static const struct bpf_insn fetch_and_add[] = {
	{.code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .off = -8, .imm = 0},
	{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1},
	{.code = BPF_STX | BPF_ATOMIC | BPF_DW,
	 .dst_reg = BPF_REG_10,
	 .src_reg = BPF_REG_0,
	 .off = -8,
	 .imm = BPF_ADD | BPF_FETCH},
	{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
	{.code = BPF_JMP | BPF_EXIT},
};

static enum answer answer_of(int probe)
{
	return probe < 0 ? ANSWER_UNKNOWN : probe ? ANSWER_YES : ANSWER_NO;
}

static bool has_capability(unsigned int capability)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};

	return syscall(SYS_capget, &header, data) == 0 &&
	       (data[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability)) != 0;
}

static int load(const struct bpf_insn *instructions, size_t n)
{
	int fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, NULL, "GPL", instructions, n, NULL);

	return fd < 0 ? -errno : fd;
}

static enum answer try_tcx(int program_fd)
{
	/* A kernel with tcx misses the device; one without does not know the attach type. */
	_cleanup_fd_ int fd = bpf_link_create(program_fd, INT_MAX, (enum bpf_attach_type)TCX_INGRESS, NULL);

	return fd == -ENODEV ? ANSWER_YES : ANSWER_NO;
}

static enum answer try_start_xmit(void)
{
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_RAW_TP);
	_cleanup_fd_ int fd = -1;
	int id = libbpf_find_vmlinux_btf_id("net_dev_start_xmit", BPF_TRACE_RAW_TP);

	if (id < 0)
		return ANSWER_NO;
	options.attach_btf_id = (unsigned int)id;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, NULL, "GPL", return_0, ARRAY_SIZE(return_0), &options);
	return fd < 0 ? ANSWER_NO : ANSWER_YES;
}

static void try_programs(struct kernel_facts *facts)
{
	_cleanup_fd_ int plain = load(return_0, ARRAY_SIZE(return_0));
	_cleanup_fd_ int atomic = -1;

	/* This one does without CAP_PERFMON, which ours need. */
	if (plain >= 0 && !facts->may_perfmon) {
		facts->bpf_error = -EPERM;
		return;
	}
	if (plain == -EPERM || plain == -EACCES || plain == -ENOSYS) {
		facts->bpf_error = plain == -ENOSYS ? -ENOSYS : -EPERM;
		return;
	}
	facts->has_tc_programs = plain < 0 ? ANSWER_NO : ANSWER_YES;
	facts->has_ring_buffer = answer_of(libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL));
	facts->has_lru_hash = answer_of(libbpf_probe_bpf_map_type(BPF_MAP_TYPE_LRU_HASH, NULL));
	facts->has_set_hash =
		answer_of(libbpf_probe_bpf_helper(BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_set_hash, NULL));
	if (plain < 0)
		return;
	atomic = load(fetch_and_add, ARRAY_SIZE(fetch_and_add));
	facts->has_atomics = atomic < 0 ? ANSWER_NO : ANSWER_YES;
	facts->has_tcx = try_tcx(plain);
	facts->has_start_xmit = try_start_xmit();
}

void kernel_try(struct kernel_facts *facts)
{
	libbpf_set_print(NULL);
	facts->is_root = geteuid() == 0;
	facts->may_bpf = has_capability(CAP_BPF) || has_capability(CAP_SYS_ADMIN);
	facts->may_perfmon = has_capability(CAP_PERFMON) || has_capability(CAP_SYS_ADMIN);
	facts->may_net_admin = has_capability(CAP_NET_ADMIN) || has_capability(CAP_SYS_ADMIN);
	facts->may_net_raw = has_capability(CAP_NET_RAW);
	facts->may_bind |= has_capability(CAP_NET_BIND_SERVICE);
	facts->may_set_time = has_capability(CAP_SYS_TIME);
	try_programs(facts);
}
