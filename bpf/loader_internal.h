/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of the loader, for its own files and for tests that run the programs by hand. */
#pragma once

#include <bpf/libbpf.h>

#include "bpf/hooks.h"
#include "bpf/loader.h"

#define EBC_REASON_OCTETS 256

struct ebc_tc_bpf; /* the generated skeletons */
struct ebc_tx_bpf;

/* One ring and who gets its records at the moment. */
struct ebc_ring {
	struct ring_buffer *buffer;
	int fd;
	size_t handed, budget;
	ebc_rx_fn rx_fn; /* one of the two */
	ebc_tx_fn tx_fn;
	void *context;
};

struct ebc_port {
	bool is_used;
	struct ebc_hooks hooks;
	uint32_t ifindex;
	uint32_t lowest[EBC_LOWEST_DEVICES];
	size_t n_lowest;
};

struct ebc_loader {
	struct ebc_tc_bpf *tc;
	struct ebc_tx_bpf *tx; /* NULL: no transmit stamp after the qdisc */
	struct ebc_ring rx_ring, tx_ring;
	volatile struct ebc_ctl *ctl; /* NULL: not mapped */
	size_t ctl_octets;
	struct ebc_hook_programs programs;
	enum ebc_stamp_source tx_stamp;
	char tx_reason[EBC_REASON_OCTETS];
	char *pin_path; /* NULL: not pinned */
	int ioctl_fd;
	struct ebc_counters *cpu_counters; /* room for one set of each CPU */
	int n_cpus;
	struct ebc_port ports[EBC_MAX_PORTS];
};

/* Makes libbpf silent; the first of its complaints is kept for the reason. */
void ebc_reason_start(void);
/* Says in a line why loading failed with `error` (-errno). */
void ebc_reason_describe(int error, char *reason, size_t reason_size);

int ebc_ring_open(struct ebc_ring *ring, const struct bpf_map *map);
void ebc_ring_close(struct ebc_ring *ring);

/* Pins ebc_stamps at `path`. 0, or -errno with the reason. */
int ebc_pin_stamps(struct ebc_loader *loader, const char *path, char *reason, size_t reason_size);
void ebc_unpin_stamps(struct ebc_loader *loader);

void ebc_port_detach_all(struct ebc_loader *loader);
