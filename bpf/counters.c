/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The counters of the kernel side: one set a CPU, summed when they are asked for. */
#include <bpf/bpf.h>
#include <errno.h>

#include "bpf/loader.h"
#include "bpf/loader_internal.h"

int ebc_loader_counters(struct ebc_loader *loader, uint32_t port_index, struct ebc_counters *ret_counters)
{
	struct ebc_counters sum = {};

	if (bpf_map_lookup_elem(loader->map_fd[EBC_MAP_COUNTERS], &port_index, loader->cpu_counters) < 0)
		return -errno;
	for (int cpu = 0; cpu < loader->n_cpus; cpu++)
		for (int i = 0; i < EBC_COUNTER_MAX; i++)
			sum.value[i] += loader->cpu_counters[cpu].value[i];
	*ret_counters = sum;
	return 0;
}

const char *ebc_counter_name(enum ebc_counter counter)
{
	static const char *const names[] = {
#define X(id, name) name,
		EBC_COUNTERS(X)
#undef X
	};

	return counter < EBC_COUNTER_MAX ? names[counter] : "";
}
