/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of the loader, for its own files and for tests that run the programs by hand. */
#pragma once

#include <bpf/libbpf.h>

#include "bpf/hooks.h"
#include "bpf/loader.h"

#define EBC_REASON_OCTETS 256
#define EBC_TRACEPOINTS	  2
#define EBC_PREDECESSORS  16

/* The maps that this side works with, and in which mode there are any. X(identifier, name, is_transparent) */
#define EBC_MAPS(X)                                   \
	X(CTL, "ebc_ctl_map", false)                  \
	X(PORTS, "ebc_ports", false)                  \
	X(TX_DEVS, "ebc_tx_devs", false)              \
	X(COUNTERS, "ebc_counters", false)            \
	X(RX_RING, "ebc_rx_ring", false)              \
	X(TX_RING, "ebc_tx_ring", false)              \
	X(STAMPS, "ebc_stamps", false)                \
	X(DEPARTURE_RING, "ebc_departure_ring", true) \
	X(SAMPLE_RING, "ebc_sample_ring", true)       \
	X(RESIDENCES, "ebc_residences", true)         \
	X(CLONE_TARGETS, "ebc_clone_targets", true)

enum ebc_map_id {
#define X(id, name, is_transparent) EBC_MAP_##id,
	EBC_MAPS(X)
#undef X
	EBC_MAP_MAX
};

const char *ebc_map_name(enum ebc_map_id id);
bool ebc_map_is_there(enum ebc_map_id id, enum ebc_mode mode);

/* One ring and who gets its records at the moment. */
struct ebc_ring {
	struct ring_buffer *buffer;
	int fd;		 /* borrowed */
	size_t min_size; /* of a record */
	size_t handed, budget;
	void (*fn)(void *context, const void *record);
	void *context;
};

struct ebc_port {
	bool is_used;
	struct ebc_hooks hooks;
	uint32_t ifindex;
	uint32_t port_index;
	uint32_t lowest[EBC_LOWEST_DEVICES];
	size_t n_lowest;
};

struct ebc_loader {
	enum ebc_mode mode;
	/* NULL when a predecessor's programs were taken over: then only the descriptors are held. */
	struct bpf_object *tc, *tx;
	struct bpf_link *tracepoints[EBC_TRACEPOINTS];
	int map_fd[EBC_MAP_MAX]; /* own; -1: none */
	struct ebc_ring rx_ring, tx_ring, departure_ring, sample_ring;
	volatile struct ebc_ctl *ctl; /* NULL: not mapped */
	size_t ctl_octets;
	struct ebc_hook_programs programs; /* its descriptors are own */
	enum ebc_stamp_source tx_stamp;
	char tx_reason[EBC_REASON_OCTETS];
	char *pin_path;	 /* of the published stamps; NULL: not pinned */
	int set_lock_fd; /* tells others that the owner of set_directory lives; -1: none */
	char set_directory[EBC_PIN_PATH_OCTETS]; /* of the pinned set; "": not pinned */
	char set_reason[EBC_REASON_OCTETS];	 /* why not, if that was wished */
	bool took_over;
	bool made_directory;
	bool is_left;	 /* a successor is to find what is pinned */
	bool is_settled; /* a port is attached: what was taken over is ours */
	char predecessors[EBC_PREDECESSORS][EBC_PIN_PATH_OCTETS];
	size_t n_predecessors;
	uint32_t n_targets; /* of clones: for ctl->n_ports, once we carry frames */
	int ioctl_fd;
	struct ebc_counters *cpu_counters; /* room for one set of each CPU */
	int n_cpus;
	struct ebc_port ports[EBC_MAX_PORTS];
};

/* Of clsact filters. */
uint32_t ebc_handle(bool has_all_domains, uint16_t sdo_id, uint8_t domain_number);
int ebc_program_id(int fd, uint32_t *ret_id);

/* Makes libbpf silent; the first of its complaints is kept for the reason. */
void ebc_reason_start(void);
/* Says in a line why loading failed with `error` (-errno). */
void ebc_reason_describe(int error, char *reason, size_t reason_size);

int ebc_ring_open(struct ebc_ring *ring, int map_fd, size_t min_size);
void ebc_ring_close(struct ebc_ring *ring);

/* Pins ebc_stamps at `path`. 0, or -errno with the reason. */
int ebc_pin_stamps(struct ebc_loader *loader, const char *path, char *reason, size_t reason_size);
void ebc_unpin_stamps(struct ebc_loader *loader);

void ebc_port_detach_all(struct ebc_loader *loader);
/* Lets go of the ports' links, which their pins keep. */
void ebc_port_forget_all(struct ebc_loader *loader);

/*
 * pinned_set.c: what outlives the process. find() looks for sets that dead predecessors left on the ports of
 * `options` and takes over one whose `hash` is ours (1; 0: none; the others are remembered). pin() pins what
 * was loaded. unpin() takes our own set away. Failing to pin is no error: set_reason tells.
 */
int ebc_set_find(struct ebc_loader *loader, const struct ebc_loader_options *options, uint64_t hash);
void ebc_set_pin(struct ebc_loader *loader, const struct ebc_loader_options *options, uint64_t hash);
void ebc_set_unpin(struct ebc_loader *loader);
