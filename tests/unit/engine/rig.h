/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An engine on a bench: virtual time, scripted masters on its ports, transmit stamps that come, come
 * late or do not come, and a record of all that it did. Nothing is random but the engine's own seed;
 * the masters' stamps are exact, so that a clock that follows one well is within nanoseconds of it.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "bc/engine/engine.h"
#include "bc/wire/tlv.h"
#include "util/macros.h"

#define RIG_PORTS   4
#define RIG_MASTERS 4
#define RIG_STAMPS  256
/* The last so many, by their number modulo this. */
#define RIG_MANAGEMENT 32

/* PTP time where monotonic time is 0. */
#define RIG_EPOCH_PTP_NS (1700000000LL * NSEC_PER_SEC)

struct rig_master {
	bool is_on, is_announcing, is_syncing, is_answering;
	bool is_one_step, omits_follow_up, sends_follow_up_first;
	bool lies_about_intervals; /* says claimed_log_interval in all messages */
	int8_t claimed_log_interval;
	size_t port;
	struct ptp_port_identity identity;
	struct ptp_announce announce;
	uint16_t flags; /* of Announce */
	int8_t log_announce_interval, log_sync_interval, log_delay_req_interval;
	int64_t delay_out_ns, delay_back_ns; /* master to engine, engine to master */
	int64_t step_ns;		     /* its time against the bench's */
	double rate_ppb;
	const struct bc_tlv_buffer *follow_up_tlvs; /* none */
	int64_t sync_correction_sns, follow_up_correction_sns, delay_resp_correction_sns;
	uint16_t announce_sequence_id, sync_sequence_id;
	uint64_t next_announce_mono_ns, next_sync_mono_ns;
	/* An answer on its way. */
	uint64_t answer_mono_ns;
	struct bc_msg answer;
};

struct rig_port {
	unsigned int n_sent[16]; /* by messageType */
	struct bc_msg last_sent[16];
	struct bc_action last_send[16];
	uint64_t last_sent_mono_ns[16];
	unsigned int n_state_changes;
	unsigned int n_path_events[4]; /* by enum bc_path_event */
	uint64_t last_path_event_mono_ns;
	unsigned int n_notes[16]; /* by enum bc_link_note */
	unsigned int n_faults;
	uint64_t last_fault_mono_ns, last_cleared_mono_ns;
	unsigned int stamp_loss_every; /* 1: every stamp is lost, 10: each tenth; 0: none */
	unsigned int n_stamps;
	uint64_t stamp_delay_ns;
	bool holds_stamps; /* the test delivers them itself */
};

struct rig {
	struct bc_engine_config config;
	struct bc_port_config ports[RIG_PORTS];
	struct bc_engine *engine;
	uint64_t now_mono_ns;
	struct rig_master masters[RIG_MASTERS];
	struct rig_port port[RIG_PORTS];
	/* What went to clients of management's sockets, and to the slave event monitor. */
	unsigned int n_management, n_slave_events;
	struct bc_action management[RIG_MANAGEMENT], slave_event;
	unsigned int n_loops, n_announces_refused;
	unsigned int n_syncs, n_steps, n_foreign, n_best_master;
	unsigned int n_master_steps_refused, n_master_steps_accepted;
	struct bc_action last_sync, last_clock, last_best_master, last_loop, last_announce_refused, last_utc;
	unsigned int n_holdover[3], n_step_guard, n_barred; /* by enum bc_holdover_event */
	struct bc_action last_holdover, last_step_guard, last_barred;
	unsigned int n_utc[9]; /* by enum bc_utc_event */
	unsigned int n_timescales_refused;
	int64_t system_step_ns; /* of BC_ACTION_UTC, together */
	int64_t clock_step_ns;	/* of BC_ACTION_CLOCK, together */
	double kernel_ppb;	/* with a system clock: how much faster monotonic time runs than by itself */
	struct {
		uint64_t due_mono_ns, stamp_mono_ns;
		size_t port;
		uint8_t type;
		uint16_t sequence_id;
	} stamps[RIG_STAMPS];
	size_t n_stamps;
	struct bc_port_counters snapshot[RIG_PORTS];
	unsigned int n_states_snapshot[RIG_PORTS];
};

/* Fills in configuration for `n_ports`; the test may change it before rig_start(). */
void rig_init(struct rig *rig, size_t n_ports);
/* Creates the engine with every link up. `ptp_ns`: its time at the start. */
void rig_start(struct rig *rig, int64_t ptp_ns);
void rig_stop(struct rig *rig);

/* Master `i` on a port, of clockClass 6 and priority1 100 + i, on and with everything in order. */
struct rig_master *rig_master(struct rig *rig, size_t i, size_t port);
int64_t rig_master_ptp_ns(const struct rig_master *master, uint64_t mono_ns);
/* The master's messages as it would send them now, with its next sequence numbers. */
void rig_master_announce(struct rig *rig, struct rig_master *master);
void rig_master_sync(struct rig *rig, struct rig_master *master);
/* Parts of them for tests that put them together otherwise. */
struct bc_msg rig_announce_msg(const struct rig *rig, const struct rig_master *master, uint16_t sequence_id);
struct bc_msg rig_sync_msg(const struct rig *rig, const struct rig_master *master, uint16_t sequence_id);
struct bc_msg rig_follow_up_msg(const struct rig *rig, const struct rig_master *master, uint16_t sequence_id,
				int64_t origin_ptp_ns);

/* Lets time pass; rig_halt() lets it pass without the engine. */
void rig_run_ns(struct rig *rig, int64_t ns);
void rig_run_s(struct rig *rig, int s);
void rig_halt(struct rig *rig, int64_t ns);
/* Does what the engine wants done, for tests that call it themselves. */
void rig_drain(struct rig *rig);

/* A message that arrives now (event messages stamped now), or octets. */
void rig_inject(struct rig *rig, size_t port, const struct bc_msg *msg);
void rig_inject_stamped(struct rig *rig, size_t port, const struct bc_msg *msg, uint64_t stamp_mono_ns);
void rig_inject_octets(struct rig *rig, size_t port, const uint8_t *octets, size_t len);

/* Engine's clock against a master's, now. */
int64_t rig_error_ns(const struct rig *rig, const struct rig_master *master);
enum bc_port_state rig_state(const struct rig *rig, size_t port);
struct bc_status rig_status(const struct rig *rig);

/* Counters from the last snapshot on. */
void rig_snapshot(struct rig *rig);
uint64_t rig_counted(const struct rig *rig, size_t port, enum bc_counter counter);
unsigned int rig_state_changes(const struct rig *rig, size_t port);
/* Fails unless of all reasons for refusal on all ports exactly `counter` on `port` rose, by n. */
void rig_assert_only(const struct rig *rig, size_t port, enum bc_counter counter, uint64_t n);
/* Fails unless no reason for refusal was counted at all. */
void rig_assert_nothing_refused(const struct rig *rig);

/* A rig of two ports with master 0 on port 0, followed until the servo has settled. */
struct rig_master *rig_start_following(struct rig *rig);
/* Runs that further, and fails unless it is still a slave of master 0 within `limit_ns` all the time. */
void rig_assert_follows(struct rig *rig, int s, int64_t limit_ns);
