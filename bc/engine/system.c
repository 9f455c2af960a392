// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * UTC in the engine. Where the system's clock is the one that is disciplined, PTP time is monotonic time plus
 * a constant (both run at one rate, which the kernel is told), so what somebody else does to CLOCK_REALTIME
 * changes nothing of PTP time: it is only set back.
 */
#include "bc/engine/system.h"

#include <stdlib.h>

#include "bc/engine/engine_private.h"

/* A master's time before that is one of an arbitrary epoch; beyond, of nobody's. 2020-01-01 and 2200-01-01.
 */
#define PLAUSIBLE_FROM_NS (1577836800LL * NSEC_PER_SEC)
#define PLAUSIBLE_TO_NS	  (7258118400LL * NSEC_PER_SEC)
/* The kernel is given so long to insert a leap second. */
#define KERNEL_LEAP_NS (2 * NSEC_PER_SEC)
/* What the kernel's leap second may differ from a second by. */
#define LEAP_SLACK_NS NSEC_PER_MSEC
/* Set back again after so long, twice that, and so on to the last; from the first again after a rest. */
#define PAUSE_FIRST_NS (2 * (uint64_t)NSEC_PER_SEC)
#define PAUSE_LAST_NS  (16 * (uint64_t)NSEC_PER_SEC)
#define PAUSE_REST_NS  (120 * (uint64_t)NSEC_PER_SEC)

/* The system's clock is ours to set: by no means before a master's time was believed. */
static bool is_ours(const struct bc_engine *engine)
{
	return engine->config.is_system_clock && !engine->config.free_running && engine->system.is_in_hand;
}

static void tell(struct bc_engine *engine, enum bc_utc_event event, int64_t system_step_ns)
{
	struct bc_system *system = &engine->system;
	size_t port = engine->slave ? engine->slave->index : 0;
	struct bc_action *action;

	action = bc_action_push(engine, BC_ACTION_UTC, port);
	if (!action)
		return;
	system->is_told = true;
	system->told_is_ours = is_ours(engine);
	system->told_offset_s = system->utc.offset_s;
	system->told_leap = system->utc.leap;
	action->utc.event = event;
	action->utc.utc_offset_s = system->utc.offset_s;
	action->utc.leap = system->utc.leap;
	action->utc.is_trusted = system->utc.is_trusted;
	action->utc.is_ours = system->told_is_ours;
	action->utc.system_step_ns = system_step_ns;
}

static void arm_leap(struct bc_engine *engine, uint64_t now_mono_ns)
{
	struct bc_system *system = &engine->system;
	int64_t left_ns;

	system->leap_deadline = NEVER;
	if (!system->utc.leap)
		return;
	left_ns = system->utc.leap_ptp_ns - bc_local_clock_ptp_ns(&engine->clock, now_mono_ns);
	if (engine->config.is_leap_by_kernel && is_ours(engine))
		left_ns += KERNEL_LEAP_NS;
	system->leap_deadline = now_mono_ns + (uint64_t)MAX(left_ns, 0);
}

void bc_system_init(struct bc_engine *engine)
{
	bc_utc_init(&engine->system.utc, !(engine->config.time_flags & PTP_FLAG_PTP_TIMESCALE),
		    engine->config.utc_offset_s);
	engine->system.leap_deadline = engine->system.set_back_deadline = NEVER;
}

/* UTC was wrong: before a clock is locked that says nothing but what its own PTP time should have been. */
static void change_offset(struct bc_engine *engine, int16_t old_offset_s, bool is_other_scale,
			  uint64_t now_mono_ns)
{
	int64_t by_ns = (engine->system.utc.offset_s - old_offset_s) * NSEC_PER_SEC;

	if (!engine->config.is_system_clock || by_ns == 0) {
		tell(engine, is_other_scale ? BC_UTC_EVENT_SCALE : BC_UTC_EVENT_OFFSET, 0);
	} else if (engine->has_locked && !is_other_scale) {
		tell(engine, BC_UTC_EVENT_OFFSET, is_ours(engine) ? -by_ns : 0);
	} else {
		bc_local_clock_step(&engine->clock, by_ns);
		if (engine->slave)
			bc_slave_reset(engine->slave, now_mono_ns);
		tell(engine, is_other_scale ? BC_UTC_EVENT_SCALE : BC_UTC_EVENT_OFFSET, 0);
	}
}

static struct bc_utc_words words_of(const struct bc_engine *engine)
{
	const struct bc_status *status = &engine->status;
	const struct bc_leap_info *file = &engine->system.file;
	uint16_t trust = PTP_FLAG_UTC_OFFSET_VALID | PTP_FLAG_TIME_TRACEABLE;
	bool is_master_trusted = engine->slave && (status->time_flags & trust) == trust;
	struct bc_utc_words words = {
		.is_arbitrary = !(status->time_flags & PTP_FLAG_PTP_TIMESCALE),
		.is_trusted = is_master_trusted || file->is_valid,
		.is_leap_told = engine->slave || file->is_valid,
		.leap = status->time_flags & PTP_FLAG_LEAP61   ? 1
			: status->time_flags & PTP_FLAG_LEAP59 ? -1
							       : 0,
	};

	words.offset_s = is_master_trusted ? status->utc_offset_s : file->utc_offset_s;
	if (!is_master_trusted && file->is_valid)
		words.leap = file->leap;
	return words;
}

static void refuse(struct bc_engine *engine, int16_t offset_s)
{
	if (engine->system.refused_offset_s == offset_s)
		return;
	engine->system.refused_offset_s = offset_s;
	if (engine->slave)
		bc_count(engine->slave, BC_COUNTER_ANNOUNCE_UTC_OFFSET);
	tell(engine, BC_UTC_EVENT_REFUSED, 0);
}

void bc_system_update(struct bc_engine *engine, uint64_t now_mono_ns)
{
	struct bc_system *system = &engine->system;
	struct bc_utc_words words = words_of(engine);
	int64_t ptp_ns = bc_local_clock_ptp_ns(&engine->clock, now_mono_ns);
	int16_t old_offset_s = system->utc.offset_s;
	bool was_trusted = system->utc.is_trusted;
	enum bc_utc_verdict verdict = bc_utc_hear(&system->utc, &words, ptp_ns);

	if (verdict == BC_UTC_REFUSED)
		refuse(engine, words.offset_s);
	else
		system->refused_offset_s = 0;
	if (verdict == BC_UTC_OFFSET || verdict == BC_UTC_SCALE)
		change_offset(engine, old_offset_s, verdict == BC_UTC_SCALE, now_mono_ns);
	else if (system->is_told && system->told_leap != system->utc.leap)
		tell(engine, BC_UTC_EVENT_LEAP, 0);
	else if (!system->is_told || was_trusted != system->utc.is_trusted)
		tell(engine, BC_UTC_EVENT_KNOWN, 0);
	else if (is_ours(engine) && !system->told_is_ours)
		tell(engine, BC_UTC_EVENT_OURS, 0);
	arm_leap(engine, now_mono_ns);
}

void bc_system_take_in_hand(struct bc_engine *engine, uint64_t now_mono_ns)
{
	struct bc_system *system = &engine->system;

	if (system->is_in_hand)
		return;
	system->is_in_hand = true;
	if (!is_ours(engine))
		return;
	/* What was known before was not for the kernel. */
	tell(engine, BC_UTC_EVENT_OURS, 0);
	arm_leap(engine, now_mono_ns);
}

void bc_system_complete_self(struct bc_engine *engine)
{
	const struct bc_leap_info *file = &engine->system.file;
	struct bc_status *status = &engine->status;

	if (!(status->time_flags & PTP_FLAG_PTP_TIMESCALE) || !file->is_valid)
		return;
	status->time_flags &= (uint16_t) ~(PTP_FLAG_LEAP61 | PTP_FLAG_LEAP59);
	status->time_flags |= PTP_FLAG_UTC_OFFSET_VALID;
	if (file->leap)
		status->time_flags |= file->leap > 0 ? PTP_FLAG_LEAP61 : PTP_FLAG_LEAP59;
	status->utc_offset_s = file->utc_offset_s;
}

void bc_engine_handle_leap_info(struct bc_engine *engine, const struct bc_leap_info *info,
				uint64_t now_mono_ns)
{
	engine->system.file = *info;
	if (!engine->slave)
		bc_decision_set_self(engine);
	bc_system_update(engine, now_mono_ns);
}

static void leap_now(struct bc_engine *engine, int64_t system_step_ns)
{
	bc_utc_leap_now(&engine->system.utc);
	engine->system.leap_deadline = NEVER;
	tell(engine, BC_UTC_EVENT_LEAPT, system_step_ns);
}

static void set_back(struct bc_engine *engine, uint64_t now_mono_ns)
{
	struct bc_system *system = &engine->system;

	system->set_back_deadline = NEVER;
	system->last_set_back_mono_ns = now_mono_ns;
	if (system->away_ns == 0)
		return;
	tell(engine, BC_UTC_EVENT_SET_BACK, -system->away_ns);
	system->away_ns = 0;
}

/* At once, but not in a fight. */
static void plan_set_back(struct bc_engine *engine, uint64_t now_mono_ns)
{
	struct bc_system *system = &engine->system;
	uint64_t since_ns = now_mono_ns - system->last_set_back_mono_ns;

	if (system->set_back_deadline != NEVER)
		return;
	if (system->last_set_back_mono_ns == 0 || since_ns > PAUSE_REST_NS) {
		system->pause_ns = 0;
		set_back(engine, now_mono_ns);
		return;
	}
	system->pause_ns = CLAMP(2 * system->pause_ns, PAUSE_FIRST_NS, PAUSE_LAST_NS);
	system->set_back_deadline = now_mono_ns + system->pause_ns;
	tell(engine, BC_UTC_EVENT_SET_AGAIN, 0);
}

void bc_engine_handle_clock_step(struct bc_engine *engine, int64_t step_ns, uint64_t now_mono_ns)
{
	struct bc_utc *utc = &engine->system.utc;

	if (!engine->config.is_system_clock)
		return;
	if (bc_utc_is_leaping(utc, bc_local_clock_ptp_ns(&engine->clock, now_mono_ns)) &&
	    llabs(step_ns + utc->leap * NSEC_PER_SEC) <= LEAP_SLACK_NS) {
		leap_now(engine, 0);
		return;
	}
	if (!is_ours(engine)) {
		bc_local_clock_step(&engine->clock, step_ns);
		if (engine->slave)
			bc_slave_reset(engine->slave, now_mono_ns);
		return;
	}
	engine->system.away_ns += step_ns;
	plan_set_back(engine, now_mono_ns);
}

void bc_system_timer(struct bc_engine *engine, uint64_t now_mono_ns)
{
	struct bc_system *system = &engine->system;

	if (now_mono_ns >= system->set_back_deadline)
		set_back(engine, now_mono_ns);
	if (now_mono_ns < system->leap_deadline)
		return;
	/* The clock may have been stepped since the deadline was reckoned. */
	arm_leap(engine, now_mono_ns);
	if (now_mono_ns >= system->leap_deadline)
		leap_now(engine, is_ours(engine) ? -system->utc.leap * NSEC_PER_SEC : 0);
}

uint64_t bc_system_next_deadline(const struct bc_engine *engine)
{
	return MIN(engine->system.leap_deadline, engine->system.set_back_deadline);
}

static void tell_refused(struct bc_port *port, int64_t ptp_ns)
{
	struct bc_action *action = bc_action_push(port->engine, BC_ACTION_EPOCH_REFUSED, port->index);

	if (action)
		action->epoch_refused.ptp_ns = ptp_ns;
}

bool bc_system_refuses_announce(struct bc_port *port, const struct bc_msg *announce)
{
	if (port->engine->config.arbitrary_timescale != BC_ARBITRARY_REFUSE ||
	    (announce->flags & PTP_FLAG_PTP_TIMESCALE))
		return false;
	bc_count(port, BC_COUNTER_ANNOUNCE_TIMESCALE);
	bc_decision_tell_refused(port, announce, BC_COUNTER_ANNOUNCE_TIMESCALE);
	return true;
}

bool bc_system_refuses_time(struct bc_port *port, int64_t ptp_ns)
{
	if (port->engine->config.arbitrary_timescale == BC_ARBITRARY_ACCEPT ||
	    (ptp_ns >= PLAUSIBLE_FROM_NS && ptp_ns < PLAUSIBLE_TO_NS))
		return false;
	bc_count(port, BC_COUNTER_SYNC_EPOCH);
	tell_refused(port, ptp_ns);
	return true;
}
