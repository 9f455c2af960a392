/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two hooks of one interface, tc ingress and tc egress, and our programs at them: by tcx links or
 * by clsact filters. Our programs come first, so that the verdict of nobody else keeps them from
 * seeing a frame.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bpf/ebc_abi.h"

#define EBC_DIRECTIONS 2

/* The same for all ports of an instance. */
struct ebc_hook_programs {
	int fd[EBC_DIRECTIONS]; /* by enum ebc_direction */
	const char *
		pin_directory; /* where tcx links are pinned, and found again; NULL: they are not; borrowed */
	struct ebc_left_hooks *left; /* by a predecessor; NULL: none; borrowed */
	uint32_t id[EBC_DIRECTIONS];
	uint32_t handle; /* of our clsact filters: tells the instances of one host apart */
	bool use_tcx;
};

struct ebc_left_hooks;

struct ebc_hooks {
	uint32_t ifindex;
	int link_fd[EBC_DIRECTIONS];	   /* tcx; -1: none */
	uint32_t priority[EBC_DIRECTIONS]; /* clsact; 0: none */
	bool made_clsact;
};

#define EBC_HOOKS_NONE ((struct ebc_hooks){.link_fd = {-1, -1}})

/* Whether the kernel attaches a tc program by a tcx link. Attaches nothing. */
bool ebc_hooks_has_tcx(int program_fd);

/* Attaches both programs or none; takes the place of filters that a dead process of this instance left.
 * 0 or -errno (-ENODEV: no such interface); *ret_hooks untouched on failure, else freed by detach. */
int ebc_hooks_attach(const struct ebc_hook_programs *programs, uint32_t ifindex, struct ebc_hooks *ret_hooks);
/* Takes away what attach put there and nothing else. Harmless when parts of it, or the interface, are gone.
 */
void ebc_hooks_detach(const struct ebc_hook_programs *programs, struct ebc_hooks *hooks);
/* Takes away clsact filters that a dead process of this instance left there. Harmless when there are none. */
void ebc_hooks_remove_left_over(const struct ebc_hook_programs *programs, uint32_t ifindex);
/* Takes away the clsact filters of `programs`, by handle and number, wherever they came from. Its other
 * fields do not matter. */
void ebc_hooks_remove_of(const struct ebc_hook_programs *programs, uint32_t ifindex);
/* Puts the program at a hook that was left, in the place of the one that is there, and returns the link; -1:
 * none was left there. `left` may be NULL. */
int ebc_left_hooks_take(struct ebc_left_hooks *left, uint32_t ifindex, enum ebc_direction direction,
			int program_fd);
/* 0 when both programs hang at their hooks; -ENOENT when not. */
int ebc_hooks_check(const struct ebc_hook_programs *programs, const struct ebc_hooks *hooks);
