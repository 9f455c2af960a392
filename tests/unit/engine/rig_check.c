// SPDX-License-Identifier: GPL-2.0-or-later
/* What the bench asks of the engine: errors, states, counters. */
#include <stdlib.h>

#include "tests/unit/engine/rig.h"

/* The counters from here on are reasons why something was not used. */
#define FIRST_REFUSAL BC_COUNTER_RX_SHORT

int64_t rig_error_ns(const struct rig *rig, const struct rig_master *m)
{
	return bc_local_clock_ptp_ns(bc_engine_clock(rig->engine), rig->now_mono_ns) -
	       rig_master_ptp_ns(m, rig->now_mono_ns);
}

enum bc_port_state rig_state(const struct rig *rig, size_t port)
{
	return bc_engine_port_state(rig->engine, port);
}

struct bc_status rig_status(const struct rig *rig)
{
	struct bc_status status;

	bc_engine_status(rig->engine, &status);
	return status;
}

void rig_snapshot(struct rig *rig)
{
	for (size_t i = 0; i < rig->config.n_ports; i++) {
		rig->snapshot[i] = *bc_engine_counters(rig->engine, i);
		rig->n_states_snapshot[i] = rig->port[i].n_state_changes;
	}
}

uint64_t rig_counted(const struct rig *rig, size_t port, enum bc_counter counter)
{
	return bc_engine_counters(rig->engine, port)->value[counter] - rig->snapshot[port].value[counter];
}

unsigned int rig_state_changes(const struct rig *rig, size_t port)
{
	return rig->port[port].n_state_changes - rig->n_states_snapshot[port];
}

void rig_assert_only(const struct rig *rig, size_t port, enum bc_counter counter, uint64_t n)
{
	for (size_t i = 0; i < rig->config.n_ports; i++) {
		for (enum bc_counter c = FIRST_REFUSAL; c < BC_COUNTER_MAX; c++) {
			uint64_t expected = i == port && c == counter ? n : 0;
			uint64_t counted = rig_counted(rig, i, c);

			if (counted != expected)
				fail_msg("port %zu counted %s %llu times, not %llu", i, bc_counter_name(c),
					 (unsigned long long)counted, (unsigned long long)expected);
		}
	}
}

void rig_assert_nothing_refused(const struct rig *rig)
{
	rig_assert_only(rig, 0, BC_COUNTER_RX_SHORT, 0);
}

struct rig_master *rig_start_following(struct rig *rig)
{
	struct rig_master *m;

	if (!rig->config.n_ports)
		rig_init(rig, 2);
	m = rig_master(rig, 0, 0);
	rig_start(rig, RIG_EPOCH_PTP_NS);
	rig_run_s(rig, 20);
	assert_int_equal(rig_state(rig, 0), BC_STATE_SLAVE);
	rig_snapshot(rig);
	return m;
}

void rig_assert_follows(struct rig *rig, int s, int64_t limit_ns)
{
	struct rig_master *m = &rig->masters[0];

	for (int i = 0; i < 20 * s; i++) {
		int64_t error_ns;

		rig_run_ns(rig, NSEC_PER_SEC / 20);
		error_ns = rig_error_ns(rig, m);
		assert_int_equal(rig_state(rig, m->port), BC_STATE_SLAVE);
		if (llabs(error_ns) > limit_ns)
			fail_msg("clock is off by %lld ns, %d ms on", (long long)error_ns, i * 50);
	}
}
