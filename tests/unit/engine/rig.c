// SPDX-License-Identifier: GPL-2.0-or-later
/* The bench: its clockwork, and what it does with the engine's actions. */
#include "tests/unit/engine/rig.h"

#include <stdlib.h>

#include "tests/unit/engine/defaults.h"

#define NEVER UINT64_MAX

void rig_init(struct rig *rig, size_t n_ports)
{
	static const uint8_t identity[PTP_CLOCK_IDENTITY_LEN] = {0x02, 0, 0, 0xff, 0xfe, 0, 0, 0x01};

	memset(rig, 0, sizeof(*rig));
	rig->now_mono_ns = 5 * NSEC_PER_SEC;
	rig->config = engine_defaults();
	memcpy(rig->config.clock_identity, identity, sizeof(identity));
	rig->config.seed = 42;
	rig->config.n_ports = n_ports;
	rig->config.ports = rig->ports;
	for (size_t i = 0; i < n_ports; i++)
		rig->ports[i] = port_defaults();
}

void rig_start(struct rig *rig, int64_t ptp_ns)
{
	assert_int_equal(bc_engine_new(&rig->config, rig->now_mono_ns, ptp_ns, &rig->engine), 0);
	for (size_t i = 0; i < rig->config.n_ports; i++)
		bc_engine_handle_link(rig->engine, i, BC_LINK_UP, rig->now_mono_ns);
	rig_drain(rig);
}

void rig_stop(struct rig *rig)
{
	bc_engine_free(rig->engine);
	rig->engine = NULL;
}

struct rig_master *rig_master(struct rig *rig, size_t i, size_t port)
{
	struct rig_master *m = &rig->masters[i];

	*m = (struct rig_master){
		.is_on = true,
		.is_announcing = true,
		.is_syncing = true,
		.is_answering = true,
		.port = port,
		.identity = {{0xa0, 0, 0, 0xff, 0xfe, 0, 0, (uint8_t)(i + 1)}, 1},
		.announce =
			{
				.current_utc_offset_s = 37,
				.grandmaster_priority1 = (uint8_t)(100 + i),
				.grandmaster_clock_quality = {6, 0x21, 0x4e5d},
				.grandmaster_priority2 = 128,
				.time_source = 0x20,
			},
		.flags = PTP_FLAG_PTP_TIMESCALE,
		.log_sync_interval = -3,
		.delay_out_ns = 1000,
		.delay_back_ns = 1000,
		.next_announce_mono_ns = rig->now_mono_ns,
		.next_sync_mono_ns = rig->now_mono_ns,
		.answer_mono_ns = NEVER,
	};
	memcpy(m->announce.grandmaster_identity, m->identity.clock_identity, PTP_CLOCK_IDENTITY_LEN);
	return m;
}

int64_t rig_master_ptp_ns(const struct rig_master *m, uint64_t mono_ns)
{
	return RIG_EPOCH_PTP_NS + (int64_t)mono_ns + m->step_ns +
	       (int64_t)((double)mono_ns * m->rate_ppb * 1e-9);
}

static struct bc_msg header(const struct rig *rig, const struct rig_master *m, uint8_t type,
			    uint16_t sequence_id)
{
	return (struct bc_msg){
		.type = type,
		.minor_version = 1,
		.sdo_id = rig->config.sdo_id,
		.domain_number = rig->config.domain_number,
		.source = m->identity,
		.sequence_id = sequence_id,
		.log_message_interval =
			m->lies_about_intervals ? m->claimed_log_interval : m->log_sync_interval,
	};
}

struct bc_msg rig_announce_msg(const struct rig *rig, const struct rig_master *m, uint16_t sequence_id)
{
	struct bc_msg msg = header(rig, m, PTP_ANNOUNCE, sequence_id);

	msg.flags = m->flags;
	if (!m->lies_about_intervals)
		msg.log_message_interval = m->log_announce_interval;
	msg.announce = m->announce;
	return msg;
}

struct bc_msg rig_sync_msg(const struct rig *rig, const struct rig_master *m, uint16_t sequence_id)
{
	struct bc_msg msg = header(rig, m, PTP_SYNC, sequence_id);

	msg.correction_sns = m->sync_correction_sns;
	if (m->is_one_step)
		msg.timestamp_ns = rig_master_ptp_ns(m, rig->now_mono_ns - (uint64_t)m->delay_out_ns);
	else
		msg.flags = PTP_FLAG_TWO_STEP;
	return msg;
}

struct bc_msg rig_follow_up_msg(const struct rig *rig, const struct rig_master *m, uint16_t sequence_id,
				int64_t origin_ptp_ns)
{
	struct bc_msg msg = header(rig, m, PTP_FOLLOW_UP, sequence_id);

	msg.correction_sns = m->follow_up_correction_sns;
	msg.timestamp_ns = origin_ptp_ns;
	if (m->follow_up_tlvs) {
		msg.tlvs = m->follow_up_tlvs->data;
		msg.tlvs_len = m->follow_up_tlvs->len;
	}
	return msg;
}

void rig_master_announce(struct rig *rig, struct rig_master *m)
{
	struct bc_msg msg = rig_announce_msg(rig, m, m->announce_sequence_id++);

	rig_inject(rig, m->port, &msg);
}

void rig_master_sync(struct rig *rig, struct rig_master *m)
{
	uint16_t sequence_id = m->sync_sequence_id++;
	int64_t origin_ptp_ns = rig_master_ptp_ns(m, rig->now_mono_ns - (uint64_t)m->delay_out_ns);
	struct bc_msg sync = rig_sync_msg(rig, m, sequence_id);
	struct bc_msg follow_up = rig_follow_up_msg(rig, m, sequence_id, origin_ptp_ns);
	bool has_follow_up = !m->is_one_step && !m->omits_follow_up;

	if (has_follow_up && m->sends_follow_up_first)
		rig_inject(rig, m->port, &follow_up);
	rig_inject(rig, m->port, &sync);
	if (has_follow_up && !m->sends_follow_up_first)
		rig_inject(rig, m->port, &follow_up);
}

/* Every master on a port that is asked prepares its answer; the engine takes its parent's. */
static void answer(struct rig *rig, size_t port, const struct bc_msg *request, uint64_t t3_mono_ns)
{
	for (size_t i = 0; i < RIG_MASTERS; i++) {
		struct rig_master *m = &rig->masters[i];

		if (!m->is_on || !m->is_answering || m->port != port)
			continue;
		m->answer = header(rig, m, PTP_DELAY_RESP, request->sequence_id);
		m->answer.log_message_interval = m->log_delay_req_interval;
		m->answer.requesting = request->source;
		m->answer.correction_sns = m->delay_resp_correction_sns;
		m->answer.timestamp_ns = rig_master_ptp_ns(m, t3_mono_ns + (uint64_t)m->delay_back_ns);
		m->answer_mono_ns = t3_mono_ns + (uint64_t)(m->delay_back_ns + m->delay_out_ns);
	}
}

static void stamp(struct rig *rig, const struct bc_action *action, uint64_t stamp_mono_ns)
{
	struct rig_port *port = &rig->port[action->port];

	port->n_stamps++;
	if (port->holds_stamps || (port->stamp_loss_every && port->n_stamps % port->stamp_loss_every == 0))
		return;
	assert_true(rig->n_stamps < RIG_STAMPS);
	rig->stamps[rig->n_stamps].due_mono_ns = stamp_mono_ns + port->stamp_delay_ns;
	rig->stamps[rig->n_stamps].stamp_mono_ns = stamp_mono_ns;
	rig->stamps[rig->n_stamps].port = action->port;
	rig->stamps[rig->n_stamps].type = action->send.message_type;
	rig->stamps[rig->n_stamps++].sequence_id = action->send.sequence_id;
}

static void sent(struct rig *rig, const struct bc_action *action)
{
	struct rig_port *port = &rig->port[action->port];
	uint8_t type = action->send.message_type;
	struct bc_msg msg;

	assert_int_equal(bc_msg_parse(action->send.message, action->send.len, &msg), BC_MSG_OK);
	assert_int_equal(msg.type, type);
	assert_int_equal(msg.sequence_id, action->send.sequence_id);
	assert_int_equal(action->send.is_event, PTP_IS_EVENT(type));
	port->n_sent[type]++;
	port->last_sent[type] = msg;
	port->last_send[type] = *action;
	port->last_sent_mono_ns[type] = rig->now_mono_ns;
	if (action->send.is_event)
		stamp(rig, action, rig->now_mono_ns);
	if (type == PTP_DELAY_REQ)
		answer(rig, action->port, &msg, rig->now_mono_ns);
}

/* A system's clock is run at that frequency: the masters' rates are told in its time. */
static void tune(struct rig *rig, double kernel_ppb)
{
	for (size_t i = 0; i < RIG_MASTERS; i++) {
		struct rig_master *m = &rig->masters[i];
		int64_t before_ns = rig_master_ptp_ns(m, rig->now_mono_ns);

		m->rate_ppb -= kernel_ppb - rig->kernel_ppb;
		m->step_ns += before_ns - rig_master_ptp_ns(m, rig->now_mono_ns);
	}
	rig->kernel_ppb = kernel_ppb;
}

static void do_action(struct rig *rig, const struct bc_action *action)
{
	struct rig_port *port = &rig->port[action->port];

	switch (action->type) {
	case BC_ACTION_SEND:
		sent(rig, action);
		break;
	case BC_ACTION_PORT_STATE:
		port->n_state_changes++;
		if (action->port_state.event == BC_EVENT_FAULT_CLEARED)
			port->last_cleared_mono_ns = rig->now_mono_ns;
		break;
	case BC_ACTION_FAULT:
		port->n_faults++;
		port->last_fault_mono_ns = rig->now_mono_ns;
		break;
	case BC_ACTION_LOOP:
		rig->n_loops++;
		rig->last_loop = *action;
		break;
	case BC_ACTION_ANNOUNCE_REFUSED:
		rig->n_announces_refused++;
		rig->last_announce_refused = *action;
		break;
	case BC_ACTION_FOREIGN_MASTER:
		rig->n_foreign++;
		break;
	case BC_ACTION_BEST_MASTER:
		rig->n_best_master++;
		rig->last_best_master = *action;
		break;
	case BC_ACTION_SYNC:
		rig->n_syncs++;
		rig->last_sync = *action;
		break;
	case BC_ACTION_MANAGEMENT:
		rig->management[rig->n_management++ % RIG_MANAGEMENT] = *action;
		break;
	case BC_ACTION_SLAVE_EVENT:
		rig->n_slave_events++;
		rig->slave_event = *action;
		break;
	case BC_ACTION_DELAY:
	case BC_ACTION_UNICAST:
		break;
	case BC_ACTION_PATH_ALARM:
		port->n_path_events[action->path_alarm.event]++;
		port->last_path_event_mono_ns = rig->now_mono_ns;
		break;
	case BC_ACTION_LINK_NOTE:
		port->n_notes[action->link_note.note]++;
		break;
	case BC_ACTION_UTC:
		rig->n_utc[action->utc.event]++;
		rig->system_step_ns += action->utc.system_step_ns;
		rig->last_utc = *action;
		break;
	case BC_ACTION_EPOCH_REFUSED:
		rig->n_timescales_refused++;
		break;
	case BC_ACTION_CLOCK:
		rig->n_steps += action->clock.step_ns != 0;
		rig->clock_step_ns += action->clock.step_ns;
		if (rig->config.is_system_clock)
			tune(rig, -action->clock.frequency_ppb);
		rig->last_clock = *action;
		break;
	case BC_ACTION_HOLDOVER:
		rig->n_holdover[action->holdover.event]++;
		rig->last_holdover = *action;
		break;
	case BC_ACTION_STEP_GUARD:
		rig->n_step_guard++;
		rig->last_step_guard = *action;
		break;
	case BC_ACTION_MASTER_BARRED:
		rig->n_barred++;
		rig->last_barred = *action;
		break;
	case BC_ACTION_MASTER_STEP:
		rig->n_master_steps_refused += !action->master_step.is_accepted;
		rig->n_master_steps_accepted += action->master_step.is_accepted;
		break;
	}
}

void rig_drain(struct rig *rig)
{
	struct bc_action action;

	while (bc_engine_pop_action(rig->engine, &action))
		do_action(rig, &action);
}

void rig_inject_octets(struct rig *rig, size_t port, const uint8_t *octets, size_t len)
{
	struct bc_rx rx = {
		.message = octets,
		.len = len,
		.has_stamp = true,
		.stamp_mono_ns = rig->now_mono_ns,
		.transport = rig->ports[port].transport,
		.source = {.mac = {0x02, 0xaa, 0, 0, 0, 0x55}},
	};

	bc_engine_handle_rx(rig->engine, port, &rx, rig->now_mono_ns);
	rig_drain(rig);
}

void rig_inject_stamped(struct rig *rig, size_t port, const struct bc_msg *msg, uint64_t stamp_mono_ns)
{
	uint8_t octets[BC_MSG_TX_MAX];
	struct bc_rx rx = {
		.message = octets,
		.len = bc_msg_write(msg, octets),
		.has_stamp = true,
		.stamp_mono_ns = stamp_mono_ns,
		.transport = rig->ports[port].transport,
		.source = {.mac = {0x02, 0xaa, 0, 0, 0, 0x55}},
	};

	bc_engine_handle_rx(rig->engine, port, &rx, rig->now_mono_ns);
	rig_drain(rig);
}

void rig_inject(struct rig *rig, size_t port, const struct bc_msg *msg)
{
	rig_inject_stamped(rig, port, msg, rig->now_mono_ns);
}

static void deliver_stamp(struct rig *rig, size_t i)
{
	size_t port = rig->stamps[i].port;
	uint64_t stamp_mono_ns = rig->stamps[i].stamp_mono_ns;
	uint16_t sequence_id = rig->stamps[i].sequence_id;
	uint8_t type = rig->stamps[i].type;

	rig->n_stamps--;
	memmove(&rig->stamps[i], &rig->stamps[i + 1], (rig->n_stamps - i) * sizeof(rig->stamps[0]));
	bc_engine_handle_tx_stamp(rig->engine, port, type, sequence_id, stamp_mono_ns);
	rig_drain(rig);
}

static uint64_t next_event(const struct rig *rig)
{
	uint64_t next = bc_engine_next_deadline_mono_ns(rig->engine);

	for (size_t i = 0; i < rig->n_stamps; i++)
		next = MIN(next, rig->stamps[i].due_mono_ns);
	for (size_t i = 0; i < RIG_MASTERS; i++) {
		const struct rig_master *m = &rig->masters[i];

		if (!m->is_on)
			continue;
		if (m->is_announcing)
			next = MIN(next, m->next_announce_mono_ns);
		if (m->is_syncing)
			next = MIN(next, m->next_sync_mono_ns);
		next = MIN(next, m->answer_mono_ns);
	}
	return next;
}

static int64_t interval_ns(int log)
{
	return log < 0 ? NSEC_PER_SEC >> -log : NSEC_PER_SEC << log;
}

static void run_master(struct rig *rig, struct rig_master *m)
{
	if (m->is_announcing && m->next_announce_mono_ns <= rig->now_mono_ns) {
		m->next_announce_mono_ns = rig->now_mono_ns + (uint64_t)interval_ns(m->log_announce_interval);
		rig_master_announce(rig, m);
	}
	if (m->is_syncing && m->next_sync_mono_ns <= rig->now_mono_ns) {
		m->next_sync_mono_ns = rig->now_mono_ns + (uint64_t)interval_ns(m->log_sync_interval);
		rig_master_sync(rig, m);
	}
	if (m->answer_mono_ns <= rig->now_mono_ns) {
		struct bc_msg msg = m->answer;

		m->answer_mono_ns = NEVER;
		rig_inject(rig, m->port, &msg);
	}
}

void rig_run_ns(struct rig *rig, int64_t ns)
{
	uint64_t until_mono_ns = rig->now_mono_ns + (uint64_t)ns, next;
	unsigned int n_at_once = 0;

	while ((next = next_event(rig)) <= until_mono_ns) {
		/* An engine that always wants to be called now would turn the daemon into a busy loop. */
		n_at_once = next <= rig->now_mono_ns ? n_at_once + 1 : 0;
		if (n_at_once > 1000)
			fail_msg("no progress at %llu", (unsigned long long)rig->now_mono_ns);
		rig->now_mono_ns = MAX(rig->now_mono_ns, next);
		for (size_t i = rig->n_stamps; i-- > 0;)
			if (i < rig->n_stamps && rig->stamps[i].due_mono_ns <= rig->now_mono_ns)
				deliver_stamp(rig, i);
		for (size_t i = 0; i < RIG_MASTERS; i++)
			if (rig->masters[i].is_on)
				run_master(rig, &rig->masters[i]);
		if (bc_engine_next_deadline_mono_ns(rig->engine) <= rig->now_mono_ns) {
			bc_engine_handle_timer(rig->engine, rig->now_mono_ns);
			rig_drain(rig);
		}
	}
	rig->now_mono_ns = until_mono_ns;
}

void rig_run_s(struct rig *rig, int s)
{
	rig_run_ns(rig, s * NSEC_PER_SEC);
}

void rig_halt(struct rig *rig, int64_t ns)
{
	rig->now_mono_ns += (uint64_t)ns;
	/* The world goes on; what it sends meanwhile is lost. */
	for (size_t i = 0; i < RIG_MASTERS; i++) {
		struct rig_master *m = &rig->masters[i];

		m->next_announce_mono_ns = MAX(m->next_announce_mono_ns, rig->now_mono_ns);
		m->next_sync_mono_ns = MAX(m->next_sync_mono_ns, rig->now_mono_ns);
		m->announce_sequence_id += (uint16_t)(ns / interval_ns(m->log_announce_interval));
		m->sync_sequence_id += (uint16_t)(ns / interval_ns(m->log_sync_interval));
		m->answer_mono_ns = NEVER;
	}
}
