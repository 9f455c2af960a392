/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Networks that several tests use, and what they ask of each clock in them. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/sim/sim.h"
#include "util/macros.h"

/* Noise of an ordinary software-stamped network: what one stamp and one link add, ns. */
#define STAMP_NOISE_NS 200.0
#define LINK_JITTER_NS 100.0

/* A boundary clock with an ordinary oscillator: drift by id within 40 ppm, some wander, 100 ms off. */
struct sim_node noisy_clock(unsigned int id, size_t n_ports);
struct sim_node noisy_grandmaster(unsigned int id, uint8_t priority1);
struct sim_link noisy_link(void);
struct sim_link quiet_link(void);

/* Node 0 is a grandmaster, each other follows the one before it, port 0 up, port 1 down. */
struct sim *chain(uint64_t seed, size_t n_clocks);
struct sim *chain_of(uint64_t seed, size_t n_clocks, enum bc_servo_type servo);

/* Prints the statistics of a node. */
void show(struct sim *sim, const char *name, size_t node);
void assert_state(struct sim *sim, size_t node, size_t port, enum bc_port_state expected);
/* How many ports of nodes 0 to n - 1 are in that state. */
unsigned int count_state(struct sim *sim, size_t n, size_t n_ports, enum bc_port_state state);
