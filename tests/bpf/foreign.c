/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filter is eleven instructions, written out: no second object to build. */
#include "tests/bpf/foreign.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "util/cleanup.h"
#include "util/macros.h"

void foreign_filter_new(int verdict, struct foreign_filter *ret_filter)
{
	int map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "foreign", sizeof(uint32_t), sizeof(uint64_t), 1, NULL);
	const struct bpf_insn program[] = {
		/* *(u32 *)(fp - 4) = 0; r2 = fp - 4; r1 = map; r0 = lookup */
		{.code = BPF_ST | BPF_MEM | BPF_W, .dst_reg = BPF_REG_10, .off = -4},
		{.code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_2, .src_reg = BPF_REG_10},
		{.code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_2, .imm = -4},
		{.code = BPF_LD | BPF_DW | BPF_IMM,
		 .dst_reg = BPF_REG_1,
		 .src_reg = BPF_PSEUDO_MAP_FD,
		 .imm = map},
		{},
		{.code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_map_lookup_elem},
		/* if (r0) atomic add 1 */
		{.code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = BPF_REG_0, .off = 2},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_1, .imm = 1},
		{.code = BPF_STX | BPF_ATOMIC | BPF_DW,
		 .dst_reg = BPF_REG_0,
		 .src_reg = BPF_REG_1,
		 .imm = BPF_ADD},
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = verdict},
		{.code = BPF_JMP | BPF_EXIT},
	};

	ret_filter->map_fd = map;
	ret_filter->program_fd =
		bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "foreign", "GPL", program, ARRAY_SIZE(program), NULL);
	assert_true(ret_filter->program_fd >= 0);
}

void foreign_filter_free(struct foreign_filter *filter)
{
	filter->map_fd = close_fd(filter->map_fd);
	filter->program_fd = close_fd(filter->program_fd);
}

void foreign_filter_attach(const struct foreign_filter *filter, uint32_t ifindex,
			   enum ebc_direction direction)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex,
		    .attach_point = direction == EBC_DIRECTION_RX ? BPF_TC_INGRESS : BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = filter->program_fd, .handle = 1, .priority = 9);
	int r = bpf_tc_hook_create(&hook);

	assert_true(r == 0 || r == -EEXIST);
	assert_int_equal(bpf_tc_attach(&hook, &options), 0);
}

uint64_t foreign_filter_count(const struct foreign_filter *filter)
{
	uint32_t zero = 0;
	uint64_t count = 0;

	assert_int_equal(bpf_map_lookup_elem(filter->map_fd, &zero, &count), 0);
	return count;
}
