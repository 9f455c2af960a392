/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two network namespaces joined by a veth pair: the box with the port under test, and its peer. */
#pragma once

#include <stdint.h>

struct netlab {
	int box_fd, peer_fd; /* namespaces; the calling thread is in the box's */
	uint32_t port_ifindex, peer_ifindex;
	uint8_t port_mac[6], peer_mac[6];
};

/* Asserts on failure. The devices are "port0" and "peer0", up. */
void netlab_new(struct netlab *ret_lab);
/* Leaves the thread in a fresh namespace; the lab's vanish. */
void netlab_free(struct netlab *lab);

void netlab_enter(int namespace_fd);
/* A new, empty namespace, which the thread enters; returns its descriptor. */
int netlab_new_namespace(void);
/* One whose kernel sends nothing of its own accord, as IPv6 would: nothing but the tests' frames on the
 * cables, and nothing that empties a queue while a test fills it. */
int netlab_new_quiet_namespace(void);
/* Runs a shell command in the thread's namespace; returns its exit status. */
int netlab_run(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Same, and what it prints goes to `output`. */
int netlab_read(char *output, unsigned long size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/*
 * Until the kernel has noticed the carrier of a device that is up: it does so in a work queue, and drops
 * whatever is sent before.
 */
void netlab_wait_for_carrier(const char *name);
uint32_t netlab_ifindex(const char *name);
void netlab_mac(const char *name, uint8_t *ret_mac);
