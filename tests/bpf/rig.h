/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of this folder share: a loader with a live lease, sockets, records, counters. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/loader.h"
#include "tests/bpf/netlab.h"

/* How long a test waits for what must come: longer than any machine stalls, since only a failure waits so
 * long. */
#define RIG_PATIENCE_MS 30000

/* Options that suit most tests: best stamps, domain 0, no rate limit. */
struct ebc_loader_options rig_options(void);
/* A loader or an assertion; the control block has the clock offset and a lease of an hour. */
struct ebc_loader *rig_loader(const struct ebc_loader_options *options);
/* Attaches port0 of the lab as port 0. */
void rig_attach(struct ebc_loader *loader, const struct netlab *lab);

uint64_t rig_mono_ns(void);
int64_t rig_real_minus_mono_ns(void);
void rig_sleep_until(uint64_t mono_ns);
uint64_t rig_counter(struct ebc_loader *loader, enum ebc_counter counter);

/* A raw packet socket on no interface; a lab's frames are sent by ifindex. */
int rig_socket(void);
/* The same, and the loader takes it for the daemon's. */
int rig_daemon_socket(struct ebc_loader *loader);
int rig_send(int fd, uint32_t ifindex, const void *frame, size_t len);
/* A raw packet socket that receives from one interface, with the kernel's receive stamps. */
int rig_listen(uint32_t ifindex);
/* Waits for a frame; its octets, or 0 after the time. `ret_mono_ns`: the receive stamp, may be NULL. */
size_t rig_receive(int fd, uint8_t *frame, size_t size, int timeout_ms, uint64_t *ret_mono_ns);

/* Waits for a record of the transmit ring; false after the time. */
bool rig_wait_tx(struct ebc_loader *loader, int timeout_ms, struct ebc_tx_record *ret_record);

struct rig_rx {
	struct ebc_rx_record head;
	uint8_t frame[EBC_RX_FRAME_LARGE];
};

bool rig_wait_rx(struct ebc_loader *loader, int timeout_ms, struct rig_rx *ret_rx);
/* A record that is in the ring, woken for or not. */
bool rig_take_rx(struct ebc_loader *loader, struct rig_rx *ret_rx);
