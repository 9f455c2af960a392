// SPDX-License-Identifier: GPL-2.0-or-later
/* Networks and checks that several tests share. */
#include "tests/sim/topology.h"

struct sim_node noisy_clock(unsigned int id, size_t n_ports)
{
	struct sim_node node = sim_clock(id, n_ports);

	node.drift_ppb = 40000.0 - (id * 17389) % 80000;
	node.wander_ppb = 1.0;
	node.offset_ns = (id % 2 ? 100 : -100) * NSEC_PER_MSEC;
	node.stamp_noise_ns = STAMP_NOISE_NS;
	return node;
}

struct sim_node noisy_grandmaster(unsigned int id, uint8_t priority1)
{
	struct sim_node node = sim_grandmaster(id, priority1);

	node.stamp_noise_ns = STAMP_NOISE_NS;
	return node;
}

struct sim_link noisy_link(void)
{
	return (struct sim_link){
		.delay_ns = {2000, 2000}, .jitter = SIM_JITTER_EXPONENTIAL, .jitter_ns = LINK_JITTER_NS};
}

struct sim_link quiet_link(void)
{
	return (struct sim_link){.delay_ns = {2000, 2000}};
}

struct sim *chain(uint64_t seed, size_t n_clocks)
{
	return chain_of(seed, n_clocks, BC_SERVO_KALMAN);
}

struct sim *chain_of(uint64_t seed, size_t n_clocks, enum bc_servo_type servo)
{
	struct sim *sim = sim_new(seed);
	struct sim_link link = noisy_link();

	for (size_t i = 0; i < n_clocks; i++) {
		struct sim_node node =
			i == 0 ? noisy_grandmaster(1, 100) : noisy_clock((unsigned int)i + 1, 2);

		if (i > 0 && i == n_clocks - 1)
			node.n_ports = 1;
		node.engine.servo.type = servo;
		/* ptp4l's exponents; 0 in its other constants means ptp4l's too. */
		node.engine.servo.pi_proportional_exponent = -0.3;
		node.engine.servo.pi_integral_exponent = 0.4;
		sim_add(sim, &node);
	}
	for (size_t i = 1; i < n_clocks; i++)
		sim_connect(sim, i - 1, i == 1 ? 0 : 1, i, 0, &link);
	sim_start(sim);
	return sim;
}

void show(struct sim *sim, const char *name, size_t node)
{
	struct sim_stats s = sim_stats(sim, node);

	print_message("%-28s mean %8.1f ns, rms %8.1f ns, max %8.0f ns, %u state changes, %llu messages\n",
		      name, s.mean_ns, s.rms_ns, s.max_abs_ns, s.n_state_changes,
		      (unsigned long long)s.n_sent);
}

void assert_state(struct sim *sim, size_t node, size_t port, enum bc_port_state expected)
{
	enum bc_port_state state = sim_state(sim, node, port);

	if (state != expected)
		fail_msg("node %zu port %zu is %s, not %s, at %.1f s", node, port, bc_port_state_name(state),
			 bc_port_state_name(expected), (double)sim_now_ns(sim) * 1e-9);
}

unsigned int count_state(struct sim *sim, size_t n, size_t n_ports, enum bc_port_state state)
{
	unsigned int count = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t p = 0; p < n_ports; p++)
			count += sim_state(sim, i, p) == state;
	return count;
}
