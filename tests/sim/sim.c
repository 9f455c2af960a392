// SPDX-License-Identifier: GPL-2.0-or-later
/* Nodes, links, and the loop that lets time pass. */
#include "tests/sim/sim.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/oscillator.h"
#include "tests/sim/queue.h"
#include "tests/unit/engine/defaults.h"
#include "util/macros.h"

#define MAX_EVENTS	 16384
#define SAMPLE_NS	 (50 * NSEC_PER_MSEC)
#define SEND_LATENCY_NS	 2000 /* from the engine's wish to the wire */
#define MONO_AT_START_NS (1000 * NSEC_PER_SEC)

struct end {
	bool is_used;
	size_t link;
	unsigned int side; /* 0: first end */
};

struct node {
	struct sim_node config;
	struct bc_engine *engine;
	struct sim_oscillator oscillator;
	struct end ends[SIM_MAX_PORTS];
	bool is_alive;
	int64_t timer_true_ns; /* of the event that is valid; others were overtaken */
	uint64_t n;
	double sum_ns, sum2_ns2, max_abs_ns;
	unsigned int n_state_changes;
	uint64_t n_sent;
};

struct link {
	struct sim_link config;
	struct sim_replay replay;
	size_t node[2], port[2];
	bool is_up;
};

struct sim {
	struct sim_random random;
	struct sim_queue *queue;
	int64_t now_ns;
	uint64_t trace, n_events;
	size_t n_nodes, n_links;
	struct node nodes[SIM_MAX_NODES];
	struct link links[SIM_MAX_LINKS];
};

static void check(bool is_sound, const char *what)
{
	if (is_sound)
		return;
	fprintf(stderr, "simulation: %s\n", what);
	abort();
}

struct sim *sim_new(uint64_t seed)
{
	struct sim *sim = calloc(1, sizeof(*sim));

	check(sim, "no memory");
	sim->random.state = seed;
	sim->trace = 0xcbf29ce484222325ULL;
	sim->queue = sim_queue_new(MAX_EVENTS);
	check(sim->queue, "no memory");
	return sim;
}

void sim_free(struct sim *sim)
{
	if (!sim)
		return;
	for (size_t i = 0; i < sim->n_nodes; i++)
		bc_engine_free(sim->nodes[i].engine);
	sim_queue_free(sim->queue);
	free(sim);
}

/* FNV-1a */
static void trace(struct sim *sim, const void *data, size_t len)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		sim->trace = (sim->trace ^ p[i]) * 0x100000001b3ULL;
}

static void trace_number(struct sim *sim, int64_t number)
{
	trace(sim, &number, sizeof(number));
}

struct sim_node sim_clock(unsigned int id, size_t n_ports)
{
	const uint8_t identity[PTP_CLOCK_IDENTITY_LEN] = {0x10,	      0, 0, 0xff, 0xfe, 0, (uint8_t)(id >> 8),
							  (uint8_t)id};
	struct sim_node node = {
		.engine = engine_defaults(),
		.port = port_defaults(),
		.n_ports = n_ports,
		.stamp_latency_ns = 5000,
	};

	memcpy(node.engine.clock_identity, identity, sizeof(identity));
	node.engine.seed = id;
	return node;
}

struct sim_node sim_grandmaster(unsigned int id, uint8_t priority1)
{
	struct sim_node node = sim_clock(id, 1);

	node.engine.priority1 = priority1;
	node.engine.clock_quality = (struct ptp_clock_quality){6, 0x20, 0x4e5d};
	return node;
}

size_t sim_add(struct sim *sim, const struct sim_node *config)
{
	struct node *node = &sim->nodes[sim->n_nodes];

	check(sim->n_nodes < SIM_MAX_NODES && config->n_ports <= SIM_MAX_PORTS, "too many nodes or ports");
	node->config = *config;
	node->is_alive = true;
	node->timer_true_ns = INT64_MAX;
	node->oscillator = (struct sim_oscillator){
		.ref_mono_ns = MONO_AT_START_NS + (int64_t)(sim->n_nodes * 777 * NSEC_PER_SEC),
		.rate_ppb = config->drift_ppb,
		.wander_ppb = config->wander_ppb,
		.sine_ppb = config->sine_ppb,
		.sine_period_s = config->sine_period_s,
		.random = {sim_random_u64(&sim->random)},
	};
	sim_oscillator_start(&node->oscillator);
	return sim->n_nodes++;
}

size_t sim_connect(struct sim *sim, size_t a, size_t a_port, size_t b, size_t b_port,
		   const struct sim_link *config)
{
	check(sim->n_links < SIM_MAX_LINKS, "too many links");
	sim->links[sim->n_links] =
		(struct link){.config = *config, .node = {a, b}, .port = {a_port, b_port}, .is_up = true};
	if (config->recording)
		sim->links[sim->n_links].replay.random.state = sim_random_u64(&sim->random);
	sim->nodes[a].ends[a_port] = (struct end){true, sim->n_links, 0};
	sim->nodes[b].ends[b_port] = (struct end){true, sim->n_links, 1};
	return sim->n_links++;
}

static uint64_t mono_now(struct sim *sim, struct node *node)
{
	return (uint64_t)sim_oscillator_mono_ns(&node->oscillator, sim->now_ns);
}

static uint64_t stamp(struct sim *sim, struct node *node, int64_t true_ns)
{
	double noise_ns = node->config.stamp_noise_ns * sim_random_gaussian(&sim->random);

	return (uint64_t)(sim_oscillator_mono_ns(&node->oscillator, true_ns) + (int64_t)round(noise_ns));
}

static int64_t jitter(struct sim *sim, const struct sim_link *link)
{
	if (link->jitter_ns <= 0)
		return 0;
	switch (link->jitter) {
	case SIM_JITTER_GAUSSIAN:
		return (int64_t)(link->jitter_ns * sim_random_gaussian(&sim->random));
	case SIM_JITTER_EXPONENTIAL:
		return (int64_t)(link->jitter_ns * sim_random_exponential(&sim->random));
	default:
		return (int64_t)(link->jitter_ns * sim_random_unit(&sim->random));
	}
}

static bool happens(struct sim *sim, double probability)
{
	return probability > 0 && sim_random_unit(&sim->random) < probability;
}

/* What a message takes beyond the link's constant delay. Nothing of a recording is spent on general messages.
 */
static int64_t extra_delay(struct sim *sim, struct link *link, unsigned int side, bool is_event)
{
	if (!link->config.recording)
		return jitter(sim, &link->config);
	if (!is_event)
		return 0;
	return sim_replay_next(&link->replay, link->config.recording,
			       side == 0 ? SIM_RECORDED_FORWARD : SIM_RECORDED_BACK);
}

static void deliver(struct sim *sim, const struct end *from, const struct bc_action *action,
		    int64_t depart_true_ns)
{
	struct link *link = &sim->links[from->link];
	const struct sim_link *config = &link->config;
	size_t to = link->node[1 - from->side];
	struct sim_event event = {
		.type = SIM_EVENT_FRAME,
		.node = (uint16_t)to,
		.port = (uint16_t)link->port[1 - from->side],
		.len = action->send.len,
	};

	memcpy(event.message, action->send.message, action->send.len);
	for (int copies = happens(sim, config->duplication) ? 2 : 1; copies > 0; copies--) {
		int64_t delay_ns = config->delay_ns[from->side] +
				   extra_delay(sim, link, from->side, action->send.is_event);

		if (happens(sim, config->loss))
			continue;
		if (happens(sim, config->reorder))
			delay_ns += config->reorder_ns;
		event.at_true_ns = depart_true_ns + MAX(delay_ns, 0);
		event.true_ns = event.at_true_ns + sim->nodes[to].config.stamp_latency_ns;
		sim_queue_push(sim->queue, &event);
	}
}

static void send(struct sim *sim, struct node *node, const struct bc_action *action)
{
	const struct end *end = &node->ends[action->port];
	int64_t depart_true_ns = sim->now_ns + SEND_LATENCY_NS;

	node->n_sent++;
	trace(sim, action->send.message, action->send.len);
	if (action->send.is_event) {
		struct sim_event event = {
			.type = SIM_EVENT_TX_STAMP,
			.true_ns = depart_true_ns + node->config.stamp_latency_ns,
			.node = (uint16_t)(node - sim->nodes),
			.port = (uint16_t)action->port,
			.message_type = action->send.message_type,
			.sequence_id = action->send.sequence_id,
			.stamp_mono_ns = stamp(sim, node, depart_true_ns),
		};

		sim_queue_push(sim->queue, &event);
	}
	if (end->is_used && sim->links[end->link].is_up)
		deliver(sim, end, action, depart_true_ns);
}

static void arm_timer(struct sim *sim, struct node *node)
{
	uint64_t due_mono_ns = bc_engine_next_deadline_mono_ns(node->engine);
	struct sim_event event = {.type = SIM_EVENT_TIMER, .node = (uint16_t)(node - sim->nodes)};

	if (due_mono_ns == UINT64_MAX)
		return;
	event.true_ns = sim_oscillator_true_ns(&node->oscillator, (int64_t)due_mono_ns);
	event.true_ns = MAX(event.true_ns, sim->now_ns + 1);
	if (event.true_ns == node->timer_true_ns)
		return;
	node->timer_true_ns = event.true_ns;
	sim_queue_push(sim->queue, &event);
}

/* After each input: what the engine wants, and when it wants to be called again. */
static void settle(struct sim *sim, struct node *node)
{
	struct bc_action action;

	while (bc_engine_pop_action(node->engine, &action)) {
		trace_number(sim, sim->now_ns);
		trace_number(sim, (node - sim->nodes) << 16 | (int64_t)action.type);
		if (action.type == BC_ACTION_SEND)
			send(sim, node, &action);
		else if (action.type == BC_ACTION_PORT_STATE)
			node->n_state_changes++;
		else if (action.type == BC_ACTION_SYNC)
			trace_number(sim, action.sync.offset_ns);
		else if (action.type == BC_ACTION_CLOCK && node->config.engine.is_system_clock)
			sim_oscillator_steer(&node->oscillator, sim->now_ns, -action.clock.frequency_ppb);
	}
	arm_timer(sim, node);
}

static void set_carrier(struct sim *sim, size_t node_index, size_t port, bool is_up)
{
	struct node *node = &sim->nodes[node_index];

	bc_engine_handle_link(node->engine, port, is_up ? BC_LINK_UP : BC_LINK_DOWN, mono_now(sim, node));
	settle(sim, node);
}

static struct bc_engine *new_engine(struct sim *sim, struct node *node, int64_t ptp_ns, double frequency_ppb)
{
	static struct bc_port_config ports[SIM_MAX_PORTS];
	struct bc_engine_config config = node->config.engine;
	struct bc_engine *engine = NULL;

	for (size_t p = 0; p < node->config.n_ports; p++)
		ports[p] = node->config.port;
	if (node->config.local_priority)
		ports[0].local_priority = node->config.local_priority;
	config.n_ports = node->config.n_ports;
	config.ports = ports;
	config.initial_frequency_ppb = frequency_ppb;
	config.seed = sim_random_u64(&sim->random);
	check(bc_engine_new(&config, mono_now(sim, node), ptp_ns, &engine) == 0,
	      "the engine refuses its configuration");
	return engine;
}

static void report_links(struct sim *sim, size_t index)
{
	for (size_t p = 0; p < sim->nodes[index].config.n_ports; p++)
		set_carrier(sim, index, p, sim->nodes[index].ends[p].is_used);
}

void sim_start(struct sim *sim)
{
	struct sim_event sample = {.type = SIM_EVENT_SAMPLE, .true_ns = SAMPLE_NS};

	for (size_t i = 0; i < sim->n_nodes; i++) {
		struct node *node = &sim->nodes[i];

		node->engine = new_engine(sim, node, SIM_EPOCH_PTP_NS + node->config.offset_ns,
					  node->config.engine.initial_frequency_ppb);
	}
	for (size_t i = 0; i < sim->n_nodes; i++)
		report_links(sim, i);
	sim_queue_push(sim->queue, &sample);
}

void sim_succeed(struct sim *sim, size_t index, const struct sim_node *config)
{
	struct node *node = &sim->nodes[index];
	struct bc_engine *old = node->engine;
	uint64_t now_mono_ns = mono_now(sim, node);
	size_t old_ports[SIM_MAX_PORTS];

	for (size_t i = 0; i < SIM_MAX_PORTS; i++)
		old_ports[i] = i;
	node->config = *config;
	node->timer_true_ns = INT64_MAX;
	node->engine = new_engine(sim, node, bc_local_clock_ptp_ns(bc_engine_clock(old), now_mono_ns),
				  bc_engine_held_frequency_ppb(old));
	bc_engine_inherit(node->engine, old, old_ports, now_mono_ns);
	bc_engine_free(old);
	report_links(sim, index);
}

static void take_sample(struct sim *sim)
{
	struct sim_event next = {.type = SIM_EVENT_SAMPLE, .true_ns = sim->now_ns + SAMPLE_NS};

	for (size_t i = 0; i < sim->n_nodes; i++) {
		struct node *node = &sim->nodes[i];
		double error_ns;

		if (!node->is_alive)
			continue;
		error_ns = sim_error_ns(sim, i);
		node->n++;
		node->sum_ns += error_ns;
		node->sum2_ns2 += error_ns * error_ns;
		node->max_abs_ns = fmax(node->max_abs_ns, fabs(error_ns));
	}
	sim_queue_push(sim->queue, &next);
}

static void handle_frame(struct sim *sim, struct node *node, const struct sim_event *event)
{
	struct bc_rx rx = {
		.message = event->message,
		.len = event->len,
		.has_stamp = true,
		.stamp_mono_ns = stamp(sim, node, event->at_true_ns),
		.transport = node->config.port.transport,
	};

	if (!sim->links[node->ends[event->port].link].is_up)
		return;
	bc_engine_handle_rx(node->engine, event->port, &rx, mono_now(sim, node));
}

static void handle(struct sim *sim, const struct sim_event *event)
{
	struct node *node = &sim->nodes[event->node];

	if (event->type == SIM_EVENT_SAMPLE) {
		take_sample(sim);
		return;
	}
	if (!node->is_alive)
		return;
	switch (event->type) {
	case SIM_EVENT_FRAME:
		handle_frame(sim, node, event);
		break;
	case SIM_EVENT_TX_STAMP:
		bc_engine_handle_tx_stamp(node->engine, event->port, event->message_type, event->sequence_id,
					  event->stamp_mono_ns);
		break;
	default:
		if (event->true_ns != node->timer_true_ns)
			return;
		node->timer_true_ns = INT64_MAX;
		bc_engine_handle_timer(node->engine, mono_now(sim, node));
		break;
	}
	settle(sim, node);
}

void sim_run_s(struct sim *sim, double s)
{
	int64_t until_ns = sim->now_ns + (int64_t)(s * 1e9);
	struct sim_event event;

	while (sim_queue_pop(sim->queue, until_ns, &event)) {
		sim->now_ns = event.true_ns;
		sim->n_events++;
		handle(sim, &event);
	}
	sim->now_ns = until_ns;
}

int64_t sim_now_ns(const struct sim *sim)
{
	return sim->now_ns;
}

struct sim_link *sim_link_of(struct sim *sim, size_t link)
{
	return &sim->links[link].config;
}

void sim_set_link(struct sim *sim, size_t index, bool is_up)
{
	struct link *link = &sim->links[index];

	link->is_up = is_up;
	set_carrier(sim, link->node[0], link->port[0], is_up);
	set_carrier(sim, link->node[1], link->port[1], is_up);
}

void sim_set_alive(struct sim *sim, size_t index, bool is_alive)
{
	struct node *node = &sim->nodes[index];

	node->is_alive = is_alive;
	node->timer_true_ns = INT64_MAX;
	if (!is_alive)
		return;
	bc_engine_handle_timer(node->engine, mono_now(sim, node));
	settle(sim, node);
}

struct bc_engine *sim_engine(struct sim *sim, size_t node)
{
	return sim->nodes[node].engine;
}

enum bc_port_state sim_state(struct sim *sim, size_t node, size_t port)
{
	return bc_engine_port_state(sim->nodes[node].engine, port);
}

double sim_error_ns(struct sim *sim, size_t index)
{
	struct node *node = &sim->nodes[index];
	int64_t ptp_ns = bc_local_clock_ptp_ns(bc_engine_clock(node->engine), mono_now(sim, node));

	return (double)(ptp_ns - SIM_EPOCH_PTP_NS - sim->now_ns);
}

void sim_clear_stats(struct sim *sim)
{
	for (size_t i = 0; i < sim->n_nodes; i++) {
		struct node *node = &sim->nodes[i];

		node->n = node->n_sent = 0;
		node->n_state_changes = 0;
		node->sum_ns = node->sum2_ns2 = node->max_abs_ns = 0;
	}
}

struct sim_stats sim_stats(struct sim *sim, size_t index)
{
	const struct node *node = &sim->nodes[index];
	double n = node->n ? (double)node->n : 1.0;

	return (struct sim_stats){
		.n = node->n,
		.mean_ns = node->sum_ns / n,
		.rms_ns = sqrt(node->sum2_ns2 / n),
		.max_abs_ns = node->max_abs_ns,
		.n_state_changes = node->n_state_changes,
		.n_sent = node->n_sent,
	};
}

uint64_t sim_trace(const struct sim *sim)
{
	return sim->trace;
}

uint64_t sim_n_events(const struct sim *sim)
{
	return sim->n_events;
}
