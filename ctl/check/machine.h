/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What kind of machine this is: hardware, or a guest of which hypervisor; a container; its counter of time.
 */
#pragma once

#include <stdbool.h>

#include "ctl/check/finding.h"
#include "ctl/check/kernel.h"

enum check_hypervisor {
	HYPERVISOR_NONE,
	HYPERVISOR_KVM,
	HYPERVISOR_XEN,
	HYPERVISOR_HYPERV,
	HYPERVISOR_VMWARE,
	HYPERVISOR_OTHER,
};

struct machine_facts {
	enum check_hypervisor hypervisor;
	bool is_x86;
	/* Flags of the x86 processor. */
	bool has_constant_tsc, has_nonstop_tsc, has_tsc_reliable;
	bool is_container;
	/* CPU time that the hypervisor gave to others since the start, per mille; -1: unknown. */
	int stolen_per_mille;
};

void machine_look(const char *root, struct machine_facts *ret);
/* `may_load_bpf`: whether root has the capabilities for it; not known of another user. */
void machine_judge(const struct machine_facts *facts, enum answer may_load_bpf, struct findings *findings);

const char *hypervisor_name(enum check_hypervisor hypervisor);
