/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel: what of it the programs need, found out by trying, and what each missing piece costs. */
#pragma once

#include <stdbool.h>

#include "ctl/check/finding.h"
#include "ctl/check/plan.h"

enum answer {
	ANSWER_UNKNOWN = 0, /* could not be tried */
	ANSWER_NO,
	ANSWER_YES,
};

struct kernel_facts {
	char release[65];
	bool is_root; /* not of what it may */
	/* Capabilities; those of BPF also by CAP_SYS_ADMIN, may_bind also where PTP's UDP ports are free to
	 * all. */
	bool may_bpf, may_perfmon, may_net_admin, may_net_raw, may_bind, may_set_time;
	int bpf_error; /* 0; -EPERM: our programs are not permitted, -ENOSYS: there is none */
	enum answer has_tc_programs, has_ring_buffer, has_lru_hash, has_set_hash, has_atomics, has_tcx;
	enum answer has_start_xmit; /* a program for tp_btf/net_dev_start_xmit loads */
	bool has_sysfs;		    /* /sys is mounted */
	bool has_btf;
	bool is_bpffs_mounted;
	enum answer is_bpffs_writable;
	enum answer is_jit_on;
	enum lockdown {
		LOCKDOWN_UNKNOWN = 0, /* securityfs is not mounted, or not for this user */
		LOCKDOWN_NONE,
		LOCKDOWN_INTEGRITY,
		LOCKDOWN_CONFIDENTIALITY,
	} lockdown;
};

/* What files tell; `ret` is emptied first. */
void kernel_look(const char *root, struct kernel_facts *ret);
/* What the running kernel does when it is asked; adds to the facts. Nothing is attached. */
void kernel_try(struct kernel_facts *facts);
/* Whether transmit stamps by BPF are taken behind the queue. Of a user who may not try: as far as files tell.
 */
bool kernel_stamps_behind_queue(const struct kernel_facts *facts);
void kernel_judge(const struct kernel_facts *facts, const struct plan *plan, struct findings *findings);
