/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel objects that are built into the program: opened, told their constants, loaded. */
#pragma once

#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/loader.h"

struct ebc_constants {
	uint32_t consume_verdict;
	uint32_t tx_mark, rx_mark; /* upper halves of skb->hash */
	bool is_monitor;
	bool is_halfway; /* transmit stamps halfway through the driver */
};

/* Opens the tc programs of a mode. NULL with errno. */
struct bpf_object *ebc_objects_open_tc(enum ebc_mode mode, const struct ebc_constants *constants);
/* ... and its tracepoint programs, which share the maps of `tc`, a loaded object. */
struct bpf_object *ebc_objects_open_tx(enum ebc_mode mode, const struct ebc_constants *constants,
				       const struct bpf_object *tc);

/* A number that differs when the programs of a mode do (FNV-1a). */
uint64_t ebc_objects_hash(enum ebc_mode mode);
