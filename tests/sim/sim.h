/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A discrete-event simulation of PTP clocks: engines with oscillators and stamps of their own, joined
 * by links that delay, lose, double and reorder. Time is virtual and everything random comes from one
 * seed: the same seed gives the same trace. The true time is known, so time errors are exact.
 *
 * Nodes, links and events are bounded (below); nothing is allocated after sim_start().
 */
#pragma once

#include "bc/engine/engine.h"
#include "tests/sim/recorded.h"

#define SIM_MAX_NODES 72
#define SIM_MAX_LINKS 72
#define SIM_MAX_PORTS 65

/* PTP time at true time 0. */
#define SIM_EPOCH_PTP_NS (1700000000LL * 1000000000)

struct sim;

enum sim_jitter {
	SIM_JITTER_GAUSSIAN,	/* jitter_ns: standard deviation; never less than no delay */
	SIM_JITTER_EXPONENTIAL, /* jitter_ns: mean, added to the delay */
	SIM_JITTER_UNIFORM,	/* jitter_ns: most, added to the delay */
};

struct sim_link {
	int64_t delay_ns[2]; /* from the first end to the second, and back */
	enum sim_jitter jitter;
	double jitter_ns;
	/* Of event messages instead of the jitter: forward from the first end to the second. Or NULL. The
	 * caller's, until the end of the simulation. */
	const struct sim_recording *recording;
	double loss, duplication, reorder; /* probabilities */
	int64_t reorder_ns;		   /* how much later a reordered frame comes */
};

struct sim_node {
	struct bc_engine_config engine; /* n_ports and ports are filled in by sim_add() */
	struct bc_port_config port;	/* of every port */
	uint8_t local_priority;		/* of port 0, instead of that in `port`; 0: the same */
	size_t n_ports;
	double drift_ppb;  /* its oscillator against true time */
	double wander_ppb; /* random walk of the frequency: standard deviation after a second */
	double sine_ppb;   /* amplitude of a sine in the frequency, of any phase; 0: none */
	double sine_period_s;
	int64_t offset_ns;	  /* its PTP time against true time at the start */
	double stamp_noise_ns;	  /* standard deviation */
	int64_t stamp_latency_ns; /* from the event until the engine is told */
};

/* Time error against true time, sampled every 50 ms since the last sim_clear_stats(). */
struct sim_stats {
	uint64_t n;
	double mean_ns, rms_ns, max_abs_ns;
	unsigned int n_state_changes; /* of all its ports */
	uint64_t n_sent;	      /* messages */
};

struct sim *sim_new(uint64_t seed);
void sim_free(struct sim *sim);

/* Defaults: clockClass 248, 8 Sync/s, no noise. `id` becomes the last octets of the clock identity. */
struct sim_node sim_clock(unsigned int id, size_t n_ports);
/* A grandmaster: clockClass 6, priority1, exact time. */
struct sim_node sim_grandmaster(unsigned int id, uint8_t priority1);
/* Both return an index. */
size_t sim_add(struct sim *sim, const struct sim_node *node);
size_t sim_connect(struct sim *sim, size_t a, size_t a_port, size_t b, size_t b_port,
		   const struct sim_link *link);

void sim_start(struct sim *sim);
void sim_run_s(struct sim *sim, double s);
/* True time since the start. */
int64_t sim_now_ns(const struct sim *sim);

/* To be changed while it runs. */
struct sim_link *sim_link_of(struct sim *sim, size_t link);
/* Carrier of both ends. */
void sim_set_link(struct sim *sim, size_t link, bool is_up);
/* A dead node neither sends nor receives; its clock stands. */
void sim_set_alive(struct sim *sim, size_t node, bool is_alive);

/* Puts an engine in the place of a node's, which inherits; `node` says how it is configured, its ports are
 * the old ones. */
void sim_succeed(struct sim *sim, size_t index, const struct sim_node *node);

struct bc_engine *sim_engine(struct sim *sim, size_t node);
enum bc_port_state sim_state(struct sim *sim, size_t node, size_t port);
double sim_error_ns(struct sim *sim, size_t node);
void sim_clear_stats(struct sim *sim);
struct sim_stats sim_stats(struct sim *sim, size_t node);
/* Of everything that every engine did, when. */
uint64_t sim_trace(const struct sim *sim);
uint64_t sim_n_events(const struct sim *sim);
