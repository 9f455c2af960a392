// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Following a master: pairs Sync with Follow_Up and Delay_Req with Delay_Resp, refuses what cannot be
 * true, and turns the rest into offset and mean path delay for the servo (IEEE 1588-2019 11.2, 11.3).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bc/engine/engine_private.h"
#include "bc/engine/follow_up_info.h"
#include "bc/engine/tsproc.h"
#include "bc/engine/interval_request.h"
#include "bc/engine/slave_event.h"
#include "bc/engine/succession.h"
#include "bc/engine/unicast_client.h"

/* Until so many path delays are known, a Delay_Req follows each Sync at once: the first offset is then right
 * although the frequency is not. */
#define EAGER_DELAY_SAMPLES    4
#define EAGER_DELAY_SPACING_NS (100 * NSEC_PER_MSEC)
#define WAIT_FOR_DELAYS_NS     (5 * (uint64_t)NSEC_PER_SEC)

/* A jump is the same from Sync to Sync, but for jitter and half a percent of rate. What grows faster is no
 * jump: it is our own clock that runs away, and to step after it would hide that. */
#define JUMP_AGREEMENT_NS(elapsed_ns) ((int64_t)((elapsed_ns) / 200) + BC_JUMP_SLACK_NS)

/* However slow a master says it is. */
#define REPLAY_SILENCE_MAX_NS (10 * NSEC_PER_SEC)

static bool is_following(const struct bc_port *port)
{
	return port->state == BC_STATE_UNCALIBRATED || port->state == BC_STATE_SLAVE;
}

static bool is_from_parent(struct bc_port *port, const struct bc_msg *msg)
{
	if (!is_following(port)) {
		bc_count(port, BC_COUNTER_RX_STATE);
		return false;
	}
	if (!port->config.ignore_source_id &&
	    !bc_port_identity_equal(&msg->source, &port->engine->status.parent)) {
		bc_count(port, BC_COUNTER_RX_NOT_PARENT);
		return false;
	}
	return true;
}

static void set_frequency(struct bc_engine *engine, double frequency_ppb, uint64_t now_mono_ns)
{
	engine->status.frequency_ppb = frequency_ppb;
	/* The kernel runs monotonic time at that frequency. */
	if (engine->config.is_system_clock) {
		bc_local_clock_set_rate(&engine->unsteered, now_mono_ns,
					(1.0 / (1.0 - frequency_ppb * 1e-9) - 1.0) * 1e9);
		return;
	}
	bc_local_clock_set_rate(&engine->clock, now_mono_ns, -frequency_ppb - engine->mono_rate_ppb);
}

/* The servo reckons in a time that it does not steer itself. */
static uint64_t servo_time_ns(const struct bc_engine *engine, uint64_t mono_ns)
{
	return engine->config.is_system_clock ? (uint64_t)bc_local_clock_ptp_ns(&engine->unsteered, mono_ns)
					      : mono_ns;
}

static void announce_clock(struct bc_engine *engine, size_t port, int64_t step_ns, double frequency_ppb)
{
	struct bc_action *action = bc_action_push(engine, BC_ACTION_CLOCK, port);

	if (!action)
		return;
	action->clock.step_ns = step_ns;
	action->clock.frequency_ppb = frequency_ppb;
}

/* A master's Sync says so. */
static void move_clock(struct bc_port *port, int64_t step_ns, double frequency_ppb, uint64_t now_mono_ns)
{
	announce_clock(port->engine, port->index, step_ns, frequency_ppb);
	bc_system_take_in_hand(port->engine, now_mono_ns);
}

void bc_slave_hold_frequency(struct bc_engine *engine, uint64_t now_mono_ns)
{
	bc_servo_reset(engine->servo);
	engine->near_since_mono_ns = NEVER;
	if (engine->config.free_running)
		return;
	set_frequency(engine, bc_servo_frequency_ppb(engine->servo), now_mono_ns);
	if (engine->config.is_system_clock)
		announce_clock(engine, 0, 0, engine->status.frequency_ppb);
}

void bc_slave_mono_rate(struct bc_engine *engine, double rate_ppb, uint64_t now_mono_ns)
{
	engine->mono_rate_ppb = rate_ppb;
	if (!engine->config.free_running)
		set_frequency(engine, engine->status.frequency_ppb, now_mono_ns);
}

void bc_slave_reset(struct bc_port *port, uint64_t now_mono_ns)
{
	struct bc_engine *engine = port->engine;

	memset(&port->sync_rx, 0, sizeof(port->sync_rx));
	memset(&engine->status.follow_up_info, 0, sizeof(engine->status.follow_up_info));
	port->n_delay_unanswered = 0;
	if (port->mechanism == BC_DELAY_E2E)
		bc_path_alarm_reset(&port->path_alarm); /* to another master it is another one */
	memset(port->delay_req_sent, 0, sizeof(port->delay_req_sent));
	bc_interval_request_forget(port);
	port->delay_req_deadline = NEVER;
	port->log_delay_req_interval = bc_unicast_client_delay_req_interval(port);
	engine->n_path_delays = port->config.initial_delay_ns != 0;
	engine->is_delay_assumed = port->config.initial_delay_ns != 0;
	engine->status.offset_from_master_ns = 0;
	engine->status.mean_path_delay_ns = port->config.initial_delay_ns;
	engine->status.servo_state = BC_SERVO_UNLOCKED;
	bc_delay_filter_reset(port->delay_filter);
	bc_slave_hold_frequency(engine, now_mono_ns);
	/* Until it has been in step with one, a clock has no time that is worth a slew. */
	if (!engine->step_guard.is_armed)
		bc_servo_first_again(engine->servo);
	/* The old master's silence is not the new one's. */
	bc_port_arm_announce_receipt(port, now_mono_ns);
	port->sync_receipt_deadline = NEVER;
}

/* How far a master's time may run off in a while: the frequency limit, and jitter; but never far. */
static int64_t jump_limit_ns(const struct bc_engine *engine, uint64_t elapsed_ns)
{
	double limit_ns = (double)elapsed_ns * engine->config.sanity_freq_limit_ppb * 1e-9;

	return (int64_t)fmin(limit_ns, BC_JUMP_RUN_OFF_MAX_NS) + BC_JUMP_SLACK_NS;
}

/*
 * How far the master's time is from where it should be. A clock that has once been locked knows by itself,
 * also after a silence and with another master; before that only the last Sync tells. False: nothing does.
 */
static bool master_jump(const struct bc_port *port, int64_t t1_ptp_ns, uint64_t t2_mono_ns,
			int64_t *ret_jump_ns, uint64_t *ret_elapsed_ns)
{
	const struct bc_engine *engine = port->engine;
	const struct bc_sync_rx *sync = &port->sync_rx;

	if (engine->has_locked) {
		*ret_elapsed_ns = (uint64_t)llabs((int64_t)(t2_mono_ns - engine->last_sync_mono_ns));
		*ret_jump_ns = t1_ptp_ns + engine->status.mean_path_delay_ns -
			       bc_local_clock_ptp_ns(&engine->clock, t2_mono_ns);
		return true;
	}
	if (!sync->has_pair)
		return false;
	*ret_elapsed_ns = (uint64_t)llabs((int64_t)(t2_mono_ns - sync->t2_mono_ns));
	*ret_jump_ns = t1_ptp_ns - sync->t1_ptp_ns -
		       (int64_t)(servo_time_ns(engine, t2_mono_ns) - sync->t2_servo_ns);
	return true;
}

/* The Sync before was refused for the same jump. */
static bool is_same_jump(const struct bc_sync_rx *sync, int64_t jump_ns, uint64_t t2_mono_ns)
{
	uint64_t elapsed_ns = (uint64_t)llabs((int64_t)(t2_mono_ns - sync->jump_t2_mono_ns));

	return sync->n_jumps > 0 && llabs(jump_ns - sync->jump_ns) <= JUMP_AGREEMENT_NS(elapsed_ns);
}

/* The n-th Sync in a row, this one included, that agrees on where the master's time jumped to. */
static unsigned int agreeing_jumps(struct bc_port *port, int64_t jump_ns, uint64_t t2_mono_ns)
{
	struct bc_sync_rx *sync = &port->sync_rx;

	if (is_same_jump(sync, jump_ns, t2_mono_ns))
		sync->n_jumps++;
	else
		sync->n_jumps = 1;
	sync->jump_t2_mono_ns = t2_mono_ns;
	sync->jump_ns = jump_ns;
	return sync->n_jumps;
}

static void announce_jump(struct bc_port *port, int64_t jump_ns, bool is_accepted)
{
	struct bc_action *action = bc_action_push(port->engine, BC_ACTION_MASTER_STEP, port->index);

	if (!action)
		return;
	action->master_step.jump_ns = jump_ns;
	action->master_step.is_accepted = is_accepted;
}

/* Nothing that was found out about this master is believed any more, least of all the frequency. */
static void start_anew(struct bc_port *port, uint64_t now_mono_ns)
{
	port->engine->has_locked = false;
	bc_slave_reset(port, now_mono_ns);
	if (port->state == BC_STATE_SLAVE)
		bc_port_event(port, BC_EVENT_SYNCHRONIZATION_FAULT, false, now_mono_ns);
}

/* Further away than the step guard lets anyone move us. What several Syncs agree on, or none for long, is not
 * an accident: such a master is not followed. */
static bool is_beyond_guard(struct bc_port *port, int64_t t1_ptp_ns, uint64_t t2_mono_ns)
{
	struct bc_engine *engine = port->engine;
	uint64_t elapsed_ns = (uint64_t)llabs((int64_t)(t2_mono_ns - engine->last_sync_mono_ns));
	int64_t jump_ns = t1_ptp_ns + engine->status.mean_path_delay_ns -
			  bc_local_clock_ptp_ns(&engine->clock, t2_mono_ns);
	unsigned int n;

	if (!bc_succession_is_beyond_limit(engine, jump_ns, elapsed_ns))
		return false;
	bc_count(port, BC_COUNTER_SYNC_STEP_GUARD);
	n = agreeing_jumps(port, jump_ns, t2_mono_ns);
	if (n == 1)
		announce_jump(port, jump_ns, false);
	if (n >= BC_JUMP_CONFIRM || ++port->sync_rx.n_refused >= BC_JUMP_GIVE_UP)
		bc_succession_refuse_master(port, jump_ns, t2_mono_ns);
	return true;
}

/* What stays the same from Sync to Sync is no rate, however soon one could have led there. Whoever is nearer
 * to where he was before the jump is back. */
static bool stays_off(const struct bc_sync_rx *sync, int64_t jump_ns, uint64_t t2_mono_ns)
{
	return is_same_jump(sync, jump_ns, t2_mono_ns) && llabs(jump_ns - sync->jump_ns) < llabs(jump_ns);
}

/*
 * A master's time that jumps is refused until further messages agree with it: one that lies once is not
 * followed, one that was set is. Then our clock jumps by as much, whatever the step thresholds say: it is the
 * time scale that moved, not our error, and a slew would have clients run at another rate for as long.
 */
static bool is_where_expected(struct bc_port *port, int64_t t1_ptp_ns, uint64_t t2_mono_ns)
{
	struct bc_sync_rx *sync = &port->sync_rx;
	struct bc_engine *engine = port->engine;
	uint64_t elapsed_ns;
	unsigned int n;
	int64_t jump_ns;

	if (is_beyond_guard(port, t1_ptp_ns, t2_mono_ns))
		return false;
	if (engine->config.sanity_freq_limit_ppb <= 0 ||
	    !master_jump(port, t1_ptp_ns, t2_mono_ns, &jump_ns, &elapsed_ns))
		return true;
	if (llabs(jump_ns) <= jump_limit_ns(engine, elapsed_ns) && !stays_off(sync, jump_ns, t2_mono_ns)) {
		sync->n_jumps = sync->n_refused = 0;
		return true;
	}
	if (++sync->n_refused >= BC_JUMP_GIVE_UP) {
		start_anew(port, t2_mono_ns);
		return false;
	}

	n = agreeing_jumps(port, jump_ns, t2_mono_ns);
	if (n >= BC_JUMP_CONFIRM && !bc_succession_allows_step(port, jump_ns, t2_mono_ns)) {
		bc_count(port, BC_COUNTER_SYNC_STEP_GUARD);
		return false;
	}
	if (n == 1 || n >= BC_JUMP_CONFIRM)
		announce_jump(port, jump_ns, n >= BC_JUMP_CONFIRM);
	if (n < BC_JUMP_CONFIRM) {
		bc_count(port, BC_COUNTER_SYNC_JUMP);
		return false;
	}
	sync->n_jumps = sync->n_refused = 0;
	if (!engine->config.free_running) {
		bc_local_clock_step(&engine->clock, jump_ns);
		engine->n_to_skip = engine->config.step_window;
		move_clock(port, jump_ns, engine->status.frequency_ppb, t2_mono_ns);
	}
	return true;
}

/* Near the master for a second on end: a clock that is slewed past it, and overshoots, is not locked. */
static void note_lock(struct bc_engine *engine, int64_t offset_ns, uint64_t t2_mono_ns)
{
	if (llabs(offset_ns) >= BC_JUMP_SLACK_NS / 2)
		engine->near_since_mono_ns = NEVER;
	else if (engine->near_since_mono_ns == NEVER)
		engine->near_since_mono_ns = t2_mono_ns;
	else if ((int64_t)(t2_mono_ns - engine->near_since_mono_ns) >= NSEC_PER_SEC)
		engine->has_locked = true;
	if (engine->has_locked && engine->near_since_mono_ns != NEVER)
		bc_succession_in_step(engine, t2_mono_ns);
}

static void steer(struct bc_port *port, int64_t offset_ns, double weight, uint64_t t2_mono_ns,
		  uint64_t now_mono_ns)
{
	struct bc_engine *engine = port->engine;
	enum bc_servo_state state = BC_SERVO_UNLOCKED;
	uint64_t n_outliers = bc_servo_n_outliers(engine->servo);
	double frequency_ppb =
		bc_servo_sample(engine->servo, offset_ns, servo_time_ns(engine, t2_mono_ns), weight, &state);

	if (bc_servo_n_outliers(engine->servo) != n_outliers)
		bc_count(port, BC_COUNTER_SYNC_OUTLIER);
	engine->status.servo_state = state;
	if (state == BC_SERVO_UNLOCKED) {
		if (port->state == BC_STATE_SLAVE)
			bc_port_event(port, BC_EVENT_SYNCHRONIZATION_FAULT, false, now_mono_ns);
		return;
	}

	if (state == BC_SERVO_JUMP && !bc_succession_allows_step(port, -offset_ns, now_mono_ns)) {
		bc_count(port, BC_COUNTER_SYNC_STEP_GUARD);
		return;
	}
	set_frequency(engine, frequency_ppb, now_mono_ns);
	if (state == BC_SERVO_JUMP) {
		engine->near_since_mono_ns = NEVER;
		bc_local_clock_step(&engine->clock, -offset_ns);
		/* The path delays so far were measured at the wrong frequency: the last one serves until
		 * there are better ones, which are asked for at once. */
		bc_delay_filter_reset(port->delay_filter);
		engine->n_path_delays = 1;
		engine->n_to_skip = engine->config.step_window;
		move_clock(port, -offset_ns, frequency_ppb, now_mono_ns);
		if (port->state == BC_STATE_SLAVE)
			bc_port_event(port, BC_EVENT_SYNCHRONIZATION_FAULT, false, now_mono_ns);
		return;
	}
	note_lock(engine, offset_ns, t2_mono_ns);
	move_clock(port, 0, frequency_ppb, now_mono_ns);
	if (port->state == BC_STATE_UNCALIBRATED)
		bc_port_event(port, BC_EVENT_MASTER_CLOCK_SELECTED, false, now_mono_ns);
}

static void synchronize(struct bc_port *port, uint64_t now_mono_ns)
{
	struct bc_engine *engine = port->engine;
	const struct bc_sync_rx *sync = &port->sync_rx;
	const struct bc_tsproc measured = bc_tsproc_measure(port);
	struct bc_action *action;

	if (engine->n_to_skip > 0) {
		engine->n_to_skip--;
		return;
	}
	engine->status.offset_from_master_ns = measured.offset_ns;
	if (!engine->config.free_running) {
		steer(port, measured.offset_ns, measured.weight, sync->t2_mono_ns, now_mono_ns);
		bc_interval_request_servo(port, engine->status.servo_state, now_mono_ns);
	}

	bc_management_notify(engine, BC_NOTIFY_TIME_SYNC, now_mono_ns);
	action = bc_action_push(engine, BC_ACTION_SYNC, port->index);
	if (!action)
		return;
	action->sync.offset_ns = measured.offset_ns;
	action->sync.frequency_ppb = engine->status.frequency_ppb;
	action->sync.path_delay_ns = measured.delay_ns;
	action->sync.servo_state = engine->status.servo_state;
	action->sync.log_interval = sync->has_interval ? sync->log_interval : 0;
	action->sync.origin_ptp_ns = sync->t1_ptp_ns;
	action->sync.rx_mono_ns = sync->t2_mono_ns;
}

static bool is_sound_correction(int64_t correction_sns)
{
	return correction_sns <= BC_CORRECTION_MAX_NS << 16 &&
	       correction_sns >= -(BC_CORRECTION_MAX_NS << 16);
}

static int64_t round_sns(int64_t correction_sns)
{
	return (correction_sns + (1 << 15)) >> 16;
}

static void ask_for_delay(struct bc_port *port, uint64_t now_mono_ns)
{
	if (port->config.inhibit_delay_req || port->mechanism != BC_DELAY_E2E)
		return;
	if (port->delay_req_deadline == NEVER)
		port->delay_req_deadline = now_mono_ns;
	else if (port->engine->n_path_delays < EAGER_DELAY_SAMPLES &&
		 now_mono_ns - port->delay_req_sent_mono_ns >= EAGER_DELAY_SPACING_NS)
		port->delay_req_deadline = now_mono_ns;
}

/* Where the path's delay is not the master's business, it is known whoever that is. */
static void take_link_delay(struct bc_port *port)
{
	struct bc_engine *engine = port->engine;
	int64_t delay_ns;

	if (!bc_link_delay_get(port, &delay_ns))
		return;
	engine->status.mean_path_delay_ns = delay_ns;
	engine->n_path_delays = MAX(engine->n_path_delays, 1);
	engine->is_delay_assumed = false;
}

/* As the messages say, or in unicast what was agreed upon. */
static void note_sync_interval(struct bc_port *port, const struct bc_msg *msg)
{
	struct bc_sync_rx *sync = &port->sync_rx;
	int8_t log_interval = msg->log_message_interval;

	if (msg->flags & PTP_FLAG_UNICAST)
		log_interval = bc_unicast_client_sync_interval(port);
	if (log_interval < -7 || log_interval > 7 ||
	    (sync->has_interval && sync->log_interval == log_interval))
		return;
	sync->has_interval = true;
	sync->log_interval = log_interval;
	bc_servo_set_interval(port->engine->servo, (double)bc_interval_ns(log_interval) * 1e-9);
}

/* A clock that holds the time well can wait a little for a good path delay of its new master, one that is far
 * off cannot. */
static bool knows_delay(const struct bc_port *port)
{
	const struct bc_engine *engine = port->engine;
	const struct bc_sync_rx *sync = &port->sync_rx;
	bool is_asking = port->mechanism == BC_DELAY_E2E && !port->config.inhibit_delay_req;
	bool can_wait = engine->has_locked && engine->status.servo_state == BC_SERVO_UNLOCKED && is_asking &&
			sync->t2_mono_ns - sync->first_t2_mono_ns < WAIT_FOR_DELAYS_NS;

	return engine->n_path_delays >= (can_wait ? EAGER_DELAY_SAMPLES : 1);
}

/* A complete Sync: `origin` carries the time of departure, and with two steps a second correctionField. */
static void use_sync(struct bc_port *port, const struct bc_msg *msg, const struct bc_msg *origin,
		     uint64_t t2_mono_ns, uint64_t now_mono_ns)
{
	struct bc_sync_rx *sync = &port->sync_rx;
	struct bc_engine *engine = port->engine;
	int64_t correction_sns = msg->correction_sns;
	int64_t t1_ptp_ns;

	if (!is_sound_correction(msg->correction_sns) || !is_sound_correction(origin->correction_sns)) {
		bc_count(port, BC_COUNTER_SYNC_CORRECTION);
		return;
	}
	if (origin->timestamp_ns < NSEC_PER_SEC) {
		bc_count(port, BC_COUNTER_RX_TIMESTAMP);
		return;
	}
	if (origin != msg)
		correction_sns += origin->correction_sns;
	t1_ptp_ns = origin->timestamp_ns + round_sns(correction_sns) + port->config.delay_asymmetry_ns;
	t2_mono_ns -= (uint64_t)port->config.ingress_latency_ns;
	take_link_delay(port);
	if (bc_system_refuses_time(port, t1_ptp_ns) || !is_where_expected(port, t1_ptp_ns, t2_mono_ns))
		return;

	bc_slave_event_sync(port, msg, origin, t2_mono_ns);
	if (!sync->has_pair)
		sync->first_t2_mono_ns = t2_mono_ns;
	sync->has_pair = true;
	engine->last_sync_mono_ns = t2_mono_ns;
	sync->sequence_id = msg->sequence_id;
	sync->t1_ptp_ns = t1_ptp_ns;
	sync->t2_mono_ns = t2_mono_ns;
	sync->t2_servo_ns = servo_time_ns(engine, t2_mono_ns);
	note_sync_interval(port, msg);
	if (port->config.sync_receipt_timeout)
		port->sync_receipt_deadline =
			now_mono_ns + port->config.sync_receipt_timeout * bc_interval_ns(sync->log_interval);

	if (knows_delay(port))
		synchronize(port, now_mono_ns);
	if (is_following(port))
		ask_for_delay(port, now_mono_ns);
}

/* Old messages played again have old sequence numbers, and of two equal ones the second was delayed. A master
 * that starts anew has old numbers too: it is believed after a silence of four
 * intervals, ten seconds at most. */
static bool is_replayed(struct bc_port *port, uint16_t sequence_id, uint64_t now_mono_ns)
{
	const struct bc_sync_rx *sync = &port->sync_rx;
	int64_t silence_ns =
		CLAMP(4 * (int64_t)bc_interval_ns(sync->log_interval), NSEC_PER_SEC, REPLAY_SILENCE_MAX_NS);

	if (sync->has_pair && (int16_t)(sequence_id - sync->sequence_id) <= 0 &&
	    (int64_t)(now_mono_ns - sync->t2_mono_ns) < silence_ns)
		return true;
	return sync->has_sync && (int16_t)(sequence_id - sync->sync.sequence_id) <= 0 &&
	       (int64_t)(now_mono_ns - sync->sync_rx_mono_ns) < silence_ns;
}

static void drop_pending_follow_up(struct bc_port *port)
{
	if (port->sync_rx.has_follow_up)
		bc_count(port, BC_COUNTER_FOLLOW_UP_ORPHAN);
	port->sync_rx.has_follow_up = false;
}

static void drop_pending_sync(struct bc_port *port)
{
	if (port->sync_rx.has_sync)
		bc_count(port, BC_COUNTER_SYNC_UNPAIRED);
	port->sync_rx.has_sync = false;
}

static void pair(struct bc_port *port, uint64_t now_mono_ns)
{
	struct bc_sync_rx *sync = &port->sync_rx;

	sync->has_sync = sync->has_follow_up = false;
	use_sync(port, &sync->sync, &sync->follow_up, sync->sync_rx_mono_ns, now_mono_ns);
}

void bc_slave_sync(struct bc_port *port, const struct bc_msg *msg, const struct bc_rx *rx,
		   uint64_t now_mono_ns)
{
	struct bc_sync_rx *sync = &port->sync_rx;

	if (!is_from_parent(port, msg))
		return;
	if (!rx->has_stamp) {
		bc_count(port, BC_COUNTER_RX_NO_STAMP);
		return;
	}
	if (is_replayed(port, msg->sequence_id, now_mono_ns)) {
		bc_count(port, BC_COUNTER_SYNC_REPLAYED);
		return;
	}

	port->parent_address = rx->source;
	port->asks_by_unicast = port->config.hybrid_e2e || bc_unicast_client_knows(port, &rx->source);
	drop_pending_sync(port);
	if (!(msg->flags & PTP_FLAG_TWO_STEP) && !port->engine->config.assume_two_step) {
		drop_pending_follow_up(port);
		use_sync(port, msg, msg, rx->stamp_mono_ns, now_mono_ns);
		return;
	}
	sync->has_sync = true;
	sync->sync = *msg;
	sync->sync.tlvs = NULL;
	sync->sync.tlvs_len = 0;
	sync->sync_rx_mono_ns = rx->stamp_mono_ns;
	if (!sync->has_follow_up)
		return;
	if (sync->follow_up.sequence_id == msg->sequence_id)
		pair(port, now_mono_ns);
	else
		drop_pending_follow_up(port);
}

void bc_slave_follow_up(struct bc_port *port, const struct bc_msg *msg, uint64_t now_mono_ns)
{
	struct bc_sync_rx *sync = &port->sync_rx;

	if (!is_from_parent(port, msg))
		return;
	if (port->config.follow_up_info && !bc_follow_up_info_take(port->engine, msg)) {
		bc_count(port, BC_COUNTER_FOLLOW_UP_NO_INFO);
		return;
	}
	drop_pending_follow_up(port);
	sync->follow_up = *msg;
	sync->follow_up.tlvs = NULL;
	sync->follow_up.tlvs_len = 0;
	sync->has_follow_up = true;
	if (sync->has_sync && sync->sync.sequence_id == msg->sequence_id)
		pair(port, now_mono_ns);
}

static void announce_delay(const struct bc_port *port, const struct bc_delay_req_sent *sent)
{
	struct bc_action *action = bc_action_push(port->engine, BC_ACTION_DELAY, port->index);

	if (!action)
		return;
	action->delay.t3_mono_ns = sent->t3_mono_ns;
	action->delay.t4_ptp_ns = sent->t4_ptp_ns;
}

/* Delays by one and the same Sync share its error: only the first one counts. A clock that is not in step yet
 * sees its own rate in them. */
static void watch_delay(struct bc_port *port, int64_t delay_ns, uint64_t t3_mono_ns)
{
	struct bc_sync_rx *sync = &port->sync_rx;

	if (port->engine->has_locked && sync->watched_mono_ns != sync->t2_mono_ns)
		bc_link_delay_watch(port, delay_ns, t3_mono_ns);
	sync->watched_mono_ns = sync->t2_mono_ns;
}

static void use_delay(struct bc_port *port, const struct bc_delay_req_sent *sent)
{
	struct bc_engine *engine = port->engine;
	const struct bc_sync_rx *sync = &port->sync_rx;
	int64_t t2_ptp_ns, t3_ptp_ns, forward_ns, back_ns, delay_ns;

	if (!sync->has_pair)
		return;
	t2_ptp_ns = bc_local_clock_ptp_ns(&engine->clock, sync->t2_mono_ns);
	t3_ptp_ns = bc_local_clock_ptp_ns(&engine->clock, sent->t3_mono_ns);
	forward_ns = t2_ptp_ns - sync->t1_ptp_ns;
	back_ns = sent->t4_ptp_ns - t3_ptp_ns + port->config.delay_asymmetry_ns;
	delay_ns = (forward_ns + back_ns) / 2;
	/* While it is not known whether the master's time jumped, its answers cannot be set against its
	 * Syncs. */
	if (sync->n_jumps > 0 || llabs(delay_ns) > BC_CORRECTION_MAX_NS) {
		bc_count(port, BC_COUNTER_DELAY_REFUSED);
		return;
	}
	engine->status.mean_path_delay_ns = bc_delay_filter_sample(port->delay_filter, delay_ns);
	engine->n_path_delays++;
	/* Offsets so far were by another delay than the servo would take them for. */
	if (engine->is_delay_assumed)
		bc_slave_hold_frequency(engine, sent->t3_mono_ns);
	engine->is_delay_assumed = false;
	bc_servo_delay(engine->servo, back_ns, engine->status.mean_path_delay_ns,
		       servo_time_ns(engine, sent->t3_mono_ns));
	port->sync_rx.has_back = true;
	port->sync_rx.back_t3_mono_ns = sent->t3_mono_ns;
	port->sync_rx.back_t4_ptp_ns = sent->t4_ptp_ns;
	watch_delay(port, delay_ns, sent->t3_mono_ns);
	announce_delay(port, sent);
	bc_slave_event_delay(port, sent);
}

void bc_slave_ask(struct bc_port *port, uint64_t now_mono_ns)
{
	if (port->config.delay_response_timeout != 0 && port->state == BC_STATE_SLAVE &&
	    port->n_delay_unanswered >= port->config.delay_response_timeout) {
		bc_count(port, BC_COUNTER_DELAY_RESP_TIMEOUT);
		bc_slave_reset(port, now_mono_ns);
		bc_port_event(port, BC_EVENT_SYNCHRONIZATION_FAULT, false, now_mono_ns);
		return;
	}
	port->n_delay_unanswered++;
	bc_send_delay_req(port, now_mono_ns);
}

static void use_delay_if_complete(struct bc_port *port, struct bc_delay_req_sent *sent)
{
	if (!sent->has_stamp || !sent->has_answer)
		return;
	sent->is_waiting = false;
	if (is_following(port))
		use_delay(port, sent);
}

void bc_slave_delay_req_stamp(struct bc_port *port, struct bc_delay_req_sent *sent)
{
	use_delay_if_complete(port, sent);
}

void bc_slave_delay_resp(struct bc_port *port, const struct bc_msg *msg)
{
	/* On a segment with other clients most answers are for them. */
	if (!bc_port_identity_equal(&msg->requesting, &port->identity))
		return;
	if (!is_from_parent(port, msg))
		return;
	if (!is_sound_correction(msg->correction_sns)) {
		bc_count(port, BC_COUNTER_DELAY_REFUSED);
		return;
	}
	for (size_t i = 0; i < BC_DELAY_REQ_PENDING; i++) {
		struct bc_delay_req_sent *sent = &port->delay_req_sent[i];

		if (!sent->is_waiting || sent->has_answer || sent->sequence_id != msg->sequence_id)
			continue;
		sent->has_answer = true;
		port->n_delay_unanswered = 0;
		sent->t4_ptp_ns = msg->timestamp_ns - round_sns(msg->correction_sns);
		if (msg->log_message_interval >= -7 && msg->log_message_interval <= 7)
			port->log_delay_req_interval = msg->log_message_interval;
		use_delay_if_complete(port, sent);
		return;
	}
	bc_count(port, BC_COUNTER_DELAY_RESP_UNMATCHED);
}
